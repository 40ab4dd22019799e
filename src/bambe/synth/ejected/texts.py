"""JSON as it is written for people, and as it is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from bambe.synth.limits import TEMPLATE_BYTES
from bambe.synth.stacks import Stack


def pretty(value: Mapping[str, Any]) -> str:
    """JSON for people."""
    return json.dumps(value, indent=2) + "\n"


def sent(text: str) -> str:
    """The same JSON without line ends and the blanks that lines begin with, as deploy.sh sends it: no string
    of JSON has a line end."""
    return re.sub(r"\n *", "", text)


def needs_bucket(every: Iterable[Stack]) -> list[str]:
    """Stacks whose template CloudFormation takes by S3 alone."""
    sizes = {one.name: len(sent(pretty(one.template)).encode()) for one in every}
    return [name for name, size in sizes.items() if size > TEMPLATE_BYTES]
