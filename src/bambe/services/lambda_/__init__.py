"""AWS Lambda: Python functions from a zip or an image, each invocation in a container of its own."""
