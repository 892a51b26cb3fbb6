"""Where people live: cities, county towns, towns and villages, with outline and people."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from _province_land import COUNTY, COUNTY_CITY, DISTRICT, Land
from shapely import MultiPolygon, Polygon

PEOPLE = 35_000_000
CITY, COUNTY_TOWN, TOWN, VILLAGE = "city", "county_town", "town", "village"
# Assumptions, not statistics: who lives where, as shares of all people ...
SHARES = {(CITY, DISTRICT): 0.36, (CITY, COUNTY_CITY): 0.04, (COUNTY_TOWN, COUNTY): 0.16,
          (TOWN, ""): 0.09, (VILLAGE, ""): 0.35}  # fmt: skip
# ... and how densely, in people per km² of settled land.
DENSITY = {CITY: 12_000.0, COUNTY_TOWN: 9_000.0, TOWN: 5_000.0, VILLAGE: 3_000.0}
# Spread of sizes within a kind: sigma of a lognormal.
SPREAD = {CITY: 0.0, COUNTY_TOWN: 0.4, TOWN: 0.5, VILLAGE: 0.7}
# Villages lie so far apart at least, and so far from the edge of towns and counties.
APART_M, MARGIN_M = 900.0, 500.0
# Grid cells tried for each village; those in the valleys are taken.
CELLS_PER_VILLAGE = 1.9
VALLEYS = 24
OUTLINE_POINTS = 72
COLUMNS = ("code", "name", "kind", "county", "people", "x", "y", "radius_m", "phase", "angle")

Shape = Polygon | MultiPolygon


def place_settlements(
    land: Land, *, people: int, seed: int
) -> tuple[pd.DataFrame, dict[int, Shape]]:
    """
    Put the settlements of a province into its counties.

    A city covers the districts of its prefecture around their middle; every other county has a
    county town, whose first town it is. Villages lie in the valleys of a made-up relief. Towns are
    the middle ones of their villages. Villages for which a county has no room are part of its city.

    Parameters
    ----------
    land
        Counties, towns and villages.
    people
        People of all settlements together.
    seed
        Draws everything.

    Returns
    -------
    settlements
        `COLUMNS`: people are whole numbers, places in the metric grid, radius_m of a circle with
        the area of the settlement, phase and angle of its outline in radians.
    outlines
        Polygons of cities and county towns by row of `settlements`.
    """
    rng = np.random.default_rng([seed, 2])
    cores = pd.concat([_cities(land), _seats(land)], ignore_index=True)
    cores["phase"] = rng.uniform(0, 2 * np.pi, len(cores))
    # Villages are placed around the towns, so that these take their share before.
    any_rural = bool((~land.villages["urban"]).any())
    cores["people"] = _share_out(cores, people, np.random.default_rng([seed, 3]), rural=any_rural)
    cores["radius_m"] = _radius(cores)
    shapes = _draw_cores(cores, land, rng)
    rural = _villages(land, shapes, rng)
    table = pd.concat([cores, rural], ignore_index=True)
    table["people"] = _share_out(table, people, np.random.default_rng([seed, 3]), rural=False)
    table.loc[len(cores) :, "radius_m"] = _radius(table)[len(cores) :]
    table.loc[len(cores) :, "phase"] = rng.uniform(0, 2 * np.pi, len(rural))
    # Cities are laid out by the compass, as those of the plains and basins are.
    turned = np.where(table["kind"] == CITY, 0.05, np.pi / 4)
    table["angle"] = rng.uniform(-1, 1, len(table)) * turned
    return table[list(COLUMNS)], dict(enumerate(shapes))


def rim_m(radius_m: np.ndarray, phase: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Distance of the outline from the middle: a circle with two and three bulges."""
    bulge = 0.14 * np.sin(2 * direction + phase) + 0.09 * np.sin(3 * direction + 2.3 * phase)
    return np.asarray(radius_m * (1 + bulge))


def _cities(land: Land) -> pd.DataFrame:
    """List a city per prefecture that has districts, weighted by its subdistricts."""
    districts = land.counties[land.counties["kind"] == DISTRICT]
    first = districts.groupby("prefecture", sort=True).first()
    rows = {
        "code": first["code"].to_numpy(),
        "name": first["name"].str[:-1].to_numpy(),
        "kind": CITY,
        "of": DISTRICT,
        "county": first["code"].to_numpy(),
        "weight": districts.groupby("prefecture")["urban"].sum().clip(lower=1).to_numpy(float),
    }
    return pd.DataFrame(rows)


def _seats(land: Land) -> pd.DataFrame:
    """List the seat of every county and county-level city."""
    counties = land.counties[land.counties["kind"] != DISTRICT]
    is_city = (counties["kind"] == COUNTY_CITY).to_numpy()
    rows = {
        "code": counties["code"].to_numpy(),
        "name": counties["name"].str[:-1].to_numpy(),
        "kind": np.where(is_city, CITY, COUNTY_TOWN),
        "of": counties["kind"].to_numpy(),
        "county": counties["code"].to_numpy(),
        "weight": 1.0,
    }
    return pd.DataFrame(rows)


def _share_out(
    table: pd.DataFrame, people: int, rng: np.random.Generator, *, rural: bool
) -> np.ndarray:
    """Split people by the shares of the kinds; the shares of kinds that are missing fall to all."""
    spread = table["kind"].map(SPREAD).to_numpy(float)
    weight = table["weight"].to_numpy(float) * np.exp(rng.normal(0, 1, len(table)) * spread)
    key = list(zip(table["kind"], table["of"], strict=True))
    share = np.array([SHARES[k] for k in key])
    total = pd.Series(weight).groupby(pd.MultiIndex.from_tuples(key)).transform("sum").to_numpy()
    present = sum(SHARES[k] for k in SHARES if k in set(key) or (rural and not k[1]))
    exact = people * share / present * weight / total
    return np.diff(np.round(np.concatenate([[0.0], np.cumsum(exact)])))


def _radius(table: pd.DataFrame) -> np.ndarray:
    km2 = table["people"] / table["kind"].map(DENSITY)
    return np.sqrt(km2.to_numpy(float) * 1e6 / np.pi)


def _draw_cores(cores: pd.DataFrame, land: Land, rng: np.random.Generator) -> list[Shape]:
    """Draw the outlines of cities and county towns; sets x, y and radius_m of `cores`."""
    counties = land.counties.set_index("code")
    shapes = []
    for row, core in enumerate(cores.itertuples()):
        if core.of == DISTRICT:
            prefecture = counties.loc[core.county, "prefecture"]
            inside = counties["prefecture"].eq(prefecture) & counties["kind"].eq(DISTRICT)
            ground = counties[inside]
            room = shapely.union_all(ground.geometry.to_numpy())
            # Small districts with many subdistricts lie in the middle of their city.
            weight = (ground["urban"] + 0.1) / ground.area
            middle = ground.geometry.centroid
            x, y = (float((c * weight).sum() / weight.sum()) for c in (middle.x, middle.y))
            if not room.contains(shapely.Point(x, y)):
                point = ground.geometry.loc[weight.idxmax()].representative_point()
                x, y = point.x, point.y
        else:
            room = counties.geometry.loc[core.county]
            circle = shapely.maximum_inscribed_circle(room, tolerance=500)
            x, y = shapely.get_coordinates(circle)[0]
            free = max(0.0, circle.length - core.radius_m - 2 * MARGIN_M)
            x, y = np.array([x, y]) + rng.uniform(-0.4, 0.4, 2) * free
        shape, radius_m = _grow(x, y, core.radius_m, core.phase, room)
        cores.loc[row, ["x", "y", "radius_m"]] = x, y, radius_m
        shapes.append(shape)
    return shapes


def _grow(x: float, y: float, radius_m: float, phase: float, room: Shape) -> tuple[Shape, float]:
    """Draw an outline in its room, as much larger as the room cuts off."""
    direction = np.linspace(0, 2 * np.pi, OUTLINE_POINTS, endpoint=False)
    wanted = np.pi * radius_m**2
    for factor in np.linspace(1.0, 2.5, 31):
        rim = rim_m(np.full(OUTLINE_POINTS, radius_m * factor), np.full(1, phase), direction)
        ring = np.column_stack([x + rim * np.cos(direction), y + rim * np.sin(direction)])
        shape = shapely.intersection(shapely.Polygon(ring), room)
        if shape.area >= 0.98 * wanted:
            break
    return shape, float(radius_m * factor)


def _villages(land: Land, cores: list[Shape], rng: np.random.Generator) -> pd.DataFrame:
    """Place villages county by county; the middle one of each town is its seat."""
    waves = rng.normal(0, 1, (VALLEYS, 2)) / rng.uniform(1500, 5000, (VALLEYS, 1))
    shift = rng.uniform(0, 2 * np.pi, VALLEYS)
    built = shapely.union_all([shape.buffer(MARGIN_M) for shape in cores])
    parts = []
    for county in land.counties.itertuples():
        villages = land.villages[(land.villages["county"] == county.code) & ~land.villages["urban"]]
        room = county.geometry.buffer(-MARGIN_M).difference(built)
        if villages.empty or room.is_empty:
            continue
        xy = _spots(room, len(villages), waves, shift, rng)
        listed = villages.iloc[: len(xy)]
        parts.append(_with_seats(listed, xy, county.code, county.kind))
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in ("code", "name", "kind")})
    return pd.concat(parts, ignore_index=True)


def _spots(
    room: Shape, n: int, waves: np.ndarray, shift: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Choose spots on a jittered grid, those lowest in the relief, near ones next to each other."""
    side = max(np.sqrt(room.area / (CELLS_PER_VILLAGE * n)), APART_M)
    west, south, east, north = room.bounds
    grid = np.stack(np.meshgrid(np.arange(west, east, side), np.arange(south, north, side)), -1)
    xy = grid.reshape(-1, 2) + side * rng.uniform(0.2, 0.8, (grid.size // 2, 2))
    xy = xy[shapely.contains_xy(room, xy[:, 0], xy[:, 1])]
    height = np.sin(xy @ waves.T + shift).sum(axis=1) / np.sqrt(VALLEYS / 2)
    lowest = np.argsort(height + rng.normal(0, 0.5, len(xy)), kind="stable")[:n]
    xy = xy[lowest]
    # Bands a few villages wide, walked to and fro: towns are compact runs of this order.
    band = np.floor((xy[:, 1] - south) / (4 * side)).astype(np.int64)
    along = np.where(band % 2 == 0, xy[:, 0], -xy[:, 0])
    return xy[np.lexsort([along, band])]


def _with_seats(villages: pd.DataFrame, xy: np.ndarray, county: str, kind: str) -> pd.DataFrame:
    """Make a row per village; the seat of a county is no town beside itself."""
    table = pd.DataFrame({"code": villages["code"].to_numpy(), "name": villages["name"].to_numpy()})
    table["county"], table["x"], table["y"] = county, xy[:, 0], xy[:, 1]
    town = villages["town"].to_numpy()
    middle = table.groupby(town)[["x", "y"]].transform("mean")
    away_m = np.hypot(table["x"] - middle["x"], table["y"] - middle["y"])
    seats = away_m.groupby(town).idxmin().to_numpy()
    if kind != DISTRICT:
        seats = seats[1:]
    table["kind"] = VILLAGE
    table.loc[seats, "kind"] = TOWN
    table["of"], table["weight"] = "", 1.0
    return table
