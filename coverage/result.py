"""What a run gives back: finished tables, frozen together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from walkcover.operations import Operations
from walkcover.plan import Plan
from walkcover.study import Study
from walkcover.water import no_water


@dataclass(frozen=True)
class NearSites:
    """
    The sites near each residence, nearest first, in compressed sparse rows.

    Parameters
    ----------
    indptr
        Shape (n_residences + 1,), int64: residence i has the entries ``indptr[i]`` to
        ``indptr[i + 1]``.
    site
        Row of the sites table, an unsigned integer as small as will do. Of equally near sites
        the smallest id as text stands first.
    walk_steps
        Walk in steps of `step_s`, rounded up, likewise small: ``walk_steps * step_s <= limit`` is
        exact for every limit that is a multiple of the step.
    step_s
        Seconds of a step.
    limit_s
        Longest walk that is listed, in seconds.
    """

    indptr: npt.NDArray[np.int64]
    site: npt.NDArray[np.unsignedinteger[Any]]
    walk_steps: npt.NDArray[np.unsignedinteger[Any]]
    step_s: int
    limit_s: float


@dataclass(frozen=True)
class Result:
    """
    The tables of a finished run, all in WGS84, in the columns of the output folder.

    Columns that the inputs bring besides (name, address) follow behind the ones listed. The
    columns ending in ``_after`` are there once sites were suggested.

    Parameters
    ----------
    plan
        The plan that was run.
    residences
        A row per residence in the order given, geometry a point: residence_id, people, zone_id,
        stage, lon, lat, snap_m, snap_to, walk_s, site_id, verdict, gate_unknown; walk_s_after,
        site_id_after, verdict_after. The site is the nearest one, also where desk time counts;
        then people_unserved says how many within reach of a site find no desk time there.
    sites
        A row per existing and per suggested site, geometry a point: site_id, name, origin
        (existing | suggested), status (open | closed | planned | suggested), stage, order (1 is
        built first; missing for existing ones), lon, lat, snap_m, snap_to, people_served (people
        whose nearest site this is and who are covered, after building), people_gained. Where desk
        time counts people_served are those who are given desk time here, and there are desks (as
        given, or of a new site), desks_added (to an existing site), capacity_people (with all of
        them) and load_share.
    rollout
        A row per suggested site in the order of building: order, stage, site_id, zone_name, near,
        lon, lat, lon_gcj02, lat_gcj02, people_gained, covered_people, covered_share. Where desk
        time counts also action (build | extend) and desks (new ones); the rows that extend name
        an existing site.
    zones
        A row per zone, parents too, zero rows kept, ``outside`` last where people live outside:
        zone_id, name, parent_id, stage, residences, people, covered_people, covered_share,
        gap_people, unreached_people, mean_walk_s, worst_walk_s, sites, people_per_site (and
        unserved_people where desk time counts) and the same ``_after``; geometry a polygon, or
        None for ``outside``.
    stages
        A row per stage in the order of the plan: name, target, max_sites, budget, residences,
        people, covered_people, covered_share, covered_people_after, covered_share_after,
        sites_added, cost, missing_people (short of the target), objective, bound, gap, status; and
        unserved_people, unserved_people_after, desks_added where desk time counts.
    band
        A row per profile of the band and stage, the stage empty for all together: profile,
        speed_kmh, stage, people, reached_people, reached_share and, once sites were suggested,
        the same ``_after``. Desk time does not count here.
    gap_areas
        A row per cluster of neighbouring residences that are not covered, most people first,
        geometry a polygon: gap_id, residences, people, reason (the verdict of most of its
        people), nearest_miss_s (seconds over the limit of the best walk, 0 within it, inf without
        any path), zone_id, zone_name, near.
    closures
        A row per site that stands now or after building: what its closing alone would do. The
        columns are those of `walkcover.closures.Closures`.
    remedies
        A row per change that would help people whom building left uncovered against the rule of
        their stage. The columns are those of `walkcover.remedies.Remedies`; no row where there
        is nothing to help, or nothing was suggested.
    isochrones
        A row per band, geometry a polygon: minutes_from, minutes_to.
    streets
        The walking network as lines, for the base map: name, highway, private.
    summary
        The content of summary.json: plain values only.
    near_sites
        For opening and closing sites in the map: rows as in `residences`, sites as in `sites`;
        None where no map was asked for.
    water
        Water for the base map: kind (area | line), waterway, name. No row where no map was asked
        for, or where the streets come from something else than an extract.
    study
        What `walkcover.what_if` goes on from; None for tables that no run made.
    operations
        Daily work: demand by hour, rounds, relay; None where the plan does not ask for any.
    """

    plan: Plan
    residences: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame
    rollout: pd.DataFrame
    zones: gpd.GeoDataFrame
    stages: pd.DataFrame
    band: pd.DataFrame
    gap_areas: gpd.GeoDataFrame
    closures: pd.DataFrame
    remedies: pd.DataFrame
    isochrones: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    summary: dict[str, Any]
    near_sites: NearSites | None = None
    water: gpd.GeoDataFrame = field(default_factory=no_water)
    study: Study | None = field(default=None, repr=False)
    operations: Operations | None = None
