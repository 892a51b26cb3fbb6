"""The chapters of the report on desks by the hour, and on who is tested where."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from walkcover.maps import figures, formats
from walkcover.maps.daily_pictures import Curve, hours_chart
from walkcover.maps.daily_words import (
    figure_rows,
    figure_table,
    hours_text,
    joined,
    number_of,
    place_title,
    shown_note,
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
from walkcover.maps.layers import zone_title
from walkcover.maps.report_summary import norm_text
from walkcover.maps.text import Words
from walkcover.operations import Demand
from walkcover.plan_operations import ITSELF, ROUND, SITE, VISIT
from walkcover.result import Result

# Rows shown of the long lists; the whole lists are in the other output files.
SHORT_SHOWN, WAITS_SHOWN, PLACES_SHOWN = 20, 10, 15
GROUPS_SHOWN = 5
# Shares below this are what a solver leaves of none.
ROUNDING = 1e-6
LATER = "_staggered"
SERVICES = (SITE, VISIT, ROUND, ITSELF)
DAY_FIGURES = (
    ("tests_per_interval", "daily_tests_interval", formats.people),
    ("tests_per_day", "daily_tests_day", formats.people),
    ("busiest_day_tests", "daily_busiest", formats.people),
    ("site_tests_per_day", "daily_at_sites", formats.people),
    ("tests_per_site_day", "daily_per_site", formats.people),
)
DESK_FIGURES = (
    ("desks", "desks_there", formats.number),
    ("desks_needed", "desks_needed", formats.number),
    ("desks_short", "desks_short", formats.number),
    ("sites_short", "sites_short", formats.number),
    ("desks_spare", "desks_spare", formats.number),
    ("sites_spare", "sites_spare", formats.number),
)

Record = dict[Any, Any]


def hours_chapter(result: Result, words: Words) -> Chapter | None:
    """
    Say whether the desks do on the busiest day, where they do not, and what a timetable changes.

    Parameters
    ----------
    result
        A finished run.
    words
        The language.

    Returns
    -------
    chapter
        None where no daily work was planned.
    """
    if result.operations is None:
        return None
    demand = result.operations.demand
    blocks: list[Block] = [Paragraph(_desk_answer(demand, words), "say")]
    rows = figure_rows(DAY_FIGURES, demand.summary, words, part="demand")
    rows += _norm_row(demand, words)
    rows += figure_rows(DESK_FIGURES, demand.summary, words, part="demand")
    blocks.append(figure_table(rows))
    blocks.append(Figure(_arrivals(result, demand, words), (words(_arrivals_note(demand)),)))
    known = demand.summary["desks"] is not None
    if known:
        blocks += _short_sites(demand, words)
        blocks += _timetable_effect(demand, words)
        blocks += _longest_waits(demand, words)
    blocks += _timetable(demand, words)
    return Chapter("hours", words("hours_title"), tuple(blocks))


def _desk_answer(demand: Demand, words: Words) -> str:
    summary = demand.summary
    values = {
        "tests": formats.people(summary["site_tests_per_day"]),
        "sites": formats.people(summary["sites"]),
        "needed": formats.number(number_of(summary, "desks_needed")),
    }
    if summary["desks"] is None:
        told = not math.isnan(number_of(summary, "desks_needed"))
        return words("say_desks_unknown" if told else "say_tests_only", **values)
    values["desks"] = formats.number(summary["desks"])
    if not summary["sites_short"]:
        sentences = [words("say_desks_do", **values)]
    else:
        short = formats.number(summary["desks_short"])
        few = formats.people(summary["sites_short"])
        spare = formats.number(summary["desks_spare"])
        sentences = [words("say_desks_short", few=few, short=short, spare=spare, **values)]
    natural, peak = number_of(summary, "natural_peak"), number_of(summary, "peak")
    if math.isfinite(natural) and peak < natural:
        moved = formats.share(number_of(summary, "moved_share"))
        loads = {"before": formats.share(natural), "after": formats.share(peak)}
        sentences.append(words("say_staggered", moved=moved, **loads))
    return joined(sentences, words)


def _norm_row(demand: Demand, words: Words) -> list[Row]:
    """Hold the people who share a site against the norm."""
    served = demand.summary["by_service"].get(SITE, {"tests": 0.0})["tests"]
    sites = demand.summary["sites"]
    if not sites:
        return []
    note = norm_text(words) + (" ▲" if served / sites > figures.NORM_HIGH else "")
    return [Row((Cell(words("people_per_site")), Cell(formats.people(served / sites), note=note)))]


def _arrivals(result: Result, demand: Demand, words: Words) -> Any:
    """Draw who comes by the hour, as they like and by the timetable, and what the desks take."""
    hours = demand.site_hours.groupby("hour")[["tests", f"tests{LATER}", "desks"]].sum(min_count=1)
    first, last = (int(hours.index.min()), int(hours.index.max())) if len(hours) else (8, 19)
    hours = hours.reindex(range(first, last + 1))
    rate = result.plan.desks.tests_per_desk_hour
    curves = [Curve("bar", "bars", tuple(hours["tests"].fillna(0.0)))]
    if demand.summary["desks"] is not None:
        curves.append(Curve("later", "steps", tuple(hours[f"tests{LATER}"])))
        curves.append(Curve("limit", "steps", tuple(hours["desks"] * rate)))
    return hours_chart(words("arrivals"), first, curves)


def _arrivals_note(demand: Demand) -> str:
    return "arrivals_note" if demand.summary["desks"] is None else "arrivals_note_desks"


def _short_sites(demand: Demand, words: Words) -> list[Block]:
    """List the sites that lack desks, most first, with both ways out."""
    short = demand.sites[demand.sites["desks_short"] > 0]
    if short.empty:
        return []
    short = short.sort_values(["desks_short", "left"], ascending=False, kind="stable")
    heads = ("daily_tests", "desks_there", "desks_needed", "desks_short")
    columns = [Column(words("site"), "name"), *(Column(words(one), "number") for one in heads)]
    columns += [Column(words("extend_hours"), "text"), Column(words("left_waiting"), "people")]
    rows = []
    for site in short.head(SHORT_SHOWN).to_dict("records"):
        longer = words("day_too_short")
        if not math.isnan(site["extend_hours"]):
            longer = words("hours_more", hours=hours_text(site["extend_hours"]))
        cells = [Cell(place_title(site["site_id"], site["name"])), *_desk_cells(site)]
        cells += [Cell(longer), Cell(formats.people(site["left"]))]
        rows.append(Row(tuple(cells), key=str(site["site_id"])))
    return [
        Heading(words("sites_short")),
        *shown_note(len(short), len(rows), words, file="site_load.csv"),
        Table(tuple(columns), tuple(rows), keys="site"),
    ]


def _desk_cells(site: Record) -> list[Cell]:
    return [
        Cell(write(site[name]), key=f"site_load.{site['site_id']}.{name}", value=site[name])
        for name, write in (
            ("tests", formats.people),
            ("desks", formats.number),
            ("desks_needed", formats.number),
            ("desks_short", formats.number),
        )
    ]


def _timetable_effect(demand: Demand, words: Words) -> list[Block]:
    """Put side by side how the day goes as people like and by the timetable."""
    summary = demand.summary
    longest = {
        f"worst_wait_min{end}": demand.sites[f"worst_wait_min{end}"].max() for end in ("", LATER)
    }
    listed = [
        ("natural_peak", "peak", "highest_load", formats.share),
        *(
            (f"sites_{status}", f"sites_{status}{LATER}", f"sites_{status}", formats.people)
            for status in ("smooth", "busy", "jammed")
        ),
        ("worst_wait_min", f"worst_wait_min{LATER}", "longest_wait", formats.number),
        ("left_people", f"left_people{LATER}", "left_waiting", formats.people),
    ]
    rows = []
    for before, later, title, write in listed:
        cells = [Cell(words(title))]
        for name in (before, later):
            value = number_of({**summary, **longest}, name)
            key = "" if name in longest else f"demand.{name}"
            cells.append(Cell(write(value), key=key, value=value if key else None))
        rows.append(Row(tuple(cells)))
    heads = (Column("", "name"), Column(words("as_they_like"), "number"))
    table = Table((*heads, Column(words("by_timetable"), "number")), tuple(rows))
    return [Heading(words("timetable_effect")), Paragraph(words("queue_note"), "quiet"), table]


def _longest_waits(demand: Demand, words: Words) -> list[Block]:
    """List the sites at which people wait longest, and what the timetable does there."""
    slow = demand.sites[demand.sites["status"].isin(["busy", "jammed"])]
    if slow.empty:
        return []
    slow = slow.sort_values(["worst_wait_min", "worst_waiting"], ascending=False, kind="stable")
    columns = [Column(words("site"), "name")]
    for over in ("as_they_like", "by_timetable"):
        columns += [
            Column(words("worst_hour"), "number", over=words(over)),
            Column(words("waiting"), "people", over=words(over)),
            Column(words("wait_min"), "number", over=words(over)),
            Column(words("queue"), "word", over=words(over)),
        ]
    rows = []
    for site in slow.head(WAITS_SHOWN).to_dict("records"):
        cells = [Cell(place_title(site["site_id"], site["name"]))]
        for end in ("", LATER):
            status = site[f"status{end}"]
            cells += [
                Cell(formats.clock(site[f"worst_hour{end}"])),
                Cell(formats.people(site[f"worst_waiting{end}"])),
                Cell(formats.people(site[f"worst_wait_min{end}"])),
                Cell(words(f"queue_{status}") if status else formats.MISSING),
            ]
        rows.append(Row(tuple(cells), key=str(site["site_id"])))
    return [
        Heading(words("longest_waits")),
        *shown_note(len(slow), len(rows), words, file="site_load.csv"),
        Table(tuple(columns), tuple(rows), keys="site"),
    ]


def _timetable(demand: Demand, words: Words) -> list[Block]:
    """Say which share of each group comes in which hour."""
    slots = demand.slots
    shares = slots[["natural_share", "share"]].fillna(0.0)
    used = sorted(slots.loc[shares.max(axis=1) > 0, "hour"].unique())
    if not used:
        return []
    asked = bool(slots["share"].notna().any())
    kinds = [*slots["kind"].drop_duplicates()]
    shown = kinds[:GROUPS_SHOWN]
    names = ("natural_share", "share") if asked else ("natural_share",)
    heads = {"natural_share": "as_they_like", "share": "by_timetable"}
    columns = [Column(words("hour"), "word")]
    columns += [
        Column(words(heads[name]), "share", over=words.kind(str(kind)))
        for kind in shown for name in names
    ]  # fmt: skip
    table = slots.set_index(["kind", "hour"])
    rows = []
    for hour in range(int(used[0]), int(used[-1]) + 1):
        cells = [Cell(f"{formats.clock(hour)}–{formats.clock(hour + 1)}")]
        for kind in shown:
            slot = table.loc[(kind, hour)]
            cells += [
                Cell(formats.share(slot[name]) if slot[name] > ROUNDING else "") for name in names
            ]
        rows.append(Row(tuple(cells)))
    return [
        Heading(words("timetable" if asked else "usual_hours")),
        *shown_note(len(kinds), len(shown), words, file="slots.csv"),
        Table(tuple(columns), tuple(rows)),
    ]


def services_chapter(result: Result, words: Words) -> Chapter | None:
    """
    Say who is tested at sites, by teams and by themselves, and by which rule.

    Parameters
    ----------
    result
        A finished run.
    words
        The language.

    Returns
    -------
    chapter
        None where no daily work was planned.
    """
    if result.operations is None:
        return None
    demand = result.operations.demand
    by_service = demand.summary["by_service"]
    parts = [
        words(f"say_{service}", people=formats.people(by_service[service]["tests"]))
        for service in SERVICES
        if by_service.get(service, {"tests": 0})["tests"] > 0
    ]
    people = formats.people(demand.summary["tests_per_interval"])
    said = words("say_services", people=people, parts=words("sentence_and").join(parts))
    blocks: list[Block] = [Paragraph(said, "say"), Paragraph(words("rules_note"), "quiet")]
    columns = [Column(words("rule"), "number"), Column(words("who"), "text")]
    columns += [Column(words("served_by"), "word"), Column(words("places"), "people")]
    columns += [Column(words("people"), "people"), Column(words("tests"), "people")]
    rows = [Row(tuple(_rule_cells(rule, words))) for rule in demand.rules.to_dict("records")]
    blocks.append(Table(tuple(columns), tuple(rows)))
    blocks += _visited_places(result, demand.services, words)
    return Chapter("services", words("services_title"), tuple(blocks))


def _rule_cells(rule: Record, words: Words) -> list[Cell]:
    key = f"rules.{rule['rule']}"
    return [
        Cell(formats.people(rule["rule"])),
        Cell(rule_text(rule, words)),
        Cell(words(f"service_{rule['by']}")),
        *(
            Cell(formats.people(rule[name]), key=f"{key}.{name}", value=float(rule[name]))
            for name in ("places", "people", "tests")
        ),
    ]


def rule_text(rule: Record, words: Words) -> str:
    """
    Say whom a rule fits.

    Parameters
    ----------
    rule
        With kind, at_least and reached.
    words
        The language.

    Returns
    -------
    text
        The kind, with its conditions behind it.

    Examples
    --------
    >>> rule_text({"kind": "school", "at_least": 200.0, "reached": "no"}, Words("en"))
    'Schools, from 200 people, no site within reach'
    """
    parts = [words.kind(rule["kind"])]
    if rule["at_least"] > 0:
        parts.append(words("rule_at_least", people=formats.number(rule["at_least"])))
    if rule["reached"] != "any":
        parts.append(words(f"rule_reached_{rule['reached']}"))
    return words("list_comma").join(parts)


def _visited_places(result: Result, services: pd.DataFrame, words: Words) -> list[Block]:
    """List the largest places to which teams come."""
    visited = services[(services["service"] == VISIT) & (services["tests"] > 0)]
    if visited.empty:
        return []
    visited = visited.sort_values("tests", ascending=False, kind="stable")
    zones = dict(zip(result.zones["zone_id"], result.zones["name"], strict=True))
    columns = [Column(words("place_name"), "name"), Column(words("kind"), "word")]
    columns += [Column(words("zone"), "name"), Column(words("tests"), "people")]
    rows = [
        Row(
            (
                Cell(place_title(place["place_id"], place["name"])),
                Cell(words.kind(str(place["kind"]))),
                Cell(zone_title(place["zone_id"], zones.get(place["zone_id"]), words)),
                Cell(formats.people(place["tests"])),
            )
        )
        for place in visited.head(PLACES_SHOWN).to_dict("records")
    ]
    return [
        Heading(words("visited_places")),
        *shown_note(len(visited), len(rows), words, file="services.parquet"),
        Table(tuple(columns), tuple(rows)),
    ]
