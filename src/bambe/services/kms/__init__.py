"""AWS Key Management Service: customer managed keys as a record, with their policies and aliases."""
