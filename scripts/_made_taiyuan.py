"""
A made city of the size of Taiyuan's six districts: streets, sites, laboratories, stations.

Nothing here is a real place. Real are the totals that the source of the task names: 4.6292 million
tests in seven days at 2,022 sites, 73 laboratories with 1,265 staff. Streets are a seeded grid with
defects: a river with few bridges, missing blocks, one-way streets, thinner towards the edge.
"""

import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from walkcover.network import Lines
from walkcover.operations import Demand

TESTS, DAYS, SITES, LABORATORIES, STAFF = 4_629_200.0, 7.0, 2_022, 73, 1_265
STATIONS, PEOPLE = 40, 4_529_000.0
CENTER = (112.55, 37.87)
# Metres of a degree there; the grid's step, and how far it goes west-east and south-north.
METRES = (111_320.0 * math.cos(math.radians(CENTER[1])), 111_000.0)
STEP_M, SIDE_M = 250.0, (36_000.0, 40_000.0)
OPEN_HOURS = range(8, 20)
# Every so many lines of the grid one is a road of this kind; the others are residential.
KINDS = ((16, "primary", 50.0), (8, "secondary", 40.0), (4, "tertiary", 35.0))
RIVER_LINE, BRIDGE_EVERY = 0.02, 8


@dataclass(frozen=True)
class City:
    """Streets, demand, laboratories and stations of a made city."""

    streets: Lines
    demand: Demand
    laboratories: gpd.GeoDataFrame
    stations: gpd.GeoDataFrame


def make_city(
    *,
    sites: int = SITES,
    laboratories: int = LABORATORIES,
    stations: int = STATIONS,
    tests: float = TESTS,
    side_m: tuple[float, float] = SIDE_M,
    room: float = 1.15,
    seed: int = 0,
) -> City:
    """
    Make a city.

    Parameters
    ----------
    sites, laboratories, stations
        How many there are.
    tests
        Tests in seven days.
    side_m
        Size of the city, west-east and south-north.
    room
        Tubes that all laboratories can test, for each full tube of ten.
    seed
        Start of the random numbers.

    Returns
    -------
    city
        As `walkcover.relay.plan_relay` takes it.
    """
    rng = np.random.default_rng(seed)
    streets = _streets(rng, side_m)
    demand = _demand(rng, sites, tests, side_m)
    spots = shapely.get_coordinates(demand.sites.geometry)
    labs = _near(rng, spots, laboratories, 400.0)
    weights = rng.lognormal(0.0, 0.6, laboratories)
    tubes = np.floor(room * tests / DAYS / 10.0 * weights / weights.sum())
    hours = rng.choice([24.0, 16.0], laboratories, p=[0.7, 0.3])
    own = np.full(laboratories, "", dtype=object)
    # The largest laboratories stand in hospitals that have a site.
    largest = np.argsort(-tubes)[: max(1, laboratories // 10)]
    own[largest] = rng.choice(demand.sites["site_id"], largest.size, replace=False)
    table = gpd.GeoDataFrame(
        {
            "laboratory_id": [f"L{k:03d}" for k in range(1, laboratories + 1)],
            "name": [f"laboratory {k}" for k in range(1, laboratories + 1)],
            "tubes_per_day": np.maximum(tubes, 1.0),
            "staff": np.maximum(1.0, np.rint(STAFF / LABORATORIES * weights / weights.mean())),
            "hours_per_day": hours,
            "site_id": own,
        },
        geometry=shapely.points(labs),
        crs=4326,
    )
    places = _near(rng, spots, stations, 300.0)
    ids = {"station_id": [f"T{k:02d}" for k in range(1, stations + 1)]}
    names = {"name": [f"station {k}" for k in range(1, stations + 1)]}
    halls = gpd.GeoDataFrame(ids | names, geometry=shapely.points(places), crs=4326)
    return City(streets, demand, table, halls)


def _streets(rng: np.random.Generator, side_m: tuple[float, float]) -> Lines:
    """A grid that thins out towards the edge, with a river, one-way streets and missing blocks."""
    n = [round(side / STEP_M) + 1 for side in side_m]
    i, j = (part.ravel() for part in np.meshgrid(np.arange(n[0]), np.arange(n[1]), indexing="ij"))
    jitter = rng.normal(0.0, 25.0, (2, i.size))
    x = i * STEP_M - side_m[0] / 2 + jitter[0]
    y = j * STEP_M - side_m[1] / 2 + jitter[1]
    node = np.arange(i.size).reshape(n)
    east = np.stack([node[:-1].ravel(), node[1:].ravel()], axis=1)
    north = np.stack([node[:, :-1].ravel(), node[:, 1:].ravel()], axis=1)
    ends = np.concatenate([east, north])
    line = np.concatenate([j[east[:, 0]], i[north[:, 0]]])
    every = np.select([line % step == 0 for step, _, _ in KINDS], [s for s, _, _ in KINDS], 1)
    reach = np.hypot(x / (side_m[0] / 3), y / (side_m[1] / 3))[ends[:, 0]]
    share = np.where(every == 1, 0.95 - 0.75 * np.clip(reach, 0, 1.2), 0.98)
    share = np.where(every == 4, 0.98 - 0.4 * np.clip(reach - 0.6, 0, 1), share)
    keep = rng.random(len(ends)) < share
    # West of the middle runs a river; only some streets cross it.
    river = round((0.5 - RIVER_LINE) * n[0])
    crosses = (np.arange(len(ends)) < len(east)) & (i[ends[:, 0]] == river)
    keep &= ~crosses | (line % BRIDGE_EVERY == 0)
    one_way = (rng.random(len(ends)) < 0.05) & (every == 1)
    keep[keep] = _hangs_together(ends[keep], one_way[keep], i.size)
    ends, every, one_way, crosses = ends[keep], every[keep], one_way[keep], crosses[keep]
    kinds = {step: (kind, kmh) for step, kind, kmh in KINDS} | {1: ("residential", 25.0)}
    tags = pd.DataFrame(
        {
            "name": "",
            "highway": [kinds[step][0] for step in every.tolist()],
            "private": False,
            "raised": crosses,
            "forward": True,
            "backward": ~one_way,
            "kmh": [kinds[step][1] for step in every.tolist()],
        }
    )
    flat = ends.ravel()
    return Lines(
        indptr=2 * np.arange(len(ends) + 1),
        lon=CENTER[0] + x[flat] / METRES[0],
        lat=CENTER[1] + y[flat] / METRES[1],
        point=flat,
        tags=tags,
    )


def _hangs_together(ends: np.ndarray, one_way: np.ndarray, n: int) -> np.ndarray:
    """Flag streets of the largest part from which every other street of it can be driven to."""
    tail = np.concatenate([ends[:, 0], ends[~one_way, 1]])
    head = np.concatenate([ends[:, 1], ends[~one_way, 0]])
    graph = coo_array((np.ones(tail.size, dtype=np.int8), (tail, head)), shape=(n, n))
    part = connected_components(graph, directed=True, connection="strong")[1]
    inside = part == np.bincount(part).argmax()
    return inside[ends].all(axis=1)


def _demand(
    rng: np.random.Generator, sites: int, tests: float, side_m: tuple[float, float]
) -> Demand:
    """Sites where people live, most of them in the middle, with their tests by the hour."""
    towns = np.array([[0.0, 0.0], [0.05, 0.22], [0.1, -0.25], [-0.25, 0.05], [0.28, 0.1]])
    spread = np.array([[0.12, 0.15], [0.05, 0.05], [0.06, 0.05], [0.05, 0.05], [0.04, 0.05]])
    town = rng.choice(5, sites, p=[0.7, 0.09, 0.09, 0.07, 0.05])
    at = np.clip(towns[town] + rng.normal(size=(sites, 2)) * spread[town], -0.48, 0.48)
    weights = rng.lognormal(0.0, 0.35, sites)
    daily = tests / DAYS * weights / weights.sum()
    hours = np.array(OPEN_HOURS)
    bumps = sum(np.exp(-(((hours + 0.5 - peak) / 1.5) ** 2) / 2) for peak in (12.0, 18.0))
    profile = 0.4 / hours.size + 0.6 * bumps / bumps.sum()
    ids = [f"S{k:04d}" for k in range(1, sites + 1)]
    points = shapely.points(np.array(CENTER) + at * np.array(side_m) / np.array(METRES))
    table = gpd.GeoDataFrame(
        {"site_id": ids, "name": ids, "origin": "existing", "tests": daily},
        geometry=points,
        crs=4326,
    )
    by_hour = pd.DataFrame(
        {
            "site_id": np.repeat(ids, hours.size),
            "hour": np.tile(hours, sites),
            "tests": (daily[:, None] * profile).ravel(),
        }
    )
    columns = ("place_id", "name", "service", "tests")
    nobody = gpd.GeoDataFrame({name: [] for name in columns}, geometry=[], crs=4326)
    summary = {
        "people": PEOPLE,
        "tests_per_interval": tests,
        "interval_days": DAYS,
        "tests_per_day": tests / DAYS,
        "busiest_day_tests": tests / DAYS,
        "sites": sites,
        "tests_per_site_day": tests / DAYS / sites,
    }
    empty = pd.DataFrame()
    return Demand(nobody, empty, table, by_hour, empty, empty, summary)


def _near(rng: np.random.Generator, spots: np.ndarray, count: int, spread_m: float) -> np.ndarray:
    """Places near some of the spots, far from each other."""
    metres = spots * np.array(METRES)
    chosen = [int(rng.integers(len(spots)))] if count else []
    apart = np.full(len(spots), np.inf)
    while len(chosen) < count:
        apart = np.minimum(apart, np.hypot(*(metres - metres[chosen[-1]]).T))
        # The square root lets the dense middle have its share.
        odds = np.sqrt(apart)
        chosen.append(int(rng.choice(len(spots), p=odds / odds.sum())))
    return spots[chosen] + rng.normal(0.0, spread_m, (count, 2)) / np.array(METRES)
