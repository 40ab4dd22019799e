"""aiokafka as a program: `produce` what standard input says, or `consume` so many records.

Settings are librdkafka's, as JSON in the first argument; records are lines `key|value`.
"""

import asyncio
import json
import ssl
import sys
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer


def options(said):
    found = {"bootstrap_servers": said["bootstrap.servers"], "security_protocol": said["security.protocol"]}
    if "ssl.ca.location" in said:
        found["ssl_context"] = ssl.create_default_context(cafile=said["ssl.ca.location"])
    if "sasl.username" in said:
        found |= {"sasl_plain_username": said["sasl.username"], "sasl_plain_password": said["sasl.password"]}
        found["sasl_mechanism"] = said["sasl.mechanism"]
    return found


async def produce(settings, topic):
    async with AIOKafkaProducer(**options(settings), acks="all", enable_idempotence=True) as producer:
        under_way = []
        for line in sys.stdin:
            key, value = line.rstrip("\n").split("|", 1)
            under_way.append(await producer.send(topic, value.encode(), key.encode()))
        await asyncio.gather(*under_way)


async def consume(settings, topic, count):
    wish = {"group_id": str(uuid4()), "auto_offset_reset": "earliest"}
    consumer = AIOKafkaConsumer(topic, **options(settings), **wish)
    async with consumer, asyncio.timeout(30):
        for _ in range(count):
            message = await consumer.getone()
            sys.stdout.write(f"{message.key.decode()}|{message.value.decode()}\n")


what, said, topic, *count = sys.argv[1:]
settings = json.loads(said)
asyncio.run(produce(settings, topic) if what == "produce" else consume(settings, topic, int(count[0])))
