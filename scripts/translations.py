"""The catalogues of formcheck/locale: filled with the messages of the code, compiled, and checked.

    python -m scripts.translations update     new messages in, old ones out, and the .mo files made
    python -m scripts.translations check      1 where a catalogue is not up to date, or a message has no translation

Messages are what the functions of `formcheck.core.words` are given, in Python and in templates; beside them what the
records of the lifts say (`RECORDS`), the help of the commands and the texts of the guidance, which need no marks.
"""

from __future__ import annotations

import ast
import inspect
import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages import pofile
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS
from babel.messages.mofile import write_mo
from jinja2.ext import babel_extract

from formcheck.core.words import DOMAIN, ENGLISH, LANGUAGES, LOCALE_FOLDER

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "formcheck"

COVERED = ("core", "motion", "exercises", "judging", "render", "guidance", "cli", "app")
"""The folders of formcheck/ whose words are all in the catalogue; of the others some are."""

Words = str | tuple[str, str]
Found = tuple[str | None, Words]
"""Context, and the message or its two forms."""

RECORDS: dict[str, frozenset[int | str]] = {
    "Check": frozenset({"title", "cue", "why", "source", "how", "praise", "confidence"}),
    "replace": frozenset({"title", "cue", "why", "source", "how", "praise"}),
    "Measure": frozenset({1, 2, 3, 4, "title", "unit", "how", "column"}),
    "Variant": frozenset({1, 3, "title", "recognised_by"}),
    "Exercise": frozenset({"title"}),
    "Words": frozenset({"short_title", "noun", "plural", "reps", "concentric_from", "concentric_to"}),
    "LiveDrill": frozenset({1, 2, "name", "instruction"}),
    "VelocityAtMax": frozenset({1, "source"}),
    "Preset": frozenset({1, "title"}),
    "Export": frozenset({2, 3, "title", "about"}),
    "missing": frozenset({0}),
    "Source": frozenset({1, "citation"}),
    "Followed": frozenset({1, 2, "title", "unit"}),
    "Option": frozenset({"help"}),
    "Argument": frozenset({"help"}),
    "Typer": frozenset({"help", "epilog"}),
    "add_typer": frozenset({"help"}),
    "command": frozenset({"help"}),
}
"""Which arguments of a call, by place or name, are words for people without being marked."""

MADE = datetime(2026, 1, 1, tzinfo=UTC)

NOT_WORDS = frozenset({"", "deg", "kg", "cm", "m/s"})
"""Units that are written with a symbol."""

TABLES = frozenset({"TEXTS"})
"""Dictionaries of constants whose values are words for people."""


def messages() -> dict[Found, list[str]]:
    """Every message of the code, and the files that say it."""
    found: dict[Found, list[str]] = {}
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix == ".py":
            said: Iterator[Found] = _in_python(path)
        elif path.suffix == ".html" and path.parent.name == "templates":
            said = _in_template(path)
        else:
            continue
        for each in said:
            places = found.setdefault(each, [])
            name = path.relative_to(ROOT).as_posix()
            if name not in places:
                places.append(name)
    return found


def _in_python(path: Path) -> Iterator[Found]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _in_call(node)
        elif isinstance(node, ast.FunctionDef) and any(_is_command(each) for each in node.decorator_list):
            if help_text := ast.get_docstring(node):
                yield None, inspect.cleandoc(help_text)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
            names = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(name, ast.Name) and name.id in TABLES for name in names):
                yield from ((None, text) for value in node.value.values if (text := _text(value)))


def _in_call(node: ast.Call) -> Iterator[Found]:
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    words = [_text(each) for each in node.args]
    if name in ("_", "N_") and words and words[0]:
        yield None, words[0]
    elif name == "ngettext" and words[0] and words[1]:
        yield None, (words[0], words[1])
    elif name == "pgettext" and words[0] and words[1]:
        yield words[0], words[1]
    elif name in RECORDS:
        given: list[tuple[int | str | None, ast.expr]] = [
            *enumerate(node.args),
            *((k.arg, k.value) for k in node.keywords),
        ]
        for place, value in given:
            if place in RECORDS[name] and (text := _text(value)) and text not in NOT_WORDS:
                yield None, text


def _is_command(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and getattr(decorator.func, "attr", "") in ("command", "callback")


def _text(node: ast.expr) -> str:
    """A constant text; empty for everything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _in_template(path: Path) -> Iterator[Found]:
    keywords = [*DEFAULT_KEYWORDS, "_"]
    with path.open("rb") as file:
        for _line, function, said, _comments in babel_extract(file, keywords, [], {}):
            parts = [str(each) for each in (said if isinstance(said, tuple) else [said]) if each]
            if function == "ngettext":
                yield None, (parts[0], parts[1])
            elif function == "pgettext":
                yield parts[0], parts[1]
            elif parts:
                yield None, parts[0]


def catalogue_file(language: str) -> Path:
    """The source of a language's catalogue."""
    return LOCALE_FOLDER / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def read(language: str) -> Catalog:
    """A language's catalogue as it is in its file; empty where there is none."""
    path = catalogue_file(language)
    if not path.exists():
        return Catalog(locale=language, domain=DOMAIN, fuzzy=False)
    with path.open("rb") as file:
        return pofile.read_po(file, locale=language, domain=DOMAIN)


def updated(language: str) -> Catalog:
    """The catalogue with the messages of the code and the translations that it has for them."""
    old = read(language)
    new = Catalog(
        locale=language,
        domain=DOMAIN,
        project="FormCheck",
        fuzzy=False,
        header_comment="# Made by scripts/translations.py from the code; the translations are written by hand.",
    )
    for (context, message), places in sorted(messages().items(), key=_order):
        known = old.get(message if isinstance(message, str) else message[0], context)
        string = known.string if known is not None else None
        if isinstance(message, tuple) and not isinstance(string, tuple):
            string = ("", "")
        if isinstance(message, str) and not isinstance(string, str):
            string = ""
        new.add(message, string, locations=[(place, 0) for place in places], context=context)
    return new


def _order(each: tuple[Found, list[str]]) -> tuple[str, str, str]:
    (context, message), places = each
    return places[0], message if isinstance(message, str) else message[0], context or ""


def as_po(catalogue: Catalog) -> bytes:
    """The text of a catalogue's file: no dates, no lines, so that it changes only where its messages do."""
    stream = io.BytesIO()
    pofile.write_po(stream, catalogue, width=100, omit_header=True, ignore_obsolete=True)
    plural = catalogue.plural_forms
    head = (
        f"# {LANGUAGES[str(catalogue.locale)]}: FormCheck's messages.\n"
        "# `make words` puts the messages of the code in; translations are written by hand: docs/translating.md.\n"
        'msgid ""\nmsgstr ""\n'
        f'"Language: {catalogue.locale}\\n"\n'
        '"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
        f'"Plural-Forms: {plural}\\n"\n\n'
    )
    return head.encode() + stream.getvalue()


def as_mo(catalogue: Catalog) -> bytes:
    """The compiled form of a catalogue."""
    stream = io.BytesIO()
    # Babel would write the time of day into it.
    catalogue.creation_date = catalogue.revision_date = MADE
    write_mo(stream, catalogue)
    return stream.getvalue()


def update(language: str) -> None:
    """Write both files of a language."""
    path = catalogue_file(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(as_po(updated(language)))
    path.with_suffix(".mo").write_bytes(as_mo(read(language)))


def problems(language: str) -> list[str]:
    """What is wrong with a catalogue, one line each."""
    catalogue, path = read(language), catalogue_file(language)
    found = [] if path.exists() and path.read_bytes() == as_po(updated(language)) else [f"{path}: not up to date"]
    compiled = path.with_suffix(".mo")
    if not compiled.exists() or compiled.read_bytes() != as_mo(catalogue):
        found.append(f"{compiled}: is not made from {path.name}")
    untold = [message for message in catalogue if message.id and (message.fuzzy or not _whole(message))]
    return found + [f"{path}: no translation of {message.id!r}" for message in untold]


def _whole(message: Message) -> bool:
    """Whether all forms of a message are translated."""
    forms = [message.string] if isinstance(message.string, str) else list(message.string or ())
    return bool(forms) and all(forms)


def main() -> int:
    """Update or check all catalogues."""
    others = [language for language in LANGUAGES if language != ENGLISH]
    if sys.argv[1:] == ["update"]:
        for language in others:
            update(language)
    found = [problem for language in others for problem in problems(language)]
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
