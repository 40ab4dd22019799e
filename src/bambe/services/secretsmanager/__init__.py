"""AWS Secrets Manager: secrets by name, with versions and staging labels."""
