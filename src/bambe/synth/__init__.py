"""Turns a project into CloudFormation templates, and a service into its task definition and AppSpec."""

from bambe.synth.alarms import alarm_names
from bambe.synth.build import build_template
from bambe.synth.costs import Cost, Costs, costs
from bambe.synth.events import events_template
from bambe.synth.limits import problems
from bambe.synth.names import Names
from bambe.synth.network import network_template
from bambe.synth.release import APPSPEC_PLACEHOLDER, IMAGE_PLACEHOLDER, appspec, task_definition
from bambe.synth.service import service_template
from bambe.synth.shared import shared_template
from bambe.synth.stacks import FirstTaskDefinition, Output, Stack, stacks

__all__ = [
    "APPSPEC_PLACEHOLDER",
    "IMAGE_PLACEHOLDER",
    "Cost",
    "Costs",
    "FirstTaskDefinition",
    "Names",
    "Output",
    "Stack",
    "alarm_names",
    "appspec",
    "build_template",
    "costs",
    "events_template",
    "network_template",
    "problems",
    "service_template",
    "shared_template",
    "stacks",
    "task_definition",
]
