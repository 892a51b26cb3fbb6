"""
Hold walks over hills against the oracle and against the hand.

The real data are not part of the project: WALKCOVER_REAL_DATA names the folder that holds them.
"""

import math
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import oracle
import oracle_cases
import oracle_hills
import pandas as pd
import pyproj
import pytest
import rasterio
import shapely
from oracle_cases import GEOD, ORIGIN, SECONDS_PER_METRE, Home, Town, Way, random_town
from test_oracle_real import near_streets

import walkcover

FOLDER = os.environ.get("WALKCOVER_REAL_DATA", "")
real = pytest.mark.skipif(not FOLDER, reason="WALKCOVER_REAL_DATA names no folder")

WITHIN_S = 0.05
# Coordinates of a GeoPackage are exact; what remains is that a degree of longitude is not equally
# long all over a town.
BY_HAND_S = 0.02
# East and north of the origin of the small towns, in metres.
METRES = f"+proj=aeqd +lon_0={ORIGIN[0]} +lat_0={ORIGIN[1]} +ellps=WGS84 +units=m"
SAMPLED_M = 19.8
BRIDGE = {"highway": "footway", "bridge": "yes"}
# A straight street of 50 samples, and the ridge or valley in the middle of a part of it.
STREET_M, KINK_M = 50 * SAMPLED_M, 25.5 * SAMPLED_M

SEED = 20220521
HOMES, ON_BRIDGES, SITES = 150, 20, 12


def pace(slope: float) -> float:
    """Give the metres on the flat that take as long as one at this slope."""
    return math.exp(3.5 * abs(slope + 0.05)) / math.exp(3.5 * 0.05)


def write_raster(
    path: Path,
    height_m: Callable,
    *,
    crs: str = METRES,
    first: tuple[float, float] = (-3000.0, 3000.0),
    step: float = SAMPLED_M / 2,
    columns: int = 700,
    rows: int = 700,
    dtype: str = "float64",
) -> Path:
    """Write `height_m(x, y)` at cell centres, the first of them north-west."""
    x, y = np.meshgrid(first[0] + step * np.arange(columns), first[1] - step * np.arange(rows))
    transform = rasterio.transform.from_origin(first[0] - step / 2, first[1] + step / 2, step, step)
    shape = {"count": 1, "width": columns, "height": rows}
    with rasterio.open(
        path, "w", driver="GTiff", dtype=dtype, crs=crs, transform=transform, nodata=-9999, **shape
    ) as target:
        target.write(np.broadcast_to(height_m(x, y), x.shape).astype(dtype), 1)
    return path


def write_tile(path: Path, height_m: np.ndarray) -> Path:
    """Write a zipped tile of SRTM."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(path.stem, height_m.astype(">i2").tobytes())
    return path


def with_elevation(plan: Path, rasters: list[Path]) -> Path:
    named = ", ".join(f'"{path}"' for path in rasters)
    text = plan.read_text(encoding="utf-8")
    plan.write_text(
        text.replace("[network]", f"[network]\nelevation = [{named}]"), encoding="utf-8"
    )
    return plan


def run(plan: Path) -> pd.DataFrame:
    return walkcover.assess(walkcover.load_plan(plan)).residences


def assess_by_oracle(
    streets: oracle.Streets,
    residences: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    rasters: list[Path],
) -> pd.DataFrame:
    read = [oracle_hills.read_raster(path) for path in rasters]
    effort = oracle_hills.climb(oracle_hills.profile(streets, read))
    return oracle.assess(streets, residences, sites, effort=effort)


def both(
    town: Town, rasters: list[Path], folder: Path, kind: str = "gpkg"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Judge a small town by the package and by the oracle."""
    network = oracle_cases.write_town(town, folder, kind)
    streets = oracle.read_streets(network)
    homes, sites = oracle_cases.residences(town), oracle_cases.sites(town)
    found = run(with_elevation(folder / "plan.toml", rasters))
    return found, assess_by_oracle(streets, homes, sites, rasters)


def check_by_hand(
    ways: list[Way],
    expected_m: dict[tuple[float, float], float],
    site: tuple[float, float],
    rasters: list[Path],
    folder: Path,
) -> None:
    """Hold package and oracle against walks in metres on the flat, by the spot of the home."""
    homes = {f"{x} {y}": Home([(x, y)]) for x, y in expected_m}
    expected_s = [SECONDS_PER_METRE * metres for metres in expected_m.values()]
    for walks in both(Town(ways, homes, {"S": site}), rasters, folder):
        assert walks["walk_s"].tolist() == pytest.approx(expected_s, abs=BY_HAND_S)


# The ground rises to the east.


def by_metres(folder: Path, grade: float) -> tuple[Path, float]:
    return write_raster(folder / "plane.tif", lambda x, _: grade * x), grade


def by_degrees(folder: Path, grade: float) -> tuple[Path, float]:
    lon, lat = ORIGIN
    degree_m = GEOD.inv(lon, lat, lon + 0.001, lat)[2] / 0.001
    path = write_raster(
        folder / "plane.tif",
        lambda x, _: grade * degree_m * (x - lon),
        crs="EPSG:4326",
        first=(lon - 0.02, lat + 0.02),
        step=1e-4,
        columns=400,
        rows=400,
    )
    return path, grade


def by_tile(folder: Path, grade: float) -> tuple[Path, float]:
    """Whole metres per cell, the nearest to the grade."""
    lon, lat = ORIGIN
    cell_m = GEOD.inv(lon, lat, lon + 1 / 1200, lat)[2]
    per_cell_m = round(grade * cell_m)
    ground_m = np.broadcast_to(per_cell_m * np.arange(1201), (1201, 1201))
    return write_tile(folder / "N37E113.hgt.zip", ground_m), per_cell_m / cell_m


@pytest.mark.parametrize(
    ("make", "grade"),
    [
        pytest.param(by_metres, 0.1, id="metres"),
        pytest.param(by_degrees, 0.1, id="degrees"),
        pytest.param(by_tile, 0.1, id="tile"),
        pytest.param(by_metres, 1.5, id="no slope is steeper than 45 degrees"),
    ],
)
def test_tilted_plane(make: Callable, grade: float, tmp_path: Path) -> None:
    raster, grade = make(tmp_path, grade)
    ways = [
        Way([(0, 0), (400, 0), (1010, 0)]),
        Way([(400, 0), (400, 610)]),
        Way([(400, 0), (700, 400)]),
        Way([(100, -400), (400, 0)]),
    ]
    up, down = pace(min(grade, 1.0)), pace(max(-grade, -1.0))
    slant = min(0.6 * grade, 1.0)
    expected_m = {
        (0, 0): 400 * up,
        (137, 40): 40 + 263 * up,
        (1010, 0): 610 * down,
        (400, 610): 610,
        (700, 400): 500 * pace(-slant),
        (100, -400): 500 * pace(slant),
    }
    check_by_hand(ways, expected_m, (400, 0), [raster], tmp_path)


def test_ten_percent_up_take_as_long_as_in_the_tables(tmp_path: Path) -> None:
    # Tobler: 5.036 km/h on the flat, 3.549 km/h at +10 %, 6.000 at -5 %, 5.036 at -10 %.
    raster, _ = by_metres(tmp_path, 0.1)
    expected_m = {(0, 0): 500 * 5.0367 / 3.5493, (1000, 0): 500.0}
    check_by_hand([Way([(0, 0), (500, 0), (1000, 0)])], expected_m, (500, 0), [raster], tmp_path)


def fold(folder: Path, grade: float) -> Path:
    """Bend the ground along the meridian of the kink, where cells have their centres."""
    return write_raster(
        folder / "fold.tif",
        lambda x, _: grade * np.abs(x - KINK_M),
        first=(KINK_M - 300 * SAMPLED_M / 2, 3000.0),
    )


def test_a_slope_holds_from_sample_to_sample(tmp_path: Path) -> None:
    # The ridge lies in the middle between two samples, which are equally high.
    ridge = fold(tmp_path, -0.1)
    up_m, after_m = 25 * SAMPLED_M, 24 * SAMPLED_M
    expected_m = {
        (0, 0): up_m * pace(0.1) + SAMPLED_M + after_m * pace(-0.1),
        (up_m - 5, 0): 5 * pace(0.1) + SAMPLED_M + after_m * pace(-0.1),
        (up_m + 5, 0): SAMPLED_M - 5 + after_m * pace(-0.1),
        (up_m + SAMPLED_M + 5, 0): (after_m - 5) * pace(-0.1),
    }
    street = [Way([(0, 0), (STREET_M, 0)])]
    check_by_hand(street, expected_m, (STREET_M, 0), [ridge], tmp_path)


def test_beyond_the_raster_the_street_is_level(tmp_path: Path) -> None:
    # Centres end at 490 m, the rim's cells at 500 m: the sample at 495 m has the height of 490 m.
    raster = write_raster(
        tmp_path / "west.tif", lambda x, _: 0.1 * x, first=(-510.0, 1000.0), step=20.0, columns=51
    )
    last_m, rim_m = 24 * SAMPLED_M, 490.0
    rim_slope = 0.1 * (rim_m - last_m) / SAMPLED_M
    level_m = STREET_M - last_m - SAMPLED_M
    expected_m = {(0, 0): last_m * pace(0.1) + SAMPLED_M * pace(rim_slope) + level_m}
    street = [Way([(0, 0), (STREET_M, 0)])]
    check_by_hand(street, expected_m, (STREET_M, 0), [raster], tmp_path)


@pytest.mark.parametrize("junction", [False, True])
def test_unknown_heights_are_filled_in_along_an_edge(junction: bool, tmp_path: Path) -> None:
    # Cells from 310 to 590 m are void, the ground 30 m higher beyond them. Heights are known up to
    # 310 m and from 590 m on: until 15 of the 23 parts of the first 455 m, and from 7 of the 27 of
    # the other 535 m. A junction at 455 m makes two edges, each level where it knows nothing.
    raster = write_raster(
        tmp_path / "void.tif",
        lambda x, _: np.select([x < 305, x < 595], [0.0, -9999.0], 30.0),
        first=(-3000.0, 1000.0), step=10.0,
    )  # fmt: skip
    ways = [Way([(0, 0), (455, 0), (STREET_M, 0)])]
    rise_m = 455 * 8 / 23 + 535 * 7 / 27
    walk_m = STREET_M - rise_m + rise_m * pace(30 / rise_m)
    if junction:
        ways.append(Way([(455, 0), (455, 300)]))
        walk_m = STREET_M
    check_by_hand(ways, {(0, 0): walk_m}, (STREET_M, 0), [raster], tmp_path)


def test_the_first_raster_that_knows_a_height_decides(tmp_path: Path) -> None:
    # The first ends at 500 m and lies as high as the second there.
    west = write_raster(
        tmp_path / "west.tif", lambda x, _: 0.1 * x, first=(-509.0, 1000.0), step=1.0,
        columns=1010, rows=2000,
    )  # fmt: skip
    whole = write_raster(tmp_path / "whole.tif", lambda x, _: 0.05 * (x - 500) + 50)
    ways = [Way([(0, 0), (500, 0), (1000, 0)])]
    for name, rasters, first in (("a", [west, whole], 0.1), ("b", [whole, west], 0.05)):
        (tmp_path / name).mkdir()
        expected_m = {(0, 0): 500 * pace(first) + 500 * pace(0.05)}
        check_by_hand(ways, expected_m, (1000, 0), rasters, tmp_path / name)


@pytest.mark.parametrize("tags", [BRIDGE, {"highway": "footway", "tunnel": "yes"}])
def test_bridge_over_a_valley(tags: dict[str, str], tmp_path: Path) -> None:
    # In two ways and with a bend in height but for the bridge, which runs from shore to shore.
    ways = [
        Way([(0, 0), (300, 0)]),
        Way([(300, 0), (400, 0), (450, 0)], tags),
        Way([(450, 0), (700, 0)], tags),
        Way([(700, 0), (STREET_M, 0)]),
    ]
    slope = 0.1 * ((700 - KINK_M) - (KINK_M - 300)) / 400
    expected_m = {(0, 0): 300 * pace(-0.1) + 400 * pace(slope) + (STREET_M - 700) * pace(0.1)}
    check_by_hand(ways, expected_m, (STREET_M, 0), [fold(tmp_path, 0.1)], tmp_path)


def test_a_building_passage_follows_the_ground(tmp_path: Path) -> None:
    passage = {"highway": "footway", "tunnel": "building_passage"}
    ways = [Way([(0, 0), (100, 0)]), Way([(100, 0), (400, 0)], passage)]
    expected_m = {(0, 0): 400 * pace(-0.1)}
    check_by_hand(ways, expected_m, (400, 0), [fold(tmp_path, 0.1)], tmp_path)


def test_bridge_that_forks_in_the_air(tmp_path: Path) -> None:
    # The fork at (500, 0) hangs between three shores, the nearer ones counting for more.
    shores = {(300.0, 0.0): 200.0, (700.0, 0.0): 200.0, (500.0, 100.0): 100.0}
    streets = {(300.0, 0.0): (50.0, 0.0), (700.0, 0.0): (950.0, 0.0), (500.0, 100.0): (500, 600)}
    height_m = {shore: 0.1 * abs(shore[0] - KINK_M) for shore in shores}
    fork_m = sum(height_m[s] / away for s, away in shores.items()) / sum(
        1 / away for away in shores.values()
    )
    ways = [Way([shore, (500, 0)], BRIDGE) for shore in shores]
    ways += [Way([far, shore]) for shore, far in streets.items()]
    ends = {far: shore for shore, far in streets.items()}
    site = (950.0, 0.0)
    over_m = 200 * pace((height_m[700.0, 0.0] - fork_m) / 200) + 250 * pace(0.1)
    expected_m = {
        far: {50: 250 * pace(-0.1), 500: 500.0}[int(far[0])]
        + shores[shore] * pace((fork_m - height_m[shore]) / shores[shore])
        + over_m
        for far, shore in ends.items()
        if far != site
    }
    check_by_hand(ways, expected_m, site, [fold(tmp_path, 0.1)], tmp_path)


# Towns and ground drawn at random.


def rough(folder: Path, seed: int) -> list[Path]:
    """Hills with scattered and wide voids, and a second raster that knows some of them."""
    rng = np.random.default_rng(seed)
    cells = rng.normal(0, 5, (60, 60)).cumsum(axis=0)
    cells[rng.random(cells.shape) < 0.1] = -9999
    cells[20:26, 28:34] = -9999
    cells[:, 48:51] = -32768
    second = rng.normal(30, 3, (20, 80))
    size = {"crs": "EPSG:32649", "step": 35.0}
    # The towns lie from (-200, -200) to (1100, 1100); in UTM zone 49 their origin is here.
    x, y = pyproj.Transformer.from_crs(4326, 32649, always_xy=True).transform(*ORIGIN)
    return [
        write_raster(folder / "rough.tif", lambda *_: cells, first=(x - 600, y + 1000), columns=60,
                     rows=60, **size),
        write_raster(folder / "second.tif", lambda *_: second, first=(x - 900, y + 200),
                     columns=80, rows=20, **size),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["osm", "gpkg"])
@pytest.mark.parametrize("seed", [1, 2, 3, 5, 6, 7])
def test_package_agrees_with_the_oracle(seed: int, kind: str, tmp_path: Path) -> None:
    rasters = rough(tmp_path, seed)
    found, expected = both(random_town(seed), rasters, tmp_path, kind)
    oracle.agree(found, expected, within_s=WITHIN_S)


def test_level_ground_changes_nothing(tmp_path: Path) -> None:
    level = write_raster(tmp_path / "level.tif", lambda x, _: np.full(x.shape, 812.0))
    oracle_cases.write_town(random_town(3), tmp_path, "osm")
    flat = run(tmp_path / "plan.toml")
    found = run(with_elevation(tmp_path / "plan.toml", [level]))
    assert np.isfinite(flat["walk_s"]).sum() > 10
    np.testing.assert_allclose(found["walk_s"], flat["walk_s"], rtol=0, atol=1e-6)


# Real hills.


@dataclass(frozen=True)
class RealTown:
    """A real network with its ground, homes and sites, and what both say of it."""

    network: Path
    rasters: list[Path]
    streets: oracle.Streets
    homes: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame
    found: pd.DataFrame
    expected: pd.DataFrame


def _points(name: str, lonlat: np.ndarray) -> gpd.GeoDataFrame:
    ids = [f"{name[0]}{i:03d}" for i in range(len(lonlat))]
    return gpd.GeoDataFrame(
        {name: ids, "people": 10}, geometry=shapely.points(lonlat), crs="EPSG:4326"
    )


REAL = {
    "north_bayreuth": ("north-bayreuth.osm.gz", ["N49E011.hgt.zip", "N50E011.hgt.zip"]),
    "porto_alegre": ("poa_osm.pbf", ["poa_elevation.tif"]),
}


@pytest.fixture(
    scope="module",
    params=["north_bayreuth", pytest.param("porto_alegre", marks=pytest.mark.slow)],
)
def hills(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> RealTown:
    data = Path(FOLDER) / request.param
    source, tiles = REAL[request.param]
    network, rasters = data / source, [data / tile for tile in tiles]
    streets = oracle.read_streets(network)
    rng = np.random.default_rng(SEED)
    everywhere = np.ones(len(streets.ends), dtype=bool)
    on_bridges = near_streets(streets, rng, n=ON_BRIDGES, within_m=10, among=streets.overpass)
    left = HOMES - ON_BRIDGES
    spread = near_streets(streets, rng, n=left, within_m=200, among=everywhere)
    homes = _points("residence_id", np.vstack([on_bridges, spread]))
    sites = _points("site_id", near_streets(streets, rng, n=SITES, within_m=80, among=everywhere))
    folder = tmp_path_factory.mktemp(request.param)
    oracle_cases.write_plan(folder, network, residences=homes, sites=sites)
    found = run(with_elevation(folder / "plan.toml", rasters))
    expected = assess_by_oracle(streets, homes, sites, rasters)
    return RealTown(network, rasters, streets, homes, sites, found, expected)


@real
def test_real_hills(hills: RealTown) -> None:
    flat = oracle.assess(hills.streets, hills.homes, hills.sites)
    oracle.agree(hills.found, hills.expected, within_s=WITHIN_S)
    reached = np.isfinite(flat["walk_s"])
    np.testing.assert_array_equal(np.isfinite(hills.found["walk_s"]), reached)
    # So that the hills are not lost on both.
    assert (hills.expected["walk_s"] - flat["walk_s"])[reached].abs().median() > 20


@real
def test_the_way_back_is_another_walk(hills: RealTown, tmp_path: Path) -> None:
    """Let all sites walk to the home that walks longest; to its own site it took another time."""
    walks = hills.found[np.isfinite(hills.found["walk_s"])].sort_values("walk_s")
    home = walks.iloc[-1]
    chosen = hills.homes[hills.homes["residence_id"] == home["residence_id"]]
    homes = hills.sites.rename(columns={"site_id": "residence_id"})
    sites = chosen.rename(columns={"residence_id": "site_id"})
    oracle_cases.write_plan(tmp_path, hills.network, residences=homes, sites=sites)
    found = run(with_elevation(tmp_path / "plan.toml", hills.rasters))
    expected = assess_by_oracle(hills.streets, homes, sites, hills.rasters)
    oracle.agree(found, expected, within_s=WITHIN_S)
    back_s = found.set_index("residence_id")["walk_s"][home["site_id"]]
    assert abs(back_s - home["walk_s"]) > 10


@real
def test_real_streets_on_level_ground(hills: RealTown, tmp_path: Path) -> None:
    west, south = hills.streets.lonlat.min(axis=0) - 0.1
    _, north = hills.streets.lonlat.max(axis=0) + 0.1
    side = int((north - south) / 0.001) * 3
    level = write_raster(
        tmp_path / "level.tif", lambda x, _: np.full(x.shape, 812.0), crs="EPSG:4326",
        first=(west, north), step=0.001, columns=side, rows=side, dtype="int16",
    )  # fmt: skip
    oracle_cases.write_plan(tmp_path, hills.network, residences=hills.homes, sites=hills.sites)
    flat = run(tmp_path / "plan.toml")
    found = run(with_elevation(tmp_path / "plan.toml", [level]))
    assert np.isfinite(flat["walk_s"]).sum() > HOMES / 2
    np.testing.assert_allclose(found["walk_s"], flat["walk_s"], rtol=0, atol=1e-6)
