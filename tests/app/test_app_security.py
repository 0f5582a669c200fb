"""The app serves this machine only, keeps what was uploaded to itself, and nothing that FormCheck does calls home."""

from __future__ import annotations

import base64
import contextlib
import http.client
import io
import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import av
import pytest

pytest.importorskip("streamlit", reason="Streamlit is not installed: pip install 'formcheck[app]'")

from formcheck.app import session
from formcheck.app.private_folder import FOLDER_PREFIX, PrivateFolder, abandoned
from formcheck.cli.app import streamlit_command
from formcheck.storage.pose_files import save_poses
from formcheck.storage.temporary_folders import remove_abandoned
from formcheck.vision.models.bundle import DETECTOR_MEMBER, LANDMARKS_MEMBER, stored_zip
from formcheck.vision.models.store import list_models
from tests.helpers.make_models import DETECTOR, Server, serving, sha256, toy_network
from tests.helpers.synthetic_lifter import deadlift, film

ROOT = Path(__file__).resolve().parents[2]

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists its sockets in files")


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of an app that runs."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = int(free.getsockname()[1])
    command = streamlit_command(port, open_browser=False)
    with subprocess.Popen(
        command,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        cwd=tmp_path_factory.mktemp("app"),
        stderr=subprocess.DEVNULL,
    ) as process:
        end_s = time.monotonic() + 120
        while time.monotonic() < end_s:
            with contextlib.suppress(OSError):
                if status(port, "/_stcore/health") == 200:
                    break
            time.sleep(0.2)
        yield port
        process.terminate()
        process.wait(30)


def status(port: int, path: str, **headers: str) -> int:
    connection = http.client.HTTPConnection("localhost", port, timeout=60)
    connection.putrequest("GET", path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    found = connection.getresponse().status
    connection.close()
    return found


def answer(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> http.client.HTTPResponse:
    """What the app answers to a request; read to its end."""
    connection = http.client.HTTPConnection("localhost", port, timeout=60)
    connection.request(method, path, body or None, headers)
    found = connection.getresponse()
    found.read()
    connection.close()
    return found


def session_status(port: int, host: str, origin: str | None = None) -> int:
    """What the app answers to a browser that opens its session; 101 is yes."""
    told = {} if origin is None else {"Origin": origin}
    return status(
        port,
        "/_stcore/stream",
        Host=host,
        Connection="Upgrade",
        Upgrade="websocket",
        Sec_WebSocket_Version="13",
        Sec_WebSocket_Key=base64.b64encode(b"formcheck-tests!").decode(),
        **told,
    )


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]"])
def test_a_session_is_opened_for_this_machine(port: int, name: str) -> None:
    assert session_status(port, f"{name}:{port}", f"http://{name}:{port}") == 101


@pytest.mark.parametrize("name", ["evil.example", "localhost.evil.example", "192.168.0.2"])
def test_a_page_whose_name_is_made_to_lead_here_gets_no_session(port: int, name: str) -> None:
    # Host and Origin agree, as after DNS rebinding.
    assert session_status(port, f"{name}:{port}", f"http://{name}:{port}") == 403


def test_a_page_of_another_site_gets_no_session(port: int) -> None:
    assert session_status(port, f"localhost:{port}", "https://evil.example") == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example"])
def test_no_page_of_another_site_may_read_answers(port: int, origin: str) -> None:
    for path in ("/", "/_stcore/health", "/_stcore/host-config", "/_stcore/upload_file/one/two"):
        allowed = answer(port, "GET", path, Origin=origin).getheader("Access-Control-Allow-Origin")
        assert allowed not in ("*", origin), path


def test_nothing_is_uploaded_without_the_token_of_a_page(port: int) -> None:
    """Cross-site request forgery: a form on another page can send a file, but does not know the token."""
    body = b'--x\r\nContent-Disposition: form-data; name="f"; filename="set.mp4"\r\n\r\nfilm\r\n--x--\r\n'
    told = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(len(body))}
    for cookie in ({}, {"Cookie": "_streamlit_xsrf=guessed", "X-Xsrftoken": "another"}):
        for origin in ("https://evil.example", f"http://localhost:{port}"):
            refused = answer(port, "PUT", "/_stcore/upload_file/one/two", body, Origin=origin, **told, **cookie)
            assert refused.status == 403, (cookie, origin)


@on_linux
def test_nobody_but_this_machine_is_listened_to(port: int) -> None:
    heard = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            _, local, _, state = line.split()[:4]
            address, at = local.split(":")
            if state == "0A" and int(at, 16) == port:
                heard.append(address)
    assert heard
    assert set(heard) <= {"0100007F", "00000000000000000000000001000000"}


# --- uploads -------------------------------------------------------------------------------------------------------


SERVES = """
import uvicorn
from formcheck.app.private_folder import PrivateFolder
from formcheck.app.server.start import app
folder = PrivateFolder()
(folder.path / "film.mp4").write_bytes(b"footage")
print(folder.name, flush=True)
uvicorn.run(app, port=0)
"""


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a signal ends a process at once")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_footage_goes_with_the_server_however_it_is_ended(number: int, tmp_path: Path) -> None:
    served = [sys.executable, "-c", SERVES]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    pipe = subprocess.PIPE
    with subprocess.Popen(served, env=environment, cwd=tmp_path, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        folder = Path(process.stdout.readline().strip())
        assert (folder / "film.mp4").is_file()
        assert any("running on" in line for line in process.stderr)
        process.send_signal(number)
        process.stderr.read()
        process.wait(60)
    assert not folder.exists()


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX")
def test_what_an_app_that_was_killed_left_is_removed_by_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    left = tmp_path / f"{FOLDER_PREFIX}{gone.pid}-abc"
    mine = tmp_path / f"{FOLDER_PREFIX}{os.getpid()}-abc"
    other = tmp_path / f"{FOLDER_PREFIX}notes"
    for folder in (left, mine, other):
        folder.mkdir()
        (folder / "video.mp4").write_bytes(b"somebody")
    assert not list(abandoned())
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([mine.name, other.name])


@pytest.mark.skipif(os.name != "posix", reason="there is no SIGKILL elsewhere")
def test_footage_of_a_process_that_was_killed_is_removed_by_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    program = (
        "import os, pathlib, signal\n"
        "from formcheck.storage.temporary_folders import temporary_folder\n"
        "folder = temporary_folder()\n"
        "pathlib.Path(folder.name, 'set-1.mp4').write_bytes(b'somebody')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    there = os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", program], env=there, check=False, timeout=100)
    (left,) = tmp_path.iterdir()
    assert stat.S_IMODE(left.stat().st_mode) == 0o700
    remove_abandoned()
    assert not left.exists()


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX")
def test_uploads_are_for_their_owner_and_go_with_the_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    mine = session.Session(PrivateFolder())
    folder = Path(mine.temporary.name)
    upload = mine.keep_upload("../../my set.mp4", io.BytesIO(b"film"))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert upload.path.is_relative_to(folder)
    mine.forget_upload(upload)
    assert not upload.path.exists()
    mine.temporary.cleanup()
    assert not folder.exists()


# --- nothing calls home --------------------------------------------------------------------------------------------

WATCHED = """
import json, os, sys, threading, time
asked = []
def hook(event, arguments):
    if event == "socket.connect" or event == "socket.getaddrinfo":
        asked.append(f"{event} {arguments[1:] if event == 'socket.connect' else arguments[:2]}")
sys.addaudithook(hook)
remote = set()
def watch():
    while True:
        mine = set()
        for name in os.listdir("/proc/self/fd"):
            try:
                mine.add(os.readlink(f"/proc/self/fd/{name}"))
            except OSError:
                pass
        for table in ("tcp", "tcp6", "udp", "udp6"):
            for line in open(f"/proc/self/net/{table}").read().splitlines()[1:]:
                words = line.split()
                if f"socket:[{words[9]}]" in mine and words[2].split(":")[1] != "0000":
                    remote.add(f"{table} {words[2]}")
        time.sleep(0.01)
threading.Thread(target=watch, daemon=True).start()
from typer.testing import CliRunner
from formcheck.cli.main import app
exec(sys.argv[2])
codes = [CliRunner().invoke(app, words).exit_code for words in json.loads(sys.argv[1])]
import formcheck.app.main
time.sleep(0.1)
print(json.dumps([codes, asked, sorted(remote)]))
"""
"""Runs commands; Python tells of every connection and look-up, the system's table of those of native libraries."""


def observed(*commands: list[str], first: str = "") -> tuple[list[int], list[str], list[str]]:
    """Exit codes, what Python asked for, and the far ends of the system's table; ``first`` is run before."""
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, json.dumps(commands), first],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=400,
    )
    codes, asked, remote = json.loads(done.stdout.splitlines()[-1])
    return codes, asked, remote


@on_linux
def test_nothing_is_asked_of_any_other_machine(tmp_path: Path) -> None:
    save_poses(film(deadlift(2)), tmp_path / "set.npz")
    codes, asked, remote = observed(
        ["analyze", str(tmp_path / "set.npz"), "--out", str(tmp_path / "out"), "--save", "--lifter", "Ada"],
        ["history"],
        ["train"],
        ["checks"],
        ["ready", "--pain", "none", "--earlier", "none", "--rest", "fresh"],
        ["export", str(tmp_path / "all.zip")],
    )
    assert codes == [0] * 6
    assert asked == []
    assert remote == []


@on_linux
def test_the_fetching_of_a_model_is_seen_by_this_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORMCHECK_MODEL_DIR", str(tmp_path))
    monkeypatch.setenv("FORMCHECK_MODEL_URL", "http://127.0.0.1:9/models")
    _, asked, _ = observed(["models", "fetch", "lite"])
    assert any("127.0.0.1" in each for each in asked)


MODEL = stored_zip({DETECTOR_MEMBER: DETECTOR, LANDMARKS_MEMBER: toy_network(5, b"lite" * 60_000)})
PATH = "/models/pose_landmarker_lite/float16/1/pose_landmarker_lite.task"
FILE = PATH.rpartition("/")[2]

TOY_MODEL = f"""
import dataclasses
from formcheck.core.errors import ModelError
from formcheck.vision.models import store
def none(package, folder):
    raise ModelError("no package index here")
usual = store.default_setup
store.default_setup = lambda: dataclasses.replace(
    usual(),
    own_folders=(),
    models=(store.KnownModel("lite", {len(MODEL)}, "{sha256(MODEL)}"),),
    recipes=tuple(each for each in store.RECIPES if each.name == "lite"),
    package_source=none,
)
"""
"""Run first: the only model is a toy one, and there are no packages to make it from."""


@dataclass(frozen=True)
class Fetched:
    """What came of ``formcheck models fetch lite``, and whom it asked."""

    code: int
    asked: set[str]
    folder: Path

    @property
    def files(self) -> dict[str, bytes]:
        """What is in the folder for models."""
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}


def fetched(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Fetched:
    """Fetch the model with all sockets watched; nothing but the server may be asked."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("FORMCHECK_MODEL_DIR", str(folder))
    monkeypatch.setenv("FORMCHECK_MODEL_URL", f"{server.url}/models")
    (code,), asked, remote = observed(["models", "fetch", "lite"], first=TOY_MODEL)
    port = int(server.url.rpartition(":")[2])
    allowed = {
        f"socket.connect [('127.0.0.1', {port})]",
        f"socket.connect (('127.0.0.1', {port}),)",
        f"socket.getaddrinfo ('127.0.0.1', {port})",
    }
    assert asked, "the watch sees the download"
    assert set(asked) <= allowed, set(asked) - allowed
    assert all(each.endswith(f":{port:04X}") for each in remote), remote
    assert {path for path, _ in server.asked} == {PATH}
    return Fetched(code, set(asked), folder)


@on_linux
def test_fetching_a_model_asks_its_address_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving({FILE: MODEL}) as server:
        done = fetched(server, tmp_path, monkeypatch)
        assert done.code == 0
        assert done.files == {FILE: MODEL}
        assert server.asked == [(PATH, None)]


@on_linux
@pytest.mark.parametrize("wrong", [b"", b"<html>sign in</html>", MODEL[:-1] + b"x", MODEL + b"x"])
def test_a_changed_model_is_not_kept(wrong: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving({FILE: wrong}) as server:
        done = fetched(server, tmp_path, monkeypatch)
        assert done.code == 2
        assert done.files == {}


@on_linux
def test_a_download_that_is_cut_off_goes_on_where_it_ended_also_in_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving({FILE: MODEL}) as server:
        server.script += ["cut", "nothing"]
        done = fetched(server, tmp_path, monkeypatch)
        assert done.code == 2
        half = len(MODEL) // 2
        # Not under its final name.
        assert done.files == {f"{FILE}.part": MODEL[:half]}
        done = fetched(server, tmp_path, monkeypatch)
        assert done.code == 0
        assert done.files == {FILE: MODEL}
        assert server.asked[-1] == (PATH, f"bytes={half}-")


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that nobody but its owner has signed, and its key."""
    cryptography = pytest.importorskip("cryptography", reason="cryptography is not installed")
    assert cryptography
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a server of tests")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain))
    (folder / "certificate.pem").write_bytes(made.public_bytes(encoding))
    return folder / "certificate.pem", folder / "key.pem"


@on_linux
@pytest.mark.parametrize("trusted", [True, False])
def test_over_https_only_who_can_show_a_trusted_certificate_is_listened_to(
    trusted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public, key = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, key)
    models = tmp_path / "models"
    models.mkdir()
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(public))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("FORMCHECK_MODEL_DIR", str(models))
    with serving({FILE: MODEL}, context) as server:
        monkeypatch.setenv("FORMCHECK_MODEL_URL", f"{server.url}/models")
        (code,), asked, _ = observed(["models", "fetch", "lite"], first=TOY_MODEL)
        assert asked
        assert all("127.0.0.1" in each for each in asked)
        assert (code, len(server.asked)) == ((0, 1) if trusted else (2, 0))
        assert [path.read_bytes() for path in models.iterdir()] == ([MODEL] if trusted else [])


# --- what a report tells -------------------------------------------------------------------------------------------


def test_a_report_names_no_place_on_this_machine(tmp_path: Path) -> None:
    home = tmp_path / "home-of-somebody"
    home.mkdir()
    save_poses(film(deadlift(2)), home / "set.npz")
    observed(["analyze", str(home / "set.npz"), "--out", str(home / "out"), "--export", "trc"])
    files = [path for path in (home / "out").iterdir() if path.is_file()]
    assert {path.suffix for path in files} >= {".html", ".json", ".csv", ".npz", ".trc"}
    for path in files:
        assert b"home-of-somebody" not in path.read_bytes(), path.name


SECRETS = {
    "location": "+48.8577+002.2950+035.000/",
    "com.apple.quicktime.location.ISO6709": "+48.8577+002.2950+036.000/",
    "com.apple.quicktime.model": "Phone of Somebody 17",
    "comment": "filmed in my garage",
}
"""What phones write into their films; no report has any of it."""


def _model_is_there() -> bool:
    return any(each.hash_ok for each in list_models() if each.name == "full")


@on_linux
@pytest.mark.model
@pytest.mark.skipif(not _model_is_there(), reason="the pose model is not on this machine")
def test_a_film_is_analysed_without_a_request_and_its_reports_tell_nothing_of_the_phone(tmp_path: Path) -> None:
    home = tmp_path / "home-of-somebody"
    home.mkdir()
    film_path = home / "set.mp4"
    with (
        av.open(str(ROOT / "sample_videos" / "squat-good.mp4")) as source,
        av.open(str(film_path), "w", container_options={"movflags": "use_metadata_tags"}) as target,
    ):
        stream = target.add_stream_from_template(source.streams.video[0])
        target.metadata.update(SECRETS)
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None and packet.pts is not None and float(packet.pts * packet.time_base) < 3.0:
                packet.stream = stream
                target.mux(packet)
    assert b"Phone of Somebody" in film_path.read_bytes()
    codes, asked, remote = observed(["analyze", str(film_path), "--exercise", "squat", "--out", str(home / "out")])
    assert codes == [0]
    assert asked == []
    assert remote == []
    files = [path for path in (home / "out").iterdir() if path.is_file()]
    assert {path.suffix for path in files} >= {".html", ".json", ".csv", ".npz", ".mp4"}
    for path in files:
        content = path.read_bytes()
        for secret in ("home-of-somebody", *SECRETS.values()):
            assert secret.encode() not in content, (path.name, secret)
