"""History: saved sets, how they go over time, two of them side by side, and all of it as a file."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from formcheck.app import components
from formcheck.app.downloads import FILE_NAME, export_link
from formcheck.app.pages import history_compare, history_lifters, history_trend
from formcheck.app.pages.saved_set_words import about, job_of, title_of
from formcheck.app.session import Session, session
from formcheck.core.errors import HistoryError, UsageError
from formcheck.core.verdicts import FAULT, GOOD, NOT_JUDGED, WATCH, Verdict
from formcheck.core.words import N_, _, in_sentence, ngettext
from formcheck.render.html.report import VERDICT_WORDS
from formcheck.service.own_neutral import use_as_neutral
from formcheck.storage.access import accounts_needed
from formcheck.storage.history import History, SavedSet, SetSummary, import_history, open_history
from formcheck.storage.history.records import LONGEST_NOTES
from formcheck.storage.history.store import NOBODY as NO_LIFTER
from formcheck.storage.pose_files import save_poses
from formcheck.storage.report_folder import POSES_NPZ

# No name of a lifter has such a space, so nobody can be called like one of these.
EVERYBODY, NOBODY = N_("All\N{NO-BREAK SPACE}lifters"), N_("No\N{NO-BREAK SPACE}name")
ALL_LIFTS = N_("All lifts")
VERDICTS = (FAULT, WATCH, GOOD, NOT_JUDGED)
SETS_AT_ONCE = 20
FILTER_PX = 170
"""Width of a filter: two stand beside each other on a phone."""

COMPARED = 200
"""Sets to choose two from: thousands would be sent to the browser twice at every click."""


@dataclass(frozen=True)
class Chosen:
    """Which sets are shown: of whom (None = everybody, `NO_LIFTER` = nobody) and of which lift (None = all).

    ``verdict`` and ``tag`` narrow lists and choices; a trend is of all sets, or it would be what was looked for.
    """

    lifter: str | None
    exercise: str | None
    kinds: tuple[tuple[str | None, str], ...]
    verdict: Verdict | None = None
    tag: str | None = None

    def summaries(self, history: History, limit: int | None = None) -> tuple[SetSummary, ...]:
        """The sets in short, the newest first."""
        return history.summaries(
            lifter=self.lifter, exercise=self.exercise, verdict=self.verdict, tag=self.tag, limit=limit
        )

    def count(self, history: History) -> int:
        """How many there are."""
        return history.count(lifter=self.lifter, exercise=self.exercise, verdict=self.verdict, tag=self.tag)


def show() -> None:
    """The page."""
    st.title(_("History"))
    with open_history() as history:
        kinds = history.kinds()
        lifters = [lifter.name for lifter in history.lifters()]
        tags = history.tags()
    if not kinds:
        kept = _("Sets that you check are kept here, on {place} only.", place=components.here())
        st.html(f'<p class="fc-lead">{kept}</p>')
        _backup()
        return
    bar = st.container(horizontal=True, gap="small")
    nobody = [NOBODY] if any(name is None for name, _ in kinds) else []
    who: str = bar.selectbox(
        _("Lifter"), [EVERYBODY, *lifters, *nobody], format_func=_who_words, key="who", width=FILTER_PX
    )
    here = {exercise for _, exercise in kinds}
    names = [name for name in components.exercise_names() if name in here]
    lift: str = bar.selectbox(_("Lift"), [ALL_LIFTS, *names], format_func=_lift_words, key="which", width=FILTER_PX)
    verdict = bar.selectbox(
        _("Verdict"), [None, *VERDICTS], format_func=_verdict_words, key="which-verdict", width=FILTER_PX
    )
    tag = bar.selectbox(
        _("Tag"),
        [None, *tags],
        format_func=lambda each: _("All tags") if each is None else f"#{each}",
        key="which-tag",
        width=FILTER_PX,
        disabled=not tags,
        help=_("Words with # in the notes of a set are its tags, such as #meet."),
    )
    lifter = None if who == EVERYBODY else NO_LIFTER if who == NOBODY else who
    exercise = None if lift == ALL_LIFTS else lift
    wanted = tuple(
        (name, each)
        for name, each in kinds
        if who == EVERYBODY or (name or NOBODY).casefold() == who.casefold()
        if exercise in (None, each)
    )
    chosen = Chosen(lifter, exercise, wanted, verdict, tag if tag in tags else None)
    sets, trend, compared, people, backup = st.tabs([_("Sets"), _("Trend"), _("Compare"), _("Lifters"), _("Backup")])
    with sets:
        components.guarded(_sets)(chosen)
    with trend:
        components.guarded(_trends)(chosen)
    with compared:
        components.guarded(_compare)(chosen)
    with people:
        components.guarded(history_lifters.show)(_details)
    with backup:
        components.guarded(_backup)()


def _who_words(who: str) -> str:
    return _(who) if who in (EVERYBODY, NOBODY) else who


def _lift_words(lift: str) -> str:
    return _(ALL_LIFTS) if lift == ALL_LIFTS else components.exercise_title(lift)


def _verdict_words(verdict: Verdict | None) -> str:
    return _("All verdicts") if verdict is None else VERDICT_WORDS[verdict]


# --- sets ----------------------------------------------------------------------------------------------------------


def _sets(chosen: Chosen) -> None:
    unit = components.usable_settings().unit_of_loads
    shown = st.session_state.get("sets-shown", SETS_AT_ONCE)
    with open_history() as history:
        sets, count = chosen.summaries(history, limit=shown), chosen.count(history)
    for saved in sets:
        with st.container(border=True, key=f"card-set-{saved.id}"):
            _set(saved, unit)
    if count > shown and st.button(_("Show more of {count:,}", count=count)):
        st.session_state["sets-shown"] = shown + SETS_AT_ONCE
        st.rerun()
    if not sets:
        st.markdown(_("No saved set matches."))


def _set(saved: SetSummary, unit: str) -> None:
    st.html(
        f'<div class="fc-set">{components.tag(saved.verdict)}'
        f"<strong>{components.escaped(title_of(saved, unit))}</strong>"
        f"<small>{components.escaped(about(saved))}</small></div>"
        f'<p class="fc-small" style="margin:.4rem 0 0">{components.escaped(_(saved.summary))}</p>'
        + "".join(f'<span class="fc-chip">#{components.escaped(tag)}</span> ' for tag in saved.tags)
    )
    if saved.damage:
        st.caption(
            _("Damaged ({damage}): formcheck history repair saves what can be read.", damage=", ".join(saved.damage))
        )
    with st.container(horizontal=True, gap="small"):
        # With their numbers, or every card would have buttons of the same names.
        tip = _("Rep by rep, video, notes")
        if st.button(_("Open set {id}", id=saved.id), key=f"open-{saved.id}", icon=":material/open_in_full:", help=tip):
            _details(saved.id)
        with st.popover(_("Delete set {id}", id=saved.id), icon=":material/delete:", key=f"pop-{saved.id}"):
            st.markdown(_("Report, poses and kept video are deleted for good."))
            if st.button(_("Delete for good"), type="primary", key=f"delete-{saved.id}"):
                with open_history() as history:
                    history.delete_set(saved.id)
                st.rerun()


def _details(set_id: int) -> None:
    """A set in a dialog, whose title is said now."""
    st.dialog(_("Saved set"), width="large")(components.guarded(_details_of))(set_id)


def _details_of(set_id: int) -> None:
    unit = components.usable_settings().unit_of_loads
    with open_history() as history:
        saved, video = history.set(set_id), history.video(set_id)
        names = [lifter.name for lifter in history.lifters()]
    st.html(f'<p class="fc-small">{components.escaped(_("Set {id}", id=saved.id) + " · " + about(saved))}</p>')
    st.html(components.hero(saved.report, saved.lifter, unit))
    player = f"kept-{saved.id}"
    if video is not None:
        with st.container(key=player):
            st.video(str(video))
    components.reel(saved.report, player, video is not None, key=f"reel-{player}")
    with st.expander(_("Lifter and notes")):
        lifter = st.selectbox(
            _("Lifter"),
            names,
            index=names.index(saved.lifter) if saved.lifter in names else None,
            accept_new_options=True,
            placeholder=_("Name"),
        )
        notes = st.text_area(
            _("Notes"),
            saved.notes,
            max_chars=LONGEST_NOTES,
            help=_("Words with # are tags, by which sets are found again, such as #meet."),
        )
        if st.button(_("Save changes")):
            with open_history() as history:
                history.change_set(set_id, lifter=lifter or None, notes=notes)
            st.rerun()
    if saved.has_poses and saved.report.reps:
        _offer_neutral(saved)
    if saved.has_poses and st.button(_("Plots and judge again"), icon=":material/insights:", type="primary"):
        open_again(saved, session())
        st.session_state[components.GO] = "check"
        st.rerun()


def _offer_neutral(saved: SavedSet) -> None:
    """Make this set what its lifter's back is compared with."""
    about = _("Good reps are a better zero than standing. From then on, this lift is compared with them.")
    if st.button(_("Use as my neutral"), icon=":material/accessibility:", help=about, key=f"neutral-{saved.id}"):
        try:
            with open_history() as history:
                kept, lift, _own = use_as_neutral(history, saved.id)
        except UsageError as error:
            st.warning(components.plain(str(error)))
            return
        noun = in_sentence(components.exercise_title(lift))
        st.success(
            _(
                "Kept. From now on every {lift} of {name} is compared with this back.",
                lift=noun,
                name=components.plain(kept.name),
            )
        )


def open_again(saved: SavedSet, mine: Session) -> None:
    """Judge the saved poses again, to be shown on the first page."""
    folder = mine.new_folder()
    folder.mkdir()
    with open_history() as history:
        save_poses(history.poses(saved.id), folder / POSES_NPZ)
    mine.start([replace(job_of(saved), folder=str(mine.new_folder()), poses=str(folder / POSES_NPZ))])


# --- trend ---------------------------------------------------------------------------------------------------------


def _trends(chosen: Chosen) -> None:
    if len(chosen.kinds) > 1:
        st.markdown(_("Choose one lifter and one lift above: different ones do not make a trend."))
        return
    with open_history() as history:
        sets = history.sets(lifter=chosen.lifter, exercise=chosen.exercise, limit=history_trend.LOOKED_BACK)
        name = next(iter(chosen.kinds), (None, ""))[0]
        known = history.known_lifter(name)
    history_trend.show(sets, components.usable_settings().unit_of_loads, bool(known and known.back_injury))


# --- compare -------------------------------------------------------------------------------------------------------


def _compare(chosen: Chosen) -> None:
    with open_history() as history:
        sets = [saved for saved in chosen.summaries(history, COMPARED) if "report" not in saved.damage]
        count = chosen.count(history)
    if count > COMPARED:
        st.caption(
            _(
                "The last {n} of {count:,} sets: a lifter and a lift chosen above go further back, and "
                "formcheck compare takes any two.",
                n=COMPARED,
                count=count,
            )
        )
    history_compare.show(sets, components.usable_settings().unit_of_loads)


# --- backup --------------------------------------------------------------------------------------------------------


def _backup() -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.header(_("Export"))
        st.markdown(_("All sets, reports, poses and lifters in one zip file. Kept videos stay here."))
        # A link, as Streamlit would hold the whole file in memory.
        whole = _("Export everything")
        st.html(f'<a class="fc-download" href="{export_link()}" download="{FILE_NAME}" target="_self">{whole}</a>')
    if accounts_needed():
        return  # an import says whose its sets are: for whoever runs the server
    with right:
        st.header(_("Import"))
        upload = st.file_uploader(_("A zip file that was exported here or elsewhere"), ["zip"], key="import-file")
        if upload is not None and st.button(_("Import"), type="primary"):
            with tempfile.TemporaryDirectory(prefix="formcheck-") as folder:
                path = Path(folder) / "history.zip"
                path.write_bytes(upload.getbuffer())
                try:
                    with open_history() as history:
                        done = import_history(history, path)
                except HistoryError as error:
                    # The file is under a name of ours; people know it by theirs.
                    raise HistoryError(str(error).replace(str(path), upload.name)) from error
            st.toast(
                _(
                    "{sets}, {renewed} renewed, {known} here already.",
                    sets=ngettext("{n} new set", "{n} new sets", done.added),
                    renewed=done.renewed,
                    known=done.known,
                )
            )
            st.rerun()
