"""Every sentence for people comes through here, in the language of whoever reads it: see docs/translating.md.

English is the source and needs no file; each other language is a gettext catalogue in ``formcheck/locale``. The
language is looked up when something is said, not when a module is imported: `speaking` sets it for a stretch of code,
`ask` lets a front say whose turn it is, and `speak` sets that of the whole process.
"""

from __future__ import annotations

import gettext as _gettext
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from string import Formatter
from typing import Any, TypeVar

from formcheck.core.errors import UsageError

ENGLISH = "en"

LANGUAGES = {ENGLISH: "English", "de": "Deutsch"}
"""The languages that FormCheck speaks, each called as its speakers call it."""

VARIABLE = "FORMCHECK_LANGUAGE"
"""Variable of the environment that names the language of a process."""

DOMAIN = "formcheck"

LOCALE_FOLDER = Path(__file__).resolve().parent.parent / "locale"

DECIMAL_COMMA = frozenset({"de"})
"""Languages that write 2,5 and 40 %."""

_T = TypeVar("_T")
_K = TypeVar("_K")

_spoken: ContextVar[str | None] = ContextVar("formcheck_language", default=None)
_whole_process = named if (named := os.environ.get(VARIABLE, "")) in LANGUAGES else ENGLISH
_asked: Callable[[], str | None] | None = None
_catalogues: dict[str, _gettext.NullTranslations] = {}


def language() -> str:
    """The language in which something would be said now."""
    spoken = _spoken.get()
    if spoken is None and _asked is not None:
        spoken = _asked()
    return spoken or _whole_process


def known_language(name: str) -> str:
    """A key of `LANGUAGES` for what people and browsers write, such as "de", "DE" or "de-AT".

    Raises
    ------
    UsageError : FormCheck does not speak that language.
    """
    short = name.strip().replace("_", "-").split("-")[0].split(".")[0].lower()
    if short not in LANGUAGES:
        spoken = ", ".join(f"{key} ({title})" for key, title in LANGUAGES.items())
        raise UsageError(
            _("FormCheck does not speak {language!r}: choose one of {known}.", language=name, known=spoken)
        )
    return short


def speak(name: str) -> None:
    """Set the language of this process where `speaking` sets no other; `UsageError` as `known_language`."""
    global _whole_process
    _whole_process = known_language(name)


def ask(source: Callable[[], str | None] | None) -> None:
    """Let ``source`` say the language of whoever is served now; None from it = that of the process."""
    global _asked
    _asked = source


@contextmanager
def speaking(name: str | None) -> Iterator[None]:
    """Say everything within in that language; None changes nothing. `UsageError` as `known_language`."""
    if name is None:
        yield
        return
    token = _spoken.set(known_language(name))
    try:
        yield
    finally:
        _spoken.reset(token)


def language_of_environment() -> str | None:
    """What `VARIABLE` says; None where it is not set. `UsageError` as `known_language`."""
    name = os.environ.get(VARIABLE, "")
    return known_language(name) if name else None


def _(message: str, **values: Any) -> str:
    """A message in the language of the reader, with its ``{placeholders}`` filled in.

    Without values the message is taken as it is, so that braces in it mean nothing.
    """
    found = _said(message)
    return _filled(found, values) if values else found


def ngettext(one: str, many: str, n: int, **values: Any) -> str:
    """The form of a message that goes with the number ``n``, which is there as ``{n}`` as well."""
    spoken = language()
    if spoken == ENGLISH:
        found = one if n == 1 else many
    else:
        found = _catalogue(spoken).ngettext(one, many, n)
    return _filled(found, {"n": n, **values})


def pgettext(context: str, message: str, **values: Any) -> str:
    """As `_` for short words that mean several things: ``context`` says which; translators see it."""
    spoken = language()
    found = message if spoken == ENGLISH else _catalogue(spoken).pgettext(context, message)
    return _filled(found, values) if values else found


def N_(message: str) -> str:
    """Mark a constant for the catalogue; it is said later, by `_`."""
    return message


def translated(*names: str) -> Callable[[type[_T]], type[_T]]:
    """Let those fields of a dataclass be read in the language of the reader, whenever they are read.

    For records that are made when a module is imported, such as the title of a check: they are written in English and
    keep it. `dataclasses.replace` keeps it too, as what is read remembers which message it is.
    """

    def install(kind: type[_T]) -> type[_T]:
        for name in names:
            setattr(kind, name, _Field(name))
        return kind

    return install


class _Told(str):
    """A message as it was said, and the message."""

    __slots__ = ("message",)
    message: str

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)


class _Field:
    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, record: Any, kind: type | None = None) -> Any:
        if record is None:
            return self
        message: str = record.__dict__[self.name]
        if language() == ENGLISH:
            return message
        told = _Told(_said(message))
        told.message = message
        return told

    def __set__(self, record: Any, words: str) -> None:
        record.__dict__[self.name] = words.message if isinstance(words, _Told) else words


class WordTable(dict[_K, str]):
    """Words by key, such as those for verdicts: written in English, read in the language of the reader."""

    def __getitem__(self, key: _K) -> str:
        return _(super().__getitem__(key))

    def get(self, key: _K, default: Any = None) -> Any:
        words = super().get(key)
        return default if words is None else _(words)

    def values(self) -> Any:
        return [self[key] for key in self]

    def items(self) -> Any:
        return [(key, self[key]) for key in self]


def in_sentence(title: str) -> str:
    """A title, said already, within a sentence: English begins it small, German nouns keep their capitals."""
    return title.lower() if language() == ENGLISH else title


def in_quotes(words: str) -> str:
    """Words between the quotation marks of the language."""
    return _("“{words}”", words=words.strip("“”„"))


def begun(sentence: str) -> str:
    """The same words with a capital letter in front."""
    return sentence[:1].upper() + sentence[1:]


def number(value: float, spec: str) -> str:
    """A number for people, such as ``number(2.5, ".1f")``: "2.5", or "2,5" where that is how it is written."""
    return _FORMATTER.format_field(value, spec)


class _Numbers(Formatter):
    """`str.format` that writes numbers as the language does."""

    def format_field(self, value: Any, format_spec: str) -> str:
        text = str(format(value, format_spec))
        if isinstance(value, float) and language() in DECIMAL_COMMA:
            text = text.replace(".", ",")
        return text[:-1] + "\N{NO-BREAK SPACE}%" if format_spec.endswith("%") and language() in DECIMAL_COMMA else text


_FORMATTER = _Numbers()


def _filled(message: str, values: dict[str, Any]) -> str:
    return message.format(**values) if language() == ENGLISH else _FORMATTER.vformat(message, (), values)


def _said(message: str) -> str:
    spoken = language()
    if spoken == ENGLISH or not message:
        return message
    return _catalogue(spoken).gettext(message)


def use_catalogue(name: str, catalogue: _gettext.NullTranslations) -> None:
    """Say a language by that catalogue, which need not be in a file: for tests."""
    _catalogues[name] = catalogue


def _catalogue(name: str) -> _gettext.NullTranslations:
    if name not in _catalogues:
        _catalogues[name] = _gettext.translation(DOMAIN, LOCALE_FOLDER, languages=[name], fallback=True)
    return _catalogues[name]
