"""What a coach would say of a set: the verdict in one sentence, what to work on, what was good, and about the load."""

from __future__ import annotations

import math
from collections.abc import Sequence

from formcheck.core.loads import LOAD_STEPS_KG, LOAD_UNITS, load_words
from formcheck.core.verdicts import FAULT, FLAGGED, GOOD, NOT_JUDGED, NOT_MEASURED, OK, WATCH, Verdict
from formcheck.core.words import N_, _, begun, in_quotes, in_sentence, ngettext, pgettext
from formcheck.exercises import AND, EXERCISES, check_ids, listed
from formcheck.exercises.framework.check import REPS_FOR_SET_FAULT, Check, Finding, LoadSign
from formcheck.exercises.framework.exercise import Exercise
from formcheck.exercises.framework.load_kind import LoadKind
from formcheck.exercises.framework.recognition import Recognition
from formcheck.judging.report import RepReport

ADVICE_MAX = 3
"""More than three things to work on is none."""

PRAISE_MAX = 2

PRAISED_SHARE = 0.5
"""Praise, and calling a set good, needs so much of the repetitions measured."""

BACK = "back-rounding"

ASPECTS = (
    ("depth", frozenset({"depth"})),
    ("knees", frozenset({"knees-in", "deep-knees", "knees-forward"})),
    ("lockout", frozenset({"soft-lockout-hips", "soft-lockout-knees", "no-plank-hips"})),
    ("heels", frozenset({"heel-rise"})),
    ("arms", frozenset({"arm-pull", "bent-arms"})),
)
"""What is named first of a set whose back was not judged, and the checks that tell of it."""

SINGULAR = frozenset({"depth", "lockout"})

LOAD_CHECKS = check_ids(lambda check: check.load_sign is LoadSign.BACK and check.worst == FAULT)
"""Faults that say that a load is more than the lifter can hold today. The checks of the lockout only hint."""

LIGHTER, MUCH_LIGHTER = (0.05, 0.10), (0.10, 0.20)
"""Shares to take off the load: when the fault repeats, and when it is in every one of many repetitions."""

MANY_REPS = 4

BELLS_KG = (4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 36, 40, 44, 48)
"""Usual kettlebells."""

FILM_FROM_THE_SIDE = N_("Film from the side, phone at hip height, whole body in the picture, to have your back judged.")
KEEP_BACK_IN_SIGHT = N_(
    "To have your back judged, keep its outline in sight: a close-fitting top, good light, nothing in front of it."
)


def verdict_on(reps: Sequence[RepReport], findings: Sequence[Finding]) -> Verdict:
    """The verdict on the set."""
    if not reps:
        return NOT_JUDGED
    verdicts = {finding.verdict for finding in findings}
    if FAULT in verdicts:
        return FAULT
    if WATCH in verdicts:
        return WATCH
    # The back comes first in every lift's checks: what leaves it out cannot be called good.
    return GOOD if findings and _mostly_measured(findings[0].check, reps) else NOT_JUDGED


def summary_of(
    verdict: Verdict,
    lift: Exercise | None,
    reps: Sequence[RepReport],
    findings: Sequence[Finding],
    recognition: Recognition,
) -> str:
    """The verdict in one sentence."""
    if lift is None:
        if recognition.others:
            return _(
                "More than one lift was seen ({lifts}), so nothing was judged: trim the video to one lift, "
                "or say which lift to judge.",
                lifts=_others(recognition),
            )
        if recognition.doubtful:
            likely = recognition.doubtful
            return _(
                "Not sure: this looks like {a_lift} or something similar, so nothing was judged. If it is "
                "one, name the lift ({name}) and analyse the video again.",
                a_lift=likely.a_noun,
                name=likely.name,
            )
        return _("No {lifts} was recognised, so nothing was judged.", lifts=listed(each.noun for each in EXERCISES))
    if not reps:
        other = recognition.exercise
        none = _("No {lift} repetition was found, so nothing was judged.", lift=lift.noun)
        if other and other.name != lift.name:
            return f"{none} {_('It looks more like {a_lift}.', a_lift=other.a_noun)}"
        return none
    count = ngettext("{n} {lift} rep", "{n} {lift} reps", len(reps), lift=lift.noun) + _partial(reps)
    if verdict == NOT_JUDGED and not findings:
        return _("{count}: every check is switched off, so nothing was judged.", count=count)
    main = findings[0]
    measured = _measured(main.check, reps)
    if verdict == NOT_JUDGED:
        words = {
            "count": count,
            "fine": _what_was_fine(findings, reps),
            "check": _main_check(main),
            "reason": main.reason or _usual_reason(main.check, reps),
        }
        if not measured:
            return _("{count}: {fine}{check} could not be judged ({reason}).", **words)
        return _(
            "{count}: {fine}{check} was judged in only {measured} of {reps} ({reason}).",
            **words,
            measured=measured,
            reps=len(reps),
        )
    left_out = ""
    if 0 < measured < len(reps):
        left_out = _(
            "; {check} was judged in {measured} of {reps}",
            check=_main_check(main),
            measured=measured,
            reps=len(reps),
        )
    elif measured < len(reps):
        left_out = _("; {check} was not judged", check=_main_check(main))
    if verdict == GOOD:
        return _("{count}: nothing to correct{left_out}.", count=count, left_out=left_out)
    worst = next(f for level in FLAGGED for f in findings if f.verdict == level)
    softened = "" if worst.verdict == FAULT else f" ({_why_watched(worst, reps)})"
    return f"{count}: {in_sentence(worst.title)}{_share(worst, reps)}{softened}{left_out}."


def _what_was_fine(findings: Sequence[Finding], reps: Sequence[RepReport]) -> str:
    """What was judged and right in a set whose back was not judged, in front of saying so; empty where nothing was."""
    verdicts = {each.check: each.verdict for each in findings if _mostly_measured(each.check, reps)}
    fine = [word for word, checks in ASPECTS if checks & verdicts.keys()]
    if not fine:
        return ""
    *most, last = fine
    if not most:
        one = _aspect(last)
        return _("{part} was fine; ", part=one) if last in SINGULAR else _("{parts} were fine; ", parts=one)
    return _("{parts} were fine; ", parts=listed(map(_aspect, fine), AND))


def _aspect(name: str) -> str:
    """The word for one of `ASPECTS`."""
    words = {
        "depth": pgettext("what was fine", "depth"),
        "knees": pgettext("what was fine", "knees"),
        "lockout": pgettext("what was fine", "lockout"),
        "heels": pgettext("what was fine", "heels"),
        "arms": pgettext("what was fine", "arms"),
    }
    return words[name]


def _why_watched(finding: Finding, reps: Sequence[RepReport]) -> str:
    """What a set's finding that is not a fault amounts to; says so where one repetition has a fault all the same."""
    faulty = _faulty_reps(finding, reps)
    return _("a fault in rep {rep} only, so worth watching", rep=faulty[0]) if faulty else _("worth watching")


def other_lifts_note(recognition: Recognition, named: Exercise | None = None) -> str:
    """That another lift than the one that was judged was seen, or seen as well; empty where none was.

    ``named`` is the lift that the user has named: it is judged whatever the movement looks like.
    """
    seen = recognition.exercise
    if named is not None:
        if seen is None or seen.name == named.name:
            return ""
        return _(
            "This looks more like {a_lift}; it was judged as the {named} that was named. Choose the other "
            "lift, or let the lift be recognised, if that was a mistake.",
            a_lift=seen.a_noun,
            named=named.noun,
        )
    if seen is None or not recognition.others:
        return ""
    return _(
        "What looks like {lifts} was seen as well and was not judged: trim the video to one lift, or say "
        "which lift to judge.",
        lifts=_others(recognition),
    )


def advice_on(findings: Sequence[Finding], reps: Sequence[RepReport], back_can_be_judged: bool) -> tuple[str, ...]:
    """At most `ADVICE_MAX` things to try: faults before what is worth watching, the back before everything else."""
    advice = [finding.cue for level in FLAGGED for finding in findings if finding.verdict == level]
    if reps and not back_can_be_judged:
        advice.append(_(FILM_FROM_THE_SIDE))
    elif reps and any(finding.check == BACK for finding in findings) and not _mostly_measured(BACK, reps):
        advice.append(_(KEEP_BACK_IN_SIGHT))
    return tuple(dict.fromkeys(advice))[:ADVICE_MAX]


def praise_of(checks: Sequence[Check], findings: Sequence[Finding], reps: Sequence[RepReport]) -> tuple[str, ...]:
    """At most `PRAISE_MAX` things that were right in every repetition in which they could be seen."""
    flagged = {finding.check for finding in findings if finding.verdict.is_flagged}
    words = {check.id: check.praise for check in checks if check.praise and not check.praise_unless & flagged}
    good = [
        words[finding.check]
        for finding in findings
        if finding.check in words and finding.verdict == OK and _mostly_measured(finding.check, reps)
    ]
    return tuple(dict.fromkeys(good))[:PRAISE_MAX]


def reps_showing(finding: Finding, reps: Sequence[RepReport]) -> list[int]:
    """Index of every repetition in which the check of a set's finding found something, the same count everywhere."""
    return [rep.index for rep in reps for one in rep.findings if one.check == finding.check and one.verdict.is_flagged]


def _faulty_reps(finding: Finding, reps: Sequence[RepReport]) -> list[int]:
    return [rep.index for rep in reps for one in rep.findings if one.check == finding.check and one.verdict == FAULT]


def load_advice_on(
    findings: Sequence[Finding],
    reps: Sequence[RepReport],
    load_kg: float | None,
    kind: LoadKind = LoadKind.BAR,
    unit: str = LOAD_UNITS[0],
) -> str:
    """What to do about the load; empty where nothing speaks against it.

    Only a fault of the back that repeats says something about the load, never one repetition. ``kind`` is the
    lift's kind of load in its variant, ``unit`` that of the words.
    """
    repeated = [
        (finding, count)
        for finding in findings
        if finding.check in LOAD_CHECKS and finding.verdict == FAULT
        if (count := len(_faulty_reps(finding, reps))) >= REPS_FOR_SET_FAULT
    ]
    if not repeated:
        return ""
    finding, count = max(repeated, key=lambda one: one[1])
    shares = MUCH_LIGHTER if count == len(reps) and count >= MANY_REPS else LIGHTER
    if kind is LoadKind.BELL:
        easier = _lighter_bell(load_kg, shares, unit)
    elif load_kg == 0 or (load_kg is None and kind is LoadKind.NONE):
        easier = _("fewer reps, and only as deep as the back keeps its shape")
    else:
        easier = _lighter_plates(load_kg, shares, unit)
    return _(
        "{what} came back in {seen} of {reps} reps: end the set here, next set {easier}.",
        what=begun(in_sentence(finding.title)),
        seen=len(reps_showing(finding, reps)),
        reps=len(reps),
        easier=easier,
    )


def _lighter_plates(load_kg: float | None, shares: tuple[float, float], unit: str) -> str:
    step_kg = LOAD_STEPS_KG[unit]
    if load_kg is None or load_kg < 4 * step_kg:
        least, most = (round(100 * share) for share in shares)
        return _("{least} to {most} % lighter", least=least, most=most)
    # The slack is for pounds: 180 lb is a whole number of plates, whatever its kilograms are rounded to.
    high, low = (step_kg * math.floor(load_kg * (1.0 - share) / step_kg + 1e-6) for share in shares)
    most_words = load_words(high, unit)
    least_words = load_words(low, unit).removesuffix(f" {unit}")
    return _("{least} to {most}", least=least_words, most=most_words) if low < high else most_words


def _lighter_bell(load_kg: float | None, shares: tuple[float, float], unit: str) -> str:
    """The heaviest usual bell that is lighter by the smaller share at least: nobody takes 5 % off a bell."""
    lighter = [bell for bell in BELLS_KG if load_kg is not None and bell <= load_kg * (1.0 - shares[0])]
    if not lighter:
        return _("with the next lighter bell")
    return _("with a {load} bell", load=load_words(max(lighter), unit, digits=0))


def _others(recognition: Recognition) -> str:
    return f" {_(AND)} ".join(other.a_noun for other in recognition.others)


def _main_check(finding: Finding) -> str:
    """What the verdict stands and falls with: the back, unless that check is switched off."""
    return _("the back") if finding.check == BACK else in_quotes(in_sentence(finding.title))


def _partial(reps: Sequence[RepReport]) -> str:
    """How many of the repetitions end short of standing, behind their number."""
    partial = sum(rep.partial for rep in reps)
    if not partial:
        return ""
    if partial < len(reps):
        return _(", {partial} of them partial", partial=partial)
    return _(", partial") if len(reps) == 1 else _(", all partial")


def _measured(check: str, reps: Sequence[RepReport]) -> int:
    return sum(one.check == check and one.verdict != NOT_MEASURED for rep in reps for one in rep.findings)


def _mostly_measured(check: str, reps: Sequence[RepReport]) -> bool:
    return _measured(check, reps) >= max(1.0, PRAISED_SHARE * len(reps))


def _usual_reason(check: str, reps: Sequence[RepReport]) -> str:
    """Why most of those repetitions were not judged that were not."""
    reasons = [one.reason for rep in reps for one in rep.findings if one.check == check and one.reason]
    return max(reasons, key=reasons.count)


def _share(finding: Finding, reps: Sequence[RepReport]) -> str:
    """In which repetitions; empty where there is only one."""
    hit = reps_showing(finding, reps)
    if len(reps) == 1:
        return ""
    if len(hit) == len(reps):
        return _(" in every rep")
    if len(hit) == 1:
        return _(" in rep {rep}", rep=hit[0])
    return _(" in {hit} of {reps} reps", hit=len(hit), reps=len(reps))
