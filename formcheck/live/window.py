"""The terminal's window: the camera's picture with count, gauge and cue in large letters."""

from __future__ import annotations

import math
import os
import socket
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from formcheck.core.landmarks import Landmark
from formcheck.core.verdicts import FAULT, WATCH
from formcheck.live.session import Snapshot, State
from formcheck.render.skeleton_drawing import draw_back, draw_body
from formcheck.vision.pose_estimation import faces_right
from formcheck.vision.tracking import Detection

TITLE = "FormCheck live: q ends, space = set over, m = mute"
GO_ON, END, SET_OVER, MUTE = "go on", "end", "set over", "mute"
KEYS = {ord("q"): END, 27: END, ord(" "): SET_OVER, ord("m"): MUTE}
HEIGHT = 720
CONNECT_S = 1.0
CUE_SHOWN_S = 3.0

WHITE, BLACK, TEAL, AMBER, RED = (255, 255, 255), (20, 20, 20), (170, 200, 0), (0, 190, 255), (70, 70, 240)
"""Blue, green, red."""


def display_problem() -> str:
    """Why no window can be shown on this machine; "" when one can.

    OpenCV ends the whole process when it cannot reach a display, so this is asked beforehand.
    """
    if not sys.platform.startswith("linux"):
        return ""
    display = os.environ.get("DISPLAY", "")
    if not display:
        return "There is no display for a window"
    return "" if _answers(display) else f"The display {display} does not answer"


def can_draw_windows() -> bool:
    """False for builds of OpenCV without windows."""
    lines = [line for line in cv2.getBuildInformation().splitlines() if line.strip().startswith("GUI:")]
    return bool(lines) and "NONE" not in lines[0].upper()


def _answers(display: str) -> bool:
    host, _, number = display.rpartition(":")
    number = number.split(".")[0]
    if not number.isdecimal():
        return False
    kinds: list[tuple[int, str | tuple[str, int]]] = []
    if host in ("", "unix") and hasattr(socket, "AF_UNIX"):
        path = f"/tmp/.X11-unix/X{number}"
        kinds = [(socket.AF_UNIX, path), (socket.AF_UNIX, f"\0{path}")] if Path(path).exists() else []
    elif host:
        kinds = [(socket.AF_INET, (host, 6000 + int(number)))]
    for kind, address in kinds:
        with socket.socket(kind, socket.SOCK_STREAM) as line:
            line.settimeout(CONNECT_S)
            try:
                line.connect(address)
            except OSError:
                continue
            return True
    return False


class Window:
    """Shows frames; `show` tells what the user wants."""

    def __init__(self) -> None:
        self._cue, self._cue_until_s = "", -math.inf
        cv2.namedWindow(TITLE, cv2.WINDOW_NORMAL)

    def show(self, rgb: NDArray[np.uint8], person: Detection | None, now: Snapshot, delay_ms: float) -> str:
        """Draw and show one frame; `END` once the user has closed the window or pressed q, else what was pressed."""
        if now.cue:
            self._cue, self._cue_until_s = now.cue, now.time_s + CUE_SHOWN_S
        cue = self._cue if now.time_s < self._cue_until_s and now.in_frame else ""
        cv2.imshow(TITLE, picture(rgb, person, now, cue, delay_ms))
        pressed = KEYS.get(cv2.waitKey(1) & 0xFF, GO_ON)
        return pressed if cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) >= 1 else END

    def close(self) -> None:
        """Take the window away."""
        cv2.destroyAllWindows()


def picture(
    rgb: NDArray[np.uint8], person: Detection | None, now: Snapshot, cue: str, delay_ms: float
) -> NDArray[np.uint8]:
    """What the window shows, (H, W, 3) blue-green-red."""
    scale = HEIGHT / rgb.shape[0]
    size = (max(2, round(rgb.shape[1] * scale)), HEIGHT)
    bgr = np.ascontiguousarray(cv2.cvtColor(cv2.resize(rgb, size), cv2.COLOR_RGB2BGR))
    colour = {FAULT: RED, WATCH: AMBER}.get(now.reading.verdict, TEAL)
    if person is not None:
        points_px = person.image_px[:, :2] * scale
        draw_body(bgr, points_px, limbs=WHITE, trunk=colour, limb_px=2, trunk_px=4)
        if math.isfinite(now.reading.back_rounding_deg):
            contour_px = person.contour_px[0 if faces_right(person) > 0 else 1] * scale
            draw_back(bgr, contour_px, colour=colour, width_px=6)
        if now.shows_depth:
            knee = round(person.image_px[[Landmark.LEFT_KNEE, Landmark.RIGHT_KNEE], 1].mean() * scale)
            cv2.line(bgr, (0, knee), (size[0], knee), WHITE, 1, cv2.LINE_AA)
    _text(bgr, str(now.countdown or now.reps), (24, 110), 4.0, WHITE)
    _text(bgr, now.state, (24, 150), 0.9, TEAL if now.state == State.READY else WHITE)
    _text(bgr, f"back {_deg(now.reading.back_rounding_deg, signed=True)}", (24, 195), 1.0, colour)
    _text(bgr, f"hip {_deg(now.reading.hip_flexion_deg)}", (24, 235), 0.8, WHITE)
    _text(bgr, f"knee {_deg(now.reading.knee_flexion_deg)}", (24, 270), 0.8, WHITE)
    _text(bgr, f"{delay_ms:.0f} ms", (24, HEIGHT - 16), 0.6, WHITE)
    for place, line in enumerate(_wrapped(cue or now.message, max(14, size[0] // 24))):
        _text(bgr, line, (24, HEIGHT - 140 + 44 * place), 1.2, RED if cue else WHITE)
    return bgr


def _deg(value: float, signed: bool = False) -> str:
    return "--" if not math.isfinite(value) else f"{value:+.0f}" if signed else f"{value:.0f}"


def _wrapped(text: str, width: int) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + len(word) < width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines[:3]


def _text(bgr: NDArray[np.uint8], text: str, at: tuple[int, int], size: float, colour: tuple[int, int, int]) -> None:
    plain = text.encode("ascii", "replace").decode()
    thick = max(2, round(2 * size))
    cv2.putText(bgr, plain, at, cv2.FONT_HERSHEY_SIMPLEX, size, BLACK, thick + 3, cv2.LINE_AA)
    cv2.putText(bgr, plain, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, thick, cv2.LINE_AA)
