"""How AWS spells things: parse, validate, serialise, errors, all from botocore's models."""

from bambe.wire.models import Models
from bambe.wire.request import Incoming, Request, Response

__all__ = ["Incoming", "Models", "Request", "Response"]
