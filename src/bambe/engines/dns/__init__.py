"""Names: our own DNS server process, reading a snapshot file."""
