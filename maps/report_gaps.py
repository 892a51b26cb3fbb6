"""The chapters of the report on who is left out, and what would help."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import shapely

from walkcover.maps import figures, formats
from walkcover.maps.document import Bullets, Cell, Chapter, Column, Paragraph, Row, Table
from walkcover.maps.layers import is_text, site_titles, street_list, zone_title
from walkcover.maps.text import ZH, Words
from walkcover.result import Result

# Rows shown of the long lists; the whole lists are in the other output files.
GAPS_SHOWN = 30
REMEDIES_SHOWN = 12
# Of the sites and remedies that help a gap area.
NAMED = 3
# Verdicts of people without service, and the one that makes gap areas of its own.
OVER_CAPACITY = "over_capacity"
NOT_GAPS = ("covered", "no_people")

Record = dict[Any, Any]
# Rows of the remedies by the id of a residence.
Helps = dict[str, list[Record]]


def gaps_chapter(result: Result, words: Words) -> Chapter:
    """
    List the gap areas with most people, why they are out, by how much, and what would help.

    Parameters
    ----------
    result
        A finished run.
    words
        The language.

    Returns
    -------
    chapter
        A table, or a sentence where nobody is left out.
    """
    title = words("gap_list")
    if result.gap_areas.empty:
        return Chapter("gaps", title, (Paragraph(words("gap_none")),))
    shown = result.gap_areas.head(GAPS_SHOWN)
    columns = [Column(words("gap_area"), "name"), Column(words("people"), "people")]
    columns += [Column(words("reason")), Column(words("nearest_miss"), "minutes")]
    columns += [Column(words("zone"), "name"), Column(words("near"), "name")]
    columns.append(Column(words("gap_advice"), "name"))
    helps = _helps(result.remedies)
    sites = result.sites["site_id"].astype(str)
    titles = dict(zip(sites, site_titles(result.sites), strict=True))
    rows = []
    for area, members in zip(shown.to_dict("records"), gap_members(result), strict=False):
        in_reach = area["nearest_miss_s"] == 0
        miss = formats.minutes(area["nearest_miss_s"], none=words("no_path"))
        key = f"gaps.{area['gap_id']}.people"
        cells = [Cell(area["gap_id"])]
        cells.append(Cell(formats.people(area["people"]), key=key, value=area["people"]))
        cells.append(Cell(words(f"verdict_{area['reason']}")))
        cells.append(Cell(words("in_reach") if in_reach else miss))
        cells.append(Cell(zone_title(area["zone_id"], area["zone_name"], words)))
        near = area["near"]
        cells.append(Cell(street_list(near, words) if is_text(near) else formats.MISSING))
        part = result.residences.iloc[members]
        cells.append(Cell(_advice(area, part, helps, titles, words)))
        rows.append(Row(tuple(cells), key=str(area["gap_id"])))
    counts = {"count": formats.people(len(result.gap_areas)), "shown": formats.people(len(rows))}
    notes = [words("gap_list_note", **counts), words("gap_advice_note")]
    note = Paragraph(("" if words.language == ZH else " ").join(notes), "quiet")
    return Chapter("gaps", title, (note, Table(tuple(columns), tuple(rows), keys="gap")))


def gap_members(result: Result) -> list[list[int]]:
    """
    Find the residences of each gap area.

    A gap area surrounds its residences by some hundred metres, and the areas of those over
    capacity are their own, so that the residences of its kind inside it are its own.

    Parameters
    ----------
    result
        A finished run.

    Returns
    -------
    members
        Row numbers of the residences of each gap area, in the order of `gap_areas`.
    """
    table, areas = result.residences, result.gap_areas
    out = ~table["verdict"].isin(NOT_GAPS).to_numpy()
    full = (table["verdict"] == OVER_CAPACITY).to_numpy()
    members: list[list[int]] = [[] for _ in range(len(areas))]
    tree = shapely.STRtree(table.geometry.to_numpy())
    area_rows, rows = tree.query(areas.geometry.to_numpy(), predicate="intersects")
    area_is_full = (areas["reason"] == OVER_CAPACITY).to_numpy()
    fits = out[rows] & (full[rows] == area_is_full[area_rows])
    for area, row in sorted(zip(area_rows[fits].tolist(), rows[fits].tolist(), strict=True)):
        members[area].append(row)
    return members


def _advice(
    area: Record, members: pd.DataFrame, helps: Helps, titles: dict[str, str], words: Words
) -> str:
    """Say who is helped by what is to be built, and what would help the others."""
    parts = []
    column = "verdict_after" if "verdict_after" in members else "verdict"
    left = _left_people(members) if column == "verdict_after" else float(area["people"])
    helped = float(area["people"]) - left
    if round(helped) > 0:
        served = members["verdict_after"].isin(["covered", OVER_CAPACITY])
        sites = pd.unique(members.loc[served, "site_id_after"].dropna().astype(str))
        named = _some([titles[one] for one in sites], words)
        parts.append(words("gap_built", sites=named, people=formats.people(helped)))
    if round(left) > 0:
        others = members[members[column] != "covered"]
        found = {row["order"]: row for one in others["residence_id"] for row in helps.get(one, [])}
        advice = _some([_numbered(found[order], words) for order in sorted(found)], words)
        if not advice:
            worst = others.groupby(column)["people"].sum().idxmax()
            advice = words(f"advice_{worst}")
        rest = words("gap_left", people=formats.people(left), advice=advice)
        parts.append(rest if parts else advice)
    return words("sentence_and").join(parts)


def _helps(remedies: pd.DataFrame) -> Helps:
    """Remedies by the residences that they name; a longer limit is told in its own place."""
    found: Helps = {}
    for row in remedies[remedies["remedy"] != "limit"].to_dict("records"):
        for one in str(row["residence_ids"]).split("、"):
            found.setdefault(one, []).append(row)
    return found


def _numbered(row: Record, words: Words) -> str:
    """Write a remedy with its number in the list."""
    return f"{remedy_text(row, words)} (#{formats.people(row['order'])})"


def _left_people(members: pd.DataFrame) -> float:
    """People of a gap area who stay without service after building."""
    out = ~members["verdict_after"].isin(NOT_GAPS)
    people = members["people"].where(out, 0.0)
    if "people_unserved_after" in members:
        full = members["verdict_after"] == OVER_CAPACITY
        people = people.where(~full, members["people_unserved_after"])
    return float(people.sum())


def _some(names: list[str], words: Words) -> str:
    """Name the first of many."""
    more = len(names) - NAMED
    named = words("list_and").join(names[:NAMED])
    return f"{named} … +{more}" if more > 0 else named


def remedies_chapter(result: Result, words: Words) -> Chapter:
    """
    List what stands between stages and their goals, and the smallest changes that help.

    Parameters
    ----------
    result
        A finished run.
    words
        The language.

    Returns
    -------
    chapter
        Sentences and a table, or why there are none.
    """
    title = words("remedy_list")
    if result.remedies.empty:
        none = words("remedy_none" if figures.has_after(result) else "remedy_not_asked")
        return Chapter("remedies", title, (Paragraph(none),))
    over = words("over_limit")
    columns = [
        Column("#", "number"),
        Column(words("stage"), "word"),
        Column(words("remedy"), "name"),
    ]
    columns += [Column(words("helped"), "people"), Column(words("reason"), "name")]
    columns.append(Column(words("place"), "name"))
    columns.append(Column(words("to_site"), "minutes", over))
    columns.append(Column(words("to_candidate"), "minutes", over))
    first = result.remedies.groupby("stage", sort=False).head(REMEDIES_SHOWN)
    rows = [Row(tuple(_remedy_cells(row, words))) for row in first.to_dict("records")]
    count, shown = formats.people(len(result.remedies)), formats.number(REMEDIES_SHOWN)
    blocks = (
        Bullets(tuple(_short_stages(result, words))),
        Paragraph(words("remedy_note", count=count, shown=shown), "quiet"),
        Table(tuple(columns), tuple(rows)),
    )
    return Chapter("remedies", title, blocks)


def _remedy_cells(row: Record, words: Words) -> Iterator[Cell]:
    order = formats.people(row["order"])
    yield Cell(f"● {order}" if row["needed"] else order)
    yield Cell(words.stage(str(row["stage"])))
    yield Cell(remedy_text(row, words))
    yield Cell(formats.people(row["people"]))
    yield Cell(_reason(row, words))
    is_placed = pd.notna(row["lon"])
    degrees = f"{formats.degrees(row['lon'])} {formats.degrees(row['lat'])}" if is_placed else ""
    yield Cell(_place(row, words), note=degrees)
    for miss_s in (row["miss_s"], row["candidate_miss_s"]):
        far = formats.minutes(miss_s, none=words("no_path"))
        yield Cell(far if miss_s else words("in_reach"))


def remedy_text(row: Record, words: Words) -> str:
    """Say what a remedy is."""
    text = words(
        f"remedy_{row['remedy']}" + ("_count" if row.get("desks", 0) > 0 else ""),
        desks=formats.people(row.get("desks", 0)),
        street=formats.people(row["street_m"]),
        limit=formats.number(row["limit_min"]),
        place=str(row["place_id"]) if is_text(row["place_id"]) else "",
    ).strip()
    return text + (f" ×{row['sites']}" if row["sites"] > 1 else "")


def _reason(row: Record, words: Words) -> str:
    """Say why people are not covered, and why no site was built for them."""
    lacks_backup = row["reason"] == "no_backup"
    parts = [words("why_no_backup" if lacks_backup else f"verdict_{row['reason']}")]
    if row["remedy"] in ("site", "candidate"):
        parts.append(words(f"why_{row['remedy']}"))
    return words("list_and").join(parts)


def _place(row: Record, words: Words) -> str:
    """Say where a remedy is to stand: zone and streets."""
    parts = [zone_title(row["zone_id"], row["zone_name"], words)]
    if is_text(row["near"]):
        parts.append(street_list(row["near"], words))
    return words("list_and").join(parts)


def _short_stages(result: Result, words: Words) -> Iterator[str]:
    """Say for each stage that leaves people out how little would help."""
    goals = {
        stage["name"]: figures.goal_text(stage, words) for _, stage in result.stages.iterrows()
    }
    for short in result.summary.get("remedies", []):
        values = {"stage": words.stage(short["stage"]), "goal": goals[short["stage"]]}
        parts = []
        if short["target_missed"]:
            missing = formats.people(short["missing_people"])
            parts.append(words("say_target_missed", missing=missing, **values))
        if short["zones_short"]:
            zones = formats.people(short["zones_short"])
            people = formats.people(short["zones_short_people"])
            parts.append(words("say_zones_short", zones=zones, people=people, **values))
        if not parts:
            people = formats.people(short["uncovered_people"])
            yield words("say_means_used", people=people, **values)
            continue
        needed, helped = formats.people(short["needed"]), formats.people(short["needed_people"])
        parts.append(words("say_enough", needed=needed, people=helped))
        if short["limit_min"] is not None:
            parts.append(words("say_longer_limit", limit=formats.number(short["limit_min"])))
        elif (
            short["target_missed"]
            and result.plan.siting.sites_in_reach == 1
            and result.summary["distance_only"]
        ):
            parts.append(words("say_no_limit"))
        yield ("" if words.language == ZH else " ").join(parts)
