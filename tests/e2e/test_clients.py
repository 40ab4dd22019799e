"""The stock AWS CLI, Docker and git against the platform, and `up` run again."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.platform import Bambe, wait_for


@pytest.fixture(scope="module")
def bambe(shared: Bambe) -> Bambe:
    return shared


TEMPLATE = """
Parameters: {Days: {Type: Number}}
Resources: {G: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /tried, RetentionInDays: !Ref Days}}}
"""
DEPLOYS = """
set -e
tried="--stack-name tried"
deploy() { aws cloudformation deploy $tried --template-file tried.yml --parameter-overrides "$@"; }
days() { aws logs describe-log-groups --log-group-name-prefix /tried --query logGroups[0].retentionInDays; }
deploy Days=7
days
deploy Days=14
days
deploy Days=14 --no-fail-on-empty-changeset
"""


@pytest.fixture(scope="module", autouse=True)
def deploying(bambe: Bambe, tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """The CLI looks at a stack every 30 seconds: it deploys beside the other tests, and the last one asks."""
    folder = tmp_path_factory.mktemp("tried")
    (folder / "tried.yml").write_text(TEMPLATE)
    with bambe.shell_beside(DEPLOYS, folder) as running:
        yield running
        running.kill()


def test_the_stock_aws_cli_reads_everything(bambe: Bambe) -> None:
    services = bambe.json("ecs", "describe-services", "--cluster", "shop", "--services", "orders", "notifier")
    assert {one["serviceName"]: one["runningCount"] for one in services["services"]} == {
        "orders": 2,
        "notifier": 1,
    }
    bambe.aws("ecs", "wait", "services-stable", "--cluster", "shop", "--services", "notifier")
    groups = bambe.json("elbv2", "describe-target-groups")["TargetGroups"]
    blue = next(one for one in groups if one["TargetGroupName"] == "shop-orders-blue")
    health = bambe.json("elbv2", "describe-target-health", "--target-group-arn", blue["TargetGroupArn"])
    states = [one["TargetHealth"]["State"] for one in health["TargetHealthDescriptions"]]
    assert states == ["healthy", "healthy"]
    found = bambe.json(
        "servicediscovery", "discover-instances", "--namespace-name", "shop.local", "--service-name", "orders"
    )
    assert len(found["Instances"]) == 2
    assert bambe.json("sts", "get-caller-identity")["Account"] == "000000000000"


def test_logs_of_tasks_and_builds(bambe: Bambe) -> None:
    told = bambe.aws("logs", "filter-log-events", "--log-group-name", "/ecs/shop/orders").stdout
    assert "orders 1 listens on 8080" in told
    built = bambe.aws("logs", "filter-log-events", "--log-group-name", "/aws/codebuild/shop-orders").stdout
    assert "docker push" in built
    assert "orders 1 listens" in bambe.cli("logs", "orders").stdout
    assert "docker push" in bambe.cli("logs", "--build", "orders").stdout


def test_logs_tail(bambe: Bambe) -> None:
    """Only version 2 has it; `make setup` installs one where the distribution has it."""
    tail = bambe.aws("logs", "tail", "/ecs/shop/orders", "--since", "1h", check=False)
    if tail.returncode and "version 2" in tail.stderr:
        pytest.skip("no AWS CLI of version 2 here")
    assert "orders 1 listens on 8080" in tail.stdout, tail.stderr


def test_docker_logs_in_pushes_and_pulls(bambe: Bambe) -> None:
    registry = f"localhost:{bambe.port}"
    done = bambe.shell(
        f"""set -e
        aws ecr create-repository --repository-name try
        aws ecr get-login-password | docker login --username AWS --password-stdin {registry}
        docker tag python:3.11-slim {registry}/try:1
        docker push {registry}/try:1
        docker rmi {registry}/try:1
        docker pull {registry}/try:1
        docker rmi {registry}/try:1
        aws ecr describe-images --repository-name try --query 'imageDetails[0].imageTags' --output text
        """
    )
    assert done.stdout.strip().endswith("1")
    refused = bambe.shell(f"docker login --username AWS --password wrong {registry}", check=False)
    assert refused.returncode != 0


def test_a_second_up_changes_nothing_and_says_so(bambe: Bambe) -> None:
    assert "Nothing changed" in bambe.up().stdout


def test_a_changed_service_changes_alone(bambe: Bambe) -> None:
    before = {name: bambe.look(name)["versions"] for name in ("gateway", "orders", "inventory")}
    bambe.shop.edit(
        "bambe.yml", "    environment: {INVENTORY_URL", '    environment: {MOOD: "good", INVENTORY_URL'
    )
    bambe.shop.commit("orders: an environment variable")
    told = bambe.up().stdout
    assert "1 service released" in told
    deployment = bambe.deployments("orders")[0]
    wait_for(lambda: bambe.deployment(deployment)["status"] == "Succeeded", "orders is released", 180)
    assert {name: bambe.look(name)["versions"] for name in ("gateway", "inventory")} == {
        name: before[name] for name in ("gateway", "inventory")
    }
    assert bambe.look("orders")["versions"] != before["orders"]


MISTAKES = [
    (("ecs", "describe-clusters", "--clusters", "nope"), "MISSING"),
    (("ecs", "list-services", "--cluster", "nope"), "ClusterNotFoundException"),
    (("ecs", "describe-capacity-providers"), "NotImplemented"),
    (("elbv2", "describe-target-health", "--target-group-arn", "arn:aws:x"), "TargetGroupNotFound"),
]


@pytest.mark.parametrize(("words", "says"), MISTAKES)
def test_mistakes_get_awss_own_errors(bambe: Bambe, words: tuple[str, ...], says: str) -> None:
    done = bambe.aws(*words, check=False)
    assert says in done.stdout + done.stderr


def test_a_wrong_signature_is_refused(bambe: Bambe) -> None:
    done = bambe.shell("AWS_SECRET_ACCESS_KEY=wrong aws sts get-caller-identity", check=False)
    assert done.returncode != 0
    assert "SignatureDoesNotMatch" in done.stderr


def test_cloudformation_deploy(bambe: Bambe, deploying: subprocess.Popen[str]) -> None:
    told, errors = deploying.communicate(timeout=180)
    assert deploying.returncode == 0, told + errors
    lines = [line for line in told.splitlines() if line]
    days = [line for line in lines if line.isdigit()]
    assert days == ["7", "14"]
    assert [line for line in lines if line.startswith("Successfully created/updated stack")] == [
        "Successfully created/updated stack - tried"
    ] * 2
    assert "No changes to deploy" in told
    tried = ("--stack-name", "tried")
    bambe.aws("cloudformation", "delete-stack", *tried)
    gone = "does not exist"
    wait_for(lambda: gone in bambe.aws("cloudformation", "describe-stacks", *tried, check=False).stderr, gone)
    bambe.aws("cloudformation", "wait", "stack-delete-complete", *tried)
