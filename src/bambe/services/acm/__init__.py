"""AWS Certificate Manager: certificates of a local CA."""
