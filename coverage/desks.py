"""Desk time of a run: what the sites can do, and who finds no desk time within reach."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pandas as pd

from walkcover._errors import InputError
from walkcover.capacity import Assignment, Floats, Shortage, assign_people, desk_people
from walkcover.gaps import PEOPLE_TOLERANCE, check_people
from walkcover.pairs import CoverPairs, Indices, Ints
from walkcover.plan import HOURS_OF_A_DAY, DeskOptions

STANDING = ("open", "planned")
# Ids shown in a message.
SHOWN = 5


def has_desks(sites: pd.DataFrame) -> bool:
    """
    Tell whether desk time counts: some open or planned site says how many desks it has.

    Parameters
    ----------
    sites
        Checked sites with status, and desks where they are known.

    Returns
    -------
    has_desks
        False where the column is missing or empty for all that stand: distance alone counts.
    """
    stands = sites["status"].isin(STANDING)
    return "desks" in sites.columns and bool(sites.loc[stands, "desks"].notna().any())


def check_desks(sites: pd.DataFrame, *, what: str = "sites") -> None:
    """
    Refuse sites of which only some say how many desks they have, and days over 24 hours.

    Parameters
    ----------
    sites
        Checked sites with status; desks and hours_per_day where they are known.
    what
        What the message calls the table.

    Raises
    ------
    InputError
        If some of the open and planned sites have desks and others do not, or one of these has
        more than 24 hours; all faults in one message.

    Examples
    --------
    >>> sites = pd.DataFrame({"site_id": ["B1", "B2"], "status": "open", "desks": [2, None]})
    >>> check_desks(sites)
    Traceback (most recent call last):
    ...
    walkcover._errors.InputError: sites: 1 open or planned sites of 2 have no desks, first B2: ...
    """
    if not has_desks(sites):
        return
    part = sites[sites["status"].isin(STANDING)]
    faults = []
    bare = part.loc[part["desks"].isna(), "site_id"]
    if len(bare):
        faults.append(
            f"{len(bare)} open or planned sites of {len(part)} have no desks, first "
            f"{', '.join(bare.iloc[:SHOWN])}: give the desks of every open and planned site, or "
            "of none to count distance alone"
        )
    if "hours_per_day" in part.columns:
        long = part.loc[part["hours_per_day"] > HOURS_OF_A_DAY, "site_id"]
        if len(long):
            faults.append(
                f"{len(long)} sites are open for more than {HOURS_OF_A_DAY:g} hours a day, first "
                f"{', '.join(long.iloc[:SHOWN])}: expected hours_per_day from 0 to "
                f"{HOURS_OF_A_DAY:g}, or an empty cell for that of the plan"
            )
    if faults:
        msg = f"{what}: " + "\n  ".join(faults)
        raise InputError(msg)


def site_hours(sites: pd.DataFrame, options: DeskOptions) -> Floats:
    """Hours of a day for which each site is open: its own, else those of the plan."""
    if "hours_per_day" not in sites.columns:
        return np.full(len(sites), options.hours_per_day)
    own = sites["hours_per_day"].to_numpy(np.float64)
    return np.where(np.isnan(own), options.hours_per_day, own)


def people_of_desks(desks: npt.ArrayLike, hours_per_day: Floats, options: DeskOptions) -> Floats:
    """People whom desks can test in the interval of the plan; NaN where desks are not known."""
    known = np.nan_to_num(np.asarray(desks, dtype=np.float64), nan=0.0)
    capacity_people = desk_people(
        known,
        hours_per_day,
        tests_per_desk_hour=options.tests_per_desk_hour,
        interval_days=options.interval_days,
    )
    return np.where(np.isnan(np.asarray(desks, dtype=np.float64)), np.nan, capacity_people)


def serve(
    pairs: CoverPairs,
    people: Floats,
    capacity_people: Floats,
    *,
    sites: Indices,
    walk_s: Floats,
    turn: Ints | None = None,
    first_people: Floats | None = None,
) -> Assignment:
    """
    Serve the most people, some of them before the others, and let them walk least.

    Parameters
    ----------
    pairs, people, capacity_people, sites, walk_s, turn
        As in `walkcover.capacity.assign_people`; a capacity that is not known is 0.
    first_people
        People of each residence who have their place already and keep it, in place of turns.

    Returns
    -------
    assignment
        As of `walkcover.capacity.assign_people`.

    Examples
    --------
    One site for 40 people reaches both houses; ten of the farther one keep their places:

    >>> pairs = CoverPairs.from_csr(np.array([0, 2]), np.array([0, 1]), n_residences=2)
    >>> answer = serve(pairs, np.array([50.0, 20.0]), np.array([40.0]), sites=[0],
    ...                walk_s=np.array([100.0, 900.0]), first_people=np.array([0.0, 10.0]))
    >>> answer.served_people.tolist()
    [30.0, 10.0]
    """
    room = np.nan_to_num(capacity_people, nan=0.0)
    if first_people is None:
        return assign_people(pairs, people, room, sites=sites, walk_s=walk_s, turn=turn)
    # Those who keep their places and the others of a residence stand side by side.
    m = pairs.n_residences
    twice = np.column_stack([pairs.residences, pairs.residences + m]).ravel()
    doubled = CoverPairs.from_csr(pairs.indptr * 2, twice, n_residences=2 * m)
    first = np.minimum(first_people, people)
    both = assign_people(
        doubled,
        np.append(first, people - first),
        room,
        sites=sites,
        walk_s=np.repeat(walk_s, 2),
        turn=np.repeat([0, 1], m),
    )
    check_people(first.sum(), both.served_people[:m].sum(), step="keeping places")
    return _one_by_one(both, people)


def _one_by_one(both: Assignment, people: Floats) -> Assignment:
    """Put the two halves of each residence together."""
    m = people.size
    pair, at = np.unique(
        np.stack([both.flow_residence % m, both.flow_site]), axis=1, return_inverse=True
    )
    flow_people = np.bincount(at.ravel(), both.flow_people, minlength=pair.shape[1])
    shortages = []
    for short in both.shortages:
        homes = np.unique(short.residences % m)
        shortages.append(Shortage(short.sites, homes, short.people, short.capacity_people))
    served = both.served_people[:m] + both.served_people[m:]
    return dataclasses.replace(
        both,
        served_people=served,
        unserved_people=people - served,
        is_reached=both.is_reached[:m] | both.is_reached[m:],
        flow_site=pair[1],
        flow_residence=pair[0],
        flow_people=flow_people.astype(np.float64),
        shortages=tuple(shortages),
    )


def desk_verdicts(verdict: pd.Series, people: pd.Series, assignment: Assignment) -> pd.DataFrame:
    """
    Tell who is within reach of a site, but finds no desk time there.

    Parameters
    ----------
    verdict
        Verdicts by distance.
    people
        People of each residence, on the same index.
    assignment
        Who is served.

    Returns
    -------
    table
        On the index of `verdict`: verdict, ``over_capacity`` for covered residences that are not
        served in full; people_unserved, those of them who are not, 0 elsewhere.

    Raises
    ------
    ConservationError
        If the assignment does not reach whom the verdicts call covered.
    """
    near = verdict == "covered"
    reached = assignment.is_reached & (people > 0).to_numpy()
    check_people(people[near].sum(), people[reached].sum(), step="giving people desk time")
    unserved = pd.Series(assignment.unserved_people, index=verdict.index).where(near, 0.0)
    unserved = unserved.where(unserved > PEOPLE_TOLERANCE * people.clip(lower=1.0), 0.0)
    full = near & (unserved > 0)
    return pd.DataFrame(
        {"verdict": verdict.mask(full, "over_capacity"), "people_unserved": unserved}
    )
