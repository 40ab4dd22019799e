"""The stock AWS CLI without its start-up, which takes most of the time of a short command: it is loaded once,
and forks for each command. To be run by the interpreter that the AWS CLI belongs to.

    python warm_cli.py SOCKET               serves
    python warm_cli.py SOCKET WORDS...      runs `aws WORDS...` there, in this directory, with these streams
"""

from __future__ import annotations

import json
import os
import socket
import sys


def serve(path: str) -> None:
    """Run one command after the other, for ever."""
    from awscli.clidriver import main

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        os.write(1, b"ready\n")
        while True:
            connection = listener.accept()[0]
            message, streams, _, _ = socket.recv_fds(connection, 1 << 20, 3)
            child = os.fork()
            if child == 0:
                _become(json.loads(message), streams)
                os._exit(_status(main))
            for stream in streams:
                os.close(stream)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            connection.sendall(bytes([status % 256]))
            connection.close()


def ask(path: str, words: list[str]) -> int:
    """Have a command run; its exit status."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        said = {"words": words, "directory": os.getcwd(), "environment": dict(os.environ)}
        socket.send_fds(connection, [json.dumps(said).encode()], [0, 1, 2])
        return connection.recv(1)[0]


def _become(said: dict, streams: list[int]) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.chdir(said["directory"])
    os.environ.update(said["environment"])
    sys.argv = ["aws", *said["words"]]


def _status(main) -> int:
    try:
        status = main()
    except SystemExit as end:
        status = end.code
    sys.stdout.flush()
    sys.stderr.flush()
    return status if isinstance(status, int) else int(status is not None)


if __name__ == "__main__":
    if sys.argv[2:]:
        sys.exit(ask(sys.argv[1], sys.argv[2:]))
    serve(sys.argv[1])
