"""
A virtual environment with walkcover installed, for the scripts beside this file.

Standard library only, and nothing that Python 3.8 cannot parse, so that an old Python gets a clear
message instead of a syntax error.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = (3, 11)
# What the installed package is made of.
SOURCES = (
    "setup.cfg",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "coverage",
    "maps",
    "data",
)
LEFT_OUT = ("__pycache__", "*.pyc", "*.nbi", "*.nbc")
# Says what is installed; written last, so that an interrupted installation is done again.
STAMP_NAME = "walkcover-installed.txt"


def check_python(version: tuple = sys.version_info[:3]) -> None:
    """End with a message where this Python is too old."""
    if version < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        here = ".".join(map(str, version))
        sys.exit(
            f"walkcover needs Python {wanted} or newer; this is {here} ({sys.executable}). "
            f"Install a newer one and start this script with it, as `python{wanted} {sys.argv[0]}`."
        )


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that every script here has."""
    parser.add_argument(
        "--wheelhouse",
        type=Path,
        metavar="DIR",
        help="install from the wheels in this folder only, without the net",
    )
    parser.add_argument(
        "--venv",
        type=Path,
        default=ROOT / ".venv",
        metavar="DIR",
        help="virtual environment to make or use again [default: .venv in the checkout]",
    )


def program(venv: Path, name: str, *, windows: bool = os.name == "nt") -> Path:
    """Path of a program inside a virtual environment."""
    return venv / "Scripts" / f"{name}.exe" if windows else venv / "bin" / name


def prepare(venv: Path, *, extra: str = "", wheelhouse: Path | None = None) -> Path:
    """
    Make the environment where there is none, and install the package where its sources changed.

    Returns
    -------
    python
        The Python of the environment.
    """
    venv = venv.resolve()
    python = program(venv, "python")
    if not _is_good(python):
        _make(venv)
    stamp = venv / STAMP_NAME
    digest = source_digest(ROOT)
    if is_installed(stamp, digest, extra=extra):
        return python
    print(f"Installing walkcover into {venv}; the first time this takes some minutes.", flush=True)
    stamp.unlink(missing_ok=True)
    # A copy, because a build leaves folders behind, and takes in what an older one left there.
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "walkcover"
        copy_sources(ROOT, copy)
        command = install_command(python, copy, extra=extra, wheelhouse=wheelhouse)
        if subprocess.run(command, check=False).returncode:
            sys.exit(
                "The installation failed; pip says above why. Without internet, give "
                "--wheelhouse DIR (README.md, 'Without internet')."
            )
    stamp.write_text(f"{digest}\n{extra}\n", encoding="utf-8")
    return python


def install_command(
    python: Path, source: Path, *, extra: str = "", wheelhouse: Path | None = None
) -> list[str]:
    """Command that installs the package, and with it what the extra names."""
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if wheelhouse is not None:
        command += ["--no-index", "--find-links", str(wheelhouse.resolve())]
    return [*command, f"{source}[{extra}]" if extra else str(source)]


def is_installed(stamp: Path, digest: str, *, extra: str = "") -> bool:
    """Tell whether the stamp says that these sources are installed, with this extra."""
    if not stamp.is_file():
        return False
    was_digest, was_extra = stamp.read_text(encoding="utf-8").split("\n")[:2]
    return was_digest == digest and extra in ("", was_extra)


def source_digest(root: Path) -> str:
    """Checksum of everything that the installed package is made of."""
    digest = hashlib.sha256()
    for name in SOURCES:
        top = root / name
        files = [top] if top.is_file() else sorted(p for p in top.rglob("*") if p.is_file())
        for path in files:
            relative = path.relative_to(root)
            if not any(fnmatch(part, pattern) for part in relative.parts for pattern in LEFT_OUT):
                digest.update(relative.as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def copy_sources(root: Path, target: Path) -> None:
    """Copy what the installed package is made of."""
    target.mkdir(parents=True)
    for name in SOURCES:
        if (root / name).is_dir():
            shutil.copytree(root / name, target / name, ignore=shutil.ignore_patterns(*LEFT_OUT))
        else:
            shutil.copy2(root / name, target / name)


def _is_good(python: Path) -> bool:
    """Tell whether an environment is there, runs, has pip and is new enough."""
    test = f"import pip, sys; sys.exit(sys.version_info < {OLDEST_PYTHON})"
    try:
        return subprocess.run([str(python), "-c", test], check=False).returncode == 0
    except OSError:
        return False


def _make(venv: Path) -> None:
    """Make a new environment, over a broken one if need be, but never over anything else."""
    if venv.exists() and any(venv.iterdir()) and not (venv / "pyvenv.cfg").is_file():
        sys.exit(f"{venv} is there and is no virtual environment; give another folder with --venv.")
    print(f"Making the virtual environment {venv}", flush=True)
    command = [sys.executable, "-m", "venv", "--clear", str(venv)]
    if subprocess.run(command, check=False).returncode:
        sys.exit(
            "The virtual environment could not be made; Python says above why. On Debian and "
            "Ubuntu, install its module first: apt-get install python3-venv"
        )
