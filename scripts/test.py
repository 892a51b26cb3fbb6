"""
Run all tests and checks: pytest, the examples in the documentation, ruff, mypy.

Run it with any Python from 3.11 on; it makes its own environment: ``python3 scripts/test.py``.
Arguments after ``--`` go to pytest: ``python3 scripts/test.py -- -k snap``.
"""

from __future__ import annotations

import argparse
import ctypes.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import _environment as environment

# Debian's package, the program or library that shows it is there, and which tests are skipped
# without it.
SYSTEM_PACKAGES = (
    ("chromium", "chromium", "tests that open the map in a browser"),
    ("fonts-noto-cjk", "", "tests that look at Chinese text in a picture"),
    ("poppler-utils", "pdftotext", "tests that read a printed report"),
    ("libpango-1.0-0", "libpango-1.0", "tests that print a report without a browser"),
    ("libpangoft2-1.0-0", "libpangoft2-1.0", "tests that print a report without a browser"),
    ("libharfbuzz-subset0", "libharfbuzz-subset", "tests that print a report without a browser"),
)
# Wide enough that pytest does not cut off why a test was skipped.
COLUMNS = "200"
# Each takes up to 2 GB.
MOST_WORKERS = "4"


def main() -> int:
    """Make the environment, run every check, print a line for each, return the worst exit code."""
    environment.check_python()
    own, for_pytest = split_arguments(sys.argv[1:])
    parser = argparse.ArgumentParser(
        description="Run all tests and checks.", epilog="Arguments after -- go to pytest."
    )
    environment.add_options(parser)
    options = parser.parse_args(own)
    python = environment.prepare(options.venv, extra="test", wheelhouse=options.wheelhouse)
    install_system_packages()
    variables = {"COLUMNS": COLUMNS, **os.environ}
    codes = {}
    for name, command in checks(python, for_pytest).items():
        print(f"\n== {name} ==", flush=True)
        run = subprocess.run(command, cwd=environment.ROOT, env=variables, check=False)
        codes[name] = run.returncode
    print("\n== summary ==")
    for name, code in codes.items():
        print(f"{'passed' if code == 0 else f'FAILED ({code})'}: {name}")
    return worst(list(codes.values()))


def split_arguments(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Part the arguments at ``--``: ours before it, pytest's behind it."""
    if "--" not in arguments:
        return arguments, []
    cut = arguments.index("--")
    return arguments[:cut], arguments[cut + 1 :]


def checks(python: Path, for_pytest: list[str]) -> dict[str, list[str]]:
    """
    Command of each check by its name.

    Python's ``-P`` keeps the checkout off the path of modules, where the folder ``coverage`` would
    stand before coverage.py.
    """
    run = [str(python), "-P", "-m"]
    # A worker takes whole files, whose tests share pages and runs that take long to make.
    parallel = ["-n", "auto", "--maxprocesses", MOST_WORKERS, "--dist", "loadfile"]
    return {
        "tests": [*run, "pytest", *parallel, *for_pytest],
        "examples": [*run, "pytest", "--pyargs", "walkcover", "--doctest-modules"],
        "ruff": [*run, "ruff", "check", "."],
        "mypy": [*run, "mypy"],
    }


def worst(codes: list[int]) -> int:
    """Worst exit code; a check that a signal ended (a negative code) counts as 1."""
    return max(1 if code < 0 else code for code in codes)


def install_system_packages() -> None:
    """Install what the tests need besides Python, or say what is missing."""
    missing = [row for row in SYSTEM_PACKAGES if not is_there(row[1])]
    if not missing:
        return
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if is_root and shutil.which("apt-get"):
        names = [name for name, _, _ in missing]
        print(f"Installing {', '.join(names)} with apt-get", flush=True)
        variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update"], ["install", "--yes", "--no-install-recommends", *names]):
            subprocess.run(["apt-get", "--quiet", *command], env=variables, check=False)
        missing = [row for row in missing if not is_there(row[1])]
    for name, _, tests in missing:
        print(f"Missing: {name}; {tests} are skipped.", flush=True)


def is_there(command: str) -> bool:
    """Tell whether a program or a library is installed; without a name, whether a Chinese font."""
    if command.startswith("lib"):
        return ctypes.util.find_library(command.removeprefix("lib")) is not None
    if command:
        return shutil.which(command) is not None
    if shutil.which("fc-list"):
        listed = subprocess.run(["fc-list", ":lang=zh"], capture_output=True, check=False)
        return bool(listed.stdout.strip())
    # Windows and macOS bring Chinese fonts along.
    return sys.platform in ("win32", "darwin") or any(
        Path("/usr/share/fonts").rglob("NotoSansCJK*")
    )


if __name__ == "__main__":
    sys.exit(main())
