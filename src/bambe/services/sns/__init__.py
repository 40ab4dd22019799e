"""Amazon SNS: topics that alarms and deployments tell, and endpoints on this machine that hear of it."""
