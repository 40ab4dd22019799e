"""Gives the consumers of a service the part of the events that its release gives them.

A consumer group deals partitions out evenly to its members. So a version's part of the events is its part of
the members: during a release the tasks of both versions run as many consumers ("seats") as make up the
release's share, each with stock assignors and full fencing by the group. Each task finds out by itself,
from ECS and CodeDeploy, so it works on AWS and on one machine alike. See docs/consumers.md.

    def take(seat: Seat) -> None:
        consumer = Consumer({...})
        consumer.subscribe([...])
        try:
            with seat.watching(consumer):
                while not seat.ended:
                    ...consume and commit...
                    seat.count(handled=3, dead=1)
        finally:
            consumer.close()

    seats = Seats(take, settings)      # settings: how to reach Kafka, by librdkafka's names
    ...
    seats.stop()

Needs confluent-kafka and boto3, and a task role with the rights that docs/consumers.md names.
"""

from __future__ import annotations

from .running import Seats
from .seat import Seat

__all__ = ["Seat", "Seats"]
