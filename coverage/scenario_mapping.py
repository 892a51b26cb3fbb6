"""Make a scenario of the content of a scenario file, every fault in one message."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from walkcover._errors import PlanError
from walkcover._scenario_values import Place, Point, nearest, refuse
from walkcover.crs import from_bd09, from_gcj02
from walkcover.plan import DeskOptions, Plan, PopulationSource
from walkcover.scenario import Scenario

SYSTEMS = ("wgs84", "cgcs2000", "gcj02", "bd09")
# Keys of a scenario that are names of sections of a plan too: these sections go below [plan].
OWN_NAMES = ("plan", "stages", "desks", "population")
SECTIONS = tuple(f.name for f in dataclasses.fields(Plan) if f.name not in (*OWN_NAMES, "folder"))


def scenario_from_mapping(mapping: Mapping[str, Any]) -> Scenario:
    """
    Check the content of a scenario file.

    Parameters
    ----------
    mapping
        As TOML gives it: the keys of `Scenario`; ``crs``, the system of its coordinates (wgs84,
        cgcs2000, gcj02 or bd09); and sections of a plan with the values that differ. Sections
        whose name a scenario uses itself go below ``[plan]``, as ``[plan.desks]``.

    Returns
    -------
    scenario
        With coordinates in WGS84.

    Raises
    ------
    PlanError
        If a key is unknown (the nearest right one is suggested) or a value has the wrong form;
        all faults in one message.

    Examples
    --------
    >>> scenario_from_mapping({"name": "ten minutes", "walk": {"limit_min": 10}}).plan
    {'walk.limit_min': 10}
    """
    own = [f.name for f in dataclasses.fields(Scenario)]
    faults: list[str] = []
    plan: dict[str, Any] = {}
    values: dict[str, Any] = {}
    system = mapping.get("crs", "wgs84")
    if system not in SYSTEMS:
        faults.append(f"crs = {system!r}: expected one of {', '.join(SYSTEMS)}")
    for key, value in mapping.items():
        if key == "plan":
            plan |= _flat(value, faults)
        elif key in own:
            values[key] = value
        elif key in SECTIONS:
            plan |= _flat({key: value}, faults)
        elif key != "crs":
            faults.append(f"{key!r} is no key of a scenario{nearest(key, [*own, *SECTIONS])}")
    for key in ("desks", "population"):
        faults += _misplaced(key, values.get(key))
    name = values.setdefault("name", "")
    if "name" not in mapping:
        faults.append("name is missing: say what tables call this scenario")
        values["name"] = "-"
    try:
        scenario = Scenario(**values, plan=plan)
    except PlanError as error:
        faults += [line.strip() for line in str(error).splitlines()[1:]]
    refuse("the scenario", name, faults)
    return _in_wgs84(scenario, system)


def _flat(sections: Any, faults: list[str]) -> dict[str, Any]:
    """Values by dotted key, of sections as TOML nests them."""
    if not isinstance(sections, Mapping):
        faults.append(f"plan = {sections!r}: expected sections of a plan, as [plan.walk]")
        return {}
    flat: dict[str, Any] = {}
    for key, value in sections.items():
        if key == "profiles" and isinstance(value, Mapping):
            # Whole walkers; they stand beside those of the plan.
            flat[key] = value
        elif isinstance(value, Mapping) and "." not in key:
            flat |= {f"{key}.{name}": one for name, one in value.items()}
        elif "." in key or "[" in key:
            flat[key] = value
        else:
            faults.append(f"plan: {key!r} is no section with values, as [plan.walk] limit_min = 10")
    return flat


def _misplaced(key: str, value: Any) -> list[str]:
    """Values of a plan's section that stand where a scenario has values by id."""
    if not isinstance(value, Mapping):
        return []
    kind: Any = DeskOptions if key == "desks" else PopulationSource
    names = {f.name for f in dataclasses.fields(kind)}
    what = "desks by site" if key == "desks" else "factors by zone"
    return [
        f"[{key}] {one}: a scenario has {what} here; write [plan.{key}] for the plan's section"
        for one in value
        if one in names
    ]


def _in_wgs84(scenario: Scenario, system: str) -> Scenario:
    """Shift all coordinates from the system of the file."""
    if system not in ("gcj02", "bd09"):
        return scenario
    undo = from_gcj02 if system == "gcj02" else from_bd09

    def shifted(point: Point) -> Point:
        lon, lat = undo(*point)
        return float(lon), float(lat)

    def moved(one: str | Place) -> str | Place:
        if isinstance(one, str):
            return one
        lon, lat = shifted((one.lon, one.lat))
        return dataclasses.replace(one, lon=lon, lat=lat)

    return dataclasses.replace(
        scenario,
        open=tuple(moved(one) for one in scenario.open),
        move={one: shifted(point) for one, point in scenario.move.items()},
        close_streets=tuple(tuple(map(shifted, line)) for line in scenario.close_streets),
        add_streets=tuple(tuple(map(shifted, line)) for line in scenario.add_streets),
    )
