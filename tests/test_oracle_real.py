"""
Hold the package against the oracle on real networks.

The data are not part of the project: WALKCOVER_REAL_DATA names the folder that holds them.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import oracle
import osmium
import pyogrio
import pyproj
import pytest
import shapely
from oracle_cases import write_plan

import walkcover

FOLDER = os.environ.get("WALKCOVER_REAL_DATA", "")
pytestmark = pytest.mark.skipif(not FOLDER, reason="WALKCOVER_REAL_DATA names no folder")

RESIDENCES = 200
SITES = 12
BUILDINGS = 80
# Over half a hectare a polygon is a compound, which is another matter.
LARGEST_BUILDING_M2 = 4_500.0
SNAP_LIMIT_M = 250.0
SEED = 20220520

NETWORKS = {
    "taiyuan_east": ("taiyuan_east/taiyuan_east.gpkg", "ways"),
    "guixi": ("guixi_county_town/jiangxi_guixi.osm.pbf", ""),
    "puyang": ("puyang_countryside/henan_puyang.osm.pbf", ""),
    "las_palmas": ("las_palmas/las_palmas_20230221.osm.pbf", ""),
    "north_bayreuth": ("north_bayreuth/north-bayreuth.osm.gz", ""),
    "helsinki": ("helsinki/helsinki.osm.pbf", ""),
    "porto_alegre": ("porto_alegre/poa_osm.pbf", ""),
    "beijing_tsinghua": ("beijing_tsinghua/beijing_tsinghua.osm.pbf", ""),
    "hangzhou": ("hangzhou/hangzhou_zijingang.osm.pbf", ""),
}
WITH_BUILDINGS = ("taiyuan_east", "las_palmas", "hangzhou")
SLOW = ("las_palmas",)
CASES = [pytest.param(n, marks=pytest.mark.slow if n in SLOW else ()) for n in NETWORKS]


def near_streets(
    streets: oracle.Streets, rng: np.random.Generator, *, n: int, within_m: float, among: np.ndarray
) -> np.ndarray:
    """Draw points in WGS84 that lie up to `within_m` beside segments, long ones more often."""
    segments = np.flatnonzero(among)
    if not len(segments):
        return np.empty((0, 2))
    length_m = streets.length_m[segments]
    drawn = rng.choice(segments, size=n, p=length_m / length_m.sum())
    start, end = (streets.xy[streets.ends[drawn, side]] for side in (0, 1))
    at, off_m, angle = rng.random(n), rng.uniform(0, within_m, n), rng.uniform(0, 2 * np.pi, n)
    xy = start + at[:, None] * (end - start)
    xy += off_m[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return _to_lonlat(streets, xy)


def lonely_islands(streets: oracle.Streets) -> np.ndarray:
    """Flag segments of islands that have nothing else in reach of a place beside them."""
    main = shapely.STRtree(streets.lines[~streets.island])
    islands = np.flatnonzero(streets.island)
    found = np.zeros(len(streets.island), dtype=bool)
    _, away_m = main.query_nearest(streets.lines[islands], return_distance=True, all_matches=False)
    found[islands[away_m > SNAP_LIMIT_M + 30]] = True
    return found


def anywhere(streets: oracle.Streets, rng: np.random.Generator, *, n: int) -> np.ndarray:
    used = streets.xy[np.unique(streets.ends)]
    return _to_lonlat(streets, rng.uniform(used.min(axis=0), used.max(axis=0), (n, 2)))


def _to_lonlat(streets: oracle.Streets, xy: np.ndarray) -> np.ndarray:
    back = pyproj.Transformer.from_crs(streets.crs, "EPSG:4326", always_xy=True)
    return np.column_stack(back.transform(*xy.T))


def draw_residences(
    streets: oracle.Streets, rng: np.random.Generator, buildings: list
) -> gpd.GeoDataFrame:
    """Draw points near and far, on islands and on private streets, and take buildings."""
    everywhere = np.ones(len(streets.ends), dtype=bool)
    drawn = [
        near_streets(streets, rng, n=10, within_m=30, among=streets.island),
        near_streets(streets, rng, n=10, within_m=30, among=lonely_islands(streets)),
        near_streets(streets, rng, n=20, within_m=30, among=streets.private),
        near_streets(streets, rng, n=20, within_m=20, among=streets.overpass),
        anywhere(streets, rng, n=20),
    ]
    left = RESIDENCES - sum(map(len, drawn)) - len(buildings)
    drawn.append(near_streets(streets, rng, n=left, within_m=400, among=everywhere))
    places = [*shapely.points(np.vstack(drawn)), *buildings]
    ids = [f"R{i:03d}" for i in range(len(places))]
    people = rng.integers(0, 40, len(places))
    return gpd.GeoDataFrame(
        {"residence_id": ids, "people": people}, geometry=places, crs="EPSG:4326"
    )


def draw_sites(streets: oracle.Streets, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Draw sites near streets, one of them on an island and one on a private street."""
    everywhere = np.ones(len(streets.ends), dtype=bool)
    drawn = [
        near_streets(streets, rng, n=1, within_m=5, among=lonely_islands(streets)),
        near_streets(streets, rng, n=1, within_m=5, among=streets.private),
    ]
    left = SITES - sum(map(len, drawn))
    drawn.append(near_streets(streets, rng, n=left, within_m=100, among=everywhere))
    points = shapely.points(np.vstack(drawn))
    ids = [str(i) for i in range(1, SITES + 1)]
    return gpd.GeoDataFrame({"site_id": ids}, geometry=points, crs="EPSG:4326")


def read_buildings(path: Path, doors: np.ndarray, rng: np.random.Generator) -> list:
    """Take small buildings at random; a quarter of them, if there are as many, with a door."""
    layer = path.suffix == ".gpkg"
    found = _buildings_of_layer(path) if layer else np.array(list(_buildings_of_extract(path)))
    metres = gpd.GeoSeries(found, crs="EPSG:4326").to_crs(6933).area.to_numpy()
    found = found[shapely.is_valid(found) & (metres > 0) & (metres < LARGEST_BUILDING_M2)]
    corners = {tuple(door) for door in doors}
    has_door = np.array([not corners.isdisjoint(shape.exterior.coords) for shape in found])
    few = rng.permutation(found[has_door])[: BUILDINGS // 4]
    return [*few, *rng.permutation(found[~has_door])[: BUILDINGS - len(few)]]


def _buildings_of_layer(path: Path) -> np.ndarray:
    shapes = pyogrio.read_dataframe(path, layer="buildings").geometry
    parts = shapes[shapely.get_num_geometries(shapes) == 1]
    return shapely.get_geometry(parts.to_numpy(), 0)


def _buildings_of_extract(path: Path) -> Iterator[shapely.Polygon]:
    ways = osmium.FileProcessor(str(path)).with_locations()
    for way in ways:
        if not way.is_way() or "building" not in way.tags or not way.is_closed():
            continue
        nodes = list(way.nodes)
        if len(nodes) > 3 and all(node.location.valid() for node in nodes):
            yield shapely.Polygon([(node.lon, node.lat) for node in nodes])


@pytest.mark.parametrize("name", CASES)
def test_real_network(name: str, tmp_path: Path) -> None:
    source, layer = NETWORKS[name]
    path = Path(FOLDER) / source
    rng = np.random.default_rng(SEED)
    streets = oracle.read_streets(path, layer=layer)
    buildings = read_buildings(path, streets.doors, rng) if name in WITH_BUILDINGS else []
    residences, sites = draw_residences(streets, rng, buildings), draw_sites(streets, rng)
    write_plan(tmp_path, path, residences=residences, sites=sites, layer=layer)
    expected = oracle.assess(streets, residences, sites)
    result = walkcover.assess(walkcover.load_plan(tmp_path / "plan.toml"))
    oracle.agree(result.residences, expected)
