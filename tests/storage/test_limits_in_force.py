"""How much is read: from settings.toml of this machine and from the environment, and from nowhere else."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from formcheck.core.errors import FormCheckError, UsageError
from formcheck.core.limits import DEFAULT_LIMITS, KEYS, LARGEST_NUMBER, VARIABLES, is_limit, limits_from
from formcheck.judging.settings import DEFAULTS, Settings, merge, parse_settings
from formcheck.storage import access
from formcheck.storage.limits_in_force import limits_in_force
from formcheck.storage.settings_files import load_settings, read_settings, save_settings, settings_toml


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the machine's settings.toml is to be."""
    monkeypatch.setenv("FORMCHECK_CONFIG_DIR", str(tmp_path / "settings"))
    (tmp_path / "settings").mkdir()
    return tmp_path / "settings" / "settings.toml"


@pytest.mark.parametrize("field", VARIABLES)
def test_each_is_said_in_the_file_and_the_environment_comes_first(
    field: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = VARIABLES[field]
    assert limits_in_force() == DEFAULT_LIMITS
    file.write_text(f"[limits]\n{variable.key} = 2.5\n", encoding="utf-8")
    assert getattr(limits_in_force(), field) == 2.5 * variable.size
    assert limits_in_force() == limits_from({}, {variable.key: 2.5})
    monkeypatch.setenv(variable.name, "7")
    assert getattr(limits_in_force(), field) == 7 * variable.size


def test_a_change_of_the_file_counts_at_once(file: Path) -> None:
    for minutes in (30, 100, 7):
        file.write_text(f"[limits]\nminutes = {minutes}\n", encoding="utf-8")
        assert limits_in_force().duration_s == 60.0 * minutes
    file.unlink()
    assert limits_in_force() == DEFAULT_LIMITS


@pytest.mark.parametrize(
    ("value", "good"),
    [
        (1e-9, True),
        (1, True),
        (LARGEST_NUMBER, True),
        (LARGEST_NUMBER * 1.01, False),
        (0, False),
        (-1, False),
        (math.inf, False),
        (math.nan, False),
        (True, False),
        ("5", False),
        (None, False),
        ([5], False),
        (10**400, False),
    ],
)
def test_what_can_be_a_limit(value: object, good: bool) -> None:
    assert is_limit(value) is good


@pytest.mark.parametrize("said", ["minutes = 0", "minutes = -3", "minutes = true", "minutes = 'ten'", "hours = 2"])
def test_a_wrong_one_is_told_by_both_who_read_it(said: str, file: Path) -> None:
    file.write_text(f"[limits]\n{said}\n", encoding="utf-8")
    for read in (limits_in_force, load_settings):
        with pytest.raises(UsageError) as caught:
            read()
        assert str(file) in str(caught.value)
        assert "limits" in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["[limits", "limits = 3", "a = " + "[" * 5000, "a = " + "9" * 5000])
def test_a_file_that_cannot_be_understood_is_one_line(text: str, file: Path) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(FormCheckError) as caught:
        limits_in_force()
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_neither_presets_nor_the_settings_of_an_analysis_change_them(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "mine.toml"
    other.write_text("[limits]\nminutes = 5\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"mine\.toml cannot be used: \[limits\] are of this machine, in .*settings"):
        load_settings(other)
    with pytest.raises(UsageError, match="a preset cannot change how much is read"):
        parse_settings("[limits]\nminutes = 5\n", "preset x", presets_allowed=False)
    assert limits_in_force() == DEFAULT_LIMITS
    # The machine's own file may be named.
    file.write_text("[limits]\nminutes = 5\n", encoding="utf-8")
    load_settings(file)


def test_on_a_server_no_account_changes_them(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("[limits]\nminutes = 5\n", encoding="utf-8")
    monkeypatch.setenv(access.SIGN_IN_VARIABLE, "oidc")
    with access.acting_for("ada@gym.example"):
        folder = access.own_folder(file.parent)
        folder.mkdir(parents=True)
        (folder / file.name).write_text("[limits]\nminutes = 600\n", encoding="utf-8")
        assert limits_in_force().duration_s == 300.0


def test_they_outlive_a_change_in_the_app_and_are_no_part_of_a_report(file: Path) -> None:
    file.write_text("[lifter]\nload_unit = 'lb'\n[limits]\nminutes = 5\ngap_mib = 0.5\n", encoding="utf-8")
    own = read_settings(file)
    assert own.limits == {"minutes": 5.0, "gap_mib": 0.5}
    save_settings(own)
    assert read_settings(file) == own
    assert limits_in_force().unpictured_bytes == 1 << 19
    assert load_settings().limits == {}
    assert merge(DEFAULTS, own).limits == {}
    assert "limits" not in load_settings().to_dict()


def test_every_name_is_written_and_read_back() -> None:
    settings = Settings(limits=dict.fromkeys(KEYS, 3.0))
    assert parse_settings(settings_toml(settings), "x") == settings


def test_the_document_names_every_one() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
    for variable in VARIABLES.values():
        assert f"| `{variable.key}` | `{variable.name}` |" in text
