"""Whether this process serves the phone's page (`formcheck app --share`), which has two pages and nothing of before."""

from __future__ import annotations

import os
from collections.abc import Mapping

from formcheck.cli.share import SHARED_VARIABLE

SHARED_PAGES = ("check", "live")
"""Ends of the addresses of its pages."""


def is_shared(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this process serves the phone's page."""
    return bool(environment.get(SHARED_VARIABLE))
