"""What a run says of daily work: finished tables of demand, rounds and relay, frozen together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import pandas as pd


@dataclass(frozen=True)
class Demand:
    """
    Who is tested where, and what that asks of every site on the busiest day of the week.

    Parameters
    ----------
    services
        A row per residence, then one per place of ``[places]``, geometry a point in EPSG:4326:
        place_id, name, origin (residence | place), kind, people, zone_id, reached (a site that
        stands after building lies within the limit), service (site | visit | round | itself), rule
        (number of the first row of `rules` that fits), walk_s (to the nearest such site, inf
        without), site_id (of that site, empty where not reached), tests (in one interval; those
        who are tested at a place are not counted again where they live).
    rules
        A row per rule in force: rule (from 1), kind, at_least, reached, by, places, people, tests.
    sites
        A row per site that stands after building, geometry a point: site_id, name, origin
        (existing | suggested), tests (a day), desks (NaN where not known), open_hours, capacity
        (tests a day), load_share, desks_needed (least number that takes the day's tests),
        desks_short, desks_spare, extend_hours (hours longer that do instead of more desks; NaN
        where a day is too short), worst_hour, worst_waiting, worst_wait_min, left (people who
        still wait at closing), status (smooth | busy | jammed), and the last six likewise with
        ``_staggered``: worst_hour_staggered and so on.
    site_hours
        A row per site and hour in which it is open or tests: site_id, hour (0 to 23), desks,
        tests, waiting, wait_min, status, tests_staggered, waiting_staggered, wait_min_staggered,
        status_staggered. Desks and queues are NaN, statuses empty where desks are not known.
    slots
        A row per group that goes to sites and hour: kind, hour, natural_share, share, allowed.
    week
        A row per weekday: weekday (1 is Monday), share (of the week's tests), tests.
    summary
        Plain values: people, tests_per_interval, interval_days, tests_per_day, busiest_day_tests,
        site_tests_per_day, sites, tests_per_site_day, by_service {service: {places, people,
        tests}}, desks, desks_needed, desks_short, sites_short, desks_spare, sites_spare,
        sites_{smooth,busy,jammed} and the same ``_staggered``, natural_peak, peak, moved_share,
        left_people, left_people_staggered. What needs desks is None where they are not known.
    """

    services: gpd.GeoDataFrame
    rules: pd.DataFrame
    sites: gpd.GeoDataFrame
    site_hours: pd.DataFrame
    slots: pd.DataFrame
    week: pd.DataFrame
    summary: dict[str, Any]


@dataclass(frozen=True)
class RoundPlan:
    """
    The rounds of roving teams over one testing interval.

    Parameters
    ----------
    stops
        A row per stop, geometry a point: stop_id, name, kind (visit: at the place itself; round),
        zone_id, near (two nearest named streets), places (that come to it), people, tests, snap_m
        (to the road), drive_s (from the nearest base, inf without a road), served_tests.
    stop_places
        A row per place that rounds or visits serve: place_id, name, kind, people, tests, stop_id
        (empty where no stop reaches it), walk_s.
    visits
        A row per visit in order: team (from 1), day (from 1), order (from 1), stop_id, name, tests,
        drive_s (from the place before), arrive_s, leave_s (since the shift began).
    days
        A row per day of a team, geometry the drive as a line along roads: team, day, base_id,
        base_name, stops, tests, drive_s, work_s, back_s (since the shift began), shift_s,
        shift_share, tests_share (of what the vehicle carries).
    bases
        A row per base, geometry a point: base_id, name, teams (used), teams_given (NaN where as
        few as do), snap_m.
    unserved
        A row per stop or place that is left without: place_id (of the stop or, without a stop, of
        the place), name, people, tests, reason (no_stop | no_road | too_far | no_time), short_s
        (seconds by which a shift is too short, else 0), remedy_value (the smallest shift in hours
        for too_far, teams more for no_time, metres to the nearest road for no_stop, else NaN).
    summary
        Plain values: places, people, tests, served_people, served_tests, stops, teams,
        teams_at_least, team_days, drive_s, longest_day_s, unserved_places, unserved_people,
        unserved_by_reason {reason: people}, interval_days, days_per_team, status (``optimal``
        where teams == teams_at_least, else ``feasible``).
    """

    stops: gpd.GeoDataFrame
    stop_places: pd.DataFrame
    visits: pd.DataFrame
    days: gpd.GeoDataFrame
    bases: gpd.GeoDataFrame
    unserved: pd.DataFrame
    summary: dict[str, Any]


@dataclass(frozen=True)
class RelayPlan:
    """
    The way of the tubes to laboratories on the busiest day of the week.

    Parameters
    ----------
    sources
        A row per place that gives tubes (sites, and bases to which teams bring theirs), geometry a
        point: source_id, name, kind (site | itself | base), tubes (a day), tubes_wave (most in one
        collection), hub_id (the station or laboratory it is collected to, empty where nothing
        reaches), hub_kind (station | laboratory), route (number, 0 where it is not collected),
        oldest_s (age of its oldest tube when it reaches the laboratory).
    hubs
        A row per station and laboratory to which sources are collected, geometry a point: hub_id,
        name, kind (station | laboratory), sources, tubes, vehicles.
    transfers
        A row per station and laboratory to which it passes on: station_id, laboratory_id, tubes,
        trips (a day), drive_s, geometry the drive along roads.
    routes
        A row per collection route, driven once in each wave, geometry the drive as a line: route
        (from 1), hub_id, stops, tubes (a day), tubes_wave (most in one wave), vehicle_share (of
        what a vehicle carries, in that wave), drive_s, length_s (with stops and unloading),
        oldest_s.
    route_stops
        A row per stop: route, order, source_id, name, tubes_wave, arrive_s (since the wave began:
        vans are at their first stops then, so 0 there).
    waves
        A row per collection: wave (from 1), start_h (of the day), tubes.
    laboratories
        A row per laboratory, geometry a point: laboratory_id, name, capacity (tubes a day), staff,
        tubes (given it a day), load_share, queue_tubes (longest), queue_hour, short_tubes (left
        when its day ends), short_from_h (hour of the day from which tubes wait for longer than the
        hold time; NaN where none does), done_h (hour of the last result, over 24 on the next day).
    laboratory_hours
        A row per laboratory and hour (0 to 47) with any tube: laboratory_id, hour, arrived_tubes,
        tested_tubes, queue_tubes, results (tests reported).
    platform
        A row per hour (0 to 47): hour, results (tests reported by all laboratories).
    late
        A row per source whose tubes cannot be at a laboratory in time: source_id, name, tubes,
        reason (no_road | too_far | no_room), needed_h (the hold time that would do, NaN where none
        does), short_tubes (room that lacks, 0 unless no_room). Tubes of a source without room
        do reach a laboratory in time, but are left there when its day ends.
    summary
        Plain values: tests, tubes, pooling, sources, itself_tubes, collected_tubes, late_tubes,
        waves, vehicles, routes, drive_s, oldest_s, hold_s, stations, transfers, laboratories,
        capacity, load_share, short_tubes, laboratories_short, tests_per_site_day,
        tubes_per_site_day, tubes_per_laboratory_day, peak_results, peak_results_hour, done_h,
        status (``optimal`` | ``feasible``) and gap of the assignment, stations_used,
        laboratories_used, full_tubes, full_tubes_per_site_day and full_tubes_per_laboratory_day
        (tests over pooling: what there were if no collection closed a tube before it is full).
    """

    sources: gpd.GeoDataFrame
    hubs: gpd.GeoDataFrame
    transfers: gpd.GeoDataFrame
    routes: gpd.GeoDataFrame
    route_stops: pd.DataFrame
    waves: pd.DataFrame
    laboratories: gpd.GeoDataFrame
    laboratory_hours: pd.DataFrame
    platform: pd.DataFrame
    late: pd.DataFrame
    summary: dict[str, Any]


@dataclass(frozen=True)
class Operations:
    """
    What is planned of daily work; None for what the plan does not ask for.

    Parameters
    ----------
    demand
        Who is tested where, by hour.
    rounds
        Rounds of teams, where the plan has ``[bases]``.
    relay
        The way of the tubes, where the plan has ``[laboratories]``.
    intervals
        A row per testing interval, the longest first: interval_days, is_plan (the interval in
        force), tests_per_day, tubes_per_day, desks_given, desks_needed, desks_short, team_days,
        teams, unserved_people, vehicles, tubes_capacity, tubes_short, laboratories_needed,
        cost_per_day and its parts cost_desks, cost_teams, cost_vehicles, cost_tests. NaN for what
        is not planned or not priced.
    """

    demand: Demand
    rounds: RoundPlan | None = None
    relay: RelayPlan | None = None
    intervals: pd.DataFrame = field(default_factory=pd.DataFrame)
