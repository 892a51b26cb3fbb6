"""The summary: every headline figure of a run, as plain values."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from walkcover.gaps import GAPS, VERDICTS
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
        "distance_only": True,
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
        "parameters": plan.parameters(),
        "versions": {"python": platform.python_version()} | {n: version(n) for n in LIBRARIES},
        "inputs": dict(inputs),
    }
    return summary


def _people(part: pd.DataFrame) -> float:
    return float(part["people"].sum())


def _coverage(residences: pd.DataFrame, *, suffix: str) -> dict[str, float | None]:
    verdict = residences[f"verdict{suffix}"]
    people, covered = _people(residences), _people(residences[verdict == "covered"])
    return {
        f"covered_people{suffix}": covered,
        f"covered_share{suffix}": covered / people if people else None,
        f"gap_people{suffix}": _people(residences[verdict.isin(GAPS)]),
    }


def _verdicts(residences: pd.DataFrame, column: str) -> dict[str, dict[str, float]]:
    parts = {name: residences[residences[column] == name] for name in VERDICTS}
    return {
        name: {"residences": len(part), "people": _people(part)} for name, part in parts.items()
    }


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Turn numpy values into plain ones, and what JSON cannot say into None."""
    plain: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, np.generic):
            value = value.item()
        missing = isinstance(value, float) and not math.isfinite(value)
        plain[str(name)] = None if missing else value
    return plain
