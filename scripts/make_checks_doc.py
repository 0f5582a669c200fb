"""Write docs/checks.md from the checks themselves (`make checks-doc`)."""

from __future__ import annotations

from pathlib import Path

from formcheck.render.catalogue import checks_markdown

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "checks.md"


def main() -> None:
    """Write the document."""
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(checks_markdown(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
