"""Verdicts: who is covered, who is not, and why."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from walkcover._errors import ConservationError, InputError
from walkcover.network import Ints

WALK_LIMIT_S = 900.0
VERDICTS = (
    "no_people",
    "not_snapped",
    "covered",
    "over_capacity",
    "too_far",
    "island",
    "no_site",
)
# Verdicts that stand for people without service.
GAPS = ("not_snapped", "over_capacity", "too_far", "island", "no_site")
OUTSIDE = "outside"
# People may be fractions; sums of them are compared with this tolerance.
PEOPLE_TOLERANCE = 1e-9


def is_covered(walk_s: pd.Series, *, limit_s: float = WALK_LIMIT_S) -> pd.Series:
    """
    Flag each residence whose nearest site lies within the walking limit.

    Walks are compared in whole milliseconds: exactly `limit_s` is covered, an infinite walk never.

    Parameters
    ----------
    walk_s
        Walk to the nearest site in seconds, shape (n,); `inf` where no path exists.
    limit_s
        Longest acceptable walk in seconds; the default is 15 minutes.

    Returns
    -------
    covered
        Booleans, shape (n,), on the index of `walk_s`.

    Raises
    ------
    InputError
        If `limit_s` is not positive and finite, or a walk is missing or negative.

    References
    ----------
    Service standard S in Church & ReVelle (1974).

    Examples
    --------
    >>> is_covered(pd.Series([300.0, 900.0, float("inf")], index=["a", "b", "c"])).tolist()
    [True, True, False]
    """
    if not 0 < limit_s < np.inf:
        msg = f"limit_s = {limit_s!r}: expected a positive number of seconds"
        raise InputError(msg)
    bad = ~(walk_s >= 0)
    if bad.any():
        msg = (
            f"{int(bad.sum())} walks are missing or negative, first {walk_s.index[bad][0]!r}: "
            "expected seconds, inf where there is no path"
        )
        raise InputError(msg)
    return (walk_s.round(3) <= limit_s).rename("covered")


def verdicts(
    walk_s: pd.Series, people: pd.Series, snap_to: pd.Series, *, limit_s: float = WALK_LIMIT_S
) -> pd.Series:
    """
    Say for each residence whether it is covered, and if not, why.

    Parameters
    ----------
    walk_s
        Walk to the nearest open site in seconds, `inf` where no path exists.
    people
        People of each residence.
    snap_to
        What each residence joined: ``main``, ``private``, ``island``, or missing.
    limit_s
        Longest acceptable walk in seconds.

    Returns
    -------
    verdict
        The first that holds of no_people, not_snapped, covered, too_far, island and no_site, on
        the index of `walk_s`.

    Examples
    --------
    >>> walk_s = pd.Series([500.0, 1640.0, float("inf"), float("inf")])
    >>> snap_to = pd.Series(["main", "main", "island", None], dtype=object)
    >>> verdicts(walk_s, pd.Series([3, 5, 2, 1]), snap_to).tolist()
    ['covered', 'too_far', 'island', 'not_snapped']
    """
    reasons = [
        people == 0,
        snap_to.isna(),
        is_covered(walk_s, limit_s=limit_s),
        np.isfinite(walk_s),
        snap_to == "island",
    ]
    names = ["no_people", "not_snapped", "covered", "too_far", "island", "no_site"]
    first = np.select([r.to_numpy(bool) for r in reasons], np.arange(5), default=5)
    # All rows share six texts; millions of their own would take a hundred MB.
    verdict = np.array(names, dtype=object)[first]
    return pd.Series(verdict, index=walk_s.index, name="verdict")


def covered_people(residences: pd.DataFrame, *, after: bool = False) -> pd.Series:
    """
    Count the people of each residence who are covered.

    Parameters
    ----------
    residences
        With people and verdict (or verdict_after), and people_unserved (or people_unserved_after)
        where desk time counts.
    after
        Whether to count after building.

    Returns
    -------
    covered_people
        On the index of `residences`: all people of covered ones, those served of residences that
        are over capacity, 0 elsewhere.

    Examples
    --------
    >>> homes = pd.DataFrame({"people": [30.0, 20.0], "verdict": ["covered", "over_capacity"],
    ...                       "people_unserved": [0.0, 15.0]})
    >>> covered_people(homes).tolist()
    [30.0, 5.0]
    """
    suffix = "_after" if after else ""
    people, verdict = residences["people"], residences[f"verdict{suffix}"]
    covered = people.where(verdict == "covered", 0)
    if f"people_unserved{suffix}" not in residences:
        return covered
    served = people - residences[f"people_unserved{suffix}"]
    return covered.mask(verdict == "over_capacity", served)


def coverage_by(
    groups: pd.Series,
    residences: pd.DataFrame,
    *,
    labels: list[str],
    after: bool = False,
) -> pd.DataFrame:
    """
    Sum residences and people by group; groups without anybody keep their row.

    Parameters
    ----------
    groups
        The group of each residence.
    residences
        With people, walk_s and verdict (or walk_s_after and verdict_after), and people_unserved
        (or people_unserved_after) where desk time counts.
    labels
        All groups, in the order of the rows.
    after
        Whether to count after building.

    Returns
    -------
    table
        On the index of `labels`: residences, people, covered_people, covered_share (NaN where
        nobody lives), gap_people, unserved_people (within reach, without desk time; only where
        desk time counts), unreached_people (without any path), mean_walk_s (weighted by
        people, over finite walks; NaN without any), worst_walk_s (the longest finite walk of
        people; NaN without any).

    Raises
    ------
    ConservationError
        If people are lost, because a residence belongs to none of the groups.
    """
    return sum_by(groups, coverage_parts(residences, after=after), labels=labels)


def coverage_parts(residences: pd.DataFrame, *, after: bool = False) -> pd.DataFrame:
    """
    Take apart what `sum_by` sums.

    Parameters
    ----------
    residences
        As of `coverage_by`.
    after
        Whether to count after building.

    Returns
    -------
    parts
        On the index of `residences`: residences (1 each), people, covered_people, gap_people,
        unreached_people, walk_people (those with a finite walk), person_s (their seconds),
        unserved_people where desk time counts, and worst_walk_s (NaN without a walk of people).
    """
    suffix = "_after" if after else ""
    people = residences["people"]
    walk_s, verdict = residences[f"walk_s{suffix}"], residences[f"verdict{suffix}"]
    finite = np.isfinite(walk_s) & (people > 0)
    covered = covered_people(residences, after=after)
    parts = pd.DataFrame(
        {
            "residences": 1,
            "people": people,
            "covered_people": covered,
            "gap_people": (people - covered).where(verdict.isin(GAPS), 0),
            "unreached_people": people.where(~np.isfinite(walk_s), 0),
            "walk_people": people.where(finite, 0),
            "person_s": (people * walk_s).where(finite, 0),
        }
    )
    if f"people_unserved{suffix}" in residences:
        parts["unserved_people"] = residences[f"people_unserved{suffix}"]
    parts["worst_walk_s"] = walk_s.where(finite)
    return parts


def sum_by(
    groups: pd.Series | Ints, parts: pd.DataFrame, *, labels: Sequence[str] | Ints
) -> pd.DataFrame:
    """
    Sum parts of residences by group; groups without anybody keep their row.

    Parameters
    ----------
    groups
        The group of each row.
    parts
        As of `coverage_parts`.
    labels
        All groups, in the order of the rows.

    Returns
    -------
    table
        As of `coverage_by`.

    Raises
    ------
    ConservationError
        If people are lost, because a row belongs to none of the groups.
    """
    by_group = parts.groupby(groups, observed=True)
    worst_s = by_group["worst_walk_s"].max()
    added = by_group[[name for name in parts.columns if name != "worst_walk_s"]].sum()
    table = added.reindex(labels, fill_value=0)
    table["worst_walk_s"] = worst_s
    check_people(parts["people"].sum(), table["people"].sum(), step="summing by group")
    has_people = table["people"] > 0
    table["covered_share"] = (table["covered_people"] / table["people"]).where(has_people)
    table["mean_walk_s"] = table.pop("person_s") / table.pop("walk_people").replace(0, np.nan)
    return table


def check_people(before: float, after: float, *, step: str) -> None:
    """
    Stop when people were lost or made.

    Parameters
    ----------
    before, after
        Totals around a step.
    step
        What was done, for the message.

    Raises
    ------
    ConservationError
        If the totals differ.
    """
    if abs(before - after) > PEOPLE_TOLERANCE * max(1.0, abs(before)):
        msg = f"{step}: {before} people went in, {after} came out; this is a fault of walkcover"
        raise ConservationError(msg)
