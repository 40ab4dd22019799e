"""The environment variables a build runs with, as AWS sets them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bambe.kernel.call import Site
from bambe.services.codebuild.buildspec import Buildspec
from bambe.services.codebuild.model import Build
from bambe.services.codebuild.script import SOURCE

RESERVED = "CODEBUILD_"


def variables(build: Build, spec: Buildspec, site: Site, credentials: Mapping[str, Any]) -> dict[str, str]:
    """Later wins: ours, the buildspec's, the project's, StartBuild's; CODEBUILD_* are nobody's to set."""
    environment = build.settings["environment"]
    return {
        **_ours(build, site),
        **_credentials(credentials),
        **spec.variables,
        **named(environment.get("environmentVariables") or []),
        **named(build.overrides),
        **_codebuild(build, site),
    }


def named(given: list[Any]) -> dict[str, str]:
    """AWS's list of {name, value} as a dictionary."""
    return {item["name"]: item["value"] for item in given if not item["name"].startswith(RESERVED)}


def _ours(build: Build, site: Site) -> dict[str, str]:
    return {
        "HOME": "/root",
        "AWS_ENDPOINT_URL": site.inner_endpoint,
        "AWS_REGION": build.region,
        "AWS_DEFAULT_REGION": build.region,
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_RETRY_MODE": "standard",
        "AWS_MAX_ATTEMPTS": "10",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "DOCKER_BUILDKIT": "1",
    }


def _credentials(given: Mapping[str, Any]) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }


def _codebuild(build: Build, site: Site) -> dict[str, str]:
    project = f"arn:aws:codebuild:{build.region}:{build.account}:project/{build.project}"
    source = build.settings["source"]
    found = {
        "CODEBUILD_BUILD_ID": build.id,
        "CODEBUILD_BUILD_ARN": build.arn,
        "CODEBUILD_BUILD_NUMBER": str(build.number),
        "CODEBUILD_BUILD_IMAGE": build.settings["environment"]["image"],
        "CODEBUILD_BUILD_SUCCEEDING": "1",
        "CODEBUILD_BUILD_URL": f"{site.endpoint}/codebuild/{build.id}",
        "CODEBUILD_PROJECT_ARN": project,
        "CODEBUILD_INITIATOR": build.initiator,
        "CODEBUILD_KMS_KEY_ID": build.settings.get("encryptionKey")
        or f"arn:aws:kms:{build.region}:{build.account}:alias/aws/s3",
        "CODEBUILD_LOG_PATH": build.log_stream,
        "CODEBUILD_RESOLVED_SOURCE_VERSION": build.resolved,
        "CODEBUILD_SOURCE_REPO_URL": source.get("location", ""),
        "CODEBUILD_SOURCE_VERSION": build.source_version,
        "CODEBUILD_SRC_DIR": SOURCE,
        "CODEBUILD_START_TIME": str(int(build.created.timestamp() * 1000)),
        "CODEBUILD_CI": "true",
        **{f"CODEBUILD_WEBHOOK_{name}": value for name, value in build.webhook.items()},
    }
    return found
