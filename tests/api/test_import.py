"""A cluster that runs here, made of a bambe.yml, and imported again: the same bambe.yml."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bambe.cli.commands.import_ import command
from bambe.cli.running import Survey
from bambe.cli.trouble import Trouble
from bambe.importing import Imported, from_cluster, text
from bambe.project import Project, load, parse
from bambe.synth import Names, build_template, service_template, shared_template, task_definition
from tests.api.conftest import Edge
from tests.support.house import ACCOUNT, REGION

SHOP = load(Path(__file__).parents[2] / "examples" / "shop" / "bambe.yml")
RICH = parse("""\
project: mill
domain: mill.internal
host: mill.test
test_port: 8443
branch: release/v2
release:
  {strategy: linear, percent: 25, interval: 2m, keep_old: 1h, approval: 30m,
   synthetic: [/health], alarms: [red]}
services:
  front:
    path: apps/front
    also: [libs/web.one, libs/b]
    port: 3000
    route: default
    tasks: 3
    cpu: 1024
    memory: 3072
    stop_timeout: 90s
    exec: true
    health: {path: /health, interval: 20s, timeout: 7s, healthy: 3, unhealthy: 5, codes: "200-299,301"}
    environment: {MODE: fast, EMPTY: "", URL: "http://back.mill.internal:9000/a?b=c"}
    secrets:
      {KEY: "ssm:/mill/key", PLAIN: "ssm:plain", DB: "secretsmanager:mill/db:user",
       ALL: "secretsmanager:mill/all"}
  native:
    path: apps/native
    port: 8080
    route: "/native/*"
    release:
      {controller: ecs, strategy: canary, percent: 5, interval: 3m, keep_old: 20m,
       approval: 10m, queue: "off"}
  quick:
    path: apps/quick
    port: 8081
    route: "/quick*"
    release: {strategy: all_at_once, keep_old: 0m, analysis: report, queue: wait}
  calm:
    path: apps/calm
    port: 8082
    route: "/calm*"
    release: rolling
    tasks: 2
    schedule:
      - {cron: "0 20 ? * MON-FRI *", tasks: 0, timezone: Europe/Berlin}
      - {cron: "0 7 ? * MON-FRI *", tasks: 2}
  back:
    path: apps/back
    port: 9000
    release: rolling
""")


def without_events(project: Project) -> Project:
    """What ECS knows of a project: the brokers are MSK's."""
    kept = {
        name: one.model_copy(update={"produces": (), "consumes": ()})
        for name, one in project.services.items()
    }
    return project.model_copy(update={"events": None, "services": kept})


def shared(project: Project) -> dict[str, Any]:
    """What its services share, with what is meant where nothing is said."""
    said = project.model_dump(exclude={"services", "release", "domain", "host"})
    return said | {"namespace": project.namespace, "host": project.certificate_name}


def release(project: Project, name: str) -> dict[str, Any]:
    """How a service is released; ECS has no queue."""
    said = project.release_of(name).model_dump()
    return {key: value for key, value in said.items() if key != "queue" or not project.is_native(name)}


class Installation:
    """Brings a project up as `bambe up` does, through CloudFormation, without its builds."""

    def __init__(self, edge: Edge, project: Project) -> None:
        self.edge, self.project, self.names = edge, project, Names(project.project)
        ec2 = edge.aws("ec2")
        vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]]
        self.network = {"VpcId": vpc, "SubnetIds": ",".join(subnets)}

    def up(self) -> None:
        source = {"SourceType": "GITHUB", "SourceLocation": "http://localhost:4566/git/mill.git"}
        self._stack(self.names.shared_stack, shared_template(self.project), {})
        for name in self.project.services:
            self._stack(self.names.build_stack(name), build_template(self.project, name, []), source)
        ecs = self.edge.aws("ecs")
        for name in self.project.services:
            image = f"localhost:4566/{self.project.project}/{name}:1"
            request = task_definition(self.project, name, image, ACCOUNT, REGION)
            arn = ecs.register_task_definition(**request)["taskDefinition"]["taskDefinitionArn"]
            self._stack(self.names.stack(name), service_template(self.project, name), {"TaskDefinition": arn})

    def _stack(self, name: str, template: Any, more: dict[str, str]) -> None:
        cloudformation = self.edge.aws("cloudformation")
        given = {key: value for key, value in (self.network | more).items() if key in template["Parameters"]}
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()]
        cloudformation.create_stack(
            StackName=name,
            TemplateBody=json.dumps(template),
            Parameters=parameters,
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        self.edge.run(self._settled(name))

    async def _settled(self, name: str) -> None:
        house = self.edge.house
        for _ in range(60):
            await house.advance(10, step=10)
            (one,) = (await house.aws.cloudformation.describe_stacks(StackName=name))["Stacks"]
            if not one["StackStatus"].endswith("_IN_PROGRESS"):
                break
        events = (await house.aws.cloudformation.describe_stack_events(StackName=name))["StackEvents"]
        assert one["StackStatus"] == "CREATE_COMPLETE", [e for e in events if "FAILED" in e["ResourceStatus"]]


def imported(edge: Edge, cluster: str) -> Imported:
    return from_cluster(Survey(edge.aws, cluster, REGION).read())


@pytest.mark.parametrize("project", [without_events(SHOP), RICH], ids=["shop", "rich"])
def test_what_was_brought_up_is_imported_again(edge: Edge, project: Project) -> None:
    if project is RICH:
        edge.aws("cloudwatch").put_metric_alarm(
            AlarmName="red", MetricName="m", Namespace="n", Period=60, EvaluationPeriods=1, Threshold=1,
            ComparisonOperator="GreaterThanThreshold", Statistic="Sum",
        )  # fmt: skip
        for key in ("/mill/key", "plain"):
            edge.aws("ssm").put_parameter(Name=key, Value="x", Type="String")
        for key in ("mill/db", "mill/all"):
            edge.aws("secretsmanager").create_secret(Name=key, SecretString='{"user": "x"}')
    Installation(edge, project).up()
    found = imported(edge, project.project)
    again = parse(text(found, "a cluster"))
    assert shared(again) == shared(project)
    assert set(again.services) == set(project.services)
    for name, wish in project.services.items():
        assert again.services[name].model_dump(exclude={"release"}) == wish.model_dump(exclude={"release"})
        if project.is_rolling(name):
            assert again.is_rolling(name)
        else:
            assert release(again, name) == release(project, name)
    odd = [note for note in found.notes if note.kind == "left" and "no counterpart" in note.says]
    assert odd == [], "what Bambe makes itself it knows"


def test_nothing_but_questions_is_asked(edge: Edge) -> None:
    """The import reads: every call is a Describe, List, Get or BatchGet."""
    Installation(edge, without_events(SHOP)).up()
    asked: list[str] = []

    def client(service: str) -> Any:
        made = edge.aws(service)
        made.meta.events.register("before-call", lambda model, **_: asked.append(model.name))
        return made

    Survey(client, "shop", REGION).read()
    assert "DescribeServices" in asked
    assert [one for one in asked if not one.startswith(("Describe", "List", "Get", "BatchGet"))] == []


def test_the_command_speaks_to_whatever_the_aws_cli_speaks_to(
    edge: Edge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--on aws takes credentials, region and endpoint from where the AWS CLI does."""
    Installation(edge, without_events(SHOP)).up()
    for name, value in edge.environment.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "shop.yml"
    words = ["cluster", "shop", "--on", "aws", "--output", str(file), "--json"]
    said = json.loads(CliRunner().invoke(command, words, catch_exceptions=False).output)
    assert set(parse(file.read_text()).services) == set(SHOP.services) == set(said["services"])
    assert {note["kind"] for note in said["notes"]} == {"left", "changed", "missing"}


def test_a_cluster_that_is_not_there(edge: Edge) -> None:
    edge.aws("ecs").create_cluster(clusterName="other")
    with pytest.raises(Trouble, match=r"there is no cluster 'shop' in eu-central-1; there are: other\."):
        imported(edge, "shop")
