"""Demand: who is tested where and when, and what that asks of every site's desks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from walkcover._errors import InputError
from walkcover._hour_words import DAYS
from walkcover.day_profile import HOURS, PARTS, by_hour
from walkcover.desk_balance import desk_balance, statuses, unknown_hours, worst_hours
from walkcover.operations import Demand
from walkcover.plan import Plan
from walkcover.plan_operations import ITSELF, ROUND, SITE, VISIT
from walkcover.queues import BUSY, JAMMED, SMOOTH
from walkcover.services import by_service, rule_table, service_table
from walkcover.site_days import SiteDay, busiest_day
from walkcover.site_tests import (
    WorkingSites,
    places_to_serve,
    residences_to_serve,
    tests_by_kind,
    working_sites,
)
from walkcover.study import Study

LATER = "_staggered"


@dataclass(frozen=True)
class DailyLoad:
    """
    What a number of tests comes to at each place on a day.

    Parameters
    ----------
    tests_per_site, tubes_per_site, tubes_per_laboratory
        A day, on average.
    """

    tests_per_site: float
    tubes_per_site: float
    tubes_per_laboratory: float


def daily_load(
    tests: float, *, days: float, sites: int, pooling: int = 10, laboratories: int = 1
) -> DailyLoad:
    """
    Divide tests among days, sites, tubes and laboratories.

    Parameters
    ----------
    tests
        Tests in all.
    days
        Days in which they are taken.
    sites, laboratories
        Places that share them evenly.
    pooling
        People who share a tube.

    Returns
    -------
    load
        Means a day.

    Raises
    ------
    InputError
        If a number is not positive.

    References
    ----------
    Shanxi Daily, 20 May 2022: 4.6292 million tests in a week at 2,022 sites, 73 laboratories.

    Examples
    --------
    >>> load = daily_load(4_629_200, days=7, sites=2022, pooling=10, laboratories=73)
    >>> round(load.tests_per_site), round(load.tubes_per_site), round(load.tubes_per_laboratory)
    (327, 33, 906)
    """
    given = {
        "tests": tests,
        "days": days,
        "sites": sites,
        "pooling": pooling,
        "laboratories": laboratories,
    }
    for name, value in given.items():
        if not (np.isfinite(value) and value > 0):
            msg = f"{name} is {value!r}; expected a positive number"
            raise InputError(msg)
    a_day = tests / days
    tubes = a_day / pooling
    return DailyLoad(a_day / sites, tubes / sites, tubes / laboratories)


def plan_demand(
    study: Study,
    residences: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    *,
    plan: Plan,
    places: gpd.GeoDataFrame | None = None,
) -> Demand:
    """
    Say who is tested where and when, and what the busiest day of the week asks of every site.

    Planned for is the state after building where sites were suggested, else that of now. Everybody
    is tested once in an interval. People go to no site that is never open or has no desk.

    Parameters
    ----------
    study
        What the run keeps.
    residences, sites
        Tables of the run's result.
    plan
        Services, groups, demand and desks.
    places
        Checked places with people of their own; None for none.

    Returns
    -------
    demand
        Services, balance of desks, queues and timetable. Tests are those of the busiest day. A
        site that is open on some days of the week only counts with its mean day, but its queues
        are those of a day on which it is open, when as many more come.

    Raises
    ------
    InputError
        If places have more people than the residences in which they live.
    ConservationError
        If people or tests are lost.
    """
    working = working_sites(study, sites, plan=plan)
    services = service_table(
        residences_to_serve(study, residences, working, plan=plan),
        places_to_serve(study, places, working, plan=plan),
        rules=plan.services,
        counted=plan.places.counted,
    )
    per_interval, kinds = tests_by_kind(services, working)
    week = week_table(plan, float(services["tests"].sum()))
    busiest = float(week["share"].max()) * DAYS
    tests = per_interval / plan.desks.interval_days * busiest
    day = busiest_day(tests, kinds, working, plan=plan)
    table = _site_table(day, working, plan)
    return Demand(
        services=services,
        rules=rule_table(services, plan.services),
        sites=table,
        site_hours=_hour_table(day, working),
        slots=_slot_table(day),
        week=week,
        summary=_summary(services, table, day, plan, busiest),
    )


def week_table(plan: Plan, tests: float) -> pd.DataFrame:
    """
    Spread the tests of a week over its days.

    Parameters
    ----------
    plan
        Weights of the days, and the interval.
    tests
        Tests in one interval.

    Returns
    -------
    week
        A row per weekday: weekday (1 is Monday), share (of the week's tests), tests.

    Examples
    --------
    >>> week_table(Plan(), 700.0)["tests"].tolist()
    [100.0, 100.0, 100.0, 100.0, 100.0, 100.0, 100.0]
    """
    weights = np.array(plan.demand.week, dtype=np.float64)
    share = weights / weights.sum()
    a_week = tests / plan.desks.interval_days * DAYS
    return pd.DataFrame(
        {"weekday": np.arange(1, DAYS + 1), "share": share, "tests": share * a_week}
    )


def _site_table(day: SiteDay, working: WorkingSites, plan: Plan) -> gpd.GeoDataFrame:
    """Desks and queues of each site."""
    table = working.table
    balance = desk_balance(
        day.tests.sum(axis=1),
        working.desks,
        working.days,
        tests_per_desk_hour=plan.desks.tests_per_desk_hour,
    )
    own = pd.DataFrame(
        {
            "site_id": table["site_id"].astype(str).astype(object),
            "name": table["name"].astype(object).fillna("").astype(str),
            "origin": table["origin"].astype(object),
            "tests": day.tests.sum(axis=1),
            "desks": working.desks,
        }
    )
    natural, staggered = (
        unknown_hours(len(table)) if queues is None else worst_hours(queues)
        for queues in (day.queues, day.queues_staggered)
    )
    columns = pd.concat([own, balance, natural, staggered.add_suffix(LATER)], axis=1)
    return gpd.GeoDataFrame(columns, geometry=table.geometry.to_numpy(), crs=4326)


def _hour_table(day: SiteDay, working: WorkingSites) -> pd.DataFrame:
    """Desks, tests and queues of each site by hour."""
    open_parts = by_hour(working.days.is_open.astype(np.float64))
    site, hour = np.nonzero(open_parts)
    columns: dict[str, Any] = {
        "site_id": working.table["site_id"].astype(str).to_numpy(object)[site],
        "hour": hour.astype(np.int64),
        # A site that opens on the half has its desks for half of that hour.
        "desks": working.desks[site] * open_parts[site, hour] / PARTS,
    }
    for suffix, quarters, queues in (
        ("", day.quarters, day.queues),
        (LATER, day.quarters_staggered, day.queues_staggered),
    ):
        unknown = np.full(len(site), np.nan)
        waiting = unknown if queues is None else queues.waiting[site, hour]
        columns[f"tests{suffix}"] = by_hour(quarters)[site, hour]
        columns[f"waiting{suffix}"] = waiting
        columns[f"wait_min{suffix}"] = unknown if queues is None else queues.wait_min[site, hour]
        columns[f"status{suffix}"] = statuses(waiting)
    return pd.DataFrame(columns)


def _slot_table(day: SiteDay) -> pd.DataFrame:
    """When each group comes and when it is asked to, over all sites."""
    return pd.DataFrame(
        {
            "kind": np.repeat(np.array(day.kinds, dtype=object), HOURS),
            "hour": np.tile(np.arange(HOURS), len(day.kinds)),
            "natural_share": day.natural_share.ravel(),
            "share": day.share.ravel(),
            "allowed": day.allowed.ravel(),
        }
    )


def _summary(
    services: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, day: SiteDay, plan: Plan, busiest: float
) -> dict[str, Any]:
    """Put the figures together."""
    everybody = float(services["tests"].sum())
    per_day = everybody / plan.desks.interval_days
    at_sites = float(sites["tests"].sum())
    figures: dict[str, Any] = {
        "people": everybody,
        "tests_per_interval": everybody,
        "interval_days": float(plan.desks.interval_days),
        "tests_per_day": per_day,
        "busiest_day_tests": per_day * busiest,
        "site_tests_per_day": at_sites,
        "sites": len(sites),
        "tests_per_site_day": at_sites / len(sites) if len(sites) else None,
        "by_service": by_service(services, (SITE, VISIT, ROUND, ITSELF)),
    }
    return figures | _desk_figures(sites, day)


def _desk_figures(sites: gpd.GeoDataFrame, day: SiteDay) -> dict[str, Any]:
    """What desks and queues come to; None for what is not known."""
    known = day.timetables is not None
    figures: dict[str, Any] = {"desks": float(sites["desks"].sum()) if known else None}
    figures["desks_needed"] = float(sites["desks_needed"].sum())
    for name in ("short", "spare"):
        desks = sites[f"desks_{name}"]
        figures[f"desks_{name}"] = float(desks.sum()) if known else None
        figures[f"sites_{name}"] = int((desks > 0).sum()) if known else None
    for suffix in ("", LATER):
        for status in (SMOOTH, BUSY, JAMMED):
            count = int((sites[f"status{suffix}"] == status).sum())
            figures[f"sites_{status}{suffix}"] = count if known else None
    slots = day.timetables
    figures["natural_peak"] = None if slots is None else slots.natural_peak
    figures["peak"] = None if slots is None else slots.peak
    figures["moved_share"] = None if slots is None else slots.moved
    for suffix in ("", LATER):
        figures[f"left_people{suffix}"] = float(sites[f"left{suffix}"].sum()) if known else None
    return figures
