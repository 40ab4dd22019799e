"""The operations of MSK, one module for each resource."""
