"""The report as text for a terminal: verdict first, then the repetitions, then what to try next."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from formcheck.core.loads import load_words
from formcheck.core.verdicts import (
    FAULT,
    GOOD,
    NOT_JUDGED,
    NOT_MEASURED,
    OK,
    WATCH,
    DriftVerdict,
    Verdict,
    ViewName,
    word_of,
    worst,
)
from formcheck.core.words import ENGLISH, N_, WordTable, _, in_quotes, in_sentence, language, ngettext, number, pgettext
from formcheck.exercises import exercise_named
from formcheck.exercises.framework.check import Finding, limit_words
from formcheck.exercises.framework.measure import DEG, Measure
from formcheck.judging.analysis import NONE
from formcheck.judging.coaching import reps_showing
from formcheck.judging.effective_checks import fault_margin_of
from formcheck.judging.report import Report, RepReport
from formcheck.judging.set_metrics import SetLevel
from formcheck.motion.neutral import OWN_REPS
from formcheck.render.safe_text import safe_text as safe_text
from formcheck.render.safe_text import shows_symbols as shows_symbols

VERDICT_WORDS = WordTable(
    {
        GOOD: N_("GOOD"),
        WATCH: N_("WATCH"),
        FAULT: N_("FAULT"),
        NOT_JUDGED: N_("NOT JUDGED"),
    }
)
VERDICT_STYLES = {
    GOOD: "bold black on bright_green",
    WATCH: "bold black on bright_yellow",
    FAULT: "bold bright_white on red",
    NOT_JUDGED: "bold reverse",
}
FINDING_WORDS = WordTable({OK: N_("fine"), WATCH: N_("watch"), FAULT: N_("fault"), NOT_MEASURED: N_("not measured")})
FINDING_SYMBOLS = {OK: "✓", WATCH: "!", FAULT: "✗", NOT_MEASURED: "?"}
FINDING_STYLES = {OK: "green", WATCH: "yellow", FAULT: "bold red", NOT_MEASURED: "dim"}
VIEW_WORDS = WordTable(
    {
        ViewName.SIDE_LEFT: N_("from the side"),
        ViewName.SIDE_RIGHT: N_("from the side"),
        ViewName.FRONT: N_("from the front"),
        ViewName.REAR: N_("from behind"),
        ViewName.OBLIQUE: N_("at an angle"),
    }
)

OWN_GOOD_REPS = N_("your own good reps")
OWN_NEUTRAL = N_("your own neutral")
USUAL_NEUTRAL = N_("what is usual, as you were not seen standing upright")

TEMPO_WORDS = (N_("down"), N_("pause"), N_("up"), N_("top"))
DRIFT_WORDS = WordTable(
    {
        "back_rounding": N_("back rounding"),
        "range_of_motion": N_("range"),
        "concentric_time": N_("duration of the ascent"),
        "mean_velocity": N_("velocity"),
    }
)
WORTH_SAYING_LOSS = 0.1
"""Repetitions that differ in nothing scatter by about this much."""


def lift_title(name: str) -> str:
    """What people call the lift of that name in a report, which an older version or another one may have made."""
    lift = exercise_named(name)
    return lift.title if lift is not None else _("No known lift") if name == NONE else name


def exercise_title(name: str, variant: str = "") -> str:
    """What people call a lift, with its variant where that is known."""
    lift = exercise_named(name)
    titles = {} if lift is None else {each.name: each.title for each in lift.variants}
    known = titles.get(variant, "")
    title = lift_title(name)
    if known and title.split()[-1].lower() in known.lower():
        return known
    if language() != ENGLISH:
        return f"{title}, {known}" if known else title
    return title + (f", {known[:1].lower()}{known[1:]}" if known else "")


def print_summary(
    console: Console,
    report: Report,
    folder: Path | None = None,
    written: Sequence[Path] = (),
    remarks: Sequence[str] = (),
) -> None:
    """Print `summary` in the way that the console can show."""
    console.print(summary(report, folder, written, remarks, symbols=shows_symbols(console.encoding)))


def summary(
    report: Report,
    folder: Path | None = None,
    written: Sequence[Path] = (),
    remarks: Sequence[str] = (),
    *,
    symbols: bool = True,
) -> RenderableType:
    """The whole summary as something rich can print.

    Parameters
    ----------
    folder, written : where the files of the report are.
    remarks : what else the user should know about the files, one sentence each.
    symbols : False for ASCII only.
    """
    page = _Page(symbols)
    parts: list[RenderableType] = [
        page.verdict(report),
        page.text(_facts(report), "dim"),
    ]
    if report.reps:
        parts += [
            "",
            page.rep_table(report.reps),
            page.text(
                _("Back: rounding against {neutral}. Hip, knee: flexion at the bottom.", neutral=neutral_words(report)),
                "dim",
            ),
        ]
    parts += page.section(_("The set"), [page.item("•", line) for line in set_lines(report.set_level)])
    parts += page.section(_("Worth knowing"), page.findings(report))
    parts += page.section(_("Not judged"), page.not_judged(report))
    parts += page.section(_("Went well"), [page.item("•", _(praise)) for praise in report.praise])
    advice = [page.item(f"{n}.", _(one)) for n, one in enumerate(report.advice, start=1)]
    if report.load_advice:
        advice.append(page.item("•", report.load_advice))
    parts += page.section(_("Try next"), advice)
    parts += page.section(_("About this video"), [page.item("•", _(note)) for note in report.tracking.notes])
    if folder is not None:
        files = ", ".join(path.name for path in written)
        lines = [page.text(f"{folder}", "bold"), page.text(files)]
        parts += page.section(_("Files"), lines + [page.item("•", remark) for remark in remarks])
    return Group(*parts)


class _Page:
    """Makes the pieces of the summary, with or without symbols."""

    def __init__(self, symbols: bool) -> None:
        self.symbols = symbols

    def text(self, words: str, style: str = "") -> Text:
        return Text(safe_text(words, self.symbols), style=style)

    def verdict(self, report: Report) -> Text:
        word = VERDICT_WORDS.get(report.verdict, report.verdict.upper())
        line = Text(f" {word} ", style=VERDICT_STYLES.get(report.verdict, "bold"))
        return Text.assemble(line, "  ", (safe_text(report.summary, self.symbols), "bold"))

    def section(self, title: str, lines: Sequence[RenderableType]) -> list[RenderableType]:
        if not lines:
            return []
        return ["", Text(title, style="bold underline"), *(Padding(line, (0, 0, 0, 2), expand=False) for line in lines)]

    def item(self, mark: str, words: str, style: str = "") -> Table:
        """A line with a mark in front, whose continuation lines are indented."""
        grid = Table.grid(padding=(0, 1))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(self.text(mark, style), self.text(words))
        return grid

    def rep_table(self, reps: Sequence[RepReport]) -> Table:
        table = Table(box=None, padding=(0, 1), header_style="bold", pad_edge=False)
        table.add_column(_("Rep"), justify="right", no_wrap=True)
        table.add_column(_("Time"), no_wrap=True)
        table.add_column(pgettext("part of the body", "Back"), justify="right", no_wrap=True)
        table.add_column(pgettext("part of the body", "Hip"), justify="right", no_wrap=True)
        table.add_column(pgettext("part of the body", "Knee"), justify="right", no_wrap=True)
        table.add_column(_("Verdict"), overflow="fold")
        for rep in reps:
            table.add_row(
                str(rep.index),
                self.text(f"{clock(rep.start_s, tenths=True)}–{clock(rep.end_s, tenths=True)}"),
                self.text(degrees(rep.measures.get("back_rounding_deg", math.nan), signed=True)),
                self.text(degrees(rep.measures.get("hip_flexion_bottom_deg", math.nan))),
                self.text(degrees(rep.measures.get("knee_flexion_bottom_deg", math.nan))),
                self.rep_verdict(rep),
            )
        return table

    def rep_verdict(self, rep: RepReport) -> Text:
        outcome = rep_outcome(rep)
        words = outcome.words
        if outcome.remark:
            words = _("fine, but the back was not judged")
        elif worth := _worth_knowing(rep.findings):
            words = f"{word_of(outcome.verdict)}: {', '.join(in_sentence(finding.title) for finding in worth)}"
        partial = _(" (partial)") if rep.partial else ""
        level = outcome.verdict
        return self.text(f"{FINDING_SYMBOLS[level]} {words}{partial}", FINDING_STYLES[level])

    def findings(self, report: Report) -> list[RenderableType]:
        return [
            self.item(
                FINDING_SYMBOLS[finding.verdict], finding_text(finding, report.reps), FINDING_STYLES[finding.verdict]
            )
            for finding in _worth_knowing(report.findings)
        ]

    def not_judged(self, report: Report) -> list[RenderableType]:
        """One line a reason, with everything that it kept from being judged."""
        by_reason: dict[str, list[str]] = {}
        for finding in report.findings:
            if finding.verdict == NOT_MEASURED:
                by_reason.setdefault(finding.reason or _("not seen clearly enough"), []).append(finding.title)
        return [self.item("?", f"{_listed(titles)}: {reason}") for reason, titles in by_reason.items()]


@dataclass(frozen=True)
class RepOutcome:
    """What is said of a repetition by every front: its verdict, that in a word, what keeps it from being praise."""

    verdict: Verdict
    words: str
    remark: str = ""


def rep_outcome(rep: RepReport) -> RepOutcome:
    """The worst verdict on a repetition; one that is fine but for a back that nobody saw is not called `OK`."""
    found = worst(finding.verdict for finding in rep.findings)
    if found == NOT_MEASURED:
        return RepOutcome(found, _("not judged"))
    if found == OK and math.isnan(rep.measures.get("back_rounding_deg", math.nan)):
        # What leaves the back out must not read as praise.
        return RepOutcome(NOT_MEASURED, FINDING_WORDS[OK], _("the back was not judged"))
    return RepOutcome(found, FINDING_WORDS[found])


def set_lines(level: SetLevel | None) -> list[str]:
    """Tempo, velocity and its loss, drift, best and worst repetition; what was not measured is left out."""
    if level is None:
        return []
    lines = []
    phases = [
        _("{phase} {seconds:.1f} s", phase=_(word), seconds=value)
        for word, value in zip(TEMPO_WORDS, level.tempo_s, strict=True)
        if math.isfinite(value)
    ]
    if phases:
        lines.append(_("Tempo: {phases}.", phases=", ".join(phases)))
    speed = _usual(rep.mean_velocity_m_per_s for rep in level.reps)
    words = _("{speed:.2f} m/s (by {scale})", speed=speed, scale=_(level.scale)) if math.isfinite(speed) else ""
    if not words:
        speed = _usual(rep.mean_velocity_heights_per_s for rep in level.reps)
        words = _("{speed:.2f} body heights a second", speed=speed) if math.isfinite(speed) else ""
    if words:
        slower = level.velocity_loss >= WORTH_SAYING_LOSS
        loss = _("; the last rep {loss:.0%} slower than the fastest", loss=level.velocity_loss) if slower else ""
        lines.append(_("Ascent: {velocity}{loss}.", velocity=words, loss=loss))
    tired = [
        f"{DRIFT_WORDS[drift.quantity]} {_minus(f'{drift.change:+.0f}')}{'°' if drift.unit == 'deg' else '%'}"
        for drift in level.drifts
        if drift.verdict == DriftVerdict.WORSE
    ]
    if tired:
        lines.append(_("From first to last rep: {changes}.", changes=", ".join(tired)))
    places = [_("Best rep: {rep}.", rep=level.best_rep)] if level.best_rep is not None else []
    places += [_("Look at rep {rep} first.", rep=level.worst_rep)] if level.worst_rep is not None else []
    if places:
        lines.append(" ".join(places))
    return lines


def neutral_words(report: Report) -> str:
    """What the back was compared with, in words that fit behind "against"."""
    back = report.back
    if back is not None and back.source == OWN_REPS:
        return _("your own good reps of {day}", day=back.day) if back.day else _(OWN_GOOD_REPS)
    return _(USUAL_NEUTRAL) if back is not None and back.source == "population" else _(OWN_NEUTRAL)


def _usual(values: Iterable[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return statistics.median(known) if known else math.nan


def finding_text(finding: Finding, reps: Sequence[RepReport]) -> str:
    """A finding of the whole set in one line: value, limit, when, in how many repetitions, and the cue."""
    noticed = reps_showing(finding, reps)
    words = finding.title
    if math.isfinite(finding.value):
        beyond = f" ({finding_limit(finding)})" if math.isfinite(finding.limit) else ""
        words += f": {amount(finding.value, finding.unit)}{beyond}"
    if finding.rep is not None:
        words += _(" in rep {rep}", rep=finding.rep)
    if math.isfinite(finding.at_s):
        words += _(" at {time}", time=clock(finding.at_s, tenths=True))
    if len(reps) > 1 and noticed:
        words += _(", noticed in {hit} of {reps} reps", hit=len(noticed), reps=len(reps))
    return f"{words}. {in_quotes(finding.cue)}" if finding.cue else f"{words}."


def finding_limit(finding: Finding) -> str:
    """The limit that a finding is beyond, in the wording that is used everywhere."""
    limit, margin = amount(finding.limit, finding.unit), fault_margin_of(finding.check)
    return limit_words(finding.verdict, limit, finding.value >= finding.limit, margin)


def amount(value: float, unit: str) -> str:
    """A number with its unit as people write it; "not measured" for NaN."""
    if not math.isfinite(value):
        return _("not measured")
    if unit == "deg":
        return degrees(value)
    return f"{_minus(number(value, '.2g' if abs(value) < 10 else '.0f'))} {unit}".rstrip()


def measured(value: float, measure: Measure) -> str:
    """A value in a table of repetitions; "–" for NaN."""
    if measure.unit == DEG:
        return degrees(value, signed=measure.signed)
    return _minus(number(value, "+.2f" if measure.signed else ".2f")) if math.isfinite(value) else "–"


def degrees(value: float, signed: bool = False) -> str:
    """Whole degrees with the degree sign, "–" for NaN."""
    if not math.isfinite(value):
        return "–"
    rounded = round(value)
    return _minus(f"{rounded:+d}°" if signed and rounded else f"{rounded}°")


def clock(time_s: float, tenths: bool = False) -> str:
    """Minutes and seconds, "–" for NaN."""
    if not math.isfinite(time_s):
        return "–"
    tenths_of_s = round(time_s * 10) if tenths else math.floor(time_s + 1e-9) * 10
    minutes, rest = divmod(max(0, tenths_of_s), 600)
    return f"{minutes}:{rest // 10:02d}.{rest % 10}" if tenths else f"{minutes}:{rest // 10:02d}"


def _minus(digits: str) -> str:
    return digits.replace("-", "−")


def _worth_knowing(findings: Iterable[Finding]) -> list[Finding]:
    worth = [finding for finding in findings if finding.verdict.is_flagged]
    return sorted(worth, key=lambda finding: finding.verdict != FAULT)


def _listed(titles: Sequence[str]) -> str:
    names = list(dict.fromkeys(titles))
    lowered = [names[0], *(name[:1].lower() + name[1:] for name in names[1:])] if language() == ENGLISH else names
    return ", ".join(lowered)


def _facts(report: Report) -> str:
    """What was looked at, in one line."""
    name = lift_title(report.exercise.name)
    facts = [
        name
        if report.exercise.chosen_by == "user" or report.exercise.name == "none"
        else _("{lift} (recognised)", lift=name)
    ]
    return " · ".join([*facts, *short_facts(report), f"{report.video.file}, {clock(report.video.duration_s)}"])


def short_facts(report: Report) -> list[str]:
    """Repetitions, load and direction of the camera in a few words each, as far as they are known."""
    facts = []
    if report.reps:
        facts.append(ngettext("{n} rep", "{n} reps", len(report.reps)))
    if report.load_kg is not None:
        facts.append(load_words(report.load_kg, report.settings.unit_of_loads))
    if report.view.name in VIEW_WORDS:
        facts.append(_("filmed {view}", view=VIEW_WORDS[report.view.name]))
    return facts
