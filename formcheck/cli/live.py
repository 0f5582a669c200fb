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
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from formcheck.cli.console import NOTHING_TO_JUDGE, say, user_friendly
from formcheck.cli.options import (
    AUTO,
    ExerciseOption,
    HeightOption,
    PresetOption,
    SettingsOption,
    analysis_settings,
    known_variant,
    lift_or_auto,
    parse_load_kg,
)
from formcheck.core.errors import HistoryError, InputError, UsageError

if TYPE_CHECKING:
    from formcheck.live.capture import Captured
    from formcheck.live.engine import LiveEngine
    from formcheck.live.save_set import SessionVideo
    from formcheck.live.session import FinishedSet, SessionOptions, Snapshot
    from formcheck.live.window import Window

BELL = "\a"


@dataclass(frozen=True)
class _Request:
    camera: str
    exercise: str
    variant: str
    load: str | None
    lifter: str | None
    settings: Path | None
    presets: list[str]
    height: str | None
    save: bool
    out: Path | None
    keep_video: bool
    model: str
    window: bool
    jsonl: bool
    warm_up: bool
    target_reps: int | None
    mute: bool
    fast: bool


def add_live_command(app: typer.Typer) -> None:
    """Add ``live`` to the ``formcheck`` command."""

    @app.command()
    def live(
        camera: Annotated[
            str, typer.Option("--camera", "-c", metavar="N|FILE", help="Number of a camera, or a video in its place.")
        ] = "0",
        exercise: ExerciseOption = AUTO,
        variant: Annotated[
            str, typer.Option("--variant", metavar="NAME", help="Variant of the lift, such as sumo.")
        ] = "auto",
        load: Annotated[
            str | None, typer.Option("--load", metavar="WEIGHT", help="The weight, such as 100kg or 225lb.")
        ] = None,
        lifter: Annotated[
            str | None, typer.Option("--lifter", metavar="NAME", help="Who lifts; saves the sets to the history.")
        ] = None,
        settings: SettingsOption = None,
        preset: PresetOption = None,
        height: HeightOption = None,
        save: Annotated[bool, typer.Option("--save", help="Save the sets to the history.")] = False,
        out: Annotated[
            Path | None, typer.Option("--out", "-o", metavar="DIR", help="Write a report folder for each set.")
        ] = None,
        keep_video: Annotated[
            bool, typer.Option("--keep-video", help="Keep the video too, with --out or --save; otherwise none is kept.")
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
        from formcheck.vision.native_logs import quiet_native_logs

        with user_friendly() as stop, quiet_native_logs():
            code = _live(
                _Request(
                    camera,
                    exercise,
                    variant,
                    load,
                    lifter,
                    settings,
                    preset or [],
                    height,
                    save or lifter is not None,
                    out,
                    keep_video,
                    model,
                    not no_window,
                    jsonl,
                    warm_up,
                    reps,
                    mute,
                    as_fast_as_possible,
                ),
                stop,
            )
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


def _live(request: _Request, stop: threading.Event) -> int:
    from formcheck.live.capture import NewestFrame, camera_frames, file_frames, is_camera
    from formcheck.live.engine import LiveEngine
    from formcheck.live.frame_analyser import FrameAnalyser
    from formcheck.live.save_set import SessionVideo
    from formcheck.vision.models.store import find_model
    from formcheck.vision.video import VideoReader

    from_camera = is_camera(request.camera)
    if from_camera and request.fast:
        raise UsageError("--as-fast-as-possible is for a video: name one with --camera FILE.")
    if request.keep_video and request.out is None and not request.save:
        raise UsageError("--keep-video needs a place: add --out DIR or --save.")
    options = _session_options(request)
    if not from_camera:
        VideoReader(request.camera, max_side=64).close()  # what cannot be read is found out first
        source: Iterator[Captured] = file_frames(request.camera, paced=not request.fast)
    else:
        source = camera_frames(int(request.camera))
    window = _window(request)
    engine = LiveEngine(options, clock=(lambda: 0.0) if request.fast else time.perf_counter)
    out = _Printer(request)
    with contextlib.ExitStack() as cleanup:
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="formcheck-live-")))
        video = cleanup.enter_context(SessionVideo(folder / "session.mp4")) if request.keep_video else None
        with contextlib.ExitStack() as running:
            if window is not None:
                running.callback(window.close)
            analyser = running.enter_context(FrameAnalyser(find_model(request.model)))
            newest: NewestFrame | None = None
            if not request.fast:
                newest = running.enter_context(NewestFrame(source))
            _say_start(request, from_camera)
            first_s = _run(engine, analyser, newest or source, newest, window, video, out, stop)
        if video is not None:
            video.close()
        finished = engine.finish()
        out.last(engine, newest.dropped if newest else 0)
        return _outcome(request, engine, finished, video, first_s, folder)


def _session_options(request: _Request) -> SessionOptions:
    from formcheck.judging.analysis import exercise_of_variant
    from formcheck.live.session import SessionOptions
    from formcheck.service.lifter_options import options_of_lifter
    from formcheck.storage.history import open_history

    exercise = lift_or_auto(request.exercise)
    form = analysis_settings(request.settings, request.presets, request.height)
    lifter = None
    if request.lifter is not None:
        with open_history() as kept:
            lifter = kept.known_lifter(request.lifter)
    told = options_of_lifter(lifter, form)
    variant = known_variant(exercise, request.variant)
    return SessionOptions(
        exercise=exercise_of_variant(exercise, variant),
        variant=variant,
        load_kg=parse_load_kg(request.load, form.unit_of_loads),
        file=Path(request.camera).name if not request.camera.isdecimal() else f"camera-{request.camera}",
        model=Path(request.model).stem,
        target_reps=request.target_reps,
        warm_up=request.warm_up,
        **told,
    )


def _window(request: _Request) -> Window | None:
    if not request.window:
        return None
    from formcheck.live.window import Window, can_draw_windows, display_problem

    if not can_draw_windows():
        say("This build of OpenCV cannot show windows: continuing without one.")
        return None
    problem = display_problem()
    if problem:
        raise InputError(f"{problem}: add --no-window, and --jsonl for programs.")
    return Window()


def _say_start(request: _Request, from_camera: bool) -> None:
    what = f"camera {request.camera}" if from_camera else Path(request.camera).name
    say(f"Watching {what}; Ctrl-C ends." if from_camera else f"Watching {what} ...")


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
        for frame in frames:
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


class _Printer:
    """Writes the session to standard output; knows when nobody reads it any more."""

    def __init__(self, request: _Request) -> None:
        self.mute = request.mute
        self._jsonl = request.jsonl
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


def _outcome(
    request: _Request,
    engine: LiveEngine,
    finished: tuple[FinishedSet, ...],
    video: SessionVideo | None,
    first_s: float,
    scratch: Path,
) -> int:
    from rich.console import Console

    from formcheck.render.terminal import print_summary

    console = Console(stderr=True, highlight=False)
    told = {"exercise": request.exercise, "model": Path(request.model).name, "live": True}
    if request.lifter is not None and request.warm_up and engine.baseline is not None:
        from formcheck.live.save_set import save_baseline

        save_baseline(request.lifter, engine.baseline)
        say(f"Kept the neutral back of {request.lifter}.")
    if not finished:
        say("No frame was analysed, so nothing was judged.")
        return NOTHING_TO_JUDGE
    problem: HistoryError | None = None
    for done in finished:
        remarks: list[str] = []
        folder: Path | None = None
        written: list[Path] = []
        if request.out is not None or video is not None:
            folder, written = _write(request, done, finished, video, first_s, scratch, told)
        if request.save:
            from formcheck.live.save_set import save_set

            annotated = next((path for path in written if path.suffix == ".mp4"), None)
            try:
                remarks.append(save_set(done, lifter=request.lifter, settings=told, annotated=annotated))
            except HistoryError as error:
                problem = error  # the report itself is worth showing all the same
        if len(finished) > 1:
            say(f"Set {done.number}")
        shown = folder if request.out is not None else None
        print_summary(console, done.report, shown, written if shown is not None else (), remarks)
    if problem is not None:
        raise problem
    return 0 if any(done.report.reps for done in finished) else NOTHING_TO_JUDGE


def _write(
    request: _Request,
    done: FinishedSet,
    finished: tuple[FinishedSet, ...],
    video: SessionVideo | None,
    first_s: float,
    scratch: Path,
    told: dict[str, Any],
) -> tuple[Path, list[Path]]:
    """The report folder of a set, in the scratch folder where only its video is wanted, for the history."""
    from formcheck.live.save_set import write_report

    part: Path | None = None
    if video is not None:
        part = scratch / f"set-{done.number}.mp4"
        video.cut(done, first_s, part)
    out = request.out or scratch / "report"
    if len(finished) > 1:
        out = out / f"set-{done.number}"
    source = Path(f"camera-{request.camera}") if request.camera.isdecimal() else Path(request.camera)
    folder = write_report(done, source, out, video=part, lifter=request.lifter, settings=told)
    return folder.path, folder.written
