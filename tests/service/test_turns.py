"""Whose analysis is next on a server that several people share."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from formcheck.core.errors import UsageError
from formcheck.service.pipeline import AnalysisRequest
from formcheck.service.turns import ALL_VARIABLE, BUSY, EACH_VARIABLE, OWN, Turns, turns_from
from formcheck.service.worker import Batch, Phase


class Visitor:
    """Somebody who asks for a turn in a thread of their own, and has it until `leave`."""

    def __init__(self, turns: Turns, account: str) -> None:
        self.said: list[str] = []
        self.began: bool | None = None
        self.given_up = threading.Event()
        self.turns = turns
        self._leaves, self._asked = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._visit, args=(account,), daemon=True)
        self._thread.start()
        until(self._asked.is_set)

    def _visit(self, account: str) -> None:
        def tell(why: str) -> None:
            self.said.append(why)
            self._asked.set()

        with self.turns.turn(account, self.given_up.is_set, tell) as begins:
            self.began = begins
            self._asked.set()
            self._leaves.wait(60.0)

    def leave(self) -> None:
        self._leaves.set()
        self._thread.join(60.0)


def until(held: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 60.0
    while not held():
        assert time.monotonic() < end_s
        time.sleep(0.005)


def test_an_account_has_its_share_and_no_more() -> None:
    turns = Turns(each=2, together=10)
    first, second, third = (Visitor(turns, "anna") for _ in range(3))
    assert (first.began, second.began, third.began) == (True, True, None)
    assert third.said == [OWN]
    first.leave()
    until(lambda: third.began is True)


def test_who_waits_for_an_own_analysis_keeps_nobody_else_from_beginning() -> None:
    turns = Turns(each=1, together=2)
    anna, more_of_anna, ben = Visitor(turns, "anna"), Visitor(turns, "anna"), Visitor(turns, "ben")
    assert (anna.began, more_of_anna.began, ben.began) == (True, None, True)


def test_the_server_has_its_share_too_and_who_waits_longest_is_next() -> None:
    turns = Turns(each=2, together=1)
    anna, ben, carl = Visitor(turns, "anna"), Visitor(turns, "ben"), Visitor(turns, "carl")
    assert (ben.said, carl.said) == ([BUSY], [BUSY])
    anna.leave()
    until(lambda: ben.began is True)
    assert carl.began is None
    ben.leave()
    until(lambda: carl.began is True)


def test_many_files_of_one_account_stand_behind_others_who_came_meanwhile() -> None:
    turns = Turns(each=1, together=1)
    first = Visitor(turns, "anna")
    ben = Visitor(turns, "ben")
    next_of_anna = Visitor(turns, "anna")
    first.leave()
    until(lambda: ben.began is True)
    assert next_of_anna.began is None
    # Why it waits is another reason now.
    until(lambda: next_of_anna.said == [OWN, BUSY])


def test_who_gives_up_takes_no_place() -> None:
    turns = Turns(each=1, together=1)
    anna, ben, carl = Visitor(turns, "anna"), Visitor(turns, "ben"), Visitor(turns, "carl")
    ben.given_up.set()
    turns.wake()
    until(lambda: ben.began is False)
    anna.leave()
    until(lambda: carl.began is True)


def test_a_turn_ends_with_an_error_too() -> None:
    turns = Turns(each=1, together=1)
    with contextlib.suppress(ZeroDivisionError), turns.turn("anna"):
        raise ZeroDivisionError
    with turns.turn("anna") as begins:
        assert begins


@pytest.fixture
def job(tmp_path: Path) -> Callable[[str, str], AnalysisRequest]:
    return lambda account, name: AnalysisRequest(folder=str(tmp_path / name), title=name, account=account)


WAITS = "import json, sys; job = json.loads(input()); input(); print(json.dumps({'phase': 'cancelled'}), flush=True)"
"""Stands in for a worker that is at it until it is told to stop."""


def test_a_second_tab_of_an_account_waits_and_says_so_while_others_go_on(
    job: Callable[[str, str], AnalysisRequest],
) -> None:
    turns = Turns(each=1, together=2)
    command = [sys.executable, "-c", WAITS]
    one, two, other = (
        Batch([job(account, name)], command, turns=turns)
        for account, name in (("anna", "1"), ("anna", "2"), ("ben", "3"))
    )
    until(lambda: one.states[0].phase == Phase.RUNNING and other.states[0].phase == Phase.RUNNING)
    until(lambda: two.states[0].message == OWN)
    assert two.states[0].phase == Phase.WAITING
    one.cancel()
    until(lambda: two.states[0].phase == Phase.RUNNING)
    assert two.states[0].message == ""
    for batch in (two, other):
        batch.cancel()
        batch.wait(60.0)


def test_a_batch_that_waits_is_cancelled_at_once(job: Callable[[str, str], AnalysisRequest]) -> None:
    turns = Turns(each=1, together=1)
    with turns.turn("anna"):
        batch = Batch([job("anna", "1")], [sys.executable, "-c", WAITS], turns=turns)
        until(lambda: batch.states[0].message == OWN)
        batch.cancel()
        batch.wait(60.0)
        assert (batch.states[0].phase, batch.states[0].message) == (Phase.CANCELLED, "")


def test_the_environment_says_how_many() -> None:
    turns = turns_from({EACH_VARIABLE: "2", ALL_VARIABLE: "2"})
    anna, again, ben = Visitor(turns, "anna"), Visitor(turns, "anna"), Visitor(turns, "ben")
    assert (anna.began, again.began, ben.said) == (True, True, [BUSY])


@pytest.mark.parametrize("told", ["0", "-1", "two", "1.5", "9" * 12, "²"])
def test_what_is_not_a_number_of_analyses_is_refused(told: str) -> None:
    with pytest.raises(UsageError, match=EACH_VARIABLE):
        turns_from({EACH_VARIABLE: told})
