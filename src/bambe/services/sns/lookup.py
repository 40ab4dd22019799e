"""Finding topics and subscriptions by ARN, and one page of a list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bambe.kernel.arn import Arn, is_arn
from bambe.kernel.call import Answer, Call, Tx
from bambe.kernel.errors import AwsError
from bambe.kernel.pages import page
from bambe.services.sns.errors import InvalidParameterException, NotFoundException
from bambe.services.sns.model import Subscription, Topic
from bambe.services.sns.tables import SUBSCRIPTIONS, TOPICS

PAGE = 100


def topic(tx: Tx, call: Call, arn: str, missing: type[AwsError] = NotFoundException) -> Topic:
    """The topic of an ARN; NotFound. Accounts see their own."""
    found = TOPICS.find(tx, *_parts(call, arn, "TopicArn", 1))
    if found is None:
        raise missing("Topic does not exist")
    return found


def subscription(tx: Tx, call: Call, arn: str) -> Subscription:
    """The subscription of an ARN; NotFound."""
    found = SUBSCRIPTIONS.find(tx, *_parts(call, arn, "SubscriptionArn", 2))
    if found is None:
        raise NotFoundException("Subscription does not exist")
    return found


def _parts(call: Call, arn: str, member: str, count: int) -> tuple[str, ...]:
    """Account, region and names of an ARN. A region need not be the caller's: links are followed anywhere."""
    if is_arn(arn):
        parsed = Arn.parse(arn)
        names = parsed.resource.split(":")
        if parsed.service == "sns" and len(names) == count and parsed.account == call.account:
            return (parsed.account, parsed.region, *names)
    raise InvalidParameterException(f"Invalid parameter: {member} Reason: {arn} is not an ARN of yours")


def paged(member: str, items: list[Answer], request: Mapping[str, Any]) -> Answer:
    """One page of a list; InvalidParameter."""
    try:
        some, token = page(items, request.get("NextToken"), PAGE)
    except ValueError:
        raise InvalidParameterException("Invalid parameter: NextToken") from None
    return {member: some, **({"NextToken": token} if token else {})}


async def change_topic(call: Call, arn: str, to: Callable[[Topic], Topic]) -> None:
    """Find a topic and write what `to` makes of it."""

    def write(tx: Tx) -> None:
        TOPICS.update(tx, to(topic(tx, call, arn)))

    await call.store.write(write)
