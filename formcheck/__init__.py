"""FormCheck: a lifting form checker that looks at the spine.

>>> import formcheck
>>> report = formcheck.analyze_video("set.mp4", exercise="deadlift")  # doctest: +SKIP
>>> report.verdict  # doctest: +SKIP
'good'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from formcheck.core.version import VERSION as __version__

if TYPE_CHECKING:
    from formcheck.core.errors import FormCheckError
    from formcheck.core.poses import PoseSequence
    from formcheck.judging.analysis import analyze
    from formcheck.judging.report import Report
    from formcheck.service.api import analyze_video
    from formcheck.service.pipeline import AnalysisRequest, AnalysisResult, run_analysis
    from formcheck.storage.pose_files import load_poses, save_poses

__all__ = [
    "AnalysisRequest",
    "AnalysisResult",
    "FormCheckError",
    "PoseSequence",
    "Report",
    "__version__",
    "analyze",
    "analyze_video",
    "load_poses",
    "run_analysis",
    "save_poses",
]

_HOMES = {
    "AnalysisRequest": "service.pipeline",
    "AnalysisResult": "service.pipeline",
    "FormCheckError": "core.errors",
    "PoseSequence": "core.poses",
    "Report": "judging.report",
    "analyze": "judging.analysis",
    "analyze_video": "service.api",
    "load_poses": "storage.pose_files",
    "run_analysis": "service.pipeline",
    "save_poses": "storage.pose_files",
}


def __getattr__(name: str) -> Any:
    # Loaded when first used: SciPy alone takes a second, which `formcheck --help` need not wait for.
    if name in _HOMES:
        return getattr(import_module(f"formcheck.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'formcheck' has no attribute '{name}'")
