"""Sheets for roving teams: a first page of the whole interval, then a page per team and day."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from walkcover._errors import InputError
from walkcover.maps import formats
from walkcover.maps.daily_pictures import drives_picture
from walkcover.maps.daily_words import SECONDS_OF_AN_HOUR, place_title, time_text
from walkcover.maps.document import (
    Block,
    Bullets,
    Cell,
    Chapter,
    Column,
    Document,
    Figure,
    Heading,
    Paragraph,
    Row,
    Table,
    writable,
)
from walkcover.maps.layers import is_text, street_list
from walkcover.maps.offline import asset
from walkcover.maps.report import LANGUAGE_TAGS
from walkcover.maps.report_docx import docx_report
from walkcover.maps.report_html import html_report
from walkcover.maps.report_rounds import (
    rounds_answer,
    team_day_table,
    unserved_blocks,
    week_picture,
)
from walkcover.maps.text import Words
from walkcover.operations import RoundPlan
from walkcover.result import Result

# Places named for a stop; a stop amid many homes has hundreds.
PLACES_NAMED = 12
# Pixels of the drawing of a day: flat, so that a day stays on its page.
DRIVE_HEIGHT = 260
TICK_BOX = "☐"

Record = dict[Any, Any]


def build_round_sheets(result: Result) -> str:
    """
    Write the sheets that teams take with them.

    Parameters
    ----------
    result
        A run that planned rounds.

    Returns
    -------
    html
        One file for A4 paper, a page per team and day. It asks no host for anything, runs no
        script, and the same result gives the same text.

    Raises
    ------
    InputError
        If no rounds were planned, or something in the page would make a browser ask for another
        file.
    """
    return html_report(round_sheets_document(result), more_css=asset("round_sheets.css"))


def build_round_sheets_docx(result: Result) -> bytes:
    """
    Write the sheets as a Word document, for offices that change them by hand.

    Parameters
    ----------
    result
        A run that planned rounds.

    Returns
    -------
    docx
        The file, the same bytes for the same result.

    Raises
    ------
    InputError
        If no rounds were planned.
    """
    return docx_report(round_sheets_document(result), date=result.plan.plan.date)


def round_sheets_document(result: Result) -> Document:
    """
    Say what each team does on each day.

    Parameters
    ----------
    result
        A run that planned rounds.

    Returns
    -------
    document
        In the language of the plan: a chapter for the whole interval, then one per team and day,
        each on a page of its own.

    Raises
    ------
    InputError
        If no rounds were planned.
    """
    if result.operations is None or result.operations.rounds is None:
        msg = "this run planned no rounds; name the bases of the teams in [bases] of the plan"
        raise InputError(msg)
    rounds, about = result.operations.rounds, result.plan.plan
    words = Words(about.language)
    document = Document(
        title=about.name,
        subtitle=words("sheets_title"),
        language=LANGUAGE_TAGS[words.language],
        date=f"{words('date')} {about.date}" if about.date else "",
        banner=words("banner"),
        page_label=words("page_label", page="{page}", pages="{pages}"),
        chapters=(_overview(result, rounds, words), *_sheets(result, rounds, words)),
    )
    clean: Document = writable(document)
    return clean


def _overview(result: Result, rounds: RoundPlan, words: Words) -> Chapter:
    """Say on the first page who drives where on which day."""
    days = formats.number(rounds.summary["interval_days"])
    title = words("sheets_week", days=days)
    if rounds.days.empty and rounds.unserved.empty:
        return Chapter("week", title, (Paragraph(words("say_rounds_none"), "say"),))
    blocks: list[Block] = [Paragraph(rounds_answer(rounds, words), "say")]
    if len(rounds.days):
        assert result.operations is not None
        picture = week_picture(result, rounds, result.operations.demand, words)
        blocks.append(team_day_table(rounds.days, result.plan.rounds, words))
        blocks.append(Figure(picture, (words("drives_note"), words("osm_credit"))))
    return Chapter("week", title, (*blocks, *unserved_blocks(rounds, words)))


def _sheets(result: Result, rounds: RoundPlan, words: Words) -> Iterator[Chapter]:
    """A page per team and day."""
    stops = rounds.stops.drop_duplicates("stop_id").set_index("stop_id")
    who = dict([*rounds.stop_places.groupby("stop_id")])
    visits = rounds.visits.sort_values(["team", "day", "order"], kind="stable")
    by_day = dict([*visits.groupby(["team", "day"])])
    starts = result.plan.rounds.starts
    for number in range(len(rounds.days)):
        day = rounds.days.iloc[[number]]
        one = day.iloc[0]
        made = by_day.get((one["team"], one["day"]), visits.iloc[:0])
        counts = {"team": formats.people(one["team"]), "day": formats.people(one["day"])}
        base = rounds.bases[rounds.bases["base_id"] == one["base_id"]]
        drive = drives_picture(
            result,
            words("drive_of_day"),
            day.geometry,
            base.geometry,
            stops.geometry.reindex(made["stop_id"]),
            numbers=[formats.people(order) for order in made["order"]],
            height=DRIVE_HEIGHT,
        )
        blocks: list[Block] = [
            Paragraph(_day_text(one, starts, words), "say"),
            Paragraph(words("sheet_fill_in")),
            _stop_table(made, stops, starts, words),
            Figure(drive, (words("drive_of_day_note"), words("osm_credit"))),
            *_who_comes(made, who, words),
        ]
        title = words("sheet_title", **counts)
        key = f"team-{one['team']}-day-{one['day']}"
        yield Chapter(key, title, tuple(blocks), new_page=True)


def _day_text(day: pd.Series, starts: float, words: Words) -> str:
    return words(
        "sheet_day",
        base=place_title(day["base_id"], day["base_name"]),
        leaves=formats.clock(starts),
        back=time_text(starts + day["back_s"] / SECONDS_OF_AN_HOUR, words),
        stops=formats.people(day["stops"]),
        tests=formats.people(day["tests"]),
        drive=formats.duration(day["drive_s"]),
    )


def _stop_table(visits: pd.DataFrame, stops: pd.DataFrame, starts: float, words: Words) -> Table:
    """List the stops of a day, with room for what is written in by hand."""
    columns = [Column(words("stop_number"), "word"), Column(words("stop"), "name")]
    columns.append(Column(words("near"), "name"))
    columns += [Column(words(key), "number") for key in ("arrives_at", "leaves_stop")]
    columns += [Column(words("tests_planned"), "people"), Column(words("stop_done"), "number")]
    columns += [Column(words("tests_taken"), "name"), Column(words("signature"), "name")]
    rows = []
    for visit in visits.to_dict("records"):
        near = stops["near"].get(visit["stop_id"])
        clocks = [
            time_text(starts + visit[name] / SECONDS_OF_AN_HOUR, words)
            for name in ("arrive_s", "leave_s")
        ]
        cells = [
            Cell(formats.people(visit["order"])),
            Cell(place_title(visit["stop_id"], visit["name"])),
            Cell(street_list(near, words) if is_text(near) else ""),
            *map(Cell, clocks),
            Cell(formats.people(visit["tests"])),
            Cell(TICK_BOX),
            Cell(""),
            Cell(""),
        ]
        rows.append(Row(tuple(cells), key=str(visit["stop_id"])))
    return Table(tuple(columns), tuple(rows), keys="stop", by_hand=True)


def _who_comes(
    visits: pd.DataFrame, places: dict[Any, pd.DataFrame], words: Words
) -> Iterator[Block]:
    """Name who comes to each stop, most people first; nothing where each stop is one place."""
    lines = []
    for visit in visits.to_dict("records"):
        here = places.get(visit["stop_id"])
        if here is None or len(here) < 2:
            continue
        ordered = here.sort_values("people", ascending=False, kind="stable")
        named = [_who(place, words) for place in ordered.head(PLACES_NAMED).to_dict("records")]
        rest = ordered.iloc[PLACES_NAMED:]
        if len(rest):
            people = formats.people(rest["people"].sum())
            named.append(words("who_more", count=formats.people(len(rest)), people=people))
        order, stop = formats.people(visit["order"]), place_title(visit["stop_id"], visit["name"])
        lines.append(
            words("who_line", order=order, stop=stop, who=words("sentence_and").join(named))
        )
    if lines:
        yield Heading(words("who_comes"))
        yield Bullets(tuple(lines))


def _who(place: Record, words: Words) -> str:
    name = place_title(place["place_id"], place["name"])
    people = formats.people(place["people"])
    if place["walk_s"] > 0:
        minutes = formats.minutes(place["walk_s"])
        return words("who_walks", name=name, people=people, minutes=minutes)
    return words("who_is_there", name=name, people=people)
