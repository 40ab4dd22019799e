"""What ELBv2 refuses in conditions and actions, in AWS's words where they are known."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bambe.kernel.errors import ValidationError
from bambe.services.elbv2.errors import (
    InvalidLoadBalancerActionException,
    TargetGroupAssociationLimitException,
    TooManyActionsException,
)
from bambe.services.elbv2.model import Shape, TargetGroup, forwards

CONFIGS = {
    "host-header": "HostHeaderConfig",
    "path-pattern": "PathPatternConfig",
    "http-header": "HttpHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "query-string": "QueryStringConfig",
    "source-ip": "SourceIpConfig",
}
ONCE = ("host-header", "http-request-method", "path-pattern", "source-ip")
KEPT = {"Host": "#{host}", "Port": "#{port}", "Query": "#{query}"}
LIMIT = 5
"""Match evaluations and wildcards per rule; target groups per forward action (ELB quotas)."""


def conditions(given: Sequence[Mapping[str, Any]]) -> list[Shape]:
    """Conditions as they are kept, each with its config; ValidationError otherwise."""
    kept = [_condition(one) for one in given]
    fields = [one["Field"] for one in kept]
    for field in ONCE:
        if fields.count(field) > 1:
            raise ValidationError(f"Rule can have at most 1 '{field}' condition")
    values = [value for one in kept for value in condition_values(one)]
    if len(values) > LIMIT:
        raise ValidationError(f"Rules can have at most {LIMIT} condition values")
    if sum(value.count("*") + value.count("?") for value in values) > LIMIT:
        raise ValidationError(f"Rules can have at most {LIMIT} wildcards")
    return kept


def _condition(given: Mapping[str, Any]) -> Shape:
    field = given.get("Field", "")
    if field not in CONFIGS:
        raise ValidationError(f"Condition field '{field}' must be one of '[{', '.join(CONFIGS)}]'")
    if given.get("RegexValues") or (given.get(CONFIGS[field]) or {}).get("RegexValues"):
        raise ValidationError("Conditions with RegexValues are not supported by Bambe: use Values")
    config = dict(given.get(CONFIGS[field]) or {})
    if not config and given.get("Values"):
        config = {"Values": list(given["Values"])}
    if not config.get("Values"):
        raise ValidationError("A condition value must be specified")
    kept: Shape = {"Field": field, CONFIGS[field]: config}
    if field in ("host-header", "path-pattern"):
        kept["Values"] = list(config["Values"])
    if field == "http-header" and not config.get("HttpHeaderName"):
        raise ValidationError("A condition of field 'http-header' must have an HttpHeaderName")
    _check_values(field, config["Values"])
    return kept


def _check_values(field: str, values: Sequence[Any]) -> None:
    for value in values:
        if field == "source-ip":
            try:
                ipaddress.ip_network(value)
            except ValueError:
                raise ValidationError(f"The source-ip value '{value}' must be in CIDR format") from None
        elif field == "path-pattern" and not str(value).startswith(("/", "*")):
            raise ValidationError(f"Condition value '{value}' contains an invalid path: it begins with '/'")
        elif len(str(value)) > 128:
            raise ValidationError(f"Condition value '{value}' is longer than 128 characters")


def condition_values(condition: Shape) -> list[str]:
    """A kept condition's values as text."""
    values = condition[CONFIGS[condition["Field"]]]["Values"]
    return [str(v.get("Value", "")) if isinstance(v, Mapping) else str(v) for v in values]


def actions(given: Sequence[Mapping[str, Any]], find: Callable[[str], TargetGroup]) -> list[Shape]:
    """Actions as they are kept; `find` raises TargetGroupNotFound for a group that does not exist."""
    if len(given) != 1:
        raise TooManyActionsException("A rule must have exactly one routing action")
    action = dict(given[0])
    kind = action.get("Type")
    if kind == "forward":
        return [_forward(action, find)]
    if kind == "redirect":
        return [_redirect(action)]
    if kind == "fixed-response":
        return [_fixed(action)]
    raise InvalidLoadBalancerActionException(f"Actions of type '{kind}' are not supported by Bambe")


def _forward(action: Mapping[str, Any], find: Callable[[str], TargetGroup]) -> Shape:
    weights = forwards([dict(action)])
    if not weights:
        raise ValidationError("A forward action must have a target group")
    if len(weights) > LIMIT:
        raise ValidationError(f"A forward action can have at most {LIMIT} target groups")
    found = [find(arn) for arn in weights]
    for weight in weights.values():
        if not 0 <= weight <= 999:
            raise ValidationError(f"The weight '{weight}' must be between 0 and 999")
    config = action.get("ForwardConfig") or {}
    sticky = dict(config.get("TargetGroupStickinessConfig") or {"Enabled": False})
    if sticky.get("Enabled") and not 1 <= int(sticky.get("DurationSeconds", 0)) <= 604800:
        raise ValidationError("Target group stickiness duration must be between 1 and 604800 seconds")
    if len(found) > 1 and not sticky.get("Enabled") and any(group.is_sticky for group in found):
        raise InvalidLoadBalancerActionException(
            "You must enable group stickiness on a rule if you enabled target stickiness on one of its"
            " target groups"
        )
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights.items()]
    kept: Shape = {
        "Type": "forward",
        "Order": 1,
        "ForwardConfig": {"TargetGroups": groups, "TargetGroupStickinessConfig": sticky},
    }
    if len(groups) == 1:
        kept["TargetGroupArn"] = groups[0]["TargetGroupArn"]
    return kept


def _redirect(action: Mapping[str, Any]) -> Shape:
    config = action.get("RedirectConfig")
    if not config:
        raise InvalidLoadBalancerActionException("A redirect action must have a RedirectConfig")
    whole = {
        "Protocol": "#{protocol}",
        "Port": "#{port}",
        "Host": "#{host}",
        "Path": "/#{path}",
        "Query": "#{query}",
        **config,
    }
    if any("#{" in whole[part] and whole[part] != keep for part, keep in KEPT.items()):
        raise InvalidLoadBalancerActionException(
            "Bambe redirects with #{host}, #{port} and #{query} unchanged or with plain text in their place"
        )
    if "#{" in whole["Path"].replace("#{path}", ""):
        raise InvalidLoadBalancerActionException("Bambe redirects to paths with #{path} or with plain text")
    if not whole["Path"].startswith("/"):
        raise InvalidLoadBalancerActionException(f"The path '{whole['Path']}' must begin with '/'")
    if whole.get("StatusCode") not in ("HTTP_301", "HTTP_302"):
        raise InvalidLoadBalancerActionException("A redirect has the status code HTTP_301 or HTTP_302")
    if whole["Protocol"] not in ("HTTP", "HTTPS", "#{protocol}"):
        raise InvalidLoadBalancerActionException(f"Protocol '{whole['Protocol']}' is not HTTP or HTTPS")
    if whole["Port"] != "#{port}" and not is_port(whole["Port"]):
        raise InvalidLoadBalancerActionException(f"The port '{whole['Port']}' must be from 1 to 65535")
    if not all(str(part).isprintable() for part in whole.values()):
        raise InvalidLoadBalancerActionException("A redirect must have no control characters")
    if "#{path}" in whole["Path"] and whole["Query"] not in ("", "#{query}"):
        raise InvalidLoadBalancerActionException(
            "Bambe cannot put another query on a path that is kept: give the path too"
        )
    same = {"Protocol": "#{protocol}", "Port": "#{port}", "Host": "#{host}", "Path": "/#{path}"}
    if all(whole[key] == value for key, value in same.items()):
        raise InvalidLoadBalancerActionException(
            "The redirect configuration is not valid because it creates a loop."
        )
    return {"Type": "redirect", "Order": 1, "RedirectConfig": whole}


def is_port(said: str) -> bool:
    """Whether this is the number of a port."""
    return said.isascii() and said.isdigit() and 1 <= int(said) <= 65535


def _fixed(action: Mapping[str, Any]) -> Shape:
    config = action.get("FixedResponseConfig")
    if not config or not re.fullmatch("[245][0-9][0-9]", str(config.get("StatusCode", ""))):
        raise InvalidLoadBalancerActionException(
            "A fixed-response action must have a status code 2XX, 4XX or 5XX"
        )
    return {"Type": "fixed-response", "Order": 1, "FixedResponseConfig": dict(config)}


def one_balancer(groups: Mapping[str, int], used: Mapping[str, str], balancer: str) -> None:
    """TargetGroupAssociationLimit where a group belongs to another load balancer already."""
    for arn in groups:
        if used.get(arn, balancer) != balancer:
            raise TargetGroupAssociationLimitException(
                f"The following target groups cannot be associated with more than one load balancer: {arn}"
            )
