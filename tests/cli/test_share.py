"""``formcheck app --share``: addresses, certificate, code; the page itself is tested with a browser."""

from __future__ import annotations

import io
import re
import socket
import stat
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from formcheck.cli import share
from formcheck.cli.main import app
from formcheck.core.errors import UsageError

x509 = pytest.importorskip("cryptography.x509", reason="not installed: pip install 'formcheck[app]'")
pytest.importorskip("segno", reason="not installed: pip install 'formcheck[app]'")


@pytest.mark.parametrize("address", ["192.168.0.20", "10.1.2.3", "172.16.0.1", "fd00::2", "127.0.0.1"])
def test_addresses_of_local_networks_are_taken(address: str) -> None:
    assert share.local_address(address) == address


@pytest.mark.parametrize("address", ["8.8.8.8", "0.0.0.0", "::", "2606:4700::1111", "172.32.0.1"])
def test_the_internet_and_everything_at_once_are_refused(address: str) -> None:
    with pytest.raises(UsageError, match="not an address of a local network"):
        share.local_address(address)


@pytest.mark.parametrize("address", ["", "localhost", "192.168.0", "192.168.0.20:8502"])
def test_what_is_not_an_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="write an address such as"):
        share.local_address(address)


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UsageError, match="--share-port"):
        share.share("127.0.0.1", taken.getsockname()[1], 5.0)


@pytest.mark.parametrize("options", [["--server"], ["--address", "0.0.0.0"]])
def test_only_the_app_of_one_person_is_shared(options: list[str]) -> None:
    done = CliRunner().invoke(app, ["app", "--share", *options])
    assert done.exit_code == 2
    assert "leave out --server and --address" in done.stderr


def test_the_certificate_is_for_this_address_and_for_this_time(tmp_path: Path) -> None:
    made = share.make_certificate(tmp_path, "192.168.0.20", timedelta(minutes=30))
    found = x509.load_pem_x509_certificate(made.certificate.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [x509.IPAddress(ip_address("192.168.0.20"))]
    left = found.not_valid_after_utc - datetime.now(UTC)
    assert timedelta(minutes=80) < left < timedelta(minutes=91)
    # Nothing else can be signed with it.
    assert not found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert stat.S_IMODE(made.key.stat().st_mode) == 0o600
    assert re.fullmatch("([0-9A-F]{2}:){31}[0-9A-F]{2}", made.fingerprint)
    again = share.make_certificate(_inside(tmp_path), "192.168.0.20", timedelta(minutes=30))
    assert again.key.read_bytes() != made.key.read_bytes()


def _inside(folder: Path) -> Path:
    (folder / "again").mkdir()
    return folder / "again"


HALVES = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}


def picture_of(drawn: str) -> np.ndarray:
    """What a terminal with light letters on dark shows: two squares a letter."""
    lines, inverse, rows = drawn.splitlines(), False, []
    for line in lines:
        upper, lower = [], []
        for part in re.split("(\x1b\\[[0-9;]*m)", line):
            if part.startswith("\x1b"):
                inverse = "7" in part
                continue
            for letter in part:
                above, below = HALVES[letter]
                upper.append(above ^ inverse)
                lower.append(below ^ inverse)
        if upper:
            rows += [upper, lower]
    width = max(map(len, rows))
    shown = np.array([row + [0] * (width - len(row)) for row in rows], np.uint8) * 255
    return np.kron(shown, np.ones((8, 8), np.uint8))


def test_the_code_in_the_terminal_is_read_as_the_address() -> None:
    url = "https://192.168.0.20:8502/join/ZTNCHPiYj57G2MRZYykMdbMSW6JK618xGiSlk_grCJo"
    read, *_ = cv2.QRCodeDetector().detectAndDecode(picture_of(share.qr_code(url)))
    assert read == url


def test_the_code_is_drawn_for_a_terminal_that_can_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        encoding = "utf-8"

        def isatty(self) -> bool:
            return True

    def shown(stream: io.StringIO) -> bool:
        monkeypatch.setattr("sys.stdout", stream)
        return share._shows("▀▄█")

    ascii_only = type("Ascii", (Terminal,), {"encoding": "ascii"})
    assert (shown(Terminal()), shown(ascii_only()), shown(io.StringIO())) == (True, False, False)
