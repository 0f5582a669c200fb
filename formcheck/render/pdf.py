"""report.pdf: the report on one page, for sending: verdict, cue, pictures, reps and the back over time.

Drawn by Matplotlib, which comes with the pose model's library anyway. Letters stay letters, so that the page can be
searched and copied from. What does not fit on the page is in report.html.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import cv2
import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyBboxPatch, Rectangle
from matplotlib.textpath import TextToPath

from formcheck.core.verdicts import GOOD, NOT_MEASURED, Verdict
from formcheck.core.words import N_, _, begun, ngettext
from formcheck.judging.effective_checks import rounding_limits_sentence
from formcheck.judging.report import Report, version
from formcheck.render.html.pictures import KeyPicture
from formcheck.render.html.plots import TimePlot, plot_times, time_plots
from formcheck.render.html.report import SYMBOLS, VERDICT_WORDS, facts_of, rep_columns, rep_rows
from formcheck.render.terminal import FINDING_WORDS, clock

PAGE_MM = 210.0, 297.0
MARGIN_MM = 14.0
WIDTH_MM = PAGE_MM[0] - 2 * MARGIN_MM
FOOT_MM = 275.0
"""Where the last words of the page begin, from above."""

POINT_MM = 25.4 / 72.0
LINE = 1.35
"""Distance of two lines in heights of their letters."""

PICTURE_MM = 66.0
PLOT_MM = 30.0
MOST_REPS = 12
"""Rows of the table: a longer set is told of in report.html."""

MOST_NOTES = 220
"""Letters of notes."""

INK, SOFT, HAIR, SUNKEN = "#16201d", "#55625e", "#cfd6d2", "#eef1ef"
ACCENT, ACCENT_SOFT = "#0b6b60", "#e3f0ed"
COLOURS = {
    "good": ("#1d6b36", "#e0f1e4"),
    "ok": ("#1d6b36", "#e0f1e4"),
    "watch": ("#8a5200", "#fdeccb"),
    "fault": ("#b3202e", "#fbe1e2"),
}
GREY = "#4c5854", "#e6eae8"
LINE_STYLES: dict[str, dict[str, Any]] = {
    "main": {"color": ACCENT, "linewidth": 1.4},
    "second": {"color": "#1f2d45", "linewidth": 1.1, "dashes": (4, 2)},
    "third": {"color": "#6b6f76", "linewidth": 1.1, "dashes": (1, 2)},
    "faint": {"color": "#a0a8a5", "linewidth": 0.9},
}

DISCLAIMER = N_(
    "General fitness information, not a medical device: FormCheck does not diagnose or treat, and does not replace a "
    "coach or clinician."
)


def pdf_report(
    report: Report,
    pictures: Sequence[KeyPicture] = (),
    *,
    lifter: str = "",
    notes: str = "",
    day: date | None = None,
) -> bytes:
    """The page as the bytes of a PDF file of one page, A4.

    Parameters
    ----------
    pictures : from `formcheck.render.html.report.key_pictures`; none where there is no video.
    lifter, notes : as told by the user.
    day : printed on the page; None = today.
    """
    page = _Page()
    page.head(day or date.today())
    page.verdict(report, lifter, notes)
    page.pictures(pictures)
    page.reps(report)
    page.plots(report)
    page.foot()
    return page.bytes(", ".join(facts_of(report, lifter)))


@dataclass(frozen=True)
class _Words:
    """A line of text with its size in points."""

    text: str
    size: float
    bold: bool = False
    colour: str = INK


class _Page:
    """One page, filled from above; everything in millimetres from its upper left corner."""

    def __init__(self) -> None:
        self.figure = Figure(figsize=(PAGE_MM[0] / 25.4, PAGE_MM[1] / 25.4))
        FigureCanvasPdf(self.figure)
        self.axes: Axes = self.figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self.axes.set_xlim(0, PAGE_MM[0])
        self.axes.set_ylim(PAGE_MM[1], 0)
        self.axes.set_axis_off()
        self.y = MARGIN_MM

    def bytes(self, title: str) -> bytes:
        stream = io.BytesIO()
        # Letters as a font, not as shapes; no clock of the computer in the file.
        with matplotlib.rc_context({"pdf.fonttype": 42}):
            about = {"Title": title, "Creator": f"FormCheck {version()}", "CreationDate": None}
            self.figure.savefig(stream, format="pdf", metadata=about)
        return stream.getvalue()

    # --- parts of the page -----------------------------------------------------------------------------------------

    def head(self, day: date) -> None:
        self.write("FormCheck", MARGIN_MM, 11, bold=True, colour=ACCENT)
        self.write(day.isoformat(), PAGE_MM[0] - MARGIN_MM, 8.5, colour=SOFT, align="right")
        self.y += 8.0

    def verdict(self, report: Report, lifter: str, notes: str) -> None:
        self.paragraph("   ·   ".join(facts_of(report, lifter)), 9, colour=SOFT)
        self.y += 1.5
        self.tag(report.verdict, VERDICT_WORDS.get(report.verdict, str(report.verdict)), MARGIN_MM, 9)
        self.y += 8.0
        self.paragraph(report.summary, 15, bold=True)
        self.y += 2.0
        if report.advice:
            self.cue(report)
        if report.praise:
            self.paragraph(
                "     ".join(f"{SYMBOLS[GOOD]} {_(each)}" for each in report.praise), 9, colour=COLOURS["good"][0]
            )
            self.y += 1.0
        short = " ".join(notes.split())
        if short:
            short = short if len(short) <= MOST_NOTES else f"{short[:MOST_NOTES].rstrip()} …"
            self.paragraph(_("Notes: {notes}", notes=short), 8.5, colour=SOFT)

    def cue(self, report: Report) -> None:
        first, *more = map(_, report.advice)
        lines = [_Words(_("Try next"), 8.5, True, ACCENT), _Words(first, 11, True)]
        lines += [_Words(f"{number}.  {each}", 9) for number, each in enumerate(more, start=2)]
        lines += [_Words(report.load_advice, 9, True)] if report.load_advice else []
        inside = WIDTH_MM - 10
        wrapped = [
            replace(words, text=line)
            for words in lines
            for line in wrap(words.text, words.size, inside, bold=words.bold)
        ]
        height = sum(words.size * POINT_MM * LINE for words in wrapped) + 5
        self.box(MARGIN_MM, self.y, WIDTH_MM, height, ACCENT_SOFT)
        self.y += 2.5
        for words in wrapped:
            self.write(words.text, MARGIN_MM + 5, words.size, bold=words.bold, colour=words.colour)
            self.y += words.size * POINT_MM * LINE
        self.y += 5.0

    def pictures(self, pictures: Sequence[KeyPicture]) -> None:
        shown = pictures[:2]
        if not shown:
            return
        self.y += 2.0
        room = (WIDTH_MM - 6.0) / 2.0
        for number, picture in enumerate(shown):
            self.picture(picture, MARGIN_MM + number * (room + 6.0), room)
        self.y += PICTURE_MM + 1.5
        for number, picture in enumerate(shown):
            left, after = MARGIN_MM + number * (room + 6.0), 0.0
            self.write(picture.title, left, 9, bold=True)
            if picture.verdict != NOT_MEASURED:
                after = width_mm(picture.title, 9, bold=True) + 3.0
                self.tag(picture.verdict, FINDING_WORDS[picture.verdict], left + after, 7.5)
            self.y += 5.2
            for place, line in enumerate(wrap(picture.words, 8.5, room)[:2]):
                self.y += 4.0 * place
                self.write(line, left, 8.5, colour=SOFT)
                self.y -= 4.0 * place
            self.y -= 5.2
        self.y += 11.0 + 4.0 * any(len(wrap(each.words, 8.5, room)) > 1 for each in shown)

    def picture(self, picture: KeyPicture, left: float, room: float) -> None:
        scale = min(room / picture.width, PICTURE_MM / picture.height)
        width, height = scale * picture.width, scale * picture.height
        x, y = left, self.y + PICTURE_MM - height
        bgr = np.asarray(cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR))
        pixels = bgr[:, :, ::-1]
        self.axes.imshow(pixels, extent=(x, x + width, y + height, y), aspect="auto", interpolation="none", zorder=1)
        # The box of the page stays as it was.
        self.axes.set_xlim(0, PAGE_MM[0])
        self.axes.set_ylim(PAGE_MM[1], 0)
        ghost = [float(number) for number in re.findall(r"-?\d+\.?\d*", picture.ghost)]
        if ghost:
            points = np.array(ghost).reshape(-1, 2) * scale + (x, y)
            self.axes.plot(points[:, 0], points[:, 1], color="white", linewidth=1.6, dashes=(3, 2), zorder=2)

    def reps(self, report: Report) -> None:
        rows, columns = rep_rows(report), rep_columns(report)
        if not rows:
            return
        self.heading(_("Rep by rep"))
        titles = [_("Rep"), _("Start"), *(each.column for each in columns)]
        places = [MARGIN_MM, MARGIN_MM + 16.0, *(MARGIN_MM + 42.0 + 16.0 * number for number in range(len(columns)))]
        verdict_at = MARGIN_MM + 42.0 + 16.0 * len(columns) - 8.0
        found_at = verdict_at + 32.0
        for title, place in zip(titles, places, strict=True):
            self.write(title, place, 8, colour=SOFT, align="right" if place > places[1] else "left")
        self.write(_("Verdict"), verdict_at, 8, colour=SOFT)
        self.write(_("Found"), found_at, 8, colour=SOFT)
        self.y += 5.0
        for row in rows[:MOST_REPS]:
            self.rule(self.y - 0.6)
            cells = [str(row["index"]), row["time"], *row["cells"]]
            for cell, place in zip(cells, places, strict=True):
                self.write(cell, place, 9, bold=place == places[0], align="right" if place > places[1] else "left")
            self.tag(row["verdict"], row["words"], verdict_at, 7.5)
            room = PAGE_MM[0] - MARGIN_MM - found_at
            found = " · ".join(row["found"])
            # Room is kept for the dots that stand for more.
            lines = [found] if width_mm(found, 8) <= room else wrap(found, 8, room - 3.0)
            if found:
                self.write(lines[0] + (" …" if len(lines) > 1 else ""), found_at, 8, colour=SOFT)
            self.y += 5.6
        if len(rows) > MOST_REPS:
            self.paragraph(
                ngettext("{n} more rep is in report.html.", "{n} more reps are in report.html.", len(rows) - MOST_REPS),
                8.5,
                colour=SOFT,
            )
        self.y += 2.0

    def plots(self, report: Report) -> None:
        """The back and the joints over time, as far as there is room."""
        times = plot_times(report)
        for plot in time_plots(report):
            if self.y + PLOT_MM + 14 > FOOT_MM:
                return
            self.plot(plot, times, report)
            if plot.name == "back":
                self.paragraph(f"{begun(rounding_limits_sentence(report))}.", 8, colour=SOFT)
                self.y += 1.0

    def plot(self, plot: TimePlot, times: Sequence[float], report: Report) -> None:
        self.write(plot.title, MARGIN_MM, 9.5, bold=True)
        left = MARGIN_MM + width_mm(plot.title, 9.5, bold=True) + 6.0
        for line in plot.lines if len(plot.lines) > 1 else ():
            self.axes.plot([left, left + 6], [self.y + 1.6] * 2, **LINE_STYLES[line.style])
            self.write(line.name, left + 7.5, 8, colour=SOFT)
            left += 12.5 + width_mm(line.name, 8)
        self.y += 6.5
        box = MARGIN_MM + 8.0, PAGE_MM[1] - self.y - PLOT_MM, WIDTH_MM - 8.0, PLOT_MM
        inside = self.figure.add_axes(
            (box[0] / PAGE_MM[0], box[1] / PAGE_MM[1], box[2] / PAGE_MM[0], box[3] / PAGE_MM[1])
        )
        inside.set_xlim(times[0], times[-1])
        inside.set_ylim(plot.low, plot.high)
        for rep in report.reps:
            if math.isfinite(rep.start_s) and math.isfinite(rep.end_s):
                inside.axvspan(rep.start_s, rep.end_s, color=SUNKEN, zorder=0)
                middle = (rep.start_s + rep.end_s) / 2
                inside.text(middle, plot.high, str(rep.index), fontsize=7, color=SOFT, ha="center", va="bottom")
        for line in reversed(plot.lines):
            values = np.array([math.nan if value is None else value for value in line.values])
            inside.plot(times, values, zorder=3, **LINE_STYLES[line.style])
        for limit in plot.limits:
            value = plot.low + limit.at / 100.0 * (plot.high - plot.low)
            colour = COLOURS[limit.style][0]
            inside.axhline(
                value, color=colour, linewidth=0.9, dashes=(4, 2) if limit.style == "watch" else (None, None)
            )
            inside.text(times[-1], value, limit.label, fontsize=7, color=colour, ha="right", va="bottom")
        inside.set_yticks([plot.low + tick.at / 100 * (plot.high - plot.low) for tick in plot.ticks])
        inside.set_yticklabels([tick.label for tick in plot.ticks])
        inside.set_xticks(inside.get_xticks())
        inside.set_xticklabels([clock(float(at_s)) for at_s in inside.get_xticks()])
        inside.set_xlim(times[0], times[-1])
        inside.tick_params(labelsize=7, colors=SOFT, length=0)
        inside.grid(axis="y", color=HAIR, linewidth=0.5)
        inside.set_axisbelow(True)
        for spine in inside.spines.values():
            spine.set_visible(False)
        self.y += PLOT_MM + 5.5

    def foot(self) -> None:
        self.y = FOOT_MM
        self.rule(self.y)
        self.y += 2.0
        self.paragraph(
            _(DISCLAIMER)
            + " "
            + _("Made by FormCheck {version}; all numbers and how they were measured: report.html.", version=version()),
            7.5,
            colour=SOFT,
        )

    # --- pens ------------------------------------------------------------------------------------------------------

    def heading(self, text: str) -> None:
        self.write(text, MARGIN_MM, 11, bold=True)
        self.y += 6.0

    def paragraph(self, text: str, size: float, *, bold: bool = False, colour: str = INK) -> None:
        for line in wrap(text, size, WIDTH_MM, bold=bold):
            self.write(line, MARGIN_MM, size, bold=bold, colour=colour)
            self.y += size * POINT_MM * LINE

    def write(
        self, text: str, x: float, size: float, *, bold: bool = False, colour: str = INK, align: str = "left"
    ) -> None:
        """Words whose upper edge is at ``y``; what looks like a formula stays as it was written."""
        self.axes.text(
            x,
            self.y + 0.95 * size * POINT_MM,
            text,
            fontproperties=_font(size, bold),
            color=colour,
            ha=align,
            va="baseline",
            parse_math=False,
            zorder=5,
        )

    def tag(self, verdict: Verdict | str, words: str, x: float, size: float) -> None:
        text = f"{SYMBOLS.get(Verdict(verdict), '?')} {words}"
        ink, soft = COLOURS.get(str(verdict), GREY)
        height = 1.55 * size * POINT_MM
        self.box(
            x, self.y - 0.28 * size * POINT_MM, width_mm(text, size, bold=True) + 4.0, height, soft, round_mm=height / 2
        )
        self.write(text, x + 2.0, size, bold=True, colour=ink)

    def box(self, x: float, y: float, width: float, height: float, colour: str, round_mm: float = 2.5) -> None:
        style = f"round,pad=0,rounding_size={min(round_mm, height / 2, width / 2)}"
        self.axes.add_patch(FancyBboxPatch((x, y), width, height, boxstyle=style, facecolor=colour, edgecolor="none"))

    def rule(self, y: float) -> None:
        self.axes.add_patch(Rectangle((MARGIN_MM, y), WIDTH_MM, 0.15, facecolor=HAIR, edgecolor="none"))


def _font(size: float, bold: bool = False) -> FontProperties:
    # Comes with Matplotlib, so that the page looks the same everywhere.
    return FontProperties(family="DejaVu Sans", size=size, weight="bold" if bold else "normal")


def width_mm(text: str, size: float, *, bold: bool = False) -> float:
    """Width of a line of text of that size (points) in millimetres."""
    width, _, _ = TextToPath().get_text_width_height_descent(text, _font(size, bold), ismath=False)
    return float(width) * POINT_MM


def wrap(text: str, size: float, room_mm: float, *, bold: bool = False) -> list[str]:
    """The text in lines that fit; a word that is longer than a line is cut."""
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_mm(longer, size, bold=bold) <= room_mm:
            lines[-1] = longer
            continue
        while width_mm(word, size, bold=bold) > room_mm and len(word) > 1:
            cut = max(1, int(len(word) * room_mm / width_mm(word, size, bold=bold)) - 1)
            lines.append(word[:cut])
            word = word[cut:]
        lines.append(word)
    return [line for line in lines if line]


def write_pdf(path: Path, report: Report, pictures: Sequence[KeyPicture], lifter: str, notes: str) -> None:
    """`pdf_report` into a file."""
    path.write_bytes(pdf_report(report, pictures, lifter=lifter, notes=notes))
