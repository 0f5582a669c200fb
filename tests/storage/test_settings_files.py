"""Settings and presets on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from formcheck.core.errors import InputError, OutputError, UsageError
from formcheck.judging.settings import DEFAULTS
from formcheck.storage.settings_files import (
    config_folder,
    default_settings_path,
    find_preset,
    list_presets,
    load_settings,
    preset_text,
    save_preset,
)


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "config"
    monkeypatch.setenv("FORMCHECK_CONFIG_DIR", str(folder))
    return folder


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_without_any_file_everything_is_as_it_comes() -> None:
    assert load_settings() == DEFAULTS


def test_the_folder_is_the_systems_unless_told_otherwise(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert config_folder() == own_folder
    monkeypatch.delenv("FORMCHECK_CONFIG_DIR")
    assert "formcheck" in str(config_folder()).lower()


def test_own_settings_then_presets_then_the_file(tmp_path: Path) -> None:
    written(
        default_settings_path(),
        "[lifter]\nheight_cm = 170\nload_unit = 'lb'\n[checks.squat.forward-lean]\nwatch = 20\nfault = 30\n",
    )
    file = written(tmp_path / "mine.toml", "[lifter]\nheight_cm = 180\n")
    settings = load_settings(file, ["low-bar"])
    assert (settings.height_cm, settings.load_unit, settings.presets) == (180, "lb", ("low-bar",))
    assert settings.checks["squat/forward-lean"].watch == 35


def test_a_file_may_start_from_presets_and_has_the_last_word(tmp_path: Path) -> None:
    file = written(tmp_path / "mine.toml", "presets = ['low-bar']\n[checks.squat.forward-lean]\nwatch = 40\n")
    settings = load_settings(file)
    lean = settings.checks["squat/forward-lean"]
    assert (lean.watch, lean.fault, settings.presets) == (40, 45, ("low-bar",))


def test_contradictions_show_once_everything_is_merged(tmp_path: Path) -> None:
    file = written(tmp_path / "mine.toml", "[checks.squat.forward-lean]\nwatch = 40\n")
    assert load_settings(file, ["low-bar"]).checks["squat/forward-lean"].watch == 40
    with pytest.raises(UsageError, match="watch 40 is above fault 35"):
        load_settings(file)


def test_a_preset_is_saved_listed_shown_and_used(tmp_path: Path, own_folder: Path) -> None:
    file = written(tmp_path / "mine.toml", "# For my long legs\n[checks.squat.depth]\nwatch = 0.2\n")
    path = save_preset("long-legs", file)
    assert path == own_folder / "presets" / "long-legs.toml"
    assert path.read_text(encoding="utf-8") == file.read_text(encoding="utf-8")
    assert [(one.name, one.title) for one in list_presets() if one.path] == [("long-legs", "For my long legs")]
    assert preset_text("long-legs") == file.read_text(encoding="utf-8")
    assert load_settings(presets=["long-legs"]).checks["squat/depth"].watch == 0.2
    assert not [each for each in path.parent.iterdir() if each != path]


def test_a_preset_of_ones_own_is_replaced_only_when_asked(tmp_path: Path) -> None:
    first = written(tmp_path / "a.toml", "[lifter]\nheight_cm = 170\n")
    second = written(tmp_path / "b.toml", "[lifter]\nheight_cm = 180\n")
    save_preset("mine", first)
    with pytest.raises(UsageError, match="--replace"):
        save_preset("mine", second)
    assert find_preset("mine").height_cm == 170
    save_preset("mine", second, replace=True)
    assert find_preset("mine").height_cm == 180


@pytest.mark.parametrize("name", ["", "../up", "a/b", "Big", "-x", "x" * 41, "a b", "con.toml", ".hidden"])
def test_names_that_could_lead_elsewhere_are_refused(name: str, tmp_path: Path) -> None:
    file = written(tmp_path / "mine.toml", "")
    with pytest.raises(UsageError, match="cannot be the name of a preset"):
        save_preset(name, file)
    with pytest.raises(UsageError, match="no preset"):
        find_preset(name)


def test_presets_that_come_with_formcheck_stay_what_they_are(tmp_path: Path, own_folder: Path) -> None:
    file = written(tmp_path / "mine.toml", "")
    with pytest.raises(UsageError, match="comes with FormCheck"):
        save_preset("low-bar", file, replace=True)
    written(own_folder / "presets" / "low-bar.toml", "[lifter]\nheight_cm = 111\n")
    assert find_preset("low-bar").height_cm is None
    assert [one.name for one in list_presets()].count("low-bar") == 1


def test_a_wrong_file_is_not_saved(tmp_path: Path) -> None:
    for text in ("[lifter]\nhight = 3\n", "presets = ['low-bar']\n", "[checks.squat.forward-lean]\nwatch = 90\n"):
        file = written(tmp_path / "mine.toml", text)
        with pytest.raises(UsageError):
            save_preset("mine", file)
    assert not [one for one in list_presets() if one.path]


def test_a_preset_that_is_not_there_is_said_with_what_was_meant() -> None:
    with pytest.raises(UsageError, match="did you mean low-bar"):
        load_settings(presets=["low_bar"])


@pytest.mark.parametrize("kind", ["missing", "folder", "binary", "large"])
def test_files_that_cannot_be_read_are_one_line(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    if kind == "folder":
        path.mkdir()
    elif kind == "binary":
        path.write_bytes(b"\xff\xfe\x00video")
    elif kind == "large":
        path.write_bytes(b"#" * 1_100_000)
    with pytest.raises(InputError) as caught:
        load_settings(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_own_settings_that_are_broken_are_not_passed_over() -> None:
    written(default_settings_path(), "what = 1\n")
    with pytest.raises(UsageError, match=r"settings\.toml"):
        load_settings()


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path, own_folder: Path) -> None:
    file = written(tmp_path / "mine.toml", "")
    written(own_folder, "a file where the folder should be")
    with pytest.raises(OutputError, match="Cannot write"):
        save_preset("mine", file)
