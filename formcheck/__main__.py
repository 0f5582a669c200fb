"""``python -m formcheck``, and the entry point of the ``formcheck`` command."""

from __future__ import annotations

import sys
import warnings


def main() -> None:
    """Run the command line; Ctrl-C is answered politely even while it is still being loaded."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # what libraries say to programmers is nothing to a lifter
    try:
        from formcheck.cli.language import take_language
        from formcheck.cli.supervised import supervise, wants_supervision, work_supervised
        from formcheck.core.errors import UsageError

        try:
            sys.argv[1:] = take_language(sys.argv[1:])
        except UsageError as error:
            sys.stderr.write(f"{error}\n")
            raise SystemExit(error.exit_code) from None

        if wants_supervision(sys.argv[1:]):
            raise SystemExit(supervise(sys.argv[1:]))
        work_supervised(sys.argv[1:])
        from formcheck.cli.main import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
