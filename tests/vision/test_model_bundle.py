"""Bundles: what is one, and the one assembled from a wheel of toy networks, read back with MediaPipe's own schemas."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from mediapipe.tasks.metadata import metadata_schema_py_generated as metadata_schema
from mediapipe.tasks.metadata import schema_py_generated as schema

from formcheck.core.errors import ModelError
from formcheck.vision.models import bundle
from formcheck.vision.models.bundle import (
    DETECTOR_MEMBER,
    LANDMARKS_MEMBER,
    WHEEL_MODEL,
    assemble_bundle,
    bundle_problem,
    is_assembled,
    pip_download,
    stored_zip,
    with_input_range,
)
from tests.helpers.make_models import DETECTOR, LANDMARKS, WEIGHTS, WHEEL, sha256, toy_network, write_wheel


def test_metadata_says_zero_to_one_and_keeps_the_network() -> None:
    network = with_input_range(LANDMARKS)
    assert schema.Model.ModelBufferHasIdentifier(network, 0)
    model = schema.ModelT.InitFromPackedBuf(network)
    assert (model.version, model.description) == (3, b"toy")
    assert list(model.subgraphs[0].outputs) == [1, 2, 3, 4, 5]
    assert [entry.name for entry in model.metadata] == [b"min_runtime_version", b"TFLITE_METADATA"]
    assert bytes(model.buffers[model.metadata[0].buffer].data) == WEIGHTS
    content = bytes(model.buffers[model.metadata[1].buffer].data)
    assert content[4:8] == b"M001"
    (graph,) = metadata_schema.ModelMetadataT.InitFromPackedBuf(content).subgraphMetadata
    assert len(graph.outputTensorMetadata) == 5
    (image,) = graph.inputTensorMetadata
    (unit,) = image.processUnits
    assert unit.optionsType == metadata_schema.ProcessUnitOptions.NormalizationOptions
    assert (list(unit.options.mean), list(unit.options.std)) == ([0.0], [255.0])


def test_the_assembled_bundle_holds_both_networks_at_multiples_of_16(tmp_path: Path) -> None:
    content = assemble_bundle(write_wheel(tmp_path), WHEEL)
    landmarks = with_input_range(LANDMARKS)
    path = tmp_path / "bundle.task"
    path.write_bytes(content)
    with zipfile.ZipFile(path) as bundle:
        assert bundle.testzip() is None
        assert {name: bundle.read(name) for name in bundle.namelist()} == {
            DETECTOR_MEMBER: DETECTOR,
            LANDMARKS_MEMBER: landmarks,
        }
    assert content.index(DETECTOR) % 16 == content.index(landmarks) % 16 == 0
    assert bundle_problem(path) == ""
    assert is_assembled(path, WHEEL)


def assembled_by_another_flatbuffers() -> bytes:
    """The same networks in other bytes: behind the network, where nothing refers to, they may be whatever they are."""
    landmarks = with_input_range(LANDMARKS) + bytes(16)
    return stored_zip({DETECTOR_MEMBER: DETECTOR, LANDMARKS_MEMBER: landmarks}, sha256(landmarks).encode())


def test_a_bundle_made_with_another_version_of_flatbuffers_is_trusted(tmp_path: Path) -> None:
    path = tmp_path / "bundle.task"
    path.write_bytes(assembled_by_another_flatbuffers())
    assert is_assembled(path, WHEEL)


@pytest.mark.parametrize("part", ["detector", "landmarks", "comment", "on the disk", "no zip"])
def test_a_changed_bundle_is_not_trusted(part: str, tmp_path: Path) -> None:
    good = assemble_bundle(write_wheel(tmp_path), WHEEL)
    landmarks = with_input_range(LANDMARKS)
    changed = landmarks.replace(WEIGHTS, bytes(len(WEIGHTS)))
    digest = sha256(landmarks).encode()
    path = tmp_path / "bundle.task"
    path.write_bytes(
        {
            "detector": stored_zip({DETECTOR_MEMBER: toy_network(2, b"other"), LANDMARKS_MEMBER: landmarks}, digest),
            "landmarks": stored_zip({DETECTOR_MEMBER: DETECTOR, LANDMARKS_MEMBER: changed}, digest),
            "comment": stored_zip({DETECTOR_MEMBER: DETECTOR, LANDMARKS_MEMBER: landmarks}),
            "on the disk": good.replace(WEIGHTS, bytes(len(WEIGHTS))),
            "no zip": b"",
        }[part]
    )
    assert not is_assembled(path, WHEEL)


def test_a_wheel_with_other_networks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"pose_detection\.tflite in mediapipe"):
        assemble_bundle(write_wheel(tmp_path, b"other"), WHEEL)


@pytest.mark.parametrize("content", [b"no zip", stored_zip({"mediapipe/__init__.py": b""})])
def test_a_wheel_without_networks_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "mediapipe.whl"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"mediapipe\.whl cannot be read"):
        assemble_bundle(path, WHEEL)


def compressed(path: Path) -> bytes:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(DETECTOR_MEMBER, DETECTOR)
        archive.writestr(LANDMARKS_MEMBER, LANDMARKS)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("empty", "zip"),
        ("text", "zip"),
        ("cut", "zip"),
        ("changed", "zip"),
        ("one network", LANDMARKS_MEMBER),
        ("compressed", "compressed"),
    ],
)
def test_what_is_wrong_with_a_bundle(kind: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.task"
    good = stored_zip({DETECTOR_MEMBER: DETECTOR, LANDMARKS_MEMBER: LANDMARKS})
    content = {
        "empty": b"",
        "text": b"not a model",
        "cut": good[:-100],
        "changed": good.replace(WEIGHTS, bytes(len(WEIGHTS))),
        "one network": stored_zip({DETECTOR_MEMBER: DETECTOR}),
        "compressed": compressed(path),
    }[kind]
    path.write_bytes(content)
    assert says in bundle_problem(path)


# --- pip


def pip_that(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Have other code run in the place of pip, with the folder as its argument."""
    run = subprocess.run

    def run_instead(command: Sequence[str], **options: object) -> object:
        return run([sys.executable, "-c", code, command[command.index("--dest") + 1]], **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", run_instead)


def test_pip_puts_the_wheel_into_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pip_that(monkeypatch, "import pathlib, sys; (pathlib.Path(sys.argv[1]) / 'x.whl').write_bytes(b'wheel')")
    assert pip_download("x==1", tmp_path) == tmp_path / "x.whl"


def test_the_last_line_of_a_pip_that_fails_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pip_that(monkeypatch, "raise SystemExit('WARNING: slow\\nERROR: No matching distribution found for x==1')")
    with pytest.raises(ModelError, match=r"^pip download x==1: No matching distribution found for x==1$"):
        pip_download("x==1", tmp_path)


def test_a_pip_that_gives_nothing_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pip_that(monkeypatch, "")
    with pytest.raises(ModelError, match="no wheel came"):
        pip_download("x==1", tmp_path)


def test_a_pip_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pip_that(monkeypatch, "import threading; threading.Event().wait()")
    monkeypatch.setattr(bundle, "PIP_LIMIT_S", 0.1)
    with pytest.raises(ModelError, match="minutes"):
        pip_download("x==1", tmp_path)


def test_a_missing_pip_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError, match="-m ensurepip"):
        pip_download("x==1", tmp_path)


@pytest.mark.skipif("FORMCHECK_TEST_WHEEL" not in os.environ, reason="FORMCHECK_TEST_WHEEL names no mediapipe wheel")
def test_the_real_wheel_gives_a_trusted_bundle(tmp_path: Path) -> None:
    path = tmp_path / "bundle.task"
    path.write_bytes(assemble_bundle(Path(os.environ["FORMCHECK_TEST_WHEEL"]), WHEEL_MODEL))
    assert is_assembled(path, WHEEL_MODEL)
