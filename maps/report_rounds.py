"""The chapter of the report on roving teams: how many, where they go, who is left without."""

from __future__ import annotations

import math
from typing import Any

import geopandas as gpd
import pandas as pd

from walkcover.maps import formats
from walkcover.maps.daily_pictures import drives_picture
from walkcover.maps.daily_words import (
    SECONDS_OF_AN_HOUR,
    figure_rows,
    figure_table,
    hours_text,
    joined,
    place_title,
    shown_note,
    time_text,
)
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
from walkcover.maps.drawing import Drawing
from walkcover.maps.layers import street_list
from walkcover.maps.text import Words
from walkcover.operations import Demand, RoundPlan
from walkcover.plan_operations import RoundOptions
from walkcover.result import Result

# Rows shown of the long lists; the whole lists are in the other output files.
DAYS_SHOWN, UNSERVED_SHOWN = 40, 20
ROUND_FIGURES = (
    ("teams", "teams", formats.people),
    ("teams_at_least", "teams_at_least", formats.people),
    ("team_days", "team_days", formats.people),
    ("stops", "stops_in_all", formats.people),
    ("served_tests", "served_tests", formats.people),
    ("drive_s", "drive_total", formats.duration),
    ("longest_day_s", "longest_day", formats.duration),
    ("unserved_places", "unserved_places", formats.people),
    ("unserved_people", "unserved_count", formats.people),
)

Record = dict[Any, Any]


def rounds_chapter(result: Result, words: Words) -> Chapter | None:
    """
    Say how many teams serve whom, on which days, and who is left without and why.

    Parameters
    ----------
    result
        A finished run.
    words
        The language.

    Returns
    -------
    chapter
        None where no rounds were planned.
    """
    if result.operations is None or result.operations.rounds is None:
        return None
    rounds = result.operations.rounds
    title = words("rounds_title")
    if not rounds.summary["places"]:
        return Chapter("rounds", title, (Paragraph(words("say_rounds_none"), "say"),))
    blocks: list[Block] = [
        Paragraph(rounds_answer(rounds, words), "say"),
        figure_table(figure_rows(ROUND_FIGURES, rounds.summary, words, part="rounds")),
    ]
    if len(rounds.days):
        picture = week_picture(result, rounds, result.operations.demand, words)
        blocks.append(Figure(picture, (words("drives_note"), words("osm_credit"))))
        blocks += _team_days(rounds, result.plan.rounds, words)
    blocks += unserved_blocks(rounds, words)
    return Chapter("rounds", title, tuple(blocks))


def rounds_answer(rounds: RoundPlan, words: Words) -> str:
    """
    Say in some sentences what the teams do.

    Parameters
    ----------
    rounds
        The rounds.
    words
        The language.

    Returns
    -------
    text
        How many teams, whether fewer would do, and who is left without.
    """
    summary = rounds.summary
    teams, least = summary["teams"], summary["teams_at_least"]
    sentences = [
        words(
            "say_rounds",
            teams=formats.people(teams),
            days=formats.number(summary["interval_days"]),
            stops=formats.people(rounds.visits["stop_id"].nunique()),
            people=formats.people(summary["served_people"]),
        )
    ]
    if teams and teams <= least:
        sentences.append(words("say_rounds_fewest"))
    elif teams:
        counts = {"least": formats.people(least), "spare": formats.people(teams - least)}
        sentences.append(words("say_rounds_at_least", **counts))
    if summary["unserved_places"]:
        left = {name: formats.people(summary[f"unserved_{name}"]) for name in ("places", "people")}
        sentences.append(words("say_rounds_left", **left))
    else:
        sentences.append(words("say_rounds_all"))
    return joined(sentences, words)


def week_picture(result: Result, rounds: RoundPlan, demand: Demand, words: Words) -> Drawing:
    """
    Draw all drives of an interval, with bases, stops and those who are left without.

    Parameters
    ----------
    result
        A finished run, for its streets.
    rounds
        The rounds.
    demand
        For the places of those who are left without.
    words
        The language of the title.

    Returns
    -------
    drawing
        North up.
    """
    missed = rounds.unserved["place_id"].astype(str)
    stops = rounds.stops.set_index(rounds.stops["stop_id"].astype(str)).geometry
    homes = demand.services.set_index(demand.services["place_id"].astype(str)).geometry
    known = pd.concat([stops, homes[~homes.index.isin(stops.index)]])
    known = known[~known.index.duplicated()]
    left = gpd.GeoSeries(known.reindex(missed).dropna(), crs=rounds.stops.crs)
    visited = rounds.stops["stop_id"].isin(rounds.visits["stop_id"])
    return drives_picture(
        result,
        words("drives"),
        rounds.days.geometry,
        rounds.bases.geometry,
        rounds.stops.geometry[visited],
        left=left,
    )


def _team_days(rounds: RoundPlan, options: RoundOptions, words: Words) -> list[Block]:
    blocks: list[Block] = [Heading(words("team_days_list"))]
    blocks.append(Paragraph(words("rounds_sheets"), "quiet"))
    shown = min(len(rounds.days), DAYS_SHOWN)
    blocks += shown_note(len(rounds.days), shown, words, file="rounds.html")
    return [*blocks, team_day_table(rounds.days.head(DAYS_SHOWN), options, words)]


def team_day_table(days: pd.DataFrame, options: RoundOptions, words: Words) -> Table:
    """
    List what each team does on each day.

    Parameters
    ----------
    days
        Rows of ``days`` of a round plan.
    options
        For the hour at which a shift begins.
    words
        The language.

    Returns
    -------
    table
        A row per team and day, by team.
    """
    columns = [Column(words("team"), "word"), Column(words("day"), "number")]
    columns.append(Column(words("base"), "name"))
    columns += [Column(words(key), "people") for key in ("round_stops", "tests")]
    columns += [Column(words(key), "number") for key in ("leaves_at", "back_at", "drive_hours")]
    columns += [Column(words(key), "share") for key in ("shift_used", "load_used")]
    rows = []
    for day in days.to_dict("records"):
        key = f"rounds.{day['team']}.{day['day']}"
        cells = [
            Cell(formats.people(day["team"])),
            Cell(formats.people(day["day"])),
            Cell(place_title(day["base_id"], day["base_name"])),
            Cell(formats.people(day["stops"]), key=f"{key}.stops", value=float(day["stops"])),
            Cell(formats.people(day["tests"]), key=f"{key}.tests", value=float(day["tests"])),
            Cell(formats.clock(options.starts)),
            Cell(time_text(options.starts + day["back_s"] / SECONDS_OF_AN_HOUR, words)),
            Cell(formats.duration(day["drive_s"])),
            Cell(formats.share(day["shift_share"])),
            Cell(formats.share(day["tests_share"])),
        ]
        rows.append(Row(tuple(cells), key=f"{day['team']}-{day['day']}"))
    return Table(tuple(columns), tuple(rows), keys="day")


def unserved_blocks(rounds: RoundPlan, words: Words) -> list[Block]:
    """
    List who is left without, why, and what would help, most people first.

    Parameters
    ----------
    rounds
        The rounds.
    words
        The language.

    Returns
    -------
    blocks
        None where nobody is left.
    """
    if rounds.unserved.empty:
        return []
    left = rounds.unserved.sort_values("people", ascending=False, kind="stable")
    near = dict(zip(rounds.stops["stop_id"], rounds.stops["near"], strict=True))
    columns = [Column(words("place_name"), "name"), Column(words("near"), "name")]
    columns.append(Column(words("people"), "people"))
    columns += [Column(words("reason"), "text"), Column(words("what_helps"), "text")]
    rows = [
        Row(
            (
                Cell(place_title(place["place_id"], place["name"])),
                Cell(street_list(str(near.get(place["place_id"]) or ""), words)),
                Cell(formats.people(place["people"])),
                Cell(words(f"left_{place['reason']}")),
                Cell(remedy_text(place, words)),
            ),
            key=str(place["place_id"]),
        )
        for place in left.head(UNSERVED_SHOWN).to_dict("records")
    ]
    return [
        Heading(words("unserved_list")),
        *shown_note(len(left), len(rows), words, file="rounds_unserved.csv"),
        Table(tuple(columns), tuple(rows), keys="place"),
    ]


def remedy_text(place: Record, words: Words) -> str:
    """
    Say what would help a place that is left without.

    Parameters
    ----------
    place
        A row of ``unserved`` of a round plan.
    words
        The language.

    Returns
    -------
    text
        The smallest change, where it is known.

    Examples
    --------
    >>> remedy_text({"reason": "too_far", "remedy_value": 9.51}, Words("en"))
    'A shift of 9.6 hours, or a nearer base'
    """
    value, key = place["remedy_value"], f"helps_{place['reason']}"
    if place["reason"] == "no_road" or (place["reason"] == "no_stop" and not math.isfinite(value)):
        return words("helps_no_road")
    if not math.isfinite(value):
        return formats.MISSING
    metres, count = formats.people(value), formats.people(math.ceil(value))
    return words(key, metres=metres, hours=hours_text(value), teams=count)
