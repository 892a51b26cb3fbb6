"""The league table of the zones, as a page and as a workbook."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from walkcover.maps import formats
from walkcover.maps.document import (
    Cell,
    Chapter,
    Column,
    Document,
    Paragraph,
    Row,
    Table,
    figure_cell,
    writable,
)
from walkcover.maps.layers import zone_title
from walkcover.maps.report import LANGUAGE_TAGS
from walkcover.maps.report_html import html_report
from walkcover.maps.table_columns import sheet_columns
from walkcover.maps.text import Words
from walkcover.maps.workbook import DataSheet, TextLine, write_workbook
from walkcover.plan import Plan

Record = dict[Any, Any]


def build_league_page(league: pd.DataFrame, *, plan: Plan) -> str:
    """
    Write the league table as a page, a table per level.

    Parameters
    ----------
    league
        As of `walkcover.league.league_table`.
    plan
        Name, date, language and walking limit.

    Returns
    -------
    html
        One page for A4 paper that asks no host for anything; the same table gives the same text.

    Raises
    ------
    InputError
        If something in the page would make a browser ask for another file.
    """
    about = plan.plan
    words = Words(about.language)
    levels = league.groupby("level", sort=True)
    notes = [words("league_note")]
    notes += [words("league_arrows")] if "rank_after" in league else []
    document = Document(
        title=about.name,
        subtitle=_subtitle(plan, words),
        language=LANGUAGE_TAGS[about.language],
        date=f"{words('date')} {about.date}" if about.date else "",
        banner=words("banner"),
        page_label=words("page_label", page="{page}", pages="{pages}"),
        chapters=(
            Chapter("note", "", tuple(Paragraph(one, "quiet") for one in notes)),
            *(
                Chapter(f"level{level}", _level(level, len(levels), words), (_table(part, words),))
                for level, part in levels
            ),
        ),
    )
    return html_report(writable(document))


def write_league_workbook(league: pd.DataFrame, path: Path, *, plan: Plan) -> None:
    """
    Write the league table as a workbook.

    Parameters
    ----------
    league
        As of `walkcover.league.league_table`.
    path
        Where to.
    plan
        Name, date, language and walking limit.
    """
    about = plan.plan
    words = Words(about.language)
    sheet = DataSheet(
        "league",
        words("sheet_league"),
        sheet_columns(league, words, table_key="league"),
        frozen=4,
    )
    first = [
        TextLine(about.name, "title"),
        TextLine(_subtitle(plan, words)),
        TextLine(words("banner")),
        TextLine(words("league_note")),
    ]
    overview = (words("sheet_overview"), first)
    write_workbook(path, title=about.name, date=about.date, first=overview, sheets=[sheet])


def _subtitle(plan: Plan, words: Words) -> str:
    title = words("league_title")
    limit = words("report_title", limit=formats.number(plan.walk.limit_min))
    return f"{title} · {limit}"


def _level(level: object, n_levels: int, words: Words) -> str:
    return words("league_level", level=str(level)) if n_levels > 1 else words("by_zone")


def _table(part: pd.DataFrame, words: Words) -> Table:
    columns = (
        Column(words("column_rank"), "number"),
        Column(words("zone"), "name"),
        Column(words("people"), "people"),
        Column(words("covered_share"), "share"),
        *([Column(words("league_change"), "number")] if "share_gained" in part else []),
        Column(words("gap_people"), "people"),
        Column(words("sites_now"), "people"),
        Column(words("people_per_site"), "people"),
    )
    rows = (
        Row(tuple(_cells(zone, words)), key=str(zone["zone_id"]))
        for zone in part.to_dict("records")
    )
    return Table(columns, tuple(rows), keys="zone")


def _cells(zone: Record, words: Words) -> Iterator[Cell]:
    key = f"zones.{zone['zone_id']}"
    ranks = [zone.get(name) for name in ("rank", "rank_after")]
    now, later = (None if one is None else _number(one) for one in ranks)
    yield figure_cell(math.nan if now is None else now, later, formats.people)
    yield Cell(zone_title(zone["zone_id"], zone["name"], words))
    yield Cell(formats.people(zone["people"]), key=f"{key}.people", value=zone["people"])
    yield _figure(zone, "covered_share", formats.share)
    if "share_gained" in zone:
        yield Cell(_points(zone["share_gained"]))
    for name in ("gap_people", "sites", "people_per_site"):
        yield _figure(zone, name, formats.people)


def _figure(zone: Record, name: str, write: Callable[[float], str]) -> Cell:
    key = f"zones.{zone['zone_id']}.{name}"
    return figure_cell(zone[name], zone.get(f"{name}_after"), write, key=key)


def _number(rank: Any) -> float:
    return math.nan if pd.isna(rank) else float(rank)


def _points(share: float) -> str:
    """Write a change of a share in percentage points."""
    return f"{100 * share:+.1f}" if math.isfinite(share) else formats.MISSING
