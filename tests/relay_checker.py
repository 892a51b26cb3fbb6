"""Promises of a relay plan, worked out again from its tables, its inputs and the drives alone."""

import itertools
import math
from collections import defaultdict

import numpy as np
import pytest

HOUR = 3600.0


def seconds(drive):
    """Drives count in whole seconds, rounded up."""
    return math.ceil(drive - 1e-9) if math.isfinite(drive) else math.inf


def expected_sources(demand, rounds, plan):
    """Tubes and tests of each source by wave, counted from hours and visits; the waves' starts."""
    relay, pool = plan.relay, plan.relay.pooling
    every = relay.collect_every_h
    hours = demand.site_hours[demand.site_hours["tests"] > 0]
    brought = []
    if rounds is not None and len(rounds.days):
        by_day = rounds.days.groupby("day")["tests"].sum()
        best = min(day for day in by_day.index if by_day[day] == by_day.max())
        for day in rounds.days[rounds.days["day"] == best].itertuples():
            visits = rounds.visits.query(f"team == {day.team} and day == {best}")
            tubes = sum(math.ceil(t / pool - 1e-9) for t in visits["tests"])
            brought.append((day.base_id, plan.rounds.starts + day.back_s / HOUR, day.tests, tubes))
    first = min([*hours["hour"], *(math.floor(one[1]) for one in brought)])
    last = max([*(hours["hour"] + 1), *(one[1] for one in brought)])
    n = max(1, math.ceil((last - first) / every - 1e-9))
    starts = [first + every * (k + 1) for k in range(n)]
    tests = {("site", site): np.zeros(n) for site in hours["site_id"]}
    for site, hour, amount in hours[["site_id", "hour", "tests"]].itertuples(index=False):
        for k, start in enumerate(starts):
            overlap = max(0.0, min(start, hour + 1) - max(start - every, hour))
            tests["site", site][k] += amount * overlap
    tubes = {key: np.ceil(row / pool - 1e-9).astype(int) for key, row in tests.items()}
    for base, hour, amount, count in brought:
        wave = next(k for k, start in enumerate(starts) if start >= hour - 1e-9)
        for table, value in ((tests, amount), (tubes, count)):
            table.setdefault(("base", base), np.zeros(n, type(value)))[wave] += value
    return starts, tests, tubes


def check_relay(found, demand, rounds, laboratories, stations, drive_s, plan):
    """
    Check every promise of a relay plan.

    `drive_s(a, b)` gives seconds between places, each a pair of kind (site, base, laboratory,
    station) and id.
    """
    relay = plan.relay
    stop, unload = 60.0 * relay.stop_min, 60.0 * relay.unload_min
    hold, every = HOUR * relay.hold_h, HOUR * relay.collect_every_h
    starts, tests, tubes = expected_sources(demand, rounds, plan)
    assert found.waves["start_h"].tolist() == pytest.approx(starts)
    own = {row.site_id: row.laboratory_id for row in laboratories.itertuples() if row.site_id}
    labs = [("laboratory", key) for key in laboratories["laboratory_id"]]
    halls = [("station", key) for key in stations["station_id"]]

    def drive(a, b):
        return seconds(drive_s(a, b))

    onward = {hall: {lab: drive(hall, lab) for lab in labs} for hall in halls}

    # Every source is there, with its tubes; each is collected, its own laboratory's, or late.
    sources = found.sources[found.sources["kind"] != "itself"]
    keys = [*zip(sources["kind"], sources["source_id"], strict=True)]
    assert sorted(keys) == sorted(key for key, row in tests.items() if row.sum() > 0)
    unreached = found.late[found.late["reason"] != "no_room"].set_index("source_id")
    hub_of, route_of, age_of = {}, {}, {}
    for key, row in zip(keys, sources.itertuples(), strict=True):
        assert row.tubes == tubes[key].sum()
        assert row.tubes_wave == tubes[key].max()
        at_home = key[0] == "site" and key[1] in own
        best = min(
            [drive(key, lab) + stop + unload for lab in labs]
            + [
                drive(key, hall) + stop + 2 * unload + min(onward[hall].values(), default=math.inf)
                for hall in halls
            ],
            default=math.inf,
        )
        if at_home:
            assert (row.hub_id, row.hub_kind, row.route) == (own[key[1]], "laboratory", 0)
            assert row.oldest_s == every
        elif row.hub_id:
            assert best + every <= hold + 1e-6
            assert row.route > 0
            assert every < row.oldest_s <= hold + 1e-6
        else:
            # Nobody is left out who could be collected alone.
            assert best + every > hold
            late = unreached.loc[row.source_id]
            assert late["reason"] == ("too_far" if math.isfinite(best) else "no_road")
            if math.isfinite(best):
                assert late["needed_h"] * HOUR == pytest.approx(best + every)
            else:
                assert np.isnan(late["needed_h"])
            assert late["tubes"] == row.tubes
            assert math.isnan(row.oldest_s)
        hub_of[key], route_of[key], age_of[key] = (
            (row.hub_kind, row.hub_id),
            row.route,
            row.oldest_s,
        )
    assert len(unreached) == sum(not hub[1] for hub in hub_of.values())
    by_id = {key[1]: key for key in keys}
    assert len(by_id) == len(keys)

    # Routes: times, loads, hold times, who is on them.
    taken = defaultdict(int)
    home, out = {}, {}
    stops_of = dict(iter(found.route_stops.groupby("route")))
    assert sorted(stops_of) == found.routes["route"].tolist()
    assert found.routes["route"].tolist() == list(range(1, len(found.routes) + 1))
    kind_of_hub = {row.hub_id: row.kind for row in found.hubs.itertuples()}
    split = found.route_stops["source_id"].value_counts()
    for route in found.routes.itertuples():
        stops = stops_of[route.route]
        hub = (kind_of_hub[route.hub_id], route.hub_id)
        assert stops["order"].tolist() == list(range(1, route.stops + 1))
        places = [by_id[one] for one in stops["source_id"]]
        assert all(hub_of[place] == hub for place in places)
        assert all(1 <= route_of[place] <= route.route for place in places)
        clock = 0.0
        for k, place in enumerate(places):
            if k:
                clock += stop + drive(places[k - 1], place)
            assert stops["arrive_s"].iloc[k] == pytest.approx(clock)
            taken[place] += stops["tubes_wave"].iloc[k]
        out[route.route] = drive(hub, places[0])
        back = drive(places[-1], hub)
        home[route.route] = clock + stop + back + unload
        driven = out[route.route] + back
        driven += sum(drive(a, b) for a, b in itertools.pairwise(places))
        assert route.drive_s == pytest.approx(driven)
        assert route.length_s == pytest.approx(out[route.route] + home[route.route])
        assert stops["tubes_wave"].max() <= relay.vehicle_tubes
        if all(split[place[1]] == 1 for place in places):
            wave = sum(tubes[place] for place in places)
            assert (route.tubes, route.tubes_wave) == (wave.sum(), wave.max())
        assert route.tubes_wave <= relay.vehicle_tubes
        assert route.vehicle_share == pytest.approx(
            route.tubes_wave / math.floor(relay.vehicle_tubes)
        )
        if hub[0] == "laboratory":
            assert route.oldest_s >= every + home[route.route] - 1e-6
        assert max(age_of[place] for place in places) == pytest.approx(route.oldest_s)
        assert every + home[route.route] <= route.oldest_s + 1e-6
    collected = {key for key in keys if hub_of[key][1] and route_of[key]}
    assert set(taken) == collected
    for place in collected:
        assert taken[place] == tubes[place].max()
        if hub_of[place][0] == "laboratory" and split[place[1]] == 1:
            assert age_of[place] == pytest.approx(every + home[route_of[place]])

    # Hubs, stations and laboratories: nothing is lost on the way.
    brought, count = defaultdict(int), defaultdict(int)
    for key in keys:
        brought[hub_of[key]] += tubes[key].sum()
        count[hub_of[key]] += 1
    hubs = {(row.kind, row.hub_id): row for row in found.hubs.itertuples()}
    assert set(hubs) == {hub for hub in brought if hub[1]}
    for hub, row in hubs.items():
        assert (row.tubes, row.sources) == (brought[hub], count[hub])
    into, passed = defaultdict(int), defaultdict(int)
    most = min(relay.dispatch_tubes, relay.vehicle_tubes)
    for row in found.transfers.itertuples():
        hall, lab = ("station", row.station_id), ("laboratory", row.laboratory_id)
        assert row.drive_s == onward[hall][lab]
        assert row.tubes > 0
        assert row.trips >= math.ceil(row.tubes / most)
        passed[hall] += row.tubes
        into[lab] += row.tubes
        # Even what comes last at the station, and goes farthest, keeps the hold time.
        last = max(home[r.route] for r in found.routes.itertuples() if r.hub_id == row.station_id)
        assert every + last + row.drive_s + unload <= hold + 1e-6
    for hub, row in hubs.items():
        if hub[0] == "station":
            assert passed[hub] == row.tubes
            near = min(
                onward[hub][("laboratory", r.laboratory_id)]
                for r in found.transfers.itertuples()
                if r.station_id == hub[1]
            )
            for r in found.routes.itertuples():
                if r.hub_id == hub[1]:
                    assert r.oldest_s >= every + home[r.route] + near + unload - 1e-6
        else:
            into[hub] += row.tubes
    vans = _vans(found, tubes, by_id, starts, out, home, kind_of_hub, split)
    for hub, row in hubs.items():
        if hub[0] == "laboratory" and hub in vans:
            assert row.vehicles == vans[hub]
        elif hub in vans:
            assert row.vehicles >= vans[hub]
    _check_laboratories(found, laboratories, into, tests, starts, plan, hub_of)
    _check_summary(found, demand, tests, tubes, hub_of, plan)


def _vans(found, tubes, by_id, starts, out, home, kind_of_hub, split):
    """Vans on collections at once, at hubs without a source that needs several."""
    work, skip = defaultdict(list), set()
    for route in found.routes.itertuples():
        hub = (kind_of_hub[route.hub_id], route.hub_id)
        ids = found.route_stops.loc[found.route_stops["route"] == route.route, "source_id"]
        if (split[ids] > 1).any():
            skip.add(hub)
        load = sum(tubes[by_id[one]] for one in ids)
        for k, start in enumerate(starts):
            if load[k]:
                begin = HOUR * start - out[route.route]
                work[hub].append((begin, HOUR * start + home[route.route]))
    return {
        hub: max(sum(a <= moment < b for a, b in spans) for moment, _ in spans)
        for hub, spans in work.items()
        if hub not in skip
    }


def _check_laboratories(found, laboratories, into, tests, starts, plan, hub_of):
    relay = plan.relay
    given = laboratories.set_index("laboratory_id")
    assert found.laboratories["laboratory_id"].tolist() == laboratories["laboratory_id"].tolist()
    for row in found.laboratories.itertuples():
        lab = given.loc[row.laboratory_id]
        capacity = lab["tubes_per_day"]
        if relay.tubes_per_staff_day > 0 and not np.isnan(lab["staff"]):
            capacity = min(capacity, lab["staff"] * relay.tubes_per_staff_day)
        assert row.capacity == capacity
        assert row.tubes == into["laboratory", row.laboratory_id]
        hours = found.laboratory_hours.query(f"laboratory_id == '{row.laboratory_id}'")
        assert hours["arrived_tubes"].sum() == row.tubes
        assert hours["tested_tubes"].sum() + row.short_tubes == row.tubes
        assert hours["tested_tubes"].sum() <= capacity + 1e-6
        rate = capacity / lab["hours_per_day"]
        assert (hours["tested_tubes"] <= math.floor(rate) + 1).all()
        spans = hours[hours["tested_tubes"] > 0]["hour"]
        if len(spans):
            assert spans.max() - spans.min() <= lab["hours_per_day"]
        queue, at = 0, {}
        for hour in range(int(hours["hour"].max()) + 1 if len(hours) else 0):
            now = hours[hours["hour"] == hour]
            queue += int(now["arrived_tubes"].sum() - now["tested_tubes"].sum())
            assert queue >= 0
            at[hour] = queue
            if len(now):
                assert now["queue_tubes"].iloc[0] == queue
        assert row.queue_tubes == max(at.values(), default=0)
        if row.tubes:
            assert row.load_share == pytest.approx(row.tubes / capacity)
            first = hours.loc[hours["arrived_tubes"] > 0, "hour"].min()
            assert first >= math.floor(starts[0])
            if row.short_tubes < row.tubes:
                done = hours.loc[hours["results"] > 0, "hour"].max()
                assert done == math.floor(row.done_h + 1e-9)
                put_on = hours.loc[hours["tested_tubes"] > 0, "hour"]
                assert 0 <= row.done_h - relay.assay_h - put_on.max() < 1 + 1e-9
            lasts = hours["arrived_tubes"].cumsum() - hours["results"].cumsum() / relay.pooling
            assert (lasts >= -1e-6).all()
        # Whoever waits for longer than the hold time makes the laboratory short from then on.
        long = row.short_tubes > 0 or _waits_h(hours) > relay.hold_h + 1
        if long:
            assert not np.isnan(row.short_from_h)
        if _waits_h(hours) < relay.hold_h - 1 and not row.short_tubes:
            assert np.isnan(row.short_from_h)
    short = found.late[found.late["reason"] == "no_room"]
    assert short["short_tubes"].sum() == found.laboratories["short_tubes"].sum()
    results = found.laboratory_hours.groupby("hour")["results"].sum()
    platform = found.platform.set_index("hour")["results"]
    assert platform.sum() == pytest.approx(results.sum())
    assert (platform.reindex(results.index) - results).abs().max() < 1e-6 or results.empty
    assert platform.index[:48].tolist() == list(range(48))
    all_tests = sum(row.sum() for key, row in tests.items() if hub_of.get(key, ("", ""))[1])
    if not found.laboratories["short_tubes"].sum():
        assert platform.sum() == pytest.approx(all_tests)
    else:
        assert platform.sum() < all_tests


def _waits_h(hours):
    """Longest wait in whole hours of a tube that is tested, first come first served."""
    come = np.repeat(hours["hour"].to_numpy(), hours["arrived_tubes"])
    on = np.repeat(hours["hour"].to_numpy(), hours["tested_tubes"])
    return int((on - come[: on.size]).max(initial=0))


def _check_summary(found, demand, tests, tubes, hub_of, plan):
    summary = found.summary
    itself = found.sources[found.sources["kind"] == "itself"]
    carried = sum(row.sum() for key, row in tubes.items() if hub_of.get(key, ("", ""))[1])
    total = sum(row.sum() for row in tubes.values())
    own = demand.services[demand.services["service"] == "itself"]
    busiest = demand.summary["busiest_day_tests"] / demand.summary["tests_per_interval"]
    assert summary["tests"] == pytest.approx(
        sum(row.sum() for row in tests.values()) + own["tests"].sum() * busiest
    )
    counted = [math.ceil(t * busiest / plan.relay.pooling - 1e-9) for t in own["tests"] if t > 0]
    assert itself["tubes"].tolist() == counted
    assert summary["itself_tubes"] == sum(counted)
    assert summary["tubes"] == total + sum(counted)
    assert (summary["collected_tubes"], summary["late_tubes"]) == (carried, total - carried)
    assert found.waves["tubes"].sum() == carried == found.laboratories["tubes"].sum()
    assert summary["vehicles"] == found.hubs["vehicles"].sum()
    assert summary["transfers"] == found.transfers["trips"].sum()
    assert summary["short_tubes"] == found.laboratories["short_tubes"].sum()
    assert 0.0 <= summary["gap"] < 1.0
