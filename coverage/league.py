"""The league table: zones of a level ranked by the share of their people who are covered."""

from __future__ import annotations

import numpy as np
import pandas as pd

from walkcover._errors import InputError
from walkcover.gaps import OUTSIDE
from walkcover.zones import is_parent

# Which zones get a report of their own: those that others lie in, or every one.
PARENTS, ALL = "parents", "all"
# Shares that differ by less are equal: people may be fractions, whose sums are rounded.
SHARE_DECIMALS = 9
LEAGUE_COLUMNS = [
    "level", "rank", "zone_id", "name", "parent_id", "people", "covered_people", "covered_share",
    "gap_people", "sites", "people_per_site",
]  # fmt: skip
AFTER_COLUMNS = [
    "rank_after", "covered_people_after", "covered_share_after", "share_gained",
    "gap_people_after", "sites_after", "people_per_site_after",
]  # fmt: skip


def zone_levels(zones: pd.DataFrame) -> pd.Series:
    """
    Count how deep each zone lies: 1 for zones in no other, 2 for those right below, and so on.

    Parameters
    ----------
    zones
        With zone_id and parent_id.

    Returns
    -------
    level
        int64, on the index of `zones`.

    Examples
    --------
    >>> zones = pd.DataFrame({"zone_id": ["town", "county"], "parent_id": ["county", None]})
    >>> zone_levels(zones).tolist()
    [2, 1]
    """
    parent = dict(zip(zones["zone_id"], zones["parent_id"], strict=True))
    levels = []
    for zone in zones["zone_id"]:
        above, seen = parent[zone], {zone}
        while above in parent and above not in seen:
            seen.add(above)
            above = parent[above]
        levels.append(len(seen))
    return pd.Series(levels, index=zones.index, name="level", dtype=np.int64)


def zones_to_report(zones: pd.DataFrame, level: str = PARENTS) -> list[str]:
    """
    Choose the zones that get a report of their own.

    Parameters
    ----------
    zones
        With zone_id and parent_id, as in a result.
    level
        ``parents`` for zones that others lie in, or all where there is none; ``all``; or a level
        as `zone_levels` counts them, ``"1"`` for the uppermost.

    Returns
    -------
    zone_ids
        In the order of `zones`, never the row ``outside``.

    Raises
    ------
    InputError
        If `level` is none of these, or no zone is of that level.

    Examples
    --------
    >>> zones = pd.DataFrame({"zone_id": ["town", "county"], "parent_id": ["county", None]})
    >>> zones_to_report(zones), zones_to_report(zones, "2"), zones_to_report(zones, "all")
    (['county'], ['town'], ['town', 'county'])
    """
    zones = zones[zones["zone_id"] != OUTSIDE]
    levels = zone_levels(zones)
    if level == ALL:
        chosen = levels > 0
    elif level == PARENTS:
        chosen = is_parent(zones)
        chosen = chosen if chosen.any() else levels > 0
    elif level.isascii() and level.isdigit() and (levels == int(level)).any():
        chosen = levels == int(level)
    else:
        deepest = int(levels.max()) if len(levels) else 0
        msg = (
            f"level {level!r}: expected {PARENTS}, {ALL} or a number from 1 to {deepest}, "
            "1 for zones that lie in no other"
        )
        raise InputError(msg)
    zone_ids: list[str] = zones.loc[chosen, "zone_id"].astype(str).tolist()
    return zone_ids


def league_table(zones: pd.DataFrame) -> pd.DataFrame:
    """
    Rank the zones of each level by the share covered, the highest first.

    Equal shares have equal ranks, and the next rank is left out (1, 2, 2, 4); of them the zone
    with more people stands first, then the smaller id. Zones without people, and people outside
    all zones, keep a row without a rank, behind the others.

    Parameters
    ----------
    zones
        The table of zones of a result.

    Returns
    -------
    league
        A row per zone, level by level: level, rank (Int64, missing where nobody lives), zone_id,
        name, parent_id, people, covered_people, covered_share, gap_people, sites,
        people_per_site; and, where sites were suggested, rank_after, share_gained (the change of
        the share, from -1 to 1) and the same figures ``_after``.

    Examples
    --------
    >>> zones = pd.DataFrame({"zone_id": ["a", "b", "c"], "name": ["A", "B", "C"],
    ...     "parent_id": None, "people": [10, 20, 0], "covered_people": [5, 10, 0],
    ...     "covered_share": [0.5, 0.5, float("nan")], "gap_people": [5, 10, 0],
    ...     "sites": [1, 1, 0], "people_per_site": [10.0, 20.0, float("nan")]})
    >>> league_table(zones)[["rank", "zone_id"]].values.tolist()
    [[1, 'b'], [1, 'a'], [<NA>, 'c']]
    """
    table = pd.DataFrame(zones.drop(columns="geometry", errors="ignore"))
    table["level"] = zone_levels(table)
    table["rank"] = _ranks(table, "covered_share")
    columns = LEAGUE_COLUMNS
    if "covered_share_after" in table:
        table["rank_after"] = _ranks(table, "covered_share_after")
        table["share_gained"] = table["covered_share_after"] - table["covered_share"]
        columns = [*LEAGUE_COLUMNS, *AFTER_COLUMNS]
    table["is_outside"] = table["zone_id"] == OUTSIDE
    order = table.sort_values(
        ["level", "rank", "is_outside", "people", "zone_id"],
        ascending=[True, True, True, False, True],
        kind="stable",
    )
    return order[columns].reset_index(drop=True)


def _ranks(table: pd.DataFrame, column: str) -> pd.Series:
    """Rank within each level; those outside all zones compete with nobody."""
    share = table[column].where(table["zone_id"] != OUTSIDE).astype(float).round(SHARE_DECIMALS)
    rank = share.groupby(table["level"]).rank(method="min", ascending=False)
    return rank.astype("Int64")
