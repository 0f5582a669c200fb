"""Around the lift: may I lift today, is this soreness, is the load right, what should I train.

>>> from formcheck.guidance import readiness, soreness
>>> readiness({"pain": "mild", "earlier": "none", "rest": "fresh"}, "deadlift").answer.headline
'Take it easy today.'
>>> soreness({"signs": {"saddle"}}).level
'emergency'

``tables`` holds everything that a clinician or a coach may want to review, ``texts`` every sentence; ``decisions``,
``routines``, ``load`` and ``training`` look things up and compute nothing that is not written there; ``figures`` draws
the moves, ``dismissed_advice`` remembers what a lifter does not want to see again.

General fitness information: not a medical device, and not a stand-in for a clinician or a coach.
"""

from __future__ import annotations

from formcheck.guidance.decisions import Answer, Readiness, Section, is_emergency, next_question, readiness, soreness
from formcheck.guidance.dismissed_advice import hidden_advice, hide_advice, show_hidden
from formcheck.guidance.figures import picture
from formcheck.guidance.load import LoadAdvice, load_advice
from formcheck.guidance.routines import Drill, Routine, cool_down, warm_up
from formcheck.guidance.training import Training, TrainingTopic, train

__all__ = [
    "Answer",
    "Drill",
    "LoadAdvice",
    "Readiness",
    "Routine",
    "Section",
    "Training",
    "TrainingTopic",
    "cool_down",
    "hidden_advice",
    "hide_advice",
    "is_emergency",
    "load_advice",
    "next_question",
    "picture",
    "readiness",
    "show_hidden",
    "soreness",
    "train",
    "warm_up",
]
