"""Where requests come in: HTTP, who is calling, which service, request id."""
