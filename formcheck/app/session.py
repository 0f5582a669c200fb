"""What belongs to one browser tab: its temporary folder, the analyses that run for it, and their results."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import tempfile
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import streamlit as st

from formcheck.core.errors import HistoryError
from formcheck.judging.report import Report
from formcheck.render.exports import all_exports
from formcheck.service.name_guess import Guess
from formcheck.service.pipeline import AnalysisRequest
from formcheck.service.worker import Batch, Phase
from formcheck.storage import access
from formcheck.storage.history import open_history
from formcheck.storage.report_folder import POSES_NPZ, REPORT_JSON, safe_name

KEY = "formcheck"

FOLDER_PREFIX = "formcheck-app-"
"""Of temporary folders, before the number of the process that they belong to."""

_sessions: weakref.WeakSet[Session] = weakref.WeakSet()
"""All of them: a page that is loaded again has a session of its own, and finds here what the one before analyses."""


@dataclass(frozen=True)
class Upload:
    """A file that was uploaded: its name, and where it is in the temporary folder."""

    name: str
    path: Path

    @property
    def number(self) -> str:
        """What tells it from the others of its session."""
        return self.path.parent.name


@dataclass(eq=False)
class Session:
    """One tab. The folder goes when the tab's session does, or when the app ends."""

    temporary: tempfile.TemporaryDirectory[str]
    numbers: itertools.count[int] = field(default_factory=itertools.count)
    batch: Batch | None = None
    results: list[Result] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    shown: int = 0
    uploads: list[Upload] = field(default_factory=list)
    """Chosen, and not analysed yet."""
    guesses: dict[Upload, Guess] = field(default_factory=dict)
    """What their names and the history say of them."""
    unsaved: set[str] = field(default_factory=set)
    """Folders of jobs that judge a saved set again; what they find is not saved by itself."""
    settled: set[str] = field(default_factory=set)
    """Folders of results of which it was said whose set they are."""
    instead_of: dict[str, str] = field(default_factory=dict)
    """Folders of jobs that follow another person -> folders of the results that they replace."""
    newest_before: int | None = None
    """Highest number of a saved set when the batch began: what is above it is new. None = the history is not usable."""
    boxes: int = 0
    """How many boxes for files were emptied: what is put into one is kept here at once."""
    account: str = ""
    """Whose it is on a server; "" where there are no accounts."""

    def __post_init__(self) -> None:
        _sessions.add(self)

    def new_folder(self) -> Path:
        """A path in the temporary folder that nothing uses yet."""
        return Path(self.temporary.name) / str(next(self.numbers))

    def keep_upload(self, name: str, content: BinaryIO) -> Upload:
        """Write an uploaded file into the temporary folder."""
        folder = self.new_folder()
        folder.mkdir()
        # The ending helps decoders; the rest of a name from outside is not needed.
        path = folder / f"video{Path(safe_name(name)).suffix[:8]}"
        with path.open("wb") as stream:
            shutil.copyfileobj(content, stream, 1 << 20)
        kept = Upload(name, path)
        self.uploads.append(kept)
        return kept

    def forget_upload(self, upload: Upload) -> None:
        """Delete an uploaded file."""
        self.uploads.remove(upload)
        self.guesses.pop(upload, None)
        shutil.rmtree(upload.path.parent, ignore_errors=True)

    def start(self, jobs: Sequence[AnalysisRequest]) -> None:
        """Analyse in the background, with all files that can be made."""
        self.problems.clear()
        self.newest_before = _newest_set()
        exports = [all_exports(video=job.video is not None, on_demand=False) for job in jobs]
        jobs = [replace(job, exports=each, account=self.account) for job, each in zip(jobs, exports, strict=True)]
        self.batch = Batch(jobs, keep_alive=self)

    def start_instead(self, result: Result, person: str) -> None:
        """Look at a result's video again and follow another person; what is found takes the result's place."""
        folder = str(self.new_folder())
        self.instead_of[folder] = str(result.folder)
        saved = result.job.save or result.job.set_id is not None
        self.start([replace(result.job, person=person, poses=None, set_id=None, save=saved, folder=folder)])

    @property
    def working(self) -> bool:
        """True while something is analysed."""
        return self.batch is not None and self.batch.running

    def collect(self) -> None:
        """Take over what a finished batch has made."""
        if self.batch is None or self.batch.running:
            return
        for state in self.batch.states:
            if state.phase == Phase.DONE:
                newest, set_id = self.newest_before, state.set_id
                is_new = newest is not None and set_id is not None and set_id > newest
                result = Result(replace(state.job, set_id=set_id), state.message, is_new)
                # Judged again: the earlier result of the same poses, or of another person, makes room.
                other = self.instead_of.pop(str(result.folder), "")
                old = [each for each in self.results if str(each.poses) == state.job.poses or str(each.folder) == other]
                if other:
                    _delete_replaced(old, result)
                place = self.results.index(old[0]) if old else len(self.results)
                self.results[place : place + len(old)] = [result]
                self.shown = place
                self.uploads = [
                    each for each in self.uploads if str(each.path) not in (state.job.video, state.job.poses)
                ]
            elif state.phase == Phase.FAILED:
                named = not state.job.title or state.job.title in state.message
                self.problems.append(state.message if named else f"{state.job.title}: {state.message}")
                if state.unreadable:
                    # Whatever is told of it, nothing will be found in it.
                    for each in [each for each in self.uploads if str(each.path) in (state.job.video, state.job.poses)]:
                        self.forget_upload(each)
        self.batch = None
        if not self.results:
            self._tidy()

    def replace_result(self, old: Result, new: Result) -> None:
        """Put a result in another's place, such as after its set was taken out of the history."""
        self.results[self.results.index(old)] = new

    def clear(self) -> None:
        """Forget the results."""
        self.results.clear()
        self.problems.clear()
        self.shown = 0
        self._tidy()

    def _tidy(self) -> None:
        kept = {each.path.parent for each in self.uploads}
        for path in Path(self.temporary.name).iterdir():
            if path not in kept:
                shutil.rmtree(path, ignore_errors=True)


@dataclass(frozen=True)
class Result:
    """A finished job, a remark on it, whether it added a set to the history rather than renew one, and whether that
    was undone."""

    job: AnalysisRequest
    remark: str = ""
    is_new: bool = False
    undone: bool = False

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return Path(self.job.folder or "")

    @property
    def poses(self) -> Path:
        """Its poses, for judging again."""
        return self.folder / POSES_NPZ

    def report(self) -> Report:
        """report.json."""
        return Report.from_json((self.folder / REPORT_JSON).read_text(encoding="utf-8"), REPORT_JSON)


def _delete_replaced(old: Sequence[Result], new: Result) -> None:
    """Take the wrong person's set out of the history, once the right one's is in it."""
    if new.job.set_id is None:
        return
    with open_history() as history:
        for each in old:
            # A set that was there before, and was only renewed, may be meant to stay.
            if each.is_new and each.job.set_id is not None and each.job.set_id != new.job.set_id:
                history.delete_set(each.job.set_id)


def _newest_set() -> int | None:
    try:
        with open_history() as history:
            return max((each.id for each in history.summaries()), default=0)
    except HistoryError:
        return None


def session() -> Session:
    """The session of the tab that is being drawn."""
    account = access.account() or ""
    # What somebody else uploaded is never shown, whatever led from their tab to this one.
    if KEY not in st.session_state or st.session_state[KEY].account != account:
        remove_abandoned()
        prefix = f"{FOLDER_PREFIX}{os.getpid()}-"
        folder = tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)
        st.session_state[KEY] = Session(folder, account=account)
    found: Session = st.session_state[KEY]
    return found


def others_at_work(mine: Session) -> list[Session]:
    """Sessions of one's own other tabs, or of this one before it was loaded again, that analyse something."""
    return [each for each in list(_sessions) if each.working and each is not mine and each.account == mine.account]


def remove_abandoned() -> None:
    """Delete uploads and results that an app left behind which was ended by force (POSIX)."""
    if os.name != "posix":
        return  # there, asking whether a process is alive ends it
    for path in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*"):
        owner = path.name.removeprefix(FOLDER_PREFIX).partition("-")[0]
        with contextlib.suppress(OSError):
            if owner.isdecimal() and path.lstat().st_uid == os.getuid() and not _is_alive(int(owner)):
                shutil.rmtree(path, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
