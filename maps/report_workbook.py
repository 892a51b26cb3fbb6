"""The report as a workbook: a first sheet in plain words, then every table on a sheet."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd

from walkcover.maps import figures, formats
from walkcover.maps.daily_sheets import daily_sheets
from walkcover.maps.document import Block, Bullets, Chapter, Figure, Heading, Paragraph, Table
from walkcover.maps.layers import site_titles
from walkcover.maps.report_gaps import remedy_text
from walkcover.maps.report_sources import sources_chapter
from walkcover.maps.report_summary import VERDICTS, glance_chapter, totals_chapter
from walkcover.maps.table_columns import sheet_columns
from walkcover.maps.text import Words
from walkcover.maps.workbook import (
    DataSheet,
    Kind,
    SheetColumn,
    TextBlock,
    TextLine,
    TextTable,
    write_workbook,
)
from walkcover.result import Result

# Columns of the stages that say nothing where no zone has a floor.
FLOORS = ["zone_floor", "zones_short", "zones_short_people"]
# Columns of the tables that the sheets do not repeat: outlines, and what is said in words beside.
UNSAID = {
    "stages": ("target", "max_sites", "budget", "goal", "status", "rows", "columns"),
    "remedies": ("remedy",),
}


def write_report_workbook(result: Result, path: Path) -> None:
    """
    Write the report of a run as a workbook.

    Parameters
    ----------
    result
        A finished run; without columns ending in ``_after`` it has the present state only.
    path
        Where to. Heads and words are in the language of the plan; the Excel tables are named as
        the tables of the result.

    Raises
    ------
    InputError
        If a table has more columns than a sheet can hold.
    """
    words = Words(result.plan.plan.language)
    about = result.plan.plan
    write_workbook(
        path,
        title=about.name,
        date=about.date,
        first=(words("sheet_overview"), _overview(result, words)),
        sheets=[*report_sheets(result, words)],
    )


def report_sheets(result: Result, words: Words) -> Iterator[DataSheet]:
    """
    Put the tables of a result into columns.

    Parameters
    ----------
    result
        A finished run.
    words
        The language of heads and words.

    Returns
    -------
    sheets
        verdicts, stages, zones, gap_areas, rollout, remedies, sites, closures, band, and shortages
        where desk time counts; and those of `daily_sheets` where daily work was planned. Numbers
        are those of the result, walks in minutes.
    """
    tables = {
        "stages": _stages(result, words),
        "zones": result.zones,
        "gap_areas": result.gap_areas,
        "rollout": result.rollout,
        "remedies": _remedies(result, words),
        "sites": result.sites,
        "closures": result.closures,
        "band": result.band,
    }
    none = {"gap_areas": "gap_none", "rollout": "build_none", "closures": "closure_none"}
    none["remedies"] = "remedy_none" if figures.has_after(result) else "remedy_not_asked"
    yield _verdicts(result, words)
    for key, table in tables.items():
        plain = pd.DataFrame(table).drop(
            columns=["geometry", *UNSAID.get(key, ())], errors="ignore"
        )
        columns = sheet_columns(plain, words, table_key=key)
        if not columns:
            columns = (SheetColumn(words(f"sheet_{key}"), "text", ()),)
        said = words(none[key]) if key in none else ""
        yield DataSheet(key, words(f"sheet_{key}"), columns, frozen=2, none=said)
    if "desks" in result.summary:
        yield _shortages(result, words)
    if result.operations is not None:
        yield from daily_sheets(result.operations, words)


def _stages(result: Result, words: Words) -> pd.DataFrame:
    """Say goal and proof in words, as in the report."""
    rows = [row for _, row in result.stages.iterrows()]
    table = result.stages.copy()
    if not table.get("zone_floor", pd.Series(0.0)).gt(0).any():
        table = table.drop(columns=FLOORS, errors="ignore")
    table.insert(1, "goal_text", [figures.goal_text(row, words) for row in rows])
    if "status" in table:
        table["proof_text"] = [figures.proof_text(row, words) for row in rows]
    return table


def _remedies(result: Result, words: Words) -> pd.DataFrame:
    table = result.remedies.copy()
    if len(table):
        said = [remedy_text(row, words) for row in table.to_dict("records")]
        table.insert(table.columns.get_loc("remedy"), "remedy_text", said)
    return table


def _verdicts(result: Result, words: Words) -> DataSheet:
    """List the verdicts as the summary counts them."""
    after = figures.has_after(result)
    counts = {"": result.summary["verdicts"]}
    if after:
        counts["_after"] = result.summary["verdicts_after"]
    limit = formats.number(result.plan.walk.limit_min)
    snap = formats.number(result.plan.walk.snap_limit_m)
    said = [words(f"meaning_{one}", limit=limit, snap=snap) for one in VERDICTS]
    table = pd.DataFrame({"verdict": VERDICTS, "meaning": said})
    nobody = {"residences": 0, "people": 0.0}
    for suffix, found in counts.items():
        for unit in ("residences", "people"):
            table[unit + suffix] = [found.get(one, nobody)[unit] for one in VERDICTS]
    columns = sheet_columns(table, words, table_key="verdicts")
    return DataSheet("verdicts", words("sheet_verdicts"), columns)


def _shortages(result: Result, words: Words) -> DataSheet:
    """List the groups of sites that lack desk time."""
    sites = dict(zip(result.sites["site_id"].astype(str), site_titles(result.sites), strict=True))
    states = {name: result.summary["desks"].get(name) for name in ("now", "after")}
    rows = [
        {
            "state": words("before" if name == "now" else "after"),
            "site_names": words("list_and").join(sites[one] for one in group["sites"]),
            **{key: group[key] for key in ("people", "capacity_people", "lacking_people")},
        }
        for name, state in states.items()
        if state is not None
        for group in state["shortages"]
    ]
    names = ["state", "site_names", "people", "capacity_people", "lacking_people"]
    columns = sheet_columns(pd.DataFrame(rows, columns=names), words, table_key="shortages")
    said = words("shortage_none")
    return DataSheet("shortages", words("sheet_shortages"), columns, none=said)


def _overview(result: Result, words: Words) -> list[TextBlock]:
    """Say what the first page of the report says, and what was assumed."""
    about, limit = result.plan.plan, formats.number(result.plan.walk.limit_min)
    dated = f" · {words('date')} {about.date}" if about.date else ""
    found: list[TextBlock] = [
        TextLine(about.name, "title"),
        TextLine(words("report_title", limit=limit) + dated),
        TextLine(words("banner")),
    ]
    found += _said(glance_chapter(result, words), words)
    totals = totals_chapter(result, words)
    # Verdicts have a sheet of their own.
    found += _said(Chapter(totals.key, totals.title, totals.blocks[:1]), words, "totals")
    found += _said(sources_chapter(result, words), words, "parameters", "sources")
    return found


def _said(chapter: Chapter, words: Words, *keys: str) -> Iterator[TextBlock]:
    """Write the sentences and tables of a chapter one below the other; pictures are left out."""
    if chapter.title:
        yield TextLine(chapter.title, "heading")
    names = iter(keys)
    blocks: list[Block | None] = [*chapter.blocks, None]
    for block, following in pairwise(blocks):
        if isinstance(block, Heading) and not isinstance(following, Figure):
            yield TextLine(block.text, "heading")
        elif isinstance(block, Paragraph):
            yield TextLine(block.text)
        elif isinstance(block, Bullets):
            marks = (f"{n}." if block.ordered else "•" for n in range(1, len(block.lines) + 1))
            yield from (TextLine(f"{m} {one}") for m, one in zip(marks, block.lines, strict=True))
        elif isinstance(block, Table):
            yield _small_table(block, next(names), words)


def _small_table(table: Table, key: str, words: Words) -> TextTable:
    """Take the raw values of the figures, and the words."""
    rows: list[tuple[Any, ...]] = []
    kinds: list[Kind] = []
    for row in table.rows:
        # A figure that does not change is named once.
        values = {one.text: one.value for one in row.cells if one.value is not None}
        rows.append(tuple(values.get(one.text, one.text) for one in row.cells))
        kinds.append("share" if any("share" in one.key for one in row.cells) else "people")
    heads = tuple(one.title or words("column_figure") for one in table.columns)
    return TextTable(key, heads, tuple(rows), tuple(kinds))
