"""The operations of ELBv2."""
