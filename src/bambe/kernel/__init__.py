"""The words every room uses; a closed list."""
