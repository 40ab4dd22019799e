"""Users of a Kafka cluster (`access: scram`): a secret each, the key they lie under, and who may read them.

Key ── UserOrders, UserNotifier, ..., CliUser ── Users (AWS::MSK::BatchScramSecret) ── Cluster

Each service's execution role (task_roles.py) reads its own.
"""

from __future__ import annotations

import json
from typing import Any

from bambe.project import Project
from bambe.synth.names import Names, logical

Resource = dict[str, Any]
CLI = "bambe.cli"
"""The user of `bambe events`; no service can have this name."""
ADMINISTRATION = (
    *("CancelKeyDeletion", "DescribeKey", "DisableKey", "DisableKeyRotation", "EnableKey"),
    *("EnableKeyRotation", "GetKeyPolicy", "GetKeyRotationStatus", "ListGrants", "ListKeyPolicies"),
    *("ListResourceTags", "PutKeyPolicy", "RetireGrant", "RevokeGrant", "ScheduleKeyDeletion"),
    *("TagResource", "UntagResource", "UpdateKeyDescription"),
)
"""What those may do whom the account's IAM policies let: all about the key, and nothing with it."""


def services(project: Project) -> list[str]:
    """Those that have a user of their own."""
    return sorted(name for name, wish in project.services.items() if wish.has_events)


def sources(names: Names, service: str) -> dict[str, str]:
    """Where a service's tasks find who they are, in the form of bambe.yml's `secrets`."""
    secret = f"secretsmanager:{names.kafka_secret(service)}"
    return {"KAFKA_USERNAME": f"{secret}:username", "KAFKA_PASSWORD": f"{secret}:password"}


def users(project: Project, names: Names, cluster: Any) -> dict[str, Resource]:
    """What the template has more where the cluster, of this ARN, knows users."""
    secrets = {f"User{logical(one)}": _secret(names, one) for one in services(project)}
    secrets["CliUser"] = _secret(names, CLI)
    arns = [{"Ref": one} for one in sorted(secrets)]
    association = {"ClusterArn": cluster, "SecretArnList": arns}
    return {
        "Key": _key(names),
        "KeyName": {
            "Type": "AWS::KMS::Alias",
            "Properties": {"AliasName": names.kafka_key, "TargetKeyId": {"Ref": "Key"}},
        },
        **secrets,
        "Users": {"Type": "AWS::MSK::BatchScramSecret", "Properties": association},
    }


def _secret(names: Names, user: str) -> Resource:
    """As short as can be: those of a hundred services are to fit into one template."""
    recipe = {
        "SecretStringTemplate": json.dumps({"username": user}),
        "GenerateStringKey": "password",
        "PasswordLength": 32,
        # In a shell, a URL and a JAAS configuration letters and digits need no quotes.
        "ExcludePunctuation": True,
    }
    properties = {
        "Name": names.kafka_secret(user),
        "KmsKeyId": {"Ref": "Key"},
        "GenerateSecretString": recipe,
    }
    return {"Type": "AWS::SecretsManager::Secret", "Properties": properties}


def _key(names: Names) -> Resource:
    """MSK takes no secret that lies under Secrets Manager's own key (MSK: SASL/SCRAM, setting up)."""
    account = {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}
    use = {"StringEquals": {"kms:ViaService": secrets_manager()}}
    grants = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    statements = [
        _statement("Administration", account, ADMINISTRATION),
        _statement("SecretsOnly", account, ("Decrypt", "GenerateDataKey"), use),
        _statement("MskReadsSecrets", account, ("CreateGrant",), grants),
    ]
    properties = {
        "Description": f"{names.project}: passwords of Kafka's users",
        "EnableKeyRotation": True,
        "PendingWindowInDays": 7,
        "KeyPolicy": {"Version": "2012-10-17", "Statement": statements},
    }
    return {"Type": "AWS::KMS::Key", "Properties": properties}


def _statement(
    name: str, principal: Resource, actions: tuple[str, ...], condition: Resource | None = None
) -> Resource:
    said = {
        "Sid": name,
        "Effect": "Allow",
        "Principal": principal,
        "Action": [f"kms:{action}" for action in actions],
        "Resource": "*",
    }
    return said | ({"Condition": condition} if condition else {})


def secrets_manager() -> Resource:
    """Through whom the key is used."""
    return {"Fn::Sub": "secretsmanager.${AWS::Region}.amazonaws.com"}
