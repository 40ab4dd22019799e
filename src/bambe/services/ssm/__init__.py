"""AWS Systems Manager, of which Bambe has Parameter Store."""
