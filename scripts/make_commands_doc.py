"""Write docs/commands.md: every command with its arguments and options, from the program itself.

python -m scripts.make_commands_doc
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from formcheck.cli.main import app

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "commands.md"

HEAD = """# Commands

Made by `make commands-doc` from what each command says with `--help`; how they belong together stands in the
[README](../README.md#use). Results go to standard output, everything else to standard error.

| exit code | meaning |
|---:|---|
| 0 | done |
| 2 | wrong usage, or a file that cannot be read |
| 3 | nothing to judge: no person, no repetitions, no known lift |
| 4 | some clips of a batch could not be analysed; the others are done |
| 130, 143 | stopped by Ctrl-C, by SIGTERM |
"""

HELP_OPTIONS = {"--help", "-h"}


def commands(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with its name in words, groups before what is in them."""
    command = typer.main.get_command(app) if command is None else command
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        if not inner.hidden:
            yield from commands(inner, (*path, name))


def parameters(command: Any) -> list[Any]:
    """What a command takes, without --help."""
    return [one for one in command.params if not getattr(one, "hidden", False) and not HELP_OPTIONS & set(one.opts)]


def options_of(parameter: Any) -> list[str]:
    """All names of an option; empty for an argument."""
    return [name for name in (*parameter.opts, *parameter.secondary_opts) if name.startswith("-")]


def _row(parameter: Any, context: Any) -> str:
    # Help texts of groups' own options may be missing.
    names, words = parameter.get_help_record(context) or (", ".join(options_of(parameter)), parameter.help)
    text = " ".join((words or "").split())
    return f"| `{_cell(names)}` | {_cell(text)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def section(path: tuple[str, ...], command: Any) -> str:
    """One command: its name, what it does, what it takes."""
    words = " ".join(("formcheck", *path))
    context = command.make_context(words, [], resilient_parsing=True)
    usage = " ".join(command.collect_usage_pieces(context))
    parts = [f"{'#' * min(2 + max(len(path) - 1, 0), 3)} {words}", inspect.cleandoc(command.help or "")]
    parts.append(f"```text\n{words} {usage}\n```")
    rows = [_row(parameter, context) for parameter in parameters(command)]
    if rows:
        parts.append("\n".join(["| | |", "|---|---|", *rows]))
    return "\n\n".join(parts)


def document() -> str:
    """The whole file."""
    return "\n\n".join([HEAD.rstrip(), *(section(*each) for each in commands())]) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
