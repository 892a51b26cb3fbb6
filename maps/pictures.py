"""Small inline drawings of the report: the coverage curve and where things are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from markupsafe import Markup

from walkcover.maps.layers import MAIN_STREETS
from walkcover.maps.text import Words
from walkcover.result import Result

CURVE_WIDTH, CURVE_HEIGHT = 520, 210
MAP_WIDTH, MAP_HEIGHT = 640, 430
# Detail below half a pixel cannot be seen in print.
SIMPLIFY_PX = 0.5


def coverage_curve(result: Result, words: Words) -> Markup:
    """
    Draw the share covered after each suggested site, from the present share on.

    Returns
    -------
    svg
        An inline drawing; the last point is the share after the last site of the rollout.
    """
    shares = [float(result.summary["covered_share"]), *map(float, result.rollout["covered_share"])]
    left, right, top, bottom = 46, 14, 12, 34
    inner_w, inner_h = CURVE_WIDTH - left - right, CURVE_HEIGHT - top - bottom
    low = math.floor(min(shares) * 10) / 10
    low = low if low < 1 else 0.9

    def at(number: float, share: float) -> tuple[float, float]:
        x = left + inner_w * number / max(len(shares) - 1, 1)
        return x, top + inner_h * (1 - (share - low) / (1 - low))

    step = 0.1 if 1 - low > 0.25 else 0.05
    lines = []
    for tick in np.arange(low, 1.0001, step):
        _, y = at(0, float(tick))
        lines.append(f'<line class="grid" x1="{left}" x2="{CURVE_WIDTH - right}" {_y12(y)}/>')
        lines.append(f'<text class="end" x="{left - 6}" y="{y + 4:.1f}">{tick:.0%}</text>')
    # A step curve: a site counts from when it is built.
    path = f"M{left:.1f},{at(0, shares[0])[1]:.1f}"
    for number, share in enumerate(shares[1:], start=1):
        x, y = at(number, share)
        path += f"H{x:.1f}V{y:.1f}"
    lines.append(f'<path class="curve" d="{path}"/>')
    for number in _ticks(len(shares) - 1):
        x, _ = at(number, low)
        lines.append(f'<text class="mid" x="{x:.1f}" y="{CURVE_HEIGHT - 16}">{number}</text>')
    middle = left + inner_w / 2
    label = Markup.escape(words("curve_x_desks" if "action" in result.rollout else "curve_x"))
    lines.append(f'<text class="mid" x="{middle:.0f}" y="{CURVE_HEIGHT - 2}">{label}</text>')
    return _svg(lines, CURVE_WIDTH, CURVE_HEIGHT, words("curve"))


def _y12(y: float) -> str:
    return f'y1="{y:.1f}" y2="{y:.1f}"'


def _ticks(last: int) -> Iterator[int]:
    """Choose at most eight round numbers from 0 to `last`."""
    step = 1
    while last / step > 8:
        step = step * 2 if str(step)[0] in "15" else step * 5 // 2
    yield from range(0, last + 1, step)


def where_it_is(result: Result, words: Words) -> Markup:
    """
    Draw zones, main streets, gap areas and sites in one small picture.

    Returns
    -------
    svg
        An inline drawing, north up, in equirectangular projection around the middle.
    """
    places = [result.residences.geometry, result.sites.geometry, result.gap_areas.geometry]
    west, south, east, north = _box(places)
    squeeze = math.cos(math.radians((south + north) / 2))
    wide, high = max((east - west) * squeeze, 1e-4), max(north - south, 1e-4)
    scale = min((MAP_WIDTH - 24) / wide, (MAP_HEIGHT - 24) / high)
    offset_x = (MAP_WIDTH - wide * scale) / 2
    offset_y = (MAP_HEIGHT - high * scale) / 2

    def place(xy: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        x = offset_x + (xy[:, 0] - west) * squeeze * scale
        y = offset_y + (north - xy[:, 1]) * scale
        return np.column_stack([x, y])

    main = result.streets[result.streets["highway"].isin(MAIN_STREETS)]
    parts = [
        f'<path class="{kind}" d="{_path(shapes, place)}"/>'
        for kind, shapes in (
            ("street", main),
            ("zone", result.zones[result.zones.geometry.notna()]),
            ("gap", result.gap_areas),
        )
    ]
    for site in result.sites.to_dict("records"):
        x, y = place(np.array([[site["lon"], site["lat"]]]))[0]
        if site["origin"] == "suggested":
            parts.append(
                f'<rect class="new" x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8"/>'
            )
        elif site["status"] == "open":
            parts.append(f'<circle class="old" cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
    return _svg(parts, MAP_WIDTH, MAP_HEIGHT, words("picture"))


def _box(places: list[gpd.GeoSeries]) -> tuple[float, float, float, float]:
    corners = np.array([one.total_bounds for one in places if len(one)])
    west, south = corners[:, :2].min(axis=0)
    east, north = corners[:, 2:].max(axis=0)
    return float(west), float(south), float(east), float(north)


def _path(shapes: gpd.GeoDataFrame, place: Any) -> str:
    """Write lines and outlines as one path, without the detail that cannot be seen."""
    if shapes.empty:
        return ""
    drawn = shapely.transform(shapes.geometry.to_numpy(), place)
    drawn = shapely.simplify(drawn, SIMPLIFY_PX, preserve_topology=False)
    is_area = np.isin(shapely.get_type_id(drawn), [3, 6])
    lines = np.where(is_area, shapely.boundary(drawn), drawn)
    steps = []
    for line in shapely.get_parts(lines):
        if line.is_empty:
            continue
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in shapely.get_coordinates(line))
        steps.append(f"M{corners}")
    return "".join(steps)


def _svg(parts: list[str], width: int, height: int, title: str) -> Markup:
    head = f'<svg viewBox="0 0 {width} {height}" role="img">'
    return Markup(f"{head}<title>{Markup.escape(title)}</title>{''.join(parts)}</svg>")
