"""Residences: compounds and population cells broken down to the buildings inside them."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from walkcover._errors import InputError
from walkcover.gaps import check_people
from walkcover.network import Bools
from walkcover.population import floor_area_m2

# Polygons that are no building and larger than this are compounds or population cells.
COMPOUND_M2 = 5000.0
WALLS = ("wall", "fence", "hedge", "city_wall")


def is_compound(places: gpd.GeoDataFrame) -> Bools:
    """
    Flag polygons over half a hectare that do not say they are a building.

    Parameters
    ----------
    places
        Points and polygons in EPSG:4326; a column ``building`` tells buildings.

    Returns
    -------
    compound
        Shape (n,).
    """
    is_area = places.geom_type.isin(["Polygon", "MultiPolygon"]).to_numpy()
    building = places.get("building", pd.Series(None, index=places.index, dtype=object))
    named_building = (building.notna() & ~building.isin(["", "no"])).to_numpy()
    large = np.zeros(len(places), dtype=bool)
    maybe = is_area & ~named_building
    if maybe.any():
        large[maybe] = floor_area_m2(places.geometry[maybe]) > COMPOUND_M2
    return large


def split_compounds(places: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """
    Replace compounds and population cells by the residential buildings inside them.

    People are shared by floor area; a compound without buildings stays as it is.

    Parameters
    ----------
    places
        Residences with residence_id and people, in EPSG:4326.
    buildings
        Residential buildings of the extract with levels, in EPSG:4326.

    Returns
    -------
    places
        Rows in the order given, the buildings of a compound (``residence_id/1``, ``/2``, …) in
        its place, with all its other columns.

    Raises
    ------
    ConservationError
        If people are lost on the way.
    InputError
        If the new ids clash with given ones.
    """
    compounds = np.flatnonzero(is_compound(places))
    outlines = buildings.geometry.to_numpy()
    hearts = shapely.point_on_surface(outlines)
    which, building = shapely.STRtree(hearts).query(
        places.geometry.to_numpy()[compounds], predicate="contains"
    )
    order = np.lexsort([building, which])
    parent, building = compounds[which[order]], building[order]
    if not len(parent):
        return places
    shapes = gpd.GeoSeries(outlines[building], crs=4326)
    levels = buildings["levels"].iloc[building].set_axis(shapes.index)
    area = floor_area_m2(shapes, levels).to_numpy(np.float64)
    share = area / np.bincount(parent, weights=area, minlength=len(places))[parent]
    parts = places.iloc[parent].copy()
    number = pd.Series(parent).groupby(parent).cumcount().to_numpy() + 1
    parts["residence_id"] = [
        f"{name}/{n}" for name, n in zip(parts["residence_id"], number, strict=True)
    ]
    parts["people"] = parts["people"].to_numpy() * share
    parts = parts.set_geometry(gpd.GeoSeries(outlines[building], index=parts.index, crs=4326))
    whole = np.setdiff1d(np.arange(len(places)), parent)
    place = np.concatenate([whole, parent])
    table = pd.concat([places.iloc[whole], parts])
    table = table.iloc[np.argsort(place, kind="stable")].reset_index(drop=True)
    check_people(places["people"].sum(), table["people"].sum(), step="splitting compounds")
    twice = table.loc[table["residence_id"].duplicated(), "residence_id"]
    if len(twice):
        msg = (
            f"residences: splitting compounds gives the id {twice.iloc[0]!r} twice; expected that "
            "no id is another's followed by / and a number"
        )
        raise InputError(msg)
    return gpd.GeoDataFrame(table, geometry="geometry", crs=4326)


def gate_unknown(places: gpd.GeoDataFrame, snap_to: pd.Series, by_entrance: Bools) -> pd.Series:
    """
    Flag compounds that stand for themselves, walled or private, whose gate nobody knows.

    Parameters
    ----------
    places
        Residences in EPSG:4326; columns ``barrier`` and ``access`` are looked at where given.
    snap_to
        What each residence joined.
    by_entrance
        Residences left through an entrance of the extract.

    Returns
    -------
    flag
        Booleans on the index of `places`.
    """
    nothing = pd.Series(None, index=places.index, dtype=object)
    walled = places.get("barrier", nothing).isin(WALLS)
    private = places.get("access", nothing).eq("private") | (snap_to == "private").to_numpy()
    flag = is_compound(places) & ~by_entrance & (walled | private).to_numpy()
    return pd.Series(flag, index=places.index, name="gate_unknown")
