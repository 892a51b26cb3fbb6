"""Pick the figures that map and report both show out of a result."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from walkcover.maps import formats
from walkcover.maps.text import Words
from walkcover.plan import Plan
from walkcover.result import Result

# People per site that the outbreak norm of May 2022 names.
NORM_LOW, NORM_HIGH = 2000, 3000
# Classes of a residence on the map; the walking bands are thirds of the limit.
NEAR, MIDDLE, FAR, GAP, NOT_SNAPPED, NO_PEOPLE = range(6)
CLASS_KEYS = ("near", "middle", "far", "gap", "not_snapped", "no_people")


@dataclass(frozen=True)
class Figure:
    """One number with the key it has in pages, before and after building (None: no after)."""

    key: str
    before: float
    after: float | None = None


@dataclass(frozen=True)
class Headline:
    """The figures on top of map and report; shares from 0 to 1."""

    people: float
    covered_people: Figure
    covered_share: Figure
    gap_people: Figure
    sites: Figure
    people_per_site: Figure
    distance_only: bool
    unserved_people: Figure | None


def has_after(result: Result) -> bool:
    """Tell whether sites were suggested, so that there is a state after building."""
    return "verdict_after" in result.residences


def headline(result: Result) -> Headline:
    """
    Collect the headline of a result, all of it from its summary.

    Returns
    -------
    headline
        Figures before building, and after it where sites were suggested; NaN where the summary
        has none, as people per site without any site. `unserved_people` (near a site without
        desk time) is None where distance alone counts.
    """
    summary = result.summary
    sites = summary["sites"]
    after = has_after(result)
    standing_after = sites["open"] + sites["planned"] + sites["suggested"]

    def figure(key: str) -> Figure:
        later = _number(summary[f"{key}_after"]) if after else None
        return Figure(key, _number(summary[key]), later)

    desks = summary.get("desks")
    unserved = None
    if desks is not None:
        later = _number(desks["after"]["unserved_people"]) if after else None
        unserved = Figure("unserved", _number(desks["now"]["unserved_people"]), later)
    return Headline(
        people=_number(summary["people"]),
        covered_people=figure("covered_people"),
        covered_share=figure("covered_share"),
        gap_people=figure("gap_people"),
        sites=Figure("sites", sites["open"], standing_after if after else None),
        people_per_site=figure("people_per_site"),
        distance_only=summary["distance_only"],
        unserved_people=unserved,
    )


def before_building(result: Result) -> tuple[float, float]:
    """
    Give what the steps of the rollout start from.

    Returns
    -------
    covered_people, covered_share
        Of the people that the rollout counts: in the excerpt of a zone where desk time counts,
        those of the whole run. The share is 1 where nobody lives.
    """
    summary = result.summary
    if "excerpt" in summary and not summary["distance_only"]:
        summary = summary["excerpt"]["whole"]
    share = summary["covered_share"]
    return float(summary["covered_people"]), 1.0 if share is None else float(share)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def walk_classes(walk_s: pd.Series, verdict: pd.Series, *, limit_s: float) -> pd.Series:
    """
    Sort residences into the classes of the legend.

    Parameters
    ----------
    walk_s
        Walk to the nearest site in seconds, shape (n,).
    verdict
        Verdicts, on the same index; they decide who is covered, never the walk.
    limit_s
        The walking limit in seconds; a third of it is one band.

    Returns
    -------
    classes
        Positions in `CLASS_KEYS`, int64, on the index of `walk_s`.

    Examples
    --------
    >>> walk_classes(pd.Series([300.0, 300.1, 900.0, 901.0, float("inf")]),
    ...              pd.Series(["covered", "covered", "covered", "too_far", "no_people"]),
    ...              limit_s=900.0).tolist()
    [0, 1, 2, 3, 5]
    """
    third = limit_s / 3
    band = np.select([walk_s.round(3) <= third, walk_s.round(3) <= 2 * third], [NEAR, MIDDLE], FAR)
    classes = np.select(
        [verdict == "covered", verdict == "not_snapped", verdict == "no_people"],
        [band, NOT_SNAPPED, NO_PEOPLE],
        GAP,
    )
    return pd.Series(classes.astype(np.int64), index=walk_s.index, name="walk_class")


def class_labels(plan: Plan, words: Words) -> list[str]:
    """Name the classes of `CLASS_KEYS` for the legend, in their order."""
    third = plan.walk.limit_min / 3
    edges = [formats.number(round(third * step, 1)) for step in range(4)]
    bands = [words("class_walk", low=edges[i], high=edges[i + 1]) for i in range(3)]
    rest = [words("class_gap"), words("class_not_snapped"), words("class_no_people")]
    return bands + rest


def class_counts(classes: pd.Series, people: pd.Series) -> pd.DataFrame:
    """
    Count residences and people per class.

    Returns
    -------
    counts
        Columns residences and people, a row for each of `CLASS_KEYS` in order, zero rows kept.
    """
    grouped = people.groupby(classes).agg(["count", "sum"])
    grouped.columns = pd.Index(["residences", "people"])
    return grouped.reindex(range(len(CLASS_KEYS)), fill_value=0)


def legend_counts(result: Result, *, suffix: str) -> pd.DataFrame:
    """
    Count residences and people per class of the legend; people served are in the band they walk.

    Returns
    -------
    counts
        As of `class_counts`; residences over capacity are gaps, those of their people who are
        served count where their walk is.
    """
    table, limit_s = result.residences, result.plan.walk.limit_s
    walk_s, verdict = table[f"walk_s{suffix}"], table[f"verdict{suffix}"]
    classes = walk_classes(walk_s, verdict, limit_s=limit_s)
    counts = class_counts(classes, table["people"])
    full = verdict == "over_capacity"
    if full.any():
        served = (table["people"] - table[f"people_unserved{suffix}"])[full]
        bands = walk_classes(walk_s[full], verdict[full].replace("over_capacity", "covered"),
                             limit_s=limit_s)  # fmt: skip
        counts["people"] += class_counts(bands, served)["people"]
        counts.loc[GAP, "people"] -= served.sum()
    return counts


def goal_text(stage: pd.Series, words: Words) -> str:
    """Write what a stage is to reach: a share, a number of sites or a budget."""
    if pd.notna(stage["max_sites"]):
        return words("goal_max_sites", count=formats.number(float(stage["max_sites"])))
    if pd.notna(stage["budget"]):
        return words("goal_budget", money=formats.number(float(stage["budget"])))
    return words("goal_target", share=formats.share(float(stage["target"])))


def proof_text(stage: pd.Series, words: Words) -> str:
    """Write how good a stage's answer is, in words."""
    status = stage.get("status")
    if status is None or pd.isna(status):
        return words("proof_none")
    return words(f"proof_{status}", gap=formats.gap(float(stage["gap"])))
