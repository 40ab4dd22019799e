"""`access: scram`: every service is a user of its own, and the template is one that MSK takes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bambe.project import parse
from bambe.project.events import Events
from bambe.synth import Names, build_template, events_template, task_definition
from bambe.synth.users import CLI

PROJECT = parse("""
project: shop
events: {access: scram, topics: {orders.created: {}}}
services:
  orders: {path: s/orders, port: 80, route: default, produces: [orders.created]}
  notifier: {path: s/notifier, port: 80, release: rolling, consumes: [orders.created]}
  other: {path: s/other, port: 80, release: rolling}
""")


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """Properties by logical id of the stack's resources of a type."""
    assert PROJECT.events is not None
    made = events_template(PROJECT, PROJECT.events)["Resources"]
    return {name: one["Properties"] for name, one in made.items() if one["Type"] == kind}


def test_every_service_with_events_has_a_secret_of_its_own_and_so_has_the_command_line() -> None:
    secrets = resources("AWS::SecretsManager::Secret")
    recipes = {one["Name"]: one["GenerateSecretString"] for one in secrets.values()}
    users = {name: json.loads(one["SecretStringTemplate"])["username"] for name, one in recipes.items()}
    assert users == {
        "AmazonMSK_shop_orders": "orders",
        "AmazonMSK_shop_notifier": "notifier",
        "AmazonMSK_shop_bambe.cli": CLI,
    }
    assert {one["GenerateStringKey"] for one in recipes.values()} == {"password"}
    assert all(one["ExcludePunctuation"] and one["PasswordLength"] >= 32 for one in recipes.values())
    ((association,),) = (resources("AWS::MSK::BatchScramSecret").values(),)
    assert {one["Ref"] for one in association["SecretArnList"]} == set(secrets)
    assert association["ClusterArn"] == {"Ref": "Cluster"}


def test_the_secrets_lie_under_a_key_that_is_not_secrets_managers_own() -> None:
    ((key, said),) = resources("AWS::KMS::Key").items()
    assert said["EnableKeyRotation"] is True
    secrets = resources("AWS::SecretsManager::Secret").values()
    assert [one["KmsKeyId"] for one in secrets] == [{"Ref": key}] * 3
    by_name = {one["Sid"]: one for one in said["KeyPolicy"]["Statement"]}
    actions = {name: set(one["Action"]) for name, one in by_name.items()}
    assert not any("*" in action for every in actions.values() for action in every)
    using = {"kms:Decrypt", "kms:GenerateDataKey", "kms:CreateGrant", "kms:Encrypt"}
    assert {name: every & using for name, every in actions.items() if every & using} == {
        "SecretsOnly": {"kms:Decrypt", "kms:GenerateDataKey"},
        "MskReadsSecrets": {"kms:CreateGrant"},
    }
    assert "kms:ViaService" in by_name["SecretsOnly"]["Condition"]["StringEquals"]
    assert by_name["MskReadsSecrets"]["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def test_tasks_get_their_own_user_and_nobody_elses() -> None:
    def secrets(service: str) -> dict[str, str]:
        made = task_definition(PROJECT, service, "i", "1" * 12, "eu-central-1")["containerDefinitions"][0]
        plain = {one["name"]: one["value"] for one in made["environment"]}
        if service != "other":
            assert plain["KAFKA_SECURITY_PROTOCOL"] == "SASL_SSL"
            assert plain["KAFKA_SASL_MECHANISM"] == "SCRAM-SHA-512"
        found = {one["name"]: one["valueFrom"] for one in made.get("secrets", ())}
        return {name: arn for name, arn in found.items() if ":secretsmanager:" in arn}

    for service in ("orders", "notifier"):
        arn = f"arn:aws:secretsmanager:eu-central-1:111111111111:secret:AmazonMSK_shop_{service}"
        expected = {"KAFKA_USERNAME": f"{arn}:username::", "KAFKA_PASSWORD": f"{arn}:password::"}
        assert secrets(service) == expected
    assert secrets("other") == {}


def test_every_execution_role_reads_its_services_secret_alone() -> None:
    def rights(service: str, *also: str) -> list[dict[str, Any]]:
        made = build_template(PROJECT, service, also)["Resources"]["ExecutionRole"]["Properties"]
        return list(made["Policies"][0]["PolicyDocument"]["Statement"])

    read, decrypt = rights("orders")[-2:]
    secret = (
        "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:AmazonMSK_shop_orders"
    )
    assert read["Action"] == ["secretsmanager:GetSecretValue"]
    assert read["Resource"] == [{"Fn::Sub": f"{secret}-??????"}]
    assert decrypt["Action"] == ["kms:Decrypt"]
    ((alias,),) = (resources("AWS::KMS::Alias").values(),)
    assert decrypt["Condition"]["ForAnyValue:StringEquals"] == {"kms:ResourceAliases": alias["AliasName"]}
    assert decrypt["Condition"]["ArnLike"]["kms:EncryptionContext:SecretARN"] == read["Resource"][0]
    assert "kms:ViaService" in decrypt["Condition"]["StringEquals"]
    assert "AmazonMSK" not in json.dumps(rights("other"))


def test_tasks_that_run_still_read_their_secret_after_a_change_of_access() -> None:
    project = PROJECT.model_copy(update={"events": Events.model_validate({"access": "tls"})})

    def reads(*also: str) -> bool:
        return "AmazonMSK_shop_orders" in json.dumps(build_template(project, "orders", also))

    assert (reads("scram"), reads()) == (True, False)


@pytest.mark.parametrize(
    ("project", "user", "name"),
    [
        ("shop", "orders", "AmazonMSK_shop_orders"),
        ("shop", "email-worker", "AmazonMSK_shop_email-worker_"),
        ("my-shop", "x1", "AmazonMSK_my-shop_x1"),
        ("a-shop", "b", "AmazonMSK_a-shop_b_"),
    ],
)
def test_no_secret_ends_like_an_arn(project: str, user: str, name: str) -> None:
    assert Names(project).kafka_secret(user) == name
    assert name[-7] != "-"


@pytest.mark.parametrize(
    ("access", "also", "in_transit", "anybody", "scram", "ports"),
    [
        ("scram", [], "TLS", False, True, [9096]),
        ("scram", ["tls"], "TLS", True, True, [9096, 9094]),
        ("tls", ["scram"], "TLS", True, True, [9096, 9094]),
        ("tls", ["plaintext"], "TLS_PLAINTEXT", True, False, [9092, 9094]),
        ("plaintext", [], "PLAINTEXT", True, False, [9092]),
    ],
)
def test_what_running_tasks_use_stays_open(
    access: str, also: list[str], in_transit: str, anybody: bool, scram: bool, ports: list[int]
) -> None:
    wish = Events.model_validate({"access": access})
    made = events_template(PROJECT, wish, also)["Resources"]
    cluster = made["Cluster"]["Properties"]
    assert cluster["EncryptionInfo"]["EncryptionInTransit"]["ClientBroker"] == in_transit
    assert cluster["ClientAuthentication"]["Unauthenticated"]["Enabled"] is anybody
    assert cluster["ClientAuthentication"]["Sasl"]["Scram"]["Enabled"] is scram
    assert ("Users" in made) is scram
    group = made["BrokerSecurityGroup"]["Properties"]["SecurityGroupIngress"]
    assert {one["FromPort"] for one in group} == set(ports)


def test_without_scram_there_is_none_of_it() -> None:
    project = parse("project: shop\nevents: {}\nservices: {a1: {path: s, port: 80, route: default}}")
    assert project.events is not None
    kinds = {one["Type"] for one in events_template(project, project.events)["Resources"].values()}
    assert not kinds & {"AWS::KMS::Key", "AWS::SecretsManager::Secret", "AWS::MSK::BatchScramSecret"}
