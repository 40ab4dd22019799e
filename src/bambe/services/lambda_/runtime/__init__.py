"""Programs that run inside containers, by their files: they import nothing of Bambe."""
