"""The chapter of the report on tubes: who carries them, where they are tested, and how fast."""

from __future__ import annotations

import math
from typing import Any

from walkcover.maps import formats
from walkcover.maps.daily_pictures import Curve, hours_chart
from walkcover.maps.daily_words import (
    SECONDS_OF_AN_HOUR,
    figure_rows,
    figure_table,
    hours_text,
    joined,
    number_of,
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
from walkcover.maps.text import Words
from walkcover.operations import RelayPlan
from walkcover.result import Result

# Rows shown of the long lists; the whole lists are in the other output files.
LABORATORIES_SHOWN, LATE_SHOWN = 40, 20
RELAY_FIGURES = (
    ("tubes", "tubes", formats.people),
    ("itself_tubes", "tubes_itself", formats.people),
    ("collected_tubes", "tubes_collected", formats.people),
    ("late_tubes", "tubes_late", formats.people),
    ("sources", "relay_sources", formats.people),
    ("tubes_per_site_day", "tubes_per_site", formats.number),
    ("laboratories", "laboratories", formats.people),
    ("tubes_per_laboratory_day", "tubes_per_laboratory", formats.number),
    ("capacity", "relay_capacity", formats.people),
    ("load_share", "relay_load", formats.share),
    ("stations", "stations", formats.people),
    ("waves", "waves", formats.people),
    ("routes", "collection_routes", formats.people),
    ("vehicles", "vehicles", formats.people),
    ("drive_s", "drive_per_wave", formats.duration),
    ("oldest_s", "oldest_tube", formats.duration),
    ("hold_s", "hold_time", formats.duration),
)

Record = dict[Any, Any]


def relay_chapter(result: Result, words: Words) -> Chapter | None:
    """
    Say whether all tubes are tested in time, what that takes, and where it does not do.

    Parameters
    ----------
    result
        A finished run.
    words
        The language.

    Returns
    -------
    chapter
        None where no relay was planned.
    """
    if result.operations is None or result.operations.relay is None:
        return None
    relay = result.operations.relay
    blocks: list[Block] = [
        Paragraph(relay_answer(relay, words), "say"),
        figure_table(figure_rows(RELAY_FIGURES, relay.summary, words, part="relay")),
        *_pictures(relay, words),
        *_laboratories(relay, words),
        *_late(relay, words),
    ]
    return Chapter("relay", words("relay_title"), tuple(blocks))


def relay_answer(relay: RelayPlan, words: Words) -> str:
    """
    Say in some sentences whether tubes and results are in time.

    Parameters
    ----------
    relay
        The relay.
    words
        The language.

    Returns
    -------
    text
        Tubes and vehicles, tubes that are late, laboratories that are short, and the last result.
    """
    summary = relay.summary
    names = ("tubes", "tests", "pooling", "vehicles", "waves")
    sentences = [words("say_relay", **{one: formats.people(summary[one]) for one in names})]
    times = {
        "hold": formats.number(summary["hold_s"] / SECONDS_OF_AN_HOUR),
        "oldest": _long(number_of(summary, "oldest_s"), words),
    }
    if summary["late_tubes"]:
        late, sources = formats.people(summary["late_tubes"]), formats.people(len(relay.late))
        sentences.append(words("say_relay_late", late=late, sources=sources, **times))
    else:
        sentences.append(words("say_relay_in_time", **times))
    if summary["laboratories_short"]:
        labs, short = (formats.people(summary[n]) for n in ("laboratories_short", "short_tubes"))
        sentences.append(words("say_relay_short", labs=labs, short=short))
    else:
        # What is tested within the day may still lie longer than it should.
        slow = int(relay.laboratories["short_from_h"].notna().sum())
        key = "say_relay_waits" if slow else "say_relay_enough"
        sentences.append(words(key, labs=formats.people(slow), hold=times["hold"]))
    done = number_of(summary, "done_h")
    if math.isfinite(done):
        hour = time_text(number_of(summary, "peak_results_hour"), words)
        results = formats.people(summary["peak_results"])
        said = words("say_relay_done", done=time_text(done, words), hour=hour, results=results)
        sentences.append(said)
    return joined(sentences, words)


def _long(seconds: float, words: Words) -> str:
    if not math.isfinite(seconds):
        return formats.MISSING
    hours, minutes = divmod(round(seconds / 60), 60)
    return words("hours_minutes", hours=str(hours), minutes=str(minutes))


def _pictures(relay: RelayPlan, words: Words) -> list[Block]:
    """Draw results by hour, and what waits at the laboratories."""
    blocks: list[Block] = []
    results = relay.platform.set_index("hour")["results"].astype("float64")
    busy = results.index[results > 0]
    if len(busy):
        first, last = int(busy.min()), int(busy.max())
        bars = Curve("bar", "bars", tuple(results.reindex(range(first, last + 1), fill_value=0.0)))
        drawing = hours_chart(words("results_by_hour"), first, [bars])
        note = words("results_note", first=str(first % 24))
        blocks += [Heading(words("results_by_hour")), Figure(drawing, (note,))]
    hours = relay.laboratory_hours
    tubes = hours.groupby("hour")[["arrived_tubes", "queue_tubes"]].sum()
    tubes = tubes[(tubes > 0).any(axis=1)]
    if len(tubes):
        first, last = int(tubes.index.min()), int(tubes.index.max())
        tubes = tubes.reindex(range(first, last + 1), fill_value=0.0)
        curves = [
            Curve("bar", "bars", tuple(tubes["arrived_tubes"])),
            Curve("later", "steps", tuple(tubes["queue_tubes"])),
        ]
        drawing = hours_chart(words("queues_by_hour"), first, curves)
        blocks += [Heading(words("queues_by_hour")), Figure(drawing, (words("queues_note"),))]
    return blocks


def _laboratories(relay: RelayPlan, words: Words) -> list[Block]:
    """List the laboratories, those that do not keep up first."""
    order = ["short_tubes", "load_share"]
    listed = relay.laboratories.sort_values(order, ascending=False, kind="stable")
    columns = [Column(words("laboratory"), "name")]
    heads = ("laboratory_capacity", "tubes", "load_share", "laboratory_staff")
    columns += [Column(words(head), "number") for head in heads]
    columns += [Column(words("longest_queue"), "people"), Column(words("queue_at"), "number")]
    columns += [Column(words("short_tubes"), "people"), Column(words("short_from"), "number")]
    columns.append(Column(words("last_result"), "number"))
    rows = []
    for one in listed.head(LABORATORIES_SHOWN).to_dict("records"):
        key = f"laboratories.{one['laboratory_id']}"
        tubes = Cell(formats.people(one["tubes"]), key=f"{key}.tubes", value=float(one["tubes"]))
        cells = [
            Cell(place_title(one["laboratory_id"], one["name"])),
            Cell(formats.people(one["capacity"])),
            tubes,
            Cell(formats.share(one["load_share"])),
            Cell(formats.number(one["staff"])),
            Cell(formats.people(one["queue_tubes"])),
            Cell(time_text(one["queue_hour"], words) if one["queue_tubes"] > 0 else ""),
            Cell(formats.people(one["short_tubes"])),
            Cell(time_text(one["short_from_h"], words) if _known(one["short_from_h"]) else ""),
            Cell(time_text(one["done_h"], words)),
        ]
        rows.append(Row(tuple(cells), key=str(one["laboratory_id"])))
    return [
        Heading(words("laboratory_loads")),
        *shown_note(len(listed), len(rows), words, file="laboratories.csv"),
        Table(tuple(columns), tuple(rows), keys="laboratory"),
    ]


def _known(value: float) -> bool:
    return value is not None and math.isfinite(value)


def _late(relay: RelayPlan, words: Words) -> list[Block]:
    """List the sources whose tubes are too late, most tubes first."""
    if relay.late.empty:
        return []
    late = relay.late.sort_values("tubes", ascending=False, kind="stable")
    columns = [Column(words("source"), "name"), Column(words("tubes"), "people")]
    columns += [Column(words("reason"), "text"), Column(words("what_helps"), "text")]
    rows = [
        Row(
            (
                Cell(place_title(one["source_id"], one["name"])),
                Cell(formats.people(one["tubes"])),
                Cell(words(f"late_{one['reason']}")),
                Cell(late_remedy_text(one, words)),
            ),
            key=str(one["source_id"]),
        )
        for one in late.head(LATE_SHOWN).to_dict("records")
    ]
    return [
        Heading(words("late_sources")),
        *shown_note(len(late), len(rows), words, file="relay_late.csv"),
        Table(tuple(columns), tuple(rows), keys="source"),
    ]


def late_remedy_text(source: Record, words: Words) -> str:
    """
    Say what would bring a source's tubes to a laboratory in time.

    Parameters
    ----------
    source
        A row of ``late`` of a relay plan.
    words
        The language.

    Returns
    -------
    text
        The room that lacks, or the hold time that would do.

    Examples
    --------
    >>> source = {"reason": "too_far", "needed_h": 4.51, "short_tubes": 0.0}
    >>> late_remedy_text(source, Words("en"))
    'A hold time of 4.6 hours would do'
    """
    if source["short_tubes"] > 0:
        return words("late_helps_room", tubes=formats.people(math.ceil(source["short_tubes"])))
    if math.isfinite(source["needed_h"]):
        return words("late_helps_hold", hours=hours_text(source["needed_h"]))
    return words("late_helps_road")
