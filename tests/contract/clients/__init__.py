"""Kafka's stock clients, each a process of its own: in a task, by name, or on this machine, by address."""
