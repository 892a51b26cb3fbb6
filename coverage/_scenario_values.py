"""Values of a scenario: how each is read and what may be wrong with it."""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from walkcover._errors import PlanError
from walkcover.plan import HOURS_OF_A_DAY, Stage
from walkcover.plan_mapping import plan_from_mapping

Point = tuple[float, float]
Line = tuple[Point, ...]

# Ids shown in a message.
SHOWN = 5


def nearest(word: str, known: Collection[str]) -> str:
    """
    Hint at the nearest right name.

    Examples
    --------
    >>> nearest("clsoe", ["open", "close"]), nearest("x", ["open", "close"])
    ("; did you mean 'close'?", '; known are open, close')
    """
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    if near:
        return f"; did you mean {near[0]!r}?"
    first = ", ".join([*known][:SHOWN])
    more = len(known) - SHOWN
    if not known:
        return "; there is none"
    return f"; known are {first}" + (f" and {more} more" if more > 0 else "")


@dataclass(frozen=True)
class Place:
    """
    Where a site opens that no table names.

    Parameters
    ----------
    lon, lat
        WGS84 degrees.
    id
        Its id; empty takes the next free of P1, P2, …
    name
        What people call it.
    desks, hours_per_day
        Its desks and hours, used where desk time counts; None takes those of the plan for new
        sites.
    """

    lon: float
    lat: float
    id: str = ""
    name: str = ""
    desks: float | None = None
    hours_per_day: float | None = None


def is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def is_list(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping))


def point_of(value: Any, where: str, faults: list[str]) -> Point | None:
    pair = tuple(value) if is_list(value) else ()
    if len(pair) == 2 and all(map(is_number, pair)) and abs(pair[0]) <= 180 and abs(pair[1]) <= 90:
        return float(pair[0]), float(pair[1])
    swapped = len(pair) == 2 and all(map(is_number, pair)) and abs(pair[1]) <= 180
    hint = ": are they swapped?" if swapped else ""
    faults.append(f"{where} = {value!r}: expected lon and lat in degrees, as [112.55, 37.87]{hint}")
    return None


def desks_of(value: Any, where: str, faults: list[str]) -> float | None:
    if is_number(value) and value >= 0:
        return float(value)
    faults.append(f"{where} = {value!r}: expected a number of desks, 0 or more")
    return None


def hours_of(value: Any, where: str, faults: list[str]) -> float | None:
    if is_number(value) and 0 <= value <= HOURS_OF_A_DAY:
        return float(value)
    faults.append(f"{where} = {value!r}: expected hours of a day, from 0 to {HOURS_OF_A_DAY:g}")
    return None


def factor_of(value: Any, where: str, faults: list[str]) -> float | None:
    if is_number(value) and value >= 0:
        return float(value)
    faults.append(f"{where} = {value!r}: expected a factor, as 1.2; 0 for nobody")
    return None


def by_id(value: Any, key: str, faults: list[str], read: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        faults.append(f"{key} = {value!r}: expected values by id, as {{ B001 = … }}")
        return {}
    return {str(one): read(entry, f"{key}, {one}", faults) for one, entry in value.items()}


def ids_of(value: Any, key: str, faults: list[str]) -> tuple[str, ...]:
    if is_list(value) and all(isinstance(one, str) for one in value):
        return tuple(dict.fromkeys(value))
    faults.append(f'{key} = {value!r}: expected a list of ids, as ["B001"]')
    return ()


def opened_of(value: Any, faults: list[str]) -> tuple[str | Place, ...]:
    if not is_list(value):
        faults.append(f"open = {value!r}: expected a list of ids and places")
        return ()
    found: list[str | Place] = []
    for number, entry in enumerate(value, start=1):
        one = entry if isinstance(entry, str) else _place(entry, f"open no. {number}", faults)
        if one is not None and one not in found:
            found.append(one)
    return tuple(found)


def _place(entry: Any, where: str, faults: list[str]) -> Place | None:
    given = dataclasses.asdict(entry) if isinstance(entry, Place) else entry
    if not isinstance(given, Mapping):
        point = point_of(given, where, faults)
        return None if point is None else Place(*point)
    names = [f.name for f in dataclasses.fields(Place)]
    before = len(faults)
    faults += [f"{where} has no key {key!r}{nearest(key, names)}" for key in given.keys() - names]
    point = point_of((given.get("lon"), given.get("lat")), f"{where}: lon, lat", faults)
    for key in ("id", "name"):
        if not isinstance(given.get(key, ""), str):
            faults.append(f"{where}: {key} = {given[key]!r}: expected a text")
    for key, read in (("desks", desks_of), ("hours_per_day", hours_of)):
        if given.get(key) is not None:
            read(given[key], f"{where}: {key}", faults)
    if point is None or len(faults) > before:
        return None
    rest = {key: given[key] for key in names[2:] if key in given}
    return Place(*point, **rest)


def lines_of(value: Any, key: str, least: int, faults: list[str]) -> tuple[Line, ...]:
    if not is_list(value):
        faults.append(f"{key} = {value!r}: expected a list of lines, each a list of [lon, lat]")
        return ()
    found = []
    for number, entry in enumerate(value, start=1):
        where = f"{key} no. {number}"
        parts = [*entry] if is_list(entry) else []
        single = len(parts) == 2 and all(map(is_number, parts))
        points = [parts] if single else parts
        if len(points) < least:
            what = "a point [lon, lat] or a line" if least == 1 else "a line of 2 and more points"
            faults.append(f"{where} = {entry!r}: expected {what}")
            continue
        line = [point_of(point, where, faults) for point in points]
        found.append(tuple(point for point in line if point is not None))
    return tuple(found)


def plan_values(value: Any, faults: list[str]) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        faults.append(f"plan = {value!r}: expected values by dotted key, as walk.limit_min")
        return {}
    return dict(value)


def stages_of(value: Any, faults: list[str]) -> tuple[Stage, ...] | None:
    if value is None or (is_list(value) and all(isinstance(one, Stage) for one in value)):
        return None if value is None else tuple(value)
    # Read by the code that reads those of a plan; the sources are only what a plan must have.
    bare = {"network": {"source": "-"}, "residences": {"source": "-"}}
    try:
        return plan_from_mapping({**bare, "stages": value}).stages
    except PlanError as error:
        faults += [line.strip() for line in str(error).splitlines()[1:]]
        return None


def refuse(what: str, name: object, faults: list[str]) -> None:
    if faults:
        lines = "\n".join(f"  {fault}" for fault in faults)
        msg = f"{what} {name!r} is not understood:\n{lines}"
        raise PlanError(msg)
