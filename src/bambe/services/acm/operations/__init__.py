"""The operations of ACM."""
