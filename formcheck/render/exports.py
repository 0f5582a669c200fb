"""Every file that a report can become: one row of `EXPORTS` for each format.

A row says what the file is called, what it is for and what makes it; the command line, the app, the live view and the
Python interface offer what is listed here. To add a format, write what makes it and add its row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from formcheck.core.errors import UsageError, VideoError
from formcheck.core.poses import PoseSequence
from formcheck.core.words import _, translated
from formcheck.judging.report import Report
from formcheck.render.trc import trc_text
from formcheck.storage import report_folder
from formcheck.storage.pose_files import save_poses
from formcheck.storage.report_folder import ANNOTATED_MP4, POSES_NPZ, REPORT_HTML, REPORT_JSON, REPS_CSV, SIGNALS_CSV

if TYPE_CHECKING:
    from formcheck.render.html.pictures import KeyPicture

LANDMARKS_TRC = "landmarks.trc"
REPORT_PDF = "report.pdf"

Progress = Callable[[int, int | None], None]
"""Called as ``progress(done_frames, total_frames)``; the total is None while it is not known."""


@dataclass(frozen=True)
class Analysed:
    """What exports are made of.

    Attributes
    ----------
    report : what was found.
    poses : the part of the set that was judged.
    all_poses : the whole of it, for judging another part later.
    video : where the poses come from; None where it is not at hand.
    lifter, notes : as told by the user.
    settings : what the analysis was told, by name.
    progress, cancelled : of exports that go through the video; ``cancelled`` is asked after every frame.
    jobs : how much these may do at the same time, as threads; None = as much as they like.
    full_video : the annotated video has the size of the film and all of its frames.
    """

    report: Report
    poses: PoseSequence
    all_poses: PoseSequence
    video: Path | None = None
    lifter: str = ""
    notes: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    progress: Progress | None = None
    cancelled: Callable[[], bool] | None = None
    jobs: int | None = None
    full_video: bool = False

    @cached_property
    def pictures(self) -> tuple[KeyPicture, ...]:
        """The frames that show most, drawn on; none where the video is not at hand or cannot be read any more."""
        from formcheck.render.html.pictures import key_pictures

        if self.video is None:
            return ()
        try:
            return key_pictures(self.video, self.poses, self.report)
        except VideoError:
            return ()  # pages are worth having without them


@translated("title", "about")
@dataclass(frozen=True)
class Export:
    """One format.

    Attributes
    ----------
    name : what ``--export`` calls it.
    file : name of the file in the report's folder.
    title, about : what people call it, and what it is for.
    media_type : of the file, for browsers.
    make : writes it to a path; `OutputError` when it cannot, and what the video raises.
    usual : written unless somebody asks for something else.
    from_video : needs the video and goes through all of it, so it is made last.
    on_demand : the app makes it when somebody wants it, so that nobody waits for it before the verdict.
    """

    name: str
    file: str
    title: str
    about: str
    media_type: str
    make: Callable[[Analysed, Path], None]
    usual: bool = True
    from_video: bool = False
    on_demand: bool = False


def _html(analysed: Analysed, path: Path) -> None:
    from formcheck.render.html.report import html_report

    page = html_report(
        analysed.report,
        analysed.pictures,
        lifter=analysed.lifter,
        notes=analysed.notes,
        settings=dict(analysed.settings),
    )
    _write_text(path, page)


def _pdf(analysed: Analysed, path: Path) -> None:
    from formcheck.render.pdf import write_pdf

    write_pdf(path, analysed.report, analysed.pictures, analysed.lifter, analysed.notes)


def _json(analysed: Analysed, path: Path) -> None:
    _write_text(path, report_folder.report_json(analysed.report))


def _reps(analysed: Analysed, path: Path) -> None:
    _write_text(path, report_folder.reps_csv(analysed.report.reps))


def _signals(analysed: Analysed, path: Path) -> None:
    _write_text(path, report_folder.signals_csv(analysed.report.signals, analysed.poses.time_s))


def _poses(analysed: Analysed, path: Path) -> None:
    save_poses(analysed.all_poses, path)


def _trc(analysed: Analysed, path: Path) -> None:
    _write_text(path, trc_text(analysed.poses, path.name, forward=analysed.report.view.forward))


def _video(analysed: Analysed, path: Path) -> None:
    from formcheck.render import annotated_video

    assert analysed.video is not None
    limits = {"max_side": None, "max_fps": None} if analysed.full_video else {}
    annotated_video.write_annotated_video(
        analysed.video,
        analysed.poses,
        analysed.report,
        path,
        **limits,
        jobs=analysed.jobs,
        progress=analysed.progress,
        cancelled=analysed.cancelled,
    )


def _write_text(path: Path, text: str) -> None:
    # A name that is not Unicode must not keep anybody from their report.
    path.write_bytes(text.encode("utf-8", "replace"))


EXPORTS = (
    Export("html", REPORT_HTML, "Report", "Everything on one page, for reading", "text/html", _html),
    Export(
        "pdf",
        REPORT_PDF,
        "Summary as PDF",
        "One page, for sending and printing",
        "application/pdf",
        _pdf,
        usual=False,
        on_demand=True,
    ),
    Export(
        "video",
        ANNOTATED_MP4,
        "Annotated video",
        "With back line, skeleton and findings",
        "video/mp4",
        _video,
        from_video=True,
    ),
    Export("json", REPORT_JSON, "Report as JSON", "Everything, for programs", "application/json", _json),
    Export("reps", REPS_CSV, "Reps as CSV", "Measures rep by rep, for a spreadsheet", "text/csv", _reps),
    Export("signals", SIGNALS_CSV, "Angles as CSV", "Joint angles frame by frame", "text/csv", _signals),
    Export("poses", POSES_NPZ, "Poses", "For judging the set again without its video", "application/zip", _poses),
    Export(
        "trc",
        LANDMARKS_TRC,
        "Landmarks as TRC",
        "Markers in millimetres, for OpenSim",
        "text/plain",
        _trc,
        usual=False,
    ),
)
"""All formats, in the order in which the app offers them."""


def usual_exports() -> tuple[str, ...]:
    """Names of the formats that are written unless somebody asks for something else."""
    return tuple(export.name for export in EXPORTS if export.usual)


def all_exports(*, video: bool = True, on_demand: bool = True) -> tuple[str, ...]:
    """Names of all formats, or of those that need no video, or that are not made on demand."""
    return tuple(
        export.name for export in EXPORTS if (video or not export.from_video) and (on_demand or not export.on_demand)
    )


def find_exports(names: Iterable[str]) -> tuple[Export, ...]:
    """The formats of those names, each once, in the order in which they are made.

    Raises
    ------
    UsageError : there is no such format.
    """
    names = set(names)
    unknown = sorted(names - set(all_exports()))
    if unknown:
        raise UsageError(
            _("There is no export {name!r}: choose from {names}.", name=unknown[0], names=", ".join(all_exports()))
        )
    chosen = [export for export in EXPORTS if export.name in names]
    return tuple(sorted(chosen, key=lambda export: export.from_video))
