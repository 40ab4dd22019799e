"""ELB's redirects, with their #{placeholders}, said in Envoy's words."""

from __future__ import annotations

import re

from bambe.engines.proxy.conditions import Json
from bambe.engines.proxy.port import Redirect
from bambe.kernel.errors import Refused

CODES = {301: "MOVED_PERMANENTLY", 302: "FOUND"}
_PLACEHOLDER = re.compile(r"#\{[a-z]+\}")


def redirect(action: Redirect) -> Json:
    """A RedirectAction; Refused for the few placements of placeholders that Envoy cannot say."""
    if action.status not in CODES:
        raise Refused(f"a redirect answers 301 or 302, not {action.status}")
    return {"response_code": CODES[action.status]} | _scheme(action) | _place(action) | _path(action)


def _scheme(action: Redirect) -> Json:
    if action.protocol == "#{protocol}":
        return {}
    return {"scheme_redirect": action.protocol.lower()}


def _place(action: Redirect) -> Json:
    place: Json = {}
    if action.host != "#{host}":
        place["host_redirect"] = _literal("host", action.host)
    if action.port != "#{port}":
        place["port_redirect"] = int(_literal("port", action.port))
    return place


def _path(action: Redirect) -> Json:
    keeps_path, keeps_query = action.path == "/#{path}", action.query == "#{query}"
    if keeps_path:
        target = r"\1"
    else:
        target = "/" + action.path.lstrip("/").replace("\\", "\\\\").replace("#{path}", r"\2")
    if _PLACEHOLDER.search(target):
        raise Refused(f"redirects cannot have {action.path!r} as their path")
    if keeps_path and keeps_query:
        return {}
    if keeps_query or not action.query:
        return _rewrite(target) | ({} if keeps_query else {"strip_query": True})
    return _rewrite(f"{target}?{_literal('query', action.query)}") | {"strip_query": True}


def _rewrite(substitution: str) -> Json:
    return {"regex_rewrite": {"pattern": {"regex": "^(/(.*))$"}, "substitution": substitution}}


def _literal(what: str, value: str) -> str:
    if _PLACEHOLDER.search(value):
        raise Refused(f"redirects cannot have {value!r} as their {what}")
    return value
