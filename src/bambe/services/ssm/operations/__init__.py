"""The operations of Parameter Store."""
