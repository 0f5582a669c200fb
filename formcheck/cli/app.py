"""The command ``formcheck app``: starts the app in the browser, on this machine only unless somebody says otherwise."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from formcheck.cli.console import user_friendly
from formcheck.core.errors import UsageError

LOCALHOST = "localhost"

NOT_INSTALLED = "The app needs Streamlit, which is not installed: pip install 'formcheck[app]'"

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
    ) -> None:
        """Open the app in the browser: upload, history, settings. Only this machine can reach it, unless --address."""
        with user_friendly():
            code = run_app(port, open_browser=not no_browser, address=address)
        raise typer.Exit(code)


def streamlit_command(port: int, open_browser: bool, address: str = LOCALHOST) -> list[str]:
    """The command that serves the app; flags, so that no settings of the user's own can undo them."""
    start = Path(__file__).resolve().parents[1] / "app" / "server" / "start.py"
    flags = [
        f"--server.address={address}",
        f"--server.port={port}",
        f"--server.headless={'false' if open_browser else 'true'}",
        # Else a web page whose name is made to lead to this machine (DNS rebinding) could talk to the app.
        *(f"--server.allowedHosts={name}" for name in OWN_NAMES),
        "--server.enableCORS=true",
        "--server.enableXsrfProtection=true",
        "--browser.gatherUsageStats=false",
    ]
    # -P: files in the folder where the user stands are not modules of ours.
    return [sys.executable, "-P", "-m", "streamlit", "run", str(start), *flags]


def serve(command: Sequence[str]) -> int:
    """Run the server in place of this process, so that whatever stops the one stops the other."""
    if os.name != "posix":
        return subprocess.call(command)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(command[0], list(command))


def run_app(port: int, open_browser: bool, address: str = LOCALHOST) -> int:
    """Serve the app until it is stopped; returns its exit code.

    Raises
    ------
    UsageError : Streamlit is not installed.
    """
    if importlib.util.find_spec("streamlit") is None:
        raise UsageError(NOT_INSTALLED)
    # Without a display a browser would be one in text mode, or none.
    display = sys.platform in ("win32", "darwin") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    return serve(streamlit_command(port, open_browser and display, address))
