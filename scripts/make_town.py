"""
Make the example town: a made-up prefecture in loess hills, with every input a plan can name.

Run ``python scripts/make_town.py`` to write ``data/town``; the seed is fixed, so that every run
writes the same bytes. Nothing here is a real place, street or person.

The town is drawn in metres around the middle of the city (x east, y north, grid of UTM zone 49N)
and turned into degrees when it is written.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import hashlib
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import osmium
import rasterio
import shapely
import xlsxwriter
from pyproj import Transformer
from scipy import ndimage
from scipy.interpolate import CubicSpline, RegularGridInterpolator
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra
from shapely import LineString, Point, Polygon, STRtree, affinity
from shapely.ops import polygonize, split, substring

SEED = 20220520
CENTRE_LON, CENTRE_LAT = 112.0, 37.2
METRIC_CRS = "EPSG:32649"
DATA = Path(__file__).resolve().parent.parent / "data"

# The sheet, in metres around the middle of the city.
WEST_M, SOUTH_M, EAST_M, NORTH_M = -7_500, -7_000, 13_500, 9_000
GRID_M = 0.1  # coordinates are rounded to this, so that ways meet in identical points
JOIN_M = 0.5  # an end this near to another street is a junction
TERRAIN_M = 90.0
STREET_NEAR_M = 30.0  # buildings of towns stand this near to a street or path
FIELDS_SHARE = 0.35  # of the parts along a town's edge: not built yet
BLIND_SHARE = 0.3  # of the longer side streets that nothing joins
TOWN_MARGIN_M = 100.0  # ground of a town's zone around its outline

RIVER_KM = (
    (14.5, 5.6), (12.0, 4.4), (10.2, 3.5), (8.6, 3.2), (6.6, 2.0), (4.4, 0.5), (2.6, -0.35),
    (1.2, -0.62), (-0.2, -0.55), (-1.5, -0.95), (-3.0, -2.1), (-5.2, -3.0), (-8.5, -5.2),
)  # fmt: skip
RIVER_HALF_WIDTH_M = 55.0

TREES = "槐柳松桐杏榆柏枣梨荷兰桂梅竹枫菊"
LANDS = "溪岭台泉坊井塔园坪原湾阁桥亭峪渠庄门"
GROUNDS = "锦瑞澄晨云和丰景安明静颐春福盛宁"
HALLS = "绣秀华轩庭府悦翠泽苑舍邻园居"
ESTATE_KINDS = ("小区", "花园", "家园", "新村", "公寓")

CITY_NAME, DISTRICT, COUNTY = "澄陵市", "松桥区", "柏河县"
DISTRICT_ID, COUNTY_ID = "149002000000", "149021000000"
STAGE_OF_OFFICES = "city"


@dataclass(frozen=True)
class TownDesign:
    """What a town is drawn from; lines in kilometres, streets as (name, class, line)."""

    name: str
    outline_km: Sequence[tuple[float, float]]
    streets: Sequence[tuple[str, str, Sequence[tuple[float, float]]]]
    old_town_km: tuple[float, float, float]
    block_m2: float
    floors: Sequence[str]
    core_m: float
    core_code: str
    fringe_code: str
    county_seat: bool


@dataclass(frozen=True)
class Village:
    """A village: where, how large, NBS class code, and the road that leads to it ('' for none)."""

    name: str
    x_km: float
    y_km: float
    radius_m: float
    class_code: str
    road: str


CITY = TownDesign(
    name=CITY_NAME,
    outline_km=(
        (-2.2, 0.3), (-2.0, 0.75), (-2.05, 1.15), (-1.5, 1.72), (-0.9, 1.72), (-0.4, 2.2),
        (0.5, 2.12), (0.95, 1.75), (1.55, 1.62), (1.75, 1.25), (2.2, 1.0), (2.12, 0.5),
        (2.2, 0.2), (2.08, -0.1), (2.12, -0.75), (1.65, -1.3), (0.95, -1.45), (0.6, -1.85),
        (-0.3, -1.85), (-0.9, -1.6), (-1.75, -1.75), (-2.05, -1.2), (-2.02, -0.6),
    ),
    streets=(
        ("澄陵大街", "primary", ((-2.3, 0.42), (-1.3, 0.55), (-0.4, 0.48), (0.6, 0.6),
                             (1.5, 0.52), (2.35, 0.72))),
        ("望岭北街", "secondary", ((-2.0, 1.02), (-1.2, 1.18), (-0.3, 1.12), (0.7, 1.25),
                               (1.75, 1.28))),
        ("桐荫街", "secondary", ((-2.2, -0.18), (-1.3, -0.02), (-0.4, 0.04), (0.7, -0.02),
                              (1.6, 0.06), (2.25, 0.0))),
        ("南原大街", "secondary", ((-1.85, -1.42), (-1.0, -1.24), (-0.1, -1.12), (0.8, -1.18),
                               (1.75, -1.1))),
        ("西台路", "secondary", ((-1.35, 1.68), (-1.28, 1.0), (-1.42, 0.3), (-1.38, -0.72))),
        ("柏桥路", "primary", ((-0.52, 2.1), (-0.6, 1.4), (-0.55, 0.6), (-0.66, -0.1),
                            (-0.6, -0.8), (-0.72, -1.4), (-0.66, -1.9))),
        ("鼓楼路", "tertiary", ((0.22, 2.0), (0.3, 1.4), (0.2, 0.8), (0.26, 0.2), (0.2, -0.36))),
        ("东坪路", "secondary", ((1.02, 1.8), (0.98, 1.2), (1.1, 0.5), (1.0, -0.1), (1.08, -0.8),
                              (0.98, -1.3), (1.05, -1.72))),
        ("杏园路", "tertiary", ((1.62, 1.46), (1.7, 0.8), (1.62, 0.2), (1.7, -0.25))),
        ("滨河北路", "tertiary", ((-2.12, -0.95), (-1.4, -0.72), (-0.7, -0.4), (0.2, -0.36),
                              (1.05, -0.42), (1.7, -0.25), (2.2, -0.05))),
        ("滨河南路", "tertiary", ((-2.05, -1.72), (-1.35, -1.1), (-0.62, -0.8), (0.2, -0.76),
                              (1.08, -0.82), (1.7, -0.84), (2.05, -0.82), (2.3, -0.8))),
        ("环城路", "secondary", ((-2.12, -0.95), (-2.02, -0.2), (-1.93, 0.5), (-1.6, 1.2),
                              (-0.95, 1.62), (-0.1, 1.74), (0.8, 1.62), (1.45, 1.28),
                              (1.85, 0.75), (2.0, 0.3), (2.2, -0.05))),
    ),
    old_town_km=(0.1, 0.32, 0.5),
    block_m2=52_000,
    floors=("slab", "slab", "slab", "middle", "tower"),
    core_m=1_550,
    core_code="111",
    fringe_code="112",
    county_seat=False,
)  # fmt: skip

PEDESTRIAN_STREET, PEDESTRIAN_BETWEEN = "鼓楼路", ("桐荫街", "澄陵大街")
UNDER_VIADUCT = "望岭北街"

COUNTY_TOWN = TownDesign(
    name="柏河县城",
    outline_km=(
        (7.75, 4.05), (8.05, 4.4), (8.0, 4.75), (8.5, 4.8), (8.85, 5.1), (9.25, 4.8), (9.75, 4.95),
        (10.0, 4.5), (10.3, 4.15), (9.85, 3.8), (9.5, 3.68), (8.9, 3.42), (8.35, 3.6), (8.0, 3.55),
    ),
    streets=(
        ("柏河大街", "primary", ((7.65, 3.98), (8.3, 4.12), (9.0, 4.05), (9.6, 4.2),
                             (10.25, 4.18))),
        ("文昌街", "tertiary", ((8.05, 4.55), (8.7, 4.48), (9.4, 4.6), (10.1, 4.62))),
        ("北关路", "secondary", ((8.85, 5.05), (8.8, 4.5), (8.88, 4.06), (8.76, 3.5))),
        ("枣林路", "tertiary", ((9.5, 4.98), (9.45, 4.4), (9.55, 4.0), (9.5, 3.65))),
        ("西关巷", "tertiary", ((8.35, 4.85), (8.3, 4.4), (8.32, 3.9), (8.25, 3.56))),
    ),
    old_town_km=(8.6, 4.25, 0.3),
    block_m2=40_000,
    floors=("slab", "slab", "slab", "slab", "middle"),
    core_m=700,
    core_code="121",
    fringe_code="122",
    county_seat=True,
)  # fmt: skip

# The two last are what a county forgets: a valley whose road is not finished, and a farmstead.
VILLAGES = (
    Village("上柳沟村", -3.9, 1.6, 190, "220", "unclassified"),
    Village("石窑坪村", -5.6, 3.6, 150, "220", "unclassified"),
    Village("杏树岭镇", -2.2, 4.6, 240, "121", "tertiary"),
    Village("马跑泉村", 0.6, 5.9, 160, "220", "unclassified"),
    Village("后槐树村", -4.6, 6.4, 140, "220", "track"),
    Village("梨花塬村", 3.5, 3.6, 200, "220", "unclassified"),
    Village("牛角湾村", -4.2, -4.6, 160, "220", "unclassified"),
    Village("南塬乡", 1.3, -4.3, 220, "210", "tertiary"),
    Village("黄土圪梁村", 4.2, -3.9, 140, "220", "track"),
    Village("三岔口乡", 6.1, 5.9, 200, "210", "tertiary"),
    Village("大榆树村", 9.3, 7.2, 160, "220", "unclassified"),
    Village("河东庄村", 11.9, 2.4, 180, "220", "unclassified"),
    Village("枣洼村", 7.4, 0.1, 170, "220", "unclassified"),
    Village("野鹊峪村", 11.8, 7.6, 150, "220", ""),
    Village("深沟村", 12.6, 6.6, 110, "220", ""),
)
UNFINISHED_ROAD = ("大榆树村", "野鹊峪村")
VALLEY_ROAD = ("野鹊峪村", "深沟村")
HAMLET_KM = (-6.3, -1.0)
FARM_KM = (6.3, -5.6)

# (12-digit code, name, parent, middle in km)
OFFICES = (
    ("149002001000", "鼓楼街道", (0.1, 0.4)),
    ("149002002000", "西台街道", (-1.3, 0.3)),
    ("149002003000", "望岭街道", (-0.5, 1.5)),
    ("149002004000", "东坪街道", (1.5, 1.0)),
    ("149002005000", "滨河街道", (1.4, -0.2)),
    ("149002006000", "南原街道", (0.0, -1.4)),
)
TOWNSHIPS = (
    ("149002100000", "杏树岭镇", DISTRICT_ID, ((-2.2, 4.6), (-4.2, 2.2), (-5.6, 5.0), (0.6, 5.9))),
    ("149002200000", "南塬乡", DISTRICT_ID, ((1.3, -4.3), (-4.2, -4.6), (4.2, -3.9), (-6.0, -1.0))),
    ("149021100000", "柏河镇", COUNTY_ID, ()),
    ("149021200000", "三岔口乡", COUNTY_ID, ((6.1, 5.9), (3.5, 3.6))),
    ("149021201000", "大榆树乡", COUNTY_ID, ((9.3, 7.2), (12.2, 7.0))),
    ("149021202000", "枣洼乡", COUNTY_ID, ((7.4, 0.1), (11.9, 2.4), (6.3, -5.6))),
)
SEAT_TOWNSHIP = "149021100000"

# (place in km, status). Most stand in the old core: that is where the gaps come from.
BOOTHS = (
    ((0.1, 0.55), "开放"), ((-0.5, 0.5), "开放"), ((0.6, 0.3), "开放"), ((0.25, 0.02), "开放"),
    ((-0.3, 0.1), "开放"), ((-0.85, 0.3), "开放"), ((0.25, 1.1), "开放"), ((-0.55, 1.0), "开放"),
    ((1.05, 0.55), "开放"), ((0.95, 0.05), "开放"), ((-1.2, 0.55), "开放"), ((0.7, 0.95), "开放"),
    ((-0.2, 0.85), "开放"), ((0.45, 0.7), "开放"), ((-0.05, 0.25), "开放"), ((-0.9, -0.2), "开放"),
    ((0.6, -0.3), "开放"), ((-1.35, 1.0), "开放"), ((0.0, 0.0), "开放"), ((-0.62, -1.1), "开放"),
    ((1.4, 0.9), "开放"), ((0.85, 0.5), "开放"), ((-0.3, 1.4), "开放"), ((1.62, 0.1), "关闭"),
    ((-1.6, 0.0), "开放"), ((0.4, 1.75), "开放"), ((0.9, -1.15), "规划"),
    ((7.95, 4.02), "开放"), ((8.22, 4.32), "开放"),
    ((-2.2, 4.6), "开放"),
)  # fmt: skip


# kind of house: length, depth, distance of rows, gap between, levels, homes per level and stair
FLOORS = {
    "slab": (58.0, 12.0, 40.0, 13.0, (5, 7), 2.0),
    "middle": (50.0, 14.0, 48.0, 16.0, (9, 12), 2.0),
    "tower": (30.0, 20.0, 66.0, 36.0, (18, 27), 3.0),
}
STAIR_M = 18.0
PEOPLE_PER_HOME = 2.55

GROUNDS_KINDS = (
    ({"amenity": "school"}, "school", "学校"),
    ({"landuse": "retail"}, "retail", "市场"),
    ({"amenity": "hospital"}, "hospital", "医院"),
    ({"landuse": "commercial"}, "office", "商务楼"),
    ({"landuse": "industrial"}, "industrial", "厂"),
    ({"landuse": "industrial"}, "warehouse", "仓库"),
)

RESIDENCE_COLUMNS = ("编号", "名称", "人数", "经度", "纬度", "区划码", "城乡分类", "县城")

SURFACES = {"track": "ground", "path": "gravel"}
SIGNAL = {"highway": "crossing", "crossing": "traffic_signals"}
SQUARE = {"highway": "pedestrian", "area": "yes", "name": "滨河广场"}
SQUARE_M2, SQUARE_WITHIN_M = (8_000.0, 45_000.0), 1_500.0

FILES = (
    "plan.toml", "streets.osm.pbf", "residences.csv", "booths.xlsx", "zones.geojson",
    "zone_people.csv", "elevation.tif", "population.tif",
)  # fmt: skip


@dataclass(frozen=True)
class Way:
    """A line of the extract; streets meet only on the same level, or at an end."""

    line: LineString
    tags: dict[str, str]
    level: int = 0


@dataclass(frozen=True)
class Home:
    """Who lives in a building."""

    name: str
    people: int
    class_code: str
    county_seat: bool


@dataclass(frozen=True)
class Building:
    """An outline with its tags, its doors (points of the outline), and who lives there."""

    outline: Polygon
    tags: dict[str, str]
    doors: tuple[Point, ...] = ()
    home: Home | None = None


@dataclass(frozen=True)
class Zone:
    """A zone in degrees; `parent` and `stage` are None where there is none."""

    code: str
    name: str
    parent: str | None
    stage: str | None
    shape: shapely.Geometry


@dataclass
class Draft:
    """The growing town."""

    river: Polygon
    streets: list[Way] = field(default_factory=list)
    lines: list[Way] = field(default_factory=list)
    areas: list[tuple[Polygon, dict[str, str]]] = field(default_factory=list)
    buildings: list[Building] = field(default_factory=list)
    gates: list[Point] = field(default_factory=list)


class Names:
    """Invented names of two characters and a kind, each given once."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._left: dict[str, list[str]] = {}

    def _give(self, kind: str, firsts: str, seconds: str) -> str:
        if kind not in self._left:
            self._left[kind] = self._rng.permutation(
                [a + b + kind for a in firsts for b in seconds]
            ).tolist()
        return self._left[kind].pop()

    def street(self, kind: str) -> str:
        """Name a street, or another place that is named like one."""
        return self._give(kind, TREES, LANDS)

    def estate(self, kind: str) -> str:
        """Name an estate."""
        return self._give(kind, GROUNDS, HALLS)


def curve(points_km: Sequence[tuple[float, float]], *, closed: bool = False) -> LineString:
    """Draw a smooth line through points in kilometres; the line is in metres."""
    points = np.array([*points_km, points_km[0]] if closed else points_km) * 1_000
    along = np.r_[0, np.hypot(*np.diff(points, axis=0).T).cumsum()]
    spline = CubicSpline(along, points, bc_type="periodic" if closed else "natural")
    return LineString(spline(np.linspace(0, along[-1], int(along[-1] / 25) + 2))).simplify(0.8)


def blob(x_m: float, y_m: float, radius_m: float, rng: np.random.Generator) -> Polygon:
    """Draw an uneven round outline."""
    angle = np.linspace(0, 2 * math.pi, 48, endpoint=False)
    radius = np.full(48, float(radius_m))
    for wave in (2, 3, 5):
        size, turn = rng.uniform(0.03, 0.16), rng.uniform(0, 2 * math.pi)
        radius *= 1 + size * np.cos(wave * angle + turn)
    return Polygon(np.c_[x_m + radius * np.cos(angle), y_m + radius * np.sin(angle)])


def pieces(shape: shapely.Geometry) -> list[LineString]:
    """List the lines of a geometry, in a fixed order."""
    parts = [g for g in shapely.get_parts(shape) if isinstance(g, LineString)]
    return [g for g in parts if g.length > JOIN_M]


def long_axis(shape: Polygon) -> tuple[np.ndarray, float, float]:
    """Give the unit vector of the longer side, and both sides, of the tightest rectangle."""
    corners = shapely.get_coordinates(shape.minimum_rotated_rectangle)
    sides = np.diff(corners[:3], axis=0)
    lengths = np.hypot(*sides.T)
    longer = int(lengths.argmax())
    return sides[longer] / lengths[longer], lengths[longer], lengths[1 - longer]


def bent_cut(block: Polygon, rng: np.random.Generator) -> LineString:
    """Draw a slightly bent line across the longer side of a block."""
    axis, length, width = long_axis(block)
    turn = math.pi / 2 + rng.normal(0, 0.1)
    across = np.array(
        [
            axis[0] * math.cos(turn) - axis[1] * math.sin(turn),
            axis[0] * math.sin(turn) + axis[1] * math.cos(turn),
        ]
    )
    middle = np.array(block.centroid.coords[0]) + axis * length * rng.uniform(-0.1, 0.1)
    step = np.linspace(-1, 1, 11)[:, None]
    bow = axis * width * rng.normal(0, 0.07) * (1 - step**2)
    return LineString(middle + across * step * length + bow)


def divide(
    block: Polygon, size_m2: float, rng: np.random.Generator, depth: int = 0
) -> tuple[list[Polygon], list[tuple[LineString, int]]]:
    """Cut a block until its parts are about `size_m2`: the parts, and the cuts with their depth."""
    if block.area < size_m2 * rng.uniform(0.8, 1.7):
        return [block], []
    for _ in range(8):
        cut = bent_cut(block, rng)
        parts = sorted(split(block, cut).geoms, key=lambda part: part.bounds)
        if len(parts) > 1 and min(part.area for part in parts) > 0.2 * block.area:
            break
    else:
        return [block], []
    leaves: list[Polygon] = []
    cuts = [(piece, depth) for piece in pieces(cut.intersection(block))]
    for part in parts:
        more_leaves, more_cuts = divide(part, size_m2, rng, depth + 1)
        leaves += more_leaves
        cuts += more_cuts
    return leaves, cuts


def draw_river() -> tuple[LineString, Polygon]:
    """Draw the river's middle and its water."""
    middle = curve(RIVER_KM)
    along = np.arange(0, middle.length, 40.0)
    points = shapely.get_coordinates(shapely.line_interpolate_point(middle, along))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(middle, along + 5.0))
    heading = (ahead - points) / np.hypot(*(ahead - points).T)[:, None]
    normal = np.c_[-heading[:, 1], heading[:, 0]]
    width = RIVER_HALF_WIDTH_M * (1 + 0.22 * np.sin(along / 410) + 0.12 * np.sin(along / 137 + 1))
    banks = np.r_[points + normal * width[:, None], (points - normal * width[:, None])[::-1]]
    return middle, Polygon(banks).buffer(0)


@dataclass(frozen=True)
class Terrain:
    """Heights in metres on a grid of the sheet."""

    x_m: np.ndarray
    y_m: np.ndarray
    height_m: np.ndarray

    def at(self, points: np.ndarray) -> np.ndarray:
        """Read heights, shape (n,), at points in metres, shape (n, 2)."""
        read = RegularGridInterpolator(
            (self.y_m, self.x_m), self.height_m, bounds_error=False, fill_value=None
        )
        return np.asarray(read(points[:, ::-1]))


def raise_hills(flat: shapely.Geometry, river: LineString, rng: np.random.Generator) -> Terrain:
    """Raise hills that grow with the distance from the flat ground along river and towns."""
    x_m = np.arange(WEST_M, EAST_M + TERRAIN_M, TERRAIN_M)
    y_m = np.arange(SOUTH_M, NORTH_M + TERRAIN_M, TERRAIN_M)
    grid_x, grid_y = np.meshgrid(x_m, y_m)
    away = shapely.distance(shapely.points(grid_x, grid_y), flat)
    hills = np.zeros_like(away)
    for reach, weight in ((14, 1.0), (7, 0.55), (3, 0.22)):
        noise = ndimage.gaussian_filter(rng.standard_normal(away.shape), reach)
        hills += weight * (1 - np.abs(noise / noise.std()) / 1.6)
    hills = (hills - hills.min()) / (hills.max() - hills.min())
    upstream = shapely.line_locate_point(river, shapely.points(grid_x, grid_y))
    valley = 770 + 0.0022 * (river.length - upstream) + 0.012 * np.minimum(away, 1500)
    return Terrain(x_m, y_m, valley + (1 - np.exp(-away / 1400)) * (40 + 330 * hills))


def lay_town(
    design: TownDesign, draft: Draft, rng: np.random.Generator, names: Names
) -> list[Polygon]:
    """Lay a town's main streets, fill the blocks between them, and return these blocks."""
    outline = Polygon(curve(design.outline_km, closed=True))
    lines = {name: curve(points) for name, _, points in design.streets}
    kinds = {name: kind for name, kind, _ in design.streets}
    everything = shapely.union_all([outline.exterior, draft.river.exterior, *lines.values()])
    for name, line in lines.items():
        others = shapely.union_all([other for key, other in lines.items() if key != name])
        trimmed = trim(line, others, outline)
        draft.streets += main_street(name, kinds[name], trimmed, draft.river, lines)
    blocks = [
        block
        for block in polygonize(everything)
        if outline.contains(block.representative_point())
        and not draft.river.contains(block.representative_point())
        and block.area > 2_000
    ]
    blocks.sort(key=lambda block: block.bounds)
    for block in blocks:
        if block.distance(draft.river) < 1:
            lay_bank(block, draft)
            continue
        leaves, cuts = divide(block, design.block_m2, rng)
        ends = STRtree([line.interpolate(k) for line, _ in cuts for k in (0, line.length)])
        for line, depth in cuts:
            meetings = len(ends.query(line, predicate="dwithin", distance=0.01)) - 2
            blind = meetings == 0 and line.length > 200 and rng.random() < BLIND_SHARE
            draft.streets.append(side_street(line, depth, names, blind=blind))
        streets = STRtree([way.line for way in draft.streets])
        for leaf in leaves:
            if leaf.distance(outline.exterior) < 1 and rng.random() < FIELDS_SHARE:
                draft.areas.append((leaf.buffer(-5), {"landuse": "farmland"}))
                continue
            fill(leaf, design, streets, draft, rng, names)
    return blocks


def trim(line: LineString, others: shapely.Geometry, outline: Polygon) -> LineString:
    """Cut off ends that run a short way past the last crossing inside the town."""
    crossings = shapely.get_parts(line.intersection(others))
    places = sorted(float(line.project(Point(shapely.get_coordinates(c)[0]))) for c in crossings)
    start, stop = 0.0, line.length
    if places and places[0] < 200 and outline.contains(Point(line.coords[0])):
        start = places[0]
    if places and line.length - places[-1] < 200 and outline.contains(Point(line.coords[-1])):
        stop = places[-1]
    return substring(line, start, stop)


def main_street(
    name: str, kind: str, line: LineString, river: Polygon, lines: dict[str, LineString]
) -> Iterator[Way]:
    """Turn a main street into ways: bridges over the river, a part without cars, a viaduct."""
    tags = {"highway": kind, "name": name}
    if name == PEDESTRIAN_STREET:
        ends = [lines[end] for end in PEDESTRIAN_BETWEEN]
        for part in split(line, shapely.union_all(ends)).geoms:
            inner = sum(end.distance(part) for end in ends) < JOIN_M
            walk = {"highway": "pedestrian", "name": "鼓楼步行街"}
            yield Way(part, walk if inner else tags)
        return
    yield from over_water(line, tags, river)
    if name == UNDER_VIADUCT:
        deck = substring(line.offset_curve(8), 0.16, 0.86, normalized=True)
        yield Way(
            deck, {"highway": "trunk", "name": "望岭高架路", "bridge": "viaduct", "layer": "2"}, 2
        )
        link = {"highway": "trunk_link", "bridge": "yes", "layer": "1"}
        ramps = ((0.09, deck.coords[0]), (0.93, deck.coords[-1]))
        for place, end in ramps:
            yield Way(LineString([line.interpolate(place, normalized=True), end]), link, 2)


def over_water(line: LineString, tags: dict[str, str], river: Polygon) -> Iterator[Way]:
    """Split a road where it crosses the river; the part over water is a bridge."""
    span = river.buffer(22)
    if not line.intersects(river):
        yield Way(line, tags)
        return
    for part in split(line, LineString(span.exterior)).geoms:
        wet = span.contains(part.interpolate(0.5, normalized=True))
        yield Way(part, {**tags, "bridge": "yes", "layer": "1"}, 1) if wet else Way(part, tags)


def side_street(line: LineString, depth: int, names: Names, *, blind: bool) -> Way:
    """Give a cut through a block a class and a name; a blind one stops short of its far end."""
    if blind:
        line = substring(line, 0, 0.6, normalized=True)
    kind, word = (("tertiary", "街"), ("residential", "路"), ("residential", "巷"))[min(depth, 2)]
    return Way(line, {"highway": kind, "name": names.street(word)})


def lay_bank(bank: Polygon, draft: Draft) -> None:
    """Lay a park between riverside road and water: a promenade, with steps down to it."""
    if bank.area < 15_000:
        return
    draft.areas.append((bank.buffer(-8), {"leisure": "park", "name": "滨河公园"}))
    for walk in pieces(draft.river.buffer(14).exterior.intersection(bank.buffer(-2))):
        if walk.length < 150:
            continue
        walk = walk.simplify(1.0)
        draft.streets.append(Way(walk, {"highway": "footway", "name": "滨河步道"}))
        roads = [
            way.line for way in draft.streets if way.tags.get("name", "").startswith("滨河")
            and way.tags["highway"] == "tertiary"
        ]  # fmt: skip
        road = shapely.union_all(roads)
        for place in np.arange(60, walk.length, 380):
            foot = walk.interpolate(place)
            top = shapely.get_point(shapely.shortest_line(road, foot), 0)
            middle = LineString([top, foot]).interpolate(0.7, normalized=True)
            if foot.distance(top) < 260:
                draft.streets.append(Way(LineString([top, middle]), {"highway": "footway"}))
                draft.streets.append(Way(LineString([middle, foot]), {"highway": "steps"}))


def fill(
    leaf: Polygon,
    design: TownDesign,
    streets: STRtree,
    draft: Draft,
    rng: np.random.Generator,
    names: Names,
) -> None:
    """Fill one part of a block: old lanes, an estate, a park, a school, a market, a works."""
    x_km, y_km, radius_km = design.old_town_km
    away_m = leaf.centroid.distance(Point(x_km * 1_000, y_km * 1_000))
    code = design.core_code if away_m < design.core_m else design.fringe_code
    luck = rng.random()
    if away_m < radius_km * 1_000 and luck < 0.8:
        fill_lanes(leaf, code, design, draft, rng, names)
    elif leaf.area < 9_000 or luck < 0.17:
        fill_grounds(leaf, away_m / design.core_m, draft, rng, names)
    elif luck < 0.23:
        fill_park(leaf, streets, draft, rng, names)
    else:
        gated = luck < 0.68
        floors = str(rng.choice(design.floors))
        fill_estate(leaf, code, design, streets, draft, rng, names, gated=gated, floors=floors)


def fill_lanes(
    leaf: Polygon,
    code: str,
    design: TownDesign,
    draft: Draft,
    rng: np.random.Generator,
    names: Names,
) -> None:
    """Fill old quarters: narrow lanes with courtyard houses along them."""
    _, cuts = divide(leaf, 6_500, rng)
    kinds = ("living_street", "residential", "footway", "path")
    name = names.street("巷")
    for line, depth in cuts:
        kind = kinds[min(depth + int(rng.integers(0, 2)), 3)]
        draft.streets.append(Way(line, {"highway": kind} | ({"name": name} if depth < 2 else {})))
    draft.areas.append((leaf.buffer(-6), {"landuse": "residential"}))
    sides = [LineString(leaf.buffer(-7).exterior)] if not leaf.buffer(-7).is_empty else []
    lanes = [line for line, _ in cuts] + sides
    inside = leaf.buffer(-4)
    yards = [y for y in houses_along(lanes, 28, (19, 13), rng) if inside.contains(y)]
    for number, yard in enumerate(yards, start=1):
        people = int(rng.integers(14, 42))
        home = Home(f"{name}{number}号院", people, code, design.county_seat)
        tags = {"building": "residential", "building:levels": str(rng.integers(1, 4))}
        draft.buildings.append(Building(yard, tags, home=home))


def houses_along(
    lines: Iterable[LineString],
    spacing_m: float,
    size_m: tuple[float, float],
    rng: np.random.Generator,
) -> Iterator[Polygon]:
    """Set houses on both sides of lanes, each turned with its lane."""
    for line in lines:
        for side in (-1, 1):
            place = rng.uniform(0.4, 0.9) * spacing_m
            while place < line.length - 0.3 * spacing_m:
                here = np.array(line.interpolate(place).coords[0])
                ahead = np.array(line.interpolate(place + 1).coords[0])
                if (ahead == here).all():
                    break
                angle = math.atan2(*(ahead - here)[::-1])
                width, depth = np.array(size_m) * rng.uniform(0.8, 1.15, 2)
                off = side * (depth / 2 + rng.uniform(4, 9))
                x = here[0] - math.sin(angle) * off
                y = here[1] + math.cos(angle) * off
                house = shapely.box(x - width / 2, y - depth / 2, x + width / 2, y + depth / 2)
                yield affinity.rotate(house, angle + rng.normal(0, 0.04), use_radians=True)
                place += spacing_m * rng.uniform(0.9, 1.4)


def fill_estate(
    leaf: Polygon,
    code: str,
    design: TownDesign,
    streets: STRtree,
    draft: Draft,
    rng: np.random.Generator,
    names: Names,
    *,
    gated: bool,
    floors: str,
) -> None:
    """
    Fill an estate: rows of apartment houses that face south, paths between, one way in.

    The paths inside carry no access tag, as mappers leave them; only the stub at the gate of a
    gated estate is private.
    """
    axis, _, _ = long_axis(leaf)
    angle = math.degrees(math.atan2(axis[1], axis[0]))
    turn = (angle + 45) % 90 - 45
    origin = leaf.centroid

    def back(shape: shapely.Geometry) -> shapely.Geometry:
        return affinity.rotate(shape, turn, origin=origin)

    upright = affinity.rotate(leaf, -turn, origin=origin)
    wall, loop, yard = upright.buffer(-8), upright.buffer(-13), upright.buffer(-17)
    if yard.is_empty or not all(isinstance(p, Polygon) for p in (wall, loop, yard)):
        fill_grounds(leaf, 1.0, draft, rng, names)
        return
    loop = Polygon(loop.exterior.simplify(2.0))
    middle_x = loop.centroid.x + rng.uniform(-0.12, 0.12) * (loop.bounds[2] - loop.bounds[0])
    column = LineString([(middle_x, leaf.bounds[1] - 500), (middle_x, leaf.bounds[3] + 500)])
    spines = pieces(column.intersection(loop))
    stubs = pieces(column.intersection(upright).difference(loop))
    reach = [s for s in stubs if meets_street(back(s), streets)]
    if len(spines) != 1 or not reach:
        fill_grounds(leaf, 1.0, draft, rng, names)
        return
    entries = reach if not gated else [reach[int(rng.integers(len(reach)))]]
    name = names.estate(str(rng.choice(ESTATE_KINDS)))
    footway = {"highway": "footway"}
    draft.streets += [Way(back(loop.exterior), footway), Way(back(spines[0]), footway)]
    open_estate(name, back(wall), [back(stub) for stub in entries], draft, gated=gated)
    bars, paths = rows_of_houses(yard, loop, middle_x, floors, rng)
    draft.streets += [Way(back(path), footway) for path in paths]
    for number, bar in enumerate(bars, start=1):
        label = f"{name}{number}号楼"
        draft.buildings.append(apartment_house(bar, back, floors, label, code, design, rng))


def open_estate(
    name: str, wall: Polygon, entries: Sequence[LineString], draft: Draft, *, gated: bool
) -> None:
    """Join an estate to the streets: a private stub through a gate in the wall, or open ways."""
    ground = {"landuse": "residential", "name": name}
    if not gated:
        draft.streets += [Way(stub, {"highway": "service"}) for stub in entries]
        draft.areas.append((wall, ground))
        return
    gate = Point(shapely.get_coordinates(wall.exterior.intersection(entries[0]))[0])
    stub = LineString(insert(shapely.get_coordinates(entries[0]), [gate.coords[0]]))
    draft.streets.append(Way(stub, {"highway": "service", "access": "private"}))
    draft.areas.append((with_points(wall, [gate]), ground | {"barrier": "wall"}))
    draft.gates.append(gate)


def meets_street(stub: LineString, streets: STRtree) -> bool:
    """Tell whether one end of a line lies on a street."""
    ends = [Point(stub.coords[0]), Point(stub.coords[-1])]
    return len(streets.query(ends, predicate="dwithin", distance=0.01)[0]) > 0


def rows_of_houses(
    yard: Polygon, loop: Polygon, middle_x: float, floors: str, rng: np.random.Generator
) -> tuple[list[Polygon], list[LineString]]:
    """Set rows of houses into a yard, with a path before each row."""
    length, depth, pitch, gap, _, _ = FLOORS[floors]
    west, south, east, north = yard.bounds
    bars: list[Polygon] = []
    paths: list[LineString] = []
    shift = rng.uniform(0, 8)
    for row in np.arange(south + shift, north - depth + 1, pitch):
        path = LineString([(west - 50, row - 7), (east + 50, row - 7)])
        built = len(bars)
        x = west + rng.uniform(0, 6)
        while x + length * 0.55 < east:
            size = length * rng.choice([0.7, 1.0, 1.0, 1.15])
            bar = shapely.box(x, row, x + size, row + depth)
            if yard.contains(bar) and not x - 5 < middle_x < x + size + 5:
                bars.append(bar)
                x += size + gap
            else:
                x += 6
        if len(bars) > built:
            paths += pieces(path.intersection(loop))
    return bars, paths


def apartment_house(
    bar: Polygon,
    back: Callable[[shapely.Geometry], shapely.Geometry],
    floors: str,
    label: str,
    code: str,
    design: TownDesign,
    rng: np.random.Generator,
) -> Building:
    """Make one apartment house, its stair doors on the south side where the path runs."""
    _, _, _, _, levels, homes = FLOORS[floors]
    level = int(rng.integers(*levels, endpoint=True))
    west, south, east, _ = bar.bounds
    stairs = max(1, round((east - west) / STAIR_M))
    doors = [Point(west + (i + 0.5) * (east - west) / stairs, south) for i in range(stairs)]
    people = round(level * stairs * homes * PEOPLE_PER_HOME * rng.uniform(0.72, 1.05))
    if rng.random() < 0.004:
        people = 0
    tags = {"building": "apartments", "building:levels": str(level), "name": label}
    home = Home(label, people, code, design.county_seat)
    turned = tuple(back(door) for door in doors)
    return Building(with_points(back(bar), turned), tags, turned, home)


def with_points(shape: Polygon, points: Iterable[Point]) -> Polygon:
    """Add points of its outline to a polygon as vertices."""
    return Polygon(insert(shapely.get_coordinates(shape.exterior), [p.coords[0] for p in points]))


def fill_park(
    leaf: Polygon, streets: STRtree, draft: Draft, rng: np.random.Generator, names: Names
) -> None:
    """Fill a park: winding paths across it, partly steps, and a pond."""
    park = leaf.buffer(-7)
    if park.is_empty:
        return
    draft.areas.append((park, {"leisure": "park", "name": names.street("公园")}))
    pond = blob(park.centroid.x, park.centroid.y, math.sqrt(park.area) / 9, rng)
    draft.areas.append((pond, {"natural": "water"}))
    for _ in range(3):
        for path in pieces(bent_cut(leaf, rng).intersection(leaf).difference(pond)):
            if path.length < 40 or not meets_street(path, streets):
                continue
            third = substring(path, 0, 0.35, normalized=True)
            rest = substring(path, 0.35, 1, normalized=True)
            draft.streets.append(Way(third, {"highway": "footway"}))
            draft.streets.append(Way(rest, {"highway": str(rng.choice(["steps", "footway"]))}))


def fill_grounds(
    leaf: Polygon, away: float, draft: Draft, rng: np.random.Generator, names: Names
) -> None:
    """Fill grounds where nobody lives; works lie at the edge of the town (`away` near 1)."""
    first = 0 if away < 0.75 else 2
    tags, building, word = GROUNDS_KINDS[int(rng.integers(first, first + 4))]
    grounds = leaf.buffer(-8)
    if grounds.is_empty or not isinstance(grounds, Polygon):
        return
    draft.areas.append((grounds, {**tags, "name": names.street(word)}))
    axis, length, width = long_axis(grounds)
    angle = math.atan2(axis[1], axis[0])
    middle = np.array(grounds.centroid.coords[0])
    for place in (-0.3, 0.0, 0.3):
        centre = middle + axis * place * length
        half = rng.uniform(0.07, 0.11) * length, rng.uniform(0.16, 0.32) * width
        hall = shapely.box(*(centre - half), *(centre + half))
        hall = affinity.rotate(hall, angle, use_radians=True)
        if grounds.contains(hall):
            level = str(rng.integers(1, 5))
            draft.buildings.append(Building(hall, {"building": building, "building:levels": level}))


def lay_village(
    village: Village, draft: Draft, terrain: Terrain, rng: np.random.Generator
) -> tuple[np.ndarray, list[LineString]]:
    """Lay a village on the flattest ground near its place: its middle and its lanes."""
    places = np.array([village.x_km, village.y_km]) * 1_000 + rng.uniform(-200, 200, (40, 2))
    steps = np.array([[60.0, 0.0], [0.0, 60.0]])
    rises = [np.abs(terrain.at(places + step) - terrain.at(places - step)) for step in steps]
    middle = places[int(np.sum(rises, axis=0).argmin())]
    outline = blob(middle[0], middle[1], village.radius_m, rng)
    _, cuts = divide(outline, 5_600, rng)
    kinds = ("residential", "residential", "track", "path")
    lanes = []
    for line, depth in cuts:
        winding = wind(line)
        lanes.append(winding)
        kind = kinds[min(depth, 3)]
        draft.streets.append(Way(winding, {"highway": kind}))
    draft.areas.append((outline.buffer(12), {"landuse": "residential", "name": village.name}))
    for number, yard in enumerate(houses_along(lanes, 32, (18, 12), rng), start=1):
        people = int(rng.integers(5, 23))
        home = Home(f"{village.name}{number}号", people, village.class_code, county_seat=False)
        tags = {"building": "house", "building:levels": str(rng.integers(1, 3))}
        draft.buildings.append(Building(yard, tags, home=home))
    return middle, lanes


def wind(line: LineString) -> LineString:
    """Let a lane wind; one smooth field moves all lanes, so that those that met still meet."""
    x, y = shapely.get_coordinates(line.segmentize(10.0)).T
    return LineString(
        np.c_[
            x + 9 * np.sin(y / 31 + x / 90) + 4 * np.sin(y / 13),
            y + 8 * np.sin(x / 27 - y / 70) + 4 * np.sin(x / 12),
        ]
    ).simplify(0.2)


@dataclass(frozen=True)
class RoadFinder:
    """Cheapest ways over the terrain, as roads find them: around hills and towns, not through."""

    terrain: Terrain
    cost: coo_array

    @classmethod
    def over(cls, terrain: Terrain, river: Polygon, towns: shapely.Geometry) -> RoadFinder:
        """Price every step between cells: longer, steeper, over water, through a town."""
        rows, columns = terrain.height_m.shape
        cell = np.arange(rows * columns).reshape(rows, columns)
        grid_x, grid_y = np.meshgrid(terrain.x_m, terrain.y_m)
        points = shapely.points(grid_x, grid_y)
        weight = 1 + 12.0 * shapely.dwithin(river, points, 70) + 5.0 * shapely.within(points, towns)
        starts, stops, costs = [], [], []
        for down, right in ((0, 1), (1, 0), (1, 1), (1, -1), (1, 2), (2, 1), (1, -2), (2, -1)):
            a = cell[: rows - down, max(0, -right) : columns - max(0, right)]
            b = cell[down:, max(0, right) : columns + min(0, right)]
            length = TERRAIN_M * math.hypot(down, right)
            grade = np.abs(np.diff(terrain.height_m.ravel()[np.stack([a, b])], axis=0)[0]) / length
            mean_weight = weight.ravel()[np.stack([a, b])].mean(axis=0)
            starts.append(a.ravel())
            stops.append(b.ravel())
            costs.append((length * mean_weight * (1 + (grade / 0.05) ** 2)).ravel())
        joined = np.concatenate(starts), np.concatenate(stops)
        size = rows * columns
        return cls(terrain, coo_array((np.concatenate(costs), joined), shape=(size, size)).tocsr())

    def cell(self, point: np.ndarray) -> int:
        """Number the cell nearest to a point in metres."""
        column = int(np.abs(self.terrain.x_m - point[0]).argmin())
        return int(np.abs(self.terrain.y_m - point[1]).argmin()) * len(self.terrain.x_m) + column

    def path(self, start: np.ndarray, goals: set[int]) -> np.ndarray:
        """Find the cells from a point to the cheapest goal, shape (n, 2), in metres."""
        first = self.cell(start)
        cost, before = dijkstra(self.cost, directed=False, indices=first, return_predecessors=True)
        goal = min(goals, key=lambda cell: (cost[cell], cell))
        cells = [goal]
        while cells[-1] != first:
            cells.append(int(before[cells[-1]]))
        rows, columns = np.divmod(np.array(cells[::-1]), len(self.terrain.x_m))
        return np.stack([self.terrain.x_m[columns], self.terrain.y_m[rows]], axis=1)


def smooth(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Round the corners of a path twice (Chaikin), after shifting its inner points a little."""
    points = points.copy()
    points[1:-1] += rng.uniform(-22, 22, points[1:-1].shape)
    for _ in range(2):
        cut = np.empty((2 * len(points) - 2, 2))
        cut[0::2] = 0.75 * points[:-1] + 0.25 * points[1:]
        cut[1::2] = 0.25 * points[:-1] + 0.75 * points[1:]
        points = np.r_[points[:1], cut, points[-1:]]
    return points


@dataclass
class Countryside:
    """Roads so far, and the cells where another road may join them."""

    finder: RoadFinder
    roads: list[LineString] = field(default_factory=list)
    cells: dict[int, tuple[float, float]] = field(default_factory=dict)

    def tip(self, point: tuple[float, float]) -> None:
        """Let roads end at a point."""
        self.cells[self.finder.cell(np.array(point))] = point

    def join(
        self, start: np.ndarray, near: Sequence[LineString], rng: np.random.Generator
    ) -> LineString:
        """Lay a road from the lanes around `start` to the roads that are there."""
        path = self.finder.path(start, set(self.cells))
        end = self.cells[self.finder.cell(path[-1])]
        head = shapely.shortest_line(shapely.union_all(near), Point(path[min(2, len(path) - 1)]))
        line = smooth(np.r_[[head.coords[0]], path[2:-1], [end]], rng)
        road = LineString(line).simplify(1.0)
        for point in path[1:-1]:
            spot = road.interpolate(road.project(Point(point))).coords[0]
            self.cells.setdefault(self.finder.cell(point), spot)
        self.roads.append(road)
        return road


def lay_countryside(
    draft: Draft, terrain: Terrain, towns: shapely.Geometry, rng: np.random.Generator
) -> None:
    """Lay villages, and roads to them; two villages and a hamlet stay cut off."""
    country = Countryside(RoadFinder.over(terrain, draft.river, towns))
    designs = {design.name: design.streets for design in (CITY, COUNTY_TOWN)}
    for streets in designs.values():
        for _, _, points in streets:
            line = curve(points)
            for end in (line.coords[0], line.coords[-1]):
                if not towns.contains(Point(end)):
                    country.tip(end)
    county_tip = curve(COUNTY_TOWN.streets[0][2])
    county_end = np.array(county_tip.coords[0])
    del country.cells[country.finder.cell(county_end)]
    far_tips = {k: v for k, v in country.cells.items() if v[0] > 5_000}
    for cell in far_tips:
        del country.cells[cell]
    road = country.join(county_end, [LineString([county_end, county_end + 0.01])], rng)
    road = LineString([county_end, *road.coords[1:]])
    draft.streets += over_water(road, {"highway": "primary", "name": "澄柏公路"}, draft.river)
    country.cells |= far_tips
    middles, lanes = {}, {}
    for village in VILLAGES:
        middles[village.name], lanes[village.name] = lay_village(village, draft, terrain, rng)
        if village.road:
            road = country.join(middles[village.name], lanes[village.name], rng)
            draft.streets += over_water(road, {"highway": village.road}, draft.river)
    for (start, stop), kind in ((VALLEY_ROAD, "track"), (UNFINISHED_ROAD, "construction")):
        goal = country.finder.cell(middles[stop])
        path = country.finder.path(middles[start], {goal})
        ends = [
            shapely.shortest_line(shapely.union_all(lanes[name]), Point(path[place])).coords[0]
            for name, place in ((start, 2), (stop, -3))
        ]
        line = LineString(smooth(np.r_[[ends[0]], path[2:-2], [ends[1]]], rng)).simplify(1.0)
        if kind == "track":
            draft.streets.append(Way(line, {"highway": kind}))
        else:
            draft.lines.append(Way(line, {"highway": kind, "construction": "unclassified"}))
    lay_cut_off(draft, rng)


def lay_cut_off(draft: Draft, rng: np.random.Generator) -> None:
    """Lay a hamlet on a loop of track that meets no road, and a farm far from any street."""
    loop = LineString(blob(HAMLET_KM[0] * 1_000, HAMLET_KM[1] * 1_000, 85, rng).exterior)
    draft.streets.append(Way(loop, {"highway": "track"}))
    for number, yard in enumerate(houses_along([loop], 48, (16, 11), rng), start=1):
        home = Home(f"沟底{number}号", int(rng.integers(3, 12)), "220", county_seat=False)
        tags = {"building": "house", "building:levels": "1"}
        draft.buildings.append(Building(yard, tags, home=home))
    farm = shapely.box(-9, -6, 9, 6)
    farm = affinity.translate(farm, FARM_KM[0] * 1_000, FARM_KM[1] * 1_000)
    home = Home("南岭护林站", 4, "220", county_seat=False)
    draft.buildings.append(Building(farm, {"building": "house", "building:levels": "1"}, (), home))


def insert(line: np.ndarray, points: Iterable[tuple[float, float]]) -> np.ndarray:
    """Insert points that lie on a line as vertices, in order along it."""
    shape = LineString(line)
    along = np.r_[0, np.hypot(*np.diff(line, axis=0).T).cumsum()]
    places = [(float(a), tuple(map(float, p))) for a, p in zip(along, line, strict=True)]
    places += [(float(shape.project(Point(p))), tuple(map(float, p))) for p in points]
    first, last, inner = places[0], places[len(line) - 1], places[1 : len(line) - 1]
    inner += places[len(line) :]
    ordered = [first[1], *(p for _, p in sorted(inner)), last[1]]
    kept = [ordered[0]]
    kept += [p for before, p in pairwise(ordered) if p != before]
    return np.array(kept)


def rounded(points: np.ndarray) -> np.ndarray:
    """Round coordinates in metres to the drawing grid."""
    return np.asarray(np.round(points / GRID_M) * GRID_M)


def meet(streets: Sequence[Way]) -> list[np.ndarray]:
    """Give streets shared vertices where they cross on one level, or where one ends on another."""
    coords = [insert(rounded(shapely.get_coordinates(way.line)), []) for way in streets]
    lines = [LineString(points) for points in coords]
    added: list[list[tuple[float, float]]] = [[] for _ in lines]
    tree = STRtree(lines)
    pairs = tree.query(lines, predicate="dwithin", distance=JOIN_M).T
    for i, j in sorted((int(i), int(j)) for i, j in pairs if i < j):
        joined = []
        for one, other in ((i, j), (j, i)):
            for end in (coords[one][0], coords[one][-1]):
                if lines[other].distance(Point(end)) <= JOIN_M:
                    added[other].append(tuple(end))
                    joined.append(end)
        if streets[i].level != streets[j].level:
            continue
        for point in rounded(shapely.get_coordinates(lines[i].intersection(lines[j]))):
            if all(math.dist(point, end) > 2 * JOIN_M for end in joined):
                added[i].append(tuple(point))
                added[j].append(tuple(point))
    return [insert(points, more) for points, more in zip(coords, added, strict=True)]


def drop_orphans(draft: Draft, towns: shapely.Geometry) -> None:
    """Drop streets of towns that joined no other street, and buildings that stand at none."""
    ends: list[int] = []
    starts: list[int] = []
    ids: dict[tuple[int, int], int] = {}
    first = []
    for points in meet(draft.streets):
        numbers = [ids.setdefault(node_key(point), len(ids)) for point in points]
        starts += numbers[:-1]
        ends += numbers[1:]
        first.append(numbers[0])
    links = coo_array((np.ones(len(ends)), (starts, ends)), shape=(len(ids), len(ids)))
    _, piece = connected_components(links, directed=False)
    main = np.bincount(piece).argmax()
    draft.streets = [
        way
        for way, number in zip(draft.streets, first, strict=True)
        if piece[number] == main or not towns.intersects(way.line)
    ]
    streets = STRtree([way.line for way in draft.streets])
    draft.gates = [
        gate for gate in draft.gates if len(streets.query(gate, "dwithin", distance=JOIN_M))
    ]
    draft.buildings = [
        building
        for building in draft.buildings
        if not towns.intersects(building.outline)
        or len(streets.query(building.outline, predicate="dwithin", distance=STREET_NEAR_M))
    ]


def clear_of_streets(draft: Draft) -> list[Building]:
    """Drop buildings that stand in a street or in an earlier building."""
    ground = [way.line for way in draft.streets if way.level == 0]
    outlines = [building.outline for building in draft.buildings]
    in_street = set(STRtree(ground).query(outlines, predicate="dwithin", distance=2.5)[0].tolist())
    in_street |= set(np.flatnonzero(shapely.dwithin(outlines, draft.river, 15)).tolist())
    pairs = STRtree(outlines).query(outlines, predicate="dwithin", distance=1.5).T
    dropped = in_street
    for later, earlier in sorted((int(a), int(b)) for a, b in pairs if a > b):
        if earlier not in dropped:
            dropped.add(later)
    return [b for number, b in enumerate(draft.buildings) if number not in dropped]


def to_degrees(points: np.ndarray) -> np.ndarray:
    """Turn metres on the sheet, shape (n, 2), into longitude and latitude (WGS84)."""
    to_metric = Transformer.from_crs("EPSG:4326", METRIC_CRS, always_xy=True)
    origin = np.array(to_metric.transform(CENTRE_LON, CENTRE_LAT))
    moved = np.asarray(points) + origin
    lon, lat = to_metric.transform(moved[:, 0], moved[:, 1], direction="INVERSE")
    return np.stack([lon, lat], axis=1)


def to_gcj02(lon: float, lat: float) -> tuple[float, float]:
    """Shift WGS84 by the public GCJ-02 formula (inside China)."""
    x, y = lon - 105.0, lat - 35.0
    pi = math.pi
    ripple = (20 * math.sin(6 * x * pi) + 20 * math.sin(2 * x * pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + ripple
    north += (20 * math.sin(y * pi) + 40 * math.sin(y / 3 * pi)) * 2 / 3
    north += (160 * math.sin(y / 12 * pi) + 320 * math.sin(y * pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + ripple
    east += (20 * math.sin(x * pi) + 40 * math.sin(x / 3 * pi)) * 2 / 3
    east += (150 * math.sin(x / 12 * pi) + 300 * math.sin(x / 30 * pi)) * 2 / 3
    axis, squared = 6_378_245.0, 0.00669342162296594323
    bend = 1 - squared * math.sin(math.radians(lat)) ** 2
    north_degree = math.radians(axis * (1 - squared) / bend**1.5)
    east_degree = math.radians(axis / math.sqrt(bend) * math.cos(math.radians(lat)))
    return lon + east / east_degree, lat + north / north_degree


def draw_zones(
    blocks: Sequence[Polygon],
    river: LineString,
    towns: dict[str, Polygon],
    rng: np.random.Generator,
) -> list[Polygon]:
    """
    Part the sheet into the zones of OFFICES and TOWNSHIPS, in that order.

    Cells around scattered seeds go to zones whole; pairs of seeds along main streets and river
    let the borders follow them, as those of street offices do.
    """
    spread = np.arange(0, 1, 1 / 46)
    grid = np.stack(np.meshgrid(spread, spread), axis=-1).reshape(-1, 2)
    grid = grid + rng.uniform(0, 1 / 46, grid.shape)
    seeds = [grid * [EAST_M - WEST_M, NORTH_M - SOUTH_M] + [WEST_M, SOUTH_M]]
    guides = [river, *(curve(points) for _, _, points in CITY.streets)]
    guides += [LineString(town.buffer(TOWN_MARGIN_M).exterior) for town in towns.values()]
    for line in guides:
        along = np.arange(20, line.length - 20, 90.0)
        here = shapely.get_coordinates(shapely.line_interpolate_point(line, along))
        ahead = shapely.get_coordinates(shapely.line_interpolate_point(line, along + 1))
        normal = (ahead - here)[:, ::-1] * [-1, 1] * 35
        seeds += [here + normal, here - normal]
    sheet = shapely.box(WEST_M, SOUTH_M, EAST_M, NORTH_M)
    points = np.unique(np.round(np.concatenate(seeds), 1), axis=0)
    points = points[shapely.contains(sheet, shapely.points(points))]
    cells = shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=sheet, ordered=True)
    cells = shapely.intersection(shapely.get_parts(cells), sheet)
    owner = np.array([zone_of_seed(Point(p), blocks, river, towns) for p in points])
    zones = [
        shapely.coverage_union_all(cells[owner == n]) for n in range(len(OFFICES) + len(TOWNSHIPS))
    ]
    return list(shapely.coverage_simplify(np.array(zones), 25.0))


def zone_of_seed(
    seed: Point, blocks: Sequence[Polygon], river: LineString, towns: dict[str, Polygon]
) -> int:
    """Number the zone of a place: by block in the city, by the nearest village elsewhere."""
    if towns[CITY.name].dwithin(seed, TOWN_MARGIN_M):
        block = min(blocks, key=lambda b: (b.distance(seed), b.bounds))
        south_bank = block.centroid.y < river.interpolate(river.project(block.centroid)).y
        middles = [Point(x * 1_000, y * 1_000) for _, _, (x, y) in OFFICES]
        if south_bank:
            return len(OFFICES) - 1
        return int(np.argmin([block.centroid.distance(middle) for middle in middles[:-1]]))
    if towns[COUNTY_TOWN.name].dwithin(seed, TOWN_MARGIN_M):
        return len(OFFICES) + [code for code, *_ in TOWNSHIPS].index(SEAT_TOWNSHIP)
    near = [
        min((seed.distance(Point(x * 1_000, y * 1_000)) for x, y in places), default=math.inf)
        for *_, places in TOWNSHIPS
    ]
    return len(OFFICES) + int(np.argmin(near))


def name_zones(shapes: Sequence[Polygon]) -> list[Zone]:
    """Name the zones, and add the district and the county as their unions."""
    degrees = [shapely.transform(shape, lambda p: np.round(to_degrees(p), 6)) for shape in shapes]
    zones = [
        Zone(code, name, DISTRICT_ID, STAGE_OF_OFFICES, shape)
        for (code, name, _), shape in zip(OFFICES, degrees, strict=False)
    ]
    zones += [
        Zone(code, name, parent, None, shape)
        for (code, name, parent, _), shape in zip(TOWNSHIPS, degrees[len(OFFICES) :], strict=True)
    ]
    for code, name in ((DISTRICT_ID, DISTRICT), (COUNTY_ID, COUNTY)):
        parts = [zone.shape for zone in zones if zone.parent == code]
        zones.append(Zone(code, name, None, None, shapely.coverage_union_all(parts)))
    return zones


def geojson(zones: Iterable[Zone]) -> str:
    """Write the zones as GeoJSON, one feature a line."""
    features = [
        json.dumps(
            {
                "type": "Feature",
                "properties": {
                    "zone_id": zone.code,
                    "name": zone.name,
                    "parent_id": zone.parent,
                    "stage": zone.stage,
                },
                "geometry": shapely.geometry.mapping(zone.shape),
            },
            ensure_ascii=False,
        )
        for zone in zones
    ]
    return '{"type": "FeatureCollection", "features": [\n' + ",\n".join(features) + "\n]}\n"


def residence_rows(buildings: Iterable[Building], zones: Iterable[Zone]) -> list[dict[str, str]]:
    """Make the rows of residences.csv; the zone is the one that holds the written point."""
    homes = [(b.home, b.outline.centroid.coords[0]) for b in buildings if b.home]
    degrees = to_degrees(np.array([point for _, point in homes]))
    places = [(f"{lon:.6f}", f"{lat:.6f}") for lon, lat in degrees]
    lowest = [zone for zone in zones if zone.parent]
    tree = STRtree([zone.shape for zone in lowest])
    rows = []
    for number, ((home, _), place) in enumerate(zip(homes, places, strict=True), start=1):
        found = tree.query(Point(*map(float, place)), predicate="intersects")
        values = (
            f"R{number:05d}", home.name, str(home.people), *place, lowest[int(found.min())].code,
            home.class_code, "是" if home.county_seat else "否",
        )  # fmt: skip
        rows.append(dict(zip(RESIDENCE_COLUMNS, values, strict=True)))
    return rows


def booth_rows(streets: Sequence[Way]) -> list[dict[str, str | float]]:
    """Set each booth beside the named street nearest to its place; coordinates in GCJ-02."""
    named = [
        way for way in streets
        if "name" in way.tags and way.level == 0 and "trunk" not in way.tags["highway"]
    ]  # fmt: skip
    lines = [way.line for way in streets if way.level == 0 and way.tags["highway"] != "steps"]
    rows: list[dict[str, str | float]] = []
    for number, (place, status) in enumerate(BOOTHS, start=1):
        spot = Point(place[0] * 1_000, place[1] * 1_000)
        line = min(lines, key=spot.distance)
        spot = line.interpolate(line.project(spot))
        lon, lat = to_degrees(np.array([[spot.x + 5, spot.y + 4]]))[0]
        shifted = to_gcj02(lon, lat)
        name, cross = nearest_names(spot, named)
        near = spot.distance(Point(0, 0)) < 3_000
        rows.append(
            {
                "站点编号": f"B{number:03d}",
                "名称": f"{name}{cross and cross + '口'}采样点",
                "状态": status,
                "地址": f"{DISTRICT if near else COUNTY}{name}与{cross}路口附近"
                if cross else f"{DISTRICT}{name}",
                "经度": round(shifted[0], 6),
                "纬度": round(shifted[1], 6),
            }
        )  # fmt: skip
    return rows


def nearest_names(spot: Point, named: Sequence[Way]) -> tuple[str, str]:
    """Name the two nearest streets, or the village a place lies in."""
    village = min(VILLAGES, key=lambda v: spot.distance(Point(v.x_km * 1_000, v.y_km * 1_000)))
    if spot.distance(Point(village.x_km * 1_000, village.y_km * 1_000)) < 900:
        return village.name, ""
    names: list[str] = []
    for way in sorted(named, key=lambda way: (way.line.distance(spot), way.tags["name"])):
        if way.tags["name"] not in names:
            names.append(way.tags["name"])
        if len(names) == 2:
            break
    return names[0], names[1]


def write_streets(path: Path, draft: Draft, buildings: Sequence[Building]) -> None:
    """Write the extract, nodes before ways, ids counted from 1."""
    streets = meet(draft.streets)
    ways = [
        (points, surfaced(way.tags))
        for points, way in zip(streets, draft.streets, strict=True)
    ]  # fmt: skip
    ways += [(shapely.get_coordinates(way.line), way.tags) for way in draft.lines]
    ways += [(shapely.get_coordinates(shape.exterior), tags) for shape, tags in draft.areas]
    ways += [(shapely.get_coordinates(b.outline.exterior), b.tags) for b in buildings]
    ways.append((shapely.get_coordinates(square(streets, draft, buildings).exterior), SQUARE))
    marks = [(gate, {"barrier": "gate"}) for gate in draft.gates]
    marks += [(door, {"entrance": "staircase"}) for b in buildings for door in b.doors]
    marks += [(Point(point), SIGNAL) for point in crossings(streets, draft.streets)]
    tags_of = {node_key(point.coords[0]): tags for point, tags in marks}
    ids: dict[tuple[int, int], int] = {}
    refs = []
    for points, _ in ways:
        keys = [node_key(point) for point in points]
        keys = keys[:1] + [b for a, b in pairwise(keys) if a != b]
        refs.append([ids.setdefault(key, len(ids) + 1) for key in keys])
    places = np.round(to_degrees(np.array(list(ids)) * GRID_M), 7)
    header = osmium.io.Header()
    header.set("generator", "walkcover example town")
    with osmium.SimpleWriter(str(path), header=header, overwrite=True) as writer:
        for (key, number), place in zip(ids.items(), places, strict=True):
            node = osmium.osm.mutable.Node(
                id=number, version=1, location=tuple(place), tags=tags_of.get(key, {})
            )
            writer.add_node(node)
        for number, (nodes, (_, tags)) in enumerate(zip(refs, ways, strict=True), start=1):
            writer.add_way(osmium.osm.mutable.Way(id=number, version=1, nodes=nodes, tags=tags))


def surfaced(tags: dict[str, str]) -> dict[str, str]:
    """Add the surface of ways that are not paved."""
    surface = SURFACES.get(tags["highway"])
    return tags | {"surface": surface} if surface else tags


def crossings(coords: Sequence[np.ndarray], streets: Sequence[Way]) -> list[tuple[float, float]]:
    """List where ways for people on foot meet a main street: there they wait for a signal."""
    points: dict[bool, dict[tuple[int, int], tuple[float, float]]] = {True: {}, False: {}}
    for line, way in zip(coords, streets, strict=True):
        on_foot = way.tags["highway"] in ("footway", "pedestrian", "path")
        if on_foot or way.tags["highway"] in ("primary", "secondary"):
            points[on_foot] |= {node_key(point): tuple(point) for point in line}
    return [point for key, point in points[True].items() if key in points[False]]


def square(coords: Sequence[np.ndarray], draft: Draft, buildings: Sequence[Building]) -> Polygon:
    """Find ground in the riverside park, between streets and paths, to be paved as a square."""
    lines = [
        LineString(line) for line, way in zip(coords, draft.streets, strict=True) if not way.level
    ]
    others = [shape for shape, tags in draft.areas if tags.get("leisure") != "park"]
    taken = STRtree([*(b.outline for b in buildings), *others])
    faces = [
        face
        for face in polygonize(shapely.node(shapely.multilinestrings(lines)).geoms)
        if SQUARE_M2[0] < face.area < SQUARE_M2[1]
        and face.centroid.distance(Point(0, 0)) < SQUARE_WITHIN_M
        and not taken.query(face.buffer(-JOIN_M), predicate="intersects").size
    ]
    return max(faces, key=lambda face: face.area)


def node_key(point: Iterable[float]) -> tuple[int, int]:
    """Give the place of a point on the drawing grid; equal places are one node."""
    x, y = point
    return round(x / GRID_M), round(y / GRID_M)


def csv_bytes(rows: Sequence[dict[str, str]], encoding: str) -> bytes:
    """Write rows as CSV with the line ends that spreadsheets use."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def write_booths(path: Path, rows: Sequence[dict[str, str | float]]) -> None:
    """Write the booths as the first sheet of a workbook."""
    book = xlsxwriter.Workbook(path)
    book.set_properties({"created": dt.datetime(2022, 5, 20, tzinfo=dt.UTC)})
    sheet = book.add_worksheet("采样点")
    sheet.write_row(0, 0, list(rows[0]))
    for number, row in enumerate(rows, start=1):
        sheet.write_row(number, 0, list(row.values()))
    book.close()


def degree_grid(step: float) -> tuple[rasterio.Affine, int, int]:
    """Lay a grid of whole steps over the sheet: transform, rows, columns."""
    corners = to_degrees(np.array([[x, y] for x in (WEST_M, EAST_M) for y in (SOUTH_M, NORTH_M)]))
    west, south = np.floor(corners.min(axis=0) / step).astype(int)
    east, north = np.ceil(corners.max(axis=0) / step).astype(int)
    transform = rasterio.Affine(step, 0, west * step, 0, -step, north * step)
    return transform, int(north - south), int(east - west)


def write_raster(path: Path, values: np.ndarray, transform: rasterio.Affine) -> None:
    """Write one band in WGS84 as a compressed GeoTIFF."""
    with rasterio.open(
        path, "w", driver="GTiff", height=values.shape[0], width=values.shape[1], count=1,
        dtype=values.dtype, crs="EPSG:4326", transform=transform, compress="deflate", zlevel=9,
        predictor=2 if values.dtype.kind == "i" else 3,
    ) as raster:  # fmt: skip
        raster.write(values, 1)


def write_elevation(path: Path, terrain: Terrain) -> None:
    """Write heights in whole metres on cells of 3 seconds (92 m by 74 m)."""
    transform, rows, columns = degree_grid(1 / 1200)
    row, column = np.mgrid[:rows, :columns]
    lon, lat = transform @ (column.ravel() + 0.5, row.ravel() + 0.5)
    to_metric = Transformer.from_crs("EPSG:4326", METRIC_CRS, always_xy=True)
    origin = to_metric.transform(CENTRE_LON, CENTRE_LAT)
    x, y = to_metric.transform(lon, lat)
    points = np.c_[x - origin[0], y - origin[1]]
    points = points.clip([WEST_M, SOUTH_M], [terrain.x_m[-1], terrain.y_m[-1]])
    heights = terrain.at(points).reshape(rows, columns)
    write_raster(path, np.round(heights).astype("int16"), transform)


def write_population(path: Path, rows: Iterable[dict[str, str]]) -> None:
    """Count the people of the residences on cells of 3 seconds."""
    transform, height, width = degree_grid(1 / 1200)
    people = np.zeros((height, width), dtype="float32")
    for row in rows:
        column, line = ~transform @ (float(row["经度"]), float(row["纬度"]))
        people[int(line), int(column)] += int(row["人数"])
    write_raster(path, people, transform)


def zone_people(rows: Iterable[dict[str, str]], zones: Iterable[Zone]) -> list[dict[str, str]]:
    """Total the people of each zone that has no zones of its own."""
    totals = {zone.code: 0 for zone in zones if zone.parent}
    names = {zone.code: zone.name for zone in zones}
    for row in rows:
        totals[row["区划码"]] += int(row["人数"])
    return [
        {"区划码": code, "名称": names[code], "常住人口": str(people)}
        for code, people in totals.items()
    ]


PLAN = f"""\
# The plan of the example town. Every key is explained in the guide; paths start from this file.

[plan]
name = "{CITY_NAME}步行十五分钟采样圈(示例)"
date = "2022-05-20"
language = "zh"

[walk]
limit_min = 15
profile = "standard"

[network]
source = "streets.osm.pbf"

[residences]
source = "residences.csv"
crs = "wgs84"
id = "编号"
people = "人数"
lon = "经度"
lat = "纬度"
zone = "区划码"
class_code = "城乡分类"
county_seat = "县城"

# In place of the column of people: the totals of the zones, spread over their residences.
# [population]
# source = "zone_people.csv"
# zone = "区划码"
# people = "常住人口"
# spread = "even"

[sites]
source = "booths.xlsx"
crs = "gcj02"
id = "站点编号"
name = "名称"
status = "状态"
lon = "经度"
lat = "纬度"

[candidates]
spacing_m = 200

[zones]
source = "zones.geojson"

[[stages]]
name = "city"
target = 0.95

[[stages]]
name = "county_town"
target = 0.9

[[stages]]
name = "countryside"
max_sites = 6
"""

README = """\
# The example town

A made-up prefecture in loess hills: a city on a river, a county town, villages.
`scripts/make_town.py` makes all of it from one seed; no street, estate, village or person is real.
`walkcover demo` and the tests read it.

{residences:,} residences, {people:,} people, {booths} booths.

| file | content |
|---|---|
| `town/plan.toml` | the plan that names the other files |
| `town/streets.osm.pbf` | streets, buildings, gated estates, river; OpenStreetMap tags, WGS84 |
| `town/residences.csv` | one row per residential building; GB18030, WGS84 |
| `town/booths.xlsx` | the booths; coordinates in GCJ-02 |
| `town/zones.geojson` | street offices and townships, then their district and county; WGS84 |
| `town/zone_people.csv` | people per zone: another way to give the people; UTF-8 with BOM |
| `town/elevation.tif` | heights in whole metres (int16), cells of 3 seconds, EPSG:4326 |
| `town/population.tif` | people per cell (float32), cells of 3 seconds, EPSG:4326 |

Cells of 3 seconds are about 92 m by 74 m; the people of all cells are those of `residences.csv`.
Buildings have `building:levels` and stair doors (`entrance`); gated estates have a wall, a gate
(`barrier=gate`) and a private stub, and the footways inside carry no access tag.

## Columns

`residences.csv`

| column | key in the plan | content |
|---|---|---|
| 编号 | `id` | text |
| 名称 | carried along | name of the building |
| 人数 | `people` | whole number; a few buildings are empty (0) |
| 经度, 纬度 | `lon`, `lat` | degrees, WGS84 |
| 区划码 | `zone` | 12 digits, text |
| 城乡分类 | `class_code` | urban-rural class, 3 digits |
| 县城 | `county_seat` | 是 in the county-seat town, else 否 |

`booths.xlsx`

| column | key in the plan | content |
|---|---|---|
| 站点编号 | `id` | text |
| 名称 | `name` | |
| 状态 | `status` | 开放 open, 关闭 closed, 规划 planned |
| 地址 | carried along | |
| 经度, 纬度 | `lon`, `lat` | degrees, GCJ-02 |

`zones.geojson`

| property | content |
|---|---|
| `zone_id` | 12 digits, text |
| `name` | |
| `parent_id` | `zone_id` of the district or county; null for these two |
| `stage` | `city` for street offices; else null: the class codes of the residences decide |

`zone_people.csv`

| column | content |
|---|---|
| 区划码 | `zone_id` |
| 名称 | |
| 常住人口 | people, whole number |

## Checksums

| file | bytes | sha256 |
|---|---|---|
{checksums}
"""


def make_town() -> tuple[Draft, Terrain, list[Building], list[Zone]]:
    """Draw the whole town: its draft, its terrain, the buildings that stand, the zones."""
    rng = np.random.default_rng(SEED)
    names = Names(rng)
    river_line, river = draw_river()
    draft = Draft(river)
    towns = {d.name: Polygon(curve(d.outline_km, closed=True)) for d in (CITY, COUNTY_TOWN)}
    city_blocks = lay_town(CITY, draft, rng, names)
    lay_town(COUNTY_TOWN, draft, rng, names)
    ground = shapely.union_all([*towns.values()])
    flat = shapely.union_all([ground.buffer(350), river_line.buffer(420)])
    terrain = raise_hills(flat, river_line, rng)
    lay_countryside(draft, terrain, ground, rng)
    drop_orphans(draft, ground)
    draft.areas.append((river, {"natural": "water", "water": "river"}))
    draft.lines.append(Way(river_line, {"waterway": "river", "name": "澄河"}))
    zones = name_zones(draw_zones(city_blocks, river_line, towns, rng))
    return draft, terrain, clear_of_streets(draft), zones


def write_town(folder: Path) -> str:
    """Write all files of the town into a folder; returns the text of the README."""
    folder.mkdir(parents=True, exist_ok=True)
    draft, terrain, buildings, zones = make_town()
    residences = residence_rows(buildings, zones)
    booths = booth_rows(draft.streets)
    write_streets(folder / "streets.osm.pbf", draft, buildings)
    (folder / "residences.csv").write_bytes(csv_bytes(residences, "gb18030"))
    write_booths(folder / "booths.xlsx", booths)
    (folder / "zones.geojson").write_text(geojson(zones), encoding="utf-8", newline="\n")
    totals = zone_people(residences, zones)
    (folder / "zone_people.csv").write_bytes(csv_bytes(totals, "utf-8-sig"))
    write_elevation(folder / "elevation.tif", terrain)
    write_population(folder / "population.tif", residences)
    (folder / "plan.toml").write_text(PLAN, encoding="utf-8", newline="\n")
    return README.format(
        residences=len(residences),
        people=sum(int(row["人数"]) for row in residences),
        booths=len(booths),
        checksums="\n".join(checksum_rows(folder)),
    )


def checksum_rows(folder: Path) -> Iterator[str]:
    """List the files with size and sha256, as rows of a table."""
    for name in FILES:
        content = (folder / name).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        yield f"| `town/{name}` | {len(content):,} | `{digest}` |"


def main() -> None:
    """Write the town and its README."""
    parser = argparse.ArgumentParser(description="Make the example town.")
    parser.add_argument("--out", type=Path, default=DATA / "town", help="folder for the files")
    folder = parser.parse_args().out
    readme = write_town(folder)
    target = folder.parent / "README.md" if folder.name == "town" else folder / "README.md"
    target.write_text(readme, encoding="utf-8", newline="\n")
    print(readme)


if __name__ == "__main__":
    main()
