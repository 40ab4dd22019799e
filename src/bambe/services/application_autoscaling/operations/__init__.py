"""The operations of Application Auto Scaling."""
