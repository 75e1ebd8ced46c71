"""A remote shell for hosts that are namespaces: what ssh is between machines, over their link.

`shell.py serve` is a host's first process. `shell.py HOST LINE` runs a shell's line on a host, with
this process's standard input, prints what it prints, and ends with its status; with 255 where the
connection ends before.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading

_PORT = 22


def serve() -> None:
    listener = socket.create_server(("", _PORT))
    # Who waits for the host to be up.
    print("up", flush=True)
    while True:
        threading.Thread(target=_run, args=listener.accept()[:1], daemon=True).start()


def _run(connection: socket.socket) -> None:
    line = b""
    while not line.endswith(b"\n"):
        line += connection.recv(1)
    # The end of the connection is the end of its input, as with ssh without a terminal.
    child = subprocess.Popen(
        ["sh", "-c", line.decode()],
        stdin=connection, stdout=connection, stderr=connection, start_new_session=True,
    )  # fmt: skip
    status = child.wait()
    connection.sendall(b"\0%d\0" % (status % 256))
    connection.close()


def run(host: str, line: str) -> int:
    connection = socket.create_connection((host, _PORT))
    connection.sendall(line.encode() + b"\n")
    threading.Thread(target=_send_input, args=[connection], daemon=True).start()
    tail = b""
    try:
        while data := connection.recv(4096):
            sys.stderr.buffer.write(data.partition(b"\0")[0])
            sys.stderr.flush()
            tail = (tail + data)[-16:]
    except OSError as error:
        print(f"shell.py: {error}", file=sys.stderr)
    return int(tail.split(b"\0")[1]) if tail.endswith(b"\0") else 255


def _send_input(connection: socket.socket) -> None:
    while data := os.read(0, 4096):
        connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        os._exit(run(*sys.argv[1:]))
