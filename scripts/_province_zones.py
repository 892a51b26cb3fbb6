"""Zones of a province: prefectures, counties, and in each county its town and the rest."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from _province_land import DISTRICT, METRIC, Land
from _province_places import CITY, COUNTY_TOWN, Shape

from walkcover.zones import COUNTRYSIDE

# Houses stand behind the last street, and belong to the town.
FRINGE_M = 120.0
# A part of a county smaller than this is no zone of its own.
LEAST_M2 = 100_000.0
# Degrees are rounded to this, and borders drawn on it, so that neighbours share them.
GRID_DEG = 1e-6
PARTS = {CITY: ("C", "城区"), COUNTY_TOWN: ("T", "县城"), COUNTRYSIDE: ("R", "乡村")}


def draw_zones(
    land: Land, settlements: pd.DataFrame, outlines: Mapping[int, Shape]
) -> gpd.GeoDataFrame:
    """
    Cut counties into their city or county town, and the rest.

    Parameters
    ----------
    land
        Counties in the metric grid.
    settlements, outlines
        Kind and county of each settlement, and the outlines of cities and county towns by row.

    Returns
    -------
    zones
        In EPSG:4326: zone_id, name, parent_id, stage (city, county_town or countryside; none for
        parents). Parts have polygons; their parents, counties and prefectures, have none.
    """
    counties = land.counties
    degrees = counties.geometry.to_crs(4326).to_numpy()
    whole = shapely.set_precision(degrees, GRID_DEG)
    towns = _towns(counties, settlements, outlines)
    rows = []
    for county, shape in zip(counties.itertuples(), whole, strict=True):
        kind = COUNTY_TOWN if county.kind == "county" else CITY
        town = towns[county.prefecture] if county.kind == DISTRICT else towns.get(county.code)
        inside = shapely.intersection(shape, town, grid_size=GRID_DEG)
        rest = shapely.difference(shape, town, grid_size=GRID_DEG)
        parts = {kind: _polygons(inside), COUNTRYSIDE: _polygons(rest)}
        m2 = gpd.GeoSeries(list(parts.values()), crs=4326).to_crs(METRIC).area.to_numpy()
        # A sliver of one part goes with the other, so that the county has no hole.
        large = m2 >= LEAST_M2
        for (stage, part), is_large in zip(parts.items(), large, strict=True):
            if is_large:
                letter, word = PARTS[stage]
                shown = part if large.all() else shape
                zone = f"{county.code}{letter}"
                rows.append((zone, f"{county.name}{word}", county.code, stage, shown))
        rows.append((county.code, county.name, county.prefecture, None, None))
    first = counties.groupby("prefecture")["name"].first()
    rows += [(code, f"{name[:-1]}地区", None, None, None) for code, name in first.items()]
    table = pd.DataFrame(rows, columns=["zone_id", "name", "parent_id", "stage", "geometry"])
    return gpd.GeoDataFrame(table, geometry="geometry", crs=4326)


def zone_of_homes(homes: gpd.GeoDataFrame, zones: gpd.GeoDataFrame) -> pd.DataFrame:
    """
    Find the zone of each residence, and the stage of that zone.

    Parameters
    ----------
    homes
        Points in EPSG:4326.
    zones
        As `draw_zones` gives them.

    Returns
    -------
    table
        zone_id and stage on the index of `homes`; those just outside the province belong to the
        nearest zone.
    """
    drawn = zones[zones.geometry.notna()]
    shapes = drawn.geometry.to_numpy()
    shapely.prepare(shapes)
    x, y = shapely.get_coordinates(homes.geometry.to_numpy()).T
    zone = np.full(len(homes), -1)
    # Points in the order of their longitude: each zone looks at its own strip of them only.
    order = np.argsort(x, kind="stable")
    for row, shape in enumerate(shapes):
        west, south, east, north = shape.bounds
        begin, end = np.searchsorted(x[order], [west, east])
        strip = order[begin:end]
        strip = strip[(y[strip] >= south) & (y[strip] <= north) & (zone[strip] < 0)]
        zone[strip[shapely.contains_xy(shape, x[strip], y[strip])]] = row
    lost = np.flatnonzero(zone < 0)
    if len(lost):
        zone[lost] = shapely.STRtree(shapes).nearest(homes.geometry.to_numpy()[lost])
    columns = {name: drawn[name].to_numpy(object)[zone] for name in ("zone_id", "stage")}
    return pd.DataFrame(columns, index=homes.index)


def _towns(
    counties: gpd.GeoDataFrame, settlements: pd.DataFrame, outlines: Mapping[int, Shape]
) -> dict[str, Shape]:
    """Outlines with their fringe in degrees, by prefecture for cities and by county for towns."""
    by_code = counties.set_index("code")
    rows = list(outlines)
    fringed = gpd.GeoSeries([outlines[row].buffer(FRINGE_M) for row in rows], crs=METRIC)
    towns = {}
    for row, shape in zip(rows, fringed.to_crs(4326), strict=True):
        county = by_code.loc[settlements["county"].iloc[row]]
        key = county["prefecture"] if county["kind"] == DISTRICT else county.name
        towns[key] = shapely.set_precision(shape, GRID_DEG)
    return towns


def _polygons(shape: shapely.Geometry) -> Shape:
    """Leave out lines and points that an intersection leaves behind."""
    parts = shapely.get_parts(shape)
    areas = parts[shapely.get_dimensions(parts) == 2]
    return areas[0] if len(areas) == 1 else shapely.MultiPolygon(list(areas))
