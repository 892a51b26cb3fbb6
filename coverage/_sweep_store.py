"""Finished rows of a sweep, kept in a folder so that it can go on where it was stopped."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from walkcover._errors import InputError
from walkcover._sweep_grid import Combination, as_json
from walkcover.plan import Plan
from walkcover.summary import LIBRARIES

ABOUT_NAME = "sweep.json"
UNFINISHED = ".unfinished-"
# Differences in a message.
SHOWN = 5

log = logging.getLogger("walkcover")


def rows_folder(out: Path) -> Path:
    """
    Name the folder of the rows of a sweep.

    Examples
    --------
    >>> rows_folder(Path("out/sweep.parquet")).name
    'sweep_rows'
    """
    return out.with_name(f"{out.stem}_rows")


def open_folder(folder: Path, plan: Plan, inputs: Mapping[str, str]) -> None:
    """
    Take up a folder of rows, or make a new one.

    Parameters
    ----------
    folder
        The folder.
    plan
        The plan that the sweep starts from.
    inputs
        Checksum of each of its files.

    Raises
    ------
    InputError
        If the folder holds rows of another plan, of other inputs, or of other versions, or
        something else than rows.
    """
    about = _about(plan, inputs)
    path = folder / ABOUT_NAME
    if not path.exists():
        strange = sorted(one.name for one in folder.iterdir()) if folder.exists() else []
        strange = [name for name in strange if not name.startswith(UNFINISHED)]
        if strange:
            msg = (
                f"{folder} holds {len(strange)} files and is no folder of a sweep, first "
                f"{strange[0]!r}: choose another place for the table"
            )
            raise InputError(msg)
        folder.mkdir(parents=True, exist_ok=True)
        _put(path, about)
        return
    differences = _differences(_load(path) or {}, about)
    if differences:
        more = len(differences) - SHOWN
        lines = differences[:SHOWN] + ([f"and {more} more"] if more > 0 else [])
        msg = (
            f"{folder} holds rows of another plan:\n"
            + "\n".join(f"  {line}" for line in lines)
            + "\nchoose another place for the table, or delete the folder to start anew"
        )
        raise InputError(msg)


def row_path(
    folder: Path,
    combination: Combination,
    inputs: Mapping[str, str],
    *,
    seed: int,
    suggest: bool,
) -> Path:
    """
    Name the file of a row by everything that its figures hang on.

    Parameters
    ----------
    folder
        The folder of the rows.
    combination
        The combination.
    inputs
        Checksum of each file that its plan names.
    seed
        Start of the random numbers.
    suggest
        Whether sites are suggested.

    Returns
    -------
    path
        A file in the folder.
    """
    whole = {
        "values": combination.values,
        "about": _about(combination.plan, inputs),
        "seed": seed,
        "suggest": suggest,
    }
    return folder / f"{hashlib.sha256(as_json(whole).encode()).hexdigest()[:32]}.json"


def load_row(path: Path) -> dict[str, Any] | None:
    """
    Read the figures of a combination that was finished before.

    Parameters
    ----------
    path
        The file of the row.

    Returns
    -------
    figures
        None where it was not finished.
    """
    row = _load(path) if path.exists() else None
    return None if row is None else dict(row["figures"])


def save_row(path: Path, combination: Combination, figures: Mapping[str, Any]) -> dict[str, Any]:
    """
    Keep the figures of a combination, whole or not at all.

    Parameters
    ----------
    path
        The file of the row.
    combination
        The combination, named in the file for who opens it.
    figures
        Plain values by name.

    Returns
    -------
    figures
        As `load_row` reads them.
    """
    text = _put(path, {"values": combination.values, "figures": dict(figures)})
    return dict(json.loads(text)["figures"])


def tidy_up(folder: Path) -> None:
    """Remove what a sweep that was killed left half written."""
    for path in folder.glob(f"{UNFINISHED}*"):
        path.unlink(missing_ok=True)


def _put(path: Path, content: Mapping[str, Any]) -> str:
    # Two sweeps may fill one folder at the same time: each writes under a name of its own.
    draft = path.with_name(f"{UNFINISHED}{os.getpid()}-{path.name}")
    text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)
    with draft.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return text


def _load(path: Path) -> dict[str, Any] | None:
    """Content of a file, None where it is broken, as after a power cut."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        log.warning("%s is broken and is made again", path)
        return None
    return content if isinstance(content, dict) else None


def _about(plan: Plan, inputs: Mapping[str, str]) -> dict[str, Any]:
    """What figures hang on besides the values of a combination."""
    parameters = plan.parameters()
    # A name, a date and a language change no figure.
    del parameters["plan"]
    versions = {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}
    about = {"parameters": parameters, "inputs": dict(inputs), "versions": versions}
    plain: dict[str, Any] = json.loads(as_json(about))
    return plain


def _differences(was: Mapping[str, Any], now: Mapping[str, Any], where: str = "") -> list[str]:
    found = []
    for key in dict.fromkeys([*was, *now]):
        name = f"{where}.{key}" if where else key
        old, new = was.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            found += _differences(old, new, name)
        elif old != new:
            old_text, new_text = ("missing" if one is None else as_json(one) for one in (old, new))
            found.append(f"{name.removeprefix('parameters.')} was {old_text}, is {new_text}")
    return found
