"""A project's stacks on other implementations: made, previewed, changed and deleted as `bambe up` does it."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from bambe.cli.drift import detect, report
from bambe.cli.stack_requests import KEEP
from bambe.project import Project, parse
from bambe.synth import task_definition
from tests.elsewhere.judge import REGION, Judge
from tests.elsewhere.lacks import (
    DRIFT,
    KEEPS_OUTPUTS,
    LACKS,
    LEFT_OUT,
    STUCK,
    UNKNOWN,
    WITHOUT_DRIFT,
    WITHOUT_IMPORTS,
)
from tests.elsewhere.projects import EXAMPLE, Wanted, stacks
from tests.elsewhere.templates import Template, types_of, without

SPECS = {
    "shop": EXAMPLE.read_text(),
    "one": """
project: one
services:
  web: {path: web, port: 8080, route: default}
""",
    "native": """
project: native
release: {controller: ecs}
services:
  api: {path: api, port: 8080, route: "/api*"}
  jobs: {path: jobs, port: 8080, route: none, release: rolling}
""",
}
ADDED = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/added", "RetentionInDays": 7}}
MORE = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/more"}}


def say(line: str) -> None:
    """Progress is for people."""


@pytest.mark.parametrize("spec", SPECS)
def test_a_project_is_made_changed_and_deleted(judge: Judge, spec: str) -> None:
    project = parse(SPECS[spec])
    made: dict[str, tuple[Template, dict[str, Any]]] = {}
    for wanted in stacks(project):
        template = without(wanted.template, set(LACKS[judge.name]), judge.stand_in)
        if not template["Resources"]:
            continue
        given = parameters(judge, project, wanted)
        preview = judge.stacks.preview(wanted.name, template, given)
        assert preview.is_new
        assert {one.resource for one in preview.changes} == set(template["Resources"])
        assert judge.stacks.find(wanted.name) is None
        assert judge.stacks.begin(wanted.name, template, given)
        judge.stacks.finish([wanted.name], say)
        assert made_of(judge, wanted.name) == set(template["Resources"])
        # As in `bambe up`: releases own the task definition from then on.
        later = {name: KEEP if name == "TaskDefinition" else value for name, value in given.items()}
        made[wanted.name] = (template, later)
    assert {kind for one, _ in made.values() for kind in types_of(one)} >= {
        "AWS::ECS::Service",
        "AWS::IAM::Role",
    }
    if judge.name not in WITHOUT_DRIFT:
        assert report(detect(judge.cloudformation, list(made), say)) == []
    for name, (template, later) in made.items():
        change_and_take_back(judge, name, template, later)
    for name in reversed(made):
        delete(judge, name, types_of(made[name][0]))


def delete(judge: Judge, name: str, kinds: set[str]) -> None:
    """A stack is gone, or the judge says what it is known to say."""
    stuck = [says for kind, says in STUCK.get(judge.name, {}).items() if kind in kinds]
    if stuck:
        with pytest.raises(ClientError, match=stuck[0]):
            judge.stacks.delete([name])
    else:
        judge.stacks.delete([name])
        assert judge.stacks.find(name) is None


def test_who_is_imported_from_is_deleted_last(judge: Judge) -> None:
    if judge.name in WITHOUT_IMPORTS:
        pytest.skip(f"{judge.name} has no ListImports (asserted below)")
    name = {"Value": {"Ref": "Added"}, "Export": {"Name": "the-name"}}
    makes = {"Resources": {"Added": ADDED}, "Outputs": {"Name": name}}
    other = {"LogGroupName": {"Fn::Join": ["", [{"Fn::ImportValue": "the-name"}, "-b"]]}}
    uses = {"Resources": {"Added": {**ADDED, "Properties": other}}}
    for stack, template in (("makes", makes), ("uses", uses)):
        judge.stacks.begin(stack, template, {})
        judge.stacks.finish([stack], say)
    judge.stacks.delete_in_order(["makes", "uses"])
    assert [one for one in ("makes", "uses") if judge.stacks.find(one) is not None] == []


def change_and_take_back(judge: Judge, name: str, template: Template, given: dict[str, Any]) -> None:
    """An update that adds a resource, and one that takes it away again."""
    if judge.name in KEEPS_OUTPUTS:
        template = {part: said for part, said in template.items() if part != "Outputs"}
    more = {**template, "Resources": {**template["Resources"], "Added": ADDED}}
    preview = judge.stacks.preview(name, more, given)
    assert "+ Added (AWS::Logs::LogGroup)" in "\n".join(preview.lines)
    assert "Added" not in made_of(judge, name)
    assert judge.stacks.begin(name, more, given)
    judge.stacks.finish([name], say)
    assert made_of(judge, name) == set(more["Resources"])
    assert judge.stacks.begin(name, template, given)
    judge.stacks.finish([name], say)
    assert made_of(judge, name) == set(template["Resources"])


def made_of(judge: Judge, stack: str) -> set[str]:
    """What a stack has; all of it must be well."""
    made = {name: status for name, status in judge.made(stack).items() if status != "DELETE_COMPLETE"}
    assert {status for status in made.values() if not status.endswith("_COMPLETE")} == set()
    return set(made)


def parameters(judge: Judge, project: Project, wanted: Wanted) -> dict[str, str]:
    """What a stack is given: what is known, what others put out, the rest as the judge has it."""
    given = dict(wanted.given)
    for name, (stack, output) in wanted.outputs.items():
        shown = judge.stacks.find(stack)
        found = {one["OutputKey"]: one["OutputValue"] for one in (shown or {}).get("Outputs", [])}
        given[name] = found[output]
    declared = wanted.template.get("Parameters", {})
    network = {**judge.network(), "SourceLocation": "https://github.com/a/b.git"}
    given |= {name: network[name] for name in network if name in declared and name not in given}
    if wanted.service and "TaskDefinition" in declared:
        account = judge.sts.get_caller_identity()["Account"]
        first = task_definition(project, wanted.service, "registry/image:1", account, REGION)
        answer = judge.ecs.register_task_definition(**first)
        given["TaskDefinition"] = answer["taskDefinition"]["taskDefinitionArn"]
    return given


@pytest.mark.parametrize("kind", sorted({kind for kinds in LACKS.values() for kind in kinds}))
def test_what_a_judge_lacks_is_what_it_says(judge: Judge, kind: str) -> None:
    said = answer(judge, {"Resources": {"Added": ADDED, "Asked": {"Type": kind, "Properties": {}}}})
    wanted = LACKS[judge.name].get(kind)
    if wanted is None:
        assert not any(one.format(type=kind) in said for one in (UNKNOWN, LEFT_OUT))
    else:
        assert wanted.format(type=kind) in said


def test_who_keeps_the_first_outputs(judge: Judge) -> None:
    for days in (7, 14):
        made = {**ADDED, "Properties": {**ADDED["Properties"], "RetentionInDays": days}}
        judge.stacks.begin("said", {"Resources": {"A": made}, "Outputs": {"Days": {"Value": str(days)}}}, {})
        judge.stacks.finish(["said"], say)
    (days, *_) = [one["OutputValue"] for one in (judge.stacks.find("said") or {})["Outputs"]]
    assert (days == "7") == (judge.name in KEEPS_OUTPUTS)


def answer(judge: Judge, template: Template) -> str:
    """What a judge says to a template, asked without any help of ours."""
    body = json.dumps(template)
    try:
        judge.cloudformation.create_stack(StackName="asked", TemplateBody=body)
        status = settled(judge)
        return status if "Asked" in judge.made("asked") else f"{status} without it"
    except (ClientError, ResponseParserError) as error:
        return str(error)


def settled(judge: Judge) -> str:
    for _ in range(200):
        (stack,) = judge.cloudformation.describe_stacks(StackName="asked")["Stacks"]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return str(stack["StackStatus"])
        time.sleep(0.1)
    raise AssertionError(f"{judge.name} does not come to an end")


def test_who_lists_imports(judge: Judge) -> None:
    """`down` asks who imports what, to delete in order; a judge that has learned it must be asked too."""
    try:
        judge.cloudformation.list_imports(ExportName="nobody")
    except ClientError as error:
        lacks = "not imported" not in str(error)
    except ResponseParserError:
        lacks = True  # moto answers a page that is no answer
    else:
        lacks = False
    assert lacks == (judge.name in WITHOUT_IMPORTS)


def test_who_detects_drift(judge: Judge) -> None:
    """What somebody changed is told in the same words, or that the judge does not look."""
    judge.stacks.begin("asked", {"Resources": {"Added": ADDED, "More": MORE}}, {})
    judge.stacks.finish(["asked"], say)
    judge.logs.put_retention_policy(logGroupName="/added", retentionInDays=30)
    judge.logs.delete_log_group(logGroupName="/more")
    assert report(detect(judge.cloudformation, ["asked", "nobody"], say)) == DRIFT[judge.name]
