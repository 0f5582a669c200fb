"""Pose model bundles, and how those that are not downloaded as a whole are assembled.

A bundle is a zip, stored without compression, of two TensorFlow Lite networks. Published packages hold both networks of
every model (`RECIPES`), but the landmark network lacks metadata that PoseLandmarker asks for. The bytes of the network
with metadata depend on the version of the flatbuffers package, so an assembled bundle carries their SHA-256, and the
model's name, in the comment of the zip. On later runs it is trusted if these agree and the detector has the known
SHA-256. Like every check here this notices damage, not bad intent: anybody who can write into the folder can also
write a fitting comment.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from formcheck.vision.models.download import reason
from formcheck.vision.models.packages import ARCHIVE_ERRORS, Package, PackageFile

DETECTOR_MEMBER = "pose_detector.tflite"
LANDMARKS_MEMBER = "pose_landmarks_detector.tflite"


@dataclass(frozen=True)
class Recipe:
    """What the bundle of one model is assembled from."""

    name: str
    detector: PackageFile
    landmarks: PackageFile

    @property
    def file_name(self) -> str:
        return f"pose_landmarker_{self.name}.assembled.task"


_WHEEL = Package("pip", "mediapipe==0.10.21")
_NPM = Package("npm", "@mediapipe/pose@0.5.1675469404")
_DETECTOR = PackageFile(
    _WHEEL,
    "mediapipe/modules/pose_detection/pose_detection.tflite",
    "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
)

RECIPES = (
    Recipe(
        "lite",
        _DETECTOR,
        PackageFile(
            _NPM,
            "package/pose_landmark_lite.tflite",
            "f17bfbecadb61c3be1baa8b8d851cc6619c870a87167b32848ad20db306b9d61",
        ),
    ),
    # The npm package holds the same file: one package less to fetch.
    Recipe(
        "full",
        _DETECTOR,
        PackageFile(
            _WHEEL,
            "mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
            "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
        ),
    ),
    Recipe(
        "heavy",
        _DETECTOR,
        PackageFile(
            _NPM,
            "package/pose_landmark_heavy.tflite",
            "59e42d71bcd44cbdbabc419f0ff76686595fd265419566bd4009ef703ea8e1fe",
        ),
    ),
)


def bundle_problem(path: Path) -> str:
    """Why a file is not a pose bundle, or an empty string."""
    try:
        with zipfile.ZipFile(path) as bundle:
            for member in (DETECTOR_MEMBER, LANDMARKS_MEMBER):
                if member not in bundle.namelist():
                    return f"it has no {member} inside"
                if bundle.getinfo(member).compress_type != zipfile.ZIP_STORED:
                    return f"{member} inside is compressed, which MediaPipe cannot read"
                bundle.read(member)
    except ARCHIVE_ERRORS as error:
        return f"it is not an undamaged zip bundle ({reason(error)})"
    return ""


def is_assembled(path: Path, recipe: Recipe) -> bool:
    """Whether a file is an undamaged bundle that `assemble_bundle` made of this recipe."""
    if bundle_problem(path):
        return False
    with zipfile.ZipFile(path) as bundle:
        detector, landmarks = bundle.read(DETECTOR_MEMBER), bundle.read(LANDMARKS_MEMBER)
        return _sha256(detector) == recipe.detector.sha256 and bundle.comment in _comments(recipe, landmarks)


def detector_in(path: Path, recipe: Recipe) -> bytes | None:
    """The recipe's detector out of any undamaged bundle, or None if that has another one."""
    if bundle_problem(path):
        return None
    with zipfile.ZipFile(path) as bundle:
        detector = bundle.read(DETECTOR_MEMBER)
    return detector if _sha256(detector) == recipe.detector.sha256 else None


def assemble_bundle(recipe: Recipe, detector: bytes, landmarks: bytes) -> bytes:
    """The bytes of a bundle made of the two networks that the recipe names."""
    landmarks = with_input_range(landmarks)
    comment = _comments(recipe, landmarks)[0]
    return stored_zip({DETECTOR_MEMBER: detector, LANDMARKS_MEMBER: landmarks}, comment)


def _comments(recipe: Recipe, landmarks: bytes) -> tuple[bytes, ...]:
    """Comments of a good bundle; in the first that were assembled, which were all full, there was only the SHA-256."""
    sha256 = _sha256(landmarks)
    named = f"{recipe.name} {sha256}".encode()
    return (named, sha256.encode()) if recipe.name == "full" else (named,)


def stored_zip(members: Mapping[str, bytes], comment: bytes = b"") -> bytes:
    """An uncompressed zip, the same for the same content.

    Every member starts at a multiple of 16 bytes: TensorFlow Lite copies weights that are elsewhere, with a warning.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.comment = comment
        for name, content in members.items():
            member = zipfile.ZipInfo(name)
            # Before the content: a header of 30 bytes, the name, and the extra field with its own head of 4 bytes.
            padding = -(file.tell() + 30 + len(name.encode()) + 4) % 16
            member.extra = struct.pack("<HH", 0xD935, padding) + bytes(padding)
            archive.writestr(member, content)
    return file.getvalue()


def with_input_range(network: bytes) -> bytes:
    """The TensorFlow Lite network with metadata that says: the input image is scaled from 0..255 to 0..1."""
    # MediaPipe takes seconds to import, and is needed here only once on a machine.
    from formcheck.vision.system_libraries import helpful_import_errors

    with helpful_import_errors():
        import flatbuffers
        from mediapipe.tasks.metadata import metadata_schema_py_generated as metadata
        from mediapipe.tasks.metadata import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(network)
    unit_range = metadata.ProcessUnitT(
        metadata.ProcessUnitOptions.NormalizationOptions, metadata.NormalizationOptionsT(mean=[0.0], std=[255.0])
    )
    graph = metadata.SubGraphMetadataT(
        inputTensorMetadata=[metadata.TensorMetadataT(name="image", processUnits=[unit_range])],
        outputTensorMetadata=[metadata.TensorMetadataT() for _ in model.subgraphs[0].outputs],
    )

    def packed(table: object, identifier: bytes) -> bytes:
        builder = flatbuffers.Builder(len(network))
        builder.Finish(table.Pack(builder), identifier)  # type: ignore[attr-defined]
        return bytes(builder.Output())

    content = packed(metadata.ModelMetadataT(subgraphMetadata=[graph]), b"M001")
    model.metadata = [*(model.metadata or []), schema.MetadataT("TFLITE_METADATA", len(model.buffers))]
    model.buffers.append(schema.BufferT(data=list(content)))
    return packed(model, b"TFL3")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
