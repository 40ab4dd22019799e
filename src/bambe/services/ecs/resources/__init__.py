"""AWS::ECS::Cluster, AWS::ECS::TaskDefinition and AWS::ECS::Service, as CloudFormation makes them."""

from bambe.services.ecs.resources.cluster import CLUSTER
from bambe.services.ecs.resources.definition import DEFINITION
from bambe.services.ecs.resources.service import SERVICE

RESOURCES = (CLUSTER, DEFINITION, SERVICE)
