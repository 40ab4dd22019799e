"""ECS's types (clusters, capacity providers, task definitions, services), as CloudFormation makes them."""

from bambe.services.ecs.resources.cluster import CLUSTER, PROVIDED
from bambe.services.ecs.resources.definition import DEFINITION
from bambe.services.ecs.resources.service import SERVICE

RESOURCES = (CLUSTER, PROVIDED, DEFINITION, SERVICE)
