"""confluent-kafka as a program: `produce` what standard input says, or `consume` so many records.

Settings are librdkafka's, as JSON in the first argument; records are lines `key|value`.
"""

import json
import sys
from uuid import uuid4

from confluent_kafka import Consumer, Producer


def produce(settings, topic):
    refused = []
    producer = Producer({**settings, "acks": "all", "enable.idempotence": True})
    for line in sys.stdin:
        key, value = line.rstrip("\n").split("|", 1)
        producer.produce(topic, value, key, on_delivery=lambda error, _: error and refused.append(error))
    if producer.flush(30) or refused:
        sys.exit(f"not written: {refused}")


def consume(settings, topic, count):
    consumer = Consumer({**settings, "group.id": str(uuid4()), "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    while count:
        for message in consumer.consume(count, 30) or sys.exit("nothing comes"):
            if message.error():
                sys.exit(str(message.error()))
            sys.stdout.write(f"{message.key().decode()}|{message.value().decode()}\n")
            count -= 1
    consumer.close()


what, said, topic, *count = sys.argv[1:]
settings = json.loads(said)
produce(settings, topic) if what == "produce" else consume(settings, topic, int(count[0]))
