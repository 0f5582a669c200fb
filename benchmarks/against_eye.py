"""FormCheck's findings beside the faults that people saw: clip by clip, in total, every disagreement with its cause."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.reviewed import CAUSES, CLEAR, FLAGGED, LABELLED_GOOD, MISSED, SEEN_FAULTS, Cause, SeenFault
from benchmarks.scores import markdown_table
from formcheck.core.verdicts import FAULT, NOT_MEASURED, WATCH
from formcheck.exercises.framework.check import Finding
from formcheck.judging.report import Report

FOUND_FAULT, FOUND_WATCH, MISSED_OK, ABSTAINED, WITHOUT_CHECK = "fault", "watch", "missed", "not measured", "no check"
"""What became of a fault that people saw."""

NOT_LOOKED_AT = Cause("not looked at yet", "new since the frames were last looked at.")

WIDTH = 120

MOST_NAMED = 5
"""A line of a table names no more checks than this."""


@dataclass(frozen=True)
class Judged:
    """One lift clip: what people saw, the findings on the set by check, and what is not in the label.

    ``outcomes`` pairs every fault seen with what became of it; ``extra`` are flags that no fault seen accounts for.
    """

    clip: str
    outcomes: tuple[tuple[SeenFault, str], ...]
    extra: tuple[Finding, ...]
    findings: Mapping[str, Finding]

    @property
    def flags(self) -> list[Finding]:
        return [finding for finding in self.findings.values() if finding.verdict in (WATCH, FAULT)]

    @property
    def labelled_good(self) -> bool:
        return self.clip in LABELLED_GOOD

    @property
    def clearly_faulty(self) -> bool:
        return any(fault.sure == CLEAR for fault, _ in self.outcomes)


def judged(clip: str, report: Report) -> Judged:
    """A lift clip's report beside the reviewed label."""
    findings = {finding.check: finding for finding in report.findings}
    seen = SEEN_FAULTS.get(clip, ())
    named = {check for fault in seen for check in fault.checks}
    flagged = (finding for finding in report.findings if finding.verdict in (WATCH, FAULT))
    return Judged(
        clip,
        tuple((fault, outcome(fault, findings)) for fault in seen),
        tuple(finding for finding in flagged if finding.check not in named),
        findings,
    )


def outcome(fault: SeenFault, findings: Mapping[str, Finding]) -> str:
    """What became of a fault: the strongest verdict among the checks that name it."""
    if not fault.checks:
        return WITHOUT_CHECK
    verdicts = {findings[check].verdict for check in fault.checks if check in findings}
    for verdict, result in ((FAULT, FOUND_FAULT), (WATCH, FOUND_WATCH)):
        if verdict in verdicts:
            return result
    return MISSED_OK if verdicts - {NOT_MEASURED} else ABSTAINED


def faults_table(clips: Iterable[Judged]) -> str:
    """One line a lift clip: expected, found, agreement."""
    lines = []
    for clip in clips:
        expected = [
            f"{fault.words}{'' if fault.sure == CLEAR else ' (doubtful)'}: {', '.join(fault.checks) or '-'}"
            for fault, _ in clip.outcomes
        ]
        lines.append(
            [
                clip.clip,
                "; ".join(expected) or ("none (labelled good)" if clip.labelled_good else "none written down"),
                ", ".join(f"{finding.check} ({finding.verdict})" for finding in clip.flags) or "none",
                agreement(clip),
            ]
        )
    return markdown_table(("clip", "expected", "found", "agreement"), lines, left=4)


def agreement(clip: Judged) -> str:
    """ "yes", or what differs; a doubtful fault is never held against FormCheck."""
    differs = [f"{fault.words}: {result}" for fault, result in clip.outcomes if _is_missed(fault, result)]
    differs += [f"{finding.check} not in the label" for finding in clip.extra]
    return "; ".join(differs) or "yes"


def _is_missed(fault: SeenFault, result: str) -> bool:
    return fault.sure == CLEAR and result not in (FOUND_FAULT, FOUND_WATCH)


def fault_totals(clips: Sequence[Judged]) -> str:
    """Counts over all lift clips."""
    clear = [result for clip in clips for fault, result in clip.outcomes if fault.sure == CLEAR]
    doubtful = [result for clip in clips for fault, result in clip.outcomes if fault.sure != CLEAR]
    checked = [result for result in clear if result != WITHOUT_CHECK]
    found = (FOUND_FAULT, FOUND_WATCH)
    good = [clip for clip in clips if clip.labelled_good]
    unsaid = [clip for clip in clips if not clip.outcomes and not clip.labelled_good]
    lines = [
        ("Clearly labelled faults that a check looks for: found", _count(checked, found)),
        ("... as fault", _count(checked, (FOUND_FAULT,))),
        ("... as watch", _count(checked, (FOUND_WATCH,))),
        ("... not measured", _count(checked, (ABSTAINED,))),
        ("... measured and called ok", _count(checked, (MISSED_OK,))),
        ("Clearly labelled faults that no check looks for", _count(clear, (WITHOUT_CHECK,))),
        ("Doubtful faults: found", _count(doubtful, found)),
        ("Clips labelled good: flagged at all", _share(bool(clip.flags) for clip in good)),
        ("Clips labelled good: called a fault", _share(any(f.verdict == FAULT for f in clip.flags) for clip in good)),
        ("Clips without any word on faults: flagged at all", _share(bool(clip.flags) for clip in unsaid)),
        ("Flags beyond the label, all clips", str(sum(len(clip.extra) for clip in clips))),
    ]
    return markdown_table(("what", "how many"), lines)


def _count(results: Sequence[str], wanted: Iterable[str]) -> str:
    return f"{sum(result in set(wanted) for result in results)} of {len(results)}"


def _share(hits: Iterable[bool]) -> str:
    known = list(hits)
    return f"{sum(known)} of {len(known)}"


@dataclass(frozen=True)
class Disagreement:
    """One difference between label and finding, and why."""

    clip: str
    what: str
    measured: str
    cause: Cause


def disagreements(clips: Iterable[Judged]) -> list[Disagreement]:
    """Every clearly labelled fault that was not found and every flag that the label does not have."""
    found = []
    for clip in clips:
        for fault, result in clip.outcomes:
            if _is_missed(fault, result):
                cause = MISSED.get((clip.clip, fault.words), NOT_LOOKED_AT)
                values = [_measured(clip.findings[check]) for check in fault.checks if check in clip.findings]
                found.append(Disagreement(clip.clip, f'"{fault.words}" {result}', "; ".join(values), cause))
        for finding in clip.extra:
            cause = FLAGGED.get((clip.clip, finding.check), NOT_LOOKED_AT)
            what = f"{finding.verdict} for {finding.check}, not in the label"
            found.append(Disagreement(clip.clip, what, _measured(finding), cause))
    return found


def _measured(finding: Finding) -> str:
    if finding.verdict == NOT_MEASURED:
        return f"{finding.check}: {short_reason(finding.reason)}"
    return f"{finding.check} {finding.value:.2g}, limit {finding.limit:.2g} {finding.unit}, at {finding.at_s:.1f} s"


def disagreement_list(found: Sequence[Disagreement]) -> str:
    """As Markdown, most serious kind first; counts by kind in front."""
    order = (NOT_LOOKED_AT.kind, *CAUSES)
    counts = Counter(one.cause.kind for one in found)
    lines = ["; ".join(f"{kind}: {counts[kind]}" for kind in order if counts[kind]) or "None.", ""]
    for one in sorted(found, key=lambda one: order.index(one.cause.kind)):
        measured = f" ({one.measured})" if one.measured else ""
        lines.append(list_item(f"`{one.clip}`: {one.what}{measured}. **{one.cause.kind}**: {one.cause.frames}"))
    return "\n".join(lines)


def list_item(text: str) -> str:
    """A list item in lines that can be read in the source as well."""
    return paragraph(f"- {text}", "  ")


def paragraph(text: str, indent: str = "") -> str:
    """Text in lines that can be read in the source as well; ``indent`` from the second one on."""
    return textwrap.fill(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def good_from_bad(clips: Iterable[Judged]) -> tuple[int, int]:
    """Clips told right, and all: any flag on a clearly faulty clip, none on one labelled good."""
    told = [bool(clip.flags) == clip.clearly_faulty for clip in clips if clip.clearly_faulty or clip.labelled_good]
    return sum(told), len(told)


# --- abstentions ---------------------------------------------------------------------------------------------------


def short_reason(reason: str) -> str:
    """A reason without its advice."""
    return re.split(r"[;:]", reason)[0]


def abstentions_table(reports: Mapping[str, Report]) -> str:
    """By reason: in how many clips, how many checks in all, and which ones."""
    given: dict[str, list[tuple[str, str]]] = {}
    for clip, report in reports.items():
        for reason, checks in _unmeasured(report).items():
            given.setdefault(reason, []).extend((clip, check) for check in checks)
    lines = []
    for reason, left_out in sorted(given.items(), key=lambda item: (-len(item[1]), item[0])):
        how_often = Counter(check for _, check in left_out).most_common()
        which = ", ".join(f"{check} {count}" for check, count in how_often[:MOST_NAMED])
        more = f" and {len(how_often) - MOST_NAMED} more" if len(how_often) > MOST_NAMED else ""
        lines.append([reason, which + more, str(len(left_out)), str(len({clip for clip, _ in left_out}))])
    asked = sum(len(report.findings) for report in reports.values())
    left = sum(len(left_out) for left_out in given.values())
    lines.append(["all reasons", "", f"{left} of {asked}", str(len(reports))])
    return markdown_table(("reason", "check, in how many clips", "checks in all", "clips"), lines, left=2)


def abstentions_list(reports: Mapping[str, Report]) -> str:
    """By clip: how much was measured, and what was not for which reason."""
    items = []
    for clip, report in reports.items():
        left_out = _unmeasured(report)
        measured = len(report.findings) - sum(map(len, left_out.values()))
        why = "; ".join(f"{reason}: {', '.join(checks)}" for reason, checks in left_out.items())
        items.append(list_item(f"`{clip}`: {measured} of {len(report.findings)} checks measured. {why}".rstrip()))
    return "\n".join(items)


def _unmeasured(report: Report) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for finding in report.findings:
        if finding.verdict == NOT_MEASURED:
            reasons.setdefault(short_reason(finding.reason), []).append(finding.check)
    return reasons
