"""AWS CloudFormation: stacks of resources, made and changed as templates say."""
