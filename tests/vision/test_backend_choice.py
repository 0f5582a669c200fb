from __future__ import annotations

from pathlib import Path

import pytest

from formcheck.core.errors import UsageError
from formcheck.vision import backend_choice
from formcheck.vision.backend_choice import AUTO, BACKENDS, backend_named, default_backend
from formcheck.vision.models.store import ModelFile, Origin


def _there(monkeypatch: pytest.MonkeyPatch, installed: bool) -> None:
    monkeypatch.setattr(backend_choice, "is_installed", lambda: installed)


@pytest.mark.parametrize(
    ("installed", "origin", "name"),
    [
        (True, "official", "openvino"),
        (True, "assembled", "openvino"),
        (True, "custom", "mediapipe"),
        (False, "official", "mediapipe"),
    ],
)
def test_openvino_is_used_where_it_is_for_models_that_are_known(
    monkeypatch: pytest.MonkeyPatch, installed: bool, origin: Origin, name: str
) -> None:
    _there(monkeypatch, installed)
    assert default_backend(ModelFile(Path("some.task"), "some", origin, "")).name == name


def test_a_backend_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    _there(monkeypatch, True)
    assert backend_named(AUTO) is None
    for name in BACKENDS:
        backend = backend_named(name)
        assert backend is not None
        assert backend.name == name


def test_a_backend_that_does_not_exist_or_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    _there(monkeypatch, False)
    with pytest.raises(UsageError, match="choose one of auto, openvino, mediapipe"):
        backend_named("tensorflow")
    with pytest.raises(UsageError, match=r"formcheck\[fast\]"):
        backend_named("openvino")
    assert backend_named("mediapipe") is not None
