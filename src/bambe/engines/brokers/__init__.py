"""Apache Kafka: the files its processes are started with, and a client of the running cluster."""

from bambe.engines.brokers.kafka import KafkaBrokers
from bambe.engines.brokers.port import Brokers, Cluster, Node, Process, Topic

__all__ = ["Brokers", "Cluster", "KafkaBrokers", "Node", "Process", "Topic"]
