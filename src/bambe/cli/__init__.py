"""What you type; speaks only the AWS API."""
