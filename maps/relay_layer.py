"""Turn the way of the tubes to laboratories into the plain data that the map draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from walkcover.maps import formats
from walkcover.maps.daily_words import hours_text, place_title, time_text
from walkcover.maps.drives import DRIVE_COLOURS, drive_data
from walkcover.maps.layers import is_text
from walkcover.maps.packing import pack_ints, pack_json
from walkcover.maps.phrases import Phrases, Said
from walkcover.maps.signs import placed, sized
from walkcover.maps.text import Words
from walkcover.operations import RelayPlan

LABORATORY_PX = (20.0, 40.0)
TRANSFER_PX = (2.5, 7.0)
STATION_PX = 20
# Load at which the colour of a laboratory changes; above all its capacity it is short.
LOAD_STEPS = (0.7, 1.0)

PlainData = dict[str, Any]
Rows = list[list[Said]]


def relay_data(relay: RelayPlan, words: Phrases) -> PlainData:
    """
    Pack laboratories, stations, collection routes and transfers.

    Parameters
    ----------
    relay
        Tables of the daily work.
    words
        Where the page's phrases are numbered.

    Returns
    -------
    data
        `colours`; `hubs`, packed signs of the laboratories, then of the stations; `routes` and
        `transfers` with the hub (its row) they lead to, what is said of them, and their lines;
        `others` and `late`, packed signs of bases and institutions, and of what cannot be there in
        time; `hours`, packed columns of tubes by laboratory (its row) and hour.
    """
    hubs = [*_laboratories(relay, words), *_stations(relay, words)]
    row = {hub["id"]: place for place, hub in enumerate(hubs)}
    titles = {hub["id"]: hub["title"] for hub in hubs}
    laboratory_row = {one: place for place, one in enumerate(relay.laboratories["laboratory_id"])}
    hours = relay.laboratory_hours
    transfers = relay.transfers
    return {
        "colours": DRIVE_COLOURS,
        "hubs": pack_json(hubs),
        "routes": {
            "hub": pack_ints([row[one] for one in relay.routes["hub_id"]]),
            "rows": pack_json(_route_rows(relay, titles, words)),
            "lines": drive_data(relay.routes.geometry.to_numpy()),
        },
        "transfers": {
            "hub": pack_ints([row[one] for one in transfers["station_id"]]),
            "to": pack_ints([row[one] for one in transfers["laboratory_id"]]),
            "tenths_px": pack_ints(
                sized(transfers["tubes"], least=10 * TRANSFER_PX[0], most=10 * TRANSFER_PX[1])
            ),
            "rows": pack_json(_transfer_rows(relay, titles, words)),
            "lines": drive_data(transfers.geometry.to_numpy()),
        },
        "others": pack_json(list(_others(relay, titles, words))),
        "late": pack_json(list(_late(relay, words))),
        "hours": {
            "laboratory": pack_ints([laboratory_row[one] for one in hours["laboratory_id"]]),
            "hour": pack_ints(hours["hour"]),
            **{
                name: pack_ints(hours[f"{name}_tubes"].round())
                for name in ("arrived", "tested", "queue")
            },
        },
    }


def load_class(load_share: float, short_tubes: float) -> int:
    """
    Sort a laboratory into the classes of the legend.

    Returns
    -------
    place
        Number of the `LOAD_STEPS` that its load is above; the last where tubes are left over.

    Examples
    --------
    >>> load_class(0.7, 0.0), load_class(1.0, 0.0), load_class(0.9, 3.0), load_class(1.1, 20.0)
    (0, 1, 2, 2)
    """
    return len(LOAD_STEPS) if short_tubes > 0 else sum(load_share > step for step in LOAD_STEPS)


def _laboratories(relay: RelayPlan, words: Phrases) -> Iterator[PlainData]:
    table = relay.laboratories
    widths = sized(table["tubes"], least=LABORATORY_PX[0], most=LABORATORY_PX[1])
    for one, width in zip(table.to_dict("records"), widths.tolist(), strict=True):
        rows: Rows = [
            [words("map_tubes_day"), formats.people(one["tubes"])],
            [words("capacity_short"), formats.people(one["capacity"])],
            [words("load_share"), formats.share(one["load_share"])],
        ]
        if pd.notna(one["staff"]):
            rows.append([words("map_staff"), formats.people(one["staff"])])
        if one["queue_tubes"] > 0:
            tubes = formats.people(one["queue_tubes"])
            at = partial(_tubes_at, tubes, one["queue_hour"])
            rows.append([words("map_queue"), words.both(at)])
        if one["short_tubes"] > 0:
            rows.append([words("map_short_tubes"), formats.people(one["short_tubes"])])
        if pd.notna(one["short_from_h"]):
            rows.append([words("map_short_from"), _clock(one["short_from_h"], words)])
        if pd.notna(one["done_h"]):
            rows.append([words("map_done"), _clock(one["done_h"], words)])
        yield placed(one["geometry"]) | {
            "id": str(one["laboratory_id"]),
            "kind": "laboratory",
            "width": width,
            "class": load_class(one["load_share"], one["short_tubes"]),
            "title": place_title(one["laboratory_id"], one["name"]),
            "rows": rows,
        }


def _clock(hour: float, words: Phrases) -> Said:
    return words.both(partial(time_text, hour))


def _tubes_at(tubes: str, hour: float, words: Words) -> str:
    return words("map_tubes_at", tubes=tubes, hour=time_text(hour, words))


def _stations(relay: RelayPlan, words: Phrases) -> Iterator[PlainData]:
    for one in relay.hubs[relay.hubs["kind"] == "station"].to_dict("records"):
        rows: Rows = [
            [words("map_tubes_day"), formats.people(one["tubes"])],
            [words("map_sources"), formats.people(one["sources"])],
            [words("map_vehicles"), formats.people(one["vehicles"])],
        ]
        yield placed(one["geometry"]) | {
            "id": str(one["hub_id"]),
            "kind": "station",
            "width": STATION_PX,
            "title": place_title(one["hub_id"], one["name"]),
            "rows": rows,
        }


def _route_rows(relay: RelayPlan, titles: Mapping[str, str], words: Phrases) -> list[Rows]:
    """What is said of each route, its stops in order last."""
    stops: dict[int, list[str]] = {}
    for one in relay.route_stops.sort_values(["route", "order"], kind="stable").to_dict("records"):
        name = str(one["name"]) if is_text(one["name"]) else str(one["source_id"])
        stops.setdefault(int(one["route"]), []).append(name)
    return [
        [
            [words("map_collected_to"), titles[one["hub_id"]]],
            [words("map_tubes_day"), formats.people(one["tubes"])],
            [words("map_tubes_wave"), formats.people(one["tubes_wave"])],
            [words("map_vehicle_share"), formats.share(one["vehicle_share"])],
            [words("map_drive"), formats.duration(one["drive_s"])],
            [words("map_tour"), formats.duration(one["length_s"])],
            [words("map_oldest"), formats.duration(one["oldest_s"])],
            [words("map_stops"), " → ".join(stops.get(int(one["route"]), []))],
        ]
        for one in relay.routes.to_dict("records")
    ]


def _transfer_rows(relay: RelayPlan, titles: Mapping[str, str], words: Phrases) -> list[Rows]:
    return [
        [
            [words("map_transfer_from"), titles[one["station_id"]]],
            [words("map_transfer_to"), titles[one["laboratory_id"]]],
            [words("map_tubes_day"), formats.people(one["tubes"])],
            [words("map_trips"), formats.people(one["trips"])],
            [words("map_drive"), formats.duration(one["drive_s"])],
        ]
        for one in relay.transfers.to_dict("records")
    ]


def source_rows(relay: RelayPlan, words: Phrases) -> dict[str, Rows]:
    """
    Write what is said of the tubes of each place that gives some.

    Returns
    -------
    rows
        Labels and values by source_id; for sites they stand in the popup of the site.
    """
    names = dict(zip(relay.hubs["hub_id"], relay.hubs["name"], strict=True))
    late = dict(zip(relay.late["source_id"], relay.late["reason"], strict=True))
    said = {}
    for one in relay.sources.to_dict("records"):
        rows: Rows = [[words("map_tubes_day"), formats.people(one["tubes"])]]
        if is_text(one["hub_id"]):
            hub = place_title(one["hub_id"], names.get(one["hub_id"], ""))
            route = str(one["route"])
            said_hub = words("map_by_route", hub=hub, route=route) if one["route"] else hub
            rows.append([words("map_collected_to"), said_hub])
            if np.isfinite(one["oldest_s"]) and one["oldest_s"] > 0:
                rows.append([words("map_oldest"), formats.duration(one["oldest_s"])])
        if one["source_id"] in late:
            rows.append([words("map_late"), words(f"late_{late[one['source_id']]}")])
        said[str(one["source_id"])] = rows
    return said


def _others(relay: RelayPlan, titles: Mapping[str, str], words: Phrases) -> Iterator[PlainData]:
    """Sources that are no site and no laboratory: bases of teams, institutions."""
    rows = source_rows(relay, words)
    others = relay.sources[relay.sources["kind"] != "site"]
    for one in others[~others["source_id"].isin(list(titles))].to_dict("records"):
        yield placed(one["geometry"]) | {
            "kind": one["kind"],
            "title": place_title(one["source_id"], one["name"]),
            "rows": [[words("map_kind"), words(f"source_{one['kind']}")], *rows[one["source_id"]]],
        }


def _late(relay: RelayPlan, words: Phrases) -> Iterator[PlainData]:
    where = dict(zip(relay.sources["source_id"], relay.sources.geometry, strict=True))
    for one in relay.late.to_dict("records"):
        rows: Rows = [
            [words("reason"), words(f"late_{one['reason']}")],
            [words("map_tubes_day"), formats.people(one["tubes"])],
        ]
        if pd.notna(one["needed_h"]):
            hours = hours_text(float(one["needed_h"]))
            rows.append([words("map_remedy"), words("map_remedy_hold", value=hours)])
        if one["short_tubes"] > 0:
            rows.append([words("map_short_tubes"), formats.people(one["short_tubes"])])
        yield placed(where[one["source_id"]]) | {
            "title": place_title(one["source_id"], one["name"]),
            "rows": rows,
        }
