"""The summary of an excerpt: the zone's own figures, and which are those of the whole run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from walkcover._excerpt_tables import shortages_of
from walkcover._whole_run import WholeRun
from walkcover.band import band_summary
from walkcover.network import Ints
from walkcover.result import Result
from walkcover.summary import summarise

# Figures of the whole run that stand beside those of the zone.
WHOLE_KEYS = (
    "people", "covered_people", "covered_share", "gap_people", "people_per_site",
    "covered_people_after", "covered_share_after", "gap_people_after", "people_per_site_after",
    "sites", "stages", "remedies", "price_people", "price_gap", "population",
)  # fmt: skip


def excerpt_summary(
    whole: WholeRun, part: Result, inside: pd.DataFrame, rows: Ints, zone: pd.Series
) -> dict[str, Any]:
    """
    Sum up an excerpt as a run is summed up.

    Parameters
    ----------
    whole
        The run.
    part
        The tables of the excerpt.
    inside
        The sites that stand in the zone.
    rows
        Rows of the zone's residences in the run.
    zone
        Row of the zone.

    Returns
    -------
    summary
        The keys of the run's summary but ``population``; network, inputs, the price of the order
        and, by stage, what siting says of its answer are those of the whole run. ``excerpt`` has
        zone_id, zone_name, has_daily_work (the whole run planned some) and the same figures of the
        whole run under ``whole``.
    """
    summary, study = whole.result.summary, whole.study
    groups = shortages_of(whole, rows)
    figures = summarise(
        part.plan,
        residences=part.residences,
        sites=inside,
        stages=part.stages,
        network=study.network,
        crs=study.assessment.index.crs.name,
        inputs=summary["inputs"],
        price_people=summary.get("price_people"),
        price_gap=summary.get("price_gap"),
        closures=_closures(summary["closures"], part.closures, {*inside["site_id"]}),
        remedies=_remedies(summary.get("remedies", []), part.remedies),
        shortages=dict.fromkeys(groups, ()) or None,
        band=band_summary(part.band, [stage.name for stage in part.plan.stages]),
    )
    for state, numbers in groups.items():
        listed = summary["desks"][state]["shortages"]
        figures["desks"][state]["shortages"] = [listed[number] for number in numbers]
    figures["excerpt"] = {
        "zone_id": str(zone["zone_id"]),
        "zone_name": str(zone["name"]),
        "has_daily_work": whole.result.operations is not None,
        "whole": {key: summary[key] for key in WHOLE_KEYS if key in summary},
    }
    return figures


def _closures(
    states: Mapping[str, Mapping[str, Any]], table: pd.DataFrame, inside: set[Any]
) -> dict[str, dict[str, Any]]:
    """
    Keep the sites that stand in the zone.

    Of sites that can close together, some can too; how many of them at most is known only where
    all that nobody would miss are among them.
    """
    ids = {str(one) for one in inside}
    found = {}
    for state, figures in states.items():
        standing = ["open"] if state == "now" else ["open", "planned", "suggested"]
        here = table["site_id"].isin(inside) & table["status"].isin(standing)
        alone = [one for one in figures["nobody_would_miss"] if one in ids]
        together = [one for one in figures["closable_together"] if one in ids]
        bound = min(len(alone), int(figures["closable_bound"]))
        found[state] = {
            "sites": int(here.sum()),
            "nobody_would_miss": alone,
            "closable_together": together,
            "closable_bound": bound,
            "closable_status": "optimal" if len(together) == bound else "feasible",
        }
    return found


def _remedies(stages: Sequence[Mapping[str, Any]], table: pd.DataFrame) -> list[dict[str, Any]]:
    """
    Sum up what would help here, for each stage that leaves people out here.

    Whether the goal is met, and which changes are enough, is for all zones together.
    """
    found = []
    for stage in stages:
        part = table[table["stage"] == stage["stage"]]
        if part.empty:
            continue
        local = part.groupby("remedy", sort=True)["people"]
        found.append(
            {
                "stage": stage["stage"],
                "target_missed": False,
                "uncovered_people": float(part["people"].sum()),
                "missing_people": 0.0,
                "zones_short": 0,
                "zones_short_people": 0.0,
                "needed": 0,
                "needed_people": 0.0,
                "limit_min": None,
                "by_remedy": {
                    str(name): {"count": len(people), "people": float(people.sum())}
                    for name, people in local
                },
            }
        )
    return found
