"""The operations of CloudWatch Logs."""
