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
    keeps_query = action.query == "#{query}"
    if action.query and not keeps_query:
        query = _literal("query", action.query)
        return {"path_redirect": f"{_literal('path, beside a query,', action.path)}?{query}"}
    if action.path == "/#{path}":
        return {} if keeps_query else {"strip_query": True}
    target = action.path.replace("\\", "\\\\").replace("#{path}", r"\1")
    rewrite = _rewrite(_literal("path", target))
    return rewrite | ({} if keeps_query else {"strip_query": True})


def _rewrite(substitution: str) -> Json:
    return {"regex_rewrite": {"pattern": {"regex": "^/(.*)$"}, "substitution": substitution}}


def _literal(what: str, value: str) -> str:
    if _PLACEHOLDER.search(value):
        raise Refused(f"redirects cannot have {value!r} as their {what}")
    return value
