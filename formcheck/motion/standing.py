"""What counts as standing, by the height of the shoulders: every threshold, and why they are not one.

Heights are in standing shoulder heights: 1.0 is the usual height of the shoulders above the ankles of the lifter who
stands. A lifter who stands wobbles around it, and the camera moves it, so the question decides how near is near enough.
"""

from __future__ import annotations

CAME_UP = 0.90
"""The lifter has come up, and nothing is being lifted. Lenient, as the alternative is to call a repetition partial:
soft knees, rounded shoulders or a step away from the camera take up to a tenth."""

LEFT_STANDING = 0.85
"""Below this a live set begins. Lower than `CAME_UP`, so that who sways at that height does not begin and end sets."""

FEET_FLAT = 0.93
"""The heels are on the floor, which they are well before the lifter is straight: frames that show flat feet are few
behind plates, and a stricter limit would lose most of them."""

LEVEL = 0.95
"""Shoulders and hips are level, so that a tilt can be told against it: a lifter who is still coming up is not."""

UPRIGHT = 0.96
"""The back is that of somebody who stands, in frames that become the lifter's own neutral. Strict, as everything that
is said about the back is told against it."""
