"""Which site takes whose tests: sites at work, walks to the nearest of them, tests by kind."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from walkcover.assessment import nearest_open, with_place
from walkcover.capacity import Assignment
from walkcover.day_profile import OpenDays, open_days
from walkcover.desks import STANDING, site_hours
from walkcover.gaps import check_people, is_covered
from walkcover.joins import Joins, concatenate, take_places
from walkcover.plan import Plan
from walkcover.plan_operations import KINDS, SITE
from walkcover.services import residence_kinds
from walkcover.snap import snap
from walkcover.study import Study
from walkcover.zones import zones_of_places

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

NEEDED = ("place_id", "name", "kind", "people", "zone_id", "reached", "walk_s", "site_id")


@dataclass(frozen=True)
class WorkingSites:
    """
    The sites of the state that is planned for: after building where sites were suggested.

    Parameters
    ----------
    table
        A row per site that stands, as in `walkcover.result.Result.sites`, numbered from 0.
    row
        Row of each in the table of all sites, shape (n_sites,).
    joins
        Where they join the network.
    desks
        Desks of each, those that were added too; NaN where desk time does not count.
    days
        When each is open.
    works
        Sites that somebody can go to: open for some time, and not without any desk.
    desk_time
        Who is given desk time where, sites numbered as in the table of all; None where distance
        alone counts.
    is_after
        Whether suggested sites stand.
    """

    table: gpd.GeoDataFrame
    row: npt.NDArray[np.int64]
    joins: Joins
    desks: Floats
    days: OpenDays
    works: Flags
    desk_time: Assignment | None
    is_after: bool

    @property
    def suffix(self) -> str:
        """Ending of the columns of residences that tell of this state."""
        return "_after" if self.is_after else ""


def working_sites(study: Study, sites: gpd.GeoDataFrame, *, plan: Plan) -> WorkingSites:
    """
    Collect the sites of the state that is planned for.

    Parameters
    ----------
    study
        What the run keeps.
    sites
        All sites, as in `walkcover.result.Result.sites`.
    plan
        Hours of sites that name none, and the hour at which they open.

    Returns
    -------
    working
        Existing sites first, then suggested ones.
    """
    assessment, suggestion = study.assessment, study.suggestion
    joins, desk_time, counts = assessment.site_joins, assessment.desk_time, ["open"]
    if suggestion is not None:
        joins = concatenate(joins, take_places(suggestion.joins, suggestion.chosen))
        desk_time, counts = suggestion.desk_time, [*STANDING, "suggested"]
    row = np.flatnonzero(sites["status"].isin(counts))
    table = sites.iloc[row].reset_index(drop=True)
    desks = np.full(len(table), np.nan)
    if desk_time is not None:
        desks = (table["desks"] + table["desks_added"]).to_numpy(np.float64)
    days = open_days(table, site_hours(table, plan.desks), opens=plan.demand.opens)
    works = days.is_open.any(axis=1) & ~(desks == 0)
    return WorkingSites(
        table, row, take_places(joins, row), desks, days, works, desk_time, suggestion is not None
    )


def residences_to_serve(
    study: Study, residences: gpd.GeoDataFrame, working: WorkingSites, *, plan: Plan
) -> gpd.GeoDataFrame:
    """
    Bring residences into the form of `walkcover.services.service_table`.

    Parameters
    ----------
    study
        What the run keeps.
    residences
        As in `walkcover.result.Result.residences`.
    working
        The sites.
    plan
        The limit.

    Returns
    -------
    table
        A row per residence, numbered from 0, with place_id, name, kind, people, zone_id, reached,
        walk_s, site_id (empty where not reached) and geometry.
    """
    table = residences.reset_index(drop=True)
    if len(working.works) and working.works.all():
        names = [f"walk_s{working.suffix}", f"site_id{working.suffix}"]
        walks = table[names].set_axis(["walk_s", "site_id"], axis=1)
    else:
        # The run sends people to sites without hours or desks too.
        walks = _nearest(table, study.assessment.homes, study, working)
    name = table["name"] if "name" in table.columns else pd.Series("", index=table.index)
    own = pd.DataFrame(
        {
            "place_id": table["residence_id"].astype(str),
            "name": name.astype(object).fillna("").astype(str),
            "kind": residence_kinds(table),
            "people": table["people"].astype(np.float64),
            "zone_id": table["zone_id"],
        }
    )
    return _reached(own, walks, table.geometry, plan)


def places_to_serve(
    study: Study, places: gpd.GeoDataFrame | None, working: WorkingSites, *, plan: Plan
) -> gpd.GeoDataFrame:
    """
    Walk from places to the nearest site, and bring them into the form of residences.

    Parameters
    ----------
    study
        What the run keeps.
    places
        Checked places with people, points and polygons in EPSG:4326; None for none.
    working
        The sites.
    plan
        The limit, and how places join the network.

    Returns
    -------
    table
        As of `residences_to_serve`, geometry the representative point; no row without places.
    """
    if places is None or not len(places):
        empty = {name: np.empty(0) for name in NEEDED}
        return gpd.GeoDataFrame(empty, geometry=gpd.GeoSeries([], crs=4326))
    assessment = study.assessment
    joins = snap(
        places.geometry.to_numpy(),
        assessment.index,
        limit_m=plan.walk.snap_limit_m,
        barriers=assessment.barriers,
    )
    table = with_place(places.reset_index(drop=True), joins)
    table = table.set_geometry(gpd.points_from_xy(table["lon"], table["lat"], crs=4326))
    own = pd.DataFrame(
        {
            **{name: table[name].astype(object) for name in ("place_id", "name", "kind")},
            "people": table["people"].astype(np.float64),
            "zone_id": zones_of_places(table, study.zones, assessment.residences),
        }
    )
    return _reached(own, _nearest(table, joins, study, working), table.geometry, plan)


def tests_by_kind(
    services: gpd.GeoDataFrame, working: WorkingSites
) -> tuple[Floats, tuple[str, ...]]:
    """
    Count the tests of each site by the kind of those who come, in one interval.

    Where desk time counts people go where they are given it; who is given none goes to the nearest
    site, so that a shortage shows there. Places, and all where distance alone counts, go to the
    nearest site.

    Parameters
    ----------
    services
        As of `walkcover.services.service_table`, residences first and in their order.
    working
        The sites.

    Returns
    -------
    tests
        Shape (n_sites, n_kinds).
    kinds
        Kinds that go to sites: those with a name of their own first, then others as text.

    Raises
    ------
    ConservationError
        If tests are lost on the way.
    """
    walks_there = (services["service"] == SITE).to_numpy(bool)
    here = services[walks_there]
    found = {*here["kind"]}
    named = [kind for kind in KINDS if kind in found]
    kinds = (*named, *sorted(found.difference(named)))
    code = services["kind"].map({kind: number for number, kind in enumerate(kinds)})
    column = code.fillna(-1).to_numpy(np.int64)
    nearest = _rows(services["site_id"], working.table["site_id"])
    going = np.where(walks_there, services["tests"].to_numpy(np.float64), 0.0)
    tests = np.zeros((len(working.table), len(kinds)))
    if working.desk_time is not None:
        flow = working.desk_time
        n = flow.unserved_people.size
        people = services["people"].to_numpy(np.float64)[:n]
        a_person = np.divide(going[:n], people, out=np.zeros(n), where=people > 0)
        row = np.full(int(working.row.max(initial=-1)) + 1, -1)
        row[working.row] = np.arange(len(working.row))
        amount = flow.flow_people * a_person[flow.flow_residence]
        comes = amount > 0
        home = flow.flow_residence[comes]
        np.add.at(tests, (row[flow.flow_site[comes]], column[home]), amount[comes])
        given = np.bincount(flow.flow_residence, amount, minlength=n)
        going[:n] = np.maximum(going[:n] - given, 0.0)
    rest = np.flatnonzero(going > 0)
    np.add.at(tests, (nearest[rest], column[rest]), going[rest])
    check_people(here["tests"].sum(), tests.sum(), step="sending people to sites")
    return tests, kinds


def _reached(
    own: pd.DataFrame, walks: pd.DataFrame, geometry: gpd.GeoSeries, plan: Plan
) -> gpd.GeoDataFrame:
    """Say which places have a site within the limit."""
    walk_s = walks["walk_s"].astype(np.float64)
    reached = is_covered(walk_s, limit_s=plan.walk.limit_s)
    site_id = walks["site_id"].astype(object).where(reached, "")
    table = own.assign(reached=reached, walk_s=walk_s, site_id=site_id)
    return gpd.GeoDataFrame(table[[*NEEDED]], geometry=geometry.to_numpy(), crs=4326)


def _nearest(
    table: pd.DataFrame, joins: Joins, study: Study, working: WorkingSites
) -> pd.DataFrame:
    """Walks to the nearest site that works."""
    return nearest_open(
        table,
        joins,
        working.table["site_id"],
        working.joins,
        working.works,
        study.assessment.graph,
    )


def _rows(site_id: pd.Series, ids: pd.Series) -> npt.NDArray[np.int64]:
    """Row of each site, -1 for none."""
    row = pd.Series(np.arange(len(ids)), index=ids.astype(str).to_numpy(object))
    found: npt.NDArray[np.int64] = site_id.astype(str).map(row).fillna(-1).to_numpy(np.int64)
    return found
