"""The same plan with some values changed, checked by the code that checks a plan file."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from walkcover._errors import PlanError
from walkcover.plan import Plan
from walkcover.plan_mapping import read_mapping

# Of these keys of a stage only one may be set; giving one takes the place of the others.
GOALS = ("target", "max_sites", "budget")
# Keys that may be given whole, in place of single values.
WHOLE = ("stages", "profiles")
BY_NUMBER = re.compile(r"stages\[(\d+)\]\.(.*)", re.DOTALL)


def with_values(plan: Plan, values: Mapping[str, Any]) -> Plan:
    """
    Change some values of a plan.

    Parameters
    ----------
    plan
        The plan to start from; it stays as it is.
    values
        Values as a plan file has them, by dotted key: ``walk.limit_min``, ``siting.gap``,
        ``walk.surface_factors.gravel``, ``profiles.cart.speed_kmh``; of stages by their number
        from 0 or their name, ``stages[0].target`` or ``stages.city.target``. ``stages`` and
        ``profiles`` alone stand for all of them. Relative paths start from the plan's folder.

    Returns
    -------
    plan
        The changed plan. A `walk.profile` walks at its own speed, unless `walk.speed_kmh` is
        given too; a `walk.speed_kmh` keeps the streets that the profile can use. One of target,
        max_sites and budget takes the place of the one that the stage had.

    Raises
    ------
    PlanError
        If a key is unknown (the nearest right one is suggested), or a value has the wrong type or
        lies out of range; all faults in one message.

    Examples
    --------
    >>> from walkcover.plan_mapping import plan_from_mapping
    >>> plan = plan_from_mapping({"network": {"source": "streets.osm.pbf"},
    ...                           "residences": {"source": "osm", "people": 12},
    ...                           "stages": [{"name": "city", "target": 0.9}]})
    >>> changed = with_values(plan, {"walk.limit_min": 10, "stages.city.max_sites": 3})
    >>> changed.walk.limit_s, changed.stages[0].target, changed.stages[0].max_sites
    (600.0, None, 3)
    >>> with_values(plan, {"walk.limit_mins": 10})
    Traceback (most recent call last):
        ...
    walkcover._errors.PlanError: the changes to the plan are not understood:
      [walk] has no key 'limit_mins'; did you mean 'limit_min'?
    """
    changed, faults = read_values(plan, values)
    if faults:
        msg = "the changes to the plan are not understood:\n"
        raise PlanError(msg + "\n".join(f"  {fault}" for fault in faults))
    return changed


def read_values(plan: Plan, values: Mapping[str, Any]) -> tuple[Plan, list[str]]:
    """
    Change some values of a plan, and say what is not understood.

    Parameters
    ----------
    plan, values
        As in `with_values`.

    Returns
    -------
    plan
        Of use only where there is no fault.
    faults
        A text for each fault.

    Examples
    --------
    >>> read_values(Plan(), {"limit_min": 10})[1][0]
    "'limit_min' names no value: expected a section and a key, as walk.limit_min"
    """
    mapping = plan_mapping(plan)
    faults: list[str] = []
    # All stages or profiles first: single values then change what was put in their place.
    plain = {key: _plain(value) for key, value in values.items()}
    for key in WHOLE:
        if key in plain:
            mapping[key] = plain.pop(key)
    targets: dict[int, dict[str, str]] = {}
    for key, value in plain.items():
        if BY_NUMBER.fullmatch(key) or key.startswith("stages."):
            _set_in_stage(mapping["stages"], key, value, targets, faults)
        elif key.startswith("profiles."):
            _set_in_profile(mapping["profiles"], key, value, faults)
        else:
            _set_in_section(mapping, key, value, faults)
    for number, given in targets.items():
        _drop_other_goals(mapping["stages"][number], given)
    if "walk.profile" in plain and "walk.speed_kmh" not in plain:
        mapping["walk"]["speed_kmh"] = 0.0
    changed, not_understood = read_mapping(mapping, folder=plan.folder)
    return changed, faults + not_understood


def plan_mapping(plan: Plan) -> dict[str, Any]:
    """
    Turn a plan into what its file would say with every key written out.

    Parameters
    ----------
    plan
        The plan.

    Returns
    -------
    mapping
        The sections, as TOML gives them; without what has no value.

    Examples
    --------
    >>> from walkcover.plan_mapping import plan_from_mapping
    >>> plan = plan_from_mapping({"network": {"source": "streets.osm.pbf"},
    ...                           "residences": {"source": "osm", "people": 12}})
    >>> plan_mapping(plan)["stages"]
    [{'name': 'all', 'target': 0.8, 'zone_floor': 0.0, 'goal': 'coverage'}]
    >>> plan_from_mapping(plan_mapping(plan)) == plan
    True
    """
    sections = dataclasses.asdict(plan)
    del sections["folder"]
    return {name: _without_none(_plain(content)) for name, content in sections.items()}


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(one) for key, one in value.items() if one is not None}
    if isinstance(value, list):
        return [_without_none(one) for one in value]
    return value


def _plain(value: Any) -> Any:
    """A value as TOML would give it: lists, and numbers that are not numpy's."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Path):
        return value.as_posix()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _without_none(_plain(dataclasses.asdict(value)))
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (tuple, list, np.ndarray)):
        return [_plain(one) for one in value]
    return value


def _set_in_section(mapping: dict[str, Any], key: str, value: Any, faults: list[str]) -> None:
    section, dot, rest = key.partition(".")
    if not dot or not rest:
        hint = (
            f"as {section}.{_any_key(mapping, section)}"
            if section in mapping
            else ("as walk.limit_min")
        )
        faults.append(f"{key!r} names no value: expected a section and a key, {hint}")
        return
    content = mapping.setdefault(section, {})
    name, dot, inner = rest.partition(".")
    if dot and isinstance(content.get(name), dict):
        # Values by name inside a value, as of surface_factors; names may have dots.
        content[name] = {**content[name], inner: value}
    else:
        # Whether the key is known is told by whoever reads the mapping.
        content[rest] = value


def _any_key(mapping: Mapping[str, Any], section: str) -> str:
    return next(iter(mapping[section]), "key")


def _set_in_stage(
    stages: Any, key: str, value: Any, targets: dict[int, dict[str, str]], faults: list[str]
) -> None:
    if not isinstance(stages, list) or not all(isinstance(one, dict) for one in stages):
        # What stands for all stages is told to be wrong by whoever reads the mapping.
        return
    names = [str(one.get("name", "")) for one in stages]
    numbered = BY_NUMBER.fullmatch(key)
    if numbered:
        number, name = int(numbered[1]), numbered[2]
        if number >= len(stages):
            last = f"stages[{len(stages) - 1}] ({names[-1]})" if stages else "none"
            faults.append(f"{key!r}: there is no stage [{number}]; the last is {last}")
            return
    else:
        # Names of stages may have dots, keys have none.
        stage, dot, name = key.removeprefix("stages.").rpartition(".")
        if not dot:
            faults.append(f"{key!r} names no value: expected as stages.{names[0]}.target")
            return
        if stage not in names:
            faults.append(f"{key!r}: there is no stage {stage!r}{_nearest(stage, names)}")
            return
        number = names.index(stage)
    given = targets.setdefault(number, {})
    if name in given:
        faults.append(f"{key!r} and {given[name]!r} are the same value")
        return
    given[name] = key
    # As a new dictionary: what was given for all stages is the caller's.
    stages[number] = {**stages[number], name: value}


def _drop_other_goals(stage: dict[str, Any], given: Collection[str]) -> None:
    if any(goal in given for goal in GOALS):
        for goal in GOALS:
            if goal not in given:
                stage.pop(goal, None)


def _set_in_profile(profiles: Any, key: str, value: Any, faults: list[str]) -> None:
    if not isinstance(profiles, dict):
        return
    name, dot, inner = key.removeprefix("profiles.").rpartition(".")
    if not dot:
        faults.append(f"{key!r} names no value: expected as profiles.NAME.speed_kmh")
    elif name not in profiles:
        faults.append(f"{key!r}: the plan has no profile {name!r}{_nearest(name, profiles)}")
    elif isinstance(profiles[name], dict):
        profiles[name] = {**profiles[name], inner: value}


def _nearest(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known are {', '.join(known)}" if known else ""
