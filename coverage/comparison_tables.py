"""Comparisons as tables: side by side, one figure a row, and as plain values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from walkcover._errors import InputError
from walkcover.comparison import PEOPLE_BY_CHANGE, Comparison


def side_by_side(comparisons: Sequence[Comparison], *, after: bool = False) -> pd.DataFrame:
    """
    Put the base and several scenarios under each other.

    Parameters
    ----------
    comparisons
        Comparisons with one base.
    after
        Whether to compare once the suggested sites stand; scenarios that suggest none are left
        out.

    Returns
    -------
    table
        A row for the base (its name empty) and for each scenario: scenario, the figures of
        `Comparison.totals`, the differences of covered_people, covered_share, mean_walk_s and
        sites, and gained_people, lost_people, shorter_people and longer_people.

    Raises
    ------
    InputError
        If there is nothing to compare.
    """
    states = [one.after if after else one for one in comparisons]
    chosen = [one for one in states if one is not None]
    if not chosen:
        msg = "there is nothing to compare: expected one scenario or more"
        raise InputError(msg)
    rows: list[dict[str, Any]] = [{"scenario": "", **chosen[0].totals["base"]}]
    for one in chosen:
        changes = one.changes["people"]
        rows.append(
            {
                "scenario": one.name,
                **one.totals["scenario"],
                **{
                    f"{name}_difference": one.totals.loc[name, "difference"]
                    for name in ("covered_people", "covered_share", "mean_walk_s", "sites")
                },
                "gained_people": one.gained_people,
                "lost_people": one.lost_people,
                "shorter_people": changes["shorter"],
                "longer_people": changes["longer"],
            }
        )
    return pd.DataFrame(rows)


def tidy(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """
    List every figure of all comparisons, one a row.

    Parameters
    ----------
    comparisons
        The comparisons.

    Returns
    -------
    table
        scenario, state (now | after), level (all | stage | zone), id, figure, base, value and
        difference; for who gains and loses base and difference are missing.
    """
    rows: list[pd.DataFrame] = []
    for comparison in comparisons:
        for one in (comparison, comparison.after):
            if one is None:
                continue
            levels = {
                "all": _as_row(one),
                "stage": one.by_stage.rename(columns={"name": "id"}),
                "zone": one.by_zone.rename(columns={"zone_id": "id"}),
            }
            for level, table in levels.items():
                part = _long(table)
                part.insert(0, "level", level)
                part.insert(0, "state", one.state)
                part.insert(0, "scenario", one.name)
                rows.append(part)
    return pd.concat(rows, ignore_index=True)


def _as_row(one: Comparison) -> pd.DataFrame:
    """The totals as a table of one row, in the columns of those by zone."""
    row: dict[str, Any] = {"id": "", **one.people_by_change.sum()}
    for name, figures in one.totals.iterrows():
        row |= {f"{name}_base": figures["base"], str(name): figures["scenario"]}
        row[f"{name}_difference"] = figures["difference"]
    return pd.DataFrame([row])


def _long(table: pd.DataFrame) -> pd.DataFrame:
    """A row per row of the table and figure."""
    names = [*PEOPLE_BY_CHANGE, *(n.removesuffix("_base") for n in table if n.endswith("_base"))]
    parts = []
    for name in names:
        nothing = pd.Series(np.nan, index=table.index)
        parts.append(
            pd.DataFrame(
                {
                    "id": table["id"].astype(str),
                    "figure": name,
                    "base": table.get(f"{name}_base", nothing),
                    "value": table[name],
                    "difference": table.get(f"{name}_difference", nothing),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def stacked(comparisons: Sequence[Comparison], name: str) -> pd.DataFrame:
    """
    Put one table of all comparisons and states under each other.

    Parameters
    ----------
    comparisons
        The comparisons.
    name
        Which table: ``changes``, ``by_stage``, ``by_zone``, ``sites`` or ``residences``.

    Returns
    -------
    table
        scenario and state, then the columns of the table.
    """
    parts = []
    for comparison in comparisons:
        for one in (comparison, comparison.after):
            if one is None:
                continue
            table = getattr(one, name)
            part = table.reset_index() if name == "changes" else table.copy()
            part.insert(0, "state", one.state)
            part.insert(0, "scenario", one.name)
            parts.append(part)
    return pd.concat(parts, ignore_index=True)


def comparison_record(comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """
    Turn comparisons into plain values, as JSON takes them.

    Parameters
    ----------
    comparisons
        The comparisons.

    Returns
    -------
    record
        ``scenarios``, a list with name and notes and, for ``now`` and (where sites were suggested)
        ``after``: totals (base, scenario and difference by figure), changes, stages and zones as
        in the tables of `walkcover.Comparison`. What is missing is None.
    """
    scenarios = []
    for comparison in comparisons:
        entry: dict[str, Any] = {"name": comparison.name, "notes": list(comparison.notes)}
        for one in (comparison, comparison.after):
            if one is not None:
                entry[one.state] = {
                    "totals": {str(name): _plain(row) for name, row in one.totals.iterrows()},
                    "gained_people": one.gained_people,
                    "lost_people": one.lost_people,
                    "changes": {str(name): _plain(row) for name, row in one.changes.iterrows()},
                    "stages": [_plain(row) for _, row in one.by_stage.iterrows()],
                    "zones": [_plain(row) for _, row in one.by_zone.iterrows()],
                }
        scenarios.append(entry)
    return {"scenarios": scenarios}


def _plain(row: pd.Series) -> dict[str, Any]:
    """Values that JSON can say."""
    plain: dict[str, Any] = {}
    for name, value in row.items():
        value = value.item() if isinstance(value, np.generic) else value
        missing = value is None or (isinstance(value, float) and not math.isfinite(value))
        plain[str(name)] = None if missing or value is pd.NA else value
    return plain
