"""A project as files for the AWS CLI alone: what they say, and what the scripts ask of AWS."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bambe.project import Project, parse
from bambe.synth import IMAGE_PLACEHOLDER, Names, Output, appspec, stacks, task_definition
from bambe.synth.ejected import ejected, hindrances
from bambe.synth.ejected.texts import needs_bucket
from tests.judges.matrix import projects

ACCOUNT = "111111111111"
NAMES = ["full", "given", "private"]
SMALL = """
project: shop
source: {repository: "https://github.com/acme/shop$(x)"}
events: {brokers: 2, topics: {told: {}}}
services:
  api: {path: s/api, port: 8080, route: "/a*", release: {controller: ecs}, environment: {A: "&|\\\\<X>"}}
  jobs: {path: s/jobs, port: 8080, release: rolling, produces: [told]}
  web: {path: s/web, port: 8080, route: default}
"""
AT_REST = "AT_REST"
"""For a stack of a service that `bambe down` has left without the service."""
STUB = """#!/usr/bin/env bash
# Stands for the AWS CLI: writes down what it is asked, and answers.
printf '%s\\n' "$*" >> calls
case "$1 $2" in
  "sts get-caller-identity") echo 111111111111 ;;
  "cloudformation describe-stacks")
    case "$*" in
      *Parameters*) cat "has.$4" 2> /dev/null || echo VpcId=vpc-1 ;;
      *--stack-name*) echo "out-of-$4" ;;
      *) cat there ;;
    esac ;;
  "cloudformation update-stack") if [ -e refusal ]; then cat refusal >&2; exit 254; fi ;;
  "cloudformation deploy") if [ -e broken ] && [ "$4" = "$(cat broken)" ]; then exit 254; fi ;;
  "cloudformation describe-stack-resources")
    made=$(cat "made.$4" 2> /dev/null || echo GreenTargets BlueTargets Rule Service)
    for one in $made; do printf '%s\\t%s\\n' "$one" "$4-$one"; done ;;
  "elbv2 describe-rules")
    stack=${4%-Rule}
    cat "weights.$stack" 2> /dev/null || printf '%s\\t%s\\n' "$stack-BlueTargets" 1 "$stack-GreenTargets" 0 ;;
  "ecs describe-services") printf '%s\t%s\n' "$(cat "by.$6" 2> /dev/null || echo ECS)" "arn:live:$6" ;;
  "kafka get-bootstrap-brokers") echo b-1:9094,b-2:9094 ;;
  "ssm get-parameters") cat "told.$(basename "$4")" 2> /dev/null || echo None ;;
  "ssm put-parameter") echo "$6" > "told.$(basename "$4")" ;;
  "ecr describe-images") if [ -e "image.$(basename "$4")" ]; then echo '"abc123"'; else echo null; fi ;;
  "codebuild start-build") touch "image.${4##*-}"; echo "$4:1" ;;
  "codebuild batch-get-builds") cat build 2> /dev/null || echo SUCCEEDED ;;
  "ecs register-task-definition") cp "${4#file://}" registered.json; echo "arn:of:$(basename "$4" .json)" ;;
esac
"""


@pytest.fixture(params=NAMES)
def project(request: pytest.FixtureRequest) -> Project:
    return projects()[request.param]


class Shell:
    """Ejected files, and a shell whose `aws` writes down what it is asked."""

    def __init__(self, folder: Path, project: Project, account: str = "") -> None:
        self.folder = folder
        for path, text in {**ejected(project, account), "bin/aws": STUB, "there": ""}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        (folder / "bin/aws").chmod(0o755)

    def run(self, script: str, *words: str, fails: bool = False, **variables: str) -> str:
        """What a script prints; what it asked before is forgotten."""
        (self.folder / "calls").unlink(missing_ok=True)
        path = {"PATH": f"{self.folder}/bin:/usr/bin:/bin", **variables}
        command = ["bash", str(self.folder / script), *words]
        done = subprocess.run(command, env=path, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode != 0) == fails, done.stderr
        return done.stdout + done.stderr

    def asked(self, *words: str) -> list[str]:
        """What `aws` was asked, as far as it begins with these words."""
        said = (self.folder / "calls").read_text().splitlines()
        return [one for one in said if one.startswith(" ".join(words))]

    def deployed(self) -> dict[str, dict[str, str]]:
        """By stack, in the order of their deployment, the parameters that were given."""
        found = {}
        for one in self.asked("cloudformation deploy"):
            given = one.partition(" --parameter-overrides ")[2].split()
            found[one.split()[3]] = dict(pair.split("=", 1) for pair in given)
        return found

    def everything_is_there(self) -> None:
        names = Names("shop")
        all_of = [names.network_stack, "shop", names.events_stack]
        for service in ("api", "jobs", "web"):
            all_of += [names.build_stack(service), names.stack(service)]
        self.there(**dict.fromkeys(all_of, "UPDATE_COMPLETE"))
        for service in ("api", "jobs", "web"):
            self.has(service, TaskDefinition=f"arn:live:{service}")
        self.has("api", BlueWeight="1", GreenWeight="0", PrimaryTargets="blue")
        self.has("web", BlueWeight="1", GreenWeight="0", TaskDefinition="arn:first:web")
        self.write(**{"by.web": "CODE_DEPLOY", "made.shop-jobs": "BlueTargets Rule Service"})

    def there(self, **status: str) -> None:
        """Stacks by their status; those of services have the service, but for those that are AT_REST."""
        lines = []
        for name, said in status.items():
            runs = name in ("shop-api", "shop-jobs", "shop-web") and said == "UPDATE_COMPLETE"
            lines.append(
                f"{name}\t{said.replace(AT_REST, 'UPDATE_COMPLETE')}\t{'Service' if runs else None}\n"
            )
        self.write(there="".join(lines))

    def has(self, service: str, **parameters: str) -> None:
        """What else a service's stack has as parameters."""
        file = self.folder / f"has.shop-{service}"
        lines = file.read_text().splitlines() if file.exists() else ["VpcId=vpc-1", "SubnetIds=a,b"]
        said = dict(one.split("=") for one in lines) | parameters
        file.write_text("".join(f"{name}={value}\n" for name, value in said.items()))

    def write(self, **texts: str) -> None:
        for name, text in texts.items():
            (self.folder / name).write_text(text)

    def carried(self) -> dict[str, dict[str, str]]:
        """By stack, the values that it was given by its own template; "" for those it was to keep."""
        found = {}
        for one in self.asked("cloudformation update-stack"):
            assert "--use-previous-template --capabilities CAPABILITY_NAMED_IAM" in one
            given = one.partition(" --parameters ")[2].split()
            pairs = [
                re.fullmatch(r"ParameterKey=(\w+),(?:UsePreviousValue=true|ParameterValue=(.+))", it)
                for it in given
            ]
            found[one.split()[3]] = {pair[1]: pair[2] or "" for pair in pairs if pair}
        return found


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path, parse(SMALL))


def called(script: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The stacks that deploy.sh deploys, in order, with what each is given as it is written there."""
    project = re.findall(r"^PROJECT=(\S+)$", script, re.MULTILINE)[0]
    for line in script.replace(" \\\n  ", " ").splitlines():
        if hit := re.fullmatch(r"deploy(_service)? ([a-z0-9-]+)(.*)", line):
            name = f"{project}-{hit[2]}" if hit[1] else hit[2]
            yield name, dict(re.findall(r"(\w+)=(\S+)", hit[3]))


def test_the_files_are_the_same_for_the_same_project(project: Project) -> None:
    assert ejected(project) == ejected(project.model_copy(deep=True))


def test_every_stack_is_deployed_once_after_those_it_needs(project: Project) -> None:
    order = [name for name, _ in called(ejected(project)["deploy.sh"])]
    assert sorted(order) == sorted(one.name for one in stacks(project))
    for one in stacks(project):
        assert all(order.index(before) < order.index(one.name) for before in one.after)


def test_every_stack_is_given_what_it_is_to_have(project: Project) -> None:
    script = ejected(project)["deploy.sh"]
    given = dict(called(script))
    for one in stacks(project):
        for name, value in one.parameters.items():
            if isinstance(value, Output):
                variable = given[one.name][name].strip('"${}')
                read = f"\n{variable}=$(output {value.stack} {value.name})\n"
                assert 0 < script.index(read) < script.index(f'{name}="${variable}"')
            elif isinstance(value, str):
                assert given[one.name][name].strip("'") == value
            else:
                assert name == "TaskDefinition"
                assert name not in given[one.name]


def test_templates_are_those_of_the_stacks(project: Project) -> None:
    files = ejected(project)
    written = {path: text for path, text in files.items() if path.startswith("templates/")}
    assert {path: json.loads(text) for path, text in written.items()} == {
        f"templates/{one.name}.json": one.template for one in stacks(project)
    }


def test_task_definitions_and_appspecs_are_those_of_releases(project: Project) -> None:
    files = ejected(project)
    for one in project.services:
        text = files[f"taskdefs/{one}.json"]
        filled = text.replace("<ACCOUNT>", ACCOUNT).replace("<REGION>", project.region)
        assert json.loads(filled) == task_definition(project, one, IMAGE_PLACEHOLDER, ACCOUNT, project.region)
        spec = files.get(f"appspecs/{one}.json")
        assert (spec is not None) == project.has_codedeploy(one)
        assert spec is None or json.loads(spec) == appspec(project, one)


def test_the_scripts_are_sound(project: Project, tmp_path: Path) -> None:
    scripts = {path: text for path, text in ejected(project, ACCOUNT).items() if path.endswith(".sh")}
    for path, text in scripts.items():
        (tmp_path / path).write_text(text)
        subprocess.run(["bash", "-n", tmp_path / path], check=True)
    found = shutil.which("shellcheck", path=str(Path(sys.executable).parent)) or shutil.which("shellcheck")
    if found is None:
        pytest.skip("there is no shellcheck")
    done = subprocess.run(
        [found, "--external-sources", *scripts], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout == ""


def test_the_page_names_every_service_and_its_stacks(project: Project) -> None:
    page, names = ejected(project)["README.md"], Names.of(project)
    for one, wish in project.services.items():
        for said in (names.build_stack(one), names.stack(one), f"{wish.path}/buildspec.yml"):
            assert f"`{said}`" in page
    assert re.findall(r"@[A-Z]+@", page) == []


def long() -> Project:
    """With more topics than a template has room for in a call."""
    topics = ", ".join(f"a-topic-with-a-long-name-{number}: {{}}" for number in range(300))
    return parse(SMALL.replace("told: {}", f"told: {{}}, {topics}"))


def test_what_aws_would_refuse_is_refused_but_for_long_templates() -> None:
    assert "`source` is missing" in hindrances(projects()["bare"])[0]
    project = long()
    assert hindrances(project) == ()
    assert needs_bucket(stacks(project)) == ["shop-events"]
    assert "`shop-events`" in ejected(project)["README.md"]


def test_what_stands_for_something_else_is_refused_in_an_environment() -> None:
    said = hindrances(parse(SMALL.replace("<X>", "<ACCOUNT>")))
    assert said == (
        "api: its environment has the text <ACCOUNT>, which stands for something else in taskdefs/",
    )


def test_the_first_time_images_are_built_before_their_services(shell: Shell) -> None:
    shell.run("deploy.sh")
    given = shell.deployed()
    assert list(given) == [one.name for one in stacks(parse(SMALL))]
    assert given["shop-web-build"]["SourceLocation"] == "https://github.com/acme/shop$(x)"
    for service in ("api", "jobs", "web"):
        (build,) = shell.asked("codebuild start-build --project-name", f"shop-{service} ")
        assert "name=RELEASE,value=no,type=PLAINTEXT" in build
        assert given[f"shop-{service}"]["VpcId"] == "out-of-shop-network"
        assert given[f"shop-{service}"]["TaskDefinition"] == f"arn:of:{service}"
    builds = [one.split()[1] for one in shell.asked("codebuild")]
    assert builds == ["start-build"] * 3 + ["batch-get-builds"] * 3
    registered = json.loads((shell.folder / "registered.json").read_text())
    wanted = task_definition(parse(SMALL), "web", "out-of-shop-web-build:abc123", ACCOUNT, "eu-central-1")
    assert registered == wanted


OWNED = {"TaskDefinition", "BlueWeight", "GreenWeight", "PrimaryTargets"}
WEIGHTS = ("BlueWeight", "GreenWeight")


def test_what_releases_have_left_alone_stays_without_a_word(shell: Shell) -> None:
    shell.everything_is_there()
    shell.run("deploy.sh")
    assert shell.carried() == {}
    assert not any(OWNED & set(given) for given in shell.deployed().values())
    assert shell.asked("codebuild") == shell.asked("ecs register") == []


def test_what_releases_have_changed_is_in_the_stack_before_its_change(shell: Shell) -> None:
    shell.everything_is_there()
    shell.has("jobs", TaskDefinition="arn:before:jobs")
    shell.run("deploy.sh")
    assert shell.carried() == {
        "shop-jobs": {"VpcId": "", "SubnetIds": "", "TaskDefinition": "arn:live:jobs"},
    }
    asked = [" ".join(one.split()[1:4]) for one in shell.asked("cloudformation")]
    first = asked.index("update-stack --stack-name shop-jobs")
    assert asked[first + 1 : first + 3] == [
        "wait stack-update-complete --stack-name",
        "deploy --stack-name shop-jobs",
    ]
    assert "TaskDefinition" not in shell.deployed()["shop-jobs"]


@pytest.mark.parametrize(
    ("weights", "blue", "green"),
    [
        ("shop-web-BlueTargets\t0\nshop-web-GreenTargets\t1\n", "0", "1"),
        ("shop-web-GreenTargets\t100\nshop-web-BlueTargets\t0\n", "0", "100"),
        ("shop-web-GreenTargets\t1\n", "0", "1"),
    ],
)
def test_later_the_rule_keeps_its_weights(shell: Shell, weights: str, blue: str, green: str) -> None:
    shell.everything_is_there()
    shell.write(**{"weights.shop-web": weights})
    shell.run("deploy.sh")
    kept = {"VpcId": "", "SubnetIds": "", "TaskDefinition": ""}
    assert shell.carried() == {"shop-web": {**kept, "BlueWeight": blue, "GreenWeight": green}}
    assert not OWNED & set(shell.deployed()["shop-web"])


def test_a_stack_of_an_earlier_template_is_given_with_the_change_what_it_lacks(shell: Shell) -> None:
    shell.everything_is_there()
    shell.write(
        **{
            "has.shop-web": "VpcId=vpc-1\nTaskDefinition=arn:first:web\n",
            "weights.shop-web": "shop-web-GreenTargets\t100\n",
        }
    )
    shell.run("deploy.sh")
    given = shell.deployed()["shop-web"]
    assert [given[name] for name in WEIGHTS] == ["0", "100"]
    assert shell.carried() == {}


def test_where_ecs_takes_a_service_over_the_running_version_goes_with_the_change(shell: Shell) -> None:
    shell.everything_is_there()
    shell.write(
        **{
            "by.api": "CODE_DEPLOY",
            "has.shop-api": "TaskDefinition=arn:first:api\nBlueWeight=1\nGreenWeight=0\n",
            "weights.shop-api": "shop-api-GreenTargets\t100\n",
        }
    )
    shell.run("deploy.sh")
    given = shell.deployed()["shop-api"]
    assert (given["TaskDefinition"], given["PrimaryTargets"]) == ("arn:live:api", "green")
    assert shell.carried() == {"shop-api": {"TaskDefinition": "", "BlueWeight": "0", "GreenWeight": "100"}}


def test_a_stack_to_which_a_live_value_is_no_change_is_deployed_and_one_that_refuses_it_is_not(
    shell: Shell,
) -> None:
    shell.everything_is_there()
    shell.has("jobs", TaskDefinition="arn:before:jobs")
    shell.write(refusal="An error occurred (ValidationError): No updates are to be performed.\n")
    shell.run("deploy.sh")
    assert "shop-jobs" in shell.deployed()
    shell.write(refusal="An error occurred (AccessDenied)\n")
    assert "shop-jobs: An error occurred (AccessDenied)" in shell.run("deploy.sh", fails=True)
    assert "shop-jobs" not in shell.deployed()


def test_a_service_at_rest_begins_anew_at_blue_with_its_newest_image(shell: Shell) -> None:
    shell.everything_is_there()
    rest = {f"shop-{service}": AT_REST for service in ("api", "jobs", "web")}
    shell.there(**{"shop-network": "UPDATE_COMPLETE", **rest})
    for service in ("api", "jobs"):
        shell.write(**{f"image.{service}": ""})
    shell.run("deploy.sh")
    given = shell.deployed()
    assert {one: given[one]["TaskDefinition"] for one in rest} == {
        f"shop-{service}": f"arn:of:{service}" for service in ("api", "jobs", "web")
    }
    assert [given["shop-web"][name] for name in WEIGHTS] == ["1", "0"]
    assert given["shop-api"]["PrimaryTargets"] == "blue"
    assert [one.split()[3] for one in shell.asked("codebuild start-build")] == ["shop-web"]
    assert shell.carried() == {}
    assert shell.asked("ecs describe-services") == shell.asked("elbv2") == []


def test_a_rule_that_is_being_shifted_is_not_touched(shell: Shell) -> None:
    shell.everything_is_there()
    (shell.folder / "weights.shop-web").write_text("shop-web-BlueTargets\t90\nshop-web-GreenTargets\t10\n")
    assert "a release is shifting traffic (blue and green 90 10)" in shell.run("deploy.sh", fails=True)
    assert "shop-web" not in shell.deployed()


def test_what_could_not_be_made_is_made_anew(shell: Shell) -> None:
    shell.there(**{"shop-network": "UPDATE_COMPLETE", "shop-web": "ROLLBACK_COMPLETE"})
    shell.run("deploy.sh")
    (deleted,) = shell.asked("cloudformation delete-stack")
    assert deleted.endswith("--stack-name shop-web")
    assert shell.deployed()["shop-web"]["TaskDefinition"] == "arn:of:web"


def test_nothing_goes_on_after_a_failure(shell: Shell) -> None:
    (shell.folder / "broken").write_text("shop")
    shell.run("deploy.sh", fails=True)
    assert list(shell.deployed()) == ["shop-network", "shop"]
    (shell.folder / "broken").unlink()
    (shell.folder / "build").write_text("FAILED\n")
    assert "shop-api:1: FAILED" in shell.run("deploy.sh", fails=True)
    assert "shop-api" not in shell.deployed()


def test_tasks_are_told_of_the_brokers_once(shell: Shell) -> None:
    shell.run("deploy.sh")
    told = {one.split()[3]: one.split()[5] for one in shell.asked("ssm put-parameter")}
    assert told == {
        "/shop/kafka/bootstrap-servers": "b-1:9094,b-2:9094",
        "/shop/kafka/ca": "system",
    }
    shell.run("deploy.sh")
    assert shell.asked("ssm put-parameter") == []


def test_long_templates_go_by_a_bucket(tmp_path: Path) -> None:
    shell = Shell(tmp_path, long())
    assert "too long for a call to CloudFormation: shop-events" in shell.run("deploy.sh", fails=True)
    assert shell.asked("cloudformation deploy") == []
    shell.run("deploy.sh", BUCKET="mine")
    assert all("--s3-bucket mine --s3-prefix shop" in one for one in shell.asked("cloudformation deploy"))


def test_no_other_account_is_touched(tmp_path: Path) -> None:
    shell = Shell(tmp_path, parse(SMALL), "222222222222")
    for script, words in (("deploy.sh", ()), ("release.sh", ("web", "x")), ("down.sh", ("--yes",))):
        assert "are of 111111111111, not of 222222222222" in shell.run(script, *words, fails=True)
        assert [one.split()[0] for one in shell.asked()] == ["sts"]


def test_an_image_is_released_by_whoever_releases_the_service(shell: Shell) -> None:
    image = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/shop/web@sha256:{'0' * 64}"
    shell.run("release.sh", "web", image, REGION="eu-west-1")
    (deployed,) = shell.asked("ecs deploy")
    assert "--cluster shop --service web" in deployed
    assert deployed.endswith("--codedeploy-appspec appspecs/web.json")
    for service in ("api", "jobs"):
        shell.run("release.sh", service, image, REGION="eu-west-1")
        (updated,) = shell.asked("ecs update-service")
        assert f"--service {service} --task-definition arn:of:{service}" in updated
        registered = json.loads((shell.folder / "registered.json").read_text())
        assert registered == task_definition(parse(SMALL), service, image, ACCOUNT, "eu-west-1")


@pytest.mark.parametrize("words", [(), ("web",), ("nobody", "image"), ("web", "image", "more")])
def test_a_release_without_its_words_says_which_it_takes(shell: Shell, words: tuple[str, ...]) -> None:
    assert "usage: ./release.sh SERVICE IMAGE; services: api jobs web" in shell.run(
        "release.sh", *words, fails=True
    )


def test_everything_is_taken_down_in_reverse_and_only_if_asked_for(shell: Shell) -> None:
    assert "nothing is deleted" in shell.run("down.sh", fails=True)
    assert shell.asked("cloudformation") == []
    said = shell.run("down.sh", "--yes")
    gone = [one.split()[-1] for one in shell.asked("cloudformation delete-stack")]
    place = {one.name: gone.index(one.name) for one in stacks(parse(SMALL))}
    assert len(gone) == len(place)
    for one in stacks(parse(SMALL)):
        assert all(place[before] > place[one.name] for before in one.after)
    assert shell.asked("ssm delete-parameters --names /shop/kafka/bootstrap-servers /shop/kafka/ca")
    assert "Gone" in said
