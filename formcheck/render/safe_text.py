"""Text that a terminal can show, whatever it holds: apart from the rest, so that a message needs no more than this."""

from __future__ import annotations

PLAIN = {
    "✓": "ok",
    "✗": "x",
    "–": "-",
    "—": "-",
    "−": "-",
    "°": " deg",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "…": "...",
    "·": "-",
    "×": "x",
    "•": "*",
    "ä": "ae",
    "ö": "oe",
    "ü": "ue",
    "Ä": "Ae",
    "Ö": "Oe",
    "Ü": "Ue",
    "ß": "ss",
    "„": '"',
    "\N{NO-BREAK SPACE}": " ",
}
"""What stands for a symbol on a terminal that cannot show it."""


def shows_symbols(encoding: str | None) -> bool:
    """Whether a terminal of that encoding can show more than ASCII."""
    return (encoding or "").lower().replace("-", "").replace("_", "").startswith("utf")


def safe_text(text: str, symbols: bool = True) -> str:
    """Text from outside (file names, notes) without control characters and, if need be, without symbols."""
    text = text.encode("utf-8", "replace").decode()
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    if symbols:
        return text
    for symbol, plain in PLAIN.items():
        text = text.replace(symbol, plain)
    return text.encode("ascii", "replace").decode()
