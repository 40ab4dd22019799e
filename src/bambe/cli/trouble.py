"""Errors of the AWS API and of the machine as one sentence for a person."""

from __future__ import annotations

from bambe.kernel.errors import BambeError

ADVICE = {
    "ApplicationDoesNotExistException": "`bambe up` makes it.",
    "ClusterNotFoundException": "`bambe up` makes it.",
    "ServiceNotFoundException": "`bambe up` makes it.",
    "DeploymentGroupDoesNotExistException": "`bambe up` makes it anew.",
}
"""What to do about errors of the API that a person brings about from outside of Bambe's commands."""


class Trouble(BambeError):
    """Something the person at the terminal can do something about; the message says what."""


def sentence(error: Exception) -> str | None:
    """What to say of `error`, or None for a bug, which keeps its traceback."""
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        EndpointConnectionError,
        WaiterError,
    )

    if isinstance(error, EndpointConnectionError):
        return "the platform does not answer: start it with `bambe up`."
    if isinstance(error, ClientError):
        said = error.response.get("Error", {})
        code = str(said.get("Code", "?"))
        hint = f"; {ADVICE[code]}" if code in ADVICE else ""
        message = str(said.get("Message", ""))
        return f"{error.operation_name}: {code}: {message.rstrip('.') if hint else message}{hint}"
    if isinstance(error, WaiterError | BotoCoreError):
        return str(error)
    if type(error).__module__ in ("cimpl", "confluent_kafka.error") and error.args:
        # The client of Kafka is imported only where it is used.
        said = error.args[0]
        return f"the Kafka cluster: {said.str() if hasattr(said, 'str') else said}."
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return None
