"""Talking to people on a terminal: lines, errors, Ctrl-C and progress bars, the same in every command.

Standard output carries results, standard error all else.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import typer
from rich.console import Console, RenderableType
from rich.progress import BarColumn, DownloadColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from formcheck.core.errors import Cancelled, FormCheckError, SystemLibraryError
from formcheck.core.words import _

NOTHING_TO_JUDGE = 3
STOPPED, TERMINATED = 130, 143
"""Exit codes beside those of the errors: see `formcheck.core.errors`."""

WIDE = 1000
"""Columns of what is not a terminal: a pipe has no width, and nothing is to be broken for it."""

ProgressCallback = Callable[[int, "int | None"], None]
"""Called as ``progress(done, total)``; the total is None while it is not known."""


# --- lines ---------------------------------------------------------------------------------------------------------


def print_line(line: str, style: str = "", end: str = "\n") -> None:
    """A line on standard output, never broken, so that paths and commands can be copied from it."""
    breaks = len(line) - len(line.lstrip("\n"))
    text = Text("\n" * breaks + safe(line[breaks:]), style=style)
    Console(highlight=False).print(text, soft_wrap=True, end=end)


def print_block(block: RenderableType) -> None:
    """A table, or words that may be broken between lines, on standard output."""
    Console(highlight=False).print(block)


def print_utf8(text: str) -> None:
    """Text for programs on standard output: UTF-8 whatever the terminal's encoding is, ending as it ends."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.flush()


def say(message: str, style: str = "", end: str = "\n") -> None:
    """One line on standard error."""
    Console(stderr=True, highlight=False).print(Text(printable(message), style=style), soft_wrap=True, end=end)


def ring() -> None:
    """Ring the terminal's bell."""
    sys.stderr.write("\a")
    sys.stderr.flush()


def printable(text: str) -> str:
    """Without control characters: file names and messages of other programs end up here."""
    text = text.encode("utf-8", "replace").decode()
    return "".join(letter if letter.isprintable() else " " for letter in text)


def safe(words: str) -> str:
    """Words as standard output can show them."""
    from formcheck.render.safe_text import safe_text, shows_symbols

    return safe_text(words, shows_symbols(Console().encoding))


def safe_words(words: str, style: str = "") -> Text:
    """Words as standard output can show them, for tables and paragraphs."""
    return Text(safe(words), style=style)


# --- errors and signals --------------------------------------------------------------------------------------------


class AlreadySaid(Exception):
    """Ends a command with that exit code; the user has been told why."""

    def __init__(self, exit_code: int) -> None:
        super().__init__()
        self.exit_code = exit_code


@contextlib.contextmanager
def user_friendly() -> Iterator[threading.Event]:
    """Errors raised on purpose become one line and an exit code, and so does Ctrl-C; yields the event it sets."""
    stop = threading.Event()
    received: list[int] = []
    try:
        with _stop_signals(stop, received):
            yield stop
    except AlreadySaid as end:
        code = end.exit_code
    except (KeyboardInterrupt, Cancelled):
        say(_("Stopped."))
        code = STOPPED
    except SystemLibraryError as error:
        say(_("{error} (formcheck doctor shows more)", error=error))
        code = error.exit_code
    except FormCheckError as error:
        say(str(error))
        code = error.exit_code
    except MemoryError:
        say(_("There is not enough memory for this: close other programs, or use a smaller video."))
        code = 2
    except BrokenPipeError:
        raise  # whoever read our output has gone; nobody is left to tell
    except (ImportError, OSError) as error:
        say(_what_is_missing(error))
        code = 2
    else:
        return
    raise typer.Exit(TERMINATED if code == STOPPED and signal.SIGTERM in received else code)


def _what_is_missing(error: ImportError | OSError) -> str:
    from formcheck.vision.system_libraries import system_library_hint

    hint = system_library_hint(error)
    if hint is not None:
        return _("{hint} (formcheck doctor shows more)", hint=hint)
    if isinstance(error, ImportError):
        return _(
            "FormCheck is not completely installed ({error}): run pip install --force-reinstall formcheck", error=error
        )
    return _("A file could not be read or written: {error}", error=error)


@contextlib.contextmanager
def _stop_signals(stop: threading.Event, received: list[int]) -> Iterator[None]:
    """Ctrl-C and SIGTERM interrupt the block cleanly; a second one ends the process at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def on_signal(number: int, _frame: object) -> None:
        received.append(number)
        # Native code may swallow the exception; the flag is asked after every frame.
        stop.set()
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_DFL)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# --- progress ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def progress_bar(description: str, *, bytes_: bool = False, announce: bool = True) -> Iterator[ProgressCallback]:
    """A progress bar with the time left on a terminal, one plain line elsewhere; all on standard error.

    Without ``announce`` nothing is shown before the work says that it has something to do.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        if announce:
            say(f"{description} ...")
        yield lambda _done, _total: None
        return
    columns: list[Any] = [TextColumn("{task.description}", markup=False), BarColumn(bar_width=24)]
    columns += [DownloadColumn()] if bytes_ else [TaskProgressColumn()]
    columns.append(TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task(description, total=None, visible=announce)

        def advance(done: int, total: int | None) -> None:
            # The frame count in a header is an estimate; a bar beyond its end would look broken.
            bars.update(task, completed=done, total=None if total is None else max(done, total), visible=True)

        yield advance


@dataclass(frozen=True)
class Stage:
    """A stage of an analysis as people read it; ``bytes_`` and ``announce`` as of `progress_bar`."""

    description: str
    bytes_: bool = False
    announce: bool = True


class StageBars:
    """One progress bar after the other, as the stages of an analysis follow each other; a context manager.

    Called as ``bars(stage, done, total)``. Stages that ``words`` does not name show nothing.
    """

    def __init__(self, words: Mapping[str, Stage]) -> None:
        self._words = words
        self._stage = ""
        self._shown = contextlib.ExitStack()
        self._advance: ProgressCallback | None = None

    def __enter__(self) -> StageBars:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._shown.close()

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        if stage != self._stage:
            self._shown.close()
            self._stage, self._advance = stage, None
            if stage in self._words:
                words = self._words[stage]
                bar = progress_bar(words.description, bytes_=words.bytes_, announce=words.announce)
                self._advance = self._shown.enter_context(bar)
        if self._advance is not None and (done or total is not None):
            self._advance(done, total)
