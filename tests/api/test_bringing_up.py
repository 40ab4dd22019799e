"""What `bambe up` does before it changes anything of the stacks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bambe.cli.bringing_up import BringingUp
from bambe.cli.place import Local
from bambe.cli.stacks import Stacks
from bambe.cli.target import Target
from bambe.cli.trouble import Trouble
from bambe.project import parse
from tests.api.conftest import Edge

PROJECT = parse("project: shop\nservices: {orders: {path: s/orders, port: 80, route: default}}")


def test_stacks_that_were_cut_otherwise_are_left_alone(edge: Edge, tmp_path: Path) -> None:
    clients = {one: edge.aws(one) for one in ("cloudformation", "sts", "ec2")}
    work = BringingUp(Target(tmp_path, PROJECT, Local(tmp_path), clients), lambda line: None)
    old = {
        "Resources": {"Cluster": {"Type": "AWS::ECS::Cluster"}},
        "Outputs": {"DeployRole": {"Value": "x", "Export": {"Name": "shop-DeployRole"}}},
    }
    cloudformation = edge.aws("cloudformation")
    cloudformation.create_stack(StackName="shop", TemplateBody=json.dumps(old))
    edge.run(edge.house.advance(30, 1))
    with pytest.raises(Trouble, match=r"of an earlier Bambe.*`bambe down`, then `bambe up`"):
        work.shared()
    assert cloudformation.get_template(StackName="shop")["TemplateBody"] == old


def test_what_a_stack_names_is_read_from_its_template(edge: Edge) -> None:
    cloudformation = edge.aws("cloudformation")
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/a"}}
    body = json.dumps({"Resources": {"Logs": group, "Cluster": {"Type": "AWS::ECS::Cluster"}}})
    cloudformation.create_stack(StackName="shop", TemplateBody=body)
    edge.run(edge.house.advance(30, 1))
    stacks = Stacks(cloudformation)
    assert stacks.named("shop", "AWS::Logs::LogGroup", "LogGroupName") == {"/a"}
    assert stacks.named("other", "AWS::Logs::LogGroup", "LogGroupName") == set()
