"""What a run can buy where desk time counts: sites of some size, and desks at sites that stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from walkcover._errors import InputError
from walkcover.capacity_siting import Options
from walkcover.desks import people_of_desks, site_hours
from walkcover.pairs import Ints
from walkcover.plan import DeskOptions, Plan


@dataclass(frozen=True)
class Purchases:
    """
    What the stages can buy.

    Parameters
    ----------
    options
        Sites of some size at candidates, desks at sites that stand.
    stage
        Position of the stage that can take each option, -1 for none.
    desks
        Desks that an option brings each time it is taken.
    """

    options: Options
    stage: Ints
    desks: Ints

    def of_stage(self, code: int) -> Ints:
        """Positions of the options that a stage can take."""
        return np.flatnonzero(self.stage == code)

    def part(self, rows: Ints) -> Options:
        """Some of the options, in the order of the rows."""
        all_of = self.options
        return Options(
            all_of.candidate[rows], all_of.add_people[rows], all_of.cost[rows], all_of.most[rows]
        )


def desk_purchases(
    candidates: pd.DataFrame,
    sites: pd.DataFrame,
    *,
    candidate_stage: Ints,
    site_stage: Ints,
    options: DeskOptions,
) -> Purchases:
    """
    List what can be bought: a site at each candidate, more desks at each site that stands.

    Parameters
    ----------
    candidates
        With cost, and max_desks where it is known.
    sites
        Sites that stand, with hours_per_day where they are known; in the pairs they come behind
        the candidates.
    candidate_stage, site_stage
        Position of the stage that can build there, -1 for none.
    options
        Desks of a new site, and how many a site may get, for how much.

    Returns
    -------
    purchases
        An option per candidate that may have a desk, and one per site where a desk serves anybody.

    Examples
    --------
    >>> candidates = pd.DataFrame({"cost": [1.0, 1.0], "max_desks": [1.0, float("nan")]})
    >>> sites = pd.DataFrame({"site_id": ["B1"], "hours_per_day": [5.5]})
    >>> found = desk_purchases(candidates, sites, candidate_stage=np.array([0, 0]),
    ...                        site_stage=np.array([0]), options=DeskOptions())
    >>> found.options.add_people.tolist(), found.desks.tolist(), found.options.cost.tolist()
    ([3360.0, 6720.0, 2310.0], [1, 2, 1], [1.0, 1.0, 0.25])
    """
    n = len(candidates)
    desks = np.full(n, float(options.new_site_desks))
    if "max_desks" in candidates.columns:
        most = np.floor(candidates["max_desks"].to_numpy(np.float64))
        desks = np.fmin(desks, most)
    hours = np.append(np.full(n, options.hours_per_day), site_hours(sites, options))
    desks = np.append(desks, np.ones(len(sites)))
    add_people = people_of_desks(desks, hours, options)
    times = np.append(np.ones(n), np.full(len(sites), options.most_extra_desks))
    cost = np.append(candidates["cost"].to_numpy(float), [options.extra_desk_cost] * len(sites))
    kept = np.flatnonzero((add_people > 0) & (times > 0))
    return Purchases(
        Options.of(kept, add_people[kept], cost=cost[kept], most=times[kept]),
        np.append(candidate_stage, site_stage)[kept],
        desks[kept].astype(np.int64),
    )


def refuse_with_desks(plan: Plan) -> None:
    """
    Refuse what is not supported together with desk time.

    Parameters
    ----------
    plan
        The plan of a run whose sites have desks.

    Raises
    ------
    InputError
        If the plan asks for backups, a slower profile in siting, floors of zones, or short walks;
        all of them in one message.
    """
    asked = []
    if plan.siting.sites_in_reach > 1:
        asked.append(f"[siting] sites_in_reach = {plan.siting.sites_in_reach}")
    if plan.siting.profile:
        asked.append(f"[siting] profile = {plan.siting.profile!r}")
    for stage in plan.stages:
        if stage.zone_floor:
            asked.append(f"[[stages]] {stage.name}: zone_floor = {stage.zone_floor}")
        if stage.goal != "coverage":
            asked.append(f"[[stages]] {stage.name}: goal = {stage.goal!r}")
    if asked:
        msg = (
            f"sites have desks, and the plan asks for {'; '.join(asked)}: desk time cannot be "
            "planned together with these; leave them out, or leave the column of desks empty to "
            "plan by distance alone"
        )
        raise InputError(msg)
