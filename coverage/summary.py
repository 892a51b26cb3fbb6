"""The summary: every headline figure of a run, as plain values."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from walkcover.capacity import Shortage
from walkcover.gaps import GAPS, VERDICTS, covered_people
from walkcover.network import Network
from walkcover.plan import Plan

# Libraries that a figure may hang on.
LIBRARIES = (
    "walkcover", "geopandas", "highspy", "numba", "numpy", "osmium", "pandas", "pyproj", "scipy",
    "shapely",
)  # fmt: skip
# Outbreak norm for people per site; no national norm for routine times was published.
PEOPLE_PER_SITE_NORM = (2000, 3000)


def summarise(
    plan: Plan,
    *,
    residences: pd.DataFrame,
    sites: pd.DataFrame,
    stages: pd.DataFrame,
    network: Network,
    crs: str,
    inputs: Mapping[str, str],
    price_people: float | None,
    price_gap: float | None,
    closures: Mapping[str, Mapping[str, Any]],
    remedies: Sequence[Mapping[str, Any]],
    shortages: Mapping[str, Sequence[Shortage]] | None = None,
    band: Sequence[Mapping[str, Any]] = (),
    population: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """
    Collect the headline figures.

    Parameters
    ----------
    plan
        The plan that was run.
    residences, sites, stages
        Tables of the result.
    network
        The walking network.
    crs
        Name of the metric CRS.
    inputs
        sha256 of each input file by its name in the plan.
    price_people
        People whom planning all stages at once would cover more, None without suggestions.
    price_gap
        Gap of the all-at-once answer: with one, the price is at least `price_people`.
    closures, remedies
        Summaries of what closing sites would do, and of what would help those left uncovered.
    shortages
        Groups of sites that lack desk time, ``now`` and ``after`` building, as positions in
        `sites`; None where distance alone counts.

    band
        Who is within reach at other walking speeds.
    population
        What settling the people of cells came to, None where there are no cells.

    Returns
    -------
    summary
        Plain values only; a figure that does not exist is None.
    """
    status = sites["status"]
    n_open = int((status == "open").sum())
    summary: dict[str, Any] = {"name": plan.plan.name, "date": plan.plan.date}
    summary |= {"residences": len(residences), "people": _people(residences)}
    summary |= _coverage(residences, suffix="")
    summary |= {
        "people_per_site": summary["people"] / n_open if n_open else None,
        "people_per_site_norm": list(PEOPLE_PER_SITE_NORM),
        "distance_only": shortages is None,
        "sites": {
            name: int((status == name).sum()) for name in ("open", "closed", "planned", "suggested")
        },
        "verdicts": _verdicts(residences, "verdict"),
    }
    if "verdict_after" in residences.columns:
        n_after = n_open + int(status.isin(["planned", "suggested"]).sum())
        summary |= _coverage(residences, suffix="_after")
        summary["people_per_site_after"] = summary["people"] / n_after if n_after else None
        summary["verdicts_after"] = _verdicts(residences, "verdict_after")
        summary["price_people"], summary["price_gap"] = price_people, price_gap
        summary["remedies"] = [dict(stage) for stage in remedies]
    if shortages is not None:
        summary["desks"] = _desks(residences, sites, stages, shortages)
    if population is not None:
        summary["population"] = dict(population)
    if "elderly_people" in residences.columns:
        summary["elderly"] = _elderly(residences)
    summary["band"] = [dict(profile) for profile in band]
    summary["closures"] = {state: dict(figures) for state, figures in closures.items()}
    summary |= {
        "stages": [_plain(row) for row in stages.to_dict("records")],
        "network": {
            "nodes": network.n_nodes,
            "edges": network.n_edges,
            "street_m": float(network.length_m.sum()),
            "private_edges": int(network.private.sum()),
            "island_edges": int(network.island.sum()),
        },
        "not_snapped": {
            "residences": int(residences["snap_to"].isna().sum()),
            "sites": int(sites["snap_to"].isna().sum()),
        },
        "crs": crs,
        "parameters": plan.parameters(with_desks=shortages is not None, with_work=False),
        "versions": {"python": platform.python_version()} | {n: version(n) for n in LIBRARIES},
        "inputs": dict(inputs),
    }
    return summary


def _people(part: pd.DataFrame) -> float:
    return float(part["people"].sum())


def _coverage(residences: pd.DataFrame, *, suffix: str) -> dict[str, float | None]:
    verdict = residences[f"verdict{suffix}"]
    people = _people(residences)
    by_residence = covered_people(residences, after=bool(suffix))
    covered = float(by_residence.sum())
    uncovered = (residences["people"] - by_residence).where(verdict.isin(GAPS), 0.0)
    return {
        f"covered_people{suffix}": covered,
        f"covered_share{suffix}": covered / people if people else None,
        f"gap_people{suffix}": float(uncovered.sum()),
    }


def _elderly(residences: pd.DataFrame) -> dict[str, float | None]:
    """Elderly people, covered like all others of their residence."""
    elderly = residences["elderly_people"].fillna(0.0)
    people = float(elderly.sum())
    figures: dict[str, float | None] = {"people": people}
    for suffix in ("", "_after"):
        if f"verdict{suffix}" in residences.columns:
            all_covered = covered_people(residences, after=bool(suffix))
            share = (all_covered / residences["people"]).fillna(0.0)
            covered = float((elderly * share).sum())
            figures[f"covered_people{suffix}"] = covered
            figures[f"covered_share{suffix}"] = covered / people if people else None
    return figures


def _verdicts(residences: pd.DataFrame, column: str) -> dict[str, dict[str, float]]:
    """Residences by verdict; people served of those over capacity count as covered."""
    covered = covered_people(residences, after=column.endswith("_after"))
    verdict = residences[column]
    counts = {}
    for name in VERDICTS:
        chosen = verdict == name
        people = residences["people"][chosen].sum()
        if name == "covered":
            people = covered.sum()
        elif name == "over_capacity":
            people -= covered[chosen].sum()
        counts[name] = {"residences": int(chosen.sum()), "people": float(people)}
    return counts


def _desks(
    residences: pd.DataFrame,
    sites: pd.DataFrame,
    stages: pd.DataFrame,
    shortages: Mapping[str, Sequence[Shortage]],
) -> dict[str, Any]:
    """Desks, what they can do and where they run short, now and after building."""
    ids = sites["site_id"].astype(str).to_numpy(object)
    states: dict[str, Any] = {}
    for state, groups in shortages.items():
        after = state == "after"
        standing = ["open", "planned", "suggested"] if after else ["open"]
        part = sites[sites["status"].isin(standing)]
        added = part["desks_added"] if after else 0
        suffix = "_after" if after else ""
        states[state] = {
            "sites": len(part),
            "desks": float((part["desks"] + added).sum()),
            # The column holds what a site can do with the desks it gets.
            "capacity_people": float((part["capacity_people"] if after else _as_given(part)).sum()),
            "served_people": float(covered_people(residences, after=after).sum()),
            "unserved_people": float(residences[f"people_unserved{suffix}"].sum()),
            "shortages": [
                {
                    "sites": [str(one) for one in ids[group.sites]],
                    "residences": len(group.residences),
                    "people": group.people,
                    "capacity_people": group.capacity_people,
                    "lacking_people": group.lacking_people,
                }
                for group in groups
            ],
        }
    if "after" in states:
        states["sites_added"] = int(stages["sites_added"].sum())
        states["desks_added"] = int(stages["desks_added"].sum())
    return states


def _as_given(sites: pd.DataFrame) -> pd.Series:
    """Capacity before any desk is added."""
    whole = sites["desks"] + sites["desks_added"]
    return sites["capacity_people"] * (sites["desks"] / whole.where(whole > 0)).fillna(0.0)


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Turn numpy values into plain ones, and what JSON cannot say into None."""
    plain: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, np.generic):
            value = value.item()
        missing = isinstance(value, float) and not math.isfinite(value)
        plain[str(name)] = None if missing else value
    return plain
