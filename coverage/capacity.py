"""Give people desk time: who is served by which site, and where desk time is short."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph

from walkcover._errors import InputError
from walkcover._transport import NOBODY, least_walk
from walkcover.pairs import CoverPairs, Flags, Indices, Ints

Floats = npt.NDArray[np.float64]

# Rate of a desk that is kept busy, and the routine interval in which everybody is tested once.
TESTS_PER_DESK_HOUR = 60.0
INTERVAL_DAYS = 7.0
# scipy's maximum flow counts in int32; half of that leaves room for a flow turned round.
MOST_UNITS = 2**29
# A flow this near to the largest, as a share, is the largest.
LAST_PUSH = 1e-14


@dataclass(frozen=True)
class Shortage:
    """
    Sites that are full together, and the residences that have no other site to go to.

    Parameters
    ----------
    sites
        Positions of the full sites, ascending.
    residences
        Positions of the residences, ascending; none of them reaches any further site.
    people
        People of these residences.
    capacity_people
        People whom these sites can serve together.
    """

    sites: Ints
    residences: Ints
    people: float
    capacity_people: float

    @property
    def lacking_people(self) -> float:
        """People whom these sites together cannot serve, however they share the residences."""
        return self.people - self.capacity_people


@dataclass(frozen=True)
class Assignment:
    """
    Who is served where.

    Parameters
    ----------
    served_people, unserved_people
        For each residence, shape (n_residences,); together all people given.
    is_reached
        Residences within reach of a site, shape (n_residences,). One that is reached and has
        unserved people is over capacity.
    load_people
        People served by each candidate, shape (n_candidates,).
    flow_site, flow_residence, flow_people
        The flow: this many people of the residence go to the site; by residence, then by site.
    walk_person_s
        Walk of all people served together, in person-seconds; None where walks were not given.
    shortages
        The proof that no more people can be served, the largest lack first: together they lack
        as many people as are reached and unserved.
    """

    served_people: Floats
    unserved_people: Floats
    is_reached: Flags
    load_people: Floats
    flow_site: Ints
    flow_residence: Ints
    flow_people: Floats
    walk_person_s: float | None
    shortages: tuple[Shortage, ...]

    @property
    def total_served_people(self) -> float:
        """People served in all."""
        return float(self.served_people.sum())


def desk_people(
    desks: npt.ArrayLike,
    hours_per_day: npt.ArrayLike,
    *,
    tests_per_desk_hour: float = TESTS_PER_DESK_HOUR,
    interval_days: float = INTERVAL_DAYS,
) -> Floats:
    """
    Count the people whom desks can test within one interval, each of them once.

    Parameters
    ----------
    desks, hours_per_day
        Desks of each site, and hours for which they are open in a day, up to 24.
    tests_per_desk_hour
        Tests that one desk takes in an hour.
    interval_days
        Days in which everybody is tested once.

    Returns
    -------
    capacity_people
        ``desks * hours_per_day * tests_per_desk_hour * interval_days``, of the common shape of
        `desks` and `hours_per_day`.

    Raises
    ------
    InputError
        If a number is missing, infinite or negative, a day has more than 24 hours, or rate or
        interval is not positive.

    References
    ----------
    Rate: median of Macao's public queue snapshots; interval: Shanxi Daily, 20 May 2022.

    Examples
    --------
    One desk for 5.5 hours a day, and two for 8 hours:

    >>> desk_people([1, 2], [5.5, 8.0]).tolist()
    [2310.0, 6720.0]
    """
    faults: list[str] = []
    tables = {"desks": np.asarray(desks, np.float64), "hours_per_day": np.asarray(hours_per_day)}
    for name, values in tables.items():
        faults += number_faults(name, values)
    if (tables["hours_per_day"] > 24.0).any():
        faults.append("hours_per_day must be at most 24")
    try:
        open_hours = tables["desks"] * tables["hours_per_day"]
    except ValueError:
        faults.append(
            f"desks has shape {tables['desks'].shape} and hours_per_day "
            f"{tables['hours_per_day'].shape}; give one of each for every site"
        )
    for name, value in {
        "tests_per_desk_hour": tests_per_desk_hour,
        "interval_days": interval_days,
    }.items():
        if not 0.0 < value < np.inf:
            faults.append(f"{name} = {value!r}: expected a positive number")
    refuse(faults, "desk time is not understood")
    return np.asarray(open_hours * tests_per_desk_hour * interval_days, dtype=np.float64)


def assign_people(
    pairs: CoverPairs,
    people: npt.ArrayLike,
    capacity_people: npt.ArrayLike,
    *,
    sites: Indices | None = None,
    walk_s: npt.ArrayLike | None = None,
    turn: npt.ArrayLike | None = None,
) -> Assignment:
    """
    Serve the most people that desk time allows, and among such answers let them walk least.

    People may be split between sites, in fractions too. Where residences take turns, as many as
    possible of the first turn are served, then as many as possible of the next without anybody
    served before losing the place; this serves as many in all as without turns.

    Parameters
    ----------
    pairs
        The residences that each site reaches.
    people
        People of each residence, shape (n_residences,).
    capacity_people
        People whom each site can serve, shape (n_candidates,).
    sites
        Candidates that stand; all of them without. The capacity of the others does not count.
    walk_s
        Walk of each pair in seconds, aligned with ``pairs.residences``. Without it the flow is
        any of those that serve the most people, the same one in every run.
    turn
        Turn of each residence, whole numbers, the smallest first; all at once without.

    Returns
    -------
    assignment
        People served and unserved, loads, the flow, and the shortages that prove the maximum.

    Raises
    ------
    InputError
        If an array does not fit, or a number is missing, infinite or negative.

    References
    ----------
    Ford & Fulkerson (1956) for maximum flow and minimum cut; Dinic's algorithm in scipy. Least
    walk is a transport problem: Hitchcock (1941). That turns cost nobody in all: sets that can be
    served are those of a matroid, Edmonds & Fulkerson (1965).

    Examples
    --------
    Site 0 reaches residences 0 and 1, site 1 reaches 1 and 2. Of 50 + 30 + 10 people site 0 can
    serve 40, site 1 can serve 60. The 10 people who are short all live where only site 0 is:

    >>> pairs = CoverPairs.from_csr(np.array([0, 2, 4]), np.array([0, 1, 1, 2]), n_residences=3)
    >>> answer = assign_people(pairs, [50, 30, 10], [40, 60], walk_s=[300, 200, 500, 100])
    >>> answer.served_people.tolist(), answer.load_people.tolist(), answer.walk_person_s
    ([40.0, 30.0, 10.0], [40.0, 40.0], 28000.0)
    >>> [(s.sites.tolist(), s.residences.tolist(), s.lacking_people) for s in answer.shortages]
    [([0], [0], 10.0)]

    With a site for 40 people only, residence 1 of the first turn is served before residence 0,
    which lies nearer:

    >>> answer = assign_people(pairs, [50, 30, 10], [40, 0], walk_s=[300, 400, 500, 100],
    ...                        turn=[1, 0, 0])
    >>> answer.served_people.tolist()
    [10.0, 30.0, 0.0]
    """
    counts = np.asarray(people, dtype=np.float64)
    room = np.asarray(capacity_people, dtype=np.float64)
    walk = None if walk_s is None else np.asarray(walk_s, dtype=np.float64)
    faults = number_faults("people", counts, size=pairs.n_residences)
    faults += number_faults("capacity_people", room, size=pairs.n_candidates)
    if walk is not None:
        faults += number_faults("walk_s", walk, size=pairs.residences.size)
    turns = np.zeros(counts.shape, dtype=np.int64) if turn is None else np.asarray(turn)
    if turns.shape != counts.shape or not np.issubdtype(turns.dtype, np.integer):
        faults.append(f"turn must hold a whole number for each of {pairs.n_residences} residences")
    stands = np.ones(pairs.n_candidates, dtype=bool)
    if sites is not None:
        chosen = np.asarray(sites, dtype=np.int64)
        faults += place_faults("sites", chosen, pairs.n_candidates)
        stands[:] = False
        stands[chosen[(chosen >= 0) & (chosen < pairs.n_candidates)]] = True
    refuse(faults, "the assignment is not understood")

    site = np.repeat(np.arange(pairs.n_candidates), np.diff(pairs.indptr))
    kept = np.flatnonzero(stands[site])
    kept = kept[np.lexsort((site[kept], pairs.residences[kept]))]
    site, residence = site[kept], pairs.residences[kept].astype(np.int64)
    least = None if walk is None else walk[kept]
    flow = _turn_by_turn(site, residence, counts, room, least, turns)
    is_short, _ = starved(site, residence, flow, counts)
    flow = _whole(flow, counts, room)

    given = np.bincount(residence, flow, minlength=counts.size).astype(np.float64)
    served = np.where(is_short, np.minimum(given, counts), counts)
    is_reached = np.zeros(counts.size, dtype=bool)
    is_reached[residence] = True
    served[~is_reached] = 0.0
    used = np.flatnonzero(flow > 0)
    return Assignment(
        served_people=served,
        unserved_people=counts - served,
        is_reached=is_reached,
        load_people=np.minimum(np.bincount(site, flow, minlength=room.size), room),
        flow_site=site[used],
        flow_residence=residence[used],
        flow_people=flow[used],
        walk_person_s=None if walk is None else float(flow[used] @ walk[kept[used]]),
        shortages=_shortages(site, residence, counts, room, is_short),
    )


def _turn_by_turn(
    site: Ints,
    residence: Ints,
    people: Floats,
    capacity_people: Floats,
    walk_s: Floats | None,
    turn: Ints,
) -> Floats:
    """Serve the most people of each turn, and let those of the last and all before walk least."""
    served, flow = np.zeros(people.size), np.zeros(site.size)
    turns = np.unique(turn)
    for now in turns:
        waiting = np.where(turn == now, people, served)
        flow = largest_flow(site, residence, waiting, capacity_people, start=flow)
        is_short, is_full = starved(site, residence, flow, waiting)
        # Who of a turn is served is open only where not all can be.
        if walk_s is not None and (now == turns[-1] or is_short.any()):
            kept = turn < now
            flow = least_walk(
                site, residence, walk_s, waiting, capacity_people, is_short, is_full, kept
            )
        flow = _whole(flow, people, capacity_people)
        given = np.bincount(residence, flow, minlength=people.size)
        served = np.where(is_short, np.minimum(given, waiting), waiting)
    return flow


def largest_flow(
    site: Ints,
    residence: Ints,
    people: Floats,
    capacity_people: Floats,
    *,
    start: Floats | None = None,
) -> Floats:
    """
    Find a largest flow from residences to sites.

    scipy counts flow in int32. Whole people are counted one by one; fractions in units that get
    finer with every push through what the last one left open.

    Parameters
    ----------
    site, residence
        The pairs, each once.
    people, capacity_people
        People of each residence, and whom each site can serve.
    start
        A flow to start from; whom it serves stays served, perhaps at another site.

    Returns
    -------
    flow_people
        People for each pair, shape of `site`; within `LAST_PUSH` of the largest, whole people
        exactly.
    """
    m, n, k = people.size, capacity_people.size, site.size
    source, sink = m + n, m + n + 1
    tail = np.concatenate([np.full(m, source), residence, m + site, m + np.arange(n)])
    head = np.concatenate([np.arange(m), m + site, residence, np.full(n, sink)])
    flow = np.zeros(k) if start is None else start
    left = np.maximum(people - np.bincount(residence, flow, minlength=m), 0.0)
    room = np.maximum(capacity_people - np.bincount(site, flow, minlength=n), 0.0)
    total = min(float(people.sum()), float(capacity_people.sum()))
    possible = min(float(left.sum()), float(room.sum()))
    is_whole = total <= MOST_UNITS and all(map(are_whole, (people, capacity_people, flow)))
    unit = 1.0 if is_whole else total / MOST_UNITS
    while possible > LAST_PUSH * total:
        open_people = np.concatenate([left, np.full(k, np.inf), flow, room])
        units = np.floor(np.minimum(open_people, possible) / unit).astype(np.int32)
        graph = sparse.csr_array((units, (tail, head)), shape=(sink + 1, sink + 1))
        pushed = csgraph.maximum_flow(graph, source, sink).flow
        flow = np.maximum(flow + unit * pushed[residence, m + site], 0.0)
        left = np.maximum(people - np.bincount(residence, flow, minlength=m), 0.0)
        room = np.maximum(capacity_people - np.bincount(site, flow, minlength=n), 0.0)
        # Rounding down hid less than a unit in each arc; a cut has no more arcs than these.
        possible = 0.0 if is_whole else min(possible, unit * (m + n + k))
        unit = possible / MOST_UNITS
    return flow


def number_faults(name: str, values: Floats, *, size: int | None = None) -> list[str]:
    """Faults of numbers that must be finite and not negative, in an array of a given size."""
    if size is not None and values.shape != (size,):
        return [f"{name} has shape {values.shape}; expected ({size},)"]
    wrong = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
    if wrong.size:
        return [
            f"{name} must be finite and not negative; {wrong.size} are not, "
            f"the first at {wrong[0]}: {float(values.flat[wrong[0]])!r}"
        ]
    return []


def place_faults(name: str, places: Ints, n: int) -> list[str]:
    """Faults of positions that must lie among n candidates."""
    wrong = places[(places < 0) | (places >= n)]
    return [f"{name} names candidate {wrong[0]}; there are {n}, from 0"] if wrong.size else []


def refuse(faults: list[str], what: str) -> None:
    """Raise one error for all faults, if there are any."""
    if faults:
        msg = f"{what}:\n" + "\n".join(f"  {fault}" for fault in faults)
        raise InputError(msg)


def are_whole(values: Floats) -> bool:
    """Tell whether all are whole numbers."""
    return bool((values == np.rint(values)).all())


def _whole(flow: Floats, people: Floats, capacity_people: Floats) -> Floats:
    """Take the dust of rounding from a flow; one of whole people is whole."""
    if are_whole(people) and are_whole(capacity_people):
        flow = np.rint(flow)
    return np.where(flow > NOBODY * people.sum(), flow, 0.0)


def starved(
    site: Ints, residence: Ints, flow: Floats, people: Floats
) -> tuple[Flags, npt.NDArray[np.bool_]]:
    """
    Find the minimum cut that lies nearest to the residences.

    Returns
    -------
    is_short, is_full
        Residences that are not fully served or compete with such ones for the same sites, and
        these sites; all largest flows have the same ones.
    """
    m, n = people.size, int(site.max(initial=-1)) + 1
    nobody = NOBODY * people.sum()
    hungry = np.flatnonzero(people - np.bincount(residence, flow, minlength=m) > nobody)
    used = flow > nobody
    start = m + n
    tail = np.concatenate([np.full(hungry.size, start), residence, m + site[used]])
    head = np.concatenate([hungry, m + site, residence[used]])
    graph = sparse.csr_array(
        (np.ones(tail.size, dtype=np.int8), (tail, head)), shape=(start + 1, start + 1)
    )
    met = np.zeros(start + 1, dtype=bool)
    met[csgraph.breadth_first_order(graph, start, return_predecessors=False)] = True
    return met[:m], met[m:start]


def _shortages(
    site: Ints, residence: Ints, people: Floats, capacity_people: Floats, is_short: Flags
) -> tuple[Shortage, ...]:
    """Part the minimum cut into groups of sites that have no residence in common."""
    m, n = people.size, capacity_people.size
    inside = is_short[residence]
    graph = sparse.coo_array(
        (np.ones(int(inside.sum()), dtype=np.int8), (residence[inside], m + site[inside])),
        shape=(m + n, m + n),
    )
    part = csgraph.connected_components(graph, directed=False)[1]
    full, short = np.unique(site[inside]), np.unique(residence[inside])
    shortages = []
    for label in np.unique(part[m + full]):
        sites = full[part[m + full] == label]
        homes = short[part[short] == label]
        shortages.append(
            Shortage(sites, homes, float(people[homes].sum()), float(capacity_people[sites].sum()))
        )
    return tuple(sorted(shortages, key=lambda s: (-s.lacking_people, s.sites[0])))
