"""What FormCheck is made of: ``python -m scripts.supply_chain audit | licences | sbom``.

audit asks the database of known weaknesses about everything that is installed; licences lists under which terms it
comes, and refuses what a program under the Apache licence could not bring along; sbom writes all of it as CycloneDX to
build/sbom.json.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SBOM = ROOT / "build" / "sbom.json"

NOT_REACHED = "The database of known weaknesses cannot be reached from here: nothing was audited. Try with a network."
OWN_COPYLEFT = ("AGPL", "Affero")
"""Terms that would reach FormCheck itself; weaker ones (LGPL, MPL) hold for the library alone."""


def audit() -> int:
    """1 when something with a known weakness is installed; 0 as well when that cannot be found out, which is said."""
    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", "--progress-spinner=off", "--skip-editable", "--format=json"],
        capture_output=True,
        text=True,
    )
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        found = []
    audited = [each for each in found if "skip_reason" not in each]
    if not audited:
        print(NOT_REACHED)
        return 0
    weak = [each for each in audited if each["vulns"]]
    for each in weak:
        print(f"{each['name']} {each['version']}: {', '.join(known['id'] for known in each['vulns'])}")
    print(f"{len(audited)} of {len(found)} audited, {len(weak)} with known weaknesses")
    return 1 if weak else 0


def licences() -> int:
    """1 when a licence is among what is installed that reaches FormCheck itself."""
    done = subprocess.run(
        [sys.executable, "-m", "piplicenses", "--from=mixed", "--format=json"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    for each in found:
        print(f"{each['Name']} {each['Version']}: {each['License']}")
    wrong = [each["Name"] for each in found if any(word in each["License"] for word in OWN_COPYLEFT)]
    if wrong:
        print(f"Cannot come along with FormCheck: {', '.join(wrong)}", file=sys.stderr)
    return 1 if wrong else 0


def sbom() -> int:
    """Write the list; returns the exit code of the program that makes it."""
    SBOM.parent.mkdir(exist_ok=True)
    words = ["environment", "--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible", "-o", str(SBOM)]
    code = subprocess.call([sys.executable, "-m", "cyclonedx_py", *words, sys.executable])
    if code == 0:
        count = len(json.loads(SBOM.read_text(encoding="utf-8"))["components"])
        print(f"{SBOM.relative_to(ROOT)}: {count} components")
    return code


def main() -> int:
    """Do what is asked for."""
    return {"audit": audit, "licences": licences, "sbom": sbom}[sys.argv[1]]()


if __name__ == "__main__":
    sys.exit(main())
