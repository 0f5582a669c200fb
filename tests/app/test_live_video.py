"""Frames out of packets on their way in: none is kept back, none is lost or mixed. Who may have how many sessions."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

aiortc = pytest.importorskip("aiortc", reason="the live page's library, streamlit-webrtc, is not installed")

from aiortc.jitterbuffer import JitterBuffer  # noqa: E402
from aiortc.rtp import RtpPacket  # noqa: E402

from formcheck.app.live_video import Eye, PromptBuffer  # noqa: E402
from formcheck.live.browser import BrowserSession  # noqa: E402
from formcheck.live.session import SessionOptions  # noqa: E402

FRAME_TICKS = 6000


def packet(number: int, frame: int, data: bytes, last: bool = False) -> RtpPacket:
    made = RtpPacket(sequence_number=number & 0xFFFF, timestamp=FRAME_TICKS * frame, marker=int(last))
    made._data = data  # type: ignore[attr-defined]
    return made


def packets_of(sizes: Sequence[int], first: int = 0) -> list[RtpPacket]:
    """The packets of frames that have that many each; the data name frame and packet."""
    parts = [(frame, part, part == size - 1) for frame, size in enumerate(sizes) for part in range(size)]
    return [
        packet(first + number, frame, f"{frame}.{part} ".encode(), last)
        for number, (frame, part, last) in enumerate(parts)
    ]


def frames_from(buffer: JitterBuffer, packets: Sequence[RtpPacket]) -> list[tuple[int, int, bytes]]:
    """Each frame that came out: with which packet, its time, its data."""
    found = []
    for place, each in enumerate(packets):
        _, frame = buffer.add(each)
        if frame is not None:
            found.append((place, frame.timestamp, frame.data))
    return found


def test_connections_use_it() -> None:
    receiver = importlib.import_module("aiortc.rtcrtpreceiver")
    assert receiver.JitterBuffer is PromptBuffer


def test_a_frame_comes_out_with_its_last_packet() -> None:
    packets = packets_of([2, 1, 3])
    assert frames_from(PromptBuffer(16, is_video=True), packets) == [
        (1, 0, b"0.0 0.1 "),
        (2, FRAME_TICKS, b"1.0 "),
        (5, 2 * FRAME_TICKS, b"2.0 2.1 2.2 "),
    ]
    # The library's own waits for the next frame's first packet, and never gives out the last one here.
    assert [place for place, *_ in frames_from(JitterBuffer(16, is_video=True), packets)] == [2, 3]


def test_a_packet_that_is_late_is_waited_for() -> None:
    packets = packets_of([3, 2])
    late = [packets[0], packets[2], packets[3], packets[1], packets[4]]
    assert frames_from(PromptBuffer(16, is_video=True), late) == [
        (3, 0, b"0.0 0.1 0.2 "),
        (4, FRAME_TICKS, b"1.0 1.1 "),
    ]


def test_padding_behind_a_frame_is_no_frame() -> None:
    padding = packet(2, 0, b"")
    packets = [*packets_of([2]), padding, packet(3, 1, b"1.0 ", last=True)]
    found = frames_from(PromptBuffer(16, is_video=True), packets)
    assert found == [(1, 0, b"0.0 0.1 "), (3, FRAME_TICKS, b"1.0 ")]


def test_sound_is_put_together_as_ever() -> None:
    packets = packets_of([1] * 8)
    assert frames_from(PromptBuffer(16, prefetch=4), packets) == frames_from(JitterBuffer(16, prefetch=4), packets)


@given(
    sizes=st.lists(st.integers(1, 5), min_size=2, max_size=12),
    first=st.sampled_from([0, 1000, 0xFFFA]),
    swaps=st.lists(st.integers(1, 40), max_size=6),
)
def test_the_same_frames_as_the_librarys_own_and_never_later(sizes: list[int], first: int, swaps: list[int]) -> None:
    packets = packets_of(sizes, first)
    for swap in swaps:
        # The first packet says where the numbers begin.
        if swap + 1 < len(packets):
            packets[swap], packets[swap + 1] = packets[swap + 1], packets[swap]
    prompt = frames_from(PromptBuffer(64, is_video=True), packets)
    usual = frames_from(JitterBuffer(64, is_video=True), packets)
    assert [frame[1:] for frame in prompt[: len(usual)]] == [frame[1:] for frame in usual]
    assert all(ours[0] <= theirs[0] for ours, theirs in zip(prompt, usual, strict=False))
    assert [data for *_, data in prompt] == [
        b"".join(f"{frame}.{part} ".encode() for part in range(size)) for frame, size in enumerate(sizes)
    ][: len(prompt)]


class Camera:
    """A track that gives no picture."""

    async def recv(self) -> object:
        return await asyncio.Event().wait()


class NoAnalyser:
    """Stands in for the pose model, which is not reached without a picture."""

    def close(self) -> None:
        """Nothing to free."""


async def begun(*accounts: str) -> list[bool]:
    """One connection after the other begins for these accounts; which of the sessions have ended by then."""
    eyes = []
    for account in accounts:
        live = BrowserSession(SessionOptions(), NoAnalyser, keep_video=False)  # type: ignore[arg-type]
        eyes.append(Eye(live, account))
        eyes[-1].addTrack(Camera())
        eyes[-1].start()
    for eye in eyes:
        if eye.session.moved:
            assert eye._worker is not None
            eye._worker.join(30.0)
            assert eye.session.view().ended
    moved = [eye.session.moved for eye in eyes]
    for eye in eyes:
        eye.stop()
        assert eye._task is not None
        eye._task.cancel()
    return moved


def test_an_account_has_one_live_session_and_others_go_on() -> None:
    assert asyncio.run(begun("anna", "ben", "anna")) == [True, False, False]


def test_without_accounts_every_tab_has_its_own() -> None:
    assert asyncio.run(begun("", "")) == [False, False]
