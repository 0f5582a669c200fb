"""What all HTML pages are made from: templates that escape what is put into them, style sheets and scripts."""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from formcheck.core.words import _, begun, ngettext, pgettext


@functools.cache
def template(name: str) -> Any:
    """The template of that file name; whatever is put into it is escaped, and what is missing is an error."""
    environment = Environment(
        loader=PackageLoader("formcheck.render.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(_=_, ngettext=ngettext, pgettext=pgettext, begun=begun)
    return environment.get_template(name)


@functools.cache
def asset(name: str) -> str:
    """Text of a style sheet or script that stands in the pages themselves."""
    return resources.files("formcheck.render.html").joinpath("templates", name).read_text(encoding="utf-8")
