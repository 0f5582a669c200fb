"""What belongs to one browser tab: its temporary folder, the analyses that run for it, and their results."""

from __future__ import annotations

import functools
import itertools
import secrets
import shutil
import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import streamlit as st

from formcheck.app.private_folder import OWNER_PREFIX, PrivateFolder, Unfinished, abandoned
from formcheck.app.sharing import is_shared
from formcheck.core.errors import HistoryError
from formcheck.core.words import _
from formcheck.judging.report import Report
from formcheck.render.exports import all_exports
from formcheck.service.name_guess import Guess
from formcheck.service.pipeline import AnalysisRequest
from formcheck.service.turns import Turns, turns_from
from formcheck.service.worker import Batch, Phase, State
from formcheck.storage import access
from formcheck.storage.history import open_history
from formcheck.storage.report_folder import POSES_NPZ, REPORT_JSON, safe_name

KEY = "formcheck"

RESULT = "result"
"""In the address of a result: the token of its session."""

SET = "set"
"""In the address of a result: the number of the saved set, which is there when the session is not any more."""

KEPT_SESSIONS = 8
"""So many sessions with results stay after their tab was closed, until the app ends: their addresses lead to them."""

STARTS_BY_ITSELF = 2
"""Jobs that were stopped this many times go on only when somebody says so: perhaps they are what stops the app."""

_sessions: weakref.WeakSet[Session] = weakref.WeakSet()
"""All of them: a page that is loaded again has a session of its own, and finds here what the one before analyses."""

_kept: dict[str, Session] = {}
"""Sessions by the token in their addresses, the latest ones last."""

_resuming = threading.Lock()


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

    temporary: PrivateFolder
    token: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    """Names it in addresses."""
    starts: int = 0
    """How many times the app has begun with the jobs under way."""
    arrived: bool = False
    """The address with which the tab was opened has been looked at."""
    resumed: bool = False
    """The app was stopped in the middle of the jobs."""
    interrupted: tuple[AnalysisRequest, ...] = ()
    """Jobs that were stopped too often to go on by themselves."""
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
        self._unfinished: dict[str, AnalysisRequest] = {}
        self._taken: set[int] = set()
        used = [int(each.name) for each in self.temporary.path.iterdir() if each.name.isdecimal()]
        self.numbers = itertools.count(max(used, default=-1) + 1)

    def new_folder(self) -> Path:
        """A path in the temporary folder that nothing uses yet."""
        return self.temporary.path / str(next(self.numbers))

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
        self.interrupted = ()
        self.newest_before = _newest_set()
        self.starts += 1
        self._taken = set()
        exports = [all_exports(video=job.video is not None, on_demand=False) for job in jobs]
        jobs = [replace(job, exports=each, account=self.account) for job, each in zip(jobs, exports, strict=True)]
        self._unfinished = {str(job.folder): job for job in jobs}
        # The first of what comes is opened.
        self.shown = len(self.results)
        self._note()
        self.keep()
        # One's own machine has nobody to share it with.
        turns = _turns() if self.account else None
        self.batch = Batch(jobs, keep_alive=self, ended=self._ended, turns=turns)

    def go_on(self, jobs: Sequence[AnalysisRequest]) -> None:
        """Take up jobs that were stopped with the app; those that were stopped often wait until somebody says so."""
        for job in jobs:
            shutil.rmtree(job.folder or "", ignore_errors=True)
            for path in (Path(job.video or ""), Path(job.poses or "")):
                if path.is_relative_to(self.temporary.path) and path.is_file() and job.title:
                    self.uploads.append(Upload(job.title, path))
        if self.starts < STARTS_BY_ITSELF:
            self.start(jobs)
            return
        self.interrupted = tuple(jobs)
        self.keep()

    def keep(self) -> None:
        """Let the address lead here, also after the tab was closed; of many sessions the latest ones."""
        _kept.pop(self.token, None)
        _kept[self.token] = self
        while len(_kept) > KEPT_SESSIONS:
            _kept.pop(next(iter(_kept)))

    def _ended(self, state: State) -> None:
        """A job has ended, in the batch's own thread. One that was stopped from outside is to be taken up again."""
        if not state.interrupted:
            self._unfinished.pop(str(state.job.folder), None)
            self._note()

    def _note(self) -> None:
        jobs = tuple(self._unfinished.values())
        self.temporary.note(Unfinished(jobs, self.token, self.starts, tuple(self.unsaved), self.account))

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

    @property
    def opens_one_by_one(self) -> bool:
        """Several files are looked at, and the first of them can be seen already."""
        return self.batch is not None and len(self.batch.states) > 1 and self.shown < len(self.results)

    @property
    def jobs(self) -> tuple[AnalysisRequest, ...]:
        """What is analysed."""
        return () if self.batch is None else tuple(state.job for state in self.batch.states)

    def discard(self) -> None:
        """Give up what was stopped with the app, with its files."""
        for upload in list(self.uploads):
            self.forget_upload(upload)
        self._unfinished = {}
        self.clear()

    def collect(self) -> bool:
        """Take over what the batch has made so far; True when something came that is to be shown."""
        if self.batch is None:
            return False
        running, came = self.batch.running, False
        for index, state in enumerate(self.batch.states):
            if index in self._taken:
                continue
            if state.phase == Phase.DONE:
                self._take_result(state)
            elif state.phase == Phase.FAILED:
                self._take_problem(state)
            else:
                continue
            self._taken.add(index)
            came = True
        if not running:
            self.batch, self._taken = None, set()
            self.starts, self._unfinished = 0, {}
            self._note()
            if not self.results:
                self._tidy()
        return came

    def _take_result(self, state: State) -> None:
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
        # Of a batch the first one stays open while the others come.
        self.shown = place if old else self.shown
        self.uploads = [each for each in self.uploads if str(each.path) not in (state.job.video, state.job.poses)]

    def _take_problem(self, state: State) -> None:
        # Told of, and so no longer to be taken up by the next start.
        self._unfinished.pop(str(state.job.folder), None)
        named = not state.job.title or state.job.title in state.message
        message = _(state.message)
        self.problems.append(message if named else f"{state.job.title}: {message}")
        if state.unreadable:
            # Whatever is told of it, nothing will be found in it.
            for each in [each for each in self.uploads if str(each.path) in (state.job.video, state.job.poses)]:
                self.forget_upload(each)

    def replace_result(self, old: Result, new: Result) -> None:
        """Put a result in another's place, such as after its set was taken out of the history."""
        self.results[self.results.index(old)] = new

    def clear(self) -> None:
        """Forget the results."""
        self.results.clear()
        self.problems.clear()
        self.interrupted = ()
        self.shown = 0
        self._tidy()
        _kept.pop(self.token, None)
        # The address of what was there leads to nothing else.
        self.token, self.starts, self.resumed = secrets.token_urlsafe(9), 0, False

    def _tidy(self) -> None:
        kept = {each.path.parent for each in self.uploads}
        for path in self.temporary.path.iterdir():
            if path.is_dir() and path not in kept:
                shutil.rmtree(path, ignore_errors=True)
            elif path.is_file() and not path.name.startswith(OWNER_PREFIX):
                path.unlink(missing_ok=True)


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


@functools.cache
def _turns() -> Turns:
    """All accounts' of this server."""
    return turns_from()


def _newest_set() -> int | None:
    try:
        with open_history() as history:
            return max((each.id for each in history.summaries()), default=0)
    except HistoryError:
        return None


def session() -> Session:
    """The session of the tab that is being drawn: the one that its address names, as after a reload, or a new one."""
    account = access.account() or ""
    # What somebody else uploaded is never shown, whatever led from their tab to this one.
    if KEY not in st.session_state or st.session_state[KEY].account != account:
        # What this computer's own page had begun is nothing for the phone's.
        if not is_shared():
            resume(account)
        named = _kept.get(st.query_params.get(RESULT, ""))
        mine = named if named is not None and named.account == account else None
        st.session_state[KEY] = mine or Session(PrivateFolder(), account=account)
    found: Session = st.session_state[KEY]
    return found


def resume(account: str = "") -> None:
    """Go on with what an app that was stopped had begun for this account."""
    with _resuming:
        for folder, unfinished in abandoned(account):
            token, starts = unfinished.token, unfinished.starts
            mine = Session(folder, token=token, starts=starts, resumed=True, account=account)
            mine.unsaved.update(unfinished.unsaved)
            mine.go_on(unfinished.jobs)


def others_at_work(mine: Session) -> list[Session]:
    """One's own sessions of other tabs, or of this one before it was loaded again, that analyse something, or wait for
    somebody to say so."""
    return [
        each
        for each in list(_sessions)
        if (each.working or each.interrupted) and each is not mine and each.account == mine.account
    ]
