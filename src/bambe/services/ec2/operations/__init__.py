"""The operations of EC2 that networks need."""
