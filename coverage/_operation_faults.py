"""Values of the plan's sections on daily work that are of the right type and cannot be meant."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from walkcover.plan import HOURS_OF_A_DAY, Plan
from walkcover.plan_operations import (
    ANY,
    ITSELF,
    ROAD_KMH,
    ROUND,
    SITE,
    VISIT,
    Group,
    ServiceRule,
)

SERVED = (SITE, VISIT, ROUND, ITSELF)
REACHED = ("yes", "no", ANY)
DAYS_OF_A_WEEK = 7
MAX_ROAD_KMH = 130.0
SPAN = re.compile(r"(\d{1,2})-(\d{1,2})")


def operation_faults(plan: Plan) -> list[str]:
    """Collect what is wrong with demand, services, rounds, relay and costs."""
    return [
        *_demand_faults(plan),
        *_rule_faults(plan.services),
        *_group_faults(plan.groups),
        *_road_faults(plan.roads.kmh, plan.roads.snap_limit_m),
        *_round_faults(plan),
        *_relay_faults(plan),
        *_signs(
            "[costs]",
            {
                name: getattr(plan.costs, name)
                for name in ("desk_day", "team_day", "vehicle_day", "test")
            },
            zero=True,
        ),
    ]


def _signs(where: str, values: Mapping[str, float], *, zero: bool = False) -> list[str]:
    """Refuse numbers that are not above 0, or not from 0 on."""
    expected = "zero or more" if zero else "a positive number"
    return [
        f"{where} {name} = {value!r}: expected {expected}"
        for name, value in values.items()
        if not (math.isfinite(value) and (value > 0 or (zero and value == 0)))
    ]


def _demand_faults(plan: Plan) -> list[str]:
    demand = plan.demand
    faults = _signs("[demand]", {"peak_spread_h": demand.peak_spread_h})
    faults += _hour_faults("[demand] peaks", demand.peaks)
    if not 0 <= demand.opens < HOURS_OF_A_DAY:
        faults.append(f"[demand] opens = {demand.opens!r}: expected an hour from 0 to 24")
    if not 0 <= demand.peak_share <= 1:
        faults.append(f"[demand] peak_share = {demand.peak_share!r}: expected a share from 0 to 1")
    if demand.peak_share > 0 and not demand.peaks:
        faults.append("[demand] peaks = []: expected at least one hour, or peak_share = 0")
    week = demand.week
    if len(week) != DAYS_OF_A_WEEK or not all(w >= 0 and math.isfinite(w) for w in week):
        faults.append(f"[demand] week = {[*week]!r}: expected seven numbers from 0, Monday first")
    elif not sum(week):
        faults.append("[demand] week: expected a weight above 0 for some day")
    if not all(days > 0 and math.isfinite(days) for days in demand.intervals):
        faults.append(f"[demand] intervals = {[*demand.intervals]!r}: expected days above 0")
    return faults


def _hour_faults(where: str, hours: Sequence[float]) -> list[str]:
    if all(0 <= hour <= HOURS_OF_A_DAY for hour in hours):
        return []
    return [f"{where} = {[*hours]!r}: expected hours of the day from 0 to 24"]


def _rule_faults(rules: Sequence[ServiceRule]) -> list[str]:
    faults = []
    for number, rule in enumerate(rules, start=1):
        where = f"[[services]] no. {number}"
        faults += _signs(where, {"at_least": rule.at_least}, zero=True)
        for key, value, known in (
            ("by", rule.by, SERVED),
            ("reached", rule.reached, REACHED),
        ):
            if value not in known:
                faults.append(f"{where} {key} = {value!r}: expected one of {', '.join(known)}")
        if rule.by == SITE and rule.reached != "yes":
            faults.append(
                f"{where}: nobody is sent to a site that is out of reach; "
                'expected reached = "yes" beside by = "site"'
            )
    last = rules[-1] if rules else None
    if last is None or (last.kind, last.at_least, last.reached) != (ANY, 0.0, ANY):
        faults.append(
            '[[services]]: the last entry must fit every place; expected kind = "any" without '
            'at_least and reached, as by = "round"'
        )
    return faults


def _group_faults(groups: Sequence[Group]) -> list[str]:
    faults = []
    kinds = [group.kind for group in groups]
    faults += [
        f"[[groups]] kind {kind!r} is used {kinds.count(kind)} times"
        for kind in sorted(set(kinds))
        if kinds.count(kind) > 1
    ]
    for group in groups:
        where = f"[[groups]] {group.kind}"
        for span in group.hours:
            found = SPAN.fullmatch(span)
            if found is None or not 0 <= int(found[1]) < int(found[2]) <= HOURS_OF_A_DAY:
                faults.append(f'{where}: hours {span!r}: expected whole hours as "7-9"')
        if not group.hours:
            faults.append(f'{where}: hours = []: expected at least one span as "7-9"')
        faults += _hour_faults(f"{where}: peaks", group.peaks)
    return faults


def _road_faults(kmh: Mapping[str, float], snap_limit_m: float) -> list[str]:
    faults = _signs("[roads]", {"snap_limit_m": snap_limit_m})
    faults += _signs("[roads] kmh,", kmh, zero=True)
    faults += [
        f"[roads] kmh, {kind} = {value!r}: expected at most {MAX_ROAD_KMH:g}"
        for kind, value in kmh.items()
        if value > MAX_ROAD_KMH
    ]
    strange = [kind for kind in kmh if kind not in ROAD_KMH]
    if strange:
        faults.append(
            f"[roads] kmh, {', '.join(strange)}: no kind of road; known are {', '.join(ROAD_KMH)}"
        )
    return faults


def _round_faults(plan: Plan) -> list[str]:
    rounds = plan.rounds
    faults = _signs(
        "[rounds]",
        {
            "tests_per_hour": rounds.tests_per_hour,
            "tests_per_day": rounds.tests_per_day,
            "shift_h": rounds.shift_h,
            "days_per_week": rounds.days_per_week,
            "time_limit_s": rounds.time_limit_s,
        },
    )
    faults += _signs(
        "[rounds]",
        {"setup_min": rounds.setup_min, "stop_walk_min": rounds.stop_walk_min},
        zero=True,
    )
    if rounds.shift_h > HOURS_OF_A_DAY:
        faults.append(f"[rounds] shift_h = {rounds.shift_h!r}: expected at most 24")
    if rounds.days_per_week > DAYS_OF_A_WEEK:
        faults.append(f"[rounds] days_per_week = {rounds.days_per_week!r}: expected at most 7")
    faults += _hour_faults("[rounds] starts", (rounds.starts,))
    return faults


def _relay_faults(plan: Plan) -> list[str]:
    relay = plan.relay
    faults = _signs(
        "[relay]",
        {
            "collect_every_h": relay.collect_every_h,
            "dispatch_tubes": relay.dispatch_tubes,
            "hold_h": relay.hold_h,
            "vehicle_tubes": relay.vehicle_tubes,
            "time_limit_s": relay.time_limit_s,
        },
    )
    faults += _signs(
        "[relay]",
        {
            "stop_min": relay.stop_min,
            "unload_min": relay.unload_min,
            "assay_h": relay.assay_h,
            "tubes_per_staff_day": relay.tubes_per_staff_day,
        },
        zero=True,
    )
    if relay.pooling < 1:
        faults.append(f"[relay] pooling = {relay.pooling!r}: expected 1 or more people per tube")
    if relay.collect_every_h >= relay.hold_h:
        faults.append(
            f"[relay] collect_every_h = {relay.collect_every_h!r}: a tube would wait at the site "
            f"for as long as it may be held (hold_h = {relay.hold_h!r}); expected less"
        )
    return faults
