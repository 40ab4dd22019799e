"""What the proxy is told when load balancers, rules and targets change, and what clients see of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bambe.engines.proxy.port import FixedResponse, Forward, TargetHealth
from bambe.kernel.errors import AwsError
from bambe.services.acm.authority import Authority
from bambe.services.acm.tables import CERTIFICATES
from bambe.services.elbv2 import certificates
from tests.support.house import House
from tests.unit.services.elbv2.conftest import Edge, group


def rules(house: House) -> list[Any]:
    return list(house.proxy.world.load_balancers[0].listeners[0].rules)


async def test_a_load_balancer_owns_an_address_twice_and_becomes_active(edge: Edge) -> None:
    shown = (await edge.elb.describe_load_balancers(Names=["shop"]))["LoadBalancers"][0]
    assert shown["State"]["Code"] == "active"
    addresses = shown["AvailabilityZones"][0]["LoadBalancerAddresses"][0]
    assert addresses == {"IpAddress": "127.200.255.10", "PrivateIPv4Address": "10.200.255.10"}
    assert edge.house.dns.records(shown["DNSName"]) == ["10.200.255.10"]
    listener = edge.house.proxy.world.load_balancers[0].listeners[0]
    assert (listener.port, len(listener.certificates)) == (443, 2)
    assert isinstance(rules(edge.house)[0].action, FixedResponse)


async def test_weights_reach_the_proxy(edge: Edge) -> None:
    rule = await edge.rule(blue=1, green=0)
    await edge.house.settle()
    assert list(rules(edge.house)[0].action.weights.values()) == [1, 0]
    groups = [{"TargetGroupArn": edge.blue, "Weight": 90}, {"TargetGroupArn": edge.green, "Weight": 10}]
    await edge.elb.modify_rule(
        RuleArn=rule, Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]
    )
    await edge.house.settle()
    action = rules(edge.house)[0].action
    assert isinstance(action, Forward)
    assert list(action.weights.values()) == [90, 10]
    assert rules(edge.house)[-1].conditions == ()


async def test_targets_become_healthy_when_the_proxy_says_so(edge: Edge) -> None:
    await edge.rule(blue=1, green=0)
    edge.house.proxy.default = TargetHealth.INITIAL
    await edge.elb.register_targets(TargetGroupArn=edge.blue, Targets=[{"Id": "10.200.0.5"}])
    await edge.house.advance(1)
    assert await edge.states(edge.blue) == ["initial"]
    edge.house.proxy.default = TargetHealth.HEALTHY
    await edge.house.advance(1)
    assert await edge.states(edge.blue) == ["healthy"]
    edge.house.proxy.default = TargetHealth.UNHEALTHY
    await edge.house.advance(2)
    assert await edge.states(edge.blue) == ["unhealthy"]


async def test_targets_of_a_group_in_no_rule_are_unused_and_unknown_to_the_proxy(edge: Edge) -> None:
    await edge.elb.register_targets(TargetGroupArn=edge.green, Targets=[{"Id": "10.200.0.5"}])
    await edge.house.advance(1)
    assert await edge.states(edge.green) == ["unused"]
    assert edge.house.proxy.world.target_groups == ()
    await edge.elb.deregister_targets(TargetGroupArn=edge.green, Targets=[{"Id": "10.200.0.5"}])
    assert await edge.states(edge.green) == []


async def test_a_target_drains_until_nothing_is_in_flight(edge: Edge) -> None:
    await edge.rule(blue=1, green=0)
    target = [{"Id": "10.200.0.5", "Port": 8080}]
    await edge.elb.register_targets(TargetGroupArn=edge.blue, Targets=target)
    await edge.house.advance(1)
    group_id = edge.blue.rsplit("/", 1)[-1]
    edge.house.proxy.set_active(group_id, "10.200.0.5", 8080, 3)
    await edge.elb.deregister_targets(TargetGroupArn=edge.blue, Targets=target)
    await edge.house.advance(5)
    assert await edge.states(edge.blue) == ["draining"]
    assert edge.house.proxy.world.target_groups[0].targets[0].draining
    edge.house.proxy.set_active(group_id, "10.200.0.5", 8080, 0)
    await edge.house.advance(1)
    assert await edge.states(edge.blue) == []
    answer = await edge.elb.describe_target_health(TargetGroupArn=edge.blue, Targets=target)
    health = answer["TargetHealthDescriptions"][0]["TargetHealth"]
    assert (health["State"], health["Reason"]) == ("unused", "Target.NotRegistered")


async def test_the_deregistration_delay_is_the_longest_drain(edge: Edge) -> None:
    await edge.rule(blue=1, green=0)
    attributes = [{"Key": "deregistration_delay.timeout_seconds", "Value": "20"}]
    await edge.elb.modify_target_group_attributes(TargetGroupArn=edge.blue, Attributes=attributes)
    await edge.elb.register_targets(TargetGroupArn=edge.blue, Targets=[{"Id": "10.200.0.5"}])
    await edge.house.advance(1)
    edge.house.proxy.set_active(edge.blue.rsplit("/", 1)[-1], "10.200.0.5", 8080, 1)
    await edge.elb.deregister_targets(TargetGroupArn=edge.blue, Targets=[{"Id": "10.200.0.5"}])
    await edge.house.advance(18)
    assert await edge.states(edge.blue) == ["draining"]
    await edge.house.advance(3)
    assert await edge.states(edge.blue) == []


async def test_a_deleted_load_balancer_leaves_the_proxy_and_the_names(edge: Edge) -> None:
    await edge.rule(blue=1, green=0)
    await edge.elb.delete_load_balancer(LoadBalancerArn=edge.balancer)
    await edge.house.settle()
    assert edge.house.proxy.world.load_balancers == ()
    assert edge.house.proxy.world.target_groups == ()
    await edge.elb.delete_target_group(TargetGroupArn=edge.blue)
    left = (await edge.house.aws.acm.list_certificates())["CertificateSummaryList"]
    assert [one["DomainName"] for one in left] == ["shop.example"]


def forward(*arns: str, weight: int = 1) -> list[dict[str, Any]]:
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn in arns]
    return [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]


PATH = [{"Field": "path-pattern", "Values": ["/x"]}]


async def refused(edge: Edge, code: str, **request: Any) -> None:
    words = {"ListenerArn": edge.listener, "Priority": 20, "Conditions": PATH, "Actions": forward(edge.blue)}
    before = (await edge.elb.describe_rules(ListenerArn=edge.listener))["Rules"]
    with pytest.raises(AwsError) as caught:
        await edge.elb.create_rule(**{**words, **request})
    assert caught.value.wire_code() == code
    assert (await edge.elb.describe_rules(ListenerArn=edge.listener))["Rules"] == before


async def test_bad_rules_get_awss_errors_and_change_nothing(edge: Edge) -> None:
    await edge.rule(priority=10, blue=1)
    missing = edge.blue.replace("blue", "nope")
    await refused(edge, "PriorityInUse", Priority=10)
    await refused(edge, "TargetGroupNotFound", Actions=forward(missing))
    await refused(edge, "ListenerNotFound", ListenerArn=edge.listener + "0")
    await refused(edge, "ValidationError", Actions=forward(edge.blue, weight=1000))
    await refused(edge, "ValidationError", Conditions=[{"Field": "colour", "Values": ["red"]}])
    await refused(edge, "ValidationError", Conditions=[*PATH, *PATH])
    await refused(edge, "ValidationError", Conditions=[{"Field": "path-pattern", "Values": ["/*/*/*/*/*/*"]}])
    await refused(edge, "InvalidLoadBalancerAction", Actions=[{"Type": "authenticate-oidc"}])
    await refused(edge, "TooManyActions", Actions=[*forward(edge.blue), *forward(edge.green)])


async def test_what_is_in_use_stays(edge: Edge) -> None:
    await edge.rule(blue=1, green=0)
    with pytest.raises(AwsError, match="currently in use"):
        await edge.elb.delete_target_group(TargetGroupArn=edge.blue)
    listener = (await edge.elb.describe_listeners(ListenerArns=[edge.listener]))["Listeners"][0]
    for arn in (listener["Certificates"][0]["CertificateArn"], await add_certificate(edge)):
        with pytest.raises(AwsError, match="is in use"):
            await edge.house.aws.acm.delete_certificate(CertificateArn=arn)


async def test_an_https_listener_needs_a_certificate(edge: Edge) -> None:
    with pytest.raises(AwsError, match="A certificate must be specified"):
        await edge.elb.create_listener(
            LoadBalancerArn=edge.balancer, Port=444, Protocol="HTTPS", DefaultActions=forward(edge.blue)
        )


async def test_targets_are_addresses(edge: Edge) -> None:
    with pytest.raises(AwsError, match="not a valid IPv4 address"):
        await edge.elb.register_targets(TargetGroupArn=edge.blue, Targets=[{"Id": "i-123"}])
    with pytest.raises(AwsError, match="smaller than the interval"):
        await group(edge.house, "slow", HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=5)


async def add_certificate(edge: Edge) -> str:
    """One more certificate, served by SNI."""
    answer = await edge.house.aws.acm.request_certificate(DomainName="api.example")
    arn = str(answer["CertificateArn"])
    with pytest.raises(AwsError, match="must have a fully-qualified domain name"):
        await edge.elb.add_listener_certificates(
            ListenerArn=edge.listener, Certificates=[{"CertificateArn": arn}]
        )
    await edge.house.settle()
    await edge.elb.add_listener_certificates(
        ListenerArn=edge.listener, Certificates=[{"CertificateArn": arn}]
    )
    await edge.house.advance(1)
    return arn


async def test_another_default_certificate_leaves_the_others(edge: Edge) -> None:
    more = await add_certificate(edge)
    fresh = (await edge.house.aws.acm.request_certificate(DomainName="new.example"))["CertificateArn"]
    await edge.house.settle()
    await edge.elb.modify_listener(
        ListenerArn=edge.listener,
        Certificates=[{"CertificateArn": fresh}],
        SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06",
    )
    answer = await edge.elb.describe_listener_certificates(ListenerArn=edge.listener)
    assert [one["CertificateArn"] for one in answer["Certificates"]] == [fresh, more]
    listener = (await edge.elb.describe_listeners(ListenerArns=[edge.listener]))["Listeners"][0]
    assert listener["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"


async def test_a_deleted_certificate_of_its_own_is_made_anew(edge: Edge) -> None:
    acm, world = edge.house.aws.acm, edge.house.proxy
    listed = (await acm.list_certificates())["CertificateSummaryList"]
    own = next(one for one in listed if one["DomainName"] != "shop.example")
    before = world.world.load_balancers[0].listeners[0].certificates
    await acm.delete_certificate(CertificateArn=own["CertificateArn"])
    await edge.elb.add_tags(ResourceArns=[edge.balancer], Tags=[{"Key": "wake", "Value": "up"}])
    await edge.house.advance(1)
    after = world.world.load_balancers[0].listeners[0].certificates
    assert all(told.load_balancers[0].listeners for told in world.worlds[-3:])
    assert len(after) == 2
    assert after[0].id != before[0].id
    assert after[1] == before[1]


def served(edge: Edge) -> list[str]:
    """The certificates the proxy has, in order: the load balancer's own, then the listener's."""
    return [one.chain for one in edge.house.proxy.world.load_balancers[0].listeners[0].certificates]


async def test_a_certificate_imported_anew_is_served_without_waiting_for_a_resync(edge: Edge) -> None:
    acm, authority = edge.house.aws.acm, Authority(Path(edge.house.site.state) / "other")

    async def bring(**more: str) -> str:
        issued = authority.issue(["own.example"], "EC_prime256v1", edge.house.clock.now())
        material = {"Certificate": issued.certificate.encode(), "PrivateKey": issued.key.encode()}
        return str((await acm.import_certificate(**material, **more))["CertificateArn"])

    arn = await bring()
    await edge.elb.modify_listener(ListenerArn=edge.listener, Certificates=[{"CertificateArn": arn}])
    await edge.house.settle()
    before = served(edge)
    await bring(CertificateArn=arn)
    await edge.house.runners["elbv2.traffic"].once()
    assert served(edge)[0] == before[0]
    assert served(edge)[1] != before[1]


async def test_a_renewed_certificate_is_served_without_waiting_for_a_resync(edge: Edge) -> None:
    before = served(edge)
    await edge.house.clock.advance(timedelta(days=380).total_seconds())
    issuing, traffic = edge.house.runners["acm.issue"], edge.house.runners["elbv2.traffic"]
    await traffic.once()
    issuing.wake(await issuing.reconciler.keys())
    await issuing.once()
    await traffic.once()
    assert not set(served(edge)) & set(before)


def test_the_table_of_certificates_is_known_by_its_name() -> None:
    assert CERTIFICATES.name == certificates.TABLE


async def test_sticky_groups_need_a_sticky_rule(edge: Edge) -> None:
    sticky = [{"Key": "stickiness.enabled", "Value": "true"}]
    await edge.elb.modify_target_group_attributes(TargetGroupArn=edge.blue, Attributes=sticky)
    both = forward(edge.blue, edge.green)
    await refused(edge, "InvalidLoadBalancerAction", Actions=both)
    both[0]["ForwardConfig"]["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": 60}
    words = {"ListenerArn": edge.listener, "Priority": 20, "Conditions": PATH}
    await edge.elb.create_rule(**words, Actions=both)
    await edge.elb.create_rule(**{**words, "Priority": 21}, Actions=forward(edge.blue))


async def test_priorities_are_a_matter_of_one_listener(edge: Edge) -> None:
    answer = await edge.elb.create_listener(
        LoadBalancerArn=edge.balancer, Port=80, Protocol="HTTP", DefaultActions=forward(edge.blue)
    )
    words = {"Priority": 5, "Conditions": PATH, "Actions": forward(edge.blue)}
    other = await edge.elb.create_rule(ListenerArn=answer["Listeners"][0]["ListenerArn"], **words)
    first, second = await edge.rule(priority=1, blue=1), await edge.rule(priority=2, blue=1)

    async def set_priorities(**wanted: int) -> None:
        named = {"first": first, "second": second, "other": other["Rules"][0]["RuleArn"]}
        pairs = [{"RuleArn": named[name], "Priority": number} for name, number in wanted.items()]
        await edge.elb.set_rule_priorities(RulePriorities=pairs)

    await set_priorities(first=2, second=1, other=2)
    with pytest.raises(AwsError, match="currently in use"):
        await set_priorities(first=1)
    with pytest.raises(AwsError, match="currently in use"):
        await set_priorities(first=7, second=7)


async def test_the_port_of_the_checks_is_shown(edge: Edge) -> None:
    arn = await group(edge.house, "apart", HealthCheckPort="9000")
    await edge.elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": "10.200.0.5"}])
    for name, port in ((arn, "9000"), (edge.blue, "8080")):
        answer = await edge.elb.describe_target_health(TargetGroupArn=name, Targets=[{"Id": "10.200.0.5"}])
        assert answer["TargetHealthDescriptions"][0]["HealthCheckPort"] == port
