"""Images: the OCI distribution API over content-addressed files."""
