"""Command line of the rendered lifter: `python -m rendered_lifter render|samples|fetch`."""

from __future__ import annotations

import sys

from .cli import main

sys.exit(main())
