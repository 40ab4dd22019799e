"""Pages of MSK's lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bambe.kernel.call import Answer
from bambe.kernel.pages import page
from bambe.services.kafka.errors import BadRequestException

MOST = 100


def paged(member: str, items: Sequence[Any], request: Mapping[str, Any]) -> Answer:
    """The page that the request asks for, under `member`."""
    limit = request.get("MaxResults") or MOST
    if not 1 <= limit <= MOST:
        raise BadRequestException(f"maxResults must be between 1 and {MOST}.", "maxResults")
    try:
        shown, token = page(items, request.get("NextToken"), limit)
    except ValueError:
        raise BadRequestException("The next token is not one of this list.", "nextToken") from None
    return {member: shown} | ({"NextToken": token} if token else {})
