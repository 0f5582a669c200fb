"""Make .venv and install FormCheck in it: python3 scripts/set_up.py [EXTRA ...]

Also says, in one line each, what is missing for that: a newer Python, the venv module, system libraries. It has to
start on Python 3.6 too, or it could not say that a Python is too old: hence the old-fashioned code.
"""

import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
VENV_PYTHON = os.path.join(VENV, "Scripts", "python.exe") if os.name == "nt" else os.path.join(VENV, "bin", "python")
OLDEST = (3, 11)
CONSTRAINTS = os.path.join(ROOT, "constraints.txt")

LIBRARIES_CHECK = """
import sys
from formcheck.vision.system_libraries import install_command, linux_family, missing_libraries
import os
missing = missing_libraries()
if missing:
    names = ", ".join(library.file for library in missing)
    command = install_command(missing, linux_family(), as_root=os.geteuid() == 0)
    sys.exit("This system lacks " + names + ". Install them, then start again:  " + command)
"""


def problem_with_this_python() -> "str | None":
    """One line that says why a .venv cannot be made with the Python that runs this, or None."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info < OLDEST:
        return (
            f"FormCheck needs Python {OLDEST[0]}.{OLDEST[1]} or newer, and {sys.executable} is {version}: "
            "install one and name it, for example  make demo PYTHON=python3.12"
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return (
            f"This Python ({sys.executable}) cannot make virtual environments. On Debian and Ubuntu:  "
            f"sudo apt-get update && sudo apt-get install python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        )
    return None


def works(python: str) -> bool:
    """Whether that Python starts, is new enough and has pip; a moved or half-made .venv fails here."""
    check = f"import sys, pip; sys.exit(sys.version_info < {OLDEST!r})"
    try:
        return subprocess.call([python, "-c", check], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def fitting_constraints(path: str, version: "tuple[int, int]") -> "list[str]":
    """What pip is told so that it takes the versions that were tested together, where they are for this Python."""
    if not os.path.isfile(path):
        return []
    with open(path, encoding="utf-8") as file:
        made_for = file.readline().strip()
    return ["--constraint", path] if made_for == f"# Python {version[0]}.{version[1]}" else []


def version_of(python: str) -> "tuple[int, int]":
    """Major and minor version of that Python."""
    said = subprocess.check_output([python, "-c", "import sys; print(*sys.version_info[:2])"]).split()
    return int(said[0]), int(said[1])


def main(extras: "list[str]") -> int:
    """Set up .venv with these extras; returns the exit code."""
    if not works(VENV_PYTHON):
        problem = problem_with_this_python()
        if problem:
            sys.stderr.write(problem + "\n")
            return 2
        print("Making .venv ...", flush=True)
        subprocess.check_call([sys.executable, "-m", "venv", "--clear", VENV])
    print("Installing FormCheck and what it needs into .venv (some minutes the first time) ...", flush=True)
    what = ROOT + (f"[{','.join(extras)}]" if extras else "")
    pip = [VENV_PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--editable", what]
    pinned = fitting_constraints(CONSTRAINTS, version_of(VENV_PYTHON))
    done = subprocess.call([*pip, *pinned]) == 0
    if pinned and not done:
        print("The versions in constraints.txt cannot be had here: trying the newest ones ...", flush=True)
        done = subprocess.call(pip) == 0
    if not done:
        sys.stderr.write("Installing failed; pip's last lines say why. Start again when that is repaired.\n")
        return 2
    return subprocess.call([VENV_PYTHON, "-c", LIBRARIES_CHECK])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
