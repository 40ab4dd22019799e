"""Amazon CloudWatch Logs: groups, streams and events, and the output of containers in them."""
