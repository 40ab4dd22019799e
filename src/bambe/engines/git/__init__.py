"""Repositories: the git program's own HTTP backend."""
