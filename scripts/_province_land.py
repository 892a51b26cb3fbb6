"""Counties, towns and villages: read by name where a folder has them, made up where none has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

# Made-up provinces have the counts of Shanxi: 11 prefectures, 117 counties, 1,352 towns, 21,895
# villages, as the lists of divisions have them.
PREFECTURES, COUNTIES, TOWNS, VILLAGES = 11, 117, 1352, 21_895
COLUMNS, ROWS, SIDE_M = 9, 13, 36_500.0
# Grid of all drawing: the zone that holds most of Shanxi.
METRIC = 32649
ORIGIN_M = (420_000.0, 3_850_000.0)
# What a county is, by the last character of its name.
DISTRICT, COUNTY_CITY, COUNTY = "district", "county_city", "county"
KINDS = {"区": DISTRICT, "市": COUNTY_CITY}
# Sounds of made-up names; any likeness to a real place is chance.
FIRST = "松柏桃柳枫槐杏梅兰菊云霞雁鹤鹿马龙凤金银玉石清白青紫红黄长高平安永新古大小上下东西南北"
SECOND = "山河溪泉岭坡湾沟坪塬峪桥堡寨庄屯营关口店集渡潭林"
FILES = (
    "shanxi_districts_tianditu.geojson",
    "shanxi_towns_names.csv",
    "shanxi_villages_names.csv.gz",
)


@dataclass(frozen=True)
class Land:
    """
    What a province is divided into.

    Parameters
    ----------
    counties
        Polygons in the metric grid: code (6 digits), name, kind, prefecture (4 digits), urban
        (subdistricts in it: weight of its city), stock (towns and villages listed there).
    towns
        code (9 digits), name, county, urban (a subdistrict).
    villages
        code (12 digits), name, town, county, urban (in a subdistrict).
    """

    counties: gpd.GeoDataFrame
    towns: pd.DataFrame
    villages: pd.DataFrame


def read_land(folder: Path) -> Land:
    """
    Read counties, towns and villages by name and code.

    Parameters
    ----------
    folder
        With the three `FILES`: polygons with ``gb`` (three digits and the code) and ``name``;
        towns with code, name, areaCode; villages with code, name, streetCode.

    Returns
    -------
    land
        Towns of zones that have no polygon of their own go to the district of their prefecture
        with the most subdistricts.
    """
    shapes = gpd.read_file(folder / FILES[0]).to_crs(METRIC)
    shapes["code"] = shapes["gb"].astype(str).str[3:]
    towns = pd.read_csv(folder / FILES[1], dtype=str)
    towns = towns.rename(columns={"areaCode": "county"})[["code", "name", "county"]]
    towns["urban"] = towns["name"].str.endswith("街道")
    urban = towns[towns["urban"]].groupby("county").size()
    by_weight = shapes.assign(urban=shapes["code"].map(urban).fillna(0))
    by_weight = by_weight.sort_values(["urban", "code"], ascending=[False, True])
    largest = by_weight.groupby(by_weight["code"].str[:4])["code"].first()
    strange = ~towns["county"].isin(shapes["code"])
    towns.loc[strange, "county"] = towns.loc[strange, "county"].str[:4].map(largest)
    villages = pd.read_csv(folder / FILES[2], dtype=str).rename(columns={"streetCode": "town"})
    villages["name"] = villages["name"].str.replace("(村委会|居委会|村民委员会)$", "", regex=True)
    return _land(shapes[["code", "name", "geometry"]], towns, villages[["code", "name", "town"]])


def make_up_land(seed: int) -> Land:
    """
    Draw counties as quadrilaterals that share their borders, and make up names and counts.

    Parameters
    ----------
    seed
        Draws borders, names, and how many towns and villages each has.

    Returns
    -------
    land
        With as many prefectures, counties, towns and villages as Shanxi has.
    """
    rng = np.random.default_rng([seed, 1])
    corner = np.stack(np.meshgrid(np.arange(COLUMNS + 1), np.arange(ROWS + 1)), axis=-1)
    corner = (corner + rng.uniform(-0.28, 0.28, corner.shape)) * SIDE_M + ORIGIN_M
    # A snake over the grid, so that counties that follow each other are neighbours.
    snake = [(i if j % 2 == 0 else COLUMNS - 1 - i, j) for j in range(ROWS) for i in range(COLUMNS)]
    rings = [corner[[j, j, j + 1, j + 1], [i, i + 1, i + 1, i]] for i, j in snake]
    prefecture = np.arange(COUNTIES) * PREFECTURES // COUNTIES
    rank = np.arange(COUNTIES) - np.searchsorted(prefecture, prefecture)
    # The first prefecture has the large city; the others have one to three districts.
    districts = np.concatenate([[6], rng.integers(1, 4, PREFECTURES - 1)])
    is_district = rank < districts[prefecture]
    is_city = ~is_district & (rank == districts[prefecture])
    code = [f"99{p + 1:02d}{r + 1 if d else r + 21:02d}"
            for p, r, d in zip(prefecture, rank, is_district, strict=True)]  # fmt: skip
    suffix = np.where(is_district, "区", np.where(is_city, "市", "县"))
    names = [a + b for a, b in zip(_names(COUNTIES, rng), suffix, strict=True)]
    shapes = gpd.GeoDataFrame(
        {"code": code, "name": names}, geometry=shapely.polygons(np.array(rings)), crs=METRIC
    )
    per_county = _parts(TOWNS, np.where(is_district, 1.2, 1.0) * rng.gamma(8, 1, COUNTIES), rng)
    county = np.repeat(np.arange(COUNTIES), per_county)
    number = np.arange(TOWNS) - np.searchsorted(county, county)
    # In districts most towns are subdistricts, in county-level cities a few.
    urban = rng.random(TOWNS) < np.where(is_district, 0.45, np.where(is_city, 0.2, 0.01))[county]
    towns = pd.DataFrame(
        {
            "code": [f"{code[c]}{n + 1:03d}" for c, n in zip(county, number, strict=True)],
            "name": [
                a + ("街道" if u else "镇") for a, u in zip(_names(TOWNS, rng), urban, strict=True)
            ],
            "county": np.array(code)[county],
            "urban": urban,
        }
    )
    town = np.repeat(np.arange(TOWNS), _parts(VILLAGES, rng.gamma(3.5, 1, TOWNS), rng))
    number = np.arange(VILLAGES) - np.searchsorted(town, town)
    villages = pd.DataFrame(
        {
            "code": [f"{towns['code'][t]}{n + 1:03d}" for t, n in zip(town, number, strict=True)],
            "name": [
                name + ("社区" if urban[t] else "村")
                for name, t in zip(_names(VILLAGES, rng), town, strict=True)
            ],
            "town": towns["code"].to_numpy()[town],
        }
    )
    return _land(shapes, towns, villages)


def shrink(land: Land, scale: float) -> Land:
    """
    Take some neighbouring counties, and of their towns and villages so many as the scale says.

    Land keeps its size and streets their measure: a small province is a corner of the large one.

    Parameters
    ----------
    land
        The whole province.
    scale
        Share of towns and villages to keep, above 0 and up to 1.

    Returns
    -------
    land
        At least a district and a county, each with a town and two villages or more.
    """
    if scale == 1.0:
        return land
    counties = land.counties
    n = max(2, round(len(counties) * scale))
    begin = _ordinary_district(counties)
    away_m = counties.geometry.centroid.distance(counties.geometry.iloc[begin].centroid)
    order = np.argsort(away_m.to_numpy(), kind="stable")
    rural = order[(counties["kind"].to_numpy() == COUNTY)[order]]
    chosen = order[:n] if np.isin(order[:n], rural).any() else [*order[: n - 1], rural[0]]
    counties = counties.iloc[np.sort(chosen)]
    inside = land.villages["county"].isin(counties["code"])
    share = min(1.0, scale * len(land.villages) / inside.sum())
    towns = land.towns[land.towns["county"].isin(counties["code"])]
    towns = _every_nth(towns, towns["county"].to_numpy(), share, least=2)
    villages = land.villages[land.villages["town"].isin(towns["code"])]
    wanted = scale * len(land.villages) / max(1, len(villages))
    villages = _every_nth(villages, villages["town"].to_numpy(), min(1.0, wanted), least=2)
    return _land(counties[["code", "name", "geometry"]], towns, villages)


def _land(shapes: gpd.GeoDataFrame, towns: pd.DataFrame, villages: pd.DataFrame) -> Land:
    """Put the tables in the order of their codes and count what lies in what."""
    counties = shapes.sort_values("code").reset_index(drop=True)
    towns = towns.sort_values("code")[["code", "name", "county", "urban"]].reset_index(drop=True)
    villages = villages.sort_values("code")[["code", "name", "town"]].reset_index(drop=True)
    by_code = towns.set_index("code")
    villages["county"] = villages["town"].map(by_code["county"])
    villages["urban"] = villages["town"].map(by_code["urban"]).to_numpy(bool)
    counties["kind"] = counties["name"].str[-1].map(KINDS).fillna(COUNTY)
    counties["prefecture"] = counties["code"].str[:4]
    urban = towns[towns["urban"]].groupby("county").size()
    counties["urban"] = counties["code"].map(urban).fillna(0).astype(np.int64)
    return Land(counties, towns, villages)


def _ordinary_district(counties: gpd.GeoDataFrame) -> int:
    """Find a district whose prefecture has one only: a city of ordinary size."""
    is_district = (counties["kind"] == DISTRICT).to_numpy()
    alone = counties.loc[is_district, "prefecture"].value_counts()
    rows = np.flatnonzero(is_district)
    return int(min(rows, key=lambda row: (alone[counties["prefecture"].iloc[row]], row)))


def _every_nth(frame: pd.DataFrame, group: np.ndarray, share: float, *, least: int) -> pd.DataFrame:
    """Keep a share of the rows of each group, spread evenly, and never fewer than some."""
    start = np.searchsorted(group, group)
    size = np.searchsorted(group, group, side="right") - start
    number = np.arange(len(group)) - start
    kept = np.maximum(np.minimum(least, size), np.round(size * share).astype(np.int64))
    return frame[(number * kept) % size < kept]


def _parts(total: int, weight: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Split a count by weights; every part has one at least."""
    return 1 + rng.multinomial(total - len(weight), weight / weight.sum())


def _names(n: int, rng: np.random.Generator) -> list[str]:
    """Make up names of two or three characters; some come twice, as real ones do."""
    first = rng.integers(0, len(FIRST), (n, 2))
    second = rng.integers(0, len(SECOND), n)
    long = rng.random(n) < 0.3
    return [
        FIRST[a] + (FIRST[b] if is_long else "") + SECOND[c]
        for (a, b), c, is_long in zip(first, second, long, strict=True)
    ]
