"""Toy pose models: networks without a purpose, bundles and packages of them, a server that gives files out badly."""

from __future__ import annotations

import hashlib
import io
import re
import ssl
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType

import flatbuffers
from mediapipe.tasks.metadata import schema_py_generated as schema

from formcheck.vision.models.bundle import Recipe
from formcheck.vision.models.packages import Package, PackageFile


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def toy_network(outputs: int, weights: bytes) -> bytes:
    """A TensorFlow Lite file with one input, some outputs, one weight tensor and one metadata entry."""
    graph = schema.SubGraphT(
        tensors=[schema.TensorT(shape=[1, 2], name="tensor") for _ in range(outputs + 1)],
        inputs=[0],
        outputs=list(range(1, outputs + 1)),
        operators=[],
    )
    model = schema.ModelT(
        version=3,
        description="toy",
        subgraphs=[graph],
        buffers=[schema.BufferT(), schema.BufferT(data=list(weights))],
        metadata=[schema.MetadataT("min_runtime_version", 1)],
    )
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


WEIGHTS = bytes(range(251))
DETECTOR, LANDMARKS = toy_network(2, b"detector"), toy_network(5, WEIGHTS)
OTHER_LANDMARKS = {name: toy_network(5, name.encode() * 50) for name in ("lite", "heavy")}

WHEEL, TARBALL = Package("pip", "toy==1"), Package("npm", "@toy/pose@1")
IN_WHEEL = {"toy/detector.tflite": DETECTOR, "toy/full.tflite": LANDMARKS}
IN_TARBALL = {f"package/{name}.tflite": network for name, network in OTHER_LANDMARKS.items()}


def _file(package: Package, member: str) -> PackageFile:
    return PackageFile(package, member, sha256((IN_WHEEL | IN_TARBALL)[member]))


FULL = Recipe("full", _file(WHEEL, "toy/detector.tflite"), _file(WHEEL, "toy/full.tflite"))
TOY_RECIPES = (
    *(Recipe(name, FULL.detector, _file(TARBALL, f"package/{name}.tflite")) for name in OTHER_LANDMARKS),
    FULL,
)


def write_package(package: Package, folder: Path, changed: Mapping[str, bytes] = MappingProxyType({})) -> Path:
    """The archive of a toy package, with other content for some of its members: a `PackageSource`."""
    if package.client == "pip":
        path = folder / "toy-1-py3-none-any.whl"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
            for name, content in IN_WHEEL.items():
                wheel.writestr(name, changed.get(name, content))
        return path
    path = folder / "toy-pose-1.tgz"
    with tarfile.open(path, "w:gz") as tarball:
        for name, content in IN_TARBALL.items():
            content = changed.get(name, content)
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tarball.addfile(member, io.BytesIO(content))
    return path


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


@dataclass
class Server:
    """What it gives out, by file name; each request takes one behaviour off ``script``, "plain" when it is empty."""

    url: str
    content: dict[str, bytes]
    script: list[str] = field(default_factory=list)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """Path and range of every request."""
    stop: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serving(content: Mapping[str, bytes], tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server on this machine for as long as the block runs; ``tls`` = over HTTPS, with that certificate."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked_range = self.headers.get("Range")
            state.asked.append((self.path, asked_range))
            behaviour = state.script.pop(0) if state.script else "plain"
            body = state.content.get(self.path.rpartition("/")[2], b"")
            if behaviour == "redirect":
                self.send_response(302)
                self.send_header("Location", "/elsewhere" + self.path)
                self.end_headers()
                return
            if behaviour.isdigit():
                self.send_error(int(behaviour))
                return
            if behaviour == "silent":
                state.stop.wait(30)
                return
            match = re.fullmatch(r"bytes=(\d+)-", asked_range or "")
            if match and behaviour != "no-range":
                start = int(match[1])
                if start >= len(body):
                    self.send_error(416)
                    return
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
                body = body[start:]
            else:
                self.send_response(200)
            if behaviour != "no-length":
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if behaviour == "dribble":
                for position in range(len(body)):
                    if state.stop.wait(0.02):
                        return
                    try:
                        self.wfile.write(body[position : position + 1])
                    except OSError:
                        return
            self.wfile.write(body[: {"cut": len(body) // 2, "nothing": 0}.get(behaviour, len(body))])

        def log_message(self, *args: object) -> None:
            pass

    http_server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        http_server.socket = tls.wrap_socket(http_server.socket, server_side=True)
    scheme = "http" if tls is None else "https"
    state = Server(f"{scheme}://127.0.0.1:{http_server.server_port}", dict(content))
    thread = threading.Thread(target=http_server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        state.stop.set()
        http_server.shutdown()
        thread.join()
        http_server.server_close()
