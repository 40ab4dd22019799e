"""Releases through the AWS API: what is under way, what was good, and the way back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from bambe.cli.trouble import Trouble
from bambe.synth import Names

ACTIVE = ("Created", "InProgress", "Baking", "Ready")
"""Under way; those that are Queued wait for these."""
AT_ONCE = 25
"""Deployments that CodeDeploy describes in one call."""
NO_GROUP = ("ApplicationDoesNotExistException", "DeploymentGroupDoesNotExistException")
"""The errors of CodeDeploy for a service that it does not release."""
RESTORES = "restores"
"""How the description of a deployment begins that restores an earlier release."""


class Releases:
    """The deployments of one blue/green service."""

    def __init__(self, codedeploy: Any, names: Names, service: str) -> None:
        self._codedeploy = codedeploy
        self._service = service
        self._group = {
            "applicationName": names.application(service),
            "deploymentGroupName": names.group(service),
        }

    def ids(self, *statuses: str) -> list[str]:
        """Deployment ids, newest first."""
        return [info["deploymentId"] for info in self.infos(*statuses)]

    def infos(self, *statuses: str) -> list[dict[str, Any]]:
        """The `deploymentInfo` of every deployment (of these statuses), newest first."""
        only = {"includeOnlyStatuses": list(statuses)} if statuses else {}
        return self._described(**self._group, **only)

    def _described(self, **where: Any) -> list[dict[str, Any]]:
        pages = self._codedeploy.get_paginator("list_deployments").paginate(**where)
        ids = [one for page in pages for one in page["deployments"]]
        found: list[dict[str, Any]] = []
        for start in range(0, len(ids), AT_ONCE):
            answer = self._codedeploy.batch_get_deployments(deploymentIds=ids[start : start + AT_ONCE])
            found += answer["deploymentsInfo"]
        return sorted(found, key=lambda info: info["createTime"], reverse=True)

    def remembered(self) -> list[dict[str, Any]]:
        """The `deploymentInfo` of all deployments that are known, also of a group that is there no more."""
        try:
            return self.infos()
        except ClientError as error:
            if error.response["Error"]["Code"] not in NO_GROUP:
                raise
        mine = self._group["applicationName"]
        return [one for one in self._described() if one.get("applicationName") == mine]

    def get(self, deployment: str) -> dict[str, Any]:
        """A deployment's `deploymentInfo`."""
        info: dict[str, Any] = self._codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"]
        return info

    def target(self, deployment: str) -> dict[str, Any]:
        """A deployment's `ecsTarget`, or an empty one before it has any."""
        targets = self._codedeploy.list_deployment_targets(deploymentId=deployment)["targetIds"]
        if not targets:
            return {}
        answer = self._codedeploy.get_deployment_target(deploymentId=deployment, targetId=targets[0])
        found: dict[str, Any] = answer["deploymentTarget"]["ecsTarget"]
        return found

    def active(self) -> str | None:
        """The deployment under way, or None."""
        found = self.ids(*ACTIVE)
        return found[0] if found else None

    def is_rollback(self, deployment: str) -> bool:
        """Whether a deployment takes another one back."""
        return self.get(deployment).get("creator") == "codeDeployRollback"

    def create(self, appspec: Mapping[str, Any], description: str = "") -> str:
        """Start a deployment of `appspec`; its id."""
        content = json.dumps(appspec)
        answer = self._codedeploy.create_deployment(
            **self._group,
            revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": content}},
            description=description,
        )
        return str(answer["deploymentId"])

    def stop_and_roll_back(self, deployment: str) -> str | None:
        """End a deployment under way and go back to what was there before; the rollback's id, if any yet."""
        self._codedeploy.stop_deployment(deploymentId=deployment, autoRollbackEnabled=True)
        back = self.get(deployment).get("rollbackInfo", {}).get("rollbackDeploymentId")
        return str(back) if back else None

    def revision(self, deployment: str) -> dict[str, Any]:
        """The AppSpec a deployment released."""
        return self.revision_of(self.get(deployment))

    def revision_of(self, info: Mapping[str, Any]) -> dict[str, Any]:
        """The AppSpec of a `deploymentInfo`."""
        revision = info["revision"]
        part = revision.get("appSpecContent") or revision.get("string") or {}
        content: dict[str, Any] = json.loads(part["content"])
        return content

    def good_before(self, task_definition: str, first: Mapping[str, Any]) -> dict[str, Any]:
        """What was live before `task_definition`; `first` is what the service began with."""
        infos = reversed(self.infos("Succeeded"))
        released = [(dict(first), False), *((self.revision_of(one), is_restored(one)) for one in infos)]
        before = released_before(released, task_definition)
        if before is None:
            raise Trouble(f"{self._service} has no earlier release to go back to.")
        return before


def is_restored(info: Mapping[str, Any]) -> bool:
    """Whether a deployment brought an earlier release back as a new step, not as a step back."""
    return str(info.get("description", "")).startswith(RESTORES)


def released_before(
    released: Sequence[tuple[dict[str, Any], bool]], task_definition: str
) -> dict[str, Any] | None:
    """The AppSpec that was live before `task_definition`; None when there is nothing before. `released` is
    oldest first, each with whether it was restored."""
    known = {task_definition_of(one): one for one, _ in released}
    names = live([(task_definition_of(one), restored) for one, restored in released])
    name = before(names, task_definition)
    return known[name] if name else None


def live(released: Sequence[tuple[str, bool]]) -> list[str]:
    """The names that lie behind the newest of `released`, oldest first. One that was there before has been
    gone back to, so that going back again goes further back and never forth to what was left; one that was
    restored is a step of its own, from which one can go back."""
    names: list[str] = []
    for name, restored in released:
        if name in names and not restored:
            del names[names.index(name) + 1 :]
        elif names[-1:] != [name]:
            names.append(name)
    return names


def before(names: Sequence[str], name: str) -> str:
    """What comes before the last of `name` in `names`; the last of all where it is not there; "" for none."""
    place = len(names) - 1 - names[::-1].index(name) if name in names else len(names)
    return names[place - 1] if place else ""


def task_definition_of(appspec: Mapping[str, Any]) -> str:
    """The task definition an AppSpec names."""
    resources = _member(appspec, "resources")
    service = next(iter(resources[0].values()))
    return str(_member(_member(service, "properties"), "taskdefinition"))


def _member(mapping: Mapping[str, Any], name: str) -> Any:
    for key, value in mapping.items():
        if key.lower() == name:
            return value
    raise Trouble(f"an AppSpec without {name!r} cannot be read.")
