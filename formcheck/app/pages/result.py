"""What an analysis found: verdict and cue, the video, plots, what could not be judged, files, judging again."""

from __future__ import annotations

import functools
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Literal

import streamlit as st

from formcheck.app import components, limits
from formcheck.app.pages import guidance_pages
from formcheck.app.session import Result, Session
from formcheck.core.verdicts import NOT_MEASURED
from formcheck.core.words import N_, WordTable, _, in_sentence
from formcheck.exercises import EXERCISES, exercise_named
from formcheck.judging.film_speed import REAL_TIME, SLOW_MOTION_RANGE
from formcheck.judging.report import Report, RepReport
from formcheck.judging.settings import DEFAULTS, merge, parse_settings
from formcheck.render import exports
from formcheck.render.clips import AFTER_S, BEFORE_S, plays_in_browsers, write_clip
from formcheck.service.own_neutral import with_standing
from formcheck.service.pipeline import copy_remark, judge, run_analysis, settings_to_save
from formcheck.storage.history import Lifter, SetSummary, open_history
from formcheck.storage.pose_files import load_poses
from formcheck.storage.report_folder import ANNOTATED_MP4, REPORT_HTML, safe_name
from formcheck.storage.settings_files import list_presets, settings_toml
from formcheck.vision.tracking import Person, tells_of_several

PLOT_SECTIONS = ("pictures", "time", "compare")

LARGEST_AS_IT_IS = 50 * 1024 * 1024
"""Bytes of a film that is sent to the browser as it is: Streamlit holds in memory what it sends."""

PERSON_WORDS = WordTable(
    {
        Person.AUTO.value: N_("Who lifts"),
        Person.LEFT.value: N_("Left"),
        Person.RIGHT.value: N_("Right"),
        Person.NEAREST.value: N_("Nearest"),
    }
)
PERSON_ICONS: dict[str, str] = {
    Person.LEFT: ":material/arrow_back:",
    Person.RIGHT: ":material/arrow_forward:",
    Person.NEAREST: ":material/zoom_in:",
}


def show(result: Result, session: Session) -> None:
    """The whole result."""
    report, unit = result.report(), components.usable_settings().unit_of_loads
    st.html(components.hero(report, result.job.lifter, unit))
    if result.job.notes:
        st.html(f'<p class="fc-notes"><strong>{_("Notes")}</strong> {components.escaped(result.job.notes)}</p>')
    other = _copied_from(result, session)
    remark = result.remark.replace(f"{copy_remark(other)}.", "").strip() if other is not None else result.remark
    if remark:
        st.warning(components.plain(remark))
    _offer_other_person(result, report, session)
    _saved_as(result, session, other)
    _offer_to_save(result, report, session)
    player = f"player-{result.folder.name}"
    video = result.folder / ANNOTATED_MP4
    if not video.is_file() and result.job.set_id is not None:
        with open_history() as history:
            video = history.video(result.job.set_id) or video
    if video.is_file():
        left, right = st.columns([6, 5], gap="large")
        with left, st.container(key=player):
            st.video(str(video))
    else:
        right = st.container()
    filmed = _filmed(result)
    with right:
        bare = components.reel(
            report, player, video.is_file(), key=f"reel-{player}", can_bare=video.is_file() and filmed is not None
        )
    if bare and filmed is not None:
        with st.container(key=f"{player}-bare"):
            st.video(str(_playable(result, filmed)))
    plots, details, files, again = st.tabs([_("Pictures and plots"), _("Not judged"), _("Files"), _("Judge again")])
    with plots:
        page = plots_only((result.folder / REPORT_HTML).read_text(encoding="utf-8"))
        components.page(page, _("Pictures and plots"), key=f"page-{player}")
    with details:
        _not_judged(report)
    with files:
        _downloads(result, video if video.is_file() else None, report)
    with again:
        _judge_again(result, report, session)
    _baseline(result, report)
    if result.job.lifter:
        saved = result.job.save or result.job.set_id is not None
        guidance_pages.show_load_of(result.job.lifter, None if saved else report)


def _offer_other_person(result: Result, report: Report, session: Session) -> None:
    """Where several people were seen: who was followed, and another one at a click."""
    job = result.job
    if not tells_of_several(report.tracking.notes) or job.video is None or not Path(job.video).is_file():
        return
    note = next(note for note in report.tracking.notes if tells_of_several([note]))
    key = result.folder.name
    with st.container(border=True, key=f"card-person-{key}"):
        st.markdown(_("{note}. Was it somebody else?", note=components.plain(note.partition(". ")[0])))
        with st.container(horizontal=True, gap="small"):
            for person, words in PERSON_WORDS.items():
                if person not in (Person.AUTO, job.person) and st.button(
                    words, icon=PERSON_ICONS[person], key=f"person-{person}-{key}"
                ):
                    session.start_instead(result, person)
                    st.rerun()


def _saved_as(result: Result, session: Session, other: SetSummary | None) -> None:
    """What became of the set in the history, and the way back."""
    job = result.job
    if str(result.folder) in session.unsaved:
        return
    key = result.folder.name
    if job.set_id is None:
        if result.undone:
            with st.container(horizontal=True, vertical_alignment="center", key=f"saved-{key}"):
                st.markdown(_("Not saved."), width="content")
                if st.button(_("Save to the history"), icon=":material/save:", key=f"save-after-all-{key}"):
                    _save_after_all(result, session)
                    st.rerun()
        return
    if other is not None:
        _ask_whose(result, session, other)
    whose = _(" for {lifter}", lifter=job.lifter) if job.lifter else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"saved-{key}"):
        st.markdown(components.plain(_("Saved as set {id}{whose}", id=job.set_id, whose=whose)), width="content")
        # A set that was renewed cannot be taken back: what it was before is gone.
        if result.is_new and st.button(_("Undo"), icon=":material/undo:", type="tertiary", key=f"undo-{key}"):
            _undo(result, session)
            st.rerun()


def _undo(result: Result, session: Session) -> None:
    """Take the set out of the history again."""
    assert result.job.set_id is not None
    with open_history() as history:
        history.delete_set(result.job.set_id)
    session.replace_result(
        result, replace(result, job=replace(result.job, set_id=None, save=False), remark="", is_new=False, undone=True)
    )


def _save_after_all(result: Result, session: Session) -> None:
    """Save what is shown, judged as it was."""
    job = replace(result.job, video=None, poses=str(result.poses), exports=(), folder=None, save=True, set_id=None)
    saved = run_analysis(job).saved
    if saved is None:
        return
    if job.keep_video and (result.folder / ANNOTATED_MP4).is_file():
        with open_history() as history:
            history.keep_video(saved.id, result.folder / ANNOTATED_MP4)
    kept = replace(result.job, save=True, set_id=saved.id)
    session.replace_result(result, replace(result, job=kept, is_new=True, undone=False))


def _copied_from(result: Result, session: Session) -> SetSummary | None:
    """The other lifter's set of the same recording, as long as nobody has said whose it is."""
    job = result.job
    if job.set_id is None or not result.is_new or job.lifter is None or str(result.folder) in session.settled:
        return None
    with open_history() as history:
        return next((each for each in history.same_recording(job.set_id) if each.lifter), None)


def _ask_whose(result: Result, session: Session, other: SetSummary) -> None:
    """The same recording is another lifter's set already: both, or one of them?"""
    lifter, key = result.job.lifter or "", result.folder.name
    mine, theirs = components.plain(lifter), components.plain(other.lifter or "")
    with st.container(border=True, key=f"card-whose-{key}"):
        st.markdown(
            _("**The same recording is set {id} of {name} already. Whose set is it?**", id=other.id, name=theirs)
        )
        with st.container(horizontal=True, gap="small"):
            if st.button(
                mine, key=f"whose-new-{key}", help=_("Set {id} of {name} is deleted.", id=other.id, name=theirs)
            ):
                with open_history() as history:
                    history.delete_set(other.id)
                session.settled.add(str(result.folder))
                st.rerun()
            if st.button(theirs, key=f"whose-old-{key}", help=_("The new set is taken out of the history again.")):
                _undo(result, session)
                st.rerun()
            if st.button(_("Keep both"), key=f"whose-both-{key}"):
                session.settled.add(str(result.folder))
                st.rerun()


def _offer_to_save(result: Result, report: Report, session: Session) -> None:
    """After judging again: the history has the judgement before, and gets this one on demand."""
    job = result.job
    if job.set_id is None or str(result.folder) not in session.unsaved:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"card-save-{result.folder.name}"):
        st.markdown(_("Set {id} in the history keeps the judgement it had.", id=job.set_id))
        if st.button(_("Save this judgement"), icon=":material/save:", key=f"save-{result.folder.name}"):
            with open_history() as history:
                history.change_set(job.set_id, report=report.to_dict(), settings=settings_to_save(job))
                if job.keep_video and (result.folder / ANNOTATED_MP4).is_file():
                    history.keep_video(job.set_id, result.folder / ANNOTATED_MP4)
            session.unsaved.discard(str(result.folder))
            st.toast(_("Saved as set {id}.", id=job.set_id))
            st.rerun()


def plots_only(page: str) -> str:
    """report.html with its pictures and plots only."""
    others = "".join(f":not([aria-labelledby={name}])" for name in PLOT_SECTIONS)
    style = f"body>.bar,body>footer,.skip,section{others}{{display:none}}main{{width:100%}}body{{background:none}}"
    return page.replace("</style>", f"{style}</style>", 1)


def _not_judged(report: Report) -> None:
    reasons: dict[str, list[str]] = {}
    for finding in report.findings:
        if finding.verdict == NOT_MEASURED:
            reasons.setdefault(finding.reason or _("not seen clearly enough"), []).append(finding.title)
    if not report.reps:
        st.markdown(_("No repetition was found, so nothing could be judged."))
    for reason, titles in reasons.items():
        st.html(
            f"<p><strong>{components.escaped(', '.join(dict.fromkeys(titles)))}</strong>"
            f"<br>{components.escaped(reason)}</p>"
        )
    for note in report.tracking.notes:
        st.html(f'<p class="fc-small">{components.escaped(_(note))}</p>')
    if report.reps and not reasons:
        st.markdown(_("Nothing was left out: every check of this lift was judged."))


def _filmed(result: Result) -> Path | None:
    """The video as it was filmed; None where it is not here (any more)."""
    video = result.job.video
    return None if video is None or not Path(video).is_file() else Path(video)


def _playable(result: Result, filmed: Path) -> Path:
    """The video as it was filmed, or a copy of it that browsers play."""
    copy = result.folder / "filmed.mp4"
    if not copy.is_file():
        if filmed.stat().st_size <= LARGEST_AS_IT_IS and plays_in_browsers(filmed):
            return filmed
        with st.spinner(_("Making a copy of the video that this browser plays")):
            write_clip(filmed, copy)
    return copy


def _clip(result: Result, video: Path, rep: RepReport) -> bytes:
    """One repetition of the annotated video."""
    path = result.folder / f"rep-{rep.index}.mp4"
    write_clip(video, path, start_s=rep.start_s - BEFORE_S, end_s=rep.end_s + AFTER_S)
    return path.read_bytes()


def _on_demand(result: Result, export: exports.Export) -> bytes:
    """The file of a format that was not made with the others."""
    path = result.folder / export.file
    if not path.is_file():
        poses = load_poses(result.poses)
        part, report = judge(result.job, poses)
        job = result.job
        analysed = exports.Analysed(report, part, poses, _filmed(result), lifter=job.lifter or "", notes=job.notes)
        export.make(analysed, path)
    return path.read_bytes()


def _clip_of_a_rep(result: Result, video: Path, report: Report, stem: str) -> None:
    reps = {rep.index: rep for rep in report.reps if math.isfinite(rep.start_s + rep.end_s)}
    if not reps:
        return
    key = result.folder.name
    level = report.set_level
    shown = list(reps)
    usual = shown.index(level.worst_rep) if level is not None and level.worst_rep in reps else 0
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        chosen = st.selectbox(
            _("Rep to share"),
            shown,
            index=usual,
            format_func=lambda n: _("Rep {rep}", rep=n),
            key=f"clip-rep-{key}",
            width=220,
        )
        rep = reps[chosen if chosen is not None else shown[0]]
        st.download_button(
            _("Clip of rep {rep}", rep=rep.index),
            functools.partial(_clip, result, video, rep),
            file_name=f"{stem}-rep-{rep.index}.mp4",
            mime="video/mp4",
            icon=":material/movie:",
            key=f"clip-{rep.index}-{key}",
            on_click="ignore",
            width=220,
        )


def _downloads(result: Result, video: Path | None, report: Report) -> None:
    stem = safe_name(Path(result.job.title or "set").stem)
    if video is not None:
        _clip_of_a_rep(result, video, report, stem)
    for export in exports.EXPORTS:
        path = result.folder / export.file
        if not path.is_file() and not export.on_demand:
            continue
        with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
            st.download_button(
                export.title,
                # Read only when somebody asks for it.
                functools.partial(_on_demand, result, export) if export.on_demand else path.read_bytes,
                file_name=f"{stem}-{export.file}",
                mime=export.media_type,
                icon=":material/download:",
                key=f"get-{export.file}-{result.folder.name}",
                on_click="ignore",
                width=220,
            )
            st.markdown(f":small[{export.about}]")


def _judge_again(result: Result, report: Report, session: Session) -> None:
    """Other lift, part or limits; the poses are there already."""
    st.markdown(
        _(
            "Another lift, part of the video, or other limits. The video does not have to be watched again, "
            "so this is quick."
        )
    )
    job, key = result.job, result.folder.name
    end_s = round(max(report.video.duration_s, 0.2), 1)
    left, right = st.columns(2, gap="large")
    with left:
        names = ["auto", *(lift.name for lift in EXERCISES)]
        exercise = st.selectbox(
            _("Lift"),
            names,
            index=names.index(job.exercise),
            format_func=lambda name: components.RECOGNISE_IT if name == "auto" else components.exercise_title(name),
            key=f"lift-{key}",
        )
        variant = variant_choice(exercise, job.variant, f"variant-{key}")
    with right:
        before = (min(job.start_s or 0.0, end_s), end_s if job.end_s is None else min(job.end_s, end_s))
        part = st.slider(_("Part of the video, in seconds"), 0.0, end_s, before, 0.1, key=f"part-{key}")
        presets = preset_choice(job.presets, f"presets-{key}")
        slow_motion = slow_motion_choice(job.slow_motion, f"slow-motion-{key}")
        plate = job.video is not None and st.toggle(_("Follow the plate"), job.plate, key=f"plate-{key}")
    lift = exercise_named(exercise) or exercise_named(report.exercise.name)
    # Other presets start from their own limits, not from those that were edited before.
    told = parse_settings(job.settings_toml, _("these limits")) if tuple(presets) == job.presets else DEFAULTS
    toml = job.settings_toml
    if lift is not None:
        with st.expander(_("Limits: {lift}", lift=in_sentence(lift.title))):
            now = merge(components.usable_settings(presets=presets), told)
            edited = limits.editor(lift, now, f"limits-{key}-{lift.name}-{'-'.join(presets)}")
        others = {name: value for name, value in told.checks.items() if not name.startswith(f"{lift.name}/")}
        toml = settings_toml(replace(told, checks={**others, **edited.checks}))
    if job.set_id is not None:
        st.caption(_("The saved set stays as it is until you save the new judgement."))
    if st.button(_("Judge again"), type="primary", icon=":material/refresh:", key=f"again-{key}"):
        folder = str(session.new_folder())
        session.unsaved.add(folder)
        session.start(
            [
                replace(
                    job,
                    folder=folder,
                    poses=str(result.poses),
                    exercise=exercise,
                    variant=variant,
                    presets=tuple(presets),
                    plate=plate,
                    slow_motion=slow_motion,
                    settings_toml=toml,
                    save=job.save and job.set_id is None,
                    start_s=part[0] if part[0] > 0 else None,
                    end_s=part[1] if part[1] < end_s else None,
                )
            ]
        )
        st.rerun()


def person_choice(key: str, kept: Literal["session"] | None = None) -> str:
    """Whom to follow, left and right as one sees them; ``kept`` as in `variant_choice`."""
    chosen = st.segmented_control(
        _("Person to follow, of several"),
        list(PERSON_WORDS),
        default=Person.AUTO.value,
        required=True,
        format_func=lambda name: PERSON_WORDS[name],
        key=key,
        persist_state=kept,
    )
    return chosen or Person.AUTO.value


def slow_motion_choice(chosen: float, key: str, kept: Literal["session"] | None = None) -> float:
    """A box for how many times slower than life the film runs; empty means as in life. ``kept`` as in
    `variant_choice`."""
    low, high = SLOW_MOTION_RANGE
    times = st.number_input(
        _("Slow motion, times"),
        low,
        high,
        None if chosen == REAL_TIME else chosen,
        1.0,
        format="%g",
        placeholder=_("None"),
        key=key,
        persist_state=kept,
        help=_(
            "How many times slower than life the video runs: 4 if one second became four, 0.5 if it is sped up twice."
        ),
    )
    return times or REAL_TIME


def variant_choice(exercise: str, chosen: str, key: str, kept: Literal["session"] | None = None) -> str:
    """A box for the variants of a lift; "auto" where there is nothing to choose.

    ``kept``: the choice stays while the box is not drawn.
    """
    lift = exercise_named(exercise)
    if lift is None or not lift.variants:
        return "auto"
    titles = {"auto": _(components.RECOGNISE_IT)} | {each.name: each.title for each in lift.variants}
    names = list(titles)
    return st.selectbox(
        _("Variant"),
        names,
        index=names.index(chosen) if chosen in names else 0,
        format_func=lambda name: titles[name],
        key=key,
        persist_state=kept,
    )


def preset_choice(chosen: tuple[str, ...], key: str, kept: Literal["session"] | None = None) -> list[str]:
    """A box for presets; ``kept`` as in `variant_choice`."""
    titles = {preset.name: preset.title for preset in list_presets()}
    return st.multiselect(
        _("Presets"),
        list(titles),
        default=[name for name in chosen if name in titles],
        format_func=lambda name: titles[name],
        placeholder=_("None"),
        key=key,
        persist_state=kept,
    )


def _baseline(result: Result, report: Report) -> None:
    """Offer the standing posture of this set as the lifter's own neutral back."""
    standing = standing_back(report)
    if standing is None or not result.job.lifter:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        label = _("Use this standing posture as the neutral back of {name}", name=components.plain(result.job.lifter))
        about = _("For videos that do not show you standing. You can remove it in Settings.")
        if st.button(label, icon=":material/accessibility:", help=about, key=f"baseline-{result.folder.name}"):
            with open_history() as history:
                lifter = history.known_lifter(result.job.lifter)
                lifter = lifter or Lifter(result.job.lifter)
                history.save_lifter(with_standing(lifter, standing))
            st.success(_("Kept. It is used when a video does not show the standing posture."))


def standing_back(report: Report) -> dict[str, float] | None:
    """The lifter's neutral back as this report saw it, for `Lifter.neutral_back`; None when it did not."""
    if report.back is None or report.back.source != "standing":
        return None
    lower_deg, upper_deg = report.back.standing_deg
    if not math.isfinite(lower_deg + upper_deg):
        return None
    return {"lower_deg": lower_deg, "upper_deg": upper_deg}


def file_title(name: str) -> str:
    """A file name as a title: without ending, hyphens and underscores as spaces."""
    words = re.sub(r"[-_]+", " ", Path(name).stem).strip()
    return words[:1].upper() + words[1:]
