"""What you look at; reads through the same doors as everybody."""
