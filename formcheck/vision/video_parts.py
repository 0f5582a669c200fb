"""Watching a video in several parts at the same time, joined so that nothing shows where they meet.

Every part but the first begins to look some time before its own frames, so that the track of the lifter, its smoothing
and the rate of the looks have settled when they count. The looks are at the same frames as in one go, as
`formcheck.vision.look_rate` counts frames from the start of the video. OpenVINO's regions are on a grid on which the
two tracks soon become one (`formcheck.vision.blazepose.Region.snapped`); what follows is the same to a hundredth of a
pixel. Until they do, and with MediaPipe, landmarks differ by what beginning a frame later makes: a pixel or two in a
picture of 480 x 640.

Only the places at which the floor is looked at depend on all that went before: they are followed through the parts
afterwards, and where a part has looked elsewhere, its pictures of the floor are taken again.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from formcheck.core.errors import Cancelled, FormCheckError
from formcheck.vision.backend import PoseBackend, RgbImage
from formcheck.vision.floor import FloorWatch
from formcheck.vision.look_rate import LookRate
from formcheck.vision.machine import usable_cores
from formcheck.vision.models.store import ModelFile
from formcheck.vision.person_finder import PersonFinder
from formcheck.vision.prefetch import prefetched
from formcheck.vision.tracking import Detection
from formcheck.vision.video import DecodedFrame, VideoReader

ANALYSIS_MAX_SIDE = 960
"""The landmark network sees 256 x 256 pixels of the person; larger pictures cost time and bring nothing."""

DECODED_AHEAD, LARGE_DECODED_AHEAD = 3, 1
"""Pictures that wait for the model at most: enough to even out slow ones, and little memory. A large one takes 12 MB,
and decoding it takes as long as a look."""

LARGE_PICTURE_PX = 4_000_000
"""Videos with larger pictures are watched in one part: a second decoder would take a hundred megabytes, and the first
one, whose work is most of all with such pictures, uses every core by itself."""

THUMBNAIL = (32, 18)
"""Columns and rows of the thumbnails that scene changes are found in."""

MOST_JOBS = 4
"""More parts at once would bring little on an ordinary machine, and each holds pictures and networks in memory."""

SHORTEST_PART_S = 4.0
"""Below this what a part has to look at beforehand would eat up what it saves."""

LEAD_S = 1.5
"""How long a part looks before its own frames: mostly its track is the same as in one go after half of this."""

PLACES_AFTER_S = 1.0
"""The other parts begin once the first one has seen so much of where somebody stands."""

SAME_TIME_S = 1e-6

Step = Callable[[int, int | None], None]
"""Called after every frame with how many are done, and how many there are, None = unknown."""

Saw = Callable[[NDArray[np.uint8], Sequence[Detection], float], None]
"""Called with a frame (H, W, 3) that was looked at, without black bars, the people in it, in its pixels, and its time
in seconds."""


@dataclass(frozen=True)
class Assignment:
    """What to look at, and how.

    Attributes
    ----------
    rows, columns : the part of the frames that holds a picture.
    people : how many are followed at most.
    faces_left : the lifter faces image-left. The model is shown every lifter facing image-right, so that a mirrored
        video gets the mirrored answer.
    starts : where the parts begin that it is watched in, in seconds; the first number is 0.
    """

    path: str | Path
    model: ModelFile
    rows: slice
    columns: slice
    people: int = 1
    faces_left: bool = False
    every_frame: bool = False
    starts: tuple[float, ...] = (0.0,)

    def reader(self, start_s: float, threads: int) -> VideoReader:
        """The video from that time on."""
        return VideoReader(self.path, max_side=ANALYSIS_MAX_SIDE, start_s=start_s, threads=threads)


@dataclass
class Watched:
    """What was seen in a video or a part of it; frames are numbered from its beginning.

    Attributes
    ----------
    time_s : of every frame.
    picture_change : mean absolute difference of each frame's thumbnail to that of the frame before, 0..1.
    detections : of all people, by rising frame, in pixels of the part of the frame that was looked at.
    looks, sudden : the frames that were looked at, and whether the picture had changed suddenly there.
    next_s : time of the frame that follows; None = the video ends here.
    complete, notes : as of `VideoReader`.
    exact_times : every frame came with a time stamp that could be right.
    floor : where people stood, look by look.
    floor_from : how many of its looks were at frames before this part.
    """

    time_s: list[float] = field(default_factory=list)
    picture_change: list[float] = field(default_factory=list)
    detections: list[Detection] = field(default_factory=list)
    looks: list[int] = field(default_factory=list)
    sudden: list[bool] = field(default_factory=list)
    next_s: float | None = None
    complete: bool = True
    notes: tuple[str, ...] = ()
    exact_times: bool = True
    floor: FloorWatch = field(default_factory=FloorWatch)
    floor_from: int = 0


def jobs_or_default(jobs: int | None) -> int:
    """How many things are done at the same time: as asked for, else one a core, `MOST_JOBS` at most."""
    return max(1, jobs) if jobs is not None else min(MOST_JOBS, usable_cores())


def part_starts(duration_s: float, jobs: int) -> list[float]:
    """Where the parts of a video of that length begin, for that many jobs; the first number is 0."""
    parts = max(1, min(jobs, int(duration_s / SHORTEST_PART_S)))
    # The first part begins earlier and has no lead.
    head_s = PLACES_AFTER_S + LEAD_S
    return [0.0, *(head_s + (duration_s - head_s) * number / parts for number in range(1, parts))]


def watch_video(
    task: Assignment,
    backend: PoseBackend,
    jobs: int,
    *,
    progress: Step | None = None,
    cancelled: Callable[[], bool] | None = None,
    saw: Saw | None = None,
) -> Watched:
    """Watch a whole video, in parts at the same time where that pays.

    With several people in the picture the model searches for all of them in every frame, and who is who depends on
    what went before, so that such a video is watched in one go.

    Raises
    ------
    VideoError : the file cannot be read. ModelError : the model does not load. Cancelled : the caller stopped it.
    """
    _stop_if(cancelled)
    if len(task.starts) > 1 and task.people == 1:
        watched = _Together(task, backend.sharing(len(task.starts), jobs), jobs, progress, cancelled, saw).watch()
        if watched is not None:
            return watched

    def step(done: int, total: int | None) -> None:
        if progress is not None:
            progress(done, total)
        _stop_if(cancelled)

    return watch_part(task, backend.sharing(1, jobs), step, threads=jobs, saw=saw)


def _stop_if(cancelled: Callable[[], bool] | None) -> None:
    if cancelled is not None and cancelled():
        raise Cancelled("Stopped before the video was analysed.")


def watch_part(
    task: Assignment,
    backend: PoseBackend,
    step: Step,
    *,
    start_s: float = 0.0,
    end_s: float | None = None,
    threads: int = 1,
    known_floor: FloorWatch | None = None,
    started: Callable[[FloorWatch], None] | None = None,
    saw: Saw | None = None,
) -> Watched:
    """Watch the frames from ``start_s`` to before ``end_s``, None = to the end.

    Parameters
    ----------
    step : told of every frame; what it raises ends the work.
    threads : for the decoder. With more than one it runs in a thread of its own.
    known_floor : where people are known to stand.
    saw : shown each frame of this part that was looked at.
    started : called as soon as `PLACES_AFTER_S` have been seen, with where people have stood until then.
    """
    watched = Watched()
    thumbnail: NDArray[np.float32] | None = None
    with ExitStack() as stack:
        reader = stack.enter_context(task.reader(max(0.0, start_s - LEAD_S), threads))
        rate = LookRate(reader.info.nominal_fps)
        finder = stack.enter_context(
            PersonFinder(
                task.model,
                task.people,
                track=True,
                mirrored=task.faces_left,
                backend=backend,
                floor=FloorWatch(known_floor, remembers=len(task.starts) > 1),
            )
        )
        watched.floor = finder.floor
        frames = _frames(reader, threads, stack)
        time_ms, lead = -1, 0
        for decoded, is_last in _with_last(frames):
            time_s = decoded.time_s
            if end_s is not None and time_s >= end_s:
                watched.next_s = time_s
                break
            previous, thumbnail = thumbnail, _or(decoded.thumbnail(*THUMBNAIL), thumbnail)
            change = _change(thumbnail, previous)
            time_ms = max(time_ms + 1, round(time_s * 1000))
            index = len(watched.time_s)
            ahead_of_part = time_s < start_s
            wanted = rate.wants(time_s, change) or is_last or task.every_frame
            rgb = decoded.rgb() if wanted else None
            del decoded
            if rgb is not None:
                people = finder.find(rgb[task.rows, task.columns], index, time_ms)
                rate.saw(time_s, people)
                if not ahead_of_part:
                    watched.detections += people
                    if saw is not None:
                        saw(rgb[task.rows, task.columns], people, time_s)
            if ahead_of_part:
                lead += 1
                watched.floor_from = finder.floor.remembered
                continue
            watched.time_s.append(time_s)
            watched.picture_change.append(change)
            if started is not None and time_s >= PLACES_AFTER_S:
                started(FloorWatch(finder.floor))
                started = None
            step(len(watched.time_s), reader.info.frames)
        watched.looks = [look - lead for look in rate.looks if look >= lead]
        watched.sudden = rate.sudden[len(rate.looks) - len(watched.looks) :]
        watched.complete, watched.notes, watched.exact_times = reader.complete, reader.notes, reader.exact_times
    return watched


def _frames(reader: VideoReader, threads: int, stack: ExitStack) -> Iterable[DecodedFrame]:
    """The reader's frames, decoded ahead in a thread that ends with ``stack`` where more than one may run."""
    if threads <= 1:
        return reader.decoded()
    large = reader.info.source_width * reader.info.source_height > LARGE_PICTURE_PX
    ahead = LARGE_DECODED_AHEAD if large else DECODED_AHEAD
    return stack.enter_context(closing(prefetched(reader.decoded(), ahead)))


def _change(thumbnail: NDArray[np.float32] | None, previous: NDArray[np.float32] | None) -> float:
    """Mean difference of two thumbnails; 0 where one is missing."""
    return 0.0 if previous is None or thumbnail is None else float(np.abs(thumbnail - previous).mean())


def _or(new: NDArray[np.float32] | None, old: NDArray[np.float32] | None) -> NDArray[np.float32] | None:
    return old if new is None else new


def _with_last(frames: Iterable[DecodedFrame]) -> Iterator[tuple[DecodedFrame, bool]]:
    """Each frame, and whether it is the last one."""
    waiting: DecodedFrame | None = None
    for frame in frames:
        if waiting is not None:
            yield waiting, False
        waiting = frame
    if waiting is not None:
        yield waiting, True


class _Together:
    """The parts of a video at work at the same time: the first one in this thread, each other in one of its own."""

    def __init__(
        self,
        task: Assignment,
        backend: PoseBackend,
        jobs: int,
        progress: Step | None,
        cancelled: Callable[[], bool] | None,
        saw: Saw | None,
    ) -> None:
        self._saw = saw
        self._task, self._starts, self._backend = task, task.starts, backend
        self._threads = max(1, jobs // len(task.starts))
        self._progress, self._cancelled = progress, cancelled
        self._stop, self._may_start = threading.Event(), threading.Event()
        self._known_floor: FloorWatch | None = None
        self._done = [0] * len(task.starts)
        self._total: int | None = None
        self._found: list[Watched | None] = [None] * len(task.starts)
        self._failed: list[BaseException] = []

    def watch(self) -> Watched | None:
        """All that was seen; None where the parts do not fit together, as in files with wrong times."""
        workers = [
            threading.Thread(target=self._work, args=(number,), name=f"part-{number}", daemon=True)
            for number in range(1, len(self._starts))
        ]
        for worker in workers:
            worker.start()
        try:
            self._found[0] = self._part(0, self._step_and_tell, self._start)
            self._may_start.set()
            while any(worker.is_alive() for worker in workers):
                workers[-1].join(0.05)
                self._tell()
            # The last part may have ended before another one.
            for worker in workers:
                worker.join()
        finally:
            self._stop.set()
            self._may_start.set()
            for worker in workers:
                worker.join()
        # A part that cannot be read by itself may still be read from the start of the file.
        if any(not isinstance(error, FormCheckError) for error in self._failed):
            raise next(error for error in self._failed if not isinstance(error, FormCheckError))
        parts = [part for part in self._found if part is not None]
        return joined(self._task, parts) if len(parts) == len(self._starts) else None

    def _start(self, floor: FloorWatch) -> None:
        self._known_floor = floor
        self._may_start.set()

    def _work(self, number: int) -> None:
        self._may_start.wait()
        try:
            if not self._stop.is_set():
                self._found[number] = self._part(number, lambda done, _: self._count(number, done))
        except BaseException as error:
            self._failed.append(error)

    def _part(self, number: int, step: Step, started: Callable[[FloorWatch], None] | None = None) -> Watched:
        following = self._starts[number + 1 :]
        return watch_part(
            self._task,
            self._backend,
            step,
            start_s=self._starts[number],
            end_s=following[0] if following else None,
            threads=self._threads,
            known_floor=self._known_floor,
            started=started,
            saw=self._saw if number == 0 else None,
        )

    def _count(self, number: int, done: int) -> None:
        if self._stop.is_set():
            raise Cancelled("Stopped before the video was analysed.")
        self._done[number] = done

    def _step_and_tell(self, done: int, total: int | None) -> None:
        self._done[0], self._total = done, total
        self._tell()

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(sum(self._done), self._total)
        _stop_if(self._cancelled)


def joined(task: Assignment, parts: list[Watched]) -> Watched | None:
    """Several parts in their order as one; None where one does not go on with the frame that the other ended before."""
    for before, after in itertools.pairwise(parts):
        begins = after.time_s[0] if after.time_s else None
        if (before.next_s is None) != (begins is None) or not (before.exact_times and after.exact_times):
            return None
        if before.next_s is not None and begins is not None and abs(before.next_s - begins) > SAME_TIME_S:
            return None
    whole = parts[0]
    for part, start_s in zip(parts[1:], task.starts[1:], strict=True):
        _follow_floor(task, whole.floor, part, start_s)
        first = len(whole.time_s)
        whole.time_s += part.time_s
        whole.picture_change += part.picture_change
        whole.detections += [replace(each, frame=each.frame + first) for each in part.detections]
        whole.looks += [look + first for look in part.looks]
        whole.sudden += part.sudden
        whole.next_s = part.next_s
    whole.complete = all(part.complete for part in parts)
    whole.notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
    return whole


def _follow_floor(task: Assignment, floor: FloorWatch, part: Watched, start_s: float) -> None:
    """Number the places of a part as if the watch of the parts before had gone on, and look again where it must."""
    followed = floor.follow(part.floor, part.floor_from)
    again: dict[int, int] = {}
    for at, (detection, (number, same)) in enumerate(zip(part.detections, followed, strict=True)):
        if same and number is not None:
            part.detections[at] = replace(detection, floor_place=float(number))
        elif number is None:
            nothing, nowhere = floor.picture(np.zeros((1, 1, 3), np.uint8), None)
            part.detections[at] = replace(detection, floor=nothing, floor_place=nowhere)
        else:
            again[detection.frame] = at
    if not again:
        return
    with task.reader(start_s, 1) as reader:
        for frame, decoded in enumerate(reader.decoded()):
            if frame in again:
                at = again.pop(frame)
                rgb = decoded.rgb()
                if rgb is not None:
                    seen, place = floor.picture(_as_shown(task, rgb), followed[at][0])
                    part.detections[at] = replace(part.detections[at], floor=seen, floor_place=place)
            del decoded
            if not again:
                return


def _as_shown(task: Assignment, rgb: RgbImage) -> RgbImage:
    shown = rgb[task.rows, task.columns]
    return shown[:, ::-1] if task.faces_left else shown
