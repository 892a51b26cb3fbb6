"""Read the tables that a plan names: residences, sites, candidates, zones, population cells."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import pandas as pd

from walkcover._intake import Intake, cell_texts
from walkcover.cells import people_of_density
from walkcover.io.tables import read_table
from walkcover.places import PLACES
from walkcover.plan import CandidateSource, Plan, ResidenceSource, SiteSource, ZoneSource
from walkcover.tables import (
    check_candidates,
    check_residences,
    check_sites,
    check_zones,
)

SITE_KEYS = ("id", "name", "status", "desks", "hours_per_day", "opening_hours", "lon", "lat")


def read_residences(plan: Plan) -> gpd.GeoDataFrame:
    """
    Read the residences that a plan names.

    Parameters
    ----------
    plan
        A plan whose residences are a file, not ``"osm"``.

    Returns
    -------
    residences
        As `walkcover.tables.check_residences` gives them, numbered from 0. Where the plan has a
        ``[population]``, people are 0 until they are spread, and a column of people is carried
        as it is.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file does not meet the contract; all faults in one message.
    """
    source = plan.residences
    names = ("id", "zone", "stage", "class_code", "county_seat", "lon", "lat")
    columns = _columns(source, names)
    if source.name != "name":
        columns["name"] = source.name
    people = 0.0 if plan.population.source else source.people
    if isinstance(people, str):
        columns["people"] = people
    return check_residences(
        read_table(plan.path(source.source), layer=source.layer),
        crs=source.crs,
        people=None if isinstance(people, str) else people,
        columns=columns,
        what=Path(source.source).name,
    ).reset_index(drop=True)


def read_sites(plan: Plan) -> gpd.GeoDataFrame:
    """
    Read the sites that a plan names.

    Parameters
    ----------
    plan
        A plan whose ``[sites]`` has a source.

    Returns
    -------
    sites
        As `walkcover.tables.check_sites` gives them, numbered from 0.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file does not meet the contract; all faults in one message.
    """
    source = plan.sites
    return check_sites(
        read_table(plan.path(source.source), layer=source.layer),
        crs=source.crs,
        columns=_columns(source, SITE_KEYS),
        what=Path(source.source).name,
    ).reset_index(drop=True)


def read_candidates(plan: Plan) -> gpd.GeoDataFrame:
    """
    Read the candidates that a plan names.

    Parameters
    ----------
    plan
        A plan whose ``[candidates]`` has a source.

    Returns
    -------
    candidates
        As `walkcover.tables.check_candidates` gives them, numbered from 0.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file does not meet the contract; all faults in one message.
    """
    source = plan.candidates
    return check_candidates(
        read_table(plan.path(source.source), layer=source.layer),
        crs=source.crs,
        columns=_columns(source, ("id", "cost", "max_desks", "lon", "lat")),
        what=Path(source.source).name,
    ).reset_index(drop=True)


def read_zones(plan: Plan) -> gpd.GeoDataFrame:
    """
    Read the zones that a plan names.

    Parameters
    ----------
    plan
        A plan whose ``[zones]`` has a source.

    Returns
    -------
    zones
        As `walkcover.tables.check_zones` gives them.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file does not meet the contract; all faults in one message.
    """
    source = plan.zones
    return check_zones(
        read_table(plan.path(source.source), layer=source.layer),
        crs=source.crs,
        columns=_columns(source, ("id", "name", "parent", "stage")),
        what=Path(source.source).name,
    )


def read_zone_people(plan: Plan, *, elderly: bool = False) -> pd.Series:
    """
    Read the people per zone that a plan names in ``[population]``.

    Parameters
    ----------
    plan
        A plan whose ``[population]`` has a table as source.
    elderly
        Read the column that ``elderly`` names, the people of 65 and more, not all people.

    Returns
    -------
    totals
        People, float64, named ``people`` (or ``elderly_people``), indexed by zone_id as text.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If a column is missing, a zone is empty or repeated, or people are no finite number from 0
        on; all faults in one message.
    """
    source = plan.population
    name = "elderly_people" if elderly else "people"
    table = Intake(
        read_table(plan.path(source.source), layer=source.layer),
        what=Path(source.source).name,
        columns={"zone_id": source.zone, name: source.elderly if elderly else source.people},
        known=("zone_id", name),
    )
    zones = table.ids("zone_id")
    table.numbers(name, unit="人")
    table.stop()
    return pd.Series(table.taken[name], index=pd.Index(zones, name="zone_id"), name=name)


def read_cells(plan: Plan) -> gpd.GeoDataFrame:
    """
    Read the cells with people that a plan names in ``[population]``.

    Parameters
    ----------
    plan
        A plan whose ``[population]`` has a table or layer of cells as source.

    Returns
    -------
    cells
        In EPSG:4326, numbered from 0: cell_id (text; what people call the row where the plan
        names no column), people and, where the plan names a column, elderly_people (float64),
        polygons or points. Density was multiplied with the true area of each cell.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If a column is missing, an id is empty or repeated, people are no finite number from 0 on,
        or a row has no place; all faults in one message. Also if points have a density.
    """
    source = plan.population
    names = {"cell_id": source.id, "people": source.people, "elderly_people": source.elderly}
    columns = {name: given for name, given in names.items() if given}
    table = Intake(
        read_table(plan.path(source.source), layer=source.layer),
        what=Path(source.source).name,
        columns={**columns, "lon": source.lon, "lat": source.lat},
        known=(*names, "lon", "lat"),
    )
    amounts = [name for name in ("people", "elderly_people") if name in columns]
    if source.id:
        table.ids("cell_id")
    else:
        table.taken["cell_id"] = pd.Series(cell_texts(table.frame.index), table.frame.index)
    for name in amounts:
        table.numbers(name, unit="人")
    places = table.locate(source.crs, PLACES)
    cells = table.finish(places, reserved=("geometry",)).reset_index(drop=True)
    if source.unit == "people_per_km2":
        for name in amounts:
            cells[name] = people_of_density(cells.geometry, cells[name])
    return cells[["cell_id", *amounts, "geometry"]]


def _columns(
    source: ResidenceSource | SiteSource | CandidateSource | ZoneSource, keys: Sequence[str]
) -> dict[str, str]:
    """Translate a section's keys into the names of standard columns."""
    own_id = {
        ResidenceSource: "residence_id",
        SiteSource: "site_id",
        CandidateSource: "candidate_id",
        ZoneSource: "zone_id",
    }[type(source)]
    standard = {"id": own_id, "zone": "zone_id", "parent": "parent_id"}
    return {standard.get(key, key): getattr(source, key) for key in keys}
