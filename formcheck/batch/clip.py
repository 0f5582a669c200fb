"""One clip of a batch, from wherever it is to wherever its results go; the same in every process, on every machine."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from formcheck.batch.outcome import DONE, THUMBNAIL_JPG, ClipTask, Outcome, done, failed, result_key
from formcheck.batch.places import file_name, fingerprint, local_file, place_at, sha256_of
from formcheck.core.errors import Cancelled, FormCheckError, ModelError, OutputError, SystemLibraryError
from formcheck.service.pipeline import AnalysisRequest, AnalysisResult, run_analysis
from formcheck.storage.report_folder import REPORT_HTML

if TYPE_CHECKING:
    from formcheck.judging.set_summary import SetSummary

Tell = Callable[[str, int, "int | None"], None]
"""Called as ``tell(stage, done, total)`` while a clip is analysed."""

Analyse = Callable[[AnalysisRequest, Tell], "tuple[SetSummary, tuple[str, ...]]"]
"""What a clip's analysis is: a request in, files in its folder, the set in one row and remarks out."""

THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Variables of the numerical libraries. Where every core has a clip of its own, more threads only get in each other's
way."""

THUMBNAIL_HEIGHT, THUMBNAIL_QUALITY = 144, 70


def one_thread_each() -> None:
    """Keep the libraries of this process to one thread; to be called before they are loaded."""
    for name, value in THREADS.items():
        os.environ.setdefault(name, value)


def analyse_clip(task: ClipTask, out: str, tell: Tell | None = None, analyse: Analyse | None = None) -> Outcome:
    """Analyse a clip and publish its results; what cannot be analysed is an outcome too.

    A clip whose results are there already, by another process or an earlier run, is not analysed again.

    Parameters
    ----------
    out : the batch's output, a path or URL.
    tell : told of every step.
    analyse : does the work; None = `analyse_with_files`.

    Raises
    ------
    OutputError, ModelError, SystemLibraryError : results cannot be written, or nothing can be analysed here at all.
    Cancelled : the work was stopped.
    """
    tell = tell or (lambda *_: None)
    place = place_at(out)
    began_s = time.monotonic()
    try:
        with local_file(task.source) as video:
            known, size_bytes = fingerprint(task.source)
            content = sha256_of(video)
            task = dataclasses.replace(task, fingerprint=known, size_bytes=size_bytes, content_sha256=content)
            key = result_key(content, task.request)
            before = place.outcome(task.name)
            if before is not None and before.status == DONE and before.key == key:
                return before
            with place.scratch(task.name) as folder:
                request = dataclasses.replace(
                    task.request, video=str(video), folder=str(folder), title=file_name(task.source), whole=True
                )
                summary, remarks = (analyse or analyse_with_files)(request, tell)
                outcome = done(
                    task,
                    key=key,
                    summary=summary,
                    remarks=remarks,
                    took_s=round(time.monotonic() - began_s, 3),
                    stored_bytes=sum(path.stat().st_size for path in folder.iterdir() if path.is_file()),
                )
                place.publish(task.name, folder, outcome)
                return outcome
    except (Cancelled, OutputError, SystemLibraryError, ModelError):
        raise  # it would be the same with every other clip
    except FormCheckError as error:
        return _gave_up(task, out, str(error))
    except MemoryError:
        return _gave_up(task, out, "There is not enough memory for this clip: use a smaller or shorter one.")
    except Exception as error:  # one clip's surprise must not end the run of the others
        return _gave_up(task, out, f"The analysis failed ({type(error).__name__}: {error}).")


def analyse_with_files(request: AnalysisRequest, tell: Tell) -> tuple[SetSummary, tuple[str, ...]]:
    """Analyse with the pipeline that every other front uses, and add a thumbnail."""
    from formcheck.judging.set_summary import set_summary

    result = run_analysis(request, progress=tell)
    if result.problem is not None:
        raise result.problem
    picture = _thumbnail(result, request)
    if picture:
        (Path(request.folder or "") / THUMBNAIL_JPG).write_bytes(picture)
    return set_summary(result.report), tuple(result.sentences())


def publish_failure(task: ClipTask, out: str, reason: str) -> Outcome:
    """Write down that a clip could not be analysed, for a process that has died over it."""
    return _gave_up(task, out, reason)


def _gave_up(task: ClipTask, out: str, reason: str) -> Outcome:
    place = place_at(out)
    outcome = failed(task, reason)
    with place.scratch(task.name) as folder:
        place.publish(task.name, folder, outcome)
    return outcome


def _thumbnail(result: AnalysisResult, request: AnalysisRequest) -> bytes:
    """The repetition to look at first as a small JPEG, or the middle of the video; empty where there is no picture."""
    import base64
    import re

    import cv2
    import numpy as np

    from formcheck.core.errors import VideoError
    from formcheck.render.html.pictures import key_pictures
    from formcheck.vision.video import read_frames_at

    video = Path(request.video or "")
    page = Path(request.folder or "") / REPORT_HTML
    drawn = re.search(rb"data:image/jpeg;base64,([\w+/=]+)", page.read_bytes()) if page.is_file() else None
    with contextlib.suppress(VideoError):
        if drawn is not None:
            # The report has it already: finding and drawing it again takes as long as a second of film.
            jpeg = base64.b64decode(drawn[1])
        else:
            pictures = key_pictures(video, result.poses, result.report)
            jpeg = pictures[0].jpeg if pictures else b""
        if jpeg:
            found = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        else:
            middle_s = (result.report.video.duration_s or 0.0) / 2
            found = read_frames_at(video, [middle_s], max_side=480, exact=False)[0].rgb[:, :, ::-1]
        if found is None:
            return b""
        height, width = found.shape[:2]
        size = max(1, round(width * THUMBNAIL_HEIGHT / height)), THUMBNAIL_HEIGHT
        small = cv2.resize(found, size, interpolation=cv2.INTER_AREA)
        _, encoded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, THUMBNAIL_QUALITY])
        return bytes(encoded.tobytes())
    return b""
