"""How AWS spells things: parse, validate, serialise, errors, all from botocore's models."""
