"""The command ``formcheck app``: starts the app in the browser, on this machine only unless somebody says otherwise."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from formcheck.cli.console import user_friendly
from formcheck.core.errors import UsageError
from formcheck.core.words import N_, _
from formcheck.storage.access import SIGN_IN_VARIABLE

LOCALHOST = "localhost"

NOT_INSTALLED = N_("The app needs Streamlit, which is not installed: pip install 'formcheck[app]'")

OWN_NAMES = ("localhost", "127.0.0.1", "::1")
"""Names by which this machine reaches itself; requests for any other are refused."""


def add_app_command(app: typer.Typer) -> None:
    """Add ``formcheck app`` to the ``formcheck`` command."""

    @app.command("app")
    def start_app(
        port: Annotated[
            int, typer.Option("--port", "-p", metavar="PORT", help="Port of the address.", min=1, max=65535)
        ] = 8501,
        address: Annotated[
            str,
            typer.Option(
                "--address",
                metavar="IP",
                help="Address to listen on. With any other than localhost whoever reaches it sees everything: for "
                "containers, and behind a proxy that signs people in.",
            ),
        ] = LOCALHOST,
        no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open the browser.")] = False,
        server: Annotated[
            bool,
            typer.Option(
                "--server",
                help="Serve several people, each of whom signs in and sees own sets, or those of an own team: "
                "formcheck team says who that is. See docs/server.md.",
            ),
        ] = False,
        sign_in: Annotated[
            str | None,
            typer.Option(
                "--sign-in",
                metavar="HOW",
                envvar="FORMCHECK_SERVER_SIGN_IN",
                help="With --server, who says who somebody is: oidc, an identity provider, or proxy, a header of a "
                "reverse proxy before the app.",
            ),
        ] = None,
        public_url: Annotated[
            str | None,
            typer.Option(
                "--public-url",
                metavar="URL",
                envvar="FORMCHECK_PUBLIC_URL",
                help="With --server, the address that people open, such as https://gym.example.org.",
            ),
        ] = None,
        oidc_file: Annotated[
            Path | None,
            typer.Option(
                "--oidc-file",
                metavar="FILE",
                envvar="FORMCHECK_OIDC_FILE",
                help="With --sign-in oidc, the TOML file with the table [auth] that Streamlit asks for.",
                dir_okay=False,
            ),
        ] = None,
        share: Annotated[
            bool,
            typer.Option(
                "--share",
                help="Open uploads and Live to a phone in the local network for a while: shows a code for one browser.",
            ),
        ] = False,
        share_minutes: Annotated[
            float,
            typer.Option("--share-minutes", metavar="N", help="With --share, for how long.", min=1.0, max=720.0),
        ] = 30.0,
        share_port: Annotated[
            int | None,
            typer.Option(
                "--share-port", metavar="PORT", help="With --share, its port [default: the next one].", min=1, max=65535
            ),
        ] = None,
        share_address: Annotated[
            str | None,
            typer.Option(
                "--share-address",
                metavar="IP",
                help="With --share, this computer's address, if it has several.",
            ),
        ] = None,
    ) -> None:
        """Open the app in the browser: upload, history, settings. Only this machine can reach it, unless --address."""
        with user_friendly():
            if share and (server or address != LOCALHOST):
                raise UsageError(_("--share is for the app of one person: leave out --server and --address."))
            service = _service(server, sign_in, public_url, oidc_file)
            if share:
                from formcheck.cli import share as sharing

                check_installed()
                sharing.share(share_address, share_port or port + 1, share_minutes)
            code = run_app(port, open_browser=not no_browser and not server, address=address, service=service)
        raise typer.Exit(code)


@dataclass(frozen=True)
class Service:
    """What the app needs to know to serve several people: how they sign in, and the address that they open."""

    sign_in: str
    public_url: str
    oidc_file: Path | None = None


def _service(server: bool, sign_in: str | None, public_url: str | None, oidc_file: Path | None) -> Service | None:
    """The options of a server; None for the app of one person.

    Raises
    ------
    UsageError : something is missing without which nobody, or anybody, could sign in.
    """
    from formcheck.service.sign_in import SignIn, trusted_proxy, way_to_sign_in
    from formcheck.service.turns import turns_from

    if not server:
        return None
    turns_from()
    if not sign_in or not public_url:
        raise UsageError(_("--server needs --sign-in oidc or --sign-in proxy, and --public-url: see docs/server.md."))
    way = way_to_sign_in({SIGN_IN_VARIABLE: sign_in})
    address = urlsplit(public_url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise UsageError(
            _("--public-url is {public_url!r}: write it like https://gym.example.org.", public_url=public_url)
        )
    if way is SignIn.PROXY:
        trusted_proxy()
    elif oidc_file is None:
        raise UsageError(
            _("--sign-in oidc needs --oidc-file: the TOML file with the table [auth], see docs/server.md.")
        )
    elif importlib.util.find_spec("authlib") is None:
        raise UsageError(_("--sign-in oidc needs Authlib, which is not installed: pip install 'formcheck[server]'"))
    else:
        check_oidc_file(oidc_file)
    return Service(str(way), public_url, oidc_file if way is SignIn.OIDC else None)


def check_oidc_file(path: Path) -> None:
    """`UsageError` for a file that lacks what signing in by OpenID Connect needs, or whose cookies could be forged."""
    from formcheck.service.sign_in import SHORTEST_SECRET

    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))["auth"]
    except OSError as error:
        raise UsageError(_("{path} cannot be read ({strerror}).", path=path, strerror=error.strerror)) from error
    except (ValueError, KeyError) as error:
        raise UsageError(_("{path} is not TOML with a table [auth]: see docs/server.md.", path=path)) from error
    wanted = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
    missing = [name for name in wanted if not isinstance(told, dict) or not isinstance(told.get(name), str)]
    if missing:
        raise UsageError(
            _("The table [auth] of {path} lacks {missing}: see docs/server.md.", path=path, missing=", ".join(missing))
        )
    if len(told["cookie_secret"]) < SHORTEST_SECRET:
        raise UsageError(
            _("The cookie_secret in {path} can be guessed: use {n} letters or more.", path=path, n=SHORTEST_SECRET)
        )


def streamlit_command(
    port: int, open_browser: bool, address: str = LOCALHOST, service: Service | None = None
) -> list[str]:
    """The command that serves the app; flags, so that no settings of the user's own can undo them."""
    start = Path(__file__).resolve().parents[1] / "app" / "server" / "start.py"
    flags = [
        f"--server.address={address}",
        f"--server.port={port}",
        f"--server.headless={'false' if open_browser else 'true'}",
        # Else a web page whose name is made to lead to this machine (DNS rebinding) could talk to the app.
        *(f"--server.allowedHosts={name}" for name in (*OWN_NAMES, *([] if service is None else [_host(service)]))),
        "--server.enableCORS=true",
        "--server.enableXsrfProtection=true",
        "--browser.gatherUsageStats=false",
        # Headers say who somebody is only where sign_in has looked at who sends them.
        "--server.trustedUserHeaders={}",
        "--server.enableAgentApi=false",
    ]
    if service is not None:
        flags += [f"--server.corsAllowedOrigins={service.public_url.rstrip('/')}"]
        flags += [] if service.oidc_file is None else [f"--secrets.files={service.oidc_file.absolute()}"]
    # -P: files in the folder where the user stands are not modules of ours.
    return [sys.executable, "-P", "-m", "streamlit", "run", str(start), *flags]


def _host(service: Service) -> str:
    return urlsplit(service.public_url).hostname or ""


def serve(command: Sequence[str]) -> int:
    """Run the server in place of this process, so that whatever stops the one stops the other."""
    if os.name != "posix":
        return subprocess.call(command)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(command[0], list(command))


def check_installed() -> None:
    """`UsageError` where Streamlit is not installed."""
    if importlib.util.find_spec("streamlit") is None:
        raise UsageError(_(NOT_INSTALLED))


def run_app(port: int, open_browser: bool, address: str = LOCALHOST, service: Service | None = None) -> int:
    """Serve the app until it is stopped, to one person or as a service to several; returns its exit code.

    Raises
    ------
    UsageError : Streamlit is not installed.
    """
    check_installed()
    # Without a display a browser would be one in text mode, or none.
    display = sys.platform in ("win32", "darwin") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    if service is None:
        os.environ.pop(SIGN_IN_VARIABLE, None)
    else:
        os.environ[SIGN_IN_VARIABLE] = service.sign_in
        # The web server must say from where a connection comes, not from where a header says that it does.
        os.environ["FORWARDED_ALLOW_IPS"] = ""
    return serve(streamlit_command(port, open_browser and display, address, service))
