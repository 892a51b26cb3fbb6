"""Turn the tables of a result into the plain data that the map's layers draw."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from walkcover.maps import formats
from walkcover.maps.figures import has_after, walk_classes
from walkcover.maps.packing import (
    UNIT_ZOOM,
    deltas,
    pack_ints,
    pack_json,
    pack_texts,
    to_units,
)
from walkcover.maps.phrases import Phrases, Said
from walkcover.maps.text import ZH, Words, texts
from walkcover.result import Result

# Points are sorted into square cells of 2**12 units, which the page finds again by itself; within
# a cell in strips of 2**7 units, some 50 m, which pack smaller than Morton order does.
CELL_BITS = 12
STRIP_BITS = 7
# Six decimals of a degree are a tenth of a metre.
DEGREE_DECIMALS = 6
MAIN_STREETS = frozenset(
    f"{kind}{link}"
    for kind in ("trunk", "primary", "secondary", "tertiary")
    for link in ("", "_link")
)
PATHS = frozenset({"footway", "path", "steps", "cycleway", "track", "bridleway", "service"})
# A straight piece shorter than this carries no name at any zoom.
LABEL_MIN_UNITS = 60

# Shares at which the colour of a zone changes: half, and the goals that plans name.
SHARE_STEPS = (0.5, 0.7, 0.85, 0.95)

PlainData = dict[str, Any]


def street_data(streets: gpd.GeoDataFrame) -> PlainData:
    """
    Pack the streets in three kinds (main, ordinary, paths), with names where they fit.

    Returns
    -------
    data
        `kinds`: packed lengths and coordinates of each kind; `names` and packed `label_*`: the
        middle and direction of each named street's longest straight piece.
    """
    lines = streets[streets.geometry.notna() & ~streets.geometry.is_empty]
    lines = lines.explode(index_parts=False, ignore_index=True)
    highway = lines["highway"].astype("str")
    kind = np.select([highway.isin(MAIN_STREETS), highway.isin(PATHS)], [0, 2], 1)
    kinds = [_packed_lines(lines.geometry[kind == number].to_numpy()) for number in range(3)]
    return {"kinds": kinds} | _street_labels(lines)


def _packed_lines(lines: np.ndarray[Any, Any]) -> PlainData:
    coords = shapely.get_coordinates(lines)
    x, y = to_units(coords[:, 0], coords[:, 1])
    return {
        "lengths": pack_ints(shapely.get_num_coordinates(lines)),
        "x": pack_ints(deltas(x)),
        "y": pack_ints(deltas(y)),
    }


def _street_labels(lines: gpd.GeoDataFrame) -> PlainData:
    named = lines[lines["name"].notna() & (lines["name"].astype("str") != "")]
    coords, line = shapely.get_coordinates(named.geometry.to_numpy(), return_index=True)
    x, y = to_units(coords[:, 0], coords[:, 1])
    pieces = pd.DataFrame(
        {
            "line": line[:-1],
            "x": (x[:-1] + x[1:]) // 2,
            "y": (y[:-1] + y[1:]) // 2,
            "dx": np.diff(x),
            "dy": np.diff(y),
        }
    )[line[:-1] == line[1:]]
    pieces["length"] = np.hypot(pieces["dx"], pieces["dy"])
    pieces = pieces[pieces["length"] >= LABEL_MIN_UNITS]
    # Longest first: where two names want the same place, the longer street has it.
    longest = pieces.sort_values(["length", "line"], ascending=[False, True], kind="stable")
    longest = longest.drop_duplicates("line")
    codes, names = pd.factorize(named["name"].astype("str").to_numpy()[longest["line"]])
    return {
        "names": pack_texts([str(name) for name in names]),
        "label_name": pack_ints(codes),
        "label_x": pack_ints(deltas(longest["x"])),
        "label_y": pack_ints(deltas(longest["y"])),
        "label_dx": pack_ints(longest["dx"]),
        "label_dy": pack_ints(longest["dy"]),
    }


def residence_order(residences: pd.DataFrame) -> np.ndarray[Any, Any]:
    """
    Find the order in which the page holds residences: cell by cell, in narrow strips.

    Up one strip and down the next, neighbours in the list are neighbours in town, so that their
    walks to a site differ little and pack well.

    Returns
    -------
    order
        Rows of the table, int64, shape (n,).
    """
    x, y = to_units(residences["lon"], residences["lat"])
    strip = x >> STRIP_BITS
    along = np.where(strip & 1, -y, y)
    order: np.ndarray[Any, Any] = np.lexsort((x, along, strip, y >> CELL_BITS, x >> CELL_BITS))
    return order


def residence_data(result: Result, words: Phrases) -> PlainData:
    """
    Pack the residences, cell by cell, with walk, verdict and site before and after building.

    Walks are whole seconds, -1 where there is no path; sites and zones are positions in the lists
    `sites` and `zones`, -1 where there is none. The first of the `states` is that before building;
    a later one holds what is added to its numbers, which is mostly nothing.
    """
    order = residence_order(result.residences)
    table = result.residences.iloc[order]
    x, y = to_units(table["lon"], table["lat"])
    verdicts = sorted(key.removeprefix("verdict_") for key in texts(ZH) if "verdict_" in key)
    site_ids = result.sites["site_id"].astype("str")
    site_names = dict(zip(site_ids, site_titles(result.sites), strict=True))
    zone_names = dict(zip(result.zones["zone_id"], result.zones["name"], strict=True))
    zone_codes, zone_ids = pd.factorize(table["zone_id"])
    said = [words.number(partial(Words.__call__, key=f"verdict_{one}")) for one in verdicts]
    states: list[dict[str, np.ndarray[Any, Any]]] = []
    for suffix in ("", "_after") if has_after(result) else ("",):
        walk_s, verdict = table[f"walk_s{suffix}"], table[f"verdict{suffix}"]
        classes = walk_classes(walk_s, verdict, limit_s=result.plan.walk.limit_s)
        whole_s = np.where(np.isfinite(walk_s), walk_s.round(), -1).astype(np.int64)
        sites = table[f"site_id{suffix}"].astype("object")
        verdict_codes = pd.Index(verdicts).get_indexer(verdict)
        if f"people_unserved{suffix}" in table:
            verdict_codes = _with_unserved(
                verdict_codes, verdict, table[f"people_unserved{suffix}"], said, words
            )
        states.append(
            {
                "classes": np.asarray(classes),
                "walk": whole_s,
                "site": pd.Index(site_ids).get_indexer(sites),
                "verdict": verdict_codes,
            }
        )
    return {
        "x": pack_ints(deltas(x)),
        "y": pack_ints(deltas(y)),
        "people": pack_ints(table["people"].round()),
        "zone": pack_ints(zone_codes),
        "ids": pack_texts([str(one) for one in table["residence_id"]]),
        **_residence_names(table),
        "zones": [_zone_said(one, zone_names.get(one), words) for one in zone_ids],
        "sites": [site_names[one] for one in site_ids],
        "verdicts": pack_ints(said),
        "states": [
            {
                name: pack_ints(values if number == 0 else values - states[0][name])
                for name, values in state.items()
            }
            for number, state in enumerate(states)
        ],
    }


def _with_unserved(
    codes: np.ndarray[Any, Any],
    verdict: pd.Series,
    people_unserved: pd.Series,
    said: list[int],
    words: Phrases,
) -> np.ndarray[Any, Any]:
    """Say how many find no desk time: verdicts of their own for residences over capacity."""
    full = (verdict == "over_capacity").to_numpy()
    texts = [
        words.number(partial(_unserved_text, people=count))
        for count in people_unserved[full].map(formats.people)
    ]
    own, phrases = pd.factorize(np.array(texts, dtype=np.int64))
    numbers = codes.copy()
    numbers[full] = len(said) + own
    said += [int(phrase) for phrase in phrases]
    return numbers


def _residence_names(table: pd.DataFrame) -> PlainData:
    """Names of residences, where their table brings any."""
    if "name" not in table:
        return {}
    names = [str(name) if is_text(name) else "" for name in table["name"]]
    return {"names": pack_texts(names)} if any(names) else {}


def _unserved_text(words: Words, people: str) -> str:
    return words("map_unserved", verdict=words("verdict_over_capacity"), people=people)


def labelled_zones(result: Result) -> int:
    """Count the zones on the map that no other zone lies in."""
    zones = result.zones[result.zones.geometry.notna()]
    return int((~zones["zone_id"].isin(result.zones["parent_id"].dropna())).sum())


def zone_data(result: Result, words: Phrases) -> PlainData:
    """Outlines of the zones with their names and shares; parents carry no label."""
    zones = result.zones[result.zones.geometry.notna()]
    parents = set(result.zones["parent_id"].dropna())
    after = has_after(result)
    features = []
    for zone in zones.to_dict("records"):
        names = ("covered_share", "covered_share_after") if after else ("covered_share",)
        shares = [formats.share(zone[name]) for name in names]
        middle = zone["geometry"].representative_point()
        features.append(
            _feature(
                zone["geometry"],
                kind="outline" if zone["zone_id"] in parents or len(zones) == 1 else "labelled",
                title=_zone_said(zone["zone_id"], zone["name"], words),
                rows=[
                    [words("people"), formats.people(zone["people"])],
                    [words("covered_share"), " → ".join(shares)],
                    [words("gap_people"), formats.people(zone["gap_people"])],
                    *_unserved_rows(zone, words),
                ],
                shares=shares if zone["people"] > 0 else [""],
                id=str(zone["zone_id"]),
                classes=[share_class(zone[name]) for name in names],
                at=[round(middle.y, DEGREE_DECIMALS), round(middle.x, DEGREE_DECIMALS)],
            )
        )
    return {"style": "zone", "level": 350, "features": features}


def share_class(covered_share: float) -> int:
    """
    Sort a zone into the classes of the legend by the share of its people who are covered.

    Returns
    -------
    place
        Number of the `SHARE_STEPS` that the share has reached, or -1 where nobody lives.

    Examples
    --------
    >>> share_class(0.49), share_class(0.5), share_class(1.0), share_class(float("nan"))
    (0, 1, 4, -1)
    """
    if math.isnan(covered_share):
        return -1
    return sum(covered_share >= step for step in SHARE_STEPS)


def _unserved_rows(zone: PlainData, words: Phrases) -> list[list[Said]]:
    """People of a zone near a site without desk time, where desk time counts."""
    names = [name for name in ("unserved_people", "unserved_people_after") if name in zone]
    counts = [formats.people(zone[name]) for name in names]
    return [[words("unserved_short"), " → ".join(counts)]] if counts else []


def gap_data(result: Result, words: Phrases) -> PlainData:
    """Outlines of the gap areas with people, reason and nearest miss."""
    features = []
    for area in result.gap_areas.to_dict("records"):
        rows = [
            [words("people"), formats.people(area["people"])],
            [words("residences"), formats.people(area["residences"])],
            [words("reason"), words(f"verdict_{area['reason']}")],
            [
                words("nearest_miss"),
                _miss_said(area["nearest_miss_s"], words),
            ],
            [words("zone"), _zone_said(area["zone_id"], area["zone_name"], words)],
        ]
        if is_text(area["near"]):
            rows.append([words("near"), _streets_said(area["near"], words)])
        title = words.both(partial(_gap_title, gap_id=area["gap_id"]))
        features.append(_feature(area["geometry"], kind="gap", title=title, rows=rows))
    return {"style": "gap-area", "level": 420, "features": pack_json(features)}


def _gap_title(words: Words, gap_id: str) -> str:
    return f"{words('gap_area')} {gap_id}"


def _miss_said(miss_s: float, words: Phrases) -> Said:
    """By how much the nearest site is out of reach."""
    if miss_s == 0:
        return words("in_reach")
    return formats.minutes(miss_s) if np.isfinite(miss_s) else words("no_path")


def isochrone_data(result: Result, words: Phrases) -> PlainData:
    """Bands of walking time, the widest first so that nearer ones lie on top."""
    bands = result.isochrones.sort_values("minutes_to", kind="stable")
    features = [
        _feature(
            band["geometry"],
            kind=f"band{min(number, 2)}",
            title=words(
                "class_walk",
                low=formats.number(band["minutes_from"]),
                high=formats.number(band["minutes_to"]),
            ),
            rows=[],
        )
        for number, band in enumerate(bands.to_dict("records"))
    ]
    return {"style": "isochrone", "level": 340, "features": pack_json(features[::-1])}


def site_data(sites: pd.DataFrame, rollout: pd.DataFrame, words: Phrases) -> list[PlainData]:
    """One entry per site: where it is, how it is drawn, and what its popup says."""
    near = dict(zip(rollout["site_id"], rollout["near"], strict=True)) if len(rollout) else {}
    entries = []
    for site, title in zip(sites.to_dict("records"), site_titles(sites), strict=True):
        suggested = site["origin"] == "suggested"
        rows: list[list[Said]] = [[words("status"), words(f"status_{site['status']}")]]
        if suggested:
            rows.append([words("stage"), _stage_said(str(site["stage"]), words)])
            rows.append([words("order"), formats.people(site["order"])])
            rows.append([words("people_gained"), formats.people(site["people_gained"])])
        served = "people_served_after" if len(rollout) else "people_served"
        rows.append([words(served), formats.people(site["people_served"])])
        if pd.notna(site.get("load_share")):
            more = site["desks_added"]
            desks = formats.number(site["desks"])
            rows.append([words("desks"), f"{desks} + {formats.number(more)}" if more else desks])
            rows.append([words("capacity_short"), formats.people(site["capacity_people"])])
            rows.append([words("load_share"), formats.share(site["load_share"])])
        if is_text(near.get(site["site_id"])):
            rows.append([words("near"), _streets_said(near[site["site_id"]], words)])
        open_now = site["status"] == "open"
        entries.append(
            {
                "id": str(site["site_id"]),
                "lat": round(site["lat"], DEGREE_DECIMALS),
                "lon": round(site["lon"], DEGREE_DECIMALS),
                "kind": "suggested" if suggested else "existing" if open_now else "closed",
                "label": str(int(site["order"])) if suggested else "",
                "order": int(site["order"]) if suggested else 0,
                "title": title,
                "name": site["name"] if is_text(site["name"]) else "",
                "rows": rows,
            }
        )
    return entries


def street_list(near: str, words: Words) -> str:
    """Join the names of near streets as the language of the page does."""
    return near.replace("、", words("list_and"))


def _streets_said(near: str, words: Phrases) -> Said:
    return words.both(lambda w: street_list(near, w))


def _zone_said(zone_id: object, name: object, words: Phrases) -> Said:
    return words.both(lambda w: zone_title(zone_id, name, w))


def _stage_said(stage: str, words: Phrases) -> Said:
    return words.both(lambda w: w.stage(stage))


def is_text(value: object) -> bool:
    """Tell a non-empty text from a missing one."""
    return isinstance(value, str) and value != ""


def site_titles(sites: pd.DataFrame) -> list[str]:
    """Call each site by its name and its id."""
    return [
        f"{name} ({site_id})" if is_text(name) and name != site_id else str(site_id)
        for site_id, name in zip(sites["site_id"], sites["name"], strict=True)
    ]


def zone_title(zone_id: object, name: object, words: Words) -> str:
    """Name a zone: its own name, else its id; the made-up zones in words."""
    if zone_id == "outside":
        return words("zone_outside")
    if zone_id == "all" and (not is_text(name) or name == "all"):
        return words("stage_all")
    return str(name) if is_text(name) else str(zone_id)


def _feature(geometry: Any, **properties: Any) -> PlainData:
    rounded = shapely.transform(geometry, lambda xy: np.round(xy, DEGREE_DECIMALS))
    return {
        "type": "Feature",
        "geometry": shapely.geometry.mapping(rounded),
        "properties": properties,
    }


def bounds(result: Result) -> list[list[float]]:
    """
    Find the box that holds all residences and sites.

    Returns
    -------
    box
        South-west and north-east corner as latitude and longitude in degrees.
    """
    lon = pd.concat([result.residences["lon"], result.sites["lon"]]).astype("float64")
    lat = pd.concat([result.residences["lat"], result.sites["lat"]]).astype("float64")
    corners = [[lat.min(), lon.min()], [lat.max(), lon.max()]]
    return [[round(float(value), DEGREE_DECIMALS) for value in corner] for corner in corners]


def zoom_that_fits(box: list[list[float]], *, width_px: int = 900, height_px: int = 760) -> int:
    """
    Choose the closest zoom at which a box fits a screen.

    Examples
    --------
    >>> zoom_that_fits([[37.8, 112.4], [37.9, 112.6]])
    12
    """
    x, y = to_units([box[0][1], box[1][1]], [box[0][0], box[1][0]])
    wide, high = max(int(x[1] - x[0]), 1), max(int(y[0] - y[1]), 1)
    zoom = UNIT_ZOOM + math.floor(math.log2(min(width_px / wide, height_px / high)))
    return max(3, min(17, zoom))


def page_words(words: Phrases) -> Mapping[str, Said]:
    """Pick the words that the page's script puts into popups."""
    keys: tuple[str, ...]
    keys = ("people", "zone", "no_path", "unit_min", "after", "before", "verdict", "walk", "site")
    keys += ("map_region", "panel_region", "layer_region", "zoom_in", "zoom_out", "north", "search")
    keys += ("search_none", "player_play", "player_pause", "player_back", "player_forward")
    keys += ("player_start", "player_curve", "print", "paper", "player")
    said = {key: words(key) for key in (*keys, "residence")}
    # The page's script fills in what it counts.
    said["search_found"] = words("search_found", count="{count}")
    said["player_step"] = words("player_step", step="{step}", count="{count}")
    said["player_gain"] = words("player_gain", people="{people}", share="{share}")
    return said
