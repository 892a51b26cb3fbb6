"""Make a plan of the content of a plan file, every fault in one message."""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from walkcover._errors import PlanError
from walkcover._operation_faults import operation_faults
from walkcover._plan_faults import out_of_range
from walkcover.plan import PROFILES, Plan, Profile, Stage
from walkcover.plan_operations import Group, ServiceRule, plain_kind


def plan_from_mapping(mapping: Mapping[str, Any], *, folder: Path = Path()) -> Plan:
    """
    Check the content of a plan file and fill in the defaults.

    Parameters
    ----------
    mapping
        The sections of the plan, as TOML gives them.
    folder
        Folder that relative paths in the plan start from.

    Returns
    -------
    plan
        The checked plan.

    Raises
    ------
    PlanError
        If a section or key is unknown (the nearest right one is suggested), a value has the wrong
        type or lies out of range, or something required is missing; all faults in one message.

    Examples
    --------
    >>> plan = plan_from_mapping({"network": {"source": "streets.osm.pbf"},
    ...                           "residences": {"source": "osm", "people": 12}})
    >>> plan.walk.limit_s, plan.stages[0].target
    (900.0, 0.8)
    """
    plan, faults = read_mapping(mapping, folder=folder)
    if faults:
        msg = "the plan is not understood:\n" + "\n".join(f"  {fault}" for fault in faults)
        raise PlanError(msg)
    return plan


def read_mapping(mapping: Mapping[str, Any], *, folder: Path) -> tuple[Plan, list[str]]:
    """
    Make a plan of what is understood, and say what is not.

    Parameters
    ----------
    mapping
        The sections of the plan, as TOML gives them.
    folder
        Folder that relative paths in the plan start from.

    Returns
    -------
    plan
        Of use only where there is no fault.
    faults
        A text for each fault.

    Examples
    --------
    >>> read_mapping({"walks": {}}, folder=Path())[1][0]
    "[walks] is not a section of a plan; did you mean 'walk'?"
    """
    faults: list[str] = []
    sections = {f.name: f for f in dataclasses.fields(Plan) if f.name != "folder"}
    hints = typing.get_type_hints(Plan)
    values: dict[str, Any] = {}
    for name, content in mapping.items():
        if name not in sections:
            faults.append(f"[{name}] is not a section of a plan{_nearest(name, sections)}")
        elif name == "stages":
            values[name] = _stages(content, faults)
        elif name == "profiles":
            values[name] = _profiles(content, faults)
        elif name in ENTRIES:
            values[name] = _entries(name, content, faults)
        elif not isinstance(content, Mapping):
            faults.append(f"[{name}] must be a section with keys, not {content!r}")
        else:
            values[name] = _section(hints[name], content, f"[{name}]", faults)
    plan = Plan(**values, folder=folder)
    return plan, faults + out_of_range(plan) + operation_faults(plan)


def _section(kind: type, content: Mapping[str, Any], where: str, faults: list[str]) -> Any:
    """Fill one section's dataclass, collecting faults."""
    hints = typing.get_type_hints(kind)
    good = {}
    for key, value in content.items():
        if key not in hints:
            faults.append(f"{where} has no key {key!r}{_nearest(key, hints)}")
            continue
        if hints[key] in CONTAINERS:
            good[key] = CONTAINERS[hints[key]](value, f"{where} {key}", faults)
            continue
        allowed = _allowed_types(hints[key])
        if float in allowed and isinstance(value, int) and not isinstance(value, bool):
            value = value if int in allowed else float(value)
        # Python counts true and false as whole numbers; a plan does not.
        if (bool not in allowed and isinstance(value, bool)) or not isinstance(value, allowed):
            wanted = " or ".join(t.__name__ for t in allowed)
            faults.append(f"{where} {key} = {value!r}: expected {wanted}")
            continue
        good[key] = value
    return kind(**good)


def _allowed_types(hint: Any) -> tuple[type, ...]:
    if isinstance(hint, types.UnionType):
        return tuple(t for t in typing.get_args(hint) if t is not type(None))
    return (hint,)


def _texts(value: Any, where: str, faults: list[str]) -> tuple[str, ...]:
    """Take one text or a list of texts; an empty text is none."""
    texts = value if isinstance(value, list) else [value]
    if all(isinstance(text, str) for text in texts):
        return tuple(text for text in texts if text)
    faults.append(f"{where} = {value!r}: expected a text or a list of texts")
    return ()


def _factors(value: Any, where: str, faults: list[str]) -> dict[str, float]:
    """Take numbers by name."""
    if isinstance(value, Mapping) and all(
        isinstance(number, (int, float)) and not isinstance(number, bool)
        for number in value.values()
    ):
        return {str(name): float(number) for name, number in value.items()}
    faults.append(f"{where} = {value!r}: expected numbers by name, as {{ gravel = 1.2 }}")
    return {}


def _numbers(value: Any, where: str, faults: list[str]) -> tuple[float, ...]:
    """Take one number or a list of numbers."""
    numbers = value if isinstance(value, list) else [value]
    if all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in numbers):
        return tuple(float(one) for one in numbers)
    faults.append(f"{where} = {value!r}: expected a number or a list of numbers")
    return ()


# Kinds of values besides plain ones, and how they are read.
CONTAINERS: dict[Any, Any] = {
    tuple[str, ...]: _texts,
    tuple[float, ...]: _numbers,
    Mapping[str, float]: _factors,
}
# Sections that are lists of entries, and the key that each entry needs.
ENTRIES: dict[str, tuple[type, str]] = {"groups": (Group, "kind"), "services": (ServiceRule, "by")}


def _entries(name: str, content: Any, faults: list[str]) -> tuple[Any, ...]:
    if not isinstance(content, list) or not all(isinstance(c, Mapping) for c in content):
        faults.append(f"{name} must be written as [[{name}]] entries")
        return ()
    kind, needed = ENTRIES[name]
    entries = []
    for number, entry in enumerate(content, start=1):
        where = f"[[{name}]] no. {number}"
        filled = _section(kind, entry, where, faults)
        entries.append(dataclasses.replace(filled, kind=plain_kind(filled.kind)))
        if needed not in entry:
            faults.append(f"{where} has no {needed}")
    return tuple(entries)


def _profiles(content: Any, faults: list[str]) -> dict[str, Profile]:
    if not isinstance(content, Mapping) or not all(
        isinstance(entry, Mapping) for entry in content.values()
    ):
        faults.append("profiles must be written as sections [profiles.NAME]")
        return {}
    profiles = {}
    for name, entry in content.items():
        profiles[name] = _section(Profile, entry, f"[profiles.{name}]", faults)
        if name in PROFILES:
            faults.append(f"[profiles.{name}]: that name is taken; give your profile another")
        if "speed_kmh" not in entry:
            faults.append(f"[profiles.{name}] has no speed_kmh")
    return profiles


def _stages(content: Any, faults: list[str]) -> tuple[Stage, ...]:
    if not isinstance(content, list) or not all(isinstance(c, Mapping) for c in content):
        faults.append("stages must be written as [[stages]] entries")
        return ()
    stages = []
    for number, entry in enumerate(content, start=1):
        where = f"[[stages]] no. {number}"
        stage = _section(Stage, entry, where, faults)
        if "name" not in entry:
            faults.append(f"{where} has no name")
        goals = [g for g in (stage.target, stage.max_sites, stage.budget) if g is not None]
        if len(goals) > 1:
            faults.append(f"{where} ({stage.name}): give one of target, max_sites and budget")
        stages.append(stage if goals else dataclasses.replace(stage, target=0.8))
    return tuple(stages)


def _nearest(word: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
