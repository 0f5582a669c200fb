"""Settings of the C library are only touched where it is glibc."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace

import pytest

from formcheck.vision.process_memory import M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, keep_freed_memory


def _library(monkeypatch: pytest.MonkeyPatch, **functions: object) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(**functions))


def test_freed_memory_is_kept_by_glibc(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[int, int] = {}
    _library(monkeypatch, gnu_get_libc_version=None, mallopt=told.__setitem__)
    keep_freed_memory()
    assert told.keys() == {M_MMAP_THRESHOLD, M_TRIM_THRESHOLD}


def test_another_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[int, int] = {}
    _library(monkeypatch, mallopt=told.__setitem__)
    keep_freed_memory()
    assert told == {}


def test_without_a_library_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_there(_: object) -> None:
        raise TypeError("no name")

    monkeypatch.setattr(ctypes, "CDLL", none_there)
    keep_freed_memory()
