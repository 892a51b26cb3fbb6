"""Population cells: which cell a place lies in, shares, true areas, the study area."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from walkcover import InputError
from walkcover.cells import (
    cell_centres,
    cell_of_places,
    people_of_density,
    share_cells,
    study_area,
)

GEOD = Geod(ellps="WGS84")
# A degree of longitude is 0.79 of one of latitude here.
LON, LAT = 112.5, 37.8


def series(*shapes: shapely.Geometry) -> gpd.GeoSeries:
    return gpd.GeoSeries(list(shapes), crs=4326)


def grid(columns: int, rows: int, step: float, *, west: float = LON, south: float = LAT):
    """Corners of cells of a grid in degrees: west, south, east, north."""
    return [
        (west + i * step, south + j * step, west + (i + 1) * step, south + (j + 1) * step)
        for j in range(rows)
        for i in range(columns)
    ]


def test_centres_lie_in_their_cells():
    bent = shapely.Polygon([(0, 0), (4, 0), (4, 4), (3.9, 4), (3.9, 0.1), (0, 0.1)])
    cells = series(shapely.box(0, 0, 2, 4), bent, shapely.Point(7, 8)).set_axis(list("abc"))
    centres = cell_centres(cells)
    assert centres.index.tolist() == list("abc")
    assert centres["a"].equals(shapely.Point(1, 2))
    assert not bent.contains(bent.centroid)
    assert bent.contains(centres["b"])
    assert centres["c"].equals(shapely.Point(7, 8))


@given(st.data())
def test_cells_of_polygons_match_a_loop(data):
    columns, rows = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 5))
    boxes = grid(columns, rows, 0.25)
    kept = data.draw(st.lists(st.sampled_from(boxes), min_size=1, unique=True))
    # Quarters of a quarter: many places lie on borders and corners.
    step = st.integers(-2, 22).map(lambda n: n / 16)
    places = data.draw(st.lists(st.tuples(step, step), min_size=1, max_size=30))
    points = [(LON + x, LAT + y) for x, y in places]
    found = cell_of_places(
        series(*[shapely.box(*box) for box in kept]), series(*map(shapely.Point, points))
    )
    for (x, y), cell in zip(points, found, strict=True):
        holding = [row for row, (w, s, e, n) in enumerate(kept) if w <= x <= e and s <= y <= n]
        assert cell == min(holding, default=-1)


@pytest.mark.parametrize("cell_m", [0.0, 200.0])
def test_points_take_the_nearest_centre_within_half_a_diagonal(cell_m):
    # Cells of 200 m to the east and 250 m to the north, one of them missing.
    steps = [(i, j) for i in range(9) for j in range(7) if (i, j) != (4, 3)]
    origin = shapely.Point(LON, LAT)
    centres = [moved(origin, 200.0 * i, 250.0 * j) for i, j in steps]
    random = np.random.default_rng(5)
    homes = [
        moved(origin, east, north)
        for east, north in zip(
            random.uniform(-400, 2000, 400), random.uniform(-400, 1900, 400), strict=True
        )
    ]
    found = cell_of_places(series(*centres), series(*homes), cell_m=cell_m)
    reach_m = 200.0 / 2**0.5 if cell_m else np.hypot(200.0, 250.0) / 2
    decided = 0
    for home, cell in zip(homes, found, strict=True):
        away_m = [GEOD.inv(home.x, home.y, centre.x, centre.y)[2] for centre in centres]
        first, second = np.partition(away_m, 1)[:2]
        if second - first < 0.1 or abs(first - reach_m) < 0.1:
            continue
        decided += 1
        assert cell == (int(np.argmin(away_m)) if first < reach_m else -1)
    assert decided > 390
    assert 0 < (found == -1).sum() < 300


def moved(point: shapely.Point, east_m: float, north_m: float) -> shapely.Point:
    lon, lat, _ = GEOD.fwd(point.x, point.y, 0, north_m)
    lon, lat, _ = GEOD.fwd(lon, lat, 90, east_m)
    return shapely.Point(lon, lat)


def test_cells_that_overlap_are_refused():
    boxes = [shapely.box(*box) for box in grid(2, 1, 0.25)]
    parent = shapely.box(LON, LAT, LON + 0.25, LAT + 0.5)
    cells = gpd.GeoDataFrame({"cell_id": ["a", "b", "p"]}, geometry=[*boxes, parent], crs=4326)
    with pytest.raises(
        InputError, match="1 lie with their centre in another, first a in p: expected"
    ):
        cell_of_places(cells, series(shapely.Point(LON, LAT)))
    twice = series(boxes[0], boxes[1], boxes[1])
    with pytest.raises(InputError, match="1 in 2; 2 in 1: expected cells that share borders only"):
        cell_of_places(twice, series(shapely.Point(LON, LAT)))


def test_cells_of_two_kinds_and_too_few_centres_are_refused():
    here = series(shapely.Point(LON, LAT))
    with pytest.raises(InputError, match="points and polygons are mixed"):
        cell_of_places(series(shapely.box(0, 0, 1, 1), shapely.Point(2, 2)), here)
    with pytest.raises(InputError, match=r"3 cells .* give the side .* \[population\] cell_m"):
        cell_of_places(series(*[shapely.Point(LON + i, LAT) for i in range(3)]), here)
    assert cell_of_places(here, here, cell_m=10.0).tolist() == [0]


@given(st.data())
def test_shares_match_a_loop_and_fill_every_cell(data):
    cells = data.draw(st.integers(1, 6))
    cell = data.draw(st.lists(st.integers(-1, cells - 1), min_size=1, max_size=40))
    weight = st.one_of(st.just(0.0), st.floats(1e-3, 1e6))
    weights = data.draw(st.lists(weight, min_size=len(cell), max_size=len(cell)))
    share, empty = share_cells(cell, weights, cells=cells)
    for number in range(cells):
        rows = [row for row, own in enumerate(cell) if own == number]
        room = sum(weights[row] for row in rows)
        assert empty[number] == (room == 0)
        for row in rows:
            assert share[row] == pytest.approx(weights[row] / room if room else 0.0, rel=1e-12)
        assert share[rows].sum() == pytest.approx(0.0 if empty[number] else 1.0, rel=1e-12)
    assert (share[np.array(cell) == -1] == 0).all()


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf])
def test_weights_that_are_none_are_refused(weight):
    with pytest.raises(InputError, match=r"weights of 1 places, first place 1 .*from 0 on"):
        share_cells([0, 0], [1.0, weight], cells=1)


@settings(max_examples=30)
@given(
    st.floats(-179, 178),
    st.floats(-70, 70),
    st.sampled_from([1 / 1200, 1 / 120, 0.01]),
    st.floats(0, 5e4),
)
def test_density_times_the_closed_form_of_the_area(lon, lat, step, per_km2):
    cell = shapely.box(lon, lat, lon + step, lat + step)
    got = people_of_density(series(cell), [per_km2])
    assert got[0] == pytest.approx(per_km2 * degree_cell_km2(lat, lat + step, step), rel=1e-6)


def degree_cell_km2(south: float, north: float, width: float) -> float:
    """Area between two parallels on the WGS84 ellipsoid, by the authalic latitude."""
    b, e = GEOD.b / 1000, GEOD.es**0.5

    def zone(lat: float) -> float:
        sine = np.sin(np.radians(lat))
        return sine / (2 * (1 - (e * sine) ** 2)) + np.arctanh(e * sine) / (2 * e)

    return float(np.radians(width) * b**2 * (zone(north) - zone(south)))


def test_points_have_no_density():
    with pytest.raises(InputError, match=r"1 cells are points .*unit = \"people\""):
        people_of_density(series(shapely.box(0, 0, 1, 1), shapely.Point(3, 3)), [1.0, 1.0])


def test_study_area_is_the_smallest_zones_or_the_box_of_the_network():
    bounds = (112.4, 37.7, 112.6, 37.9)
    leaves = [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]
    zones = gpd.GeoDataFrame(
        {"zone_id": ["a", "b", "c"], "parent_id": ["c", "c", None]},
        geometry=[*leaves, shapely.box(0, 0, 9, 9)],
        crs=4326,
    )
    assert study_area(zones, bounds, margin_m=250).equals(shapely.box(0, 0, 2, 1))
    undrawn = zones.set_geometry(gpd.GeoSeries([None] * 3, crs=4326))
    for given_zones in (None, undrawn):
        west, south, east, north = study_area(given_zones, bounds, margin_m=250).bounds
        assert GEOD.inv(112.5, north, 112.5, 37.9)[2] == pytest.approx(250, rel=0.01)
        assert GEOD.inv(112.5, south, 112.5, 37.7)[2] == pytest.approx(250, rel=0.01)
        for lat in (south, north):
            assert 249 < GEOD.inv(west, lat, 112.4, lat)[2] < 253
            assert 249 < GEOD.inv(east, lat, 112.6, lat)[2] < 253
