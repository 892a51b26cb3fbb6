"""The chapter of the report on testing more often: what each interval takes, and its price."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from walkcover.maps import formats
from walkcover.maps.daily_pictures import Curve, steps_chart
from walkcover.maps.document import (
    Block,
    Cell,
    Chapter,
    Column,
    Figure,
    Heading,
    Paragraph,
    Row,
    Table,
)
from walkcover.maps.text import Words
from walkcover.result import Result

# Columns of the table: name and key of its head.
LISTED = (
    ("tests_per_day", "tests_per_day"),
    ("desks_needed", "desks_needed"),
    ("desks_short", "desks_short"),
    ("teams", "teams"),
    ("team_days", "team_days"),
    ("unserved_people", "unserved_count"),
    ("tubes_per_day", "tubes_per_day"),
    ("vehicles", "vehicles"),
    ("laboratories_needed", "laboratories_needed"),
    ("tubes_short", "tubes_short"),
)
PRICED = (
    ("cost_per_day", "cost_per_day"),
    ("cost_desks", "cost_desks"),
    ("cost_teams", "cost_teams"),
    ("cost_vehicles", "cost_vehicles"),
    ("cost_tests", "cost_tests"),
)
# What the first sentence and the curves compare: name, look of its curve.
NEEDS = (
    ("desks", "desks_needed", "curve"),
    ("teams", "teams", "later"),
    ("vehicles", "vehicles", "quiet"),
    ("laboratories", "laboratories_needed", "limit"),
)
PERCENT = 100.0

Record = dict[Any, Any]


def intervals_chapter(result: Result, words: Words) -> Chapter | None:
    """
    Say what testing everybody more often takes.

    Parameters
    ----------
    result
        A finished run.
    words
        The language.

    Returns
    -------
    chapter
        None where no intervals were compared.
    """
    if result.operations is None or result.operations.intervals.empty:
        return None
    table = result.operations.intervals
    blocks: list[Block] = [Paragraph(interval_answer(table, words), "say")]
    blocks.append(Paragraph(words("intervals_note"), "quiet"))
    known = [one for one in LISTED if table[one[0]].notna().any()]
    blocks.append(_table(table, known, words))
    priced = [one for one in PRICED if table[one[0]].notna().any()]
    if priced:
        blocks += [Heading(words("cost_per_day")), _table(table, priced, words)]
    blocks += _curves(table, words)
    return Chapter("intervals", words("intervals_title"), tuple(blocks))


def interval_answer(table: pd.DataFrame, words: Words) -> str:
    """
    Say in one sentence what the next shorter interval takes, or the next longer one saves.

    Parameters
    ----------
    table
        The intervals.
    words
        The language.

    Returns
    -------
    sentence
        Desks, teams, vehicles, laboratories and money, as far as they are planned.
    """
    now = table[table["is_plan"].astype(bool)].iloc[0]
    others = table[~table["is_plan"].astype(bool)]
    days = formats.number(now["interval_days"])
    if others.empty:
        return words("say_one_interval", days=days)
    # The longest comes first: the next shorter one, or the next longer one where there is none.
    shorter = others[others["interval_days"] < now["interval_days"]]
    following = shorter.iloc[0] if len(shorter) else others.iloc[-1]
    listed = [(f"need_{what}", name) for what, name, _ in NEEDS]
    changes = [
        words(
            "change_need",
            what=words(key),
            before=formats.people(float(now[name])),
            after=formats.people(float(following[name])),
        )
        for key, name in [*listed, ("need_money", "cost_per_day")]
        if pd.notna(now[name]) and pd.notna(following[name])
    ]
    said = words("list_comma").join(changes)
    other = formats.number(following["interval_days"])
    return words("say_interval", days=days, other=other, changes=said)


def _table(table: pd.DataFrame, listed: list[tuple[str, str]], words: Words) -> Table:
    columns = [Column(words("interval_days"), "word")]
    columns += [Column(words(head), "people") for _, head in listed]
    rows = []
    for interval in table.to_dict("records"):
        days = formats.number(interval["interval_days"])
        cells = [Cell(days, note="●" if interval["is_plan"] else "")]
        cells += [_figure(interval, name) for name, _ in listed]
        rows.append(Row(tuple(cells), key=f"{interval['interval_days']:g}"))
    return Table(tuple(columns), tuple(rows), keys="interval")


def _figure(interval: Record, name: str) -> Cell:
    value = float(interval[name])
    if math.isnan(value):
        return Cell(formats.MISSING)
    key = f"intervals.{interval['interval_days']:g}.{name}"
    return Cell(formats.people(value), key=key, value=value)


def _curves(table: pd.DataFrame, words: Words) -> list[Block]:
    """Draw needs against those of the interval in force, and money."""
    if len(table) < 2:
        return []
    blocks: list[Block] = []
    labels = [formats.number(days) for days in table["interval_days"]]
    now = table[table["is_plan"].astype(bool)].iloc[0]
    drawn = [one for one in NEEDS if pd.notna(now[one[1]]) and now[one[1]] > 0]
    curves = [
        Curve(look, "line", tuple(table[name] / now[name] * PERCENT)) for _, name, look in drawn
    ]
    if curves:
        lines = words("list_comma").join(words(f"line_{what}") for what, _, _ in drawn)
        drawing = steps_chart(words("needs_curve"), labels, curves)
        note = words("needs_note", lines=lines)
        blocks += [Heading(words("needs_curve")), Figure(drawing, (note,))]
    if table["cost_per_day"].notna().any():
        bars = Curve("bar", "bars", tuple(table["cost_per_day"]))
        drawing = steps_chart(words("costs_curve"), labels, [bars])
        blocks += [Heading(words("costs_curve")), Figure(drawing, (words("costs_note"),))]
    return blocks
