"""Loads what every analysis needs, once, in the process that all others are forked from.

`formcheck.batch.processes` has this module imported by the fork server: loading the libraries takes longer than many a
clip, and a forked process has them at once. Nothing here starts a thread, as a fork would not take it along.
"""

from __future__ import annotations

from formcheck.batch.clip import one_thread_each

one_thread_each()

import cv2  # noqa: E402

from formcheck.vision import openvino_backend  # noqa: E402

cv2.setNumThreads(1)
openvino_backend.preload()
