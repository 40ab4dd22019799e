"""AWS Cloud Map: names for what runs, answered by the API and by the name server."""
