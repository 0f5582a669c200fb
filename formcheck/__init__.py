"""FormCheck: a lifting form checker that looks at the spine.

>>> import formcheck
>>> report = formcheck.analyze_video("set.mp4", exercise="deadlift")  # doctest: +SKIP
>>> report.verdict  # doctest: +SKIP
'good'
"""

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
