"""The chapters of the report on walking speed, desk time, stages and zones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pandas as pd

from walkcover.maps import figures, formats
from walkcover.maps.document import (
    Block,
    Cell,
    Chapter,
    Column,
    Heading,
    Kind,
    Paragraph,
    Row,
    Table,
    figure_cell,
)
from walkcover.maps.layers import site_titles, zone_title
from walkcover.maps.report_summary import norm_text
from walkcover.maps.text import Words
from walkcover.result import Result

# Rows and names shown of the long lists; the whole lists are in summary.json.
SHORTAGES_SHOWN = 12
SITES_NAMED = 20

Record = dict[Any, Any]
# Columns of the table of zones: name, head, kind, how to write.
ZONE_FIGURES: tuple[tuple[str, str, Kind, Callable[[float], str]], ...] = (
    ("covered_share", "covered_share", "share", formats.share),
    ("gap_people", "gap_people", "people", formats.people),
    ("unserved_people", "unserved_short", "people", formats.people),
    ("mean_walk_s", "mean_walk", "minutes", formats.minutes),
    ("worst_walk_s", "worst_walk", "minutes", formats.minutes),
    ("sites", "sites_now", "people", formats.people),
    ("people_per_site", "people_per_site", "people", formats.people),
)


def band_chapter(result: Result, words: Words) -> Chapter | None:
    """
    Say who is within reach at each walking speed, in all and by stage.

    Parameters
    ----------
    result
        A finished run.
    words
        The language.

    Returns
    -------
    chapter
        None where the plan names no other speeds.
    """
    band = result.summary["band"]
    if not band:
        return None
    names = [str(stage["name"]) for stage in result.summary["stages"]]
    by_stage = names if len(names) > 1 else []
    columns = [Column(words("profile")), Column(words("speed"), "number")]
    columns.append(Column(words("reached_share"), "share"))
    columns += [Column(words.stage(name), "share") for name in by_stage]
    rows = []
    for entry in band:
        cells = [Cell(words.profile(entry["profile"])), Cell(formats.number(entry["speed_kmh"]))]
        key = f"band.{entry['profile']}.reached_share"
        cells.append(_reached(entry, key))
        cells += [_reached(part, "") for part in (entry["stages"] if by_stage else [])]
        rows.append(Row(tuple(cells)))
    blocks = (Paragraph(words("band_note"), "quiet"), Table(tuple(columns), tuple(rows)))
    return Chapter("band", words("band"), blocks)


def _reached(part: Record, key: str) -> Cell:
    before, after = part["reached_share"], part.get("reached_share_after")
    now = math.nan if before is None else before
    if "reached_share_after" not in part:
        return figure_cell(now, None, formats.share, key=key)
    return figure_cell(now, math.nan if after is None else after, formats.share, key=key)


def desks_chapter(result: Result, words: Words) -> Chapter | None:
    """
    Say what the desks can do and where they run short.

    Parameters
    ----------
    result
        A finished run.
    words
        The language.

    Returns
    -------
    chapter
        None where distance alone counts.
    """
    desks = result.summary.get("desks")
    if desks is None:
        return None
    days = formats.number(result.plan.desks.interval_days)
    titles = ("desk_sites", "desks", "capacity", "covered_people", "unserved")
    columns = [Column(""), *(Column(words(title, days=days), "people") for title in titles)]
    states = [name for name in ("now", "after") if name in desks]
    rows = [
        Row((Cell(words("before" if name == "now" else "after")), *_desk_cells(desks[name], name)))
        for name in states
    ]
    blocks: list[Block] = [Table(tuple(columns), tuple(rows))]
    blocks.append(Paragraph(words("shortage_first"), "quiet"))
    sites = dict(zip(result.sites["site_id"].astype(str), site_titles(result.sites), strict=True))
    for name in states:
        blocks.append(Heading(words(f"shortage_{name}")))
        blocks += _shortages(desks[name]["shortages"], sites, words)
    return Chapter("desks", words("desk_title"), tuple(blocks))


def _desk_cells(state: Record, name: str) -> Iterator[Cell]:
    for key in ("sites", "desks", "capacity_people", "served_people", "unserved_people"):
        yield Cell(formats.people(state[key]), key=f"desks.{name}.{key}", value=state[key])


def _shortages(groups: list[Record], titles: dict[str, str], words: Words) -> list[Block]:
    if not groups:
        return [Paragraph(words("shortage_none"))]
    rows = []
    for group in groups[:SHORTAGES_SHOWN]:
        named = words("list_and").join(titles[one] for one in group["sites"][:SITES_NAMED])
        more = len(group["sites"]) - SITES_NAMED
        cells = [Cell(f"{named} … +{more}" if more > 0 else named)]
        cells += [
            Cell(formats.people(group[key]))
            for key in ("people", "capacity_people", "lacking_people")
        ]
        rows.append(Row(tuple(cells)))
    columns = [Column(words("desk_sites"), "name")]
    heads = ("within_reach_only", "capacity_short", "lacking")
    columns += [Column(words(head), "people") for head in heads]
    count, shown = formats.people(len(groups)), formats.people(len(rows))
    note = Paragraph(words("shortage_note", count=count, shown=shown), "quiet")
    return [note, Table(tuple(columns), tuple(rows))]


def stages_chapter(result: Result, words: Words) -> Chapter:
    """
    List goal, share and proof of each stage, and what their order costs.

    Parameters
    ----------
    result
        A finished run.
    words
        The language.

    Returns
    -------
    chapter
        A table, and a sentence where there is a price.
    """
    after, has_desks = figures.has_after(result), "desks" in result.summary
    columns = [Column(words("stage"), "word"), Column(words("goal"))]
    columns += [Column(words("people"), "people"), Column(words("before"), "share")]
    if after:
        columns.append(Column(words("after"), "share"))
        columns.append(Column(words("sites_added"), "people"))
        columns += [Column(words("desks_added"), "people")] if has_desks else []
        columns += [Column(words(key), "number") for key in ("objective", "bound", "proof_gap")]
        columns.append(Column(words("proof")))
    rows = []
    for number, (_, stage) in enumerate(result.stages.iterrows()):
        cells = [Cell(words.stage(str(stage["name"]))), Cell(figures.goal_text(stage, words))]
        keys = ["people", "covered_share"]
        keys += ["covered_share_after", "sites_added"] if after else []
        keys += ["desks_added"] if after and has_desks else []
        for key in keys:
            write = formats.share if key.startswith("covered") else formats.people
            cells.append(Cell(write(stage[key]), key=f"stages.{number}.{key}", value=stage[key]))
        cells += _proof_cells(stage, words) if after else []
        rows.append(Row(tuple(cells)))
    blocks: list[Block] = [Table(tuple(columns), tuple(rows))]
    price = result.summary.get("price_people")
    if price is not None:
        exact = not result.summary.get("price_gap")
        key = "price_of_order" if exact else "price_of_order_at_least"
        blocks.append(Paragraph(words(key, people=formats.people(price))))
    return Chapter("stages", words("by_stage"), tuple(blocks))


def _proof_cells(stage: pd.Series, words: Words) -> list[Cell]:
    """Write what was reached, what nobody can pass, and how far apart they are."""
    counts_people = pd.notna(stage["max_sites"]) or pd.notna(stage["budget"])
    counts_cost = stage["cost"] != stage["sites_added"] or stage.get("desks_added", 0) > 0
    spent = words("unit_cost" if counts_cost else "unit_sites")
    unit = words("unit_people") if counts_people else spent
    # Desks cost quarters of a site; without them nothing changes.
    write = formats.cost if "desks_added" in stage else formats.number
    reached = Cell(f"{write(stage['objective'])} ({unit})")
    proof = Cell(figures.proof_text(stage, words))
    return [reached, Cell(write(stage["bound"])), Cell(formats.gap(stage["gap"])), proof]


def zones_chapter(result: Result, words: Words) -> Chapter:
    """
    List the zones as a tree, zones without people too.

    Parameters
    ----------
    result
        A finished run.
    words
        The language.

    Returns
    -------
    chapter
        A table whose rows carry the ids of the zones.
    """
    after, has_desks = figures.has_after(result), "desks" in result.summary
    listed = [one for one in ZONE_FIGURES if has_desks or one[0] != "unserved_people"]
    columns = [Column(words("zone"), "name"), Column(words("people"), "people")]
    columns += [Column(words(head), kind) for _, head, kind, _ in listed]
    rows = []
    for zone, depth in _tree(result.zones.drop(columns="geometry").to_dict("records")):
        key = f"zones.{zone['zone_id']}"
        people = Cell(formats.people(zone["people"]), key=f"{key}.people", value=zone["people"])
        cells = [Cell(zone_title(zone["zone_id"], zone["name"], words)), people]
        for name, _, _, write in listed:
            later = zone[f"{name}_after"] if after else None
            cells.append(figure_cell(zone[name], later, write, key=f"{key}.{name}"))
        busy = zone["people_per_site_after" if after else "people_per_site"]
        if busy > figures.NORM_HIGH:
            cells[-1] = replace(cells[-1], note="▲")
        rows.append(Row(tuple(cells), key=str(zone["zone_id"]), depth=depth))
    marked, per_site = words("zone_note"), words("people_per_site")
    note = f"{marked} {per_site}: {norm_text(words)}"
    tag = words("distance_only") if result.summary["distance_only"] else ""
    blocks = (Paragraph(note, "quiet"), Table(tuple(columns), tuple(rows), keys="zone"))
    return Chapter("zones", words("by_zone"), blocks, tag=tag)


def _tree(zones: list[Record]) -> Iterator[tuple[Record, int]]:
    """Zones with their depth, children below their parent."""
    known = {zone["zone_id"] for zone in zones}
    children: dict[Any, list[Record]] = {}
    for zone in zones:
        parent = zone["parent_id"] if zone["parent_id"] in known else None
        children.setdefault(parent, []).append(zone)

    def below(parent: Any, depth: int) -> Iterator[tuple[Record, int]]:
        for zone in children.get(parent, []):
            yield zone, depth
            yield from below(zone["zone_id"], depth + 1)

    return below(None, 0)
