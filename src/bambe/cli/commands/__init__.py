"""The verbs: one module each, named as the verb."""
