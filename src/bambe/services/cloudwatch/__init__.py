"""Amazon CloudWatch: metrics, those of the load balancers among them, and alarms on them."""
