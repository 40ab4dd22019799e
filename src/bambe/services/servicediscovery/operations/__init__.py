"""The operations of Cloud Map."""
