"""Users of a cluster, from their secrets to the brokers."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.services.kafka.conftest import Town, refused

SCRAM: dict[str, Any] = {"ClientAuthentication": {"Sasl": {"Scram": {"Enabled": True}}}}


def value(name: str, password: str = "secret") -> str:
    return json.dumps({"username": name, "password": password})


async def key(town: Town) -> str:
    return str((await town.house.aws.kms.create_key())["KeyMetadata"]["Arn"])


async def secret(town: Town, name: str, **more: Any) -> str:
    """A secret as MSK takes it, but for what is said; its ARN."""
    request = {"Name": f"AmazonMSK_{name}", "KmsKeyId": await key(town), "SecretString": value(name), **more}
    return str((await town.house.aws.secretsmanager.create_secret(**request))["ARN"])


async def associate(town: Town, cluster: str, *arns: str) -> dict[str, str]:
    """Message by ARN of those that cannot be users."""
    answer = await town.kafka.batch_associate_scram_secret(ClusterArn=cluster, SecretArnList=list(arns))
    assert {one["ErrorCode"] for one in answer["UnprocessedScramSecrets"]} <= {"InvalidSecretArn"}
    return {one["SecretArn"]: one["ErrorMessage"] for one in answer["UnprocessedScramSecrets"]}


async def users(town: Town) -> dict[str, str]:
    """Whom the brokers let in, after the loops had their turn."""
    await town.house.advance(6, 0.5)
    (found,) = town.house.brokers.users.values()
    return dict(found)


async def test_exactly_the_users_whose_secrets_are_associated_come_in(town: Town) -> None:
    cluster, ann, ben = await town.cluster(**SCRAM), await secret(town, "ann"), await secret(town, "ben")
    assert await associate(town, cluster, ann, ben) == {}
    assert await users(town) == {"ann": "secret", "ben": "secret"}
    assert (await town.kafka.list_scram_secrets(ClusterArn=cluster))["SecretArnList"] == [ann, ben]
    answer = await town.kafka.batch_disassociate_scram_secret(
        ClusterArn=cluster, SecretArnList=[ann, "arn:aws:secretsmanager:eu-central-1:0:secret:other-aaaaaa"]
    )
    assert len(answer["UnprocessedScramSecrets"]) == 1
    assert await users(town) == {"ben": "secret"}


async def test_no_secret_takes_over_the_user_of_another_one(town: Town) -> None:
    cluster, ann, ben = await town.cluster(**SCRAM), await secret(town, "ann"), await secret(town, "ben")
    await associate(town, cluster, ann, ben)
    assert await users(town) == {"ann": "secret", "ben": "secret"}
    stolen = json.dumps({"username": "ben", "password": "mine"})
    await town.house.aws.secretsmanager.put_secret_value(SecretId=ann, SecretString=stolen)
    assert await users(town) == {"ben": "secret"}


async def test_a_secret_must_have_the_name_the_key_and_the_value_that_msk_wants(town: Town) -> None:
    cluster, off = await town.cluster(**SCRAM), await key(town)
    await town.house.aws.kms.disable_key(KeyId=off)
    wrong = {
        await secret(town, "", Name="ann"): "must have the prefix 'AmazonMSK_'",
        await secret(town, "b", KmsKeyId=""): "is encrypted with the default key",
        await secret(town, "c", KmsKeyId="alias/aws/secretsmanager"): "is encrypted with the default key",
        await secret(town, "d", KmsKeyId="11111111-2222-3333-4444-555555555555"): "wasn't able to access",
        await secret(town, "e", KmsKeyId=off): "wasn't able to access",
        await secret(town, "f", SecretString="no JSON"): 'JSON with "username" and "password"',
        await secret(town, "g", SecretString=value("")): 'JSON with "username" and "password"',
        "arn:aws:secretsmanager:eu-central-1:000000000000:secret:AmazonMSK_h-aaaaaa": "wasn't able to access",
    }
    troubles = await associate(town, cluster, *wrong)
    assert troubles.keys() == wrong.keys()
    assert [arn for arn, said in wrong.items() if said not in troubles[arn]] == []
    assert await users(town) == {}


async def test_a_new_password_reaches_the_brokers_by_itself(town: Town) -> None:
    cluster, ann = await town.cluster(**SCRAM), await secret(town, "ann")
    await associate(town, cluster, ann)
    assert await users(town) == {"ann": "secret"}
    await town.house.aws.secretsmanager.put_secret_value(SecretId=ann, SecretString=value("ann", "fresh"))
    assert await users(town) == {"ann": "fresh"}
    staged = ["AWSPENDING"]
    await town.house.aws.secretsmanager.put_secret_value(
        SecretId=ann, SecretString=value("ann", "later"), VersionStages=staged
    )
    assert await users(town) == {"ann": "fresh"}, "only the current version counts"


async def test_a_user_whose_secret_cannot_be_read_for_a_while_stays(town: Town) -> None:
    used, manager = await key(town), town.house.aws.secretsmanager
    cluster, ann = await town.cluster(**SCRAM), await secret(town, "ann", KmsKeyId=used)
    ben = await secret(town, "ben")
    await associate(town, cluster, ann, ben)
    assert await users(town) == {"ann": "secret", "ben": "secret"}
    await town.house.aws.kms.disable_key(KeyId=used)
    await manager.put_secret_value(SecretId=ben, SecretString=value("ben", "fresh"))
    assert await users(town) == {"ann": "secret", "ben": "fresh"}, "others are not held up"
    await town.house.aws.kms.enable_key(KeyId=used)
    await manager.put_secret_value(SecretId=ann, SecretString=value("ann", "later"))
    assert await users(town) == {"ann": "later", "ben": "fresh"}
    await manager.put_secret_value(SecretId=ann, SecretString="no JSON")
    assert await users(town) == {"ann": "later", "ben": "fresh"}
    await town.kafka.batch_disassociate_scram_secret(ClusterArn=cluster, SecretArnList=[ann])
    assert await users(town) == {"ben": "fresh"}
    await manager.delete_secret(SecretId=ben)
    assert await users(town) == {}, "one that is being deleted lets nobody in"


async def test_a_cluster_that_knows_users_no_more_lets_none_in_and_takes_them_back(town: Town) -> None:
    arn, ann = await town.cluster(**SCRAM), await secret(town, "ann")
    await associate(town, arn, ann)
    assert await users(town) == {"ann": "secret"}
    for scram, expected in ((False, {}), (True, {"ann": "secret"})):
        access = {"Unauthenticated": {"Enabled": not scram}, "Sasl": {"Scram": {"Enabled": scram}}}
        await town.kafka.update_security(**await town.version(arn), ClientAuthentication=access)
        await town.house.advance(10, 0.5)
        assert (await town.shown(arn))["State"] == "ACTIVE"
        assert await users(town) == expected


async def test_a_cluster_without_scram_has_no_users(town: Town) -> None:
    cluster, ann = await town.cluster(), await secret(town, "ann")
    code, _ = await refused(town.kafka.batch_associate_scram_secret(ClusterArn=cluster, SecretArnList=[ann]))
    assert code == "BadRequestException"
    assert town.house.brokers.users == {}
