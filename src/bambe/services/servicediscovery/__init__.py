"""AWS Cloud Map: namespaces, services and their instances, answered by name."""
