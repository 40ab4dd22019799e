"""The Lambda Runtime API for one invocation of a function that is an image, on 127.0.0.1:9001.

Started beside the image in the same network namespace: /invocation/event.json in, result.json out.
"""

from __future__ import annotations

import base64
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

FOLDER = "/invocation"
PREFIX = "/2018-06-01/runtime"


class Api(BaseHTTPRequestHandler):
    """GET invocation/next, POST invocation/ID/response and .../error, POST init/error."""

    protocol_version = "HTTP/1.1"
    about: ClassVar[dict[str, Any]] = {}
    given: ClassVar[bool] = False

    def do_GET(self) -> None:
        if self.path != f"{PREFIX}/invocation/next":
            self.answer(404)
            return
        if Api.given:
            threading.Event().wait()  # there is only one; the container is stopped meanwhile
        Api.given = True
        headers = {
            "Lambda-Runtime-Aws-Request-Id": self.about["id"],
            "Lambda-Runtime-Deadline-Ms": str(int(1000 * self.about["ends"])),
            "Lambda-Runtime-Invoked-Function-Arn": self.about["arn"],
        }
        print(f"START RequestId: {self.about['id']} Version: $LATEST", flush=True)
        self.answer(200, base64.b64decode(self.about["payload"]), headers)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path == f"{PREFIX}/invocation/{self.about['id']}/response":
            self.finish_with(body, "")
        elif self.path in (f"{PREFIX}/invocation/{self.about['id']}/error", f"{PREFIX}/init/error"):
            self.finish_with(body, "Unhandled")
        else:
            self.answer(404)

    def finish_with(self, payload: bytes, error: str) -> None:
        self.answer(202, b'{"status": "OK"}')
        print(f"END RequestId: {self.about['id']}", flush=True)
        result = {"payload": payload.decode(errors="replace"), "error": error, "log": ""}
        with open(f"{FOLDER}/result.new", "w") as file:
            json.dump(result, file)
        os.replace(f"{FOLDER}/result.new", f"{FOLDER}/result.json")

    def answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        return


def main() -> None:
    with open(f"{FOLDER}/event.json", "rb") as file:
        Api.about = json.load(file)
    ThreadingHTTPServer(("127.0.0.1", 9001), Api).serve_forever()


if __name__ == "__main__":
    main()
