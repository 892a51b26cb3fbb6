"""The combinations of a sweep: their plans, what they read, and what each is called."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from walkcover._errors import PlanError
from walkcover.overrides import plan_mapping, read_values
from walkcover.plan import (
    CandidateSource,
    DeskOptions,
    Plan,
    RegionOptions,
    SitingOptions,
    Stage,
    WalkOptions,
)
from walkcover.plan_mapping import plan_from_mapping

# Values in a message, of those that are many.
SHOWN = 5


@dataclass(frozen=True)
class Combination:
    """
    One combination of a sweep.

    Parameters
    ----------
    values
        Its values by dotted key, as JSON has them.
    plan
        The plan with these values.
    """

    values: dict[str, Any]
    plan: Plan

    @property
    def text(self) -> str:
        """What messages call it."""
        return ", ".join(f"{key} = {as_json(value)}" for key, value in self.values.items())


def combinations(plan: Plan, values: Mapping[str, Sequence[Any]]) -> list[Combination]:
    """
    Make every combination of the values; the last key changes fastest.

    Parameters
    ----------
    plan
        The plan to start from.
    values
        Values of each dotted key, in the order in which they are taken.

    Returns
    -------
    combinations
        With checked plans.

    Raises
    ------
    PlanError
        If a key has no list of values, a value stands twice, or a plan is not understood; all
        faults in one message.

    Examples
    --------
    >>> from walkcover.plan_mapping import plan_from_mapping
    >>> plan = plan_from_mapping({"network": {"source": "streets.osm.pbf"},
    ...                           "residences": {"source": "osm", "people": 12}})
    >>> grid = combinations(plan, {"walk.limit_min": [10, 15], "walk.profile": ["brisk"]})
    >>> [one.text for one in grid]
    ['walk.limit_min = 10, walk.profile = "brisk"', 'walk.limit_min = 15, walk.profile = "brisk"']
    """
    lists = {key: _listed(given) for key, given in values.items()}
    faults = [fault for key, given in lists.items() for fault in _list_faults(key, given)]
    if not values:
        faults.append("nothing to vary: expected a key and its values, as walk.limit_min")
    found = []
    if not faults:
        seen: dict[str, str] = {}
        for chosen in itertools.product(*(given or () for given in lists.values())):
            one = dict(zip(lists, chosen, strict=True))
            changed, not_understood = read_values(plan, one)
            found.append(Combination(one, changed))
            for fault in not_understood:
                seen.setdefault(fault, found[-1].text)
        # A fault of one value shows in each combination that has it: named once, with the first.
        faults += [f"{fault} (at {where})" for fault, where in seen.items()]
    if faults:
        msg = "the sweep is not understood:\n" + "\n".join(f"  {fault}" for fault in faults)
        raise PlanError(msg)
    return found


def _listed(given: Any) -> list[Any] | None:
    """Values as JSON has them, None where they are no list."""
    if isinstance(given, (str, bytes, Mapping)) or not np.iterable(given):
        return None
    listed: list[Any] = json.loads(json.dumps([*given], default=_told))
    return listed


def _told(value: Any) -> Any:
    """Values that JSON does not know: numbers of numpy, stages, paths."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        given = dataclasses.asdict(value)
        return {key: one for key, one in given.items() if one is not None}
    return str(value)


def _list_faults(key: str, given: list[Any] | None) -> list[str]:
    if given is None:
        return [f"{key}: expected a list of values, as [5, 10, 15]"]
    if not given:
        return [f"{key}: expected at least one value"]
    texts = [as_json(value) for value in given]
    twice = sorted({text for text in texts if texts.count(text) > 1})
    return [f"{key}: {', '.join(twice[:SHOWN])} is given more than once"] if twice else []


def as_json(value: Any) -> str:
    """Write a value on one line, the same text for the same value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def reading(plan: Plan) -> str:
    """
    Write down what of a plan decides what is read; plans that read the same give the same text.

    What is left at its default here is known to change nothing that is read: a key that is not
    known to be free counts as one that is read.

    Parameters
    ----------
    plan
        The plan.

    Returns
    -------
    text
        JSON of a plan and its folder, for `reading_plan`.

    Examples
    --------
    >>> from walkcover.overrides import with_values
    >>> from walkcover.plan_mapping import plan_from_mapping
    >>> plan = plan_from_mapping({"network": {"source": "streets.osm.pbf"},
    ...                           "residences": {"source": "osm", "people": 12}})
    >>> reading(plan) == reading(with_values(plan, {"walk.limit_min": 5, "siting.gap": 0}))
    True
    >>> reading(plan) == reading(with_values(plan, {"residences.people": 13}))
    False
    """
    walk = WalkOptions()
    restricted = plan.walker.restricted
    read = dataclasses.replace(
        plan,
        plan=type(plan.plan)(),
        map=type(plan.map)(),
        desks=DeskOptions(),
        siting=SitingOptions(),
        regions=RegionOptions(),
        candidates=dataclasses.replace(plan.candidates, spacing_m=CandidateSource().spacing_m),
        # The names say who belongs to which stage, a budget asks for costs.
        stages=tuple(
            Stage(one.name, target=1.0) if one.budget is None else Stage(one.name, budget=1.0)
            for one in plan.stages
        ),
        profiles=plan.profiles if restricted else {},
        walk=dataclasses.replace(
            plan.walk,
            limit_min=walk.limit_min,
            speed_kmh=walk.speed_kmh,
            band=walk.band,
            steps_factor=walk.steps_factor,
            surface_factors=walk.surface_factors,
            # Who may use every street finds the same streets, however fast.
            profile=plan.walk.profile if restricted else walk.profile,
        ),
    )
    return as_json({"folder": str(plan.folder), "plan": plan_mapping(read)})


def reading_plan(text: str) -> Plan:
    """
    Make a plan of what `reading` wrote.

    Parameters
    ----------
    text
        What `reading` gave.

    Returns
    -------
    plan
        Reads what the plan reads of which the text was made.
    """
    given = json.loads(text)
    return plan_from_mapping(given["plan"], folder=Path(given["folder"]))
