"""The language of a command, and of all processes that it starts: by option, environment or settings."""

from __future__ import annotations

import gettext
import os
from typing import Any

from formcheck.core.errors import UsageError
from formcheck.core.words import (
    DOMAIN,
    ENGLISH,
    LANGUAGES,
    LOCALE_FOLDER,
    N_,
    VARIABLE,
    _,
    known_language,
    language,
    language_of_environment,
    speak,
)
from formcheck.storage.config_folder import default_settings_path

OPTION = "--language"

OF_THE_LIBRARY = (
    N_("Options"),
    N_("Arguments"),
    N_("Commands"),
    N_("default: {default}"),
    N_("required"),
    N_("Missing command."),
    N_("No such command {name!r}."),
    N_("Show this message and exit."),
)
"""What Typer says in the help of every command; it asks gettext for it."""


def take_language(arguments: list[str]) -> list[str]:
    """Speak the language that arguments, environment or settings name; returns the arguments without it.

    It is taken before anything else is read, as help and errors are said in it, wherever it is among the arguments.

    Raises
    ------
    UsageError : FormCheck does not speak that language, or none is named.
    """
    left, named, end = [], None, False
    words = iter(arguments)
    for word in words:
        end = end or word == "--"
        if not end and word == OPTION:
            named = next(words, "")
        elif not end and word.startswith(f"{OPTION}="):
            named = word.removeprefix(f"{OPTION}=")
        else:
            left.append(word)
    if named == "":
        raise UsageError(_("{option} needs a language: {known}.", option=OPTION, known=", ".join(LANGUAGES)))
    chosen = known_language(named) if named is not None else language_of_environment() or _of_the_settings()
    if chosen is not None:
        speak(chosen)
        os.environ[VARIABLE] = chosen  # processes that this one starts speak it as well
    return left


def _of_the_settings() -> str | None:
    """What the user's settings file says; None where it says nothing, or cannot be read: the command tells of that."""
    path = default_settings_path()
    if not path.is_file():
        return None
    import tomllib

    try:
        named = tomllib.loads(path.read_text(encoding="utf-8"))["lifter"]["language"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    return named if named in LANGUAGES else None


def translate(command: Any) -> None:
    """Let a command of Typer's and all below it show their help in the language of this process."""
    if language() == ENGLISH:
        return
    gettext.bindtextdomain(DOMAIN, LOCALE_FOLDER)
    gettext.textdomain(DOMAIN)
    os.environ["LANGUAGE"] = language()
    _translate(command)


def _translate(command: Any) -> None:
    for name in ("help", "short_help", "epilog"):
        words = getattr(command, name, None)
        if words:
            setattr(command, name, _(words))
    for parameter in command.params:
        if getattr(parameter, "help", None):
            parameter.help = _(parameter.help)
    for below in getattr(command, "commands", {}).values():
        _translate(below)


def translated_formatter(formatter: type[Any]) -> type[Any]:
    """The library's formatter of help, with the words that it does not ask gettext for."""

    class Translated(formatter):  # type: ignore[misc]
        def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
            super().write_usage(prog, args, _("Usage: ") if prefix is None else prefix)

        def write_dl(self, rows: Any, *more: Any, **options: Any) -> None:
            super().write_dl([(name, _(words)) for name, words in rows], *more, **options)

    return Translated
