"""A small web server for the shop's services: JSON routes, a health page, a graceful stop."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

CONNECT, ANSWER = 0.3, 5.0
"""Seconds to reach a neighbour on the same network, and to wait for what it says."""

Route = Callable[[str], Any]
"""A path in, something JSON can write out; an exception becomes a 500."""


class Server(ThreadingHTTPServer):
    """Counts requests in flight, so that a stop can wait for them."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int) -> None:
        super().__init__(("", port), Handler)
        self.name = self.version = ""
        self.routes: dict[str, Route] = {}
        self.busy = 0
        self.lock = threading.Lock()

    def route(self, path: str) -> Route | None:
        """The longest route that begins `path`."""
        hits = [
            prefix for prefix in self.routes if path == prefix or path.startswith(prefix.rstrip("/") + "/")
        ]
        return self.routes[max(hits, key=len)] if hits else None

    def quiet(self, seconds: float) -> None:
        """Wait until nothing is in flight, at most `seconds`."""
        end = time.monotonic() + seconds
        while self.busy and time.monotonic() < end:
            time.sleep(0.02)


class Handler(BaseHTTPRequestHandler):
    """One connection; keep-alive, as load balancers like it."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        with self.server.lock:
            self.server.busy += 1
        try:
            self.answer()
        finally:
            with self.server.lock:
                self.server.busy -= 1

    do_POST = do_PUT = do_DELETE = do_GET

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        path = self.path.partition("?")[0]
        route = self.server.route(path)
        if route is None:
            self.reply(404, {"error": f"{self.server.name} has no {path}"})
            return
        try:
            self.reply(200, route(path))
        except Exception as error:  # noqa: BLE001 - whatever a route raises is this request's 500
            self.reply(500, {"error": str(error)})
            print(f"500 {path}: {error}", flush=True)

    def reply(self, status: int, body: Any) -> None:
        data = json.dumps(
            {"service": self.server.name, "version": self.server.version, "body": body}
        ).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.send_header("x-service", self.server.name)
        self.send_header("x-version", self.server.version)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of single requests."""


def serve(
    name: str, version: str, routes: dict[str, Route], finish: Callable[[], None] = lambda: None
) -> None:
    """Serve `routes` and /health on $PORT until SIGTERM, then `finish` and end what is in flight."""
    server = Server(int(os.environ.get("PORT", "8080")))
    server.name, server.version = name, version
    server.routes = {"/health": lambda _: "ok", **routes}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"{name} {version} listens on {server.server_port} of {socket.gethostname()}", flush=True)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    stop.wait()
    finish()
    server.shutdown()
    server.quiet(20)
    print(f"{name} {version} has finished", flush=True)


def ask(url: str, tries: int = 3) -> Any:
    """What another service answers under `url`.

    A name can still have the address of a task that has just died: connecting gives up after
    `CONNECT` seconds and goes on with the next address, and a lost connection is tried again.
    """
    for left in reversed(range(tries)):
        try:
            return get(url)
        except (OSError, HTTPException) as error:
            if not left:
                raise OSError(f"{url}: {error!r}") from error
    raise AssertionError


def get(url: str) -> Any:
    """One GET; an answer that is no success is a ValueError, since trying again would not help."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=CONNECT)
    try:
        connection.connect()
        connection.sock.settimeout(ANSWER)
        connection.request("GET", parts.path or "/")
        response = connection.getresponse()
        if response.status >= 400:
            raise ValueError(f"{url} answers {response.status}")
        return json.load(response)
    finally:
        connection.close()
