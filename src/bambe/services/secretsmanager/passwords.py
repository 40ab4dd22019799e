"""Random passwords, as GetRandomPassword describes them."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from typing import Any

from bambe.services.secretsmanager.errors import InvalidParameterException

LENGTH = 32
KINDS: Mapping[str, str] = {
    "ExcludeLowercase": string.ascii_lowercase,
    "ExcludeUppercase": string.ascii_uppercase,
    "ExcludeNumbers": string.digits,
    "ExcludePunctuation": string.punctuation,
}


def password(said: Mapping[str, Any]) -> str:
    """A password by the members of GetRandomPassword's request; InvalidParameterException."""
    length = int(said.get("PasswordLength") or LENGTH)
    excluded = set(said.get("ExcludeCharacters") or "")
    kinds = [letters for member, letters in KINDS.items() if not said.get(member)]
    if said.get("IncludeSpace"):
        kinds.append(" ")
    alphabets = ["".join(c for c in letters if c not in excluded) for letters in kinds]
    alphabets = [letters for letters in alphabets if letters]
    if not alphabets:
        raise InvalidParameterException("The password has no character left that it could be made of.")
    required = alphabets if said.get("RequireEachIncludedType", True) else []
    if length < len(required):
        raise InvalidParameterException("Password length is too short based on the required types.")
    letters = "".join(alphabets)
    made = [secrets.choice(one) for one in required]
    made += [secrets.choice(letters) for _ in range(length - len(made))]
    secrets.SystemRandom().shuffle(made)
    return "".join(made)
