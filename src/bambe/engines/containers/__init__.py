"""Tasks and builds in containers, on the Docker Engine."""
