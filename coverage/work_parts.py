"""Parts of daily work: which of them a plan asks for, and what each builds on."""

from __future__ import annotations

import geopandas as gpd

from walkcover._errors import PlanError
from walkcover.desks import has_desks
from walkcover.plan import Plan

DEMAND, ROUNDS, RELAY, INTERVALS = "demand", "rounds", "relay", "intervals"
PARTS = (DEMAND, ROUNDS, RELAY, INTERVALS)


def asked_parts(plan: Plan, sites: gpd.GeoDataFrame) -> tuple[str, ...]:
    """
    Tell which parts of daily work a plan asks for.

    Parameters
    ----------
    plan
        The plan.
    sites
        Checked sites.

    Returns
    -------
    parts
        ``rounds`` where there are bases, ``relay`` where there are laboratories, ``demand`` for
        both, and where places are named or desk time counts; ``intervals`` where the plan has any.
    """
    parts = []
    if plan.bases.source:
        parts.append(ROUNDS)
    if plan.laboratories.source:
        parts.append(RELAY)
    if not (parts or plan.places.source or has_desks(sites)):
        return ()
    return (DEMAND, *parts, *([INTERVALS] if plan.demand.intervals else []))


def parts_up_to(part: str, plan: Plan) -> tuple[str, ...]:
    """
    Tell which parts a part builds on.

    Parameters
    ----------
    part
        Of `PARTS`.
    plan
        The plan.

    Returns
    -------
    parts
        That part and what it builds on; rounds bring tubes to the relay only where the plan has
        bases.

    Raises
    ------
    PlanError
        If there is no such part, rounds are asked for without bases, or the relay without
        laboratories.

    Examples
    --------
    >>> parts_up_to("demand", Plan())
    ('demand',)
    """
    if part not in PARTS:
        msg = f"part = {part!r}: expected one of {', '.join(PARTS)}"
        raise PlanError(msg)
    needs = {
        ROUNDS: (plan.bases.source, "[bases] source", "where roving teams start"),
        RELAY: (plan.laboratories.source, "[laboratories] source", "where tubes are tested"),
    }
    if part in needs and not needs[part][0]:
        _, key, what = needs[part]
        msg = f"{part} cannot be planned: {key} is missing; name the file that says {what}"
        raise PlanError(msg)
    given = [name for name, (source, _, _) in needs.items() if source]
    below = {DEMAND: [], ROUNDS: [], RELAY: [ROUNDS], INTERVALS: [ROUNDS, RELAY]}[part]
    return tuple(dict.fromkeys((DEMAND, *(one for one in below if one in given), part)))
