"""Residences: compounds broken down to their buildings, people of cells settled in them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from walkcover._errors import InputError
from walkcover._intake import SHOWN
from walkcover.cells import cell_centres, cell_of_places, share_cells
from walkcover.gaps import check_people
from walkcover.network import Bools
from walkcover.population import floor_area_m2, refuse_moved_total
from walkcover.zones import nearest_residences

# Polygons that are no building and larger than this are compounds or population cells.
COMPOUND_M2 = 5000.0
AREA_TYPES = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
WALLS = ("wall", "fence", "hedge", "city_wall")
# What stands in front of a cell's id in the id of its stand-in.
STAND_IN_PREFIX = "cell/"


@dataclass(frozen=True)
class Settlement:
    """
    Residences with the people of cells, and what was done to get there.

    Parameters
    ----------
    residences
        With people, stand_in, and elderly_people where the cells have them; stand-ins last.
    cells, people
        Cells with people inside the study area, and their people.
    stand_ins, stand_in_people
        Cells without any residence, and their people.
    left_out, left_out_people
        Cells with people whose centre lies outside the study area, and their people. Of a raster
        only the part around the study area is read and counted.
    """

    residences: gpd.GeoDataFrame
    cells: int
    people: float
    stand_ins: int
    stand_in_people: float
    left_out: int
    left_out_people: float

    @property
    def figures(self) -> dict[str, float]:
        """The counts by their names."""
        names = [field.name for field in dataclasses.fields(self) if field.name != "residences"]
        return {name: getattr(self, name) for name in names}

    @property
    def text(self) -> str:
        """One line for logs."""
        return (
            f"{self.people:,.0f} people of {self.cells} cells settled, {self.stand_in_people:,.0f} "
            f"of them in {self.stand_ins} stand-ins for cells without a residence; "
            f"{self.left_out_people:,.0f} people of {self.left_out} cells outside the study area "
            "left out"
        )


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
    is_area = np.isin(shapely.get_type_id(places.geometry.to_numpy()), AREA_TYPES)
    if not is_area.any():
        return np.zeros(len(places), dtype=bool)
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
        its place, with all its other columns, and levels where `places` has none.

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
    if "levels" not in places:
        # People of zones and cells, which come later, follow the same floor area.
        parts["levels"] = levels.to_numpy()
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


def settle_cells(
    cells: gpd.GeoDataFrame,
    residences: gpd.GeoDataFrame,
    area: shapely.Geometry,
    *,
    spread: str = "floor_area",
    cell_m: float = 0.0,
    what: str = "population",
) -> Settlement:
    """
    Share the people of each cell among the residences whose representative point lies in it.

    A cell with people and no residence gets a stand-in, a residence of its own at the centre of
    the cell, so that nobody is lost. Residences in no cell with people get none. Cells whose
    centre lies outside the study area are left out.

    Parameters
    ----------
    cells
        Polygons that do not overlap, or points in the middle of cells (see `cell_of_places`), in
        EPSG:4326: cell_id (text), people and, where known, elderly_people.
    residences
        Checked residences; polygons where people follow the floor area (area times levels).
    area
        The study area, in EPSG:4326.
    spread
        ``floor_area`` or ``even``.
    cell_m
        Side of cells that are points; 0 takes it from their spacing.
    what
        What messages call the cells.

    Returns
    -------
    settlement
        The residences in their order, numbered from 0, with people (float64, fractions stay) and
        stand_in (boolean); then the stand-ins, ``cell/`` and the cell_id, their other columns
        missing. Elderly people are shared as all people are: elderly_people.

    Raises
    ------
    InputError
        If nobody lives in the study area, a stand-in's id is taken, or cells overlap; where
        people follow the floor area, if a residence is no polygon.
    ConservationError
        If the total moves by more than a millionth of a person.

    Examples
    --------
    >>> cells = gpd.GeoDataFrame(
    ...     {"cell_id": ["a", "b"], "people": [90.0, 5.0]},
    ...     geometry=[shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)], crs=4326)
    >>> homes = gpd.GeoDataFrame(
    ...     {"residence_id": ["x", "y"], "people": [0.0, 0.0]},
    ...     geometry=[shapely.Point(0.2, 0.5), shapely.Point(0.7, 0.5)], crs=4326)
    >>> done = settle_cells(cells, homes, shapely.box(0, 0, 2, 1), spread="even")
    >>> done.residences[["residence_id", "people", "stand_in"]].values.tolist()
    [['x', 45.0, False], ['y', 45.0, False], ['cell/b', 5.0, True]]
    """
    centres = cell_centres(cells)
    shapely.prepare(area)
    inside = shapely.intersects(area, centres.to_numpy())
    given = cells["people"].to_numpy(np.float64)
    people = np.where(inside, given, 0.0)
    if not people.sum() > 0:
        west, south, east, north = area.bounds
        msg = (
            f"{what}: {given.sum():g} people in {len(cells)} cells, nobody in the study area "
            f"({west:.4f} {south:.4f} {east:.4f} {north:.4f}): expected cells of the same town; "
            "check the source and its crs"
        )
        raise InputError(msg)
    points = gpd.GeoSeries(shapely.point_on_surface(residences.geometry.to_numpy()), crs=4326)
    cell = cell_of_places(cells, points, cell_m=cell_m)
    weights = np.ones(len(residences))
    if spread == "floor_area":
        weights = floor_area_m2(residences.geometry, residences.get("levels")).to_numpy(np.float64)
    share, empty = share_cells(cell, weights, cells=len(cells))
    lonely = np.flatnonzero(empty & (people > 0))
    stand_ins = _stand_ins(cells["cell_id"].iloc[lonely], centres.iloc[lonely], residences, what)
    amounts = {"people": people}
    if "elderly_people" in cells:
        amounts["elderly_people"] = np.where(inside, cells["elderly_people"], 0.0)
    settled = _one_table(residences, stand_ins, [*amounts, "stand_in"])
    for name, amount in amounts.items():
        # Row -1 of the cells is met with a share of 0.
        settled[name] = np.concatenate([share * amount[cell], amount[lonely]])
        refuse_moved_total(amount, settled[name].to_numpy())
    settled["stand_in"] = np.arange(len(settled)) >= len(residences)
    left_out = ~inside & (given > 0)
    return Settlement(
        residences=settled,
        cells=int((people > 0).sum()),
        people=float(people.sum()),
        stand_ins=len(lonely),
        stand_in_people=float(people[lonely].sum()),
        left_out=int(left_out.sum()),
        left_out_people=float(given[left_out].sum()),
    )


def borrow_names(
    residences: gpd.GeoDataFrame, names: Sequence[str], *, rows: Bools | None = None
) -> gpd.GeoDataFrame:
    """
    Fill columns of stand-ins from the nearest residence that was given.

    Parameters
    ----------
    residences
        With stand_in, points and polygons in EPSG:4326.
    names
        Columns such as zone_id, stage, class_code and county_seat; those that are not there are
        passed over.
    rows
        The stand-ins to fill, shape (n,); None is all of them.

    Returns
    -------
    residences
        A new table; the same columns on the same index.

    Examples
    --------
    >>> homes = gpd.GeoDataFrame(
    ...     {"stage": ["city", "town", None], "stand_in": [False, False, True]},
    ...     geometry=gpd.points_from_xy([0.0, 1.0, 0.8], [0.0, 0.0, 0.0]), crs=4326)
    >>> borrow_names(homes, ["stage", "class_code"])["stage"].tolist()
    ['city', 'town', 'town']
    """
    is_stand_in = residences["stand_in"].to_numpy(bool)
    wanted = np.flatnonzero(is_stand_in if rows is None else is_stand_in & rows)
    given = np.flatnonzero(~is_stand_in)
    filled = residences.copy()
    here = [name for name in names if name in residences]
    if not (len(wanted) and len(given) and here):
        return filled
    points = shapely.get_coordinates(shapely.point_on_surface(residences.geometry.to_numpy()))
    places = pd.DataFrame(points, columns=["lon", "lat"])
    lender = given[nearest_residences(places.iloc[wanted], places.iloc[given])]
    for name in here:
        values = filled[name].array.copy()
        values[wanted] = values[lender]
        filled[name] = pd.Series(values, index=filled.index)
    return filled


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


def _stand_ins(
    ids: pd.Series, centres: gpd.GeoSeries, residences: gpd.GeoDataFrame, what: str
) -> gpd.GeoDataFrame:
    """Make residences of cells that hold none."""
    names = (STAND_IN_PREFIX + ids).astype("str").reset_index(drop=True)
    taken = names[names.isin(residences["residence_id"])]
    if len(taken):
        msg = (
            f"{what}: {len(taken)} stand-ins for cells without a residence have ids that "
            f"residences have, first {', '.join(taken.iloc[:SHOWN])}: expected no residence_id "
            f"that starts with {STAND_IN_PREFIX!r}"
        )
        raise InputError(msg)
    return gpd.GeoDataFrame({"residence_id": names}, geometry=centres.to_numpy(), crs=4326)


def _one_table(
    residences: gpd.GeoDataFrame, stand_ins: gpd.GeoDataFrame, own: list[str]
) -> gpd.GeoDataFrame:
    """Put stand-ins behind residences; carried columns keep their kind where cells are missing."""
    clash = {name: f"{name}_given" for name in own if name != "people" and name in residences}
    table = residences.rename(columns=clash).reset_index(drop=True)
    if stand_ins.empty:
        return table
    # Numbers stay whole and flags stay flags beside what is missing.
    kinds = {"i": "Int64", "u": "UInt64", "b": "boolean"}
    nullable = {
        name: kinds[dtype.kind]
        for name, dtype in table.dtypes.items()
        if name not in ("people", "geometry") and getattr(dtype, "kind", "") in kinds
    }
    table = table.astype(nullable)
    below = stand_ins.reindex(columns=table.columns).astype(
        {name: dtype for name, dtype in table.dtypes.items() if name not in stand_ins}
    )
    joined = pd.concat([table, below], ignore_index=True)
    return gpd.GeoDataFrame(joined, geometry="geometry", crs=4326)
