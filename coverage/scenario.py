"""A scenario: a name, and the few values in which it differs from a plan."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from walkcover._scenario_values import (
    Place,
    by_id,
    desks_of,
    factor_of,
    hours_of,
    ids_of,
    lines_of,
    nearest,
    opened_of,
    plan_values,
    point_of,
    refuse,
    stages_of,
)
from walkcover.plan import Stage

# Sections of a plan that decide where is built.
SITING_SECTIONS = ("siting", "candidates", "stages")


@dataclass(frozen=True)
class Scenario:
    """
    A name, and the few values in which a what-if differs from the plan.

    Coordinates are WGS84 degrees, longitude first. Lists and tuples may stand for each other, and
    ``(lon, lat)`` or a mapping for a `Place`.

    Parameters
    ----------
    name
        What tables call it.
    open
        Ids of closed, planned or suggested sites, and places where a new one opens.
    close
        Ids of sites that close.
    move
        New place of sites by their id.
    desks, hours
        Desks, and hours of a day, of sites by their id.
    close_streets
        Points: the street nearest to each is closed between the nodes beside it, where streets
        meet or end. Lines of two and more points: nobody passes where a street crosses one, so
        that gates and bridges close.
    add_streets
        Lines of two and more points that people may walk along. Their ends join the street that
        they touch, else the nearest one within the snap limit.
    population
        Factor of the people by zone; a zone without one takes that of its parent.
    plan
        Values of the plan by dotted key, as ``{"walk.limit_min": 10}``.
    stages
        All stages, in place of those of the plan; None keeps them.

    Raises
    ------
    PlanError
        If a value has the wrong form; all faults in one message.

    Examples
    --------
    >>> Scenario("close one, open one", close=["B012"], open=[(112.55, 37.87)]).open
    (Place(lon=112.55, lat=37.87, id='', name='', desks=None, hours_per_day=None),)
    """

    name: str
    open: Sequence[Any] = ()
    close: Sequence[str] = ()
    move: Mapping[str, Any] = field(default_factory=dict)
    desks: Mapping[str, float] = field(default_factory=dict)
    hours: Mapping[str, float] = field(default_factory=dict)
    close_streets: Sequence[Any] = ()
    add_streets: Sequence[Any] = ()
    population: Mapping[str, float] = field(default_factory=dict)
    plan: Mapping[str, Any] = field(default_factory=dict)
    stages: Sequence[Stage] | None = None

    def __post_init__(self) -> None:
        faults: list[str] = []
        if not isinstance(self.name, str) or not self.name.strip():
            faults.append(f"name = {self.name!r}: expected a text, as tables show it")
        kept = {
            "open": opened_of(self.open, faults),
            "close": ids_of(self.close, "close", faults),
            "move": by_id(self.move, "move", faults, point_of),
            "desks": by_id(self.desks, "desks", faults, desks_of),
            "hours": by_id(self.hours, "hours", faults, hours_of),
            "close_streets": lines_of(self.close_streets, "close_streets", 1, faults),
            "add_streets": lines_of(self.add_streets, "add_streets", 2, faults),
            "population": by_id(self.population, "population", faults, factor_of),
            "plan": plan_values(self.plan, faults),
            "stages": stages_of(self.stages, faults),
        }
        refuse("the scenario", self.name, faults)
        for key, value in kept.items():
            object.__setattr__(self, key, value)

    @property
    def changes_streets(self) -> bool:
        """Whether streets are closed or added."""
        return bool(self.close_streets or self.add_streets)

    @property
    def changes_siting(self) -> bool:
        """Whether it changes the rules of where is built, so that siting is to run again."""
        named = any(key.partition(".")[0].split("[")[0] in SITING_SECTIONS for key in self.plan)
        return named or self.stages is not None

    @property
    def opened_ids(self) -> list[str]:
        """Ids of sites that open, without the new places."""
        return [one for one in self.open if isinstance(one, str)]

    @property
    def opened_places(self) -> list[Place]:
        """New places where sites open."""
        return [one for one in self.open if isinstance(one, Place)]


def id_faults(
    scenario: Scenario,
    *,
    sites: Collection[str],
    suggested: Collection[str],
    zones: Collection[str],
) -> list[str]:
    """
    Collect the ids of a scenario that are not there.

    Parameters
    ----------
    scenario
        The scenario.
    sites
        Ids of all existing sites.
    suggested
        Ids of the sites that the base suggested.
    zones
        Ids of the zones.

    Returns
    -------
    faults
        A text for each, with the nearest right id.

    Examples
    --------
    >>> id_faults(Scenario("typing", close=["B1O"]), sites=["B10", "B2"], suggested=[], zones=[])
    ["close: 'B1O' is no site; did you mean 'B10'?"]
    """
    opened = {*scenario.opened_ids}
    faults = [
        f"open: {one!r} is neither a site nor suggested{nearest(one, [*sites, *suggested])}"
        + ("" if suggested else " (this run suggested none)")
        for one in scenario.opened_ids
        if one not in sites and one not in suggested
    ]
    for key in ("close", "move", "desks", "hours"):
        for one in getattr(scenario, key):
            if one in sites or (key != "close" and one in opened and one in suggested):
                continue
            if one in suggested:
                hint = "nothing to close" if key == "close" else "open it too"
                faults.append(f"{key}: {one!r} is suggested and does not stand: {hint}")
            else:
                faults.append(f"{key}: {one!r} is no site{nearest(one, sites)}")
    faults += [
        f"{one!r} stands in open and in close: it can do one of them"
        for one in scenario.opened_ids
        if one in scenario.close
    ]
    faults += [
        f"population: {one!r} is no zone{nearest(one, zones)}"
        for one in scenario.population
        if one not in zones
    ]
    own = [place.id for place in scenario.opened_places if place.id]
    faults += [
        f"open: the id {one!r} of a new place is taken; give another, or none"
        for one in dict.fromkeys(own)
        if one in sites or one in suggested or own.count(one) > 1
    ]
    return faults
