"""What stands between a stage and its target, and the smallest change that helps."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from walkcover.assessment import Assessment
from walkcover.changes import REMEDIES, Change, Unreached, changes
from walkcover.crs import to_gcj02
from walkcover.gaps import PEOPLE_TOLERANCE
from walkcover.joins import Joins, concatenate, take_places
from walkcover.network import Ints
from walkcover.plan import Plan, Stage
from walkcover.reach import nearest_sites, walk_pairs
from walkcover.street_index import StreetIndex
from walkcover.streets import near_streets

# Moves the standard for everybody: told as the alternative to all other changes.
LIMIT = "limit"
# Reason of those who have a site within reach, but fewer than the plan asks for.
NO_BACKUP = "no_backup"
# Ids shown of the residences behind a remedy.
IDS_SHOWN = 5
REMEDY_COLUMNS = [
    "order",
    "stage",
    "remedy",
    "people",
    "residences",
    "residence_ids",
    "reason",
    "zone_id",
    "zone_name",
    "near",
    "lon",
    "lat",
    "lon_gcj02",
    "lat_gcj02",
    "place_id",
    "sites",
    "street_m",
    "limit_min",
    "miss_s",
    "candidate_miss_s",
    "needed",
]


@dataclass(frozen=True)
class Remedies:
    """
    What would help the people that stay uncovered.

    Parameters
    ----------
    table
        A row per remedy, stages in the order of the plan and most people first: order (from 1),
        stage, remedy, people and residences it helps, residence_ids (those with most people, at
        most 5), reason (the verdict of most of its people; ``no_backup`` where they have fewer
        sites within reach than the plan asks for), zone_id and zone_name (of most of its
        people), near (streets at the place), lon, lat, lon_gcj02, lat_gcj02 (the place), place_id
        (of the candidate, or the site that is full, if it has one), sites (how many it takes
        there), desks (the same; only where desk time counts), street_m, limit_min, miss_s (seconds
        over the limit of the best walk to a site once all are built, 0 within it, inf without a
        path), candidate_miss_s (the same to the nearest candidate of the stage), and needed
        (whether it is one of those, most people first, that together bring the stage to its target
        and its zones to their floors). The remedies:

        * ``street``: a way of street_m metres from an island to the main network; a site is
          within reach then;
        * ``site``: one more site, on a candidate that is within reach (and others beside it, where
          a backup is asked for and lacks too);
        * ``candidate``: one more candidate, at this place, where none is within reach;
        * ``desk``: more desks at the nearest site, for people who find no desk time within reach;
        * ``round``: a roving team; no walk from there reaches any place, the nearest street is
          street_m metres away;
        * ``limit``: a limit of limit_min whole minutes, which brings the stage to its target with
          the sites and candidates as they are. An alternative to all others: never ``needed``, and
          not looked for where desk time counts.
    summary
        A row per stage that is short of its target, or used up its number of sites or its budget
        and leaves people uncovered, as plain values: stage, target_missed, uncovered_people,
        missing_people (short of the target), zones_short and zones_short_people (zones under
        their floor, and what they lack), needed (how many remedies), needed_people, limit_min
        (None where no limit helps, no target is missed, or backups are asked for), by_remedy
        (count and people of each).
    """

    table: pd.DataFrame
    summary: list[dict[str, Any]]


@dataclass(frozen=True)
class _Short:
    """A stage that leaves people uncovered; `rows` are their residences."""

    name: str
    rows: Ints
    missing_people: float
    missing_by_zone: dict[str, float]


def find_remedies(
    assessment: Assessment,
    walks: pd.DataFrame,
    *,
    plan: Plan,
    zones: pd.DataFrame,
    stages: pd.DataFrame,
    candidates: pd.DataFrame,
    joins: Joins,
    chosen: Ints,
    sites: pd.DataFrame | None = None,
) -> Remedies:
    """
    Find for each stage that leaves people uncovered against its rule what would help them.

    Parameters
    ----------
    assessment
        Who walks how far today.
    walks
        walk_s_after, site_id_after and verdict_after of the residences, on their index; for
        residences that are ``over_capacity``, people_unserved_after says how many of their people
        found no desk time (all, without that column).
    plan
        Limit, spacing and stages.
    zones
        Checked zones, for their names.
    stages
        A row per stage in the order of the plan, with target_people.
    candidates, joins
        Where sites could be built, with candidate_id and stage, and where they join the network.
    chosen
        Rows of the candidates that were built.
    sites
        All sites once they are built, for where and how many desks; the existing ones without.

    Returns
    -------
    remedies
        The remedies; no row where every stage met its target, or had none and left nobody out.
    """
    stands = assessment.sites["status"].isin(["open", "planned"]).to_numpy()
    standing = concatenate(
        take_places(assessment.site_joins, np.flatnonzero(stands)), take_places(joins, chosen)
    )
    residences = _wanting(assessment, walks, standing, plan)
    every: list[dict[str, Any]] = []
    summary = []
    for short in _short_stages(residences, plan.stages, stages):
        case = _unreached(short, residences, assessment, standing, plan, candidates, joins, chosen)
        case = case if sites is None else dataclasses.replace(case, sites=sites)
        found = _in_order([*changes(case, assessment, plan)], case)
        marked = [*zip(found, _enough(found, case, short), strict=True)]
        marked += [(change, False) for change in _longer_limit(case, short.missing_people, plan)]
        rows = [
            _row(change, case) | {"stage": short.name, "needed": needed}
            for change, needed in marked
        ]
        every += rows
        uncovered_people = float(case.table["uncovered_people"].sum())
        summary.append(_summary(short, pd.DataFrame(rows), uncovered_people))
    table = _finished(every, assessment.index, zones)
    if "people_unserved_after" not in walks:
        table = table.drop(columns="desks")
    return Remedies(table, summary)


def no_remedies() -> Remedies:
    """Give the table without rows, for runs that suggest nothing."""
    return Remedies(pd.DataFrame(columns=REMEDY_COLUMNS), [])


def _wanting(
    assessment: Assessment, walks: pd.DataFrame, standing: Joins, plan: Plan
) -> pd.DataFrame:
    """Residences after building: who stays uncovered, and how many sites they lack."""
    names = ["residence_id", "people", "stage", "zone_id", "lon", "lat", "snap_to"]
    table = pd.DataFrame(assessment.residences[names]).join(walks)
    found = walk_pairs(
        assessment.homes,
        standing,
        assessment.graph,
        limit_s=plan.counted_limit_s,
        with_walks=False,
    )
    in_reach = np.bincount(found.residence, minlength=len(table))
    table["lack"] = np.maximum(0, plan.siting.sites_in_reach - in_reach)
    people = table["people"].astype(np.float64)
    full = (table["lack"] == 0) & (table["verdict_after"] == "over_capacity")
    unserved = table.get("people_unserved_after", people)
    table["uncovered_people"] = people.where(table["lack"] > 0, unserved.where(full, 0.0))
    return table


def _short_stages(
    residences: pd.DataFrame, rules: tuple[Stage, ...], stages: pd.DataFrame
) -> Iterator[_Short]:
    """Stages that missed what was asked, or had a number or a budget and leave people uncovered."""
    for rule, target_people in zip(rules, stages["target_people"], strict=True):
        part = residences[residences["stage"] == rule.name]
        covered = part["people"] - part["uncovered_people"]
        missing = _lacking(float(target_people), float(covered.sum()))
        sums = pd.DataFrame({"people": part["people"], "covered": covered})
        lacking = {
            str(zone): _lacking(_floor_people(rule, people), people_covered)
            for zone, people, people_covered in sums.groupby(part["zone_id"]).sum().itertuples()
        }
        by_zone = {zone: people for zone, people in lacking.items() if people}
        counted = rule.max_sites is not None or rule.budget is not None
        rows = np.flatnonzero(
            (residences["stage"] == rule.name) & (residences["uncovered_people"] > 0)
        )
        if rows.size and (missing or by_zone or counted):
            yield _Short(rule.name, rows, missing, by_zone)


def _floor_people(rule: Stage, people: float) -> float:
    """People that a zone is to have covered: whole ones where its people are."""
    wanted = rule.zone_floor * people * (1 - 1e-12)
    return float(np.ceil(wanted)) if float(people).is_integer() else wanted


def _unreached(
    short: _Short,
    residences: pd.DataFrame,
    assessment: Assessment,
    standing: Joins,
    plan: Plan,
    candidates: pd.DataFrame,
    joins: Joins,
    chosen: Ints,
) -> Unreached:
    """Put together what is known of the residences of a stage that lack sites."""
    own = np.flatnonzero((candidates["stage"] == short.name).to_numpy())
    left = np.setdiff1d(own, chosen)
    homes = take_places(assessment.homes, short.rows)
    table = residences.iloc[short.rows].reset_index(drop=True)
    table["candidate_s"], _ = nearest_sites(
        homes, take_places(joins, own), assessment.graph, site_rank=np.arange(len(own))
    )
    return Unreached(
        table=table,
        homes=homes,
        candidates=take_places(joins, left),
        candidate_ids=candidates["candidate_id"].to_numpy(object)[left],
        standing=standing,
        limit_s=plan.counted_limit_s,
        sites=assessment.sites,
    )


def _lacking(wanted_people: float, covered_people: float) -> float:
    """People short of a target; 0 where only rounding is."""
    lacking = wanted_people - covered_people
    return lacking if lacking > PEOPLE_TOLERANCE * max(1.0, wanted_people) else 0.0


def _people(change: Change, case: Unreached) -> float:
    return float(case.table["uncovered_people"].to_numpy()[change.members].sum())


def _in_order(found: list[Change], case: Unreached) -> list[Change]:
    """Most people first; of equal ones the smaller change, then the first residence."""
    return sorted(found, key=lambda c: (-_people(c, case), REMEDIES.index(c.remedy), c.members[0]))


def _enough(found: list[Change], case: Unreached, short: _Short) -> list[bool]:
    """Mark changes, most people first, until they bring the stage and its zones what they lack."""
    missing, by_zone = short.missing_people, dict(short.missing_by_zone)
    people, zone = case.table["uncovered_people"], case.table["zone_id"].astype(str)
    marks = []
    for change in found:
        gains = people.iloc[change.members].groupby(zone.iloc[change.members]).sum()
        marks.append(missing > 0 or any(by_zone.get(str(name), 0.0) > 0 for name in gains.index))
        missing = _lacking(missing, float(gains.sum()))
        for name, gained in gains.items():
            by_zone[str(name)] = _lacking(by_zone.get(str(name), 0.0), float(gained))
    return marks


def _longer_limit(case: Unreached, missing_people: float, plan: Plan) -> list[Change]:
    """Find the smallest limit in whole minutes with which sites and candidates reach the target."""
    # With desk time a longer walk alone promises nothing: the desk at its end may be busy.
    if plan.siting.sites_in_reach > 1 or "people_unserved_after" in case.table:
        return []
    walk_s = case.table[["walk_s_after", "candidate_s"]].min(axis=1).to_numpy(np.float64)
    people = case.table["uncovered_people"].to_numpy()
    order = np.argsort(walk_s, kind="stable")
    gained = np.cumsum(people[order])
    at = int(np.searchsorted(gained, missing_people * (1 - PEOPLE_TOLERANCE)))
    if missing_people <= 0 or at == len(order) or not np.isfinite(walk_s[order[at]]):
        return []
    # Who counts as slower gets so many seconds of a standard walk for a minute of the limit.
    minute_s = plan.counted_limit_s / plan.walk.limit_min
    minutes = float(np.ceil(np.round(np.round(walk_s[order[at]], 3) / minute_s, 9)))
    members = np.flatnonzero(np.round(walk_s, 3) <= minutes * minute_s)
    return [Change(LIMIT, members, limit_min=minutes)]


def _row(change: Change, case: Unreached) -> dict[str, Any]:
    part = case.table.iloc[change.members]
    people = part["uncovered_people"]
    most = part.loc[people.sort_values(ascending=False, kind="stable").index[:IDS_SHOWN]]
    return {
        "remedy": change.remedy,
        "people": float(people.sum()),
        "residences": len(part),
        "residence_ids": "、".join(most["residence_id"].astype(str)),
        "reason": people.groupby(_reasons(part, case)).sum().idxmax(),
        "zone_id": people.groupby(part["zone_id"]).sum().idxmax(),
        "lon": change.lon,
        "lat": change.lat,
        "place_id": change.place_id,
        "sites": change.sites,
        "desks": change.desks,
        "street_m": round(change.street_m, 1),
        "limit_min": change.limit_min,
        "miss_s": _miss_s(part["walk_s_after"], case.limit_s),
        "candidate_miss_s": _miss_s(part["candidate_s"], case.limit_s),
    }


def _reasons(part: pd.DataFrame, case: Unreached) -> pd.Series:
    """Verdicts, and why those who are covered by them lack a site in siting."""
    walks_far = ~(part["walk_s_after"].round(3) <= case.limit_s)
    covered = part["verdict_after"] == "covered"
    why = part["verdict_after"].mask(covered & walks_far, "too_far")
    return why.mask(covered & ~walks_far, NO_BACKUP)


def _miss_s(walk_s: pd.Series, limit_s: float) -> float:
    """Seconds over the limit of the best walk, to the millisecond; 0 within it."""
    return max(0.0, round(float(walk_s.min()) - limit_s, 3))


def _summary(short: _Short, part: pd.DataFrame, uncovered_people: float) -> dict[str, Any]:
    limit_min = part.loc[part["remedy"] == LIMIT, "limit_min"]
    local = part[part["remedy"] != LIMIT].groupby("remedy", sort=True)["people"]
    return {
        "stage": short.name,
        "target_missed": short.missing_people > 0,
        "uncovered_people": uncovered_people,
        "missing_people": short.missing_people,
        "zones_short": len(short.missing_by_zone),
        "zones_short_people": sum(short.missing_by_zone.values()),
        "needed": int(part["needed"].sum()),
        "needed_people": float(part.loc[part["needed"], "people"].sum()),
        "limit_min": float(limit_min.iloc[0]) if len(limit_min) else None,
        "by_remedy": {
            str(name): {"count": len(people), "people": float(people.sum())}
            for name, people in local
        },
    }


def _finished(rows: list[dict[str, Any]], index: StreetIndex, zones: pd.DataFrame) -> pd.DataFrame:
    """Number the rows and say where the places are."""
    columns = [*REMEDY_COLUMNS]
    columns.insert(columns.index("sites") + 1, "desks")
    if not rows:
        return pd.DataFrame(columns=columns)
    table = pd.DataFrame(rows)
    table["order"] = np.arange(1, len(table) + 1)
    names = zones.set_index("zone_id")["name"]
    table["zone_name"] = table["zone_id"].map(names).fillna(table["zone_id"])
    placed = table["lon"].notna().to_numpy()
    lon, lat = table.loc[placed, "lon"].to_numpy(), table.loc[placed, "lat"].to_numpy()
    near = np.full(len(table), "", dtype=object)
    near[placed] = near_streets(shapely.points(lon, lat), index)
    table["near"] = near
    table[["lon_gcj02", "lat_gcj02"]] = np.nan
    table.loc[placed, ["lon_gcj02", "lat_gcj02"]] = np.column_stack(to_gcj02(lon, lat))
    return table[columns]
