"""Read plan files."""

from __future__ import annotations

import tomllib
from pathlib import Path

from walkcover._errors import MissingFileError, PlanError
from walkcover.plan import Plan, plan_from_mapping


def load_plan(path: str | Path) -> Plan:
    """
    Read a plan file.

    Parameters
    ----------
    path
        A TOML file in UTF-8; relative paths in it start from its folder.

    Returns
    -------
    plan
        The checked plan.

    Raises
    ------
    MissingFileError
        If there is no such file.
    PlanError
        If it is not TOML, or its content is not understood.
    """
    path = Path(path)
    if not path.is_file():
        msg = f"{path}: there is no such plan file; `walkcover init` writes a starter plan"
        raise MissingFileError(msg)
    try:
        # utf-8-sig: Notepad on Windows puts a byte order mark in front.
        mapping = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path}: not a TOML file in UTF-8 ({error})"
        raise PlanError(msg) from error
    try:
        return plan_from_mapping(mapping, folder=path.parent)
    except PlanError as error:
        msg = f"{path}: {error}"
        raise PlanError(msg) from None
