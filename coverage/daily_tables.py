"""Check the tables of daily work: places, bases, laboratories and transfer stations."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from walkcover._intake import Intake
from walkcover.places import COORDINATES, PLACES
from walkcover.plan import HOURS_OF_A_DAY
from walkcover.plan_operations import plain_kind

# Columns of the results: one of the caller's with such a name is carried as `<name>_given`.
RESERVED = {"geometry", "lon", "lat", "snap_m", "origin", "service", "rule", "tests", "tubes"}


def check_work_places(
    frame: pd.DataFrame,
    *,
    crs: str = "",
    columns: Mapping[str, str] | None = None,
    what: str = "places",
) -> gpd.GeoDataFrame:
    """
    Check a table of places with people of their own: schools, offices, employers, key groups.

    Parameters
    ----------
    frame
        A GeoDataFrame of points or polygons, or a table with columns lon and lat.
    crs
        What the coordinates are in, as for `walkcover.tables.check_residences`.
    columns
        Names in `frame` by standard name, where they differ: place_id, name, kind, people, lon,
        lat.
    what
        What messages call the table.

    Returns
    -------
    places
        In EPSG:4326, rows as given, numbered from 0: place_id and name (text, the id where there
        is no name), kind (text; known Chinese words in their standard form), people (float64),
        every other column, geometry.

    Raises
    ------
    InputError
        If the table is empty, a column or the coordinate system is missing, an id is empty or
        repeated, a kind is empty, people are no finite number from 0 on, or a place is missing;
        all faults in one message.

    Examples
    --------
    >>> school = pd.DataFrame({"place_id": [1], "kind": ["学校"], "people": ["1,204人"],
    ...                        "lon": [112.5], "lat": [37.8]})
    >>> check_work_places(school, crs="wgs84")[["place_id", "kind", "people"]].values.tolist()
    [['1', 'school', 1204.0]]
    """
    table = _begin(frame, ("place_id", "name", "kind", "people"), columns, what)
    kinds = table.texts("kind") or []
    empty = np.array([not kind for kind in kinds], dtype=bool)
    table.fault("kind", empty, "empty", "a kind in every row, as school", cells=kinds)
    if len(kinds) == len(frame):
        plain = [plain_kind(kind) for kind in kinds]
        table.taken["kind"] = pd.Series(plain, index=frame.index, dtype="str")
    table.numbers("people", unit=("人", "名"))
    return _finish(table, crs)


def check_bases(
    frame: pd.DataFrame,
    *,
    crs: str = "",
    columns: Mapping[str, str] | None = None,
    what: str = "bases",
) -> gpd.GeoDataFrame:
    """
    Check a table of places from which roving teams start.

    Parameters
    ----------
    frame, crs, what
        As for `check_work_places`.
    columns
        Names in `frame` by standard name: base_id, name, teams, lon, lat.

    Returns
    -------
    bases
        As of `check_work_places`: base_id, name, teams (float64; NaN where the table does not
        say, and as few teams as do are wanted).

    Raises
    ------
    InputError
        As `check_work_places`; also if teams are no whole number.
    """
    table = _begin(frame, ("base_id", "name", "teams"), columns, what)
    teams = _numbers(table, "teams", ("支", "组", "队"), default=np.nan)
    part = np.isfinite(teams) & (teams != np.rint(teams))
    table.fault("teams", part, "part of a team", "a whole number", cells=_cells(teams))
    return _finish(table, crs)


def check_laboratories(
    frame: pd.DataFrame,
    *,
    crs: str = "",
    columns: Mapping[str, str] | None = None,
    what: str = "laboratories",
) -> gpd.GeoDataFrame:
    """
    Check a table of laboratories.

    Parameters
    ----------
    frame, crs, what
        As for `check_work_places`.
    columns
        Names in `frame` by standard name: laboratory_id, name, tubes_per_day, staff,
        hours_per_day, site_id, lon, lat.

    Returns
    -------
    laboratories
        As of `check_work_places`: laboratory_id, name, tubes_per_day (float64), staff (float64,
        NaN where unknown), hours_per_day (24 where not given), site_id (text, empty for none).

    Raises
    ------
    InputError
        As `check_work_places`; also if a laboratory tests no tube, or its day is longer than 24
        hours, or two name one site.
    """
    own = ("laboratory_id", "name", "tubes_per_day", "staff", "hours_per_day", "site_id")
    table = _begin(frame, own, columns, what)
    table.numbers("tubes_per_day", unit=("管",))
    tubes = np.asarray(table.taken.get("tubes_per_day", np.ones(len(frame))))
    table.fault("tubes_per_day", tubes == 0, "no tube", "more than 0", cells=_cells(tubes))
    _numbers(table, "staff", ("人", "名"), default=np.nan)
    hours = _numbers(table, "hours_per_day", ("小时", "h"), default=HOURS_OF_A_DAY)
    bad = (hours > HOURS_OF_A_DAY) | (hours == 0)
    table.fault("hours_per_day", bad, "no day", "hours above 0 up to 24", cells=_cells(hours))
    sites = table.codes("site_id", always=True)
    table.taken["site_id"] = pd.Series(sites, index=frame.index, dtype="str")
    twice = pd.Series(sites).duplicated().to_numpy() & np.array([bool(s) for s in sites])
    table.fault("site_id", twice, "a site of another laboratory", "one each", cells=sites)
    return _finish(table, crs)


def check_stations(
    frame: pd.DataFrame,
    *,
    crs: str = "",
    columns: Mapping[str, str] | None = None,
    what: str = "stations",
) -> gpd.GeoDataFrame:
    """
    Check a table of transfer stations.

    Parameters
    ----------
    frame, crs, what
        As for `check_work_places`.
    columns
        Names in `frame` by standard name: station_id, name, lon, lat.

    Returns
    -------
    stations
        As of `check_work_places`: station_id, name.

    Raises
    ------
    InputError
        As `check_work_places`.
    """
    return _finish(_begin(frame, ("station_id", "name"), columns, what), crs)


def _begin(
    frame: pd.DataFrame, own: tuple[str, ...], columns: Mapping[str, str] | None, what: str
) -> Intake:
    """Take id, the first of the own columns, and name."""
    table = Intake(frame, what=what, columns=columns, known=(*own, *COORDINATES))
    ids = table.ids(own[0])
    table.names("name", default=ids if len(ids) == len(frame) else [""] * len(frame))
    return table


def _finish(table: Intake, crs: str) -> gpd.GeoDataFrame:
    reserved = RESERVED | set(table.taken)
    return table.finish(table.locate(crs, PLACES), reserved=reserved).reset_index(drop=True)


def _numbers(
    table: Intake, name: str, unit: tuple[str, ...], *, default: float
) -> NDArray[np.float64]:
    """Take a column of numbers, and the default where it, or a cell of it, says nothing."""
    table.numbers(name, unit=unit, optional=True)
    given = table.taken.get(name)
    cells = np.full(len(table.frame), np.nan) if given is None else np.asarray(given, np.float64)
    filled = np.where(np.isnan(cells), default, cells)
    table.taken[name] = filled
    return filled


def _cells(values: NDArray[np.float64]) -> list[str]:
    return [f"{value:g}" for value in values]
