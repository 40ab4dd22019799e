"""The buildspec.yml of an imported service: it builds its image as the other tool did, and releases it."""

from __future__ import annotations

import shlex

from bambe.importing.draft import Build

HEAD = """\
# Builds this service's image, pushes it, and releases this service.
version: 0.2
env:
  shell: bash
phases:
  pre_build:
    commands:
      - IMAGE="$REPOSITORY_URI:${CODEBUILD_RESOLVED_SOURCE_VERSION:0:12}"
      - aws ecr get-login-password | docker login --username AWS --password-stdin "${REPOSITORY_URI%%/*}"
  build:
    commands:
"""
TAIL = """\
      - docker push --quiet "$IMAGE"
      # In the build phase, since post_build runs even after a failed build.
      - sed "s|<IMAGE>|$IMAGE|" <<< "$TASKDEF" > taskdef.json
      - echo "$APPSPEC" > appspec.json
      # bambe.yml says who shifts the traffic: with CodeDeploy there is an AppSpec, else ECS does it.
      - test "$RELEASE" = no -o -z "$APPSPEC" || aws ecs deploy --cluster "$CLUSTER" --service "$SERVICE" --task-definition taskdef.json --codedeploy-appspec appspec.json
      - |
        if [ "$RELEASE" != no ] && [ -z "$APPSPEC" ]; then
          REVISION=$(aws ecs register-task-definition --cli-input-json file://taskdef.json --query taskDefinition.taskDefinitionArn --output text) &&
            aws ecs update-service --cluster "$CLUSTER" --service "$SERVICE" --task-definition "$REVISION" --query service.serviceName --output text
        fi
"""  # noqa: E501


def buildspec(build: Build) -> str:
    """The text of the file."""
    words = ["docker", "build", "--file", shlex.quote(build.dockerfile)]
    if build.target:
        words += ["--target", shlex.quote(build.target)]
    for name, value in build.args.items():
        words += ["--build-arg", shlex.quote(f"{name}={value}")]
    command = " ".join([*words, '--tag "$IMAGE"', shlex.quote(build.context)])
    return f"{HEAD}      - |\n        {_one_line(command)}\n{TAIL}"


def _one_line(command: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in command)
