"""How much hangs on the walking speed: who is within reach at slower and faster walks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from walkcover.assessment import Assessment, nearest_open, plan_costs
from walkcover.joins import Joins
from walkcover.network import Bools
from walkcover.plan import Plan
from walkcover.search import search_graph


def speed_band(assessment: Assessment, sites: Joins, *, plan: Plan) -> pd.DataFrame:
    """
    Count who is within the limit of a site at the speed of each profile of the plan's band.

    Parameters
    ----------
    assessment
        Residences on the network.
    sites
        Where the sites that count join the network.
    plan
        Limit, band, factors and waits.

    Returns
    -------
    band
        A row per profile and stage, the stage empty for all together: profile, speed_kmh, stage,
        people, reached_people, reached_share (NaN where nobody lives). Slowest profile first.
        Desk time does not count here.
    """
    return band_table(assessment.residences, within_reach(assessment, sites, plan=plan), plan=plan)


def within_reach(assessment: Assessment, sites: Joins, *, plan: Plan) -> dict[str, Bools]:
    """
    Tell who is within the limit of a site at the speed of each profile of the plan's band.

    Parameters
    ----------
    assessment
        Residences on the network.
    sites
        Where the sites that count join the network.
    plan
        Limit, band, factors and waits.

    Returns
    -------
    reached
        By profile, the slowest first: a flag per residence.
    """
    residences, network = assessment.residences, assessment.index.network
    every = np.ones(sites.n_places, dtype=bool)
    ids = pd.Series(np.arange(sites.n_places), dtype=object)
    reached = {}
    for name in sorted(plan.walk.band, key=lambda name: plan.known_profiles[name].speed_kmh):
        speed_kmh = plan.known_profiles[name].speed_kmh
        costs = plan_costs(network, plan, heights=assessment.heights, speed_kmh=speed_kmh)
        graph = search_graph(network, costs)
        walks = nearest_open(residences, assessment.homes, ids, sites, every, graph)
        reached[name] = (walks["walk_s"].round(3) <= plan.walk.limit_s).to_numpy()
    return reached


def band_table(
    residences: pd.DataFrame, reached: Mapping[str, Bools], *, plan: Plan
) -> pd.DataFrame:
    """
    Count by profile and stage who is within reach.

    Parameters
    ----------
    residences
        With people and stage.
    reached
        As of `within_reach`, for these residences.
    plan
        Profiles and stages.

    Returns
    -------
    band
        As of `speed_band`.

    Examples
    --------
    >>> homes = pd.DataFrame({"people": [30.0, 10.0], "stage": ["all", "all"]})
    >>> reached = {"elderly": np.array([True, False])}
    >>> band_table(homes, reached, plan=Plan())[["stage", "reached_share"]].values.tolist()
    [['', 0.75], ['all', 0.75]]
    """
    rows = []
    for name, flags in reached.items():
        for stage in ("", *(stage.name for stage in plan.stages)):
            part = residences["stage"].eq(stage) if stage else pd.Series(True, residences.index)
            people = float(residences.loc[part, "people"].sum())
            within = float(residences.loc[part & flags, "people"].sum())
            rows.append(
                {
                    "profile": name,
                    "speed_kmh": plan.known_profiles[name].speed_kmh,
                    "stage": stage,
                    "people": people,
                    "reached_people": within,
                    "reached_share": within / people if people else np.nan,
                }
            )
    columns = ["profile", "speed_kmh", "stage", "people", "reached_people", "reached_share"]
    return pd.DataFrame(rows, columns=columns)


def band_summary(band: pd.DataFrame, stages: Sequence[str]) -> list[dict[str, Any]]:
    """
    Turn the band into plain values, a figure that does not exist into None.

    Parameters
    ----------
    band
        As `speed_band` makes it; with reached_people_after and reached_share_after where sites
        were suggested.
    stages
        Names of the stages in order.

    Returns
    -------
    profiles
        One entry per profile: profile, speed_kmh, the figures of all people, and of each stage.
    """
    figures = [name for name in band.columns if name.startswith("reached_")]
    table = band.set_index(["profile", "stage"])
    entries = []
    for profile, speed_kmh in band.groupby("profile", sort=False)["speed_kmh"].first().items():
        whole, *parts = (_plain(table.loc[(profile, stage)], figures) for stage in ("", *stages))
        named = [{"name": name} | part for name, part in zip(stages, parts, strict=True)]
        entries.append(
            {"profile": profile, "speed_kmh": float(speed_kmh)} | whole | {"stages": named}
        )
    return entries


def _plain(row: pd.Series, names: Sequence[str]) -> dict[str, float | None]:
    return {name: None if np.isnan(row[name]) else float(row[name]) for name in names}
