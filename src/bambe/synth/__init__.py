"""Turns a project into CloudFormation templates, and a service into its task definition and AppSpec."""

from bambe.synth.alarms import alarm_names
from bambe.synth.names import Names
from bambe.synth.release import APPSPEC_PLACEHOLDER, IMAGE_PLACEHOLDER, appspec, task_definition
from bambe.synth.service import service_template
from bambe.synth.shared import shared_template

__all__ = [
    "APPSPEC_PLACEHOLDER",
    "IMAGE_PLACEHOLDER",
    "Names",
    "alarm_names",
    "appspec",
    "service_template",
    "shared_template",
    "task_definition",
]
