"""A language in which every message of the catalogue stands between marks: whatever has none was never translated."""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterator
from contextlib import contextmanager

from formcheck.core import words
from scripts import translations

LANGUAGE = "de"
"""The language that is spoken in its place, so that numbers are written as there."""

OPEN, SHUT = "⟦", "⟧"


class _Marked(gettext.NullTranslations):
    def __init__(self) -> None:
        super().__init__()
        self.known: set[tuple[str | None, str]] = set()
        for context, message in translations.messages():
            self.known |= {(context, each) for each in ((message,) if isinstance(message, str) else message)}

    def gettext(self, message: str) -> str:
        return self._marked(None, message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self._marked(None, msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        return self._marked(context, message)

    def _marked(self, context: str | None, message: str) -> str:
        if (context, message) not in self.known:
            return message
        inside = message.strip(" ")
        return message.replace(inside, f"{OPEN}{inside}{SHUT}") if inside else message


@contextmanager
def pseudo_language() -> Iterator[None]:
    """Say every message of the catalogue between marks."""
    before = words._catalogues.get(LANGUAGE)
    words.use_catalogue(LANGUAGE, _Marked())
    try:
        with words.speaking(LANGUAGE):
            yield
    finally:
        words._catalogues.pop(LANGUAGE, None)
        if before is not None:
            words.use_catalogue(LANGUAGE, before)


WORD = re.compile(r"[^\W\d_]{2,}")


def unmarked(text: str, *allowed: str) -> list[str]:
    """The words of a text that stand outside of all marks; ``allowed`` are patterns of what may."""
    depth, outside = 0, []
    for letter in text:
        depth += (letter == OPEN) - (letter == SHUT)
        outside.append(letter if depth == 0 and letter not in OPEN + SHUT else " ")
    left = "".join(outside)
    for pattern in allowed:
        left = re.sub(pattern, " ", left)
    return WORD.findall(left)
