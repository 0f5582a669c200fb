"""The command ``live``: eyes on a set as it happens, from a camera or a file that stands in for one.

Standard output carries the session, as words or with ``--jsonl`` as one JSON object for every frame looked at; the
summary of the set goes to standard error. Exit codes as for ``analyze``: 3 when there was nothing to judge.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from formcheck.cli.console import NOTHING_TO_JUDGE, say, user_friendly
from formcheck.cli.guidance import say_what_stops_today
from formcheck.cli.options import (
    AUTO,
    ExerciseOption,
    ExportOption,
    HeightOption,
    LoadOption,
    NotesOption,
    PresetOption,
    SettingsOption,
    VariantOption,
    chosen_exports,
    known_variant,
    lift_or_auto,
    parse_height_cm,
)
from formcheck.core.errors import FormCheckError, InputError, UsageError
from formcheck.core.words import _
from formcheck.service.user_values import parse_load_kg

if TYPE_CHECKING:
    from formcheck.live.capture import Captured
    from formcheck.live.engine import LiveEngine
    from formcheck.live.save_set import SessionVideo
    from formcheck.live.session import FinishedSet, SessionOptions, Snapshot
    from formcheck.live.window import Window
    from formcheck.service.pipeline import AnalysisRequest

BELL = "\a"


@dataclass(frozen=True)
class _Session:
    """What was asked for: ``request`` is what is to become of every set."""

    camera: str
    request: AnalysisRequest
    export: tuple[str, ...]
    window: bool
    jsonl: bool
    warm_up: bool
    target_reps: int | None
    mute: bool
    fast: bool

    @property
    def source(self) -> str:
        """What was filmed with, as a name."""
        return f"camera-{self.camera}" if self.camera.isdecimal() else self.camera


def add_live_command(app: typer.Typer) -> None:
    """Add ``live`` to the ``formcheck`` command."""

    @app.command()
    def live(
        camera: Annotated[
            str, typer.Option("--camera", "-c", metavar="N|FILE", help="Number of a camera, or a video in its place.")
        ] = "0",
        exercise: ExerciseOption = AUTO,
        variant: VariantOption = "auto",
        load: LoadOption = None,
        lifter: Annotated[
            str | None, typer.Option("--lifter", metavar="NAME", help="Who lifts; saves the sets to the history.")
        ] = None,
        notes: NotesOption = "",
        settings: SettingsOption = None,
        preset: PresetOption = None,
        height: HeightOption = None,
        save: Annotated[bool, typer.Option("--save", help="Save the sets to the history.")] = False,
        out: Annotated[
            Path | None, typer.Option("--out", "-o", metavar="DIR", help="Write a report folder for each set.")
        ] = None,
        export: ExportOption = None,
        keep_video: Annotated[
            bool, typer.Option("--keep-video", help="Keep the video too, with --out or --save; otherwise none is kept.")
        ] = False,
        plate: Annotated[
            bool, typer.Option("--plate", help="After a deadlift, follow the near plate (450 mm) in the kept video.")
        ] = False,
        model: Annotated[
            str, typer.Option("--model", "-m", metavar="MODEL", help="Pose model: lite (faster), full or a .task file.")
        ] = "full",
        no_window: Annotated[bool, typer.Option("--no-window", help="Show no picture.")] = False,
        jsonl: Annotated[bool, typer.Option("--jsonl", help="Print one JSON object a line for every frame.")] = False,
        warm_up: Annotated[
            bool, typer.Option("--warm-up", help="Begin with unloaded drills (hinge first), then ramp sets.")
        ] = False,
        reps: Annotated[
            int | None, typer.Option("--reps", metavar="N", min=1, max=100, help="The set is over after N reps.")
        ] = None,
        mute: Annotated[bool, typer.Option("--mute", help="Do not ring the terminal's bell with cues.")] = False,
        as_fast_as_possible: Annotated[
            bool, typer.Option("--as-fast-as-possible", help="Analyse every frame of a FILE, without waiting.")
        ] = False,
    ) -> None:
        """Watch a set as it happens: set-up, rep counter, cues; then the same report as for a video."""
        from formcheck.service.pipeline import AnalysisRequest
        from formcheck.vision.native_logs import quiet_native_logs

        with user_friendly() as stop, quiet_native_logs():
            say_what_stops_today()
            request = AnalysisRequest(
                exercise=exercise,
                lifter=lifter,
                notes=notes,
                model=model,
                plate=plate,
                settings_file=None if settings is None else str(settings),
                presets=tuple(preset or ()),
                folder=None if out is None else str(out),
                save=save or lifter is not None,
                keep_video=keep_video,
            )
            session = _Session(
                camera,
                request,
                tuple(export or ()),
                window=not no_window,
                jsonl=jsonl,
                warm_up=warm_up,
                target_reps=reps,
                mute=mute,
                fast=as_fast_as_possible,
            )
            code = _live(session, variant, load, height, stop)
        raise typer.Exit(code)


def json_line(now: Snapshot, delay_ms: float, dropped: int) -> str:
    """One frame as a line of JSON; null is what was not measured, "" where nothing is said."""
    reading = now.reading
    fields: dict[str, Any] = {
        "time_s": round(now.time_s, 3),
        "state": now.state,
        "set": now.set_number,
        "reps": now.reps,
        "exercise": now.exercise,
        "back_rounding_deg": _number(reading.back_rounding_deg),
        "back_uncertainty_deg": _number(reading.uncertainty_deg),
        "back": reading.verdict,
        "hip_flexion_deg": _number(reading.hip_flexion_deg),
        "knee_flexion_deg": _number(reading.knee_flexion_deg),
        "depth_thighs": _number(reading.depth_thighs, 3),
        "cue": now.cue or None,
        "message": now.message,
        "countdown": now.countdown,
        "in_frame": now.in_frame,
        "events": [{"kind": event.kind, "text": event.text, "speak": event.speak} for event in now.events],
        "delay_ms": round(delay_ms, 1),
        "dropped": dropped,
    }
    if now.drill is not None:
        drill = now.drill
        fields["drill"] = {"stage": drill.stage, "good": drill.good, "needed": drill.needed, "passed": drill.passed}
    return json.dumps(fields, ensure_ascii=False, allow_nan=False)


def _number(value: float, digits: int = 1) -> float | None:
    return round(value, digits) if math.isfinite(value) else None


# --- a session -----------------------------------------------------------------------------------------------------


def _live(session: _Session, variant: str, load: str | None, height: str | None, stop: threading.Event) -> int:
    from formcheck.live.capture import NewestFrame, camera_frames, file_frames, is_camera
    from formcheck.live.engine import LiveEngine
    from formcheck.live.frame_analyser import FrameAnalyser
    from formcheck.live.save_set import SessionVideo
    from formcheck.storage.temporary_folders import remove_abandoned, temporary_folder
    from formcheck.vision.models.store import find_model
    from formcheck.vision.video import VideoReader

    from_camera = is_camera(session.camera)
    _check(session, from_camera)
    session, options = _session_options(session, variant, load, height)
    request = session.request
    if not from_camera:
        VideoReader(session.camera, max_side=64).close()  # what cannot be read is found out first
        source: Iterator[Captured] = file_frames(session.camera, paced=not session.fast)
    else:
        source = camera_frames(int(session.camera))
    window = _window(session)
    engine = LiveEngine(options, clock=(lambda: 0.0) if session.fast else time.perf_counter)
    out = _Printer(session)
    with contextlib.ExitStack() as cleanup:
        remove_abandoned()
        folder = Path(cleanup.enter_context(temporary_folder()))
        video = cleanup.enter_context(SessionVideo(folder / "session.mp4")) if request.keep_video else None
        with contextlib.ExitStack() as running:
            if window is not None:
                running.callback(window.close)
            analyser = running.enter_context(FrameAnalyser(find_model(request.model)))
            newest: NewestFrame | None = None
            if not session.fast:
                newest = running.enter_context(NewestFrame(source))
            _say_start(session, from_camera)
            first_s = _run(engine, analyser, newest or source, newest, window, video, out, stop)
        if video is not None:
            video.close()
        finished = engine.finish()
        out.last(engine, newest.dropped if newest else 0)
        return _outcome(session, options, engine, finished, _Cut(video, first_s, folder))


def _check(session: _Session, from_camera: bool) -> None:
    request = session.request
    if from_camera and session.fast:
        raise UsageError(_("--as-fast-as-possible is for a video: name one with --camera FILE."))
    if request.keep_video and request.folder is None and not request.save:
        raise UsageError(_("--keep-video needs a place: add --out DIR or --save."))
    if request.plate and not request.keep_video:
        raise UsageError(_("--plate follows the plate in the kept video: add --keep-video."))
    if session.export and request.folder is None:
        raise UsageError(_("--export writes into the report folder: add --out DIR."))


def _session_options(
    session: _Session, variant: str, load: str | None, height: str | None
) -> tuple[_Session, SessionOptions]:
    """The session with all that was told, and what the engine is to know of it."""
    from formcheck.judging.analysis import exercise_of_variant
    from formcheck.live.session import SessionOptions
    from formcheck.service.pipeline import analysis_options, settings_of

    lift = lift_or_auto(session.request.exercise)
    request = replace(session.request, exercise=lift, height_cm=parse_height_cm(height))
    unit = settings_of(request).unit_of_loads
    request = replace(
        request,
        variant=known_variant(request.exercise, variant),
        load_kg=parse_load_kg(load, unit),
        exports=chosen_exports(session.export, video=request.keep_video),
    )
    options = SessionOptions(
        exercise=exercise_of_variant(request.exercise, request.variant),
        variant=request.variant,
        load_kg=request.load_kg,
        file=Path(session.source).name,
        model=Path(request.model).stem,
        target_reps=session.target_reps,
        warm_up=session.warm_up,
        **analysis_options(request),
    )
    return replace(session, request=request), options


def _window(session: _Session) -> Window | None:
    if not session.window:
        return None
    from formcheck.live.window import Window, can_draw_windows, display_problem

    if not can_draw_windows():
        say(_("This build of OpenCV cannot show windows: continuing without one."))
        return None
    problem = display_problem()
    if problem:
        raise InputError(_("{problem}: add --no-window, and --jsonl for programs.", problem=problem))
    return Window()


def _say_start(session: _Session, from_camera: bool) -> None:
    what = _("camera {camera}", camera=session.camera) if from_camera else Path(session.camera).name
    say(_("Watching {what}; Ctrl-C ends.", what=what) if from_camera else _("Watching {what} ...", what=what))


def _run(
    engine: LiveEngine,
    analyser: Any,
    frames: Any,
    newest: Any,
    window: Window | None,
    video: SessionVideo | None,
    out: _Printer,
    stop: threading.Event,
) -> float:
    """Look at frames until they end or the user does; returns the capture time of the first one."""
    from formcheck.live.frame_analyser import scaled
    from formcheck.live.window import END, MUTE, SET_OVER

    first_s: float | None = None
    try:
        for frame in _until_lost(frames):
            rgb = scaled(frame.rgb)
            first_s = frame.time_s if first_s is None else first_s
            seen = analyser.analyse(rgb, frame.time_s, count_people=engine.counts_people)
            now = engine.add(seen)
            delay_ms = 1000.0 * (time.monotonic() - frame.at_s)
            if not out.frame(now, delay_ms, 0 if newest is None else newest.dropped) or stop.is_set():
                break
            if video is not None:
                video.add(rgb, frame.time_s - first_s)
            if window is not None:
                wish = window.show(rgb, seen.person, now, delay_ms)
                if wish == END:
                    break
                if wish == SET_OVER:
                    engine.end_set()
                if wish == MUTE:
                    out.mute = not out.mute
    except KeyboardInterrupt:
        pass  # the usual end of a session with a camera
    return first_s or 0.0


def _until_lost(frames: Iterable[Captured]) -> Iterator[Captured]:
    """Frames until there are no more; a source that breaks off after some is told of, and what was seen is kept."""
    seen = False
    try:
        for frame in frames:
            seen = True
            yield frame
    except InputError as error:
        if not seen:
            raise
        say(_("{error} What was seen until then is kept and judged.", error=error))


class _Printer:
    """Writes the session to standard output; knows when nobody reads it any more."""

    def __init__(self, session: _Session) -> None:
        self.mute = session.mute
        self._jsonl = session.jsonl
        self._broken = False
        self._bell = BELL if sys.stdout is not None and sys.stdout.isatty() else ""
        self._state = ""

    def frame(self, now: Snapshot, delay_ms: float, dropped: int) -> bool:
        """Print what belongs to one frame; False once nobody reads it."""
        if self._jsonl:
            return self._print(json_line(now, delay_ms, dropped))
        lines = []
        if now.state != self._state:
            self._state = now.state
            lines.append(f"{_clock(now.time_s)}  -- {now.state} --")
        for event in now.events:
            if event.kind == "rep":
                lines.append(f"{_clock(now.time_s)}  {event.text}")
            elif event.kind == "cue":
                bell = self._bell if not self.mute else ""
                lines.append(f"{_clock(now.time_s)}  {bell}>> {event.text.upper() if event.urgent else event.text}")
            elif event.kind != "set":
                lines.append(f"{_clock(now.time_s)}  {event.text}")
        return all(self._print(line) for line in lines)

    def last(self, engine: LiveEngine, dropped: int) -> None:
        """With --jsonl one more line: the repetitions as the whole analysis counts them."""
        if self._jsonl and engine.finished:
            self._print(json_line(engine.final_snapshot(), 0.0, dropped))

    def _print(self, line: str) -> bool:
        if self._broken:
            return False
        try:
            # JSON is UTF-8 whatever the terminal's encoding is; words are made fit for it.
            sys.stdout.write(
                line.encode(sys.stdout.encoding or "utf-8", "replace").decode(sys.stdout.encoding or "utf-8")
            )
            sys.stdout.write("\n")
            sys.stdout.flush()
        except BrokenPipeError:
            self._broken = True
            # What is still in the buffer would complain once more when Python ends.
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return False
        return True


def _clock(time_s: float) -> str:
    return f"{int(time_s) // 60}:{time_s % 60:04.1f}"


# --- after the set -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Cut:
    """Where the videos of sets are cut from; ``first_s`` is the capture time of the first frame."""

    video: SessionVideo | None
    first_s: float
    scratch: Path

    def of(self, done: FinishedSet) -> str | None:
        """The video of a set, None where none is kept."""
        if self.video is None:
            return None
        path = self.scratch / f"set-{done.number}.mp4"
        self.video.cut(done, self.first_s, path)
        return str(path)


def _outcome(
    session: _Session, options: SessionOptions, engine: LiveEngine, finished: tuple[FinishedSet, ...], cut: _Cut
) -> int:
    """Write, save and show the sets; returns the exit code."""
    from rich.console import Console

    from formcheck.live.save_set import save_baseline, save_set
    from formcheck.render.terminal import print_summary

    request = session.request
    console = Console(stderr=True, highlight=False)
    if request.lifter is not None and session.warm_up and engine.baseline is not None:
        save_baseline(request.lifter, engine.baseline)
        say(_("Kept the neutral back of {lifter}.", lifter=request.lifter))
    if not finished:
        say(_("No frame was analysed, so nothing was judged."))
        return NOTHING_TO_JUDGE
    told = {
        "settings": options.settings,
        "baseline": engine.baseline or options.baseline,
        "own_reps": options.own_reps,
    }
    problem: FormCheckError | None = None
    for done in finished:
        result = save_set(done, _of_set(session, done, len(finished) > 1, cut), told)
        problem = result.problem or problem  # the report itself is worth showing all the same
        if len(finished) > 1:
            say(_("Set {number}", number=done.number))
        shown = result.folder if request.folder is not None else None
        written = result.written if shown is not None else ()
        print_summary(console, result.report, shown, written, result.sentences())
    if problem is not None:
        raise problem
    return 0 if any(done.report.reps for done in finished) else NOTHING_TO_JUDGE


def _of_set(session: _Session, done: FinishedSet, several: bool, cut: _Cut) -> AnalysisRequest:
    """The request for one set."""
    request = session.request
    # Where only the video is wanted, for the history, it is made in a folder that goes.
    out = cut.scratch / "report" if request.folder is None else Path(request.folder)
    wanted = request.exports
    if request.folder is None:
        wanted = ("video",) if request.keep_video else ()
    return replace(
        request,
        video=cut.of(done),
        source=session.source,
        folder=str(out / f"set-{done.number}" if several else out),
        exports=wanted,
        filmed_at=datetime.now(UTC).isoformat(),
    )
