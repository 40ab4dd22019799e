"""One module per kind of ECS resource; each public coroutine is an operation of the API."""
