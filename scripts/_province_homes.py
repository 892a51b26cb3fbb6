"""Residences along the streets of a province, and the few booths that stand already."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from _province_land import METRIC
from _province_places import CITY, COUNTY_TOWN, TOWN, VILLAGE
from _province_streets import AVENUE, LANE, STREET, STUB, Floats, Graph, Ints
from pyproj import Transformer

# Assumptions. People of a residence: an entrance of flats in cities, a farmstead or two in
# villages; on average 17.5, which makes two million of 35 million people.
PEOPLE_PER_HOME = {CITY: 40.0, COUNTY_TOWN: 25.0, TOWN: 12.0, VILLAGE: 10.5}
UNEVEN_HOMES = 0.5
# Front of a house from the middle of its street, in metres.
FRONT_M, DEPTH_M = 8.0, 22.0
# Houses that stand alone, and how far from the street: beyond the limit of 250 m for many.
ALONE = 0.004
ALONE_M = (120.0, 700.0)
# People per booth, where there are booths: far fewer than are needed, so that a plan has work.
PEOPLE_PER_BOOTH = {CITY: 20_000.0, COUNTY_TOWN: 24_000.0}
# Share of towns and villages with a booth.
WITH_BOOTH = {TOWN: 0.35, VILLAGE: 0.015}
STATUS = {"open": 0.92, "closed": 0.05, "planned": 0.03}


def place_homes(graph: Graph, settlements: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """
    Put residences along the streets of each settlement, more where there is more street.

    Parameters
    ----------
    graph
        Streets in the metric grid.
    settlements
        With code, kind and people.
    seed
        Draws places and people.

    Returns
    -------
    homes
        In the order of the settlements: residence_id (code of the settlement and a number),
        people (whole; each settlement has its own number of them in all), place (row of the
        settlement), x, y.
    """
    rng = np.random.default_rng([seed, 6])
    people = settlements["people"].to_numpy(float)
    each = settlements["kind"].map(PEOPLE_PER_HOME).to_numpy(float)
    count = np.maximum(1, np.round(people / each)).astype(np.int64)
    place = np.repeat(np.arange(len(settlements)), count)
    x, y, dx, dy = _along(graph, place, settlements, rng)
    side = np.where(rng.random(len(place)) < 0.5, 1.0, -1.0)
    away_m = FRONT_M + DEPTH_M * rng.gamma(1.2, 1.0, len(place)) / 1.2
    alone = rng.random(len(place)) < ALONE
    away_m = np.where(alone, rng.uniform(*ALONE_M, len(place)), away_m) * side
    weight = rng.lognormal(0, UNEVEN_HOMES, len(place))
    start = np.cumsum(count) - count
    number = np.arange(len(place)) - start[place]
    code = settlements["code"].to_numpy(object)
    ids = [f"{c}-{n + 1:05d}" for c, n in zip(code[place], number, strict=True)]
    return pd.DataFrame(
        {
            "residence_id": ids,
            "people": _whole_people(weight, place, start, people),
            "place": place,
            "x": x - dy * away_m,
            "y": y + dx * away_m,
        }
    )


def place_booths(homes: pd.DataFrame, settlements: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """
    Put booths beside residences, where many people live sooner than where few do.

    Parameters
    ----------
    homes
        As `place_homes` gives them.
    settlements
        With name, kind and people.
    seed
        Draws where.

    Returns
    -------
    booths
        site_id, name, status, x, y.
    """
    rng = np.random.default_rng([seed, 7])
    kind = settlements["kind"]
    wanted = settlements["people"] / kind.map(PEOPLE_PER_BOOTH).fillna(np.inf)
    count = np.ceil(wanted.to_numpy(float)).astype(np.int64)
    count += rng.random(len(settlements)) < kind.map(WITH_BOOTH).fillna(0.0).to_numpy(float)
    total = np.cumsum(homes["people"].to_numpy(float))
    place = homes["place"].to_numpy()
    first = np.searchsorted(place, np.arange(len(settlements) + 1))
    before = np.append(0.0, total)[first]
    of = np.repeat(np.arange(len(settlements)), count)
    drawn = before[of] + rng.random(len(of)) * (before[of + 1] - before[of])
    home = np.minimum(np.searchsorted(total, drawn, side="right"), len(homes) - 1)
    number = np.arange(len(of)) - (np.cumsum(count) - count)[of]
    name = settlements["name"].to_numpy(object)[of]
    return pd.DataFrame(
        {
            "site_id": [f"B{n + 1:05d}" for n in range(len(of))],
            "name": [f"{a}采样点{n + 1}" for a, n in zip(name, number, strict=True)],
            "status": rng.choice(list(STATUS), len(of), p=list(STATUS.values())),
            "x": homes["x"].to_numpy()[home] + rng.uniform(-15, 15, len(of)),
            "y": homes["y"].to_numpy()[home] + rng.uniform(-15, 15, len(of)),
        }
    )


def as_points(table: pd.DataFrame) -> gpd.GeoDataFrame:
    """Turn x and y of the metric grid into points in EPSG:4326, rounded to 1e-7 degrees."""
    to_degrees = Transformer.from_crs(METRIC, 4326, always_xy=True)
    lon, lat = to_degrees.transform(table["x"].to_numpy(), table["y"].to_numpy())
    points = shapely.points(np.round(lon, 7), np.round(lat, 7))
    return gpd.GeoDataFrame(table.drop(columns=["x", "y"]), geometry=points, crs=4326)


def _along(
    graph: Graph, place: Ints, settlements: pd.DataFrame, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats, Floats]:
    """Draw points along the streets of settlements: x, y and the direction of the street."""
    n = len(settlements)
    of = graph.place[graph.u]
    lived = np.flatnonzero((of >= 0) & np.isin(graph.kind, [AVENUE, STREET, LANE, STUB]))
    lived = lived[np.argsort(of[lived], kind="stable")]
    length_m = graph.length_m[lived]
    until = np.cumsum(length_m)
    first = np.searchsorted(of[lived], np.arange(n + 1))
    before = np.append(0.0, until)[first]
    drawn = before[place] + rng.random(len(place)) * (before[place + 1] - before[place])
    link = np.minimum(np.searchsorted(until, drawn, side="right"), first[place + 1] - 1)
    share = np.clip((drawn - (until[link] - length_m[link])) / length_m[link], 0, 1)
    u, v = graph.u[lived[link]], graph.v[lived[link]]
    dx, dy = graph.x[v] - graph.x[u], graph.y[v] - graph.y[u]
    long_m = np.hypot(dx, dy)
    return graph.x[u] + dx * share, graph.y[u] + dy * share, dx / long_m, dy / long_m


def _whole_people(weight: Floats, place: Ints, start: Ints, people: Floats) -> Floats:
    """Share the people of each settlement out by weight, in whole numbers without loss."""
    until = np.cumsum(weight)
    before = np.append(0.0, until)[start]
    end = np.append(start[1:], len(weight)) - 1
    share = (until - before[place]) / (until[end] - before)[place]
    share[end] = 1.0
    reached = np.round(share * people[place])
    own = np.diff(reached, prepend=0.0)
    own[start] = reached[start]
    return np.asarray(own)
