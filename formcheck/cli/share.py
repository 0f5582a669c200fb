"""``formcheck app --share``: certificate, code and process of the page that a phone in the local network opens."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from formcheck.core.errors import UsageError
from formcheck.core.words import _

SHARED_VARIABLE = "FORMCHECK_SHARED"
"""Set for the process that serves the phone's page."""

TOKEN_MINUTES = 10.0
"""How long the code may be used."""

NEEDS = ("segno", "cryptography")

ANYWHERE = "192.0.2.1"
"""An address for documentation (RFC 5737): asked for the way there, the system names the network that it would use."""


@dataclass(frozen=True)
class Certificate:
    """Files of a key and a certificate, and its SHA-256 as phones show it."""

    certificate: Path
    key: Path
    fingerprint: str


def share(address: str | None, port: int, minutes: float) -> None:
    """Start the page for the phone beside this process, and say how to open it.

    It ends after these minutes, and when this process ends, or what takes its place.

    Raises
    ------
    UsageError : a library is missing, there is no local network, the address is not one of it, or the port is taken.
    """
    missing = [name for name in NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(_("--share needs {missing}: pip install 'formcheck[app]'.", missing=" and ".join(missing)))
    host = local_address(address)
    _check_free(host, port)
    folder = Path(tempfile.mkdtemp(prefix=f"formcheck-share-{os.getpid()}-"))
    made = make_certificate(folder, host, timedelta(minutes=minutes))
    token = secrets.token_urlsafe(32)
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    told = {
        "host": place,
        "token": token,
        "token_s": 60 * min(TOKEN_MINUTES, minutes),
        "share_s": 60 * minutes,
        "folder": str(folder),
    }
    process = subprocess.Popen(
        shared_command(host, port, made),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env={**os.environ, SHARED_VARIABLE: "1"},
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(told) + "\n")
    process.stdin.flush()
    # Held open by whatever this process becomes: its end is the page's end.
    os.set_inheritable(process.stdin.fileno(), True)
    _held.append(process)
    _say(f"https://{place}/join/{token}", made.fingerprint, minutes)


_held: list[subprocess.Popen[str]] = []


def local_address(told: str | None = None) -> str:
    """The address of this machine in its local network.

    Raises
    ------
    UsageError : there is none, or the one that was told is none of a local network.
    """
    if told is None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
            try:
                asked.connect((ANYWHERE, 9))  # sends nothing
                told = str(asked.getsockname()[0])
            except OSError as error:
                raise UsageError(
                    _(
                        "There is no network here that a phone could be in: join one, or name this computer's address "
                        "with --share-address."
                    )
                ) from error
    try:
        found = ip_address(told)
    except ValueError as error:
        raise UsageError(_("--share-address is {told!r}: write an address such as 192.168.0.20.", told=told)) from error
    if found.is_unspecified or not found.is_private:
        raise UsageError(
            _(
                "{told} is not an address of a local network, and the page must not be open to the internet: "
                "name another one with --share-address.",
                told=told,
            )
        )
    return str(found)


def _check_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as trial:
        if os.name == "posix":
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            raise UsageError(
                _(
                    "The page for the phone cannot be at {host}, port {port} ({reason}): choose another with "
                    "--share-port or --share-address.",
                    host=host,
                    port=port,
                    reason=error.strerror,
                )
            ) from error


def make_certificate(folder: Path, host: str, lasts: timedelta) -> Certificate:
    """Make a key, and a certificate of it that signs itself, for this address alone."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "FormCheck on this network")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Clocks of phones differ.
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + lasts + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for path, content in zip(files, (made.public_bytes(serialization.Encoding.PEM), private), strict=True):
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(content)
    return Certificate(*files, made.fingerprint(hashes.SHA256()).hex(":").upper())


def shared_command(host: str, port: int, certificate: Certificate) -> list[str]:
    """The command that serves the page; flags, so that no settings of the user's own can undo them."""
    start = Path(__file__).resolve().parents[1] / "app" / "server" / "start_shared.py"
    flags = [
        f"--server.address={host}",
        f"--server.port={port}",
        f"--server.sslCertFile={certificate.certificate}",
        f"--server.sslKeyFile={certificate.key}",
        "--server.headless=true",
        f"--server.allowedHosts={host}",
        "--server.enableCORS=true",
        f"--server.corsAllowedOrigins=https://{host}:{port}",
        "--server.enableXsrfProtection=true",
        "--server.fileWatcherType=none",
        "--browser.gatherUsageStats=false",
        "--server.trustedUserHeaders={}",
        "--server.enableAgentApi=false",
    ]
    return [sys.executable, "-P", "-m", "streamlit", "run", str(start), *flags]


def _say(url: str, fingerprint: str, minutes: float) -> None:
    print(
        _(
            "For a phone in the same network, once, within {minutes:g} minutes:\n\n  {url}\n",
            minutes=min(TOKEN_MINUTES, minutes),
            url=url,
        )
    )
    drawn = qr_code(url)
    if _shows(drawn):
        print(drawn)
    print(
        _(
            "The phone warns that it does not know the certificate, which FormCheck has just made. Its "
            "SHA-256 is\n  {fingerprint}\nUploads and Live are open to that phone for {minutes:g} minutes; "
            "everything else stays on this computer.",
            fingerprint=fingerprint,
            minutes=minutes,
        )
    )


def _shows(text: str) -> bool:
    """Whether standard output is a terminal, and can show these characters."""
    if not sys.stdout.isatty():
        return False
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def qr_code(url: str) -> str:
    """A QR code in block characters, light on dark as phones read it on a terminal of either kind."""
    import segno

    drawn = io.StringIO()
    segno.make_qr(url, error="l").terminal(drawn, compact=True)
    return drawn.getvalue()
