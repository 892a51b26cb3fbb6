"""Read scenario files."""

from __future__ import annotations

import tomllib
from pathlib import Path

from walkcover._errors import MissingFileError, PlanError
from walkcover.scenario import Scenario
from walkcover.scenario_mapping import scenario_from_mapping


def load_scenario(path: str | Path) -> Scenario:
    """
    Read a scenario file, as one writes it or as the map's page downloads it.

    Parameters
    ----------
    path
        A TOML file in UTF-8.

    Returns
    -------
    scenario
        The checked scenario; whether its ids are there is told by `walkcover.what_if`.

    Raises
    ------
    MissingFileError
        If there is no such file.
    PlanError
        If it is not TOML, or its content is not understood; all faults in one message.
    """
    path = Path(path)
    if not path.is_file():
        msg = (
            f"{path}: there is no such scenario file; expected a TOML file with a name and the "
            "values that differ from the plan"
        )
        raise MissingFileError(msg)
    try:
        # utf-8-sig: Notepad on Windows puts a byte order mark in front.
        mapping = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path}: not a TOML file in UTF-8 ({error})"
        raise PlanError(msg) from error
    try:
        return scenario_from_mapping(mapping)
    except PlanError as error:
        msg = f"{path}: {error}"
        raise PlanError(msg) from None
