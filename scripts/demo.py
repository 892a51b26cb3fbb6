"""
Plan the example town and say where its map and report lie.

Run it with any Python from 3.11 on; it makes its own environment: ``python3 scripts/demo.py``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import _environment as environment

PLAN = environment.ROOT / "data" / "town" / "plan.toml"


def main() -> int:
    """Install the package, run the plan of the example town, and print where the results lie."""
    environment.check_python()
    parser = argparse.ArgumentParser(description="Plan the example town.")
    environment.add_options(parser)
    parser.add_argument(
        "--out",
        type=Path,
        default=environment.ROOT / "out",
        metavar="DIR",
        help="folder of the results [default: out in the checkout]",
    )
    options = parser.parse_args()
    environment.prepare(options.venv, wheelhouse=options.wheelhouse)
    walkcover = environment.program(options.venv.resolve(), "walkcover")
    out = options.out.resolve()
    command = [str(walkcover), "run", str(PLAN), "--out", str(out), "--overwrite"]
    code = subprocess.run(command, check=False).returncode
    if code:
        return code
    print(f"Map:    {out / 'map.html'}\nReport: {out / 'report.html'}\nOpen both in any browser.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
