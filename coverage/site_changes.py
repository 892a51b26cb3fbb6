"""Open, close and move sites: only residences that these concern get another walk."""

from __future__ import annotations

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from walkcover._scenario_values import Place
from walkcover.assessment import text_rank
from walkcover.desks import check_desks, has_desks
from walkcover.joins import Joins, concatenate, take_places
from walkcover.network import Bools, Floats, Ints
from walkcover.outcome import OPEN, Ground, Outcome
from walkcover.places import check_near_network
from walkcover.reach import TIE_S
from walkcover.scenario import Scenario
from walkcover.site_walks import walks_to
from walkcover.snap import snap
from walkcover.suggestion import Suggestion

# Id of a new place that has none: P1, P2, …
NEW_ID = "P{}"


def with_sites(
    ground: Ground,
    scenario: Scenario,
    *,
    suggestion: Suggestion | None,
    has_own_joins: bool,
) -> tuple[Outcome, tuple[str, ...]]:
    """
    Open, close and move the sites of a scenario, and give them other desks.

    Parameters
    ----------
    ground
        Streets, residences and sites before.
    scenario
        Whose ids are known to be there.
    suggestion
        What the base suggested, for ids of it that open.
    has_own_joins
        Whether the suggestion was made on the streets of the ground, so that its sites stand where
        it joined them.

    Returns
    -------
    outcome
        The sites, and the walks that change.
    notes
        What a reader should know: new places that no street is near.

    Raises
    ------
    InputError
        If no new place lies near the network, or only some sites have desks.
    """
    base = ground.assessment
    n_base = len(base.sites)
    sites, ids = _site_table(ground, scenario, suggestion)
    status = np.append(ground.status, np.full(len(ids) - n_base, OPEN, dtype=object))
    status[[ids[one] for one in scenario.close]] = "closed"
    status[[ids[one] for one in scenario.opened_ids]] = OPEN
    if sites is not None:
        sites = sites.assign(status=status)
    moved = np.sort(np.array([ids[one] for one in scenario.move], dtype=np.int64))
    moved = moved[moved < n_base]
    fresh_rows = np.concatenate([moved, np.arange(n_base, len(ids))]).astype(np.int64)
    joins, every = None, base.site_joins
    if sites is not None and len(fresh_rows):
        known = suggestion if has_own_joins else None
        joins = _joins_of(sites.iloc[fresh_rows], ground, scenario, known)
        position = np.arange(len(ids))
        position[moved] = n_base + np.arange(len(moved))
        position[n_base:] += len(moved)
        every = take_places(concatenate(base.site_joins, joins), position)
    is_open = np.asarray(status == OPEN, dtype=bool)
    rows, walk_s, site = _walks(ground, is_open, ids, joins, moved, fresh_rows)
    outcome = Outcome(ground, status, every, rows, walk_s, site, sites)
    if outcome.counts_desks:
        check_desks(outcome.sites, what=f"sites of scenario {scenario.name!r}")
    limit_m = ground.plan.walk.snap_limit_m
    named = [*ids]
    notes = [
        f"site {named[row]!r} joins no street within {limit_m:g} m: nobody can walk there"
        for row in fresh_rows[np.isnan(every.snap_m[fresh_rows])]
    ]
    return outcome, tuple(notes)


def _walks(
    ground: Ground,
    is_open: Bools,
    ids: dict[str, int],
    joins: Joins | None,
    moved: Ints,
    fresh_rows: Ints,
) -> tuple[Ints, Floats, Ints]:
    """Residences with another walk, that walk, and the row of the site it leads to."""
    base, walks = ground.assessment, ground.site_walks
    stays = is_open[: len(ground.is_open)].copy()
    stays[moved] = False
    concerned = np.zeros(len(ground.walk_s), dtype=bool)
    for changed in np.flatnonzero(ground.is_open != stays):
        concerned[ground.concerned[changed]] = True
    walking = np.flatnonzero(is_open[fresh_rows])
    further, further_s, rank = None, None, ground.site_rank
    if joins is not None and len(walking):
        further = take_places(joins, walking)
        further_s = walks_to(base.homes, further, base.graph)
        nearer = np.isfinite(further_s) & (further_s <= ground.walk_s + TIE_S)
        concerned |= nearer.any(axis=0)
        fresh_ids = np.array([*ids], dtype=object)[fresh_rows[walking]]
        rank = text_rank(np.append(ground.site_ids, fresh_ids))
    rows = np.flatnonzero(concerned)
    row_of_site = np.concatenate([np.arange(len(stays)), fresh_rows[walking], [-1]])
    walk_s, site = walks.nearest(rows, stays, rank=rank, further=further, further_s=further_s)
    # The last entry stands for no site, number -1.
    return rows, walk_s, row_of_site[site]


def _site_table(
    ground: Ground, scenario: Scenario, suggestion: Suggestion | None
) -> tuple[gpd.GeoDataFrame | None, dict[str, int]]:
    """All sites, None where no more than their status may change, and the row of each id."""
    base, ids = ground.assessment.sites, ground.row_of_site
    built = [one for one in scenario.opened_ids if one not in ids]
    places = scenario.opened_places
    if not (built or places or scenario.move or scenario.desks or scenario.hours):
        return None, ids
    table = base.reset_index(drop=True)
    if built or places:
        table = _with_rows(table, _new_rows(base, built, places, ground, suggestion))
        ids = {one: row for row, one in enumerate(table["site_id"])}
    for column, values in (("desks", scenario.desks), ("hours_per_day", scenario.hours)):
        if values:
            old = table.get(column, pd.Series(np.nan, index=table.index)).astype(np.float64)
            numbers = old.to_numpy(copy=True)
            numbers[[ids[one] for one in values]] = list(values.values())
            table = table.assign(**{column: numbers})
    if scenario.move:
        shapes = table.geometry.to_numpy().copy()
        shapes[[ids[one] for one in scenario.move]] = shapely.points(list(scenario.move.values()))
        table = table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=4326))
    return table, ids


def _new_rows(
    base: gpd.GeoDataFrame,
    built: list[str],
    places: list[Place],
    ground: Ground,
    suggestion: Suggestion | None,
) -> pd.DataFrame:
    """Rows of suggested sites that open, and of new places."""
    options = ground.plan.desks
    taken = {*base["site_id"].astype(str), *built, *(place.id for place in places)}
    if suggestion is not None:
        taken |= {*suggestion.sites["site_id"]}
    numbered = map(NEW_ID.format, itertools.count(1))
    fresh = (one for one in numbered if one not in taken)
    rows = []
    if built:
        assert suggestion is not None  # their ids are known from there
        suggested = suggestion.sites.set_index("site_id").loc[built]
        for one, row in suggested.iterrows():
            name, desks = row.get("name"), row.get("desks", options.new_site_desks)
            rows.append((one, name, desks, options.hours_per_day, row["geometry"]))
    for place in places:
        desks = options.new_site_desks if place.desks is None else place.desks
        hours = options.hours_per_day if place.hours_per_day is None else place.hours_per_day
        shape = shapely.Point(place.lon, place.lat)
        rows.append((place.id or next(fresh), place.name or None, desks, hours, shape))
    table = pd.DataFrame(rows, columns=["site_id", "name", "desks", "hours_per_day", "geometry"])
    if not has_desks(base) and all(place.desks is None for place in places):
        table = table.drop(columns=["desks", "hours_per_day"])
    return table.assign(status=OPEN)


def _with_rows(table: gpd.GeoDataFrame, rows: pd.DataFrame) -> gpd.GeoDataFrame:
    """Put rows behind a table; columns that they do not have are missing there."""
    n = len(table)
    longer = pd.DataFrame(table).reindex(range(n + len(rows)))
    for name in rows.columns:
        old = longer[name] if name in longer.columns else pd.Series(index=longer.index, dtype=float)
        numbers = name in ("desks", "hours_per_day")
        values = old.astype(np.float64 if numbers else object).to_numpy(copy=True)
        values[n:] = rows[name].to_numpy(np.float64 if numbers else object)
        longer[name] = values
    return gpd.GeoDataFrame(longer, geometry="geometry", crs=4326)


def _joins_of(
    fresh: gpd.GeoDataFrame, ground: Ground, scenario: Scenario, suggestion: Suggestion | None
) -> Joins:
    """Where moved and new sites join; suggested ones where the suggestion joined them."""
    base = ground.assessment
    if len(fresh) and (scenario.opened_places or scenario.move):
        check_near_network(fresh, base.graph.network.bounds, what="places of sites")
    joins = snap(
        fresh.geometry.to_numpy(),
        base.index,
        limit_m=ground.plan.walk.snap_limit_m,
        barriers=base.barriers,
    )
    if suggestion is None:
        return joins
    number = pd.Index(suggestion.sites["site_id"]).get_indexer(fresh["site_id"])
    number[fresh["site_id"].isin(scenario.move).to_numpy()] = -1
    own = np.flatnonzero(number >= 0)
    if not len(own):
        return joins
    known = take_places(suggestion.joins, suggestion.chosen[number[own]])
    position = np.arange(len(fresh))
    position[own] = len(fresh) + np.arange(len(own))
    return take_places(concatenate(joins, known), position)
