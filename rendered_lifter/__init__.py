"""A rendered lifter whose spine and joint angles are known exactly: ground truth for FormCheck.

A development tool, not part of the installed package. It shares no code with `formcheck`, so the truth it writes
beside each clip is independent of the measures that are compared with it. Run it as `python -m rendered_lifter`.
"""

from .spec import BodySpec, ClipSpec, Faults, SceneSpec, random_spec

__all__ = ["BodySpec", "ClipSpec", "Faults", "SceneSpec", "random_spec", "render_clip"]


def render_clip(spec: ClipSpec, path: str) -> dict[str, object]:
    """Render `spec` to the H.264 file `path`, write the truth beside it as JSON, and return the truth."""
    from .clip import render_clip as render

    return render(spec, path)
