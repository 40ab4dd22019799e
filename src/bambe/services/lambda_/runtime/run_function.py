"""Runs a Python function once: /invocation/event.json in, /invocation/result.json out.

Started inside a container with the function's files in /var/task. It prints what AWS's runtime prints.
"""

from __future__ import annotations

import base64
import importlib
import io
import json
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, TextIO

FOLDER = "/invocation"
TASK = "/var/task"
KEPT = 4096


class Tee(io.TextIOBase):
    """Writes through, and remembers the end."""

    def __init__(self, through: TextIO) -> None:
        self.through = through
        self.kept = ""

    def write(self, text: str) -> int:
        self.through.write(text)
        self.through.flush()
        self.kept = (self.kept + text)[-KEPT:]
        return len(text)

    def flush(self) -> None:
        self.through.flush()


class Context:
    """The second argument of a handler."""

    def __init__(self, about: dict[str, Any]) -> None:
        self.aws_request_id = about["id"]
        self.invoked_function_arn = about["arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None
        self._ends = about["ends"]

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int(1000 * (self._ends - time.time())))


def main() -> None:
    with open(f"{FOLDER}/event.json", "rb") as file:
        about = json.load(file)
    event = json.loads(base64.b64decode(about["payload"]) or b"null")
    out = Tee(sys.stdout)
    sys.stdout = sys.stderr = out
    print(f"START RequestId: {about['id']} Version: $LATEST")
    began = time.monotonic()
    try:
        sys.path.insert(0, TASK)
        os.chdir(TASK)
        answer = handler(os.environ["_HANDLER"])(event, Context(about))
        result = {"payload": json.dumps(answer), "error": ""}
    except BaseException as error:
        result = {"payload": json.dumps(failure(error)), "error": "Unhandled"}
        print(f"[ERROR] {type(error).__name__}: {error}\n{traceback.format_exc()}")
    report(about["id"], time.monotonic() - began)
    result["log"] = base64.b64encode(out.kept.encode()[-KEPT:]).decode()
    with open(f"{FOLDER}/result.new", "w") as file:
        json.dump(result, file)
    os.replace(f"{FOLDER}/result.new", f"{FOLDER}/result.json")


def handler(name: str) -> Callable[[Any, Context], Any]:
    module, _, function = name.rpartition(".")
    if not module:
        raise RuntimeError(f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)")
    try:
        found = importlib.import_module(module.replace("/", "."))
    except ImportError as error:
        raise ImportError(f"Unable to import module '{module}': {error}") from error
    if not hasattr(found, function):
        raise AttributeError(f"Handler '{function}' missing on module '{module}'")
    chosen: Callable[[Any, Context], Any] = getattr(found, function)
    return chosen


def failure(error: BaseException) -> dict[str, Any]:
    lines = traceback.format_list(traceback.extract_tb(error.__traceback__))
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "requestId": os.environ.get("AWS_REQUEST_ID", ""),
        "stackTrace": [line for line in lines if "run_function.py" not in line],
    }


def report(request: str, seconds: float) -> None:
    milliseconds = 1000 * seconds
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"END RequestId: {request}")
    print(
        f"REPORT RequestId: {request}\tDuration: {milliseconds:.2f} ms\t"
        f"Billed Duration: {int(milliseconds) + 1} ms\t"
        f"Memory Size: {os.environ['AWS_LAMBDA_FUNCTION_MEMORY_SIZE']} MB\tMax Memory Used: {used} MB"
    )


if __name__ == "__main__":
    main()
