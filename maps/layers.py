"""Turn zones, gap areas, walking bands and sites into the plain data that the map draws."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import shapely

from walkcover.maps import formats
from walkcover.maps.figures import has_after
from walkcover.maps.packing import UNIT_ZOOM, Packed, deltas, pack_ints, pack_json, to_units
from walkcover.maps.phrases import Phrases, Said
from walkcover.maps.text import Words
from walkcover.result import Result

# Six decimals of a degree are a tenth of a metre.
DEGREE_DECIMALS = 6
# Shares at which the colour of a zone changes: half, and the goals that plans name.
SHARE_STEPS = (0.5, 0.7, 0.85, 0.95)

PlainData = dict[str, Any]


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
    return {"style": "zone", "level": 350} | packed_outlines(features)


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
    return {"style": "gap-area", "level": 420} | packed_outlines(features)


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
    return {"style": "isochrone", "level": 340} | packed_outlines(features[::-1])


def site_data(
    sites: pd.DataFrame,
    rollout: pd.DataFrame,
    words: Phrases,
    more: Mapping[str, list[list[Said]]] = MappingProxyType({}),
) -> Packed:
    """
    Pack one entry per site: where it is, how it is drawn, and what its popup says.

    `more` are further rows of the popup, by site_id.
    """
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
            added = site["desks_added"]
            desks = formats.number(site["desks"])
            rows.append([words("desks"), f"{desks} + {formats.number(added)}" if added else desks])
            rows.append([words("capacity_short"), formats.people(site["capacity_people"])])
            rows.append([words("load_share"), formats.share(site["load_share"])])
        if is_text(near.get(site["site_id"])):
            rows.append([words("near"), _streets_said(near[site["site_id"]], words)])
        rows += more.get(str(site["site_id"]), [])
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
    return pack_json(entries)


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


def _feature(geometry: shapely.Geometry, **properties: Any) -> tuple[Any, PlainData]:
    return geometry, properties


def packed_outlines(features: Sequence[tuple[Any, PlainData]]) -> PlainData:
    """
    Pack outlines with what is said of them.

    Parameters
    ----------
    features
        Areas in WGS84 degrees, each with its properties as plain data.

    Returns
    -------
    data
        `polygons` of each feature, `rings` of each polygon (the outline, then holes), `lengths`
        of the rings without the point that closes them, their `x` and `y`, and `properties`.

    Examples
    --------
    >>> data = packed_outlines([(shapely.box(112, 37, 112.1, 37.1), {"kind": "gap"})])
    >>> data["lengths"]["bytes"], sorted(data)
    (1, ['lengths', 'polygons', 'properties', 'rings', 'x', 'y'])
    """
    parts, feature = shapely.get_parts([one for one, _ in features], return_index=True)
    is_area = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    rings, polygon = shapely.get_rings(parts[is_area], return_index=True)
    coords, ring = shapely.get_coordinates(rings, return_index=True)
    closing = np.append(ring[1:] != ring[:-1], True) if len(ring) else np.zeros(0, dtype=bool)
    x, y = to_units(*coords[~closing].T)
    return {
        "polygons": pack_ints(np.bincount(feature[is_area], minlength=len(features))),
        "rings": pack_ints(np.bincount(polygon, minlength=int(is_area.sum()))),
        "lengths": pack_ints(shapely.get_num_coordinates(rings) - 1),
        "x": pack_ints(deltas(x)),
        "y": pack_ints(deltas(y)),
        "properties": pack_json([properties for _, properties in features]),
    }


def bounds(result: Result) -> list[list[float]]:
    """
    Find the box that holds all residences and sites; that of the zones where there are none.

    Returns
    -------
    box
        South-west and north-east corner as latitude and longitude in degrees.
    """
    lon = pd.concat([result.residences["lon"], result.sites["lon"]]).astype("float64")
    lat = pd.concat([result.residences["lat"], result.sites["lat"]]).astype("float64")
    if lon.notna().any():
        corners = [[lat.min(), lon.min()], [lat.max(), lon.max()]]
    else:
        west, south, east, north = result.zones.total_bounds
        corners = [[south, west], [north, east]]
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
