"""The sheets of the workbook on daily work: load of sites, rules, visits, laboratories."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from walkcover.maps.report_demand import rule_text
from walkcover.maps.report_relay import late_remedy_text
from walkcover.maps.report_rounds import remedy_text
from walkcover.maps.text import Words
from walkcover.maps.workbook import DataSheet, Kind, SheetColumn
from walkcover.operations import Demand, Operations, RelayPlan, RoundPlan

# Name of a column, key of its head, and what it holds.
Listed = tuple[tuple[str, str, Kind], ...]
SITE_LOAD: Listed = (
    ("site_id", "column_site_id", "text"),
    ("name", "name", "text"),
    ("origin_said", "column_origin", "text"),
    ("tests", "daily_tests", "people"),
    ("desks", "desks_there", "number"),
    ("open_hours", "column_open_hours", "number"),
    ("capacity", "column_capacity_tests", "people"),
    ("load_share", "load_share", "percent"),
    ("desks_needed", "desks_needed", "number"),
    ("desks_short", "desks_short", "number"),
    ("desks_spare", "desks_spare", "number"),
    ("extend_hours", "column_extend_hours", "number"),
)
QUEUE: Listed = (
    ("worst_hour", "worst_hour", "people"),
    ("worst_waiting", "waiting", "people"),
    ("worst_wait_min", "wait_min", "minutes"),
    ("left", "left_waiting", "people"),
    ("status", "queue", "text"),
)
RULES: Listed = (
    ("rule", "rule", "people"),
    ("who", "who", "text"),
    ("by_said", "served_by", "text"),
    ("places", "places", "people"),
    ("people", "people", "people"),
    ("tests", "tests", "people"),
)
VISITS: Listed = (
    ("team", "team", "people"),
    ("day", "day", "people"),
    ("order", "stop_number", "people"),
    ("stop_id", "column_stop_id", "text"),
    ("name", "stop", "text"),
    ("near", "near", "text"),
    ("tests", "tests", "people"),
    ("drive_s", "column_drive_min", "minutes"),
    ("arrive_s", "column_arrive_min", "minutes"),
    ("leave_s", "column_leave_min", "minutes"),
)
UNSERVED: Listed = (
    ("place_id", "column_place_id", "text"),
    ("name", "name", "text"),
    ("people", "people", "people"),
    ("tests", "tests", "people"),
    ("reason_said", "reason", "text"),
    ("remedy_said", "what_helps", "text"),
)
LABORATORIES: Listed = (
    ("laboratory_id", "column_laboratory_id", "text"),
    ("name", "name", "text"),
    ("capacity", "laboratory_capacity", "people"),
    ("staff", "laboratory_staff", "people"),
    ("tubes", "tubes", "people"),
    ("load_share", "load_share", "percent"),
    ("queue_tubes", "longest_queue", "people"),
    ("queue_hour", "column_queue_hour", "people"),
    ("short_tubes", "short_tubes", "people"),
    ("short_from_h", "column_short_from_h", "number"),
    ("done_h", "column_done_h", "number"),
)
LATE: Listed = (
    ("source_id", "column_source_id", "text"),
    ("name", "name", "text"),
    ("tubes", "tubes", "people"),
    ("reason_said", "reason", "text"),
    ("remedy_said", "what_helps", "text"),
)
INTERVALS: Listed = (
    ("interval_days", "interval_days", "number"),
    ("is_plan_said", "column_is_plan", "text"),
    ("tests_per_day", "tests_per_day", "people"),
    ("tubes_per_day", "tubes_per_day", "people"),
    ("desks_given", "desks_there", "number"),
    ("desks_needed", "desks_needed", "number"),
    ("desks_short", "desks_short", "number"),
    ("team_days", "team_days", "people"),
    ("teams", "teams", "people"),
    ("unserved_people", "unserved_count", "people"),
    ("vehicles", "vehicles", "people"),
    ("tubes_capacity", "relay_capacity", "people"),
    ("tubes_short", "tubes_short", "people"),
    ("laboratories_needed", "laboratories_needed", "people"),
    ("cost_per_day", "cost_per_day", "number"),
    ("cost_desks", "cost_desks", "number"),
    ("cost_teams", "cost_teams", "number"),
    ("cost_vehicles", "cost_vehicles", "number"),
    ("cost_tests", "cost_tests", "number"),
)
LATER = "_staggered"
SECONDS_OF_A_MINUTE = 60.0


def daily_sheets(operations: Operations, words: Words) -> Iterator[DataSheet]:
    """
    Put the tables of daily work into columns.

    Parameters
    ----------
    operations
        Daily work of a run.
    words
        The language of heads and words.

    Returns
    -------
    sheets
        site_load and rules; visits and unserved where rounds were planned; laboratories and late
        where a relay was; intervals where they were compared. Numbers are those of the tables,
        drives and times of a shift in minutes.
    """
    yield from _demand(operations.demand, words)
    if operations.rounds is not None:
        yield from _rounds(operations.rounds, words)
    if operations.relay is not None:
        yield from _relay(operations.relay, words)
    if len(operations.intervals):
        table = operations.intervals.copy()
        table["is_plan_said"] = [
            words("flag_yes" if one else "flag_no") for one in table["is_plan"]
        ]
        yield _sheet("intervals", table, INTERVALS, words)


def _demand(demand: Demand, words: Words) -> Iterator[DataSheet]:
    sites = demand.sites.copy()
    sites["origin_said"] = [words(f"origin_{one}") for one in sites["origin"]]
    columns = [*_columns(sites, SITE_LOAD, words)]
    for end, state in (("", "as_they_like"), (LATER, "by_timetable")):
        said = sites[f"status{end}"]
        sites[f"status{end}"] = [words(f"queue_{one}") if one else "" for one in said]
        listed: Listed = tuple((f"{name}{end}", head, kind) for name, head, kind in QUEUE)
        columns += [
            SheetColumn(
                words("column_state", head=one.title, state=words(state)), one.kind, one.values
            )
            for one in _columns(sites, listed, words)
        ]
    yield DataSheet("site_load", words("sheet_site_load"), tuple(columns), frozen=2)
    rules = demand.rules.copy()
    rules["who"] = [rule_text(one, words) for one in rules.to_dict("records")]
    rules["by_said"] = [words(f"service_{one}") for one in rules["by"]]
    yield _sheet("rules", rules, RULES, words)


def _rounds(rounds: RoundPlan, words: Words) -> Iterator[DataSheet]:
    near = rounds.stops.drop_duplicates("stop_id").set_index("stop_id")["near"]
    visits = rounds.visits.assign(near=rounds.visits["stop_id"].map(near))
    yield _sheet("visits", visits, VISITS, words, none="say_rounds_none")
    left = rounds.unserved.copy()
    left["reason_said"] = [words(f"left_{one}") for one in left["reason"]]
    left["remedy_said"] = [remedy_text(one, words) for one in left.to_dict("records")]
    yield _sheet("unserved", left, UNSERVED, words, none="say_rounds_all")


def _relay(relay: RelayPlan, words: Words) -> Iterator[DataSheet]:
    yield _sheet("laboratories", relay.laboratories, LABORATORIES, words)
    late = relay.late.copy()
    late["reason_said"] = [words(f"late_{one}") for one in late["reason"]]
    late["remedy_said"] = [late_remedy_text(one, words) for one in late.to_dict("records")]
    yield _sheet("late", late, LATE, words, none="none_late")


def _sheet(
    key: str, table: pd.DataFrame, listed: Listed, words: Words, *, none: str = ""
) -> DataSheet:
    columns = tuple(_columns(table, listed, words))
    said = words(none) if none else ""
    return DataSheet(key, words(f"sheet_{key}"), columns, frozen=2, none=said)


def _columns(table: pd.DataFrame, listed: Listed, words: Words) -> Iterator[SheetColumn]:
    for name, head, kind in listed:
        yield SheetColumn(words(head), kind, _values(table[name], name))


def _values(values: pd.Series, name: str) -> list[Any]:
    """Plain values, None where one is missing; seconds as minutes."""
    plain = [None if pd.isna(one) else one for one in values.tolist()]
    if name.endswith("_s"):
        return [None if one is None else one / SECONDS_OF_A_MINUTE for one in plain]
    return plain
