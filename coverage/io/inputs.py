"""Read everything that a plan names."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import pandas as pd

from walkcover._errors import InputError, MissingFileError
from walkcover.cells import study_area
from walkcover.desks import check_desks
from walkcover.io.networks import is_extract
from walkcover.io.sources import (
    read_candidates,
    read_cells,
    read_residences,
    read_sites,
    read_zone_people,
    read_zones,
)
from walkcover.io.walking import Walking, read_walking
from walkcover.network import Network
from walkcover.places import check_near_network
from walkcover.plan import Plan, bare_name
from walkcover.population import check_elderly, floor_area_m2, spread_people
from walkcover.residences import (
    Settlement,
    borrow_names,
    is_compound,
    settle_cells,
    split_compounds,
)
from walkcover.tables import check_residences
from walkcover.water import no_water
from walkcover.zones import assign_stages, assign_zones, default_zones

# Ids shown in a message.
SHOWN = 5

log = logging.getLogger("walkcover")


@dataclass(frozen=True)
class Inputs:
    """
    Checked inputs of a run.

    Parameters
    ----------
    walking
        The walking network, with heights.
    residences
        With zone_id and stage; compounds are broken down.
    sites
        Existing sites, none at all is a valid start.
    zones
        Zones, one called ``all`` where the plan names none.
    candidates
        Given candidates, None where they are to be made.
    sha256
        Checksum of each file by its name in the plan.
    settlement
        What was done with the people of cells, None where the plan has none.
    water
        Water of the extract for maps: kind, waterway, name. No row where it was not asked for.
    """

    walking: Walking
    residences: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame
    zones: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame | None
    sha256: dict[str, str]
    settlement: Settlement | None = None
    water: gpd.GeoDataFrame = field(default_factory=no_water)

    @property
    def network(self) -> Network:
        """The walking network."""
        return self.walking.network


def read_inputs(plan: Plan, *, water: bool = False) -> Inputs:
    """
    Read and check the files of a plan.

    Parameters
    ----------
    plan
        The plan.
    water
        Whether the water of an extract is wanted too, as maps do; no other street file holds any.

    Returns
    -------
    inputs
        Tables that keep their contracts.

    Raises
    ------
    MissingFileError
        If a file does not exist; all of them in one message.
    InputError
        If a file does not keep its contract, or lies nowhere near the network.
    """
    sha256 = checksums(plan)
    network_path = plan.path(plan.network.source)
    walking = read_walking(plan)
    network = walking.network
    zones = read_zones(plan) if plan.zones.source else None
    places = _places(plan, network_path)
    check_near_network(places, network.bounds, what=_label(plan.residences.source, "residence"))
    settlement = _settlement(plan, places, zones, network)
    if settlement is not None:
        places = settlement.residences
    residences = _with_zones(places, zones, plan)
    if zones is None:
        zones = default_zones(residences["zone_id"])
    sites = read_sites(plan) if plan.sites.source else no_sites()
    check_desks(sites, what=plan.sites.source)
    candidates = _candidates(plan, network, sites)
    if len(sites):
        check_near_network(sites, network.bounds, what=_label(plan.sites.source, "site"))
    return Inputs(
        walking=walking,
        residences=residences,
        sites=sites,
        zones=zones,
        candidates=candidates,
        sha256=sha256,
        settlement=settlement,
        water=_water(network_path) if water else no_water(),
    )


def _water(path: Path) -> gpd.GeoDataFrame:
    """Water of an extract, none where the streets come from another kind of file."""
    if not is_extract(path):
        return no_water()
    from walkcover.io.water import read_water

    return read_water(path)


def no_sites() -> gpd.GeoDataFrame:
    """An empty table of sites: nothing stands yet."""
    text = pd.Series(dtype=object)
    columns = {"site_id": text, "name": text, "status": text}
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=4326), crs=4326)


def _label(source: str, noun: str) -> str:
    return f"{source}: {noun}s"


def _candidates(plan: Plan, network: Network, sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame | None:
    """Candidates of the plan, None where they are to be made."""
    spending = [stage.name for stage in plan.stages if stage.budget is not None]
    if not plan.candidates.source:
        if spending:
            msg = (
                f"stage {spending[0]!r} has a budget, but nothing says what a site costs: name "
                "a file with costs in [candidates] source, or give max_sites"
            )
            raise InputError(msg)
        return None
    candidates = read_candidates(plan)
    what = _label(plan.candidates.source, "candidate")
    check_near_network(candidates, network.bounds, what=what)
    twice = candidates.loc[candidates["candidate_id"].isin(sites["site_id"]), "candidate_id"]
    if len(twice):
        msg = (
            f"{plan.candidates.source}: {len(twice)} ids are those of sites too, first "
            f"{', '.join(twice.iloc[:SHOWN])}: expected ids of their own, since a candidate that "
            "is built becomes a site"
        )
        raise InputError(msg)
    if (candidates["cost"] <= 0).any():
        free = candidates.loc[candidates["cost"] <= 0, "candidate_id"]
        msg = (
            f"{plan.candidates.source}: {len(free)} candidates cost nothing, first "
            f"{', '.join(free.iloc[:SHOWN])}: expected a cost above 0"
        )
        raise InputError(msg)
    return candidates


def _places(plan: Plan, network_path: Path) -> gpd.GeoDataFrame:
    """Residences, whatever they were made from; compounds are broken down."""
    if plan.residences.source == "osm":
        places = _from_extract(plan, network_path)
    else:
        places = read_residences(plan)
        compounds = int(is_compound(places).sum())
        if compounds and is_extract(network_path):
            from walkcover.io.osm import read_buildings

            places = split_compounds(places, read_buildings(network_path))
        elif compounds:
            log.warning(
                "%d compounds or population cells stay whole: %s holds no buildings",
                compounds,
                network_path.name,
            )
    return places.reset_index(drop=True)


def _with_zones(
    places: gpd.GeoDataFrame, zones: gpd.GeoDataFrame | None, plan: Plan
) -> gpd.GeoDataFrame:
    """Add zone and stage, and people where they are spread over the zones."""
    places = places.copy()
    settled = plan.population.form in ("cells", "raster")
    if settled and (zones is None or zones.geometry.isna().all()):
        places = borrow_names(places, ["zone_id"])
    places["zone_id"] = assign_zones(places, zones)
    if plan.population.form == "zones":
        places = places.assign(**_spread(plan, places))
    if settled:
        staged = [] if zones is None else zones.loc[zones["stage"].notna(), "zone_id"]
        rows = ~places["zone_id"].isin(staged).to_numpy()
        places = borrow_names(places, ["stage", "class_code", "county_seat"], rows=rows)
    places["stage"] = assign_stages(places, zones, plan.stages)
    return places


def _from_extract(plan: Plan, network_path: Path) -> gpd.GeoDataFrame:
    from walkcover.io.osm import read_buildings

    if not is_extract(network_path):
        msg = (
            f'[residences] source = "osm": {network_path.name} holds no buildings; name an '
            "OpenStreetMap extract as [network] source, or a file of residences"
        )
        raise InputError(msg)
    people = plan.residences.people
    if isinstance(people, str) and not plan.population.source:
        msg = (
            '[residences] source = "osm": buildings carry no people; set people to a number for '
            "every building, or give zone totals in [population]"
        )
        raise InputError(msg)
    places = read_buildings(network_path)
    if places.empty:
        msg = (
            f"{network_path}: the extract holds no residential building and no residential area; "
            "name a file of residences in [residences] source"
        )
        raise InputError(msg)
    # Zone totals take the place of a number that is not given.
    places["people"] = 0.0 if isinstance(people, str) else float(people)
    return check_residences(places)


def _settlement(
    plan: Plan, places: gpd.GeoDataFrame, zones: gpd.GeoDataFrame | None, network: Network
) -> Settlement | None:
    """People of the cells of [population] in the residences, None where it has no cells."""
    population = plan.population
    if population.form not in ("cells", "raster"):
        return None
    area = study_area(zones, network.bounds, margin_m=plan.walk.snap_limit_m)
    what = Path(population.source).name
    if population.form == "raster":
        from walkcover.io.rasters import read_raster_cells

        cells = read_raster_cells(
            plan.path(population.source),
            area.bounds,
            unit=population.unit,
            crs=population.crs,
            elderly=plan.path(population.elderly) if population.elderly else None,
        )
    else:
        cells = read_cells(plan)
    if "elderly_people" in cells:
        by_cell = cells.set_index("cell_id")
        check_elderly(by_cell["people"], by_cell["elderly_people"], what=what)
    settlement = settle_cells(
        cells, places, area, spread=population.spread, cell_m=population.cell_m, what=what
    )
    log.info("%s: %s", what, settlement.text)
    return settlement


def _spread(plan: Plan, places: gpd.GeoDataFrame) -> dict[str, pd.Series]:
    """Zone totals of [population] spread over the residences, by column."""
    totals = {"people": read_zone_people(plan)}
    if plan.population.elderly:
        totals["elderly_people"] = read_zone_people(plan, elderly=True)
        what = Path(plan.population.source).name
        check_elderly(totals["people"], totals["elderly_people"], what=what)
    weights = None
    if plan.population.spread == "floor_area":
        weights = floor_area_m2(places.geometry, places.get("levels"))
    return {name: spread_people(total, places, weights=weights) for name, total in totals.items()}


def checksums(plan: Plan) -> dict[str, str]:
    """
    Take the sha256 of every file that a plan names.

    Parameters
    ----------
    plan
        The plan.

    Returns
    -------
    sha256
        Checksum of each file by its name in the plan.

    Raises
    ------
    MissingFileError
        If a file does not exist; all of them in one message.
    """
    named = plan.files()
    missing = [
        f"{key} = {source!r}" for key, source in named.items() if not plan.path(source).is_file()
    ]
    if missing:
        msg = (
            f"these files of the plan do not exist in {plan.folder.resolve()}:\n"
            + "\n".join(f"  {line}" for line in missing)
            + "\npaths in a plan start from the folder of the plan file"
        )
        raise MissingFileError(msg)
    sums = {}
    for source in named.values():
        shown, path = bare_name(source), plan.path(source)
        sums[shown] = _sha256(path)
        for beside in _companions(path):
            sums[Path(shown).with_suffix(beside.suffix).as_posix()] = _sha256(beside)
    return sums


def _companions(path: Path) -> list[Path]:
    """The files in which a shapefile keeps its columns, its CRS and its encoding."""
    suffixes = (".dbf", ".prj", ".cpg") if path.suffix.lower() == ".shp" else ()
    return [one for one in map(path.with_suffix, suffixes) if one.is_file()]


def _sha256(path: Path) -> str:
    """Checksum of a file that may be larger than the memory, as rasters of a country are."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
