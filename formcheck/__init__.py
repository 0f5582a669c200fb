"""FormCheck: a lifting form checker that looks at the spine.

>>> import formcheck
>>> report = formcheck.analyze_video("set.mp4", exercise="deadlift")  # doctest: +SKIP
>>> report.verdict  # doctest: +SKIP
'good'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from formcheck.analysis import analyze
    from formcheck.api import analyze_video
    from formcheck.errors import FormCheckError
    from formcheck.pose_files import load_poses, save_poses
    from formcheck.poses import PoseSequence
    from formcheck.report import Report

__all__ = [
    "FormCheckError",
    "PoseSequence",
    "Report",
    "analyze",
    "analyze_video",
    "load_poses",
    "save_poses",
]

_HOMES = {
    "FormCheckError": "errors",
    "PoseSequence": "poses",
    "Report": "report",
    "analyze": "analysis",
    "analyze_video": "api",
    "load_poses": "pose_files",
    "save_poses": "pose_files",
}


def __getattr__(name: str) -> Any:
    # Loaded when first used: SciPy alone takes a second, which `formcheck --help` need not wait for.
    if name in _HOMES:
        return getattr(import_module(f"formcheck.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'formcheck' has no attribute '{name}'")
