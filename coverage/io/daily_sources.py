"""Read the tables of daily work that a plan names: places, bases, laboratories, stations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import geopandas as gpd

from walkcover._errors import InputError
from walkcover.daily_tables import (
    check_bases,
    check_laboratories,
    check_stations,
    check_work_places,
)
from walkcover.io.networks import is_extract
from walkcover.io.roads import read_roads
from walkcover.io.tables import read_table
from walkcover.network import Lines
from walkcover.plan import Plan
from walkcover.plan_operations import (
    ROAD_KMH,
    BaseSource,
    LaboratorySource,
    PlaceSource,
    StationSource,
)

Source = PlaceSource | BaseSource | LaboratorySource | StationSource


def read_work_places(plan: Plan) -> gpd.GeoDataFrame | None:
    """
    Read the schools, offices and other places that a plan names.

    Parameters
    ----------
    plan
        The plan.

    Returns
    -------
    places
        As `walkcover.daily_tables.check_work_places` gives them; None where the plan names none.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file does not meet the contract; all faults in one message.
    """
    if not plan.places.source:
        return None
    return _read(plan, plan.places, "place_id", ("name", "kind", "people"), check_work_places)


def read_bases(plan: Plan) -> gpd.GeoDataFrame:
    """
    Read the bases of roving teams.

    Parameters
    ----------
    plan
        A plan whose ``[bases]`` has a source.

    Returns
    -------
    bases
        As `walkcover.daily_tables.check_bases` gives them.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file does not meet the contract; all faults in one message.
    """
    return _read(plan, plan.bases, "base_id", ("name", "teams"), check_bases)


def read_laboratories(plan: Plan) -> gpd.GeoDataFrame:
    """
    Read the laboratories.

    Parameters
    ----------
    plan
        A plan whose ``[laboratories]`` has a source.

    Returns
    -------
    laboratories
        As `walkcover.daily_tables.check_laboratories` gives them.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file does not meet the contract; all faults in one message.
    """
    keys = ("name", "tubes_per_day", "staff", "hours_per_day", "site")
    return _read(plan, plan.laboratories, "laboratory_id", keys, check_laboratories)


def read_stations(plan: Plan) -> gpd.GeoDataFrame:
    """
    Read the transfer stations.

    Parameters
    ----------
    plan
        The plan.

    Returns
    -------
    stations
        As `walkcover.daily_tables.check_stations` gives them; no row where the plan names none.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file does not meet the contract; all faults in one message.
    """
    if not plan.stations.source:
        empty: dict[str, list[str]] = {"station_id": [], "name": []}
        return gpd.GeoDataFrame(empty, geometry=gpd.GeoSeries([], crs=4326), crs=4326)
    return _read(plan, plan.stations, "station_id", ("name",), check_stations)


def read_plan_roads(plan: Plan) -> Lines:
    """
    Read the roads that vehicles drive on.

    Parameters
    ----------
    plan
        The plan.

    Returns
    -------
    lines
        Drivable lines of the extract in ``[roads]``, else of that in ``[network]``.

    Raises
    ------
    InputError
        If neither is an OpenStreetMap extract, or it holds no road.
    """
    source = plan.roads.source or plan.network.source
    path = plan.path(source)
    if not is_extract(path):
        msg = (
            f"{source} tells walks, not roads for vehicles: name an OpenStreetMap extract "
            "(.osm.pbf, .osm) in [roads] source"
        )
        raise InputError(msg)
    return read_roads(path, speeds_kmh=ROAD_KMH | dict(plan.roads.kmh))


def _read(
    plan: Plan,
    source: Source,
    own_id: str,
    keys: Sequence[str],
    check: Callable[..., gpd.GeoDataFrame],
) -> gpd.GeoDataFrame:
    """Read a section's file and check it under the names that the section gives its columns."""
    standard = {"id": own_id, "site": "site_id"}
    columns = {standard.get(key, key): getattr(source, key) for key in ("id", *keys, "lon", "lat")}
    return check(
        read_table(plan.path(source.source), layer=source.layer),
        crs=source.crs,
        columns=columns,
        what=Path(source.source).name,
    )
