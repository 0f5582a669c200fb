"""Shared libraries of a Linux that lacks some of them."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from formcheck.vision.system_libraries import SYSTEM_LIBRARIES, SystemLibrary

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="about the shared libraries of Linux")


def lacking(*files: str) -> Callable[[str], bool]:
    """A loader that finds every library but these."""
    return lambda file: file not in files


def libraries(*files: str) -> list[SystemLibrary]:
    """What FormCheck knows about the libraries of these names."""
    return [library for library in SYSTEM_LIBRARIES if library.file in files]
