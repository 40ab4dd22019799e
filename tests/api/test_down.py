"""`bambe down`: what `bambe up` wrote outside of stacks goes too."""

from __future__ import annotations

from bambe.cli.telling import forget_brokers
from tests.api.conftest import Edge


def test_what_tasks_were_told_of_brokers_goes_and_what_others_wrote_stays(edge: Edge) -> None:
    ssm = edge.aws("ssm")
    ours = ["/shop/kafka/bootstrap-servers", "/shop/kafka/ca"]
    theirs = ["/shop/kafka/password", "/other/kafka/ca", "/shop-events/kafka/ca"]
    for name in (*ours, *theirs):
        ssm.put_parameter(Name=name, Value="x", Type="String")
    forget_brokers(ssm, ["shop", "shop-orders", "shop-events", "bare-events"])
    left = [one["Name"] for one in ssm.describe_parameters()["Parameters"]]
    assert sorted(left) == sorted(theirs)
