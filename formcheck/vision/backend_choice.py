"""Which backend runs the pose model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from formcheck.core.errors import UsageError
from formcheck.core.words import _
from formcheck.vision.backend import PoseBackend
from formcheck.vision.mediapipe_backend import MediaPipeBackend
from formcheck.vision.models.store import ModelFile
from formcheck.vision.openvino_backend import OpenVinoBackend, is_installed

AUTO = "auto"

BACKENDS: Mapping[str, Callable[[], PoseBackend]] = MappingProxyType(
    {OpenVinoBackend.name: OpenVinoBackend, MediaPipeBackend.name: MediaPipeBackend}
)
"""Every backend by its name."""


def default_backend(model: ModelFile) -> PoseBackend:
    """The backend that is used where nothing else is asked for: OpenVINO where it is installed.

    Bundles of the user's own go to MediaPipe, which knows kinds of them that `formcheck.vision.blazepose` does not.
    """
    return OpenVinoBackend() if is_installed() and model.origin != "custom" else MediaPipeBackend()


def backend_named(name: str) -> PoseBackend | None:
    """The backend of that name; None for "auto", which leaves the choice to `default_backend`.

    Raises
    ------
    UsageError : there is no such backend, or it is not installed.
    """
    if name == AUTO:
        return None
    if name not in BACKENDS:
        raise UsageError(
            _(
                "There is no pose backend '{name}': choose one of {names}.",
                name=name,
                names=", ".join([AUTO, *BACKENDS]),
            )
        )
    if name == OpenVinoBackend.name and not is_installed():
        raise UsageError(_("OpenVINO is not installed: run pip install 'formcheck[fast]', or use --backend mediapipe."))
    return BACKENDS[name]()
