"""Turn the rounds of teams into the plain data that the map draws."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from walkcover.maps import formats
from walkcover.maps.daily_words import hours_text, place_title
from walkcover.maps.drives import DRIVE_COLOURS, drive_data
from walkcover.maps.layers import is_text, street_list
from walkcover.maps.packing import pack_ints, pack_json
from walkcover.maps.phrases import Phrases, Said
from walkcover.maps.service_layer import SERVICES
from walkcover.maps.signs import placed, sized
from walkcover.maps.text import Words
from walkcover.operations import Demand, RoundPlan

STOP_PX = (12.0, 26.0)
# A popup names no more of those who come to a stop.
MOST_NAMES = 6

PlainData = dict[str, Any]
Rows = list[list[Said]]


def round_data(rounds: RoundPlan, demand: Demand, *, starts_h: float, words: Phrases) -> PlainData:
    """
    Pack bases, stops, visits, drives and the places to which nobody comes.

    Parameters
    ----------
    rounds, demand
        Tables of the daily work; those of the demand place what has no stop.
    starts_h
        Hour of the day at which a shift begins.
    words
        Where the page's phrases are numbered.

    Returns
    -------
    data
        `colours`; `bases`, `stops` and `unserved`, packed signs; `visits`, packed columns in the
        order of the table: team, day, order, stop (its row), tests, and arrive and leave in whole
        minutes of the day; `days`: packed team and day, what is said of them, and their lines.
    """
    days, visits = rounds.days, rounds.visits
    stop_rows = pd.Index(rounds.stops["stop_id"])
    return {
        "colours": DRIVE_COLOURS,
        "bases": pack_json(list(_bases(rounds, words))),
        "stops": pack_json(list(_stops(rounds, words))),
        "unserved": pack_json(list(_unserved(rounds, demand, words))),
        "visits": {
            "team": pack_ints(visits["team"]),
            "day": pack_ints(visits["day"]),
            "order": pack_ints(visits["order"]),
            "stop": pack_ints(stop_rows.get_indexer(visits["stop_id"])),
            "tests": pack_ints(visits["tests"].round()),
            "arrive": pack_ints(day_minutes(visits["arrive_s"], starts_h)),
            "leave": pack_ints(day_minutes(visits["leave_s"], starts_h)),
        },
        "days": {
            "team": pack_ints(days["team"]),
            "day": pack_ints(days["day"]),
            "rows": pack_json([_day_rows(day, starts_h, words) for day in days.to_dict("records")]),
            "lines": drive_data(days.geometry.to_numpy()),
        },
    }


def day_minutes(since_s: pd.Series, starts_h: float) -> npt.NDArray[np.int64]:
    """
    Turn seconds since a shift began into whole minutes of the day, as `formats.clock` does.

    Examples
    --------
    >>> day_minutes(pd.Series([0.0, 95.0, 3600.0]), 8.5).tolist()
    [510, 512, 570]
    """
    hours = starts_h + since_s.to_numpy(np.float64) / 3600
    minutes: npt.NDArray[np.int64] = np.rint(hours * 60).astype(np.int64)
    return minutes


def _bases(rounds: RoundPlan, words: Phrases) -> Iterator[PlainData]:
    for base in rounds.bases.to_dict("records"):
        teams = formats.people(base["teams"])
        if pd.notna(base["teams_given"]):
            given = formats.people(base["teams_given"])
            said = words("map_of", part=teams, whole=given)
        else:
            said = teams
        rows: Rows = [[words("map_teams"), said]]
        yield placed(base["geometry"]) | {
            "id": str(base["base_id"]),
            "title": place_title(base["base_id"], base["name"]),
            "rows": rows,
        }


def _stops(rounds: RoundPlan, words: Phrases) -> Iterator[PlainData]:
    comers = rounds.stop_places[rounds.stop_places["stop_id"] != ""].groupby("stop_id", sort=False)
    names = {
        stop_id: [
            str(name) if is_text(name) else str(place_id)
            for name, place_id in zip(group["name"], group["place_id"], strict=True)
        ]
        for stop_id, group in comers
    }
    widths = sized(rounds.stops["tests"], least=STOP_PX[0], most=STOP_PX[1])
    for stop, width in zip(rounds.stops.to_dict("records"), widths.tolist(), strict=True):
        tests, served = formats.people(stop["tests"]), formats.people(stop["served_tests"])
        rows: Rows = [
            [words("map_kind"), words(f"service_{stop['kind']}")],
            [
                words("map_tests_interval"),
                tests if served == tests else words("map_of", part=served, whole=tests),
            ],
            [words("people"), formats.people(stop["people"])],
        ]
        if stop["kind"] == "round":
            listed = names.get(stop["stop_id"], [])
            rows.append([words("map_comers"), words.both(partial(_name_list, listed))])
        if is_text(stop["near"]):
            near = partial(street_list, stop["near"])
            rows.append([words("near"), words.both(near)])
        rows.append([words("map_from_base"), _minutes(stop["drive_s"], words)])
        yield placed(stop["geometry"]) | {
            "kind": stop["kind"],
            "width": width,
            "title": place_title(stop["stop_id"], stop["name"]),
            "rows": rows,
        }


def _name_list(names: list[str], words: Words) -> str:
    shown = words("list_and").join(names[:MOST_NAMES])
    rest = len(names) - MOST_NAMES
    return words("map_and_more", names=shown, count=formats.number(rest)) if rest > 0 else shown


def _minutes(drive_s: float, words: Phrases) -> Said:
    if not np.isfinite(drive_s):
        return words("left_no_road")
    return words("map_minutes", minutes=formats.minutes(drive_s))


def _day_rows(day: PlainData, starts_h: float, words: Phrases) -> Rows:
    return [
        [words("map_base"), place_title(day["base_id"], day["base_name"])],
        [words("map_stops"), formats.people(day["stops"])],
        [words("map_tests"), formats.people(day["tests"])],
        [words("map_drive"), formats.duration(day["drive_s"])],
        [words("map_back"), formats.clock(starts_h + day["back_s"] / 3600)],
        [words("map_shift_share"), formats.share(day["shift_share"])],
        [words("map_tests_share"), formats.share(day["tests_share"])],
    ]


def _unserved(rounds: RoundPlan, demand: Demand, words: Phrases) -> Iterator[PlainData]:
    """Where nobody comes: at the stop, or at the place that has none."""
    stops = dict(zip(rounds.stops["stop_id"], rounds.stops.geometry, strict=True))
    rounded = demand.services[demand.services["service"].isin(SERVICES[1:3])]
    places = dict(zip(rounded["place_id"], rounded.geometry, strict=True))
    for one in rounds.unserved.to_dict("records"):
        known = places if one["reason"] == "no_stop" else stops
        point = known.get(one["place_id"], stops.get(one["place_id"], places.get(one["place_id"])))
        if point is None:
            continue
        rows: Rows = [
            [words("reason"), words(f"left_{one['reason']}")],
            [words("people"), formats.people(one["people"])],
            [words("map_tests_interval"), formats.people(one["tests"])],
        ]
        if pd.notna(one["remedy_value"]):
            value = hours_text(float(one["remedy_value"]))
            rows.append([words("map_remedy"), words(f"map_remedy_{one['reason']}", value=value)])
        yield placed(point) | {
            "title": place_title(one["place_id"], one["name"]),
            "rows": rows,
        }
