"""Heights along streets: knots, voids, bridges; and rasters read against closed forms."""

import itertools
import logging
import math
import zipfile

import networkx as nx
import numpy as np
import pytest
import rasterio
from drawing import draw_network
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle_cases import GEOD, Way, lonlat
from pyproj import Transformer

from walkcover._errors import InputError, MissingFileError
from walkcover.elevation import (
    EdgeHeights,
    edge_heights,
    steep_edges,
    steepest,
    street_knots,
)
from walkcover.io.elevation import sample_heights
from walkcover.network import row_of

WEST, NORTH = 113.0, 37.95


def plane(lon, lat):
    """A tilted plane: between cell centres it is what bilinear reading gives."""
    return 800.0 + 1000.0 * (np.asarray(lon) - 113.05) - 500.0 * (np.asarray(lat) - 37.87)


def write_raster(path, grid, *, crs="EPSG:4326", transform=None, nodata=None, bands=1):
    transform = transform or rasterio.transform.from_origin(WEST, NORTH, 0.001, 0.001)
    grid = np.asarray(grid, dtype=np.float32)
    options = {"driver": "GTiff", "height": grid.shape[0], "width": grid.shape[1]}
    options |= {"count": bands, "dtype": "float32", "crs": crs, "transform": transform}
    with rasterio.open(path, "w", nodata=nodata, **options) as file:
        for band in range(bands):
            file.write(grid, band + 1)
    return path


def centres(n, m, cell=0.001):
    lon = WEST + (np.arange(m) + 0.5) * cell
    lat = NORTH - (np.arange(n) + 0.5) * cell
    return np.meshgrid(lon, lat)


# Knots


def test_long_segments_are_sampled_evenly_and_vertices_always():
    network = draw_network([Way([(0, 0), (50, 0), (55, 0)])])
    knots = street_knots(network, sample_m=20.0)
    assert knots.indptr.tolist() == [0, 5]
    assert np.diff(knots.at_m).round(1).tolist() in ([16.7] * 3 + [5.0], [5.0] + [16.7] * 3)
    along = GEOD.inv(knots.lon[:-1], knots.lat[:-1], knots.lon[1:], knots.lat[1:])[2]
    np.testing.assert_allclose(along, np.diff(knots.at_m), atol=1e-4)


@given(st.lists(st.floats(0.5, 200.0), min_size=1, max_size=6), st.floats(1.0, 60.0))
def test_no_two_knots_lie_farther_apart_than_asked_for(steps, sample_m):
    spots = [(float(x), 0.0) for x in np.cumsum([0.0, *steps])]
    network = draw_network([Way(spots), Way([(0.0, 0.0), (0.0, 75.0)])])
    knots = street_knots(network, sample_m=sample_m)
    edge = row_of(knots.indptr)
    gaps = np.diff(knots.at_m)[edge[1:] == edge[:-1]]
    assert (gaps >= 0).all()
    assert gaps.max() <= sample_m * (1 + 1e-9)
    np.testing.assert_array_equal(knots.at_m[knots.indptr[:-1]], 0.0)
    np.testing.assert_array_equal(knots.at_m[knots.indptr[1:] - 1], network.length_m)
    assert np.isin(network.at_m, knots.at_m).all()


# Bridges, tunnels and voids

STREET = {"highway": "residential"}
BRIDGE = STREET | {"bridge": "yes"}
VALLEY = [
    Way([(0, 0), (100, 0)]),
    Way([(100, 0), (200, 0), (300, 0)], BRIDGE),
    Way([(300, 0), (400, 0)], BRIDGE),
    Way([(400, 0), (500, 0)]),
]


def valley_m(lon):
    """From 100 m on the western bank to 130 m on the eastern one, and 40 m down between them."""
    east = metres_east(lon)
    return np.where(east < 100.5, 100.0, np.where(east > 399.5, 130.0, 40.0))


def metres_east(lon):
    return (lon - lonlat((0, 0))[0]) / (lonlat((1000, 0))[0] - lonlat((0, 0))[0]) * 1000


def test_a_bridge_runs_evenly_between_its_ends_whatever_lies_below():
    network = draw_network(VALLEY)
    knots = street_knots(network)
    heights = edge_heights(network, knots, valley_m(knots.lon))
    expected = np.interp(metres_east(knots.lon), [100.0, 400.0], [100.0, 130.0])
    np.testing.assert_allclose(heights.height_m, expected, atol=0.01)
    assert heights.void_m == 0.0


def test_an_edge_of_a_bridge_that_ends_in_the_air_keeps_the_ground_there():
    network = draw_network(VALLEY[:2])
    knots = street_knots(network)
    ground = np.where(knots.lon > lonlat((299, 0))[0], 70.0, 100.0)
    heights = edge_heights(network, knots, ground)
    assert heights.height_m[network.raised[row_of(knots.indptr)]].max() == pytest.approx(100.0)
    last = np.argmax(knots.lon)
    assert heights.height_m[last] == pytest.approx(70.0)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_where_bridges_meet_heights_are_the_mean_by_nearness(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 7))
    spots = [tuple(map(float, rng.integers(-300, 300, 2))) for _ in range(n + 3)]
    if len(set(spots)) < len(spots):
        return
    graph = nx.gnm_random_graph(n, int(rng.integers(n - 1, 2 * n)), seed=seed % 1000)
    ways = [Way([spots[a], spots[b]], BRIDGE) for a, b in graph.edges]
    grounded = [k for k in range(min(3, n)) if graph.degree(k)]
    ways += [Way([spots[k], spots[n + k]]) for k in grounded]
    if not graph.edges:
        return
    network = draw_network(ways)
    knots = street_knots(network)
    ground = rng.normal(0.0, 30.0, network.n_nodes)
    raw = np.zeros(len(knots.lon))
    for node, knot in ((network.u, knots.indptr[:-1]), (network.v, knots.indptr[1:] - 1)):
        raw[knot] = ground[node]
    heights = edge_heights(network, knots, raw)
    found = np.full(network.n_nodes, np.nan)
    found[network.u] = heights.height_m[knots.indptr[:-1]]
    found[network.v] = heights.height_m[knots.indptr[1:] - 1]
    links = [[] for _ in range(network.n_nodes)]
    for edge in range(network.n_edges):
        for a, b in itertools.permutations((network.u[edge], network.v[edge])):
            links[a].append((b, network.length_m[edge], network.raised[edge]))
    held = [not all(up for *_, up in link) or len(link) == 1 for link in links]
    air = nx.Graph((network.u[e], network.v[e]) for e in np.flatnonzero(network.raised))
    for piece in nx.connected_components(air):
        hold = any(held[node] for node in piece)
        for node in piece:
            if held[node] or not hold:
                assert found[node] == pytest.approx(ground[node], abs=1e-9)
            else:
                weights = np.array([1.0 / length for _, length, _ in links[node]])
                around = np.array([found[other] for other, *_ in links[node]])
                assert found[node] == pytest.approx(weights @ around / weights.sum(), abs=1e-6)


def test_voids_are_filled_along_the_street_and_counted():
    network = draw_network([Way([(0, 0), (100, 0), (200, 0), (300, 0)])])
    knots = street_knots(network, sample_m=500.0)
    heights = edge_heights(network, knots, np.array([10.0, np.nan, np.nan, 40.0]))
    assert sorted(heights.height_m.round(2)) == [10.0, 20.0, 30.0, 40.0]
    assert heights.void_m == pytest.approx(300.0, abs=0.01)
    level = edge_heights(network, knots, np.array([np.nan, 20.0, np.nan, np.nan]))
    assert level.height_m.tolist() == [20.0] * 4


def test_a_street_without_any_height_is_level_and_counted():
    network = draw_network([Way([(0, 0), (100, 0)]), Way([(0, 50), (70, 50)])])
    knots = street_knots(network, sample_m=500.0)
    raw = np.where(row_of(knots.indptr) == 0, 5.0, np.nan)
    heights = edge_heights(network, knots, raw)
    assert heights.slopes().tolist() == [0.0, 0.0, 0.0]
    assert heights.void_m == pytest.approx(network.length_m[1], abs=1e-9)


def test_no_height_at_all_is_an_error():
    network = draw_network([Way([(0, 0), (100, 0)])])
    knots = street_knots(network)
    with pytest.raises(InputError, match="no street lies on the elevation"):
        edge_heights(network, knots, np.full(len(knots.lon), np.nan))


# Steep streets


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 2**32 - 1), st.floats(5.0, 60.0))
def test_the_steepest_part_is_that_of_every_pair_far_enough_apart(seed, over_m):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 8, 3)
    at_m = [np.concatenate([[0.0], np.cumsum(rng.uniform(1.0, 40.0, k - 1))]) for k in sizes]
    heights = EdgeHeights(
        np.cumsum([0, *sizes]), np.concatenate(at_m), rng.normal(0, 5, sizes.sum()), 0.0
    )
    found = steepest(heights, over_m=over_m)
    for edge in range(3):
        rows = slice(heights.indptr[edge], heights.indptr[edge + 1])
        at, height = heights.at_m[rows], heights.height_m[rows]
        wanted = min(over_m, at[-1])
        slopes = []
        for i in range(len(at)):
            far = [j for j in range(i + 1, len(at)) if at[j] - at[i] >= wanted - 1e-9]
            if far:
                slopes.append(abs(height[far[0]] - height[i]) / (at[far[0]] - at[i]))
        assert found[edge] == pytest.approx(max(slopes, default=0.0), rel=1e-9)


def test_impossible_slopes_are_listed_with_their_street():
    network = draw_network(
        [
            Way([(0, 0), (100, 0)], {"highway": "residential", "name": "坡路"}),
            Way([(0, 0), (0, 90)]),
        ]
    )
    knots = street_knots(network)
    cliff = np.where(knots.lon > lonlat((70, 0))[0], 60.0, 0.0)
    steep = steep_edges(network, edge_heights(network, knots, cliff))
    assert steep["name"].tolist() == ["坡路"]
    assert steep["slope"].iloc[0] == pytest.approx(60.0 / 20.0, rel=0.01)


# Rasters


def test_a_plane_is_read_exactly_between_cell_centres(tmp_path):
    lon, lat = centres(120, 90)
    path = write_raster(tmp_path / "dem.tif", plane(lon, lat))
    rng = np.random.default_rng(5)
    x, y = rng.uniform(lon.min(), lon.max(), 300), rng.uniform(lat.min(), lat.max(), 300)
    np.testing.assert_allclose(sample_heights([path], x, y), plane(x, y), atol=2e-3)


def test_a_raster_in_metres_is_read_in_place(tmp_path):
    to_metres = Transformer.from_crs(4326, 4546, always_xy=True)
    x0, y0 = to_metres.transform(113.05, 37.87)
    transform = rasterio.transform.from_origin(x0 - 3000, y0 + 3000, 30, 30)
    x = x0 - 3000 + (np.arange(200) + 0.5) * 30
    y = y0 + 3000 - (np.arange(200) + 0.5) * 30
    grid = 500.0 + 0.1 * (x[None, :] - x0) - 0.05 * (y[:, None] - y0)
    path = write_raster(tmp_path / "dem.tif", grid, crs="EPSG:4546", transform=transform)
    rng = np.random.default_rng(6)
    lon, lat = rng.uniform(113.03, 113.07, 50), rng.uniform(37.86, 37.88, 50)
    px, py = to_metres.transform(lon, lat)
    expected = 500.0 + 0.1 * (np.array(px) - x0) - 0.05 * (np.array(py) - y0)
    np.testing.assert_allclose(sample_heights([path], lon, lat), expected, atol=2e-3)


def test_voids_are_left_out_of_the_mean_and_outside_nothing_is_known(tmp_path):
    grid = np.array([[10.0, -9999.0], [20.0, -9999.0]])
    path = write_raster(tmp_path / "dem.tif", grid, nodata=-9999.0)
    lon = np.array([WEST + 0.001, WEST + 0.0016, WEST + 0.0005, WEST - 0.0001])
    lat = np.array([NORTH - 0.001, NORTH - 0.0005, NORTH - 0.0005, NORTH - 0.001])
    found = sample_heights([path], lon, lat)
    assert found[:3].tolist() == pytest.approx([15.0, math.nan, 10.0], nan_ok=True)
    assert np.isnan(found[3])


def test_of_several_rasters_the_first_that_knows_decides(tmp_path):
    first = write_raster(tmp_path / "a.tif", [[1.0, -9999.0]], nodata=-9999.0)
    second = write_raster(tmp_path / "b.tif", [[2.0, 3.0]])
    lon, lat = np.array([WEST + 0.0005, WEST + 0.0015]), np.full(2, NORTH - 0.0005)
    assert sample_heights([first, second], lon, lat).tolist() == [1.0, 3.0]
    assert sample_heights([second, first], lon, lat).tolist() == [2.0, 3.0]


def write_hgt(path, grid):
    path.write_bytes(np.asarray(grid, dtype=">i2").tobytes())
    return path


@pytest.mark.parametrize("zipped", [False, True])
def test_srtm_tiles_are_known_at_the_corners_of_their_grid(tmp_path, zipped):
    lat = 38.0 - np.arange(1201) / 1200
    grid = np.rint(1000.0 * (38.0 - lat))[:, None] + np.arange(1201)[None, :]
    grid[600, 600] = -32768
    path = write_hgt(tmp_path / "N37E113.hgt", grid)
    if zipped:
        packed = tmp_path / "N37E113.hgt.zip"
        with zipfile.ZipFile(packed, "w") as archive:
            archive.write(path, path.name)
        path.unlink()
        path = packed
    lon = np.array([113.0, 113.25, 113.0 + 10.5 / 1200, 113.5])
    row = np.array([300, 900, 240, 600])
    found = sample_heights([path], lon, 38.0 - row / 1200)
    expected = [grid[300, 0], grid[900, 300], (grid[240, 10] + grid[240, 11]) / 2]
    np.testing.assert_allclose(found[:3], expected, atol=1e-3)
    assert found[3] != -32768


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda folder: folder / "dem.tif", MissingFileError, "there is no such file"),
        (lambda folder: _text(folder / "dem.tif"), InputError, "heights cannot be read"),
        (lambda folder: _text(folder / "dem.asc"), InputError, "unknown kind of elevation file"),
        (lambda folder: _text(folder / "heights.hgt"), InputError, "under its own name"),
        (lambda folder: write_raster(folder / "a.tif", [[1.0]], crs=None), InputError, "no coord"),
        (lambda folder: write_raster(folder / "a.tif", [[1.0]], bands=3), InputError, "3 bands"),
        (lambda folder: write_raster(folder / "a.tif", [[-9999.0]]), InputError, "none in metres"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path, make, error, message):
    lon, lat = np.array([WEST + 0.0005]), np.array([NORTH - 0.0005])
    with pytest.raises(error, match=message):
        sample_heights([make(tmp_path)], lon, lat)


def _text(path):
    path.write_text("no raster")
    return path


# Real heights


def test_north_bayreuth_has_heights_everywhere(real_data, caplog):
    from walkcover.io.networks import read_network

    caplog.set_level(logging.WARNING)
    folder = real_data / "north_bayreuth"
    network = read_network(folder / "north-bayreuth.osm.gz")
    knots = street_knots(network)
    tiles = [folder / name for name in ("N49E011.hgt.zip", "N50E011.hgt.zip")]
    heights = edge_heights(network, knots, sample_heights(tiles, knots.lon, knots.lat))
    assert heights.void_m == 0.0
    assert 300 < np.median(heights.height_m) < 450
    assert steep_edges(network, heights).empty
