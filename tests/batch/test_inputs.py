"""Which clips are meant, and what is said about a manifest that makes no sense."""

from __future__ import annotations

from pathlib import Path

import pytest

from formcheck.batch.inputs import WantedClip, folder_names, read_manifest, wanted_clips
from formcheck.core.errors import InputError, UsageError


@pytest.fixture
def films(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with clips in it and below it, and with other things."""
    monkeypatch.chdir(tmp_path)
    for name in ("films/b.MOV", "films/a.mp4", "films/day/c.webm", "films/notes.txt", "films/.hidden.mp4", "out/d.mp4"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "films"


def sources(*inputs: str, out: str = "") -> list[str]:
    return [clip.source for clip in wanted_clips(inputs, out=out)]


def test_a_folder_is_all_videos_in_it(films: Path) -> None:
    assert sources("films") == ["films/a.mp4", "films/b.MOV", "films/day/c.webm"]


def test_results_in_the_folder_are_no_inputs(films: Path) -> None:
    assert sources(".", out="out") == ["films/a.mp4", "films/b.MOV", "films/day/c.webm"]


def test_a_pattern_that_no_shell_has_replaced(films: Path) -> None:
    assert sources("films/*.mp4") == ["films/a.mp4"]
    assert sources("**/*.webm") == ["films/day/c.webm"]


def test_each_clip_is_there_once(films: Path) -> None:
    assert sources("films/a.mp4", "films", str(films / "a.mp4")) == ["films/a.mp4", "films/b.MOV", "films/day/c.webm"]


def test_a_named_file_need_not_look_like_a_video(films: Path) -> None:
    assert sources("films/notes.txt") == ["films/notes.txt"]


@pytest.mark.parametrize("wrong", ["nowhere", "films/*.avi", "empty"])
def test_nothing_there(films: Path, wrong: str) -> None:
    Path("empty").mkdir()
    with pytest.raises(InputError, match=wrong.replace("*", r"\*")):
        wanted_clips([wrong])


# --- manifests -----------------------------------------------------------------------------------------------------


def manifest(text: str, name: str = "sets.csv") -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def test_a_manifest_says_more_about_each_clip(films: Path) -> None:
    told = read_manifest(
        manifest(
            "file,lifter,exercise,variant,load,date,notes\r\n"
            'films/a.mp4,Anna,Deadlift,sumo,225lb,2026-03-31,"heavy, belt"\r\n'
            "\r\n"
            "films/b.MOV,,,,,,\r\n"
        )
    )
    assert told == [
        WantedClip("films/a.mp4", "Anna", "deadlift", "sumo", 102.058, "2026-03-31", "heavy, belt"),
        WantedClip("films/b.MOV"),
    ]


def test_files_are_relative_to_the_manifest_and_columns_in_any_order(films: Path) -> None:
    [clip] = read_manifest(manifest("load;file\n100,5;a.mp4\n", "films/m.csv"))
    assert clip == WantedClip("films/a.mp4", load_kg=100.5)
    assert read_manifest(manifest(f"\ufefffile\n{films / 'a.mp4'}\n")) == [WantedClip(str(films / "a.mp4"))]


def test_the_unit_of_the_settings_is_that_of_bare_loads(films: Path) -> None:
    [clip] = wanted_clips([manifest("file,load\nfilms/a.mp4,100\n")], unit="lb")
    assert clip.load_kg == pytest.approx(45.359, abs=1e-3)


def test_what_a_manifest_says_counts_beside_its_folder(films: Path) -> None:
    name = manifest("file,lifter\nfilms/a.mp4,Anna\n")
    for inputs in ((name, "films"), ("films", name)):
        assert {clip.source: clip.lifter for clip in wanted_clips(inputs)}["films/a.mp4"] == "Anna"


def test_every_mistake_is_named_with_its_line(films: Path) -> None:
    name = manifest(
        "file,load,date,exercise,variant\n"
        "films/a.mp4,heavy,,,\n"
        "films/b.MOV,100kg,31.3.2026,,\n"
        "nowhere.mp4,,,,\n"
        "films/a.mp4,,,bench,\n"
        "films/a.mp4,,,squat,sumo\n"
        ",100,,,\n"
        "films/a.mp4,,,,\n"
        "films/a.mp4,,,,\n"
        "films/b.MOV,1,2,3,4,5\n"
    )
    with pytest.raises(UsageError) as error:
        read_manifest(name)
    said = str(error.value)
    for line, words in (
        (2, "'heavy' is not a weight"),
        (3, "'31.3.2026' is not a day"),
        (4, "there is no file nowhere.mp4"),
        (5, "bench"),
        (6, "no variant 'sumo' of this lift"),
        (7, "there is no file"),
        (9, "films/a.mp4 is in line 8 already"),
        (10, "6 cells under 5 headings"),
    ):
        assert f"line {line}: " in said
        assert words in said.partition(f"line {line}: ")[2].partition("; line")[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no column 'file'"),
        ("lifter\nAnna\n", "no column 'file'"),
        ("file,weight\n", "no column 'weight': choose from file, lifter"),
        ("file,load,Load\n", "'load' is there twice"),
        ("file\n", "names no clips"),
    ],
)
def test_a_manifest_without_sense(films: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_manifest(manifest(text))


def test_a_manifest_that_is_not_text(films: Path) -> None:
    Path("sets.csv").write_bytes(b"file\n\xff\xfe\n")
    with pytest.raises(InputError, match="not UTF-8"):
        read_manifest("sets.csv")


def test_folders_have_names_of_their_own() -> None:
    wanted = ["x/set.mp4", "y/Set.mov", "z/set.mp4", "s3://bucket/other.mp4", "a/con.mp4"]
    assert list(folder_names(wanted, ["other"])) == ["set", "Set-2", "set-3", "other-2", "con-"]


# --- manifests that no program writes, found by make fuzz ----------------------------------------------------------


def test_lines_may_end_as_old_programs_end_them(films: Path) -> None:
    for end in ("\n", "\r\n", "\r"):
        Path("sets.csv").write_bytes(f"file,lifter{end}films/a.mp4,Ada{end}".encode())
        assert read_manifest("sets.csv") == [WantedClip("films/a.mp4", lifter="Ada")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"file,notes\nfilms/a.mp4,{'x' * 200_000}\n", "cannot be read as a table"),
        (f"file\n{'é' * 300}.mp4\n", "line 2: there is no file"),
        (f"file\n{'x' * 100_000}\n", "line 2: there is no file"),
        ('file\n"two\nlines.mp4"\n', "there is no file two lines.mp4"),
        (f"file,{'y' * 100_000}\n", "there is no column 'yyy"),
        ("file\nfilms/a\0.mp4\n", "films/a"),
    ],
)
def test_what_no_table_holds_is_one_short_line(text: str, words: str, films: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_manifest(manifest(text))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no /dev/zero")
def test_a_device_is_refused_instead_of_read_for_ever(tmp_path: Path) -> None:
    link = tmp_path / "sets.csv"
    link.symlink_to("/dev/zero")
    with pytest.raises(InputError, match="not an ordinary file"):
        read_manifest(str(link))
