"""Amazon ECS: clusters, task definitions, services, task sets and the tasks they keep running."""
