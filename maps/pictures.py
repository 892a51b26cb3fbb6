"""The drawings of the report: the coverage curve and where things are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from walkcover.maps.drawing import Area, Areas, Drawing, Label, Line, Lines, Mark
from walkcover.maps.figures import before_building
from walkcover.maps.streets import MAIN_STREETS
from walkcover.maps.text import Words
from walkcover.result import Result

# Marks shrink where there are many, to this share of what is from one to the next.
MARK_PX, LEAST_MARK_PX, MANY_MARKS, SHARE_OF_SPACING = 8.0, 1.6, 300, 0.6
CURVE_WIDTH, CURVE_HEIGHT = 520, 210
MAP_WIDTH, MAP_HEIGHT = 640, 430
# Detail below half a pixel cannot be seen in print.
SIMPLIFY_PX = 0.5
# Ponds smaller than this are specks that nobody can tell from a stain.
LEAST_WATER_PX2 = 4.0

Shapes = np.ndarray[Any, Any]


def coverage_curve(result: Result, words: Words) -> Drawing:
    """
    Draw the share covered after each suggested site, from the present share on.

    Parameters
    ----------
    result
        A run that suggested sites.
    words
        The language of its title.

    Returns
    -------
    drawing
        Number of sites across, share covered up; the last point is the share after the last site
        of the rollout.
    """
    _, now = before_building(result)
    shares = [now, *map(float, result.rollout["covered_share"])]
    left, right, top, bottom = 46, 14, 12, 20
    inner_w, inner_h = CURVE_WIDTH - left - right, CURVE_HEIGHT - top - bottom
    low = math.floor(min(shares) * 10) / 10
    low = low if low < 1 else 0.9

    def at(number: float, share: float) -> tuple[float, float]:
        x = left + inner_w * number / max(len(shares) - 1, 1)
        return x, top + inner_h * (1 - (share - low) / (1 - low))

    step = 0.1 if 1 - low > 0.25 else 0.05
    shapes: list[Lines | Label] = []
    for tick in np.arange(low, 1.0001, step):
        _, y = at(0, float(tick))
        shapes.append(Lines("grid", (((left, y), (CURVE_WIDTH - right, y)),)))
        shapes.append(Label(f"{tick:.0%}", (left - 6, y + 4), "end"))
    # A step curve: a site counts from when it is built.
    path = [at(0, shares[0])]
    for number, share in enumerate(shares[1:], start=1):
        x, y = at(number, share)
        path += [(x, path[-1][1]), (x, y)]
    shapes.append(Lines("curve", (tuple(path),)))
    for number in _ticks(len(shares) - 1):
        x, _ = at(number, low)
        shapes.append(Label(str(number), (x, CURVE_HEIGHT - 4), "middle"))
    return Drawing(words("curve"), CURVE_WIDTH, CURVE_HEIGHT, tuple(shapes))


def _ticks(last: int) -> Iterator[int]:
    """Choose at most eight round numbers from 0 to `last`."""
    step = 1
    while last / step > 8:
        step = step * 2 if str(step)[0] in "15" else step * 5 // 2
    yield from range(0, last + 1, step)


def where_it_is(result: Result, words: Words) -> Drawing:
    """
    Draw water, zones, main streets, gap areas and sites in one small picture.

    Parameters
    ----------
    result
        A finished run.
    words
        The language of its title.

    Returns
    -------
    drawing
        North up, in equirectangular projection around the middle.
    """
    places = [result.residences.geometry, result.sites.geometry, result.gap_areas.geometry]
    if not any(map(len, places)):
        # A zone without anybody is drawn by its outline.
        places = [result.zones.geometry[result.zones.geometry.notna()]]
    frame = frame_of(places, MAP_WIDTH, MAP_HEIGHT)
    main = result.streets[result.streets["highway"].isin(MAIN_STREETS)]
    zones = frame.drawn(result.zones[result.zones.geometry.notna()])
    shapes: list[Lines | Areas | Mark] = [
        *_water(result.water, frame.drawn(result.water)),
        Lines("street", drawn_lines(frame.drawn(main))),
        Lines("zone", drawn_lines(shapely.boundary(zones))),
        Areas("gap", _areas(frame.drawn(result.gap_areas))),
    ]
    at = frame.place(result.sites[["lon", "lat"]].to_numpy(np.float64))
    size = _mark_px(at)
    for site, (x, y) in zip(result.sites.to_dict("records"), at.tolist(), strict=True):
        if site["origin"] == "suggested":
            shapes.append(Mark("new", "square", (x, y), size))
        elif site["status"] == "open":
            shapes.append(Mark("old", "circle", (x, y), size))
    return Drawing(words("picture"), MAP_WIDTH, MAP_HEIGHT, tuple(shapes))


def _mark_px(at: Shapes) -> float:
    """Choose a size of marks at which thousands of them leave the ground visible."""
    if len(at) <= MANY_MARKS:
        return MARK_PX
    spacing = math.sqrt(float(np.prod(np.ptp(at, axis=0))) / len(at))
    return min(MARK_PX, max(LEAST_MARK_PX, SHARE_OF_SPACING * spacing))


@dataclass(frozen=True)
class Frame:
    """
    What a drawing shows of the ground: north up, equirectangular around the middle.

    Parameters
    ----------
    west, north
        The corner that lies at `offset`, in degrees.
    squeeze
        Length of a degree of longitude in those of latitude.
    scale
        Pixels of a degree of latitude.
    offset
        Pixels of the corner.
    width, height
        Pixels of the drawing.
    """

    west: float
    north: float
    squeeze: float
    scale: float
    offset: tuple[float, float]
    width: int
    height: int

    def place(self, xy: Shapes) -> Shapes:
        """Give the pixels of coordinates in degrees, shape (n, 2)."""
        x = self.offset[0] + (xy[:, 0] - self.west) * self.squeeze * self.scale
        y = self.offset[1] + (self.north - xy[:, 1]) * self.scale
        return np.column_stack([x, y])

    def drawn(self, table: gpd.GeoDataFrame | gpd.GeoSeries) -> Shapes:
        """Give shapes in pixels, cut a little outside so that no outline shows the cut."""
        shapes = shapely.transform(table.geometry.to_numpy(), self.place)
        cut: Shapes = shapely.clip_by_rect(shapes, -9, -9, self.width + 9, self.height + 9)
        return cut


def frame_of(places: list[gpd.GeoSeries], width: int, height: int) -> Frame:
    """
    Choose what a drawing shows so that all places lie in it.

    Parameters
    ----------
    places
        Shapes in EPSG:4326; empty ones do not count.
    width, height
        Pixels of the drawing.

    Returns
    -------
    frame
        With 12 pixels of room on each side.
    """
    west, south, east, north = _box(places)
    squeeze = math.cos(math.radians((south + north) / 2))
    wide, high = max((east - west) * squeeze, 1e-4), max(north - south, 1e-4)
    scale = min((width - 24) / wide, (height - 24) / high)
    offset = ((width - wide * scale) / 2, (height - high * scale) / 2)
    return Frame(west, north, squeeze, scale, offset, width, height)


def _water(water: gpd.GeoDataFrame, drawn: Shapes) -> list[Lines | Areas]:
    """Draw areas of water and rivers."""
    is_area = (water["kind"] == "area").to_numpy()
    is_wide = water["waterway"].isin(["river", "canal"]).to_numpy()
    return [
        Areas("water", _areas(drawn[is_area & (shapely.area(drawn) >= LEAST_WATER_PX2)])),
        Lines("river", drawn_lines(drawn[~is_area & is_wide])),
    ]


def _box(places: list[gpd.GeoSeries]) -> tuple[float, float, float, float]:
    corners = np.array([one.total_bounds for one in places if len(one)] or [[0.0] * 4])
    west, south = corners[:, :2].min(axis=0)
    east, north = corners[:, 2:].max(axis=0)
    return float(west), float(south), float(east), float(north)


def _parts(shapes: Shapes, kind: str) -> list[Any]:
    """Single shapes of a kind, without the detail that cannot be seen."""
    thin = shapely.simplify(shapes, SIMPLIFY_PX, preserve_topology=False)
    parts = shapely.get_parts(shapely.get_parts(thin))
    return [one for one in parts if one.geom_type == kind and not one.is_empty]


def drawn_lines(shapes: Shapes) -> tuple[Line, ...]:
    """Take the lines out of shapes in pixels, without the detail that cannot be seen."""
    return tuple(_corners(one) for one in _parts(shapes, "LineString"))


def _areas(shapes: Shapes) -> tuple[Area, ...]:
    polygons = _parts(shapes, "Polygon")
    return tuple((_corners(one.exterior), *map(_corners, one.interiors)) for one in polygons)


def _corners(line: Any) -> Line:
    return tuple((float(x), float(y)) for x, y in shapely.get_coordinates(line).round(1))
