"""Heads, units and words for the columns of a result's tables, in the language of the plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pandas as pd

from walkcover.maps.layers import is_text, street_list
from walkcover.maps.text import Words
from walkcover.maps.workbook import Kind, SheetColumn

# Name of a column, without "_after": key of its head, and what it holds. Besides the kinds of a
# workbook: seconds are shown as minutes; the others are codes that are written as words.
COLUMNS: dict[str, tuple[str, str]] = {
    "order": ("order", "people"),
    "level": ("column_level", "people"),
    "rank": ("column_rank", "people"),
    "stage": ("stage", "stage"),
    "goal_text": ("goal", "text"),
    "zone_floor": ("column_zone_floor", "percent"),
    "action": ("action", "action"),
    "remedy_text": ("remedy", "text"),
    "site_id": ("column_site_id", "text"),
    "zone_id": ("column_zone_id", "text"),
    "parent_id": ("column_parent_id", "text"),
    "zone_name": ("zone", "zone"),
    "gap_id": ("gap_area", "text"),
    "name": ("name", "text"),
    "origin": ("column_origin", "origin"),
    "status": ("status", "status"),
    "relation": ("column_relation", "relation"),
    "is_inside": ("column_is_inside", "flag"),
    "verdict": ("verdict", "verdict"),
    "meaning": ("meaning", "text"),
    "reason": ("reason", "verdict"),
    "nearest_miss_s": ("nearest_miss", "seconds"),
    "near": ("near", "streets"),
    "residences": ("residences", "people"),
    "residence_ids": ("column_residence_ids", "streets"),
    "people": ("people", "people"),
    "covered_people": ("covered_people", "people"),
    "covered_share": ("covered_share", "share"),
    "share_gained": ("column_share_gained", "change"),
    "gap_people": ("gap_people", "people"),
    "unserved_people": ("unserved_short", "people"),
    "unreached_people": ("column_unreached_people", "people"),
    "mean_walk_s": ("mean_walk", "seconds"),
    "worst_walk_s": ("worst_walk", "seconds"),
    "sites": ("desk_sites", "people"),
    "people_per_site": ("people_per_site", "people"),
    "sites_added": ("sites_added", "people"),
    "desks_added": ("desks_added", "number"),
    "cost": ("column_cost", "number"),
    "missing_people": ("column_missing_people", "people"),
    "zones_short": ("column_zones_short", "people"),
    "zones_short_people": ("column_zones_short_people", "people"),
    "objective": ("objective", "number"),
    "bound": ("bound", "number"),
    "gap": ("proof_gap", "percent"),
    "proof_text": ("proof", "text"),
    "lon": ("column_lon", "degrees"),
    "lat": ("column_lat", "degrees"),
    "lon_gcj02": ("column_lon_gcj02", "degrees"),
    "lat_gcj02": ("column_lat_gcj02", "degrees"),
    "snap_m": ("column_snap_m", "metres"),
    "snap_to": ("column_snap_to", "joined"),
    "people_served": ("people_served", "people"),
    "people_served_here": ("column_people_served_here", "people"),
    "people_gained": ("people_gained", "people"),
    "desks": ("desks", "number"),
    "capacity_people": ("capacity_short", "people"),
    "load_share": ("load_share", "percent"),
    "place_id": ("column_place_id", "text"),
    "street_m": ("column_street_m", "metres"),
    "limit_min": ("column_limit_min", "number"),
    "miss_s": ("column_miss_s", "seconds"),
    "candidate_miss_s": ("column_candidate_miss_s", "seconds"),
    "needed": ("column_needed", "flag"),
    "people_within_reach": ("people_in_reach", "people"),
    "only_residences": ("column_only_residences", "people"),
    "only_people": ("lose_cover", "people"),
    "moved_people": ("walk_further", "people"),
    "extra_walk_s": ("column_extra_walk_s", "seconds"),
    "closable": ("column_closable", "flag"),
    "profile": ("profile", "profile"),
    "speed_kmh": ("speed", "number"),
    "reached_people": ("people_in_reach", "people"),
    "reached_share": ("reached_share", "share"),
    "state": ("status", "text"),
    "site_names": ("desk_sites", "text"),
    "lacking_people": ("lacking", "people"),
}
# Where a column of a table means something else than its name says elsewhere.
OF_TABLE: dict[tuple[str, str], tuple[str, str]] = {
    ("stages", "name"): ("stage", "stage"),
    ("zones", "name"): ("name", "zone"),
    ("league", "name"): ("name", "zone"),
    ("remedies", "order"): ("column_number", "people"),
    ("remedies", "people"): ("helped", "people"),
    ("remedies", "sites"): ("sites_added", "people"),
    ("shortages", "people"): ("within_reach_only", "people"),
}
AFTER = "_after"


def sheet_columns(table: pd.DataFrame, words: Words, *, table_key: str) -> tuple[SheetColumn, ...]:
    """
    Put a table into columns of a sheet, in their order.

    Columns that the inputs brought keep their name and their values.

    Parameters
    ----------
    table
        A table of a result, without geometry.
    words
        The language.
    table_key
        Which table it is.

    Returns
    -------
    columns
        Raw numbers, but walks in minutes; codes as words; walks without a path in words too.

    Examples
    --------
    >>> table = pd.DataFrame({"covered_share": [0.5], "covered_share_after": [1.0], "phone": "1"})
    >>> [one.title for one in sheet_columns(table, Words("en"), table_key="zones")]
    ['Share covered, Now', 'Share covered, After building', 'phone']
    """
    return tuple(
        _column(str(name), table[name], words, table_key, with_state=_has_state(name, table))
        for name in table.columns
    )


def _has_state(name: Any, table: pd.DataFrame) -> bool:
    """Tell whether a column has a sister after building, or is one."""
    return f"{name}{AFTER}" in table or str(name).endswith(AFTER)


def _column(
    name: str, values: pd.Series, words: Words, table_key: str, *, with_state: bool
) -> SheetColumn:
    plain = name.removesuffix(AFTER)
    known = OF_TABLE.get((table_key, plain), COLUMNS.get(plain))
    if known is None:
        return SheetColumn(name, *_as_given(values, words))
    key, kind = known
    title = words(key)
    if with_state:
        state = words("after" if name.endswith(AFTER) else "before")
        title = words("column_state", head=title, state=state)
    return SheetColumn(title, *_as_said(values, kind, words))


def _as_given(values: pd.Series, words: Words) -> tuple[Kind, list[Any]]:
    """Take over a column that the inputs brought."""
    if pd.api.types.is_bool_dtype(values):
        return _as_said(values, "flag", words)
    if pd.api.types.is_numeric_dtype(values):
        return "number", _numbers(values)
    return "text", [None if pd.isna(one) else str(one) for one in values]


def _as_said(values: pd.Series, kind: str, words: Words) -> tuple[Kind, list[Any]]:
    if kind == "seconds":
        minutes = [None if one is None else one / 60 for one in _numbers(values)]
        return "minutes", [words("no_path") if one == np.inf else one for one in minutes]
    if kind in SAID:
        said = SAID[kind]
        return "text", [None if pd.isna(one) else said(one, words) for one in values]
    if kind == "text":
        return "text", [None if pd.isna(one) else str(one) for one in values]
    return cast("Kind", kind), _numbers(values)


def _numbers(values: pd.Series) -> list[Any]:
    """Plain numbers, None where one is missing."""
    return [None if pd.isna(one) else one for one in values.tolist()]


def _verdict(code: Any, words: Words) -> str:
    return words("why_no_backup" if code == "no_backup" else f"verdict_{code}")


def _stage(code: Any, words: Words) -> str:
    # The band has a row for all stages together, which names none.
    return words.stage(str(code)) if code else words("stage_all")


def _streets(text: Any, words: Words) -> str:
    return street_list(text, words) if is_text(text) else ""


SAID: dict[str, Callable[[Any, Words], str]] = {
    "stage": _stage,
    "verdict": _verdict,
    "streets": _streets,
    "profile": lambda code, words: words.profile(str(code)),
    "flag": lambda code, words: words("flag_yes" if code else "flag_no"),
    "action": lambda code, words: words(f"action_{code}"),
    "origin": lambda code, words: words(f"origin_{code}"),
    "status": lambda code, words: words(f"status_{code}"),
    "relation": lambda code, words: words(f"relation_{code}"),
    "joined": lambda code, words: words(f"joined_{code}"),
    "zone": lambda name, words: words("zone_outside") if name == "outside" else str(name),
}
