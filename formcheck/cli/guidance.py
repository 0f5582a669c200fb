"""The commands around the lift: ``ready`` before it, ``sore`` after it, ``train`` for what comes back."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from formcheck.cli.console import print_block, print_utf8, ring, safe, safe_words, say, user_friendly
from formcheck.cli.options import JsonOption, OnlyExerciseOption, TodaysExerciseOption, lift_name
from formcheck.core.errors import Cancelled, HistoryError, UsageError
from formcheck.core.words import _
from formcheck.service.user_values import parse_load_kg

if TYPE_CHECKING:
    from formcheck.guidance import Answer, Drill, LoadAdvice, Routine, Section, Training, TrainingTopic
    from formcheck.guidance.tables import DecisionTable, Question

SCHEMA = 1
"""Version of what --json prints. Additions keep it."""

LEVEL_STYLES = {
    "ok": "bold black on bright_green",
    "normal": "bold black on bright_green",
    "easy": "bold black on bright_yellow",
    "watch": "bold black on bright_yellow",
    "rest-day": "bold bright_white on red",
    "stop": "bold bright_white on red",
    "professional": "bold bright_white on red",
    "emergency": "bold bright_white on red",
}

TICK_S = 0.2

TimerOption = Annotated[bool, typer.Option("--timer", help="Count every move down, one after the other.")]


def add_guidance_commands(app: typer.Typer) -> None:
    """Add the commands around the lift to the ``formcheck`` command."""

    @app.command()
    def ready(
        lift: TodaysExerciseOption = None,
        pain: Annotated[
            str | None,
            typer.Option("--pain", metavar="ANSWER", help="Back and legs: none, mild, sharp, nerve or emergency."),
        ] = None,
        earlier: Annotated[
            str | None, typer.Option("--earlier", metavar="ANSWER", help="Earlier injury: none, healed or recent.")
        ] = None,
        rest: Annotated[
            str | None, typer.Option("--rest", metavar="ANSWER", help="How rested: fresh, tired or worn.")
        ] = None,
        load: Annotated[
            str | None, typer.Option("--load", metavar="WEIGHT", help="Today's weight, such as 100kg or 225lb.")
        ] = None,
        timer: TimerOption = False,
        as_json: JsonOption = False,
    ) -> None:
        """Before the set: three questions, and a warm-up for the lift."""
        with user_friendly():
            _ready(lift, {"pain": pain, "earlier": earlier, "rest": rest}, load, timer, as_json)

    @app.command()
    def sore(
        sign: Annotated[
            list[str] | None,
            typer.Option(
                "--sign",
                metavar="SIGN",
                help="Emergency sign: saddle, bladder, both-legs, trauma, fever, or none; can be repeated.",
            ),
        ] = None,
        where: Annotated[
            str | None, typer.Option("--where", metavar="ANSWER", help="Where it is: wide, side or spot.")
        ] = None,
        began: Annotated[
            str | None,
            typer.Option("--began", metavar="ANSWER", help="When it began: later, during, sudden or unlinked."),
        ] = None,
        feels: Annotated[
            str | None, typer.Option("--feels", metavar="ANSWER", help="How it feels: dull, strong or sharp.")
        ] = None,
        lasted: Annotated[
            str | None, typer.Option("--lasted", metavar="ANSWER", help="How long: days, easing, staying or week.")
        ] = None,
        spreading: Annotated[
            str | None, typer.Option("--spreading", metavar="ANSWER", help="Into a leg or elsewhere: no or yes.")
        ] = None,
        numb: Annotated[
            str | None, typer.Option("--numb", metavar="ANSWER", help="Numb or tingling leg: no or yes.")
        ] = None,
        weak: Annotated[str | None, typer.Option("--weak", metavar="ANSWER", help="Weak leg: no or yes.")] = None,
        night: Annotated[
            str | None, typer.Option("--night", metavar="ANSWER", help="Wakes you at night: no or yes.")
        ] = None,
        moving: Annotated[
            str | None, typer.Option("--moving", metavar="ANSWER", help="How you move: freely or limited.")
        ] = None,
        earlier: Annotated[
            str | None, typer.Option("--earlier", metavar="ANSWER", help="Earlier back injury: no or yes.")
        ] = None,
        as_json: JsonOption = False,
    ) -> None:
        """After the set: soreness, or a sign to have checked?"""
        told = {
            "signs": frozenset(sign) if sign else None,
            "where": where,
            "began": began,
            "feels": feels,
            "lasted": lasted,
            "spreading": spreading,
            "numb": numb,
            "weak": weak,
            "night": night,
            "moving": moving,
            "earlier": earlier,
        }
        with user_friendly():
            _sore(told, as_json)

    @app.command()
    def train(
        lifter: Annotated[str | None, typer.Option("--lifter", metavar="NAME", help="Whose sets.")] = None,
        exercise: OnlyExerciseOption = None,
        cool_down: Annotated[bool, typer.Option("--cool-down", help="Show the cool-down instead.")] = False,
        timer: TimerOption = False,
        hide: Annotated[
            list[str] | None, typer.Option("--hide", metavar="ID", help="“I know”: hide that advice on the load.")
        ] = None,
        show_hidden: Annotated[bool, typer.Option("--show-hidden", help="Show hidden advice again.")] = False,
        as_json: JsonOption = False,
    ) -> None:
        """What your saved sets say about the load, and what to train."""
        with user_friendly():
            if cool_down:
                _cool_down(timer, as_json)
            elif timer:
                raise UsageError(_("--timer goes with --cool-down, or with formcheck ready."))
            else:
                _train(lifter, exercise, hide or [], show_hidden, as_json)


# --- ready ---------------------------------------------------------------------------------------------------------


def _ready(lift: str | None, told: Mapping[str, str | None], load: str | None, with_timer: bool, as_json: bool) -> None:
    from formcheck.exercises import EXERCISES
    from formcheck.guidance import is_emergency, readiness
    from formcheck.guidance.tables import READY
    from formcheck.judging.settings import Settings
    from formcheck.storage.settings_files import load_settings

    load_kg, unit, exercise = None, Settings().unit_of_loads, EXERCISES[0].name
    if not is_emergency(READY, {name: said for name, said in told.items() if said is not None}):
        # Wrong options are found out before anybody is asked anything, but nothing comes before an emergency.
        unit = load_settings().unit_of_loads
        load_kg = parse_load_kg(load, unit)
        exercise = lift_name(lift) if lift else exercise
        _check_timer(with_timer)
    answers = _answers(READY, told)
    found = readiness(answers, exercise, load_kg, unit)
    _keep(READY, answers)
    if as_json:
        _print_json(found.to_dict())
    else:
        answer, routine = found.answer, found.routine
        _print_headline(answer)
        before = [section for section in answer.sections if section.id not in ("lookout", "cannot-know")]
        _print_sections(before)
        if routine is not None:
            _print_routine(routine)
        _print_sections([section for section in answer.sections if section not in before])
        _print_small_print(answer.sources)
    if with_timer and found.routine is not None:
        _run_timers(found.routine)


# --- sore ----------------------------------------------------------------------------------------------------------


def _sore(told: Mapping[str, str | frozenset[str] | None], as_json: bool) -> None:
    from formcheck.guidance import soreness
    from formcheck.guidance.tables import SORE

    answers = _answers(SORE, told)
    answer = soreness(answers)
    _keep(SORE, answers)
    if as_json:
        _print_json(answer.to_dict())
        return
    _print_headline(answer)
    _print_sections(answer.sections)
    _print_small_print(answer.sources)


def say_what_stops_today() -> None:
    """Before a set is judged or watched: what was answered today speaks against lifting."""
    from formcheck.guidance.todays_answers import stops_of_today

    try:
        for answer in stops_of_today():
            say(_("Told today: {headline}", headline=answer.headline), "bold red")
    except HistoryError as error:
        say(str(error))


def _keep(table: DecisionTable, answers: Mapping[str, str | frozenset[str]]) -> None:
    """Keep what was answered for the day; that it cannot be kept must not hide the answer."""
    from formcheck.guidance.todays_answers import keep_answers

    try:
        keep_answers(table, answers)
    except HistoryError as error:
        say(str(error))


# --- train ---------------------------------------------------------------------------------------------------------


def _train(lifter: str | None, exercise: str | None, hide: Sequence[str], show_again: bool, as_json: bool) -> None:
    from formcheck.guidance import hidden_advice, hide_advice, load_advice, show_hidden, train
    from formcheck.guidance.load import LOOKED_BACK
    from formcheck.guidance.texts import text
    from formcheck.storage.history import open_history
    from formcheck.storage.history.trends import local_day
    from formcheck.storage.settings_files import load_settings

    exercise = None if exercise is None else lift_name(exercise)
    unit = load_settings().unit_of_loads
    with open_history() as history:
        lifter = _whose([name for name, each in history.kinds() if exercise in (None, each)], lifter)
        sets = history.sets(lifter=lifter, exercise=exercise, limit=LOOKED_BACK)
        lifter = sets[0].lifter if sets else lifter
        known = None if lifter is None else history.known_lifter(lifter)
    if show_again:
        show_hidden(lifter)
    advice = load_advice(sets, earlier_back_injury=known is not None and known.back_injury, unit=unit)
    for advice_id in hide:
        if advice_id not in {each.id for each in advice}:
            ids = ", ".join(each.id for each in advice) or _("none now")
            raise UsageError(
                _("There is no advice {advice!r} to hide: there is {others}.", advice=advice_id, others=ids)
            )
        hide_advice(advice_id, lifter)
    hidden = hidden_advice(lifter)
    shown = [each for each in advice if each.id not in hidden]
    training = train([saved.report for saved in sets], [local_day(saved.when) for saved in sets])
    if not sets and exercise is not None:
        training = replace(training, note=text("train.other-lifts"))
    if as_json:
        _print_json(
            {
                "lifter": lifter,
                "load": [each.to_dict() for each in shown],
                "hidden": len(advice) - len(shown),
                **training.to_dict(),
            }
        )
        return
    if hide:
        print_block(safe_words(text("hidden.one"), "dim"))
    _print_load(shown, len(advice) - len(shown))
    _print_training(training)
    sources = [source for each in shown for source in each.sources]
    sources += [source for topic in training.topics for source in topic.sources]
    _print_small_print(tuple(dict.fromkeys(sources)))


def _whose(names: Sequence[str | None], lifter: str | None) -> str | None:
    """The lifter that is named, or the only one who has sets; `UsageError` when there are several."""
    if lifter is not None:
        return lifter
    if len(set(names)) > 1:
        told = ", ".join(sorted({name for name in names if name}))
        raise UsageError(_("The history holds several people's sets: name one with --lifter ({names}).", names=told))
    return next(iter(names), None)


def _cool_down(with_timer: bool, as_json: bool) -> None:
    from formcheck.guidance import cool_down

    _check_timer(with_timer)
    routine = cool_down()
    if as_json:
        _print_json(routine.to_dict())
    else:
        _print_routine(routine)
        _print_small_print(routine.sources)
    if with_timer:
        _run_timers(routine)


# --- asking --------------------------------------------------------------------------------------------------------


def _answers(table: DecisionTable, told: Mapping[str, Any]) -> dict[str, str | frozenset[str]]:
    """Answers from options, and from questions where there is somebody to ask.

    Raises
    ------
    UsageError : answers are missing, and there is nobody to ask. Cancelled : the user left.
    """
    from formcheck.guidance import next_question

    answers = {name: said for name, said in told.items() if said is not None}
    while question := next_question(table, answers):
        if not _somebody_is_there():
            missing = [each for each in table.questions if each.id not in answers]
            options = ", ".join(f"{_option(each)} {'|'.join(each.choices)}" for each in missing)
            raise UsageError(
                _("Questions can only be asked in a terminal; answer with options instead: {options}.", options=options)
            )
        answers[question.id] = _ask(table, question)
    return answers


def _option(question: Question) -> str:
    return "--sign" if question.many else f"--{question.id}"


def _somebody_is_there() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _ask(table: DecisionTable, question: Question) -> str | frozenset[str]:
    from formcheck.guidance.texts import text

    say("")
    say(text(f"{table.id}.{question.id}"), "bold")
    for number, choice in enumerate(question.choices, start=1):
        say(f"  {number}  {text(f'{table.id}.{question.id}.{choice}')}")
    prompt = text("ask.many" if question.many else "ask.one")
    while True:
        typed = _read_line(f"{prompt}: ")
        chosen = _chosen(typed, question.choices)
        if chosen and (question.many or len(chosen) == 1):
            return frozenset(chosen) if question.many else chosen[0]
        say(text("ask.again", last=len(question.choices)), "yellow")


def _chosen(typed: str, choices: Sequence[str]) -> list[str]:
    """Choices by their numbers or names; empty when one of them is neither."""
    found = []
    for word in typed.replace(",", " ").split():
        number = int(word) if word.isascii() and word.isdigit() and len(word) < 4 else 0
        if not (word in choices or 1 <= number <= len(choices)):
            return []
        found.append(word if word in choices else choices[number - 1])
    return found


def _read_line(prompt: str) -> str:
    """A line that the user typed; `Cancelled` when the input ends."""
    say(prompt, end="")
    line = sys.stdin.readline()
    if not line:
        raise Cancelled(_("Stopped."))
    return line.strip()


# --- timers --------------------------------------------------------------------------------------------------------


def _check_timer(wanted: bool) -> None:
    if wanted and not _somebody_is_there():
        raise UsageError(_("--timer needs a terminal: leave it out, and the counts and seconds are shown."))


def _run_timers(routine: Routine) -> None:
    """Count every drill down; starts and goes on when the user presses Enter."""
    from formcheck.guidance.texts import text

    for place, drill in enumerate(routine.drills):
        say("")
        say(f"{place + 1}/{len(routine.drills)}  {drill.name}: {drill.count}", "bold")
        say(drill.how)
        _read_line(f"{text('timer.next' if place else 'timer.start')} ")
        for half in range(drill.step.sets * drill.step.rounds):
            if half:
                say(text("timer.other-way" if drill.step.each == "way" else "timer.change"))
            _count_down(drill.name, drill.step.round_s)
    say(text("timer.done"), "green")


def _count_down(name: str, seconds: float) -> None:
    bars = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        get_time=_now,
    )
    end = _now() + seconds
    with bars:
        task = bars.add_task(safe(name), total=seconds)
        while (left := end - _now()) > 0:
            bars.update(task, completed=seconds - left)
            _sleep(min(TICK_S, left))
    ring()


def _now() -> float:
    return time.monotonic()


def _sleep(seconds: float) -> None:
    time.sleep(seconds)


# --- printing ------------------------------------------------------------------------------------------------------


def _print_headline(answer: Answer) -> None:
    print_block(safe_words(f" {answer.headline} ", LEVEL_STYLES[answer.level]))


def _print_sections(sections: Iterable[Section]) -> None:
    for section in sections:
        _print_section(section.title, [_item("•", line) for line in section.lines])


def _print_routine(routine: Routine) -> None:
    from formcheck.guidance.texts import text

    title = f"{routine.title} ({routine.duration[:1].lower()}{routine.duration[1:]})"
    lines = [_drill(number, drill) for number, drill in enumerate(routine.drills, start=1)]
    if routine.then:
        _print_section(title, lines)
        _print_section(
            text("heading.ramp"), [*(_item("•", step) for step in routine.then), safe_words(routine.note, "dim")]
        )
    else:
        _print_section(title, [*lines, safe_words(routine.note, "dim")])


def _print_load(advice: Sequence[LoadAdvice], hidden: int) -> None:
    from formcheck.guidance.texts import text

    if not advice and not hidden:
        return
    print_block(safe_words(text("heading.load"), "bold underline"))
    for each in advice:
        lines: list[RenderableType] = [safe_words(each.text), *(_item("•", line) for line in each.evidence)]
        lines.append(safe_words(f"{text('load.hide')}: formcheck train --hide {each.id}", "dim"))
        print_block(Padding(safe_words(each.title, "bold"), (0, 2)))
        for line in lines:
            print_block(Padding(line, (0, 4), expand=False))
    if hidden:
        print_block(Padding(safe_words(text("hidden.some", count=hidden), "dim"), (0, 2)))
    print_block(Padding(safe_words(text("load.cannot-know"), "dim"), (0, 2, 1, 2)))


def _print_training(training: Training) -> None:
    from formcheck.guidance.texts import text

    print_block(safe_words(text("heading.train"), "bold underline"))
    if training.put_right:
        titles = ", ".join(title.lower() for title in training.put_right)
        print_block(Padding(safe_words(text("train.put-right", titles=titles)), (0, 2)))
    if training.note:
        print_block(Padding(safe_words(training.note), (0, 2)))
    for topic in training.topics:
        _print_topic(topic)
    print_block(safe_words(""))
    for line in training.last_words:
        print_block(_item("•", line))


def _print_topic(topic: TrainingTopic) -> None:
    from formcheck.guidance.texts import text

    print_block(Padding(safe_words(topic.title, "bold"), (1, 2, 0, 2)))
    print_block(Padding(safe_words(topic.why), (0, 4)))
    if topic.evidence:
        print_block(Padding(safe_words(f"{text('heading.evidence')}: {'; '.join(topic.evidence)}.", "dim"), (0, 4)))
    for number, drill in enumerate(topic.drills, start=1):
        print_block(Padding(_drill(number, drill), (0, 4), expand=False))


def _print_small_print(sources: Sequence[str]) -> None:
    from formcheck.guidance.tables import SOURCES
    from formcheck.guidance.texts import text

    told = [SOURCES[source] for source in sources]
    lines = [safe_words(f"{source.citation} {source.url}".rstrip(), "dim") for source in told]
    _print_section(text("heading.sources"), lines)
    print_block(Padding(safe_words(text("disclaimer"), "dim"), (1, 0, 0, 0)))


def _print_section(title: str, lines: Sequence[RenderableType]) -> None:
    print_block(safe_words(""))
    print_block(safe_words(title, "bold underline"))
    for line in lines:
        print_block(Padding(line, (0, 2), expand=False))


def _drill(number: int, drill: Drill) -> Table:
    words = Text.assemble((safe(drill.name), "bold"), safe(f", {drill.count}. "), (safe(drill.how), "dim"))
    return _item(f"{number}.", words)


def _item(mark: str, words: str | Text) -> Table:
    """A line with a mark in front, whose continuation lines are indented."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(safe_words(mark), words if isinstance(words, Text) else safe_words(words))
    return grid


def _print_json(content: Mapping[str, Any]) -> None:
    from formcheck.guidance.tables import SOURCES
    from formcheck.guidance.texts import text

    told = {
        "schema": SCHEMA,
        **content,
        "disclaimer": text("disclaimer"),
        "citations": {source.id: {"citation": source.citation, "url": source.url} for source in SOURCES.values()},
    }
    print_utf8(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
