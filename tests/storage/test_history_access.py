"""On a server an account sees and changes what is its own or its team's, and nothing else, whatever it asks for."""

from __future__ import annotations

import inspect
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from formcheck.core.errors import AccessError, HistoryError, UsageError
from formcheck.guidance.todays_answers import answers_path
from formcheck.storage.access import account_name, acting_for, ask_with
from formcheck.storage.config_folder import default_settings_path
from formcheck.storage.history import History, Lifter, export_history, import_history, open_history, teams
from formcheck.storage.history.store import NOBODY
from formcheck.storage.history.tables import LIFTERS, POSES, REPORTS, SETS
from formcheck.storage.history.videos import video_path
from tests.helpers.saved_sets import recording, report

ANNA, BEN, CARL, NOBODYS = 1, 2, 3, 4
"""Numbers of the sets, by whose they are."""


@pytest.fixture
def gym(place: Path | str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """Anna, Ben and Carl with a set each, a set that is nobody's, and a coach of Anna and Ben; opens for an account."""
    with open_history(place) as history:
        for number, lifter in enumerate(("Anna", "Ben", "Carl", None), start=1):
            history.save_set(report(), recording(number), lifter=lifter, notes=f"notes {number}")
        teams.save_account(history, "anna@gym.example", "Anna")
        teams.save_account(history, "carl@gym.example", "Carl")
        teams.add_to_team(history, "Mornings", ["Anna", "Ben"], ["coach@gym.example"])
    monkeypatch.setenv("FORMCHECK_SIGN_IN", "proxy")

    def opened(account: str) -> Any:
        with acting_for(account):
            return _Open(place, account)

    yield opened
    ask_with(lambda: "")


class _Open:
    """`open_history` for an account."""

    def __init__(self, place: Path | str, account: str) -> None:
        self.place, self.account = place, account

    def __enter__(self) -> History:
        with acting_for(self.account):
            self._opened = open_history(self.place)
            return self._opened.__enter__()

    def __exit__(self, *told: Any) -> None:
        self._opened.__exit__(*told)


def ids(history: History, **told: Any) -> set[int]:
    return {each.id for each in history.summaries(**told)}


@pytest.mark.parametrize(
    ("account", "sees"),
    [("anna@gym.example", {ANNA}), ("carl@gym.example", {CARL}), ("coach@gym.example", {ANNA, BEN})],
)
def test_lists_hold_what_is_ones_own_or_ones_teams(gym: Callable[[str], Any], account: str, sees: set[int]) -> None:
    names = {"Anna": ANNA, "Ben": BEN, "Carl": CARL}
    with gym(account) as history:
        assert ids(history) == sees
        assert history.count() == len(sees)
        assert {saved.id for saved in history.sets()} == sees
        assert {saved.id for saved in history.each_set()} == sees
        whose = {name for name, number in names.items() if number in sees}
        assert {name for name, _ in history.kinds()} == whose
        assert {lifter.name for lifter in history.lifters()} == whose
        assert ids(history, lifter=NOBODY) == set()
        assert ids(history, exercise="deadlift") == sees


def test_tags_are_those_of_sets_that_one_sees(
    gym: Callable[[str], Any], place: Path | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.delenv("FORMCHECK_SIGN_IN")
        with open_history(place) as everything:
            for number, tag in ((ANNA, "anna"), (BEN, "ben"), (CARL, "carl"), (NOBODYS, "nobody")):
                everything.change_set(number, notes=f"#{tag}")
    with gym("anna@gym.example") as history:
        assert history.tags() == ("anna",)
        assert ids(history, tag="ben") == set()
        assert history.count(tag="carl") == 0
    with gym("coach@gym.example") as history:
        assert history.tags() == ("anna", "ben")
        assert ids(history, tag="ben") == {BEN}


@pytest.mark.parametrize("number", [BEN, CARL, NOBODYS, 999])
@pytest.mark.parametrize(
    "ask",
    [
        lambda history, number: history.set(number),
        lambda history, number: history.poses(number),
        lambda history, number: history.video(number),
        lambda history, number: history.change_set(number, notes="mine now"),
        lambda history, number: history.change_set(number, lifter="Anna"),
        lambda history, number: history.delete_set(number),
        lambda history, number: history.keep_video(number, Path(__file__)),
    ],
)
def test_the_number_of_anothers_set_is_as_if_there_were_none(
    gym: Callable[[str], Any], place: Path | str, ask: Callable[[History, int], Any], number: int, monkeypatch: Any
) -> None:
    with gym("anna@gym.example") as history, pytest.raises(HistoryError, match=f"There is no set {number} in"):
        ask(history, number)
    monkeypatch.delenv("FORMCHECK_SIGN_IN")
    with open_history(place) as everything:
        assert [each.notes for each in reversed(everything.summaries())] == [f"notes {n}" for n in (1, 2, 3, 4)]


def test_writing_past_the_check_of_the_number_changes_nothing(
    gym: Callable[[str], Any], place: Path | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gym("anna@gym.example") as history:
        assert history.npz(BEN) is None
        assert history.npz(ANNA)
        with pytest.raises(sa.exc.NoResultFound), history.writing():
            history.update(BEN, {"notes": "hers now", "report": "{}"})
    monkeypatch.delenv("FORMCHECK_SIGN_IN")
    with open_history(place) as everything:
        assert everything.set(BEN).notes == "notes 2"
        assert everything.set(BEN).unreadable == ""


def test_a_lifter_saves_own_sets_without_saying_so(gym: Callable[[str], Any]) -> None:
    with gym("anna@gym.example") as history:
        assert history.save_set(report(), recording(20)).lifter == "Anna"
        assert history.save_set(report(), recording(21), lifter="ANNA").lifter == "Anna"


@pytest.mark.parametrize("name", ["Ben", "Carl", "Somebody New"])
def test_nobody_saves_sets_of_others_nor_learns_who_there_is(gym: Callable[[str], Any], name: str) -> None:
    with gym("anna@gym.example") as history:
        before = ids(history)
        asks: tuple[Callable[[], object], ...] = (
            lambda: history.save_set(report(), recording(20), lifter=name),
            lambda: history.change_set(ANNA, lifter=name),
            lambda: history.save_lifter(Lifter(name, height_cm=150)),
            lambda: history.lifter(name),
            lambda: history.summaries(lifter=name),
        )
        for ask in asks:
            with pytest.raises(AccessError, match=f"There is no lifter '{name}' among those of anna@gym.example"):
                ask()
        assert history.known_lifter(name) is None
        assert ids(history) == before


def test_a_coach_says_whose_set_it_is(gym: Callable[[str], Any]) -> None:
    with gym("coach@gym.example") as history:
        with pytest.raises(AccessError, match="Say whose set it is"):
            history.save_set(report(), recording(20))
        assert history.save_set(report(), recording(20), lifter="ben").lifter == "Ben"
        assert history.save_lifter(Lifter("Ben", height_cm=181)).height_cm == 181


@pytest.mark.parametrize("other_lifter", ["copy", "move"])
def test_the_recording_of_another_stays_the_others(
    gym: Callable[[str], Any], place: Path | str, other_lifter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gym("anna@gym.example") as history:
        assert history.set_of_another(recording(CARL), "Anna") is None
        assert history.find_set(CARL) is None
        mine = history.save_set(report(), recording(CARL), other_lifter=other_lifter)
        assert mine.id not in (BEN, CARL, NOBODYS)
        assert history.same_recording(mine.id) == ()
        # What was nobody's does not become hers either: she cannot know whose it is.
        assert history.save_set(report(), recording(NOBODYS)).id != NOBODYS
    monkeypatch.delenv("FORMCHECK_SIGN_IN")
    with open_history(place) as everything:
        assert everything.set(CARL).lifter == "Carl"


def test_an_export_holds_what_its_account_sees(gym: Callable[[str], Any], tmp_path: Path) -> None:
    with gym("coach@gym.example") as history:
        assert export_history(history, tmp_path / "all.zip").sets == 2
        uids = {history.set(number).uid for number in (ANNA, BEN)}
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        text = archive.read("history.json").decode()
        assert set(archive.namelist()) == {"history.json", *(f"poses/{uid}.npz" for uid in uids)}
    assert "Carl" not in text
    assert "notes 3" not in text


def test_what_concerns_everybody_is_done_by_whoever_runs_the_server(gym: Callable[[str], Any], tmp_path: Path) -> None:
    with gym("coach@gym.example") as history:
        export_history(history, tmp_path / "all.zip")
        for ask in (
            lambda: import_history(history, tmp_path / "all.zip"),
            lambda: history.delete_lifter("Anna", with_sets=True),
            lambda: history.rename_lifter("Anna", "Carl"),
            lambda: teams.accounts(history),
            lambda: teams.teams(history),
            lambda: teams.save_account(history, "coach@gym.example", "Carl"),
            lambda: teams.delete_account(history, "carl@gym.example"),
            lambda: teams.add_to_team(history, "Mornings", ["Carl"]),
            lambda: teams.take_from_team(history, "Mornings", ["Anna"]),
            lambda: teams.delete_team(history, "Mornings"),
        ):
            with pytest.raises(AccessError, match="Only whoever runs this server"):
                ask()


def test_deleting_ones_own_set_leaves_the_kept_videos_of_others(gym: Callable[[str], Any], tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"pictures")
    with gym("carl@gym.example") as history:
        kept = history.keep_video(CARL, film)
    with gym("anna@gym.example") as history:
        mine = history.keep_video(ANNA, film)
        assert video_path(history.folder, history.set(ANNA).uid) == mine
        history.delete_set(ANNA)
        assert not mine.exists()
    assert kept.exists()


def test_who_leaves_a_team_is_out_of_sight_at_once(
    gym: Callable[[str], Any], place: Path | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.delenv("FORMCHECK_SIGN_IN")
        with open_history(place) as everything:
            teams.take_from_team(everything, "mornings", ["Anna"])
    with gym("coach@gym.example") as history:
        assert ids(history) == {BEN}
    with monkeypatch.context() as patch:
        patch.delenv("FORMCHECK_SIGN_IN")
        with open_history(place) as everything:
            teams.delete_team(everything, "Mornings")
            everything.delete_lifter("Anna", with_sets=True)
            # A new lifter may get the row number of a deleted one, and must not get its account.
            everything.save_lifter(Lifter("Dora"))
            everything.save_set(report(), recording(30), lifter="Dora")
    for account in ("coach@gym.example", "anna@gym.example"):
        with gym(account) as history:
            assert ids(history) == set()
            assert history.lifters() == ()


@pytest.mark.parametrize("account", ["eve@gym.example", "anna", "coach", "Carl", "' OR 1=1 --"])
def test_whoever_has_no_account_gets_nothing(gym: Callable[[str], Any], account: str) -> None:
    with pytest.raises(AccessError, match="There is no account"), gym(account):
        pass


def test_without_a_name_nothing_opens(gym: Callable[[str], Any], place: Path | str) -> None:
    for who in (lambda: "", None):
        ask_with(who or (lambda: ""))
        with pytest.raises(AccessError, match="sign in"), open_history(place):
            pass
    for path in (default_settings_path, answers_path):
        with pytest.raises(AccessError, match="sign in"):
            path()
    ask_with(lambda: "anna@gym.example")
    with open_history(place) as history:
        assert ids(history) == {ANNA}


def test_settings_and_answers_are_each_accounts_own(gym: Callable[[str], Any]) -> None:
    found = set()
    for account in ("anna@gym.example", "carl@gym.example"):
        with acting_for(account):
            found |= {default_settings_path(), answers_path()}
    assert len(found) == 4


def test_a_statement_that_forgets_whose_sets_it_asks_for_is_refused(gym: Callable[[str], Any]) -> None:
    with gym("anna@gym.example") as history, history.reading() as connection:
        for forgetful in (
            sa.select(SETS.c.id),
            sa.select(sa.func.count()).select_from(SETS),
            sa.select(LIFTERS.c.name),
            sa.select(POSES.c.npz).where(POSES.c.set_id == BEN),
            sa.select(sa.literal(1)).where(sa.exists().where(SETS.c.id == BEN)),
            SETS.update().values(notes=""),
            SETS.delete().where(SETS.c.id == BEN),
            REPORTS.update().where(REPORTS.c.set_id == BEN).values(report="{}"),
            LIFTERS.delete(),
            sa.union(sa.select(SETS.c.id), sa.select(POSES.c.set_id)),
        ):
            with pytest.raises(AccessError, match="bug in FormCheck"):
                connection.execute(forgetful)


def test_every_way_into_the_history_is_tried_here() -> None:
    """A new method of `History` needs a test above, and its name here."""
    of_sets = "change_set count delete_set each_set find_set keep_video kinds npz poses save_set set sets tags"
    of_copies = "same_recording set_of_another"
    of_lifters = (
        "delete_lifter known_lifter lifter lifters rename_lifter save_lifter summaries update update_lifter video"
    )
    tried = {*of_sets.split(), *of_copies.split(), *of_lifters.split()}
    # These show nothing of a set or a lifter; what is done with the connections of the first two is refused unscoped.
    others = {"reading", "writing", "insert", "find", "check_writable", "only_whoever_runs_the_server", "saves_for"}
    named = {name for name, _ in inspect.getmembers(History, inspect.isfunction) if not name.startswith("_")}
    assert named == tried | others


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (" Anna@Gym.Example ", "anna@gym.example"),
        ("Anna", "Anna"),
        ("\N{KELVIN SIGN}im@gym.example", "\N{KELVIN SIGN}im@gym.example"),
    ],
)
def test_names_of_accounts(told: str, kept: str) -> None:
    assert account_name(told) == kept


@pytest.mark.parametrize("told", ["", "  ", "a\nb", "x" * 400])
def test_what_is_not_a_name_of_an_account(told: str) -> None:
    with pytest.raises(UsageError):
        account_name(told)


def test_accounts_and_teams_are_told_and_changed(place: Path | str) -> None:
    with open_history(place) as history:
        assert teams.save_account(history, "Anna@gym.example", "Anna").lifter == "Anna"
        assert teams.add_to_team(history, "Mornings", ["anna", "Ben"], ["ANNA@gym.example"]).lifters == ("Anna", "Ben")
        assert teams.add_to_team(history, "MORNINGS", ["Ben"]).coaches == ("anna@gym.example",)
        assert teams.accounts(history) == (teams.Account("anna@gym.example", "Anna", ("Mornings",)),)
        assert teams.save_account(history, "anna@gym.example", None).lifter is None
        with pytest.raises(HistoryError, match="no lifter 'Carl' in the team Mornings: nothing was changed"):
            teams.take_from_team(history, "Mornings", ["Ben", "Carl"])
        assert teams.teams(history)[0].lifters == ("Anna", "Ben")
        assert teams.take_from_team(history, "Mornings", ["Ben"], ["anna@gym.example"]).lifters == ("Anna",)
        teams.delete_account(history, "anna@gym.example")
        teams.delete_team(history, "Mornings")
        assert (teams.accounts(history), teams.teams(history)) == ((), ())
        with pytest.raises(HistoryError, match="formcheck team shows"):
            teams.delete_account(history, "anna@gym.example")
        with pytest.raises(HistoryError, match="formcheck team shows"):
            teams.delete_team(history, "Mornings")
