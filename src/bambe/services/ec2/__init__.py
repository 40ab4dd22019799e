"""Amazon EC2's network: a default VPC, subnets and security groups, recorded."""
