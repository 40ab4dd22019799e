"""What a parameter may be: its name, size, tier and pattern, in AWS's words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bambe.kernel.errors import AccessDeniedException, NotImplementedByBambe, ValidationException
from bambe.services.ssm.errors import (
    HierarchyLevelLimitExceededException,
    InvalidAllowedPatternException,
    ParameterPatternMismatchException,
    TooManyTagsError,
)
from bambe.services.ssm.model import ADVANCED, INTELLIGENT, LIMITS, SECURE, STANDARD, STRING_LIST, TAGS

NAME = re.compile(r"[a-zA-Z0-9_.\-/]+")
LEVELS = 15
LONGEST = 1011
"""Characters of a name without the ARN around it (SSM API, PutParameter)."""

SUB_PATHS = (
    " If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed"
    " as a mix of letters, numbers and the following 3 symbols .-_"
)
PATH = (
    "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a"
    ' forward slash "/". It can\'t be prefixed with "aws" or "ssm" (case-insensitive). It must use only'
    " letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special"
    ' characters are not allowed. All sub-paths, if specified, must use the forward slash symbol "/".'
    " Valid example: /get/parameters2-/by1./path0_."
)
RAISE = " To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier."
NO_DOWNGRADE = (
    "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the"
    " advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced"
    " parameter and recreate it as a standard parameter."
)


def check_name(name: str) -> None:
    """A name that a parameter may be given."""
    bare = name.lower().lstrip("/")
    if bare.startswith(("aws", "ssm")):
        if name.lower().startswith("/aws/"):
            raise AccessDeniedException(f"No access to reserved parameter name: {name}.")
        what = (
            '"ssm" (case-insensitive).' + SUB_PATHS if "/" in bare else '"aws" or "ssm" (case-insensitive).'
        )
        raise ValidationException(f"Parameter name: can't be prefixed with {what}")
    if not NAME.fullmatch(name) or name.endswith("/") or "//" in name:
        raise ValidationException(f"Invalid parameter name.{SUB_PATHS}")
    if "/" in name and not name.startswith("/"):
        raise ValidationException("Parameter name must be a fully qualified name.")
    if len(name) > LONGEST:
        raise ValidationException(f"Parameter name cannot be longer than {LONGEST} characters.")
    if name.count("/") > LEVELS:
        raise HierarchyLevelLimitExceededException(
            f"A hierarchy can have a maximum of {LEVELS} levels: {name} has {name.count('/')}."
        )


def check_path(path: str) -> str:
    """A path to search under, without a slash at its end."""
    if not path.startswith("/") or not NAME.fullmatch(path) or "//" in path:
        raise ValidationException(PATH)
    return path.rstrip("/")


def check_kind(request: Mapping[str, Any]) -> None:
    """What the request says besides name and value."""
    if request.get("Policies", "").strip() not in ("", "[]", "[{}]"):
        raise NotImplementedByBambe("Bambe does not have parameter policies.")
    data_type = request.get("DataType") or "text"
    if data_type in ("aws:ec2:image", "aws:ssm:integration"):
        raise NotImplementedByBambe(f"Bambe does not have parameters of the data type {data_type}.")
    if data_type != "text":
        raise ValidationException(
            f"The following data type is not supported: {data_type} (Data type names are all lowercase.)"
        )
    if request.get("Overwrite") and request.get("Tags"):
        raise ValidationException(
            "Invalid request: tags and overwrite can't be used together. To create a parameter with tags,"
            " please remove overwrite flag. To update tags for an existing parameter, please use"
            " AddTagsToResource or RemoveTagsFromResource."
        )


def check_type(kind: str, value: str, key_id: str) -> None:
    """A value that fits the parameter's type."""
    if not value:
        raise ValidationException(
            "1 validation error detected: Value at 'value' failed to satisfy constraint: Member must have"
            " length greater than or equal to 1"
        )
    if key_id and kind != SECURE:
        raise ValidationException("KeyId is required for SecureString type parameter only.")
    if kind == STRING_LIST and "" in value.split(","):
        raise ValidationException("A StringList's items, separated by commas, cannot be empty.")


def tier_of(said: str, before: str, value: str) -> str:
    """The tier the value is stored in; raises where it does not fit."""
    size = len(value.encode())
    if said == INTELLIGENT:
        chosen = ADVANCED if size > LIMITS[STANDARD] or before == ADVANCED else STANDARD
    else:
        chosen = said or before or STANDARD
    if before == ADVANCED and chosen == STANDARD:
        raise ValidationException(NO_DOWNGRADE)
    if size > LIMITS[chosen]:
        more = RAISE if chosen == STANDARD else ""
        raise ValidationException(
            f"{chosen} tier parameters support a maximum parameter value of {LIMITS[chosen]} characters."
            f"{more}"
        )
    return chosen


def check_pattern(pattern: str, value: str) -> None:
    """The value matches the allowed pattern; neither the error nor the log says the value."""
    if not pattern:
        return
    import re2  # few parameters have a pattern, so most processes never load it

    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options=options)
    except re2.error:
        raise InvalidAllowedPatternException(
            "The allowed pattern is not a valid regular expression."
        ) from None
    if not compiled.fullmatch(value):
        raise ParameterPatternMismatchException(
            f"Parameter value, cannot be validated against allowedPattern: {pattern}"
        )


def checked_tags(tags: dict[str, str]) -> dict[str, str]:
    """Tags of which there are not too many."""
    if len(tags) > TAGS:
        raise TooManyTagsError(f"A parameter can have at most {TAGS} tags.")
    return tags
