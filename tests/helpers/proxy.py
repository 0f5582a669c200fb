"""A reverse proxy for tests: passes connections on, with headers added to the head of each request's first line."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence


@contextlib.contextmanager
def proxy(to_port: int, headers: Sequence[str], strip: Sequence[str] = ()) -> Iterator[int]:
    """The port of a proxy that adds these lines to every connection's first request, and takes others out.

    One request a connection: "Connection: close" is said for those that do not become a WebSocket.
    """
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", to_port)) as server:
            head = b""
            while b"\r\n\r\n" not in head:
                more = client.recv(65536)
                if not more:
                    return
                head += more
            head, _, body = head.partition(b"\r\n\r\n")
            lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(_names(strip))]
            if b"upgrade: websocket" not in head.lower():
                lines = [line for line in lines if not line.lower().startswith(b"connection:")] + [b"Connection: close"]
            lines += [line.encode() for line in headers]
            server.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            _pump(client, server)
            back.join()

    def listen() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


def _names(headers: Sequence[str]) -> tuple[bytes, ...]:
    return tuple(f"{name.lower()}:".encode() for name in headers)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
