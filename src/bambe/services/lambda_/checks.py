"""What Lambda demands of a function, and what of it Bambe has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bambe.kernel.call import Call
from bambe.kernel.errors import NotImplementedByBambe
from bambe.services.lambda_.code import packed
from bambe.services.lambda_.errors import InvalidParameterValueException
from bambe.services.lambda_.model import RUNTIMES, Code, Function, PackageType
from bambe.services.lambda_.shapes import revision_id

NOT_HERE = (
    "VpcConfig",
    "DeadLetterConfig",
    "KMSKeyArn",
    "Layers",
    "FileSystemConfigs",
    "CodeSigningConfigArn",
    "SnapStart",
    "Publish",
    "DurableConfig",
    "CapacityProviderConfig",
)
NO_CODE = ("S3Bucket", "S3Key", "S3ObjectVersion")
PLAIN = {
    "Role": "role",
    "Handler": "handler",
    "Runtime": "runtime",
    "Description": "description",
    "Timeout": "timeout",
    "MemorySize": "memory",
}


def supported(request: Mapping[str, Any]) -> None:
    """Refuse by name what would be accepted and not done."""
    for name in NOT_HERE:
        if request.get(name):
            raise NotImplementedByBambe(f"Bambe's Lambda does not have {name} yet: leave it out")
    if (request.get("TracingConfig") or {}).get("Mode", "PassThrough") != "PassThrough":
        raise NotImplementedByBambe("Bambe's Lambda traces nothing: leave TracingConfig out")


def supported_code(given: Mapping[str, Any]) -> None:
    if any(given.get(name) for name in NO_CODE):
        raise NotImplementedByBambe("Bambe has no S3: give the code as ZipFile, or an ImageUri")


def new(call: Call, name: str, request: Mapping[str, Any]) -> tuple[Function, Code | None]:
    """The function a CreateFunction wants, and its zip."""
    given = request["Code"]
    supported_code(given)
    package = PackageType(request.get("PackageType", PackageType.ZIP))
    row = Function(
        account=call.account,
        region=call.region,
        name=name,
        package=package,
        role=request["Role"],
        modified=call.clock.now(),
        revision=revision_id(),
        architecture=(request.get("Architectures") or ["x86_64"])[0],
        tags=dict(request.get("Tags") or {}),
    )
    row, zipped = with_code(changed(row, request), given)
    if package is PackageType.ZIP and not (row.runtime and row.handler):
        raise InvalidParameterValueException(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        )
    return row, zipped


def with_code(row: Function, given: Mapping[str, Any]) -> tuple[Function, Code | None]:
    """`row` with the code that is given."""
    if row.package is PackageType.IMAGE:
        if not given.get("ImageUri") or given.get("ZipFile"):
            raise InvalidParameterValueException("A function of the package type Image needs an ImageUri")
        return replace(row, image=given["ImageUri"]), None
    if not given.get("ZipFile") or given.get("ImageUri"):
        raise InvalidParameterValueException("Please provide a source for function code.")
    zipped = packed(given["ZipFile"])
    return replace(row, code=zipped.digest, code_size=len(zipped.content)), zipped


def changed(row: Function, request: Mapping[str, Any]) -> Function:
    """`row` with the settings a request names."""
    changes: dict[str, Any] = {
        column: request[member] for member, column in PLAIN.items() if request.get(member) is not None
    }
    if "Environment" in request:
        changes["environment"] = dict((request["Environment"] or {}).get("Variables") or {})
    image = request.get("ImageConfig")
    if image is not None:
        changes |= {
            "command": tuple(image.get("Command") or ()),
            "entry_point": tuple(image.get("EntryPoint") or ()),
            "working_directory": image.get("WorkingDirectory", ""),
        }
    made = replace(row, **changes)
    if made.runtime and made.runtime not in RUNTIMES:
        raise NotImplementedByBambe(
            f"Bambe runs Python functions ({RUNTIMES[0]} to {RUNTIMES[-1]}) and images, not {made.runtime}"
        )
    if any(name.startswith("AWS_LAMBDA_") for name in made.environment):
        raise InvalidParameterValueException(
            "Lambda was unable to configure your environment variables because the environment variables you"
            " have provided contains reserved keys that are currently not supported for modification."
        )
    return made
