"""Bundles: what is one, and those assembled from toy networks, read back with MediaPipe's own schemas."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from mediapipe.tasks.metadata import metadata_schema_py_generated as metadata_schema
from mediapipe.tasks.metadata import schema_py_generated as schema

from formcheck.vision.models.bundle import (
    DETECTOR_MEMBER,
    LANDMARKS_MEMBER,
    RECIPES,
    Recipe,
    assemble_bundle,
    bundle_problem,
    detector_in,
    is_assembled,
    stored_zip,
    with_input_range,
)
from formcheck.vision.models.store import KNOWN_MODELS
from tests.helpers.make_models import DETECTOR, FULL, LANDMARKS, TOY_RECIPES, WEIGHTS, sha256, toy_network


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
    content = assemble_bundle(FULL, DETECTOR, LANDMARKS)
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
    assert is_assembled(path, FULL)


def assembled_by_another_flatbuffers() -> bytes:
    """The same networks in other bytes: behind the network, where nothing refers to, they may be whatever they are."""
    landmarks = with_input_range(LANDMARKS) + bytes(16)
    return stored_zip({DETECTOR_MEMBER: DETECTOR, LANDMARKS_MEMBER: landmarks}, sha256(landmarks).encode())


def test_a_bundle_made_with_another_version_of_flatbuffers_is_trusted(tmp_path: Path) -> None:
    path = tmp_path / "bundle.task"
    path.write_bytes(assembled_by_another_flatbuffers())
    assert is_assembled(path, FULL)


@pytest.mark.parametrize("part", ["detector", "landmarks", "comment", "on the disk", "no zip"])
def test_a_changed_bundle_is_not_trusted(part: str, tmp_path: Path) -> None:
    good = assemble_bundle(FULL, DETECTOR, LANDMARKS)
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
    assert not is_assembled(path, FULL)


def test_the_full_bundles_that_were_assembled_first_say_no_name(tmp_path: Path) -> None:
    path = tmp_path / "bundle.task"
    landmarks = with_input_range(LANDMARKS)
    path.write_bytes(stored_zip({DETECTOR_MEMBER: DETECTOR, LANDMARKS_MEMBER: landmarks}, sha256(landmarks).encode()))
    assert [recipe.name for recipe in TOY_RECIPES if is_assembled(path, recipe)] == ["full"]


@pytest.mark.parametrize("recipe", TOY_RECIPES, ids=lambda recipe: recipe.name)
def test_a_bundle_is_that_of_its_own_recipe_only(recipe: Recipe, tmp_path: Path) -> None:
    path = tmp_path / "bundle.task"
    path.write_bytes(assemble_bundle(recipe, DETECTOR, LANDMARKS))
    assert [other.name for other in TOY_RECIPES if is_assembled(path, other)] == [recipe.name]


def test_the_detector_is_taken_out_of_undamaged_bundles_that_have_the_right_one(tmp_path: Path) -> None:
    path = tmp_path / "bundle.task"
    for content, expected in (
        (stored_zip({DETECTOR_MEMBER: DETECTOR, LANDMARKS_MEMBER: LANDMARKS}), DETECTOR),
        (stored_zip({DETECTOR_MEMBER: b"other", LANDMARKS_MEMBER: LANDMARKS}), None),
        (b"no zip", None),
    ):
        path.write_bytes(content)
        assert detector_in(path, FULL) == expected


def test_the_recipes_are_those_of_the_known_models() -> None:
    assert {recipe.name for recipe in RECIPES} == {model.name for model in KNOWN_MODELS}


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
