from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from formcheck.core.errors import OutputError, PoseFileError
from formcheck.core.poses import ARRAY_FIELDS, PoseSequence
from formcheck.judging.analysis import analyze
from formcheck.storage.pose_files import SCHEMA, SINCE_SCHEMA_1, load_poses, save_poses
from tests.helpers.synthetic_lifter import empty_poses, film, squat, standing_still

SHORT = film(standing_still(0.2), lost_s=[(0.1, 0.1)])


def _members(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as archive:
        return dict(archive)


def _rewrite(path: Path, **changes: Any) -> None:
    """Change members of a file; None takes one away."""
    members: dict[str, Any] = {**_members(path), **changes}
    kept: dict[str, Any] = {name: np.asarray(value) for name, value in members.items() if value is not None}
    np.savez(path, **kept)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "poses.npz"
    save_poses(SHORT, path)
    return path


@pytest.mark.parametrize("poses", [SHORT, empty_poses(0), empty_poses(3), film(squat(1), noise_px=1.0)], ids=len)
def test_what_is_saved_is_loaded_again(poses: PoseSequence, tmp_path: Path) -> None:
    save_poses(poses, tmp_path / "poses.npz")
    loaded = load_poses(tmp_path / "poses.npz")
    np.testing.assert_array_equal(loaded.time_s, poses.time_s)
    for name in ARRAY_FIELDS:
        np.testing.assert_allclose(getattr(loaded, name), getattr(poses, name), rtol=1e-6, atol=1e-4)
        assert getattr(loaded, name).dtype == (np.float64 if name == "time_s" else np.float32)
    assert (loaded.video, loaded.model, loaded.notes) == (poses.video, poses.model, poses.notes)


def test_analysis_of_saved_poses_gives_the_same_report(tmp_path: Path) -> None:
    poses = film(squat(2), noise_px=1.0)
    save_poses(poses, tmp_path / "poses.npz")
    one, other = analyze(poses), analyze(load_poses(tmp_path / "poses.npz"))
    assert one.findings[0].verdict == other.findings[0].verdict
    for a, b in zip(one.reps, other.reps, strict=True):
        assert a.start_s == b.start_s
        assert a.measures == pytest.approx(b.measures, abs=1e-2, nan_ok=True)


def test_saving_replaces_the_file_and_leaves_nothing_else(saved: Path) -> None:
    save_poses(film(standing_still(0.5)), saved)
    assert len(load_poses(saved)) > len(SHORT)
    assert [path.name for path in saved.parent.iterdir()] == ["poses.npz"]


def test_saving_where_nothing_can_be_written_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"poses\.npz"):
        save_poses(SHORT, tmp_path / "nowhere" / "poses.npz")
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(OutputError, match=r"folder\.npz"):
        save_poses(SHORT, tmp_path / "folder.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.npz"]


def test_a_full_disk_leaves_the_old_file_as_it_was(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    before = saved.read_bytes()
    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OutputError, match="No space left"):
        save_poses(film(standing_still(0.5)), saved)
    assert saved.read_bytes() == before
    assert len(list(saved.parent.iterdir())) == 1


def test_a_missing_file_is_told_from_a_damaged_one(tmp_path: Path) -> None:
    with pytest.raises(PoseFileError, match="does not exist"):
        load_poses(tmp_path / "absent.npz")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_says_so(saved: Path) -> None:
    saved.chmod(0)
    with pytest.raises(PoseFileError, match="permission"):
        load_poses(saved)


def test_a_folder_is_no_pose_file(tmp_path: Path) -> None:
    with pytest.raises(PoseFileError):
        load_poses(tmp_path)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04", b"\x93NUMPY\x01\x00", b"\x80\x04N.", bytes(1000)])
def test_other_files_are_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "poses.npz"
    path.write_bytes(content)
    with pytest.raises(PoseFileError, match="not a FormCheck pose file"):
        load_poses(path)


def test_a_single_array_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "poses.npz"
    with path.open("wb") as stream:
        np.save(stream, np.zeros(3))
    with pytest.raises(PoseFileError):
        load_poses(path)


def test_a_newer_layout_asks_for_an_update(saved: Path) -> None:
    _rewrite(saved, schema=SCHEMA + 1, time_s=None)
    with pytest.raises(PoseFileError, match="newer FormCheck"):
        load_poses(saved)


def test_files_from_before_masks_were_read_stay_readable(saved: Path) -> None:
    _rewrite(saved, mask_flexion_deg=None)
    poses = load_poses(saved)
    assert poses.mask_flexion_deg.shape == (len(poses), 2, 2)
    assert np.isnan(poses.mask_flexion_deg).all()


@pytest.mark.parametrize("name", [*(name for name in ARRAY_FIELDS if name not in SINCE_SCHEMA_1), "about", "schema"])
def test_a_missing_member_is_refused(saved: Path, name: str) -> None:
    _rewrite(saved, **{name: None})
    with pytest.raises(PoseFileError, match=r"poses\.npz"):
        load_poses(saved)


@pytest.mark.parametrize("about", ["{", "[]", "{}", '{"video": {"file": "a"}, "model": "", "notes": []}', "null"])
def test_damaged_facts_are_refused(saved: Path, about: str) -> None:
    _rewrite(saved, about=about)
    with pytest.raises(PoseFileError):
        load_poses(saved)


def test_a_size_that_is_no_number_is_refused(saved: Path) -> None:
    about = json.loads(str(_members(saved)["about"]))
    about["video"]["width"] = "wide"
    _rewrite(saved, about=json.dumps(about))
    with pytest.raises(PoseFileError):
        load_poses(saved)


def test_arrays_of_the_wrong_shape_are_refused(saved: Path) -> None:
    _rewrite(saved, world_m=np.zeros((len(SHORT), 17, 3)))
    with pytest.raises(PoseFileError, match="world_m"):
        load_poses(saved)


def test_objects_are_never_unpickled(saved: Path) -> None:
    _rewrite(saved, time_s=np.array([{"a": 1}], dtype=object))
    with pytest.raises(PoseFileError):
        load_poses(saved)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_cut_off_file_is_refused(saved: Path, share: float) -> None:
    whole = saved.read_bytes()
    saved.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(PoseFileError, match=r"poses\.npz"):
        load_poses(saved)


def test_a_file_with_one_changed_byte_is_refused_or_still_whole(saved: Path) -> None:
    whole = saved.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for place, change in zip(rng.integers(0, len(whole), 300), rng.integers(1, 256, 300), strict=True):
        saved.write_bytes(whole[:place] + bytes([whole[place] ^ change]) + whole[place + 1 :])
        try:
            assert len(load_poses(saved)) == len(SHORT)
        except PoseFileError:
            refused += 1
    assert refused > 100
