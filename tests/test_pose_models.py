"""Finding, fetching and assembling pose models, against a server on this machine and a wheel of toy networks."""

from __future__ import annotations

import hashlib
import os
import re
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import flatbuffers
import pytest
from mediapipe.tasks.metadata import metadata_schema_py_generated as metadata_schema
from mediapipe.tasks.metadata import schema_py_generated as schema

from formcheck import pose_models
from formcheck.errors import ModelError
from formcheck.pose_models import (
    DETECTOR_MEMBER,
    LANDMARKS_MEMBER,
    KnownModel,
    ModelStatus,
    Setup,
    WheelModel,
    assemble_bundle,
    default_setup,
    fetch_model,
    find_model,
    list_models,
    stored_zip,
    with_input_range,
)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def toy_network(outputs: int, weights: bytes) -> bytes:
    """A TensorFlow Lite file with one input, some outputs, one weight tensor and one metadata entry."""
    tensors = []
    for _ in range(outputs + 1):
        tensor = schema.TensorT()
        tensor.shape, tensor.name = [1, 2], b"tensor"
        tensors.append(tensor)
    graph = schema.SubGraphT()
    graph.tensors, graph.inputs, graph.outputs, graph.operators = tensors, [0], list(range(1, outputs + 1)), []
    buffers = [schema.BufferT(), schema.BufferT()]
    buffers[1].data = list(weights)
    entry = schema.MetadataT()
    entry.name, entry.buffer = b"min_runtime_version", 1
    model = schema.ModelT()
    model.version, model.description, model.subgraphs, model.buffers, model.metadata = (
        3,
        b"toy",
        [graph],
        buffers,
        [entry],
    )
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


WEIGHTS = bytes(range(251))
DETECTOR, LANDMARKS = toy_network(2, b"detector"), toy_network(5, WEIGHTS)
WHEEL = WheelModel(detector_sha256=sha256(DETECTOR), landmarks_sha256=sha256(LANDMARKS), landmarks_bytes=len(LANDMARKS))
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


def write_wheel(folder: Path, detector: bytes = DETECTOR) -> Path:
    path = folder / "mediapipe-0.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(WHEEL.detector, detector)
        archive.writestr(WHEEL.landmarks, LANDMARKS)
    return path


@dataclass
class Server:
    """Answers GET from ``content``; each behaviour takes one request off ``script``, "plain" when it is empty."""

    url: str
    content: dict[str, bytes]
    script: list[str] = field(default_factory=list)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked_range = self.headers.get("Range")
            state.asked.append((self.path, asked_range))
            behaviour = state.script.pop(0) if state.script else "plain"
            body = state.content.get(self.path.rpartition("/")[2], b"")
            if behaviour == "redirect":
                self.send_response(302)
                self.send_header("Location", "/elsewhere" + self.path)
                self.end_headers()
                return
            if behaviour.isdigit():
                self.send_error(int(behaviour))
                return
            if behaviour == "silent":
                state.stop.wait(30)
                return
            start = 0
            match = re.fullmatch(r"bytes=(\d+)-", asked_range or "")
            if match and behaviour != "no-range":
                start = int(match[1])
                if start >= len(body):
                    self.send_error(416)
                    return
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            else:
                self.send_response(200)
            body = body[start:]
            if behaviour != "no-length":
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if behaviour == "dribble":
                for position in range(len(body)):
                    if state.stop.wait(0.02):
                        return
                    try:
                        self.wfile.write(body[position : position + 1])
                    except OSError:
                        return
            self.wfile.write(body[: {"cut": len(body) // 2, "nothing": 0}.get(behaviour, len(body))])

        def log_message(self, *args: object) -> None:
            pass

    http_server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    content = {f"pose_landmarker_{name}.task": bundle for name, bundle in BUNDLES.items()}
    state = Server(f"http://127.0.0.1:{http_server.server_port}", content)
    thread = threading.Thread(target=http_server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    state.stop.set()
    http_server.shutdown()
    thread.join()
    http_server.server_close()


def no_wheel(folder: Path, progress: object) -> Path:
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
        wheel=WHEEL,
        wheel_source=no_wheel,
        answer_s=5.0,
    )


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def message_of(call: Callable[[], object]) -> str:
    with pytest.raises(ModelError) as caught:
        call()
    text = str(caught.value)
    assert "\n" not in text
    return text


# --- the official download


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


def test_progress_rises_to_the_total(setup: Setup) -> None:
    seen: list[tuple[int, int | None]] = []
    fetch_model("heavy", lambda done, total: seen.append((done, total)), setup=setup)
    size = len(BUNDLES["heavy"])
    assert seen[0] == (0, size)
    assert seen[-1] == (size, size)
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})


def test_redirect_is_followed(setup: Setup, server: Server) -> None:
    server.script = ["redirect"]
    assert find_model("lite", setup=setup).path.read_bytes() == BUNDLES["lite"]
    assert server.asked[1][0].startswith("/elsewhere/base/")


def test_download_without_a_length_is_accepted_with_unknown_total(setup: Setup, server: Server) -> None:
    server.script = ["no-length"]
    totals = set()
    find_model("lite", progress=lambda done, total: totals.add(total), setup=setup)
    assert totals == {None}


def test_a_cut_off_download_goes_on_where_it_ended(setup: Setup, server: Server) -> None:
    server.script = ["cut"]
    assert find_model("lite", setup=setup).path.read_bytes() == BUNDLES["lite"]
    assert [asked for _, asked in server.asked] == [None, f"bytes={len(BUNDLES['lite']) // 2}-"]


def test_a_server_that_ignores_the_range_makes_the_download_start_anew(setup: Setup, server: Server) -> None:
    server.script = ["cut", "no-range"]
    seen: list[tuple[int, int | None]] = []
    found = find_model("lite", progress=lambda done, total: seen.append((done, total)), setup=setup)
    size = len(BUNDLES["lite"])
    assert found.path.read_bytes() == BUNDLES["lite"]
    assert len(server.asked) == 2
    assert [done for done, _ in seen].count(0) == 2
    assert {total for _, total in seen} == {size}
    assert seen[-1] == (size, size)


def test_the_next_run_goes_on_with_what_a_stopped_one_left(setup: Setup, server: Server) -> None:
    def stop_after_half(done: int, total: int | None) -> None:
        if total and done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find_model("heavy", progress=stop_after_half, setup=setup)
    assert files_in(setup.data_folder) == ["pose_landmarker_heavy.task.part"]
    left = (setup.data_folder / "pose_landmarker_heavy.task.part").stat().st_size
    assert find_model("heavy", setup=setup).path.read_bytes() == BUNDLES["heavy"]
    assert server.asked[-1][1] == f"bytes={left}-"
    assert files_in(setup.data_folder) == ["pose_landmarker_heavy.task"]


@pytest.mark.parametrize("rubbish", [b"x" * 1000, b"x" * 1_000_000], ids=["shorter", "longer than the file"])
def test_a_left_over_part_that_is_wrong_is_dropped(rubbish: bytes, setup: Setup) -> None:
    setup.data_folder.mkdir()
    (setup.data_folder / "pose_landmarker_lite.task.part").write_bytes(rubbish)
    assert find_model("lite", setup=setup).path.read_bytes() == BUNDLES["lite"]
    assert files_in(setup.data_folder) == ["pose_landmarker_lite.task"]


def test_a_wrong_file_from_the_server_is_refused_and_not_kept(setup: Setup, server: Server) -> None:
    server.content["pose_landmarker_lite.task"] = BUNDLES["heavy"]
    text = message_of(lambda: find_model("lite", setup=setup))
    assert "SHA-256" in text
    assert files_in(setup.data_folder) == []
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", ["404", "403", "500"])
def test_an_http_error_says_what_to_do(status: str, setup: Setup, server: Server) -> None:
    server.script = [status]
    text = message_of(lambda: find_model("heavy", setup=setup))
    assert f"HTTP {status}" in text
    assert "--model full" in text
    assert server.url + "/base/pose_landmarker_heavy/float16/1/pose_landmarker_heavy.task" in text
    assert str(setup.data_folder) in text


@pytest.mark.parametrize("behaviour", ["silent", "dribble"])
def test_a_server_that_is_too_slow_is_given_up(behaviour: str, setup: Setup, server: Server) -> None:
    server.script = [behaviour] * 10
    text = message_of(lambda: find_model("lite", setup=replace(setup, answer_s=0.1)))
    assert ("timed out" if behaviour == "silent" else "too slow") in text
    assert "pose_landmarker_lite.task" not in files_in(setup.data_folder)


def test_a_server_that_sends_nothing_is_not_asked_again(setup: Setup, server: Server) -> None:
    server.script = ["nothing"] * 50
    assert "cut the download off" in message_of(lambda: find_model("lite", setup=setup))
    assert len(server.asked) == 1


def test_a_download_that_never_gets_on_ends(setup: Setup, server: Server) -> None:
    server.script = ["cut"] * 50
    message_of(lambda: find_model("lite", setup=setup))
    assert len(server.asked) == pose_models.DOWNLOAD_ATTEMPTS


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nonsense"])
def test_no_server_at_all_is_a_model_error(url: str, setup: Setup) -> None:
    assert "cannot be fetched" in message_of(lambda: find_model("lite", setup=replace(setup, base_url=url)))


def test_a_folder_that_cannot_be_made_is_said(setup: Setup, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    blocked = replace(setup, data_folder=tmp_path / "file" / "data")
    assert "FORMCHECK_MODEL_DIR" in message_of(lambda: find_model("lite", setup=blocked))


def test_two_at_once_both_get_the_good_file(setup: Setup) -> None:
    # Each waits inside its download until the other is there too, so the two really overlap.
    both = threading.Barrier(2, timeout=10)
    found, errors = [], []

    def fetch() -> None:
        waited = False

        def progress(done: int, total: int | None) -> None:
            nonlocal waited
            if done and not waited:
                waited = True
                both.wait()

        try:
            found.append(find_model("heavy", progress=progress, setup=setup))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=fetch) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert found[0] == found[1]
    assert files_in(setup.data_folder) == ["pose_landmarker_heavy.task"]


def test_parts_of_killed_processes_are_removed_when_they_are_old(setup: Setup) -> None:
    setup.data_folder.mkdir()
    old, fresh = (setup.data_folder / f"pose_landmarker_lite.task.{name}.part" for name in ("old", "fresh"))
    old.write_bytes(b"x")
    fresh.write_bytes(b"x")
    os.utime(old, (1e9, 1e9))
    find_model("lite", setup=setup)
    assert files_in(setup.data_folder) == ["pose_landmarker_lite.task", fresh.name]


# --- the fall-back: assembling from the wheel


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
    setup = replace(setup, wheel_source=lambda folder, progress: write_wheel(folder), answer_s=0.5)
    found = find_model("full", setup=setup)
    assert (found.name, found.origin) == ("full", "assembled")
    assert files_in(setup.data_folder) == ["pose_landmarker_full.assembled.task"]
    asked = len(server.asked)
    assert find_model("full", setup=setup) == found
    assert len(server.asked) == asked


def test_lite_and_heavy_are_never_assembled(setup: Setup, server: Server) -> None:
    def unexpected(folder: Path, progress: object) -> Path:
        raise AssertionError("only the full model is in the wheel")

    server.script = ["404"]
    assert "--model full" in message_of(lambda: find_model("lite", setup=replace(setup, wheel_source=unexpected)))


def test_both_ways_failing_names_both_reasons_and_the_way_by_hand(setup: Setup, server: Server) -> None:
    server.script = ["404"]
    text = message_of(lambda: find_model("full", setup=setup))
    assert "HTTP 404" in text
    assert "no index here" in text
    assert str(setup.data_folder) in text


def test_a_wheel_with_other_networks_is_refused(setup: Setup, server: Server) -> None:
    server.script = ["404"]
    source = replace(setup, wheel_source=lambda folder, progress: write_wheel(folder, b"other"))
    assert "pose_detection.tflite" in message_of(lambda: find_model("full", setup=source))
    assert files_in(setup.data_folder) == []


def test_a_missing_pip_is_said(setup: Setup, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pose_models.importlib.util, "find_spec", lambda name: None)
    server.script = ["404"]
    assert "-m ensurepip" in message_of(lambda: find_model("full", setup=replace(setup, wheel_source=None)))


def test_official_is_preferred_and_fetch_model_asks_for_it_once_more(setup: Setup, server: Server) -> None:
    setup.data_folder.mkdir()
    assembled = setup.data_folder / WHEEL.file_name
    assembled.write_bytes(assemble_bundle(write_wheel(setup.own_folders[0]), WHEEL))
    assert find_model("full", setup=setup).origin == "assembled"
    server.script = ["404"]
    assert fetch_model("full", setup=setup).path == assembled
    assert fetch_model("full", setup=setup).origin == "official"
    assert find_model("full", setup=setup).origin == "official"


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


@pytest.mark.parametrize("part", ["detector", "weights", "metadata", "on the disk"])
def test_an_assembled_file_that_was_changed_is_not_trusted(
    part: str, setup: Setup, server: Server, tmp_path: Path
) -> None:
    good = assemble_bundle(write_wheel(tmp_path), WHEEL)
    landmarks = with_input_range(LANDMARKS)
    content = {
        "detector": stored_zip({DETECTOR_MEMBER: toy_network(2, b"other"), LANDMARKS_MEMBER: landmarks}),
        "weights": stored_zip(
            {DETECTOR_MEMBER: DETECTOR, LANDMARKS_MEMBER: landmarks.replace(WEIGHTS, bytes(len(WEIGHTS)))}
        ),
        "metadata": stored_zip(
            {DETECTOR_MEMBER: DETECTOR, LANDMARKS_MEMBER: landmarks.replace(b"TFLITE_META", b"tflite_META")}
        ),
        "on the disk": good.replace(WEIGHTS, bytes(len(WEIGHTS))),
    }[part]
    setup.data_folder.mkdir()
    path = setup.data_folder / WHEEL.file_name
    path.write_bytes(good)
    assert find_model("full", setup=setup).origin == "assembled"
    path.write_bytes(content)
    server.script = ["404"]
    assert "HTTP 404" in message_of(lambda: find_model("full", setup=setup))


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
    path.write_bytes(assemble_bundle(write_wheel(tmp_path), WHEEL))
    assert (find_model(path, setup=setup).name, find_model(path, setup=setup).origin) == ("full", "assembled")


def compressed(members: dict[str, bytes], path: Path) -> bytes:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("empty", "zip"),
        ("text", "zip"),
        ("cut", "zip"),
        ("changed", "zip"),
        ("one network", LANDMARKS_MEMBER),
        ("no network", "TensorFlow Lite"),
        ("compressed", "compressed"),
    ],
)
def test_a_path_that_is_no_pose_bundle_is_refused(kind: str, says: str, setup: Setup, tmp_path: Path) -> None:
    path = tmp_path / "mine.task"
    good = stored_zip({DETECTOR_MEMBER: DETECTOR, LANDMARKS_MEMBER: LANDMARKS})
    content = {
        "empty": b"",
        "text": b"not a model",
        "cut": good[:-100],
        "changed": good.replace(WEIGHTS, bytes(len(WEIGHTS))),
        "one network": stored_zip({DETECTOR_MEMBER: DETECTOR}),
        "no network": stored_zip({DETECTOR_MEMBER: DETECTOR, LANDMARKS_MEMBER: b"text"}),
        "compressed": compressed({DETECTOR_MEMBER: DETECTOR, LANDMARKS_MEMBER: LANDMARKS}, path),
    }[kind]
    path.write_bytes(content)
    text = message_of(lambda: find_model(path, setup=setup))
    assert str(path) in text
    assert says in text


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("ful", "choose lite, full or heavy"),
        ("missing.task", "does not exist"),
        ("a/b", "does not exist"),
        (".", "folder"),
    ],
)
def test_a_name_or_path_that_is_nothing_says_what_there_is(name: str, says: str, setup: Setup) -> None:
    assert says in message_of(lambda: find_model(name, setup=setup))


def test_fetch_takes_only_known_names(setup: Setup) -> None:
    assert "lite, full or heavy" in message_of(lambda: fetch_model("mine.task", setup=setup))


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
    assembled = setup.data_folder / WHEEL.file_name
    assembled.write_bytes(assemble_bundle(write_wheel(tmp_path), WHEEL))
    assert find_model("full", setup=setup).path == assembled
    assert list_models(setup)[1] == ModelStatus("full", assembled.stat().st_size, assembled, "assembled", True)


# --- the assembled bundle, read back with MediaPipe's own schemas


def test_metadata_says_zero_to_one_and_keeps_the_network(tmp_path: Path) -> None:
    network = with_input_range(LANDMARKS)
    assert network.endswith(LANDMARKS)
    assert schema.Model.ModelBufferHasIdentifier(network, 0)
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(network, 0))
    before = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(LANDMARKS, 0))
    assert (model.version, model.description) == (before.version, before.description) == (3, b"toy")
    assert list(model.subgraphs[0].outputs) == [1, 2, 3, 4, 5]
    assert [entry.name for entry in model.metadata] == [b"min_runtime_version", b"TFLITE_METADATA"]
    assert bytes(model.buffers[model.metadata[0].buffer].data) == WEIGHTS
    content = bytes(model.buffers[model.metadata[1].buffer].data)
    assert content[4:8] == b"M001"
    root = metadata_schema.ModelMetadata.GetRootAsModelMetadata(content, 0)
    graph = metadata_schema.ModelMetadataT.InitFromObj(root).subgraphMetadata[0]
    assert len(graph.outputTensorMetadata) == 5
    (image,) = graph.inputTensorMetadata
    (unit,) = image.processUnits
    assert unit.optionsType == metadata_schema.ProcessUnitOptions.NormalizationOptions
    assert (list(unit.options.mean), list(unit.options.std)) == ([0.0], [255.0])


def test_the_network_keeps_its_alignment_behind_the_metadata() -> None:
    for outputs in range(1, 9):
        network = toy_network(outputs, WEIGHTS)
        assert (len(with_input_range(network)) - len(network)) % 16 == 0


def test_bytes_that_are_no_network_are_a_model_error() -> None:
    message_of(lambda: with_input_range(b"\xff" * 40))


def test_members_of_the_bundle_start_at_multiples_of_16(tmp_path: Path) -> None:
    path = tmp_path / "bundle.task"
    content = assemble_bundle(write_wheel(tmp_path), WHEEL)
    path.write_bytes(content)
    assert content.index(DETECTOR) % 16 == content.index(LANDMARKS) % 16 == 0
    assert content.index(with_input_range(LANDMARKS)) % 16 == 0
    with zipfile.ZipFile(path) as bundle:
        assert bundle.testzip() is None
        assert bundle.namelist() == [DETECTOR_MEMBER, LANDMARKS_MEMBER]
        assert bundle.read(DETECTOR_MEMBER) == DETECTOR


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


@pytest.mark.skipif("FORMCHECK_TEST_WHEEL" not in os.environ, reason="FORMCHECK_TEST_WHEEL names no mediapipe wheel")
def test_the_real_wheel_gives_a_trusted_bundle(tmp_path: Path) -> None:
    path = tmp_path / WheelModel().file_name
    path.write_bytes(assemble_bundle(Path(os.environ["FORMCHECK_TEST_WHEEL"]), WheelModel()))
    found = find_model("full", setup=Setup(data_folder=tmp_path, base_url="http://127.0.0.1:1"))
    assert (found.path, found.origin) == (path, "assembled")
