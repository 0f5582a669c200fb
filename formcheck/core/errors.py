"""Every error that FormCheck raises on purpose.

    FormCheckError                 message is written for the user: what happened, to which file, what to do
    ├── InputError                 the thing to analyse cannot be read            (exit code 2)
    │   ├── VideoError             not a video, damaged, no picture in it
    │   ├── PoseFileError          not a pose file, damaged, from a newer FormCheck
    │   └── ReportError            not a report.json, damaged, from a newer FormCheck
    ├── UsageError                 an option or argument makes no sense           (exit code 2)
    ├── ModelError                 a pose model cannot be found, fetched or trusted (exit code 2)
    ├── OutputError                a result cannot be written                     (exit code 2)
    ├── HistoryError               the history cannot be read, written or found in (exit code 2)
    │   └── AccessError            who asks is not known, or may not do that
    ├── ClusterError               the cluster that is to do the work is not there     (exit code 2)
    ├── SystemLibraryError         a shared library that OpenCV or MediaPipe loads is missing (exit code 2)
    └── Cancelled                  the user stopped the work                      (exit code 130)

A report without anything to judge is a result, not an error.
"""

from __future__ import annotations


class FormCheckError(Exception):
    """Base of all errors raised on purpose; its text is one readable line for the user."""

    exit_code = 2


class InputError(FormCheckError):
    """What the user wants analysed cannot be read."""


class VideoError(InputError):
    """The file is not a video that can be decoded, or holds no picture."""


class PoseFileError(InputError):
    """The `.npz` file is not a pose file, is damaged, or comes from a newer FormCheck."""


class ReportError(InputError):
    """The data are not those of a report.json, are damaged, or come from a newer FormCheck."""


class UsageError(FormCheckError):
    """An option or argument makes no sense."""


class ModelError(FormCheckError):
    """A pose model cannot be found, fetched or trusted."""


class OutputError(FormCheckError):
    """A result cannot be written where the user asked for it."""


class HistoryError(FormCheckError):
    """The history is damaged, comes from a newer FormCheck, or does not hold what was asked for."""


class AccessError(HistoryError):
    """A server does not know who asks, or that account may not do what it asks for."""


class ClusterError(FormCheckError):
    """The cluster that is to do the work is not there, or not any more."""


class SystemLibraryError(FormCheckError):
    """A shared library that OpenCV or MediaPipe loads is missing on this machine."""


class Cancelled(FormCheckError):
    """The user stopped the work; nothing half-written is left under a final name."""

    exit_code = 130
