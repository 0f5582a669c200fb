"""What each stage of an analysis costs, by itself, in milliseconds of the processor.

Every stage is run alone over the first frames of a video, in one thread, so that its cost is not hidden by what runs
beside it. What a frame costs follows from how often each stage is needed: the model looks at some of the frames, and
some are drawn.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from benchmarks.scores import markdown_table
from formcheck.core.poses import ARRAY_FIELDS, PoseSequence
from formcheck.judging.analysis import analyze
from formcheck.render.annotated_video import ANNOTATED_MAX_FPS, ANNOTATED_MAX_SIDE, FrameChoice
from formcheck.render.overlay import draw_overlay, plan_overlay
from formcheck.vision.backend_choice import default_backend
from formcheck.vision.models.store import ModelFile
from formcheck.vision.person_finder import PersonFinder
from formcheck.vision.video import DecodedFrame, RgbImage, VideoReader, VideoWriter
from formcheck.vision.video_parts import ANALYSIS_MAX_SIDE, THUMBNAIL

T = TypeVar("T")

FRAMES = 90
"""Frames of each video that the stages are run over."""

MINUTE_S = 60.0


@dataclass(frozen=True)
class Stage:
    """One stage: what it costs each time, and how many times a frame it is needed."""

    name: str
    cost_ms: float
    times: float

    @property
    def frame_ms(self) -> float:
        """What it costs for each frame of the video."""
        return self.cost_ms * self.times


def stages_of(clip: Path, model: ModelFile, poses: PoseSequence, looks: float) -> list[Stage]:
    """The stages of watching and drawing a video.

    Parameters
    ----------
    poses : those of the whole video.
    looks : share of its frames that the model looks at.
    """
    report = analyze(poses)
    with VideoReader(clip, max_side=ANALYSIS_MAX_SIDE, threads=1) as reader:
        decoding, decoded = _cost_of(lambda: list(islice(reader.decoded(), FRAMES)))
        thumbnails = _each(decoded, lambda frame: frame.thumbnail(*THUMBNAIL))
        conversion, pictures = _cost_of(lambda: [_rgb(frame) for frame in decoded])
        fps = reader.info.nominal_fps
    times_ms = [round(1000 * frame.time_s) for frame in decoded]
    with PersonFinder(model, 1, track=True, backend=default_backend(model).sharing(1, 1)) as finder:
        finder.find(pictures[0], 0, -1)  # pays for the detector
        look = _each(range(len(pictures)), lambda at: finder.find(pictures[at], at, times_ms[at]))
    choice = FrameChoice(fps, ANNOTATED_MAX_FPS)
    drawn = sum(choice.wants(time_s) for time_s in poses.time_s.tolist()) / len(poses)
    with VideoReader(clip, max_side=ANNOTATED_MAX_SIDE, threads=1, for_show=True) as reader:
        shown_decoded = list(islice(reader.decoded(), FRAMES))
        showing, shown = _cost_of(lambda: [_rgb(frame) for frame in shown_decoded])
        plan = plan_overlay(poses, report, reader.info.width, reader.info.height)
    drawing = _each(
        range(len(shown)), lambda at: draw_overlay(shown[at], plan, shown_decoded[at].time_s, in_place=True)
    )

    def encode() -> None:
        with tempfile.TemporaryDirectory() as folder, VideoWriter(Path(folder) / "drawn.mp4", threads=1) as writer:
            for index, picture in enumerate(shown):
                writer.write(picture, index / ANNOTATED_MAX_FPS)

    encoding, _ = _cost_of(encode)
    count = len(decoded)
    return [
        Stage("decoding", decoding / count, 1.0),
        Stage("thumbnail, for cuts", thumbnails / count, 1.0),
        Stage("to RGB, 960 pixels", conversion / count, looks),
        Stage("a look of the model", look / count, looks),
        Stage("annotated video: decoding", decoding / count, 1.0),
        Stage("annotated video: to RGB, 1280 pixels", showing / count, drawn),
        Stage("annotated video: drawing", drawing / count, drawn),
        Stage("annotated video: encoding", encoding / count, drawn),
    ]


def stage_table(found: dict[str, list[Stage]]) -> str:
    """A row for each stage, and for each video what it costs each time and for each frame of the film."""
    rows: list[list[str]] = []
    for at, stage in enumerate(next(iter(found.values()))):
        own = [stages[at] for stages in found.values()]
        rows.append([stage.name, *(f"{each.cost_ms:.1f} x {each.times:.2f} = {each.frame_ms:.1f}" for each in own)])
    rows.append(["together", *(f"{sum(stage.frame_ms for stage in stages):.1f}" for stages in found.values())])
    return markdown_table(("stage", *found), rows)


def judging_ms(poses: PoseSequence) -> float:
    """Milliseconds of the processor for judging a minute of these poses, repeated; the least of five."""
    minute = a_minute_of(poses)
    analyze(minute)
    return min(_cost_of(lambda: analyze(minute))[0] for _ in range(5)) * MINUTE_S / float(minute.time_s[-1])


def a_minute_of(poses: PoseSequence) -> PoseSequence:
    """The same poses again and again, until a minute is full."""
    step_s = float(np.median(np.diff(poses.time_s)))
    length_s = float(poses.time_s[-1]) + step_s
    count = max(1, round(MINUTE_S / length_s))
    arrays: dict[str, Any] = {name: np.concatenate([getattr(poses, name)] * count) for name in ARRAY_FIELDS}
    arrays["time_s"] = np.concatenate([poses.time_s + length_s * number for number in range(count)])
    video = replace(poses.video, frames=len(arrays["time_s"]), duration_s=length_s * count)
    return replace(poses, **arrays, video=video)


FIRST_LOOK = """
import sys, time
from formcheck.vision.models.store import find_model
from formcheck.vision.pose_estimation import estimate_poses

class Seen(Exception):
    pass

def stop(done, total):
    raise Seen

try:
    estimate_poses(sys.argv[1], find_model(sys.argv[2]), progress=stop)
except Seen:
    print(time.process_time())
"""


def start_up_s(clip: Path, model: ModelFile) -> tuple[float, float]:
    """Seconds of the processor until ``formcheck --help`` has answered, and until the first frame was looked at."""
    helped = "import time, sys; from formcheck.__main__ import main\ntry: main()\nfinally: print(time.process_time())"
    return _said([helped, "--help"]), _said([FIRST_LOOK, str(clip), str(model.path)])


def _said(arguments: Sequence[str]) -> float:
    command = [sys.executable, "-c", *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def _rgb(frame: DecodedFrame) -> RgbImage:
    picture = frame.rgb()
    assert picture is not None
    return picture


def _cost_of(run: Callable[[], T]) -> tuple[float, T]:
    """Milliseconds of the processor, all threads together, and what came of it."""
    started_s = time.process_time()
    result = run()
    return 1000 * (time.process_time() - started_s), result


def _each(items: Sequence[T], run: Callable[[T], object]) -> float:
    return _cost_of(lambda: [run(item) and None for item in items])[0]
