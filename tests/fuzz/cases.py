"""The files, as hypothesis strategies: real ones that are then damaged, and ones that were never real."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import sqlite3
import struct
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from formcheck.judging.analysis import analyze
from formcheck.storage.history import open_history
from formcheck.storage.history.exchange import export_history
from formcheck.storage.pose_files import save_poses
from tests.helpers.make_videos import as_a_browser_records, numbered_picture, write_video
from tests.helpers.saved_sets import recording, report
from tests.helpers.synthetic_lifter import deadlift, film

NASTY_NUMBERS = (0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 50_000_000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
"""What fields of a header are set to: nothing, one, and the edges of signed and unsigned numbers."""

BOX_NAMES = (
    b"ftyp moov mvhd tkhd mdhd hdlr stsd avc1 avcC stts ctts stss stsc stsz stco elst mdat hvcC trex moof trun "
    b"RIFF avih strh strf idx1 movi GIF89a FLV YUV4MPEG2 NUMPY"
)
BOX_NUMBERS = "1a45dfa3 2ad7b1 4489 1549a966 1654ae6b 1f43b675 b0 ba 23e383 e7 a3 47 000001 504b0304 504b0102 504b0506"
ATOMS = (*BOX_NAMES.split(), *map(bytes.fromhex, BOX_NUMBERS.split()))
"""Beginnings of parts of containers, after which the fields of their headers come."""


# --- bytes ---------------------------------------------------------------------------------------------------------


@st.composite
def damaged(draw: DrawFn, whole: SearchStrategy[bytes], most: int = 6) -> bytes:
    """A file with a few things done to it."""
    data = bytearray(draw(whole))
    for _ in range(draw(st.integers(1, most))):
        if not data:
            break
        _damage(draw, data, whole)
    return bytes(data)


def mostly(wrong: SearchStrategy[bytes], whole: Callable[[], bytes]) -> SearchStrategy[bytes]:
    """Two of three have wrong values, in the third bytes of a good file are damaged."""
    good = st.builds(whole)
    return st.one_of(wrong, wrong, damaged(good, 3))


def _damage(draw: DrawFn, data: bytearray, whole: SearchStrategy[bytes]) -> None:
    place = draw(st.integers(0, len(data) - 1))
    match draw(st.sampled_from(("bit", "byte", "field", "field", "cut", "drop", "double", "swap", "splice", "zeros"))):
        case "bit":
            for _ in range(draw(st.integers(1, 20))):
                data[(place * 7919 + draw(st.integers(0, 1 << 16))) % len(data)] ^= 1 << draw(st.integers(0, 7))
        case "byte":
            data[place] = draw(st.sampled_from((0, 1, 0x7F, 0x80, 0xFE, 0xFF)))
        case "field":
            _set_field(draw, data)
        case "cut":
            del data[place:]
        case "drop":
            del data[place : place + draw(st.integers(1, 4096))]
        case "double":
            part = data[place : place + draw(st.integers(1, 4096))]
            data[place:place] = part
        case "swap":
            other = draw(st.integers(0, len(data) - 1))
            size = draw(st.integers(1, 512))
            one, two = bytes(data[place : place + size]), bytes(data[other : other + size])
            data[place : place + len(two)], data[other : other + len(one)] = two, one
        case "splice":
            data[place:] = draw(whole)[place:]
        case "zeros":
            data[place:place] = bytes(draw(st.integers(1, 1 << 16)))


def _set_field(draw: DrawFn, data: bytearray) -> None:
    """Let a header lie."""
    present = [atom for atom in ATOMS if atom in data]
    if not present:
        return
    atom = draw(st.sampled_from(present))
    places: list[int] = []
    at = data.find(atom)
    while at >= 0 and len(places) < 50:
        places.append(at)
        at = data.find(atom, at + 1)
    number, size, order = (
        draw(st.sampled_from(NASTY_NUMBERS)),
        draw(st.sampled_from("BHIQ")),
        draw(st.sampled_from("<>")),
    )
    # Also before it: sizes of boxes stand in front of their names.
    at = max(0, draw(st.sampled_from(places)) + draw(st.integers(-4, 48)))
    field = struct.pack(f"{order}{size}", number & ((1 << 8 * struct.calcsize(size)) - 1))
    data[at : at + len(field)] = field


# --- videos --------------------------------------------------------------------------------------------------------

FILMS: Mapping[str, Mapping[str, Any]] = {
    "mp4": {"gop_size": 4},
    "mov": {"codec": "mpeg4"},
    "mkv": {"with_sound": True},
    "webm": {"codec": "libvpx"},
    "avi": {"codec": "mjpeg", "pixel_format": "yuvj420p"},
    "ts": {},
    "gif": {"codec": "gif", "pixel_format": "rgb8"},
    "flv": {"codec": "flv1"},
    "mpg": {"codec": "mpeg2video"},
    "h264": {},
    "y4m": {"codec": "rawvideo", "container": "yuv4mpegpipe"},
    "nut": {"codec": "ffv1"},
    "3gp": {"codec": "h263", "size": (144, 176)},
    "fragments.mp4": {"container_options": {"movflags": "frag_keyframe+empty_moov"}, "gop_size": 3},
    "hevc.mp4": {"codec": "libx265", "options": {"x265-params": "log-level=none"}},
    "apng": {"codec": "apng", "pixel_format": "rgb24"},
    "prores.mov": {"codec": "prores_ks", "pixel_format": "yuv422p10le"},
}


@functools.cache
def films() -> tuple[bytes, ...]:
    """One small film of every kind that can be written here."""
    made = []
    with tempfile.TemporaryDirectory() as folder:
        for name, how in FILMS.items():
            told = dict(how)
            height, width = told.pop("size", (48, 64))
            path = Path(folder) / f"film.{name}"
            try:
                write_video(path, [numbered_picture(index, width, height) for index in range(12)], **told)
            except (av.FFmpegError, ValueError):
                continue  # an encoder that this PyAV lacks
            made.append(path.read_bytes())
        write_video(Path(folder) / "a.mkv", [numbered_picture(index) for index in range(12)])
        made.append(as_a_browser_records(Path(folder) / "a.mkv", Path(folder) / "b.mkv").read_bytes())
    assert len(made) >= 8
    return tuple(made)


some_film = st.deferred(lambda: st.sampled_from(films()))

sizes = st.one_of(
    st.sampled_from([(1, 1), (2, 2), (1, 4000), (4000, 1), (3, 5), (7680, 16), (16, 4320)]),
    st.tuples(st.integers(1, 300), st.integers(1, 300)),
)
steps_s = st.sampled_from([1e-6, 1e-3, 1 / 240, 1 / 30, 1.0, 59.0, 61.0, 3600.0, 1e5])


@st.composite
def made_film(draw: DrawFn) -> bytes:
    """A film that no camera makes, written without a mistake."""
    width, height = draw(sizes)
    count = draw(st.integers(1, 12))
    steps = draw(st.lists(steps_s, min_size=count, max_size=count))
    start_s = draw(st.sampled_from([0.0, -5.0, -1e4, 1e4, 0.04]))
    times_s = (start_s + np.cumsum(steps)).tolist()
    ending, codec, pixel_format = draw(
        st.sampled_from(
            [
                ("mkv", "ffv1", "yuv444p"),
                ("mkv", "ffv1", "yuva420p"),
                ("nut", "rawvideo", "gray"),
                ("mov", "png", "rgba"),
                ("avi", "mjpeg", "yuvj444p"),
                ("mkv", "libx264", "yuv444p"),
            ]
        )
    )
    streams = draw(st.sampled_from([1, 1, 1, 2, 40, 400]))
    pictures = [np.full((height, width, 3), (37 * number) % 256, np.uint8) for number in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"film.{ending}"
        aspect = draw(st.sampled_from([None, Fraction(1, 255), Fraction(255, 1), Fraction(4, 3)]))
        try:
            if streams > 1 and ending in ("mkv", "nut"):
                _write_many(path, pictures[:2], streams)
            else:
                write_video(path, pictures, times_s, codec=codec, pixel_format=pixel_format, sample_aspect=aspect)
        except (av.FFmpegError, ValueError, OverflowError):
            return b"nothing that this encoder can write"
        return path.read_bytes()


def _write_many(path: Path, pictures: Sequence[np.ndarray], count: int) -> None:
    """A film with many streams."""
    with av.open(str(path), "w") as output:
        streams: list[Any] = []
        for _ in range(count):
            stream: Any = output.add_stream("ffv1", rate=25)
            stream.height, stream.width = pictures[0].shape[:2]
            stream.pix_fmt = "yuv444p"
            streams.append(stream)
        for number, picture in enumerate(pictures):
            for stream in streams:
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv444p")
                frame.pts = number
                output.mux(stream.encode(frame))
        for stream in streams:
            output.mux(stream.encode(None))


STREAMS = (500, 1000, 1001, 2000, 5000, 20_000)
"""How many streams a container may claim; FFmpeg takes a thousand."""

LARGE = (
    (7680, 4320),
    (4320, 7680),
    (8192, 6100),
    (8192, 6200),
    (10_000, 5001),
    (65_000, 760),
    (65_500, 800),
    (1, 65_500),
)
"""Pictures of 8K, and around the 50 million pixels that are the most."""


def box(name: bytes, *parts: bytes) -> bytes:
    """A box of an mp4."""
    content = b"".join(parts)
    return struct.pack(">I", len(content) + 8) + name + content


def chunk(name: bytes, *parts: bytes) -> bytes:
    """A chunk of an avi."""
    content = b"".join(parts)
    return name + struct.pack("<I", len(content)) + content


@functools.cache
def one_film(ending: str) -> bytes:
    """A small film, its index behind its pictures."""
    with tempfile.TemporaryDirectory() as folder:
        codec, pixel_format = {"mp4": ("libx264", "yuv420p"), "avi": ("mjpeg", "yuvj420p")}[ending]
        path = Path(folder) / f"film.{ending}"
        write_video(path, [numbered_picture(0)], codec=codec, pixel_format=pixel_format)
        return path.read_bytes()


@st.composite
def many_streams(draw: DrawFn) -> bytes:
    """A container that claims hundreds and thousands of streams, in a few kilobytes for each."""
    ending, count = draw(st.sampled_from(("mp4", "mp4", "avi"))), draw(st.sampled_from(STREAMS))
    whole = one_film(ending)
    if ending == "mp4":
        at = whole.index(b"moov") - 4
        (size,) = struct.unpack(">I", whole[at : at + 4])
        assert at + size == len(whole)
        track = whole.index(b"trak", at) - 4
        (track_size,) = struct.unpack(">I", whole[track : track + 4])
        one = bytearray(whole[track : track + track_size])
        head, rest = whole[at + 8 : track], whole[track + track_size :]
        tracks = []
        same = draw(st.booleans())
        place = one.index(b"tkhd") + 16
        for number in range(count):
            if not same:
                one[place : place + 4] = struct.pack(">I", number + 1)
            tracks.append(bytes(one))
        content = whole[:at] + box(b"moov", head, *tracks, rest)
    else:
        at = whole.index(b"strl") - 8
        (size,) = struct.unpack("<I", whole[at + 4 : at + 8])
        one_list, first = whole[at : at + 8 + size], whole.index(b"hdrl") - 8
        movie = whole.index(b"movi") - 8
        header = chunk(b"LIST", whole[first + 8 : at], one_list * count)
        content = chunk(b"RIFF", whole[8:first], header, whole[movie:])
    return content if draw(st.integers(0, 3)) else content[: draw(st.integers(0, len(content)))]


@st.composite
def large_film(draw: DrawFn) -> bytes:
    """Two pictures of 8K and more: a few kilobytes that unpack to hundreds of megabytes."""
    width, height = draw(st.sampled_from(LARGE))
    ending, codec, pixel_format = draw(
        st.sampled_from(
            [
                ("mov", "png", "rgb24"),
                ("mkv", "ffv1", "yuv420p"),
                ("avi", "mjpeg", "yuvj420p"),
                ("mp4", "libx264", "yuv420p"),
                ("webm", "libvpx-vp9", "yuv420p"),
            ]
        )
    )
    shade = draw(st.integers(0, 255))
    picture = av.VideoFrame(width, height, pixel_format)
    for plane in picture.planes:
        plane.update(bytes([shade]) * plane.buffer_size)
    options = {"preset": "ultrafast"} if codec == "libx264" else {"deadline": "realtime", "cpu-used": "8"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"film.{ending}"
        try:
            write_video(
                path, [picture], codec=codec, pixel_format=pixel_format, options=options if "x" in codec else None
            )
        except (av.FFmpegError, ValueError, OverflowError):
            return b"nothing that this encoder can write"
        return path.read_bytes()


# --- poses ---------------------------------------------------------------------------------------------------------


def packed(members: Mapping[str, np.ndarray]) -> bytes:
    """As NumPy packs them."""
    stream = io.BytesIO()
    kept: dict[str, Any] = dict(members)
    np.savez_compressed(stream, **kept)
    return stream.getvalue()


@functools.cache
def pose_members() -> Mapping[str, np.ndarray]:
    """The members of a pose file of a short set."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "poses.npz"
        save_poses(film(deadlift(1), fps=15.0, noise_px=1.0), path)
        with np.load(path) as archive:
            return dict(archive)


@functools.cache
def good_pose_file() -> bytes:
    """A pose file as it should be; made once, as archives tell the time."""
    return packed(pose_members())


TYPES = ("f2", "f4", "f8", "g", "c8", "i4", "u1", "?", "U9", "S9", "M8[s]", ">f4")
nasty_floats = st.sampled_from([0.0, -0.0, np.nan, np.inf, -np.inf, 1e-300, 1e6, 9e6, 1e30, -1e6, 0.5])
nasty_values: SearchStrategy[Any] = st.sampled_from(
    [None, True, "", "x", "a" * 3000, "\x1b[31m\n\x00", -1, 0, 10**9, 10**400, 1e308, [], {}, [[]], "NaN", "é" * 90]
)


@st.composite
def pose_file(draw: DrawFn) -> bytes:
    """A pose file with wrong numbers, types, shapes or facts."""
    members = {name: values.copy() for name, values in pose_members().items()}
    for _ in range(draw(st.integers(1, 4))):
        name = draw(st.sampled_from(sorted(members)))
        values = members[name]
        match draw(st.sampled_from(("values", "values", "type", "shape", "gone", "facts", "times", "times"))):
            case "values" if values.dtype.kind == "f" and values.size:
                _spoil(draw, values)
            case "type":
                with np.errstate(all="ignore"):
                    members[name] = _as_type(values, draw(st.sampled_from(TYPES)))
            case "shape":
                cut = draw(st.integers(0, max(0, len(np.atleast_1d(values)))))
                members[name] = np.atleast_1d(values)[:cut] if draw(st.booleans()) else np.atleast_1d(values)[None]
            case "gone":
                del members[name]
            case "facts" if "about" in members:
                members["about"] = np.array(
                    json.dumps(_with_wrong_leaf(draw, json.loads(str(pose_members()["about"]))))
                )
            case "times" if "time_s" in members and members["time_s"].dtype.kind == "f":
                members["time_s"] = _wrong_times(draw, members["time_s"])
    return packed(members)


def _spoil(draw: DrawFn, values: np.ndarray) -> None:
    flat = values.reshape(-1)
    start = draw(st.integers(0, flat.size - 1))
    length = draw(st.sampled_from([1, 7, 100, flat.size]))
    flat[start : start + length] = draw(nasty_floats)


def _as_type(values: np.ndarray, kind: str) -> np.ndarray:
    try:
        return values.astype(kind)
    except (TypeError, ValueError):
        return np.zeros(values.shape, "u1")


def _wrong_times(draw: DrawFn, time_s: np.ndarray) -> np.ndarray:
    if not time_s.size:
        return time_s
    place = draw(st.integers(0, time_s.size - 1))
    changed = time_s.copy()
    match draw(st.sampled_from(("scaled", "gap", "back", "one", "start"))):
        case "scaled":
            changed *= draw(st.sampled_from([1e-9, 1e-3, 30.0, 600.0, 1e7]))
        case "gap":
            changed[place:] += draw(st.sampled_from([1.0, 60.0, 7000.0, 1e7]))
        case "back":
            changed[place:] -= 1.0
        case "one":
            changed[place] = draw(nasty_floats)
        case "start":
            changed += draw(st.sampled_from([-1e6, 1e6, 1e12]))
    return changed


# --- JSON and TOML -------------------------------------------------------------------------------------------------


def _with_wrong_leaf(draw: DrawFn, data: Any, changes: int = 1) -> Any:
    """Plain data with a wrong value somewhere, at any depth."""
    data = json.loads(json.dumps(data))
    for _ in range(changes):
        node, key = None, None
        inside = data
        while isinstance(inside, dict | list) and inside and (node is None or draw(st.integers(0, 4))):
            key = draw(st.sampled_from(sorted(inside) if isinstance(inside, dict) else range(len(inside))))
            node, inside = inside, inside[key]
        if node is not None and key is not None:
            if draw(st.integers(0, 5)) or isinstance(node, list):
                node[key] = draw(nasty_values)
            else:
                del node[key]
    return data


@functools.cache
def report_data() -> dict[str, Any]:
    """report.json of a real analysis."""
    return analyze(film(deadlift(2), fps=15.0, noise_px=1.0), load_kg=60.0).to_dict()


@st.composite
def report_file(draw: DrawFn) -> bytes:
    """report.json with wrong values."""
    return json.dumps(_with_wrong_leaf(draw, report_data(), draw(st.integers(1, 3)))).encode()


GOOD_SETTINGS = b"""presets = ["low-bar"]
[lifter]
height_cm = 178
earlier_back_injury = true
depth_target = "parallel"
load_unit = "lb"
[variants]
deadlift = "sumo"
[checks.deadlift.back-rounding]
watch = 18
fault = 24
[checks.squat]
butt-wink = false
[checks.all.back-rounding]
watch = 20
[limits]
minutes = 240
frames = 1e5
"""

WORDS = (
    "presets lifter height_cm earlier_back_injury depth_target load_unit variants deadlift squat kettlebell-swing "
    "checks all back-rounding depth watch fault butt-wink limits minutes frames memory_gib"
)
keys = st.sampled_from(WORDS.split())
NASTY_TOML = (
    *("true", "inf", "nan", "-1", "0", "178", "1e400", "9" * 400, "9" * 5000, "1979-05-27", '""', "''"),
    *("0x" + "f" * 400, '"parallel"', '"lb"', "1_000", "1e-400", '"' + "k" * 5000 + '"', '"\\u0000"'),
)
toml_values = st.recursive(
    st.one_of(
        st.sampled_from(NASTY_TOML),
        st.floats().map(str),
        st.integers().map(str),
        st.text(max_size=20).map(json.dumps),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda values: f"[{', '.join(values)}]"),
        st.dictionaries(keys, inner, max_size=3).map(
            lambda table: "{" + ", ".join(f"{key} = {value}" for key, value in table.items()) + "}"
        ),
        st.tuples(inner, st.sampled_from([3, 200, 3000])).map(lambda pair: "[" * pair[1] + pair[0] + "]" * pair[1]),
    ),
    max_leaves=6,
)


@st.composite
def settings_file(draw: DrawFn) -> bytes:
    """Settings of known words in a wrong place, with wrong values."""
    lines = []
    for _ in range(draw(st.integers(1, 6))):
        if draw(st.booleans()):
            lines.append(f"[{'.'.join(draw(st.lists(keys, min_size=1, max_size=4)))}]")
        lines.append(f"{draw(keys)} = {draw(toml_values)}")
    return "\n".join(lines).encode("utf-8", "surrogatepass")


# --- histories -----------------------------------------------------------------------------------------------------


@functools.cache
def history_files() -> tuple[bytes, bytes]:
    """A history of two sets: the database, and its export."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.sqlite3"
        with open_history(path) as history:
            history.save_set(report(), recording(1), lifter="Ada", notes="first")
            history.save_set(report_data(), recording(2), lifter="Ben")
            export_history(history, Path(folder) / "export.zip")
        with sqlite3.connect(path) as database:
            database.execute("PRAGMA journal_mode = DELETE")
        database.close()
        return path.read_bytes(), (Path(folder) / "export.zip").read_bytes()


@st.composite
def export_file(draw: DrawFn) -> bytes:
    """An export whose history.json has wrong values, or whose entries are others."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(history_files()[1])) as source,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as out,
    ):
        for entry in source.namelist():
            content = source.read(entry)
            if entry.endswith(".json"):
                content = json.dumps(_with_wrong_leaf(draw, json.loads(content), draw(st.integers(0, 3)))).encode()
            elif draw(st.integers(0, 3)) == 0:
                content = draw(st.one_of(pose_file(), st.just(b""), st.just(content[: len(content) // 2])))
            name = draw(st.sampled_from([entry, entry, entry, f"../{entry}", f"/{entry}", entry.upper()]))
            out.writestr(name, content)
    return stream.getvalue()


NASTY_CELLS = st.sampled_from(
    [
        *(None, "", "x", 0, -1, 1e308, b"\xff\x00", "{}", "[]", "{", "null", '{"schema": 99}'),
        *("0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59-12:00", "0001-01-01 00:00:00.000000", "soon"),
    ]
)


@st.composite
def database_file(draw: DrawFn) -> bytes:
    """A history in which rows have wrong values."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.sqlite3"
        path.write_bytes(history_files()[0])
        database = sqlite3.connect(path)
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for _ in range(draw(st.integers(1, 3))):
            table = draw(st.sampled_from(sorted(tables)))
            columns = [row[1] for row in database.execute(f"PRAGMA table_info('{table}')")]
            with contextlib.suppress(sqlite3.Error):  # some values no table takes
                database.execute(f"UPDATE '{table}' SET {draw(st.sampled_from(columns))} = ?", [draw(NASTY_CELLS)])
                database.commit()
        database.close()
        return path.read_bytes()


# --- manifests and answers -----------------------------------------------------------------------------------------

CELLS = st.one_of(
    st.sampled_from(
        [
            *(
                "",
                "set.mp4",
                "/etc/passwd",
                "../..",
                "s3://x",
                "http://[",
                "\0",
                "é" * 300,
                "a" * 200_000,
                '"',
                '""',
                "'",
            ),
            *("deadlift", "squat", "lift", "sumo", "100", "100 kg", "1e400", "-5", "nan", "9" * 5000, "2026-02-30"),
            *("0001-01-01", "99999-01-01", "=1+1", "\x1b[31m", "line\nbreak", ","),
        ]
    ),
    st.text(max_size=20),
)
HEADINGS = st.sampled_from(
    ["file", "lifter", "exercise", "variant", "load", "date", "notes", "FILE", "files", "weight"]
)


@st.composite
def manifest_file(draw: DrawFn) -> bytes:
    """A table of clips whose cells are nonsense; quotes are not closed now and then."""
    delimiter = draw(st.sampled_from(",,;\t"))
    head = ["file", *draw(st.lists(HEADINGS, max_size=6))] if draw(st.integers(0, 3)) else draw(st.lists(HEADINGS))
    rows = draw(st.lists(st.lists(CELLS, max_size=8), max_size=6))
    lines = [delimiter.join(row) for row in (head, *rows)]
    return draw(st.sampled_from(("\n", "\r\n", "\r"))).join(lines).encode("utf-8", "surrogatepass")


GOOD_ANSWERS: Mapping[str, Any] = {
    "day": "9000-01-01",
    "answers": {"ready": {"pain": ["none"], "earlier": "none", "rest": "fresh"}},
}


@st.composite
def answers_file(draw: DrawFn) -> bytes:
    """What was answered today, with wrong values."""
    return json.dumps(_with_wrong_leaf(draw, GOOD_ANSWERS, draw(st.integers(1, 3)))).encode()


# --- names ---------------------------------------------------------------------------------------------------------

NASTY_NAMES = ("..", ".", "/", "\\", "CON", "nul.mp4", "a" * 5000, " " * 5000, "-" * 5000, "\u202egpj.exe", "\x1b[2J")
NASTY_LETTERS = ' -._()+é\u0301\u200d/\\:*?"<>|\n\t'
names = st.one_of(
    st.text(min_size=1, max_size=300),
    st.sampled_from(NASTY_NAMES),
    st.text(st.sampled_from(NASTY_LETTERS), min_size=1, max_size=2000),
).map(lambda name: name.replace("\0", "0").encode("utf-8", "surrogateescape"))  # no system takes a zero in a name


# --- all -----------------------------------------------------------------------------------------------------------

KINDS: Mapping[str, tuple[str, str, SearchStrategy[bytes]]] = {
    "video": ("damaged videos", ".mp4", damaged(some_film)),
    "made": ("videos that no camera makes", ".mkv", made_film()),
    "streams": ("hundreds and thousands of streams", ".mp4", many_streams()),
    "large": ("pictures of 8K and more", ".mp4", large_film()),
    "npz": ("pose files", ".npz", mostly(pose_file(), good_pose_file)),
    "toml": ("settings", ".toml", mostly(settings_file(), lambda: GOOD_SETTINGS)),
    "json": ("reports", ".json", mostly(report_file(), lambda: json.dumps(report_data()).encode())),
    "zip": ("exports of a history", ".zip", mostly(export_file(), lambda: history_files()[1])),
    "sqlite": ("histories", ".sqlite3", mostly(database_file(), lambda: history_files()[0])),
    "csv": ("tables of clips for a batch", ".csv", mostly(manifest_file(), lambda: b"file,lifter\nset.mp4,Ada\n")),
    "answers": ("what was answered today", ".json", mostly(answers_file(), lambda: json.dumps(GOOD_ANSWERS).encode())),
    "name": ("names of files", ".txt", names),
}
"""By name: a title, the ending of the file, and how to make one."""
