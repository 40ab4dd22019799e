"""The operations of KMS."""
