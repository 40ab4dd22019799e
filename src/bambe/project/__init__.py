"""The user's bambe.yml: model, validation, JSON schema, annotated example."""
