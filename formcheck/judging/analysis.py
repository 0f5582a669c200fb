"""The analysis: poses in, report out. No files, no clock, no drawing."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from formcheck.core.errors import UsageError
from formcheck.core.poses import PoseSequence
from formcheck.core.verdicts import NOT_MEASURED, VariantSource
from formcheck.core.words import N_, _, ngettext
from formcheck.exercises import EXERCISES, exercise_named
from formcheck.exercises.framework.check import Check, Finding, Measurement, judge, judge_set, missing, not_judged
from formcheck.exercises.framework.cycle_features import CycleFeatures, features_of
from formcheck.exercises.framework.exercise import Exercise, Rep, TrackedPoint
from formcheck.exercises.framework.load_kind import LoadKind
from formcheck.exercises.framework.recognition import MIN_SIMILARITY, Recognition, recognise, similarity
from formcheck.exercises.framework.variant import (
    UNKNOWN,
    Variant,
    checks_of_variant,
    checks_whatever,
    possible_variants,
    recognise_variant,
)
from formcheck.exercises.framework.working_set import cycles_of_set
from formcheck.exercises.shared.back import BACK_ROUNDING_DEG, with_change_over_set
from formcheck.judging.coaching import advice_on, load_advice_on, other_lifts_note, praise_of, summary_of, verdict_on
from formcheck.judging.film_speed import REAL_TIME, in_film_time, in_real_time, playback_note
from formcheck.judging.framing import (
    FILM_FROM_NEARER,
    TOO_SMALL,
    is_too_small,
    small_lifter_note,
    why_nothing_can_be_judged,
)
from formcheck.judging.report import (
    BackReference,
    ExerciseChoice,
    Report,
    RepReport,
    Tracking,
)
from formcheck.judging.set_metrics import SetLevel, set_level
from formcheck.judging.settings import DEFAULTS, Settings, apply
from formcheck.motion.calibration import calibration_of
from formcheck.motion.cleaning import CleanPoses, clean
from formcheck.motion.floor_evidence import Floors, empty_handed
from formcheck.motion.neutral import Baseline, Neutral, OwnReps, find_neutral, population_neutral, with_back_rounding
from formcheck.motion.plate import PlateTrack
from formcheck.motion.playback import Playback, playback_of
from formcheck.motion.reps import Cycle, depths, find_cycles, later
from formcheck.motion.runs import runs_of
from formcheck.motion.signals import Signals, no_signals, signals_but_spine, with_mask, with_spine
from formcheck.motion.spine import back_can_be_seen
from formcheck.motion.spine_method import SpineMethod, contour_method, lower_half_method
from formcheck.motion.view import UNKNOWN_VIEW, View, view_of

AUTO = "auto"
NONE = "none"

VIEW_AROUND_S = 1.0
"""The view is that of the repetitions and this much time around them."""

TURNED_DEG = 25.0
"""A repetition seen from a direction further off that of the set than this is judged by its own: the lifter turned."""

ALWAYS_REPORTED = (
    "back_rounding_deg",
    "hip_flexion_bottom_deg",
    "knee_flexion_bottom_deg",
    "trunk_lean_bottom_deg",
    "elbow_flexion_max_deg",
)
"""Schema 1 of report.json has these measures in every repetition: NaN where a lift does not measure them."""

HALF_SEEN = N_("only part of the repetition was seen")

UPPER_HALF_HIDDEN = N_(
    "A bar or arms hide the upper back: the back was judged by the lower half of its outline, which is less sure."
)

GAP_TOLD_S = 0.5
"""A note is due when frames are missing for longer than this."""

GAPS_NAMED = 3

SEEN_SHARE_MIN = 0.5
"""A note is due when the lifter was seen in less than this share of the frames."""


@dataclass(frozen=True)
class _Stretch:
    """One stretch between cuts: its place in the whole, its poses, signals and cycles with their features.

    ``hip_ok`` says where the hip is credible, for reading the spine in another way.
    """

    first: int
    poses: PoseSequence
    signals: Signals
    hip_ok: NDArray[np.bool_]
    cycles: tuple[Cycle, ...]
    features: tuple[CycleFeatures, ...]
    neutral: Neutral


@dataclass(frozen=True)
class _Found:
    """What is judged: the lift with the limits and checks that hold for this set, its variant and its repetitions.

    ``doubtful`` are the checks that depend on a variant that is not known.
    """

    lift: Exercise | None
    reps: tuple[tuple[Signals, Rep], ...] = ()
    variant_name: str = UNKNOWN
    variant_source: VariantSource = VariantSource.UNKNOWN
    doubtful: frozenset[str] = frozenset()

    @property
    def load_kind(self) -> LoadKind:
        """What kind of load it was, as far as lift and variant say."""
        return LoadKind.BAR if self.lift is None else self.lift.load_of(self.variant_name)

    @functools.cached_property
    def measured(self) -> tuple[Mapping[str, Measurement], ...]:
        """What was measured of each repetition, by name, whether or not it may be judged."""
        return () if self.lift is None else tuple(self.lift.measure(signals, rep) for signals, rep in self.reps)


@dataclass(frozen=True)
class _Wanted:
    """What the caller of `analyze` asked for, as far as finding the set and its neutral back depends on it."""

    named: Exercise | None
    variant: str
    settings: Settings
    baseline: Baseline | None
    own_reps: Mapping[str, OwnReps]
    floors: Floors | None


@dataclass(frozen=True)
class _Read:
    """The set as one way of reading the spine shows it."""

    spine: SpineMethod
    stretches: Sequence[_Stretch]
    found: _Found


def analyze(
    poses: PoseSequence,
    exercise: str = AUTO,
    *,
    variant: str = AUTO,
    load_kg: float | None = None,
    height_cm: float | None = None,
    baseline: Baseline | None = None,
    own_reps: Mapping[str, OwnReps] | None = None,
    spine: SpineMethod | None = None,
    settings: Settings = DEFAULTS,
    plate: PlateTrack | None = None,
    floors: Floors | None = None,
    slow_motion: float = REAL_TIME,
) -> Report:
    """Judge a set from the poses of its lifter.

    Parameters
    ----------
    poses : from `formcheck.vision.pose_estimation.estimate_poses` or `formcheck.storage.pose_files.load_poses`.
    exercise : "auto", or the name of a lift in `formcheck.exercises.EXERCISES`.
    variant : "auto", or the name of one of the lift's variants; it names the lift as well.
    load_kg : the load, for the advice; None when unknown.
    height_cm : the lifter's height, for velocities in metres; None = as the settings say, if they do.
    baseline : the lifter's standing back from another day, for videos that do not show the lifter standing.
    own_reps : what the back shows in the lifter's own good repetitions, by the name of the lift; in a lift that has
        some, the back is compared with them and with nothing else. See `formcheck.judging.own_neutral`.
    spine : how the spine is read; None = from the dorsal contour.
    settings : limits and checks of the user's own, see `formcheck.judging.settings`.
    plate : the near plate of the bar, see `formcheck.vision.plate_detection`; None = it was not looked for.
    floors : how the floor looked earlier, for poses that begin in the middle of a set.
    slow_motion : how many times slower than life the film runs: 4 where a second of it was a quarter of one, 0.5 where
        it was sped up twice. Instants in the report stay those of the film; durations and velocities are those of life.

    Raises
    ------
    UsageError : there is no such exercise, or it has no such variant, or nobody slows a film down that much.
    """
    _refuse_unknown(exercise)
    film, poses = poses, in_real_time(poses, slow_motion)
    plate = None if plate is None else replace(plate, time_s=plate.time_s / slow_motion)
    exercise = exercise_of_variant(exercise, variant)
    cleaned = clean(poses)
    wanted = _Wanted(exercise_named(exercise), variant, settings, baseline, own_reps or {}, floors)
    recognition, best = _read(cleaned, wanted, spine)
    stretches, found = best.stretches, best.found
    view = _view(cleaned, found.reps)
    too_small = is_too_small(poses)
    reps = _judge_reps(found, cleaned, view, TOO_SMALL if too_small else "")
    findings = _judge_set(found.lift, reps)
    verdict = verdict_on(reps, findings)
    choice = _choice(exercise, found.lift, recognition)
    report = Report(
        video=poses.video,
        exercise=choice,
        variant=found.variant_name,
        variant_source=found.variant_source,
        view=view,
        sagittal_ok=_sagittal_ok(view),
        tracking=_tracking(
            poses,
            cleaned,
            found.reps,
            other_lifts_note(recognition, wanted.named),
            _(UPPER_HALF_HIDDEN) if best.spine.partial else "",
            playback_of([(stretch.signals, stretch.cycles) for stretch in stretches]),
            slow_motion,
        ),
        reps=reps,
        findings=findings,
        verdict=verdict,
        summary=("" if reps else why_nothing_can_be_judged(poses))
        or summary_of(verdict, found.lift, reps, findings, recognition),
        advice=(_(FILM_FROM_NEARER),) if too_small and reps else advice_on(findings, reps, _sagittal_ok(view)),
        praise=() if found.lift is None else praise_of(found.lift.checks, findings, reps),
        load_advice=load_advice_on(findings, reps, load_kg, found.load_kind, settings.unit_of_loads),
        model=poses.model,
        load_kg=load_kg,
        set_level=_set_level(found, reps, height_cm or settings.height_cm, plate),
        settings=settings,
        back=_back(best.spine, stretches) if poses.seen.any() else None,
        signals=_with_back_judged(_joined(stretches, poses), found, reps),
    )
    return in_film_time(report, film, slow_motion)


def _refuse_unknown(exercise: str) -> None:
    if exercise != AUTO and exercise_named(exercise) is None:
        names = ", ".join([AUTO, *(known.name for known in EXERCISES)])
        raise UsageError(_("There is no exercise '{exercise}': choose one of {names}.", exercise=exercise, names=names))


def exercise_of_variant(exercise: str, variant: str) -> str:
    """The lift that a variant belongs to, or ``exercise`` when the variant is "auto".

    Raises
    ------
    UsageError : no lift, or not this one, has such a variant.
    """
    if variant == AUTO:
        return exercise
    lifts = EXERCISES if exercise == AUTO else tuple(lift for lift in EXERCISES if lift.name == exercise)
    for lift in lifts:
        if any(known.name == variant for known in lift.variants):
            return lift.name
    names = ", ".join([AUTO, *(known.name for lift in lifts for known in lift.variants)])
    raise UsageError(
        _("There is no variant '{variant}' of this lift: choose one of {names}.", variant=variant, names=names)
    )


def _read(cleaned: CleanPoses, wanted: _Wanted, spine: SpineMethod | None) -> tuple[Recognition, _Read]:
    """What the lift is taken for, and the set by ``spine``, or by the way of reading it that shows the back."""
    calibration = calibration_of(cleaned.poses.model)
    usual = spine or contour_method(calibration)
    seen = _stretches(cleaned, usual)
    recognition = _recognised(seen)
    best = _read_by(usual, seen, wanted, recognition)
    if spine is not None or not _back_hidden(best.found):
        return recognition, best
    lower_half = lower_half_method(calibration)
    other = _read_by(lower_half, [_read_again(each, lower_half) for each in seen], wanted, recognition)
    return recognition, best if _back_hidden(other.found) else other


def _recognised(stretches: Sequence[_Stretch]) -> Recognition:
    """The lift by all cycles of which nothing is missing."""
    pairs = [pair for each in stretches for pair in zip(each.cycles, each.features, strict=True)]
    return recognise([features for cycle, features in pairs if not cycle.half_seen], EXERCISES)


def _read_by(method: SpineMethod, stretches: Sequence[_Stretch], wanted: _Wanted, recognition: Recognition) -> _Read:
    meant = wanted.named or recognition.exercise
    own = None if meant is None else wanted.own_reps.get(meant.name)
    compared = [_with_neutral(each, method, wanted.baseline, own) for each in stretches]
    return _Read(method, compared, _find_set(wanted, recognition.exercise, compared))


def _find_set(wanted: _Wanted, recognised: Exercise | None, stretches: Sequence[_Stretch]) -> _Found:
    """What is judged: the lift that the user named, else the recognised one, and its repetitions.

    The lift comes with the user's limits and the checks of its variant.
    """
    meant = wanted.named or recognised
    if meant is None:
        return _Found(None)
    lift = apply(meant, wanted.settings)
    chosen = _chosen_variant(lift, wanted.variant, wanted.settings)
    reps = _reps(stretches, lift, wanted.floors)
    pairs, cycle_features = tuple((signals, rep) for signals, rep, _ in reps), [features for *_, features in reps]
    known = chosen or recognise_variant(cycle_features, lift.variants)
    if known is not None:
        lift = replace(lift, checks=checks_of_variant(lift.checks, known))
        return _Found(lift, pairs, known.name, VariantSource.CHOSEN if chosen else VariantSource.RECOGNISED)
    checks, doubtful = checks_whatever(lift.checks, possible_variants(cycle_features, lift.variants))
    return _Found(replace(lift, checks=checks), pairs, doubtful=doubtful)


def _chosen_variant(lift: Exercise, variant: str, settings: Settings) -> Variant | None:
    """The variant that the user named, in the call or in the settings."""
    name = settings.variants.get(lift.name, AUTO) if variant == AUTO else variant
    return next((known for known in lift.variants if known.name == name), None)


def _stretches(cleaned: CleanPoses, spine: SpineMethod) -> list[_Stretch]:
    """The stretches between cuts; what their backs are compared with is not known yet."""
    parts = [(part.start, cleaned.poses.part(part)) for part in cleaned.segments]
    read = [signals_but_spine(poses) for _, poses in parts]
    signals = [with_spine(*but_spine, poses, spine.read) for but_spine, (_, poses) in zip(read, parts, strict=True)]
    if spine.with_mask:
        signals = [with_mask(each, poses) for each, (_, poses) in zip(signals, parts, strict=True)]
    cycles = [find_cycles(each.time_s, each.shoulder_height) for each in signals]
    known = [depth for each, own in zip(signals, cycles, strict=True) for depth in depths(each.shoulder_height, own)]
    usual_depth = float(np.median(known)) if known else math.nan
    cycles = [find_cycles(each.time_s, each.shoulder_height, usual_depth) for each in signals]
    usual = population_neutral(spine.norms)
    return [
        _Stretch(first, poses, own, hip_ok, own_cycles, tuple(features_of(own, cycle) for cycle in own_cycles), usual)
        for (first, poses), own, (_, hip_ok), own_cycles in zip(parts, signals, read, cycles, strict=True)
    ]


def _read_again(stretch: _Stretch, spine: SpineMethod) -> _Stretch:
    """The stretch with its back read in another way; what it is compared with is not known yet."""
    signals = with_spine(stretch.signals, stretch.hip_ok, stretch.poses, spine.read)
    return replace(stretch, signals=signals, neutral=population_neutral(spine.norms))


def _with_neutral(stretch: _Stretch, spine: SpineMethod, baseline: Baseline | None, own: OwnReps | None) -> _Stretch:
    """The stretch with its back compared with the lifter's neutral."""
    if spine.partial:
        neutral = population_neutral(spine.norms)
        signals, unknown = with_back_rounding(stretch.signals, neutral), np.full(len(stretch.signals), np.nan)
        signals = replace(signals, lower_rounding_deg=unknown, upper_rounding_deg=unknown)
    else:
        neutral = find_neutral(stretch.signals, stretch.cycles, baseline, spine.norms, own)
        signals = with_back_rounding(stretch.signals, neutral)
    return replace(stretch, signals=signals, neutral=neutral)


def _back_hidden(found: _Found) -> bool:
    """Whether what lies on the shoulders may be why the back could not be read in most repetitions."""
    on_shoulders = found.lift is not None and found.lift.path.point is TrackedPoint.SHOULDERS
    return on_shoulders and 2 * _backs_read(found) < len(found.reps)


def _backs_read(found: _Found) -> int:
    """In how many repetitions the back was read."""
    return sum(not each[BACK_ROUNDING_DEG.name].reason for each in found.measured)


def _back(spine: SpineMethod, stretches: Sequence[_Stretch]) -> BackReference | None:
    """What the back was compared with, in the stretch with most movement; None when there is none."""
    if not stretches:
        return None
    neutral = max(stretches, key=lambda stretch: len(stretch.cycles)).neutral
    return BackReference(
        spine.name, neutral.source, neutral.standing_deg, neutral.hinge_deg, neutral.uncertainty_deg, neutral.day
    )


def _reps(
    stretches: Sequence[_Stretch], lift: Exercise, floors: Floors | None
) -> list[tuple[Signals, Rep, CycleFeatures]]:
    """The set: which lift it is has been decided, and no repetition is left out for being a bad one."""
    found = [(s, *each) for s in stretches for each in zip(s.cycles, s.features, strict=True)]
    # Of a repetition that was half seen the shape says nothing; what it stands between says what it was.
    whole = [(cycle, features) for _, cycle, features in found if not cycle.half_seen]
    cycle_features = [features for _, features in whole]
    like = similarity(cycle_features, EXERCISES)
    is_lift = np.array([other.name == lift.name for other in EXERCISES])
    in_set = cycles_of_set(
        cycle_features,
        like[:, is_lift][:, 0],
        MIN_SIMILARITY,
        like[:, ~is_lift].max(axis=1, initial=0.0),
        thrown=lift.path.is_thrown,
    )
    if not any(in_set):
        return []
    counted = {id(cycle) for (cycle, _), keep in zip(whole, in_set, strict=True) if keep}
    meant = [one for one in found if one[1].half_seen or id(one[1]) in counted]
    if lift.from_floor:
        empty = _empty_handed(stretches, [(stretch, cycle) for stretch, cycle, _ in meant], floors)
        meant = [one for one, stands_up_only in zip(meant, empty, strict=True) if not stands_up_only]
    return [(stretch.signals, lift.rep(stretch.signals, cycle), features) for stretch, cycle, features in meant]


def _empty_handed(
    stretches: Sequence[_Stretch], cycles: Sequence[tuple[_Stretch, Cycle]], floors: Floors | None
) -> tuple[bool, ...]:
    """`empty_handed` over all stretches: what the floor looks like under a load is known from any of them."""
    if not cycles:
        return ()
    starts = dict(zip(map(id, stretches), np.cumsum([0, *(len(stretch.poses) for stretch in stretches)]), strict=False))
    time_s, floor, place = (
        np.concatenate([getattr(stretch.poses, name) for stretch in stretches])
        for name in ("time_s", "floor", "floor_place")
    )
    return empty_handed(
        time_s, floor, place, [later(cycle, int(starts[id(stretch)])) for stretch, cycle in cycles], floors
    )


def _view(cleaned: CleanPoses, reps: Sequence[tuple[Signals, Rep]]) -> View:
    """View during the repetitions; over everything when there are none."""
    if not cleaned.poses.seen.any():
        return UNKNOWN_VIEW
    if not reps:
        return view_of(cleaned.poses)
    keep = np.zeros(len(cleaned.poses), dtype=bool)
    for signals, rep in reps:
        keep[_shows_view(cleaned, signals, rep)] = True
    return view_of(cleaned.poses.part(keep))


def _view_of_rep(cleaned: CleanPoses, signals: Signals, rep: Rep, of_set: View) -> View:
    """That of the set, unless it has none or the lifter had turned for this repetition."""
    own = view_of(cleaned.poses.part(_shows_view(cleaned, signals, rep)))
    if math.isnan(own.yaw_deg):
        return of_set
    if math.isnan(of_set.yaw_deg):
        return own
    return own if abs(own.yaw_deg - of_set.yaw_deg) > TURNED_DEG else of_set


def _shows_view(cleaned: CleanPoses, signals: Signals, rep: Rep) -> slice:
    """The frames from shortly before a repetition to shortly after it.

    Not only while the load moves: then plates hide hips and legs and arms hide the trunk, and the model turns the body
    at will, while the feet stay where they are.
    """
    start_s, end_s = signals.time_s[rep.start] - VIEW_AROUND_S, signals.time_s[rep.end] + VIEW_AROUND_S
    time_s = cleaned.poses.time_s
    return slice(int(np.searchsorted(time_s, start_s)), int(np.searchsorted(time_s, end_s, side="right")))


def _sagittal_ok(view: View) -> bool:
    return not math.isnan(view.yaw_deg) and bool(back_can_be_seen(np.array([view.yaw_deg]))[0])


def _judge_reps(found: _Found, cleaned: CleanPoses, view: View, unusable: str) -> tuple[RepReport, ...]:
    """The repetitions one by one; ``unusable`` says why none of them can be judged, if none can."""
    lift = found.lift
    if lift is None:
        return ()
    return tuple(
        _judge_rep(lift, signals, rep, measures, _view_of_rep(cleaned, signals, rep, view), index, found.doubtful)
        for index, ((signals, rep), measures) in enumerate(zip(found.reps, _measures(found, unusable), strict=True), 1)
    )


def _measures(found: _Found, unusable: str) -> list[dict[str, Measurement]]:
    """What was measured of each repetition, by name; nothing where ``unusable`` says why."""
    measured: list[dict[str, Measurement]] = []
    # What comes before a cut may have been filmed from elsewhere, and is compared with another neutral.
    reps = zip(found.reps, found.measured, strict=True)
    for _key, stretch in itertools.groupby(reps, key=lambda each: id(each[0][0])):
        own = []
        for (_signals, rep), measures in stretch:
            hidden = unusable or (HALF_SEEN if rep.cycle.half_seen else "")
            own.append(dict.fromkeys(measures, missing(hidden)) if hidden else dict(measures))
        measured += with_change_over_set(own)
    return measured


def _judge_rep(
    lift: Exercise,
    signals: Signals,
    rep: Rep,
    measures: Mapping[str, Measurement],
    view: View,
    index: int,
    doubtful: frozenset[str],
) -> RepReport:
    names = ", ".join(variant.name for variant in lift.variants)

    def found(check: Check) -> Finding:
        if check.id in doubtful and view.name in check.views:
            return not_judged(check, _("depends on the variant: say which it is ({names})", names=names), index)
        return judge(check, measures.get(check.measure.name), view.name, index)

    findings = tuple(map(found, lift.checks))
    return RepReport(
        index=index,
        start_s=float(signals.time_s[rep.start]),
        bottom_s=float(signals.time_s[rep.bottom]),
        top_s=float(signals.time_s[rep.top]),
        end_s=float(signals.time_s[rep.end]),
        lift_off_s=float(signals.time_s[rep.lift_off]),
        lockout_s=float(signals.time_s[rep.lockout]),
        partial=rep.partial,
        instants={name: float(signals.time_s[sample]) for name, sample in lift.instants(signals, rep).items()},
        measures={name: measured.value for name, measured in measures.items()}
        | {name: math.nan for name in ALWAYS_REPORTED if name not in measures},
        findings=findings,
    )


def _judge_set(lift: Exercise | None, reps: Sequence[RepReport]) -> tuple[Finding, ...]:
    if lift is None:
        return ()
    return tuple(
        judge_set(check, [finding for rep in reps for finding in rep.findings if finding.check == check.id])
        for check in lift.checks
    )


def _set_level(
    found: _Found, judged: Sequence[RepReport], height_cm: float | None, plate: PlateTrack | None
) -> SetLevel | None:
    if found.lift is None:
        return None
    rounding_deg = [rep.measures.get(BACK_ROUNDING_DEG.name, math.nan) for rep in judged]
    findings = [rep.findings for rep in judged]
    return set_level(found.lift, found.reps, rounding_deg, findings, height_cm=height_cm, plate=plate)


def _choice(asked: str, lift: Exercise | None, recognition: Recognition) -> ExerciseChoice:
    if lift is None:
        return ExerciseChoice(NONE, "auto", recognition.confidence)
    if asked != AUTO:
        return ExerciseChoice(lift.name, "user", 1.0)
    return ExerciseChoice(lift.name, "auto", recognition.confidence)


def _tracking(
    poses: PoseSequence,
    cleaned: CleanPoses,
    reps: Sequence[tuple[Signals, Rep]],
    other_lifts: str,
    hidden: str,
    playback: Playback,
    slow_motion: float,
) -> Tracking:
    seen = poses.seen & ~cleaned.rejected
    share = float(seen.mean()) if len(poses) else 0.0
    notes = list(poses.notes)
    if not poses.video.complete and not any(
        word in note for note in notes for word in ("cut off", "damaged", _("cut off"), _("damaged"))
    ):
        notes.append(_("The file is damaged or cut off; only what could be read was analysed."))
    if share == 0.0:
        notes.append(_("Nobody was found in the picture."))
    elif share < SEEN_SHARE_MIN:
        notes.append(_("The lifter was seen clearly in only {share:.0%} of the frames.", share=share))
    if small := small_lifter_note(poses):
        notes.append(small)
    if len(cleaned.segments) > 1:
        notes.append(
            _("The video was cut: its {segments} parts were analysed one by one.", segments=len(cleaned.segments))
        )
    notes += _unseen_notes(poses, cleaned, slow_motion)
    half_seen = [str(index) for index, (_, rep) in enumerate(reps, start=1) if rep.cycle.half_seen]
    if half_seen:
        notes.append(
            ngettext(
                "Rep {reps} was seen only in part: counted as partial and not judged.",
                "Reps {reps} were seen only in part: counted as partial and not judged.",
                len(half_seen),
                reps=", ".join(half_seen),
            )
        )
    if changed_speed := playback_note(playback, slow_motion):
        notes.append(changed_speed)
    if other_lifts:
        notes.append(other_lifts)
    if hidden:
        notes.append(hidden)
    return Tracking(int(poses.seen.sum()), share, tuple(notes))


def _unseen_notes(poses: PoseSequence, cleaned: CleanPoses, slow_motion: float) -> list[str]:
    """That frames are missing, or that the picture stands still, and when by the clock of the film."""
    notes = []
    film_s = poses.time_s * slow_motion
    gaps = np.flatnonzero(np.diff(poses.time_s) > GAP_TOLD_S)
    if len(gaps):
        where = ", ".join(
            _("{length:.1f} s at {at:.1f} s", length=np.diff(film_s)[gap], at=film_s[gap]) for gap in gaps[:GAPS_NAMED]
        )
        more = _(" and {n} more", n=len(gaps) - GAPS_NAMED) if len(gaps) > GAPS_NAMED else ""
        notes.append(
            _(
                "Frames are missing from the video ({where}{more}): what happened then was not seen.",
                where=where,
                more=more,
            )
        )
    for start, stop in runs_of(cleaned.frozen):
        at_s, to_s = film_s[start], film_s[stop - 1]
        notes.append(
            _(
                "The picture is frozen from {at_s:.1f} to {to_s:.1f} s: what happened then was not judged.",
                at_s=at_s,
                to_s=to_s,
            )
        )
    return notes


def _with_back_judged(signals: Signals | None, found: _Found, reps: Sequence[RepReport]) -> Signals | None:
    """The signals with the phases marked by which the back was judged; see `Signals.back_judged`."""
    if signals is None or found.lift is None:
        return signals
    judged = np.zeros(len(signals))
    for (own, rep), told in zip(found.reps, reps, strict=True):
        if any(finding.verdict != NOT_MEASURED for finding in told.findings if finding.check in _back_checks(found)):
            start, stop = found.lift.back_phase(own, rep)
            judged[(signals.time_s >= own.time_s[start]) & (signals.time_s <= own.time_s[stop])] = 1.0
    return replace(signals, back_judged=judged)


def _back_checks(found: _Found) -> frozenset[str]:
    checks = () if found.lift is None else found.lift.checks
    return frozenset(check.id for check in checks if check.measure == BACK_ROUNDING_DEG)


def _joined(stretches: Sequence[_Stretch], poses: PoseSequence) -> Signals | None:
    """Signals of all stretches in one, NaN in between; None when nobody was seen."""
    if not poses.seen.any():
        return None
    columns = no_signals(poses.time_s).columns()
    for stretch in stretches:
        for name, values in stretch.signals.columns().items():
            columns[name][stretch.first : stretch.first + len(values)] = values
    return Signals(**columns)
