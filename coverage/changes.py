"""Changes that would bring a site to people who have none: a desk, a street, a place, a round."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from walkcover.assessment import Assessment
from walkcover.candidates import make_candidates
from walkcover.desks import people_of_desks, site_hours
from walkcover.gap_areas import NEIGHBOURS_M
from walkcover.gaps import PEOPLE_TOLERANCE
from walkcover.joins import Joins, on_network, take_places
from walkcover.network import GEOD, Bools, Floats, Ints, connected_pieces
from walkcover.pairs import CoverPairs
from walkcover.plan import Plan
from walkcover.reach import nearest_sites, walk_pairs
from walkcover.street_index import StreetIndex

# The smaller change first: where several would help, people count with the first.
REMEDIES = DESK, STREET, SITE, CANDIDATE, ROUND = "desk", "street", "site", "candidate", "round"


@dataclass(frozen=True)
class Change:
    """
    A change that helps some of the unreached residences.

    Parameters
    ----------
    remedy
        One of `REMEDIES`, or what the caller adds to them.
    members
        Whom it helps: rows of the unreached residences, ascending.
    lon, lat
        Where; NaN where it has no place.
    place_id
        Candidate or site, where it has an id.
    sites
        How many sites it takes there.
    street_m
        Metres of street that are missing, NaN where none is.
    limit_min
        A longer limit in minutes, NaN without.
    desks
        How many desks it takes there.
    """

    remedy: str
    members: Ints
    lon: float = np.nan
    lat: float = np.nan
    place_id: str | None = None
    sites: int = 0
    street_m: float = np.nan
    limit_min: float = np.nan
    desks: int = 0


@dataclass(frozen=True)
class Unreached:
    """
    The residences of one stage that lack sites, and what is near them.

    Parameters
    ----------
    table
        residence_id, uncovered_people, lack (how many sites within reach they lack; 0 where only
        desk time runs short), zone_id, lon, lat, snap_to, walk_s_after, site_id_after,
        verdict_after, and candidate_s (walk to the nearest candidate, built or not).
    homes
        Where they join the network, in the same order.
    candidates, candidate_ids
        Where the stage could still build, and the ids of these places, None where they have none.
    standing
        Sites once all are built.
    limit_s
        Longest walk in seconds.
    sites
        All sites once they are built: site_id, lon, lat, and hours_per_day where it is known.
    """

    table: pd.DataFrame
    homes: Joins
    candidates: Joins
    candidate_ids: npt.NDArray[np.object_]
    standing: Joins
    limit_s: float
    sites: pd.DataFrame


def changes(case: Unreached, assessment: Assessment, plan: Plan) -> Iterator[Change]:
    """
    Give each residence to the first remedy that helps it.

    Parameters
    ----------
    case
        The unreached residences.
    assessment
        Streets and existing sites.
    plan
        Spacing of made candidates, and what a desk can do.

    Yields
    ------
    change
        Changes that together help every residence, none twice.
    """
    index, graph = assessment.index, assessment.graph
    lack = case.table["lack"].to_numpy()
    full = lack == 0
    yield from _desks(case, full, plan)
    left = ~full
    # Who cannot walk to the nearest street within the limit can walk nowhere.
    out = ~(np.round(case.homes.snap_m * graph.costs.flat, 3) <= case.limit_s)
    lost = left & out
    left &= ~out
    for street in _streets(case, left, assessment):
        left[street.members] = False
        yield street
    for at, members in _greedy(case, left, case.candidates, assessment):
        where = _where(case.candidates, at)
        sites = int(lack[members].max())
        yield Change(SITE, members, *where, place_id=case.candidate_ids[at], sites=sites)
        left[members] = False
    for place, at, members in _new_places(case, left, assessment, plan):
        yield Change(CANDIDATE, members, *_where(place, at), sites=int(lack[members].max()))
        left[members] = False
    yield from _rounds(case, lost | left, index)


def in_greedy_order(pairs: CoverPairs, people: npt.ArrayLike) -> list[tuple[int, Ints]]:
    """
    Take the candidate that reaches most people whom none taken before reaches, again and again.

    Parameters
    ----------
    pairs
        Who lies within reach of each candidate.
    people
        People of each residence, shape (n_residences,).

    Returns
    -------
    taken
        Each candidate taken, and the residences that it is the first to reach; those that nobody
        new could be reached from are left out. Of equal ones the smaller index comes first.

    Examples
    --------
    >>> pairs = CoverPairs.from_csr(np.array([0, 2, 4, 5]), np.array([0, 1, 1, 2, 2]),
    ...                             n_residences=3)
    >>> [(site, rows.tolist()) for site, rows in in_greedy_order(pairs, [10, 40, 30])]
    [(1, [1, 2]), (0, [0])]
    """
    counts = np.asarray(people, dtype=np.float64)
    reached = np.zeros(pairs.n_residences, dtype=bool)

    def entry(site: int) -> tuple[float, int]:
        found = pairs.residences_of(site)
        return -float(counts[found[~reached[found]]].sum()), site

    # What a candidate gains only falls as others are taken: a stale gain is looked at again.
    heap = [entry(site) for site in range(pairs.n_candidates)]
    heapq.heapify(heap)
    taken: list[tuple[int, Ints]] = []
    while heap and heap[0][0] < 0:
        site = heap[0][1]
        now = entry(site)
        if now != heap[0]:
            heapq.heapreplace(heap, now)
            continue
        heapq.heappop(heap)
        found = pairs.residences_of(site)
        taken.append((site, np.sort(found[~reached[found]]).astype(np.int64)))
        reached[found] = True
    return taken


def _where(joins: Joins, place: int) -> tuple[float, float]:
    """Lon and lat of the first join of a place."""
    at = np.searchsorted(joins.place, place)
    return float(joins.lon[at]), float(joins.lat[at])


def _greedy(
    case: Unreached, left: Bools, places: Joins, assessment: Assessment
) -> list[tuple[int, Ints]]:
    """Take places in the order of the people whom they newly reach; members of the case."""
    rows = np.flatnonzero(left)
    if not rows.size or not places.n_places:
        return []
    found = walk_pairs(
        take_places(case.homes, rows),
        places,
        assessment.graph,
        limit_s=case.limit_s,
        with_walks=False,
    )
    pairs = CoverPairs.from_csr(found.indptr, found.residence, n_residences=len(rows))
    people = case.table["uncovered_people"].to_numpy()[rows]
    return [(place, rows[members]) for place, members in in_greedy_order(pairs, people)]


def _new_places(
    case: Unreached, left: Bools, assessment: Assessment, plan: Plan
) -> Iterator[tuple[Joins, int, Ints]]:
    """Places for candidates as they are made from the network; on private ways only at need."""
    rows = np.flatnonzero(left)
    if not rows.size:
        return
    made = make_candidates(
        take_places(case.homes, rows),
        assessment.index,
        assessment.graph,
        limit_s=case.limit_s,
        spacing_m=plan.candidates.spacing_m,
    )
    private = assessment.graph.network.private[made.edge]
    waiting = left.copy()
    for which in (~private, private):
        places = take_places(made, np.flatnonzero(which))
        for at, members in _greedy(case, waiting, places, assessment):
            waiting[members] = False
            yield places, at, members


def _desks(case: Unreached, full: Bools, plan: Plan) -> Iterator[Change]:
    """Group residences without desk time by their nearest site, and count the desks they need."""
    rows = np.flatnonzero(full)
    sites = case.sites
    row_of_site = dict(zip(sites["site_id"], range(len(sites)), strict=True))
    lon, lat = (sites[name].to_numpy(np.float64) for name in ("lon", "lat"))
    one_desk = people_of_desks(np.ones(len(sites)), site_hours(sites, plan.desks), plan.desks)
    usual = people_of_desks([1.0], np.array([plan.desks.hours_per_day]), plan.desks)[0]
    people = case.table["uncovered_people"].to_numpy()
    for site_id, at in case.table.iloc[rows].groupby("site_id_after", sort=True).indices.items():
        row = row_of_site[site_id]
        # A site that is never open lacks hours too; its desks are counted by those of the plan.
        each = one_desk[row] or usual
        desks = int(np.ceil(people[rows[at]].sum() / each * (1 - PEOPLE_TOLERANCE)))
        where = float(lon[row]), float(lat[row])
        yield Change(DESK, rows[at], *where, place_id=str(site_id), desks=desks)


def _streets(case: Unreached, left: Bools, assessment: Assessment) -> list[Change]:
    """Ways from islands to the main network that bring a site within reach of who lacks one."""
    graph, index = assessment.graph, assessment.index
    net = graph.network
    islander = ((case.table["snap_to"] == "island") & (case.table["lack"] == 1)).to_numpy()
    rows = np.flatnonzero(left & islander)
    main = np.flatnonzero(~net.island & ~net.private)
    if not rows.size or not main.size or not case.standing.n_places:
        return []
    first = np.searchsorted(case.homes.place, rows)
    piece = net.piece[net.u[case.homes.edge[first]]]
    pieces = np.unique(piece)
    here, there, link_m = _links(pieces, main, index)
    homes = take_places(case.homes, rows)
    # Islands share no path, so that the nearest end of a link is that of the own island.
    to_link_s, _ = nearest_sites(homes, here, graph, site_rank=np.arange(len(pieces)))
    onward_s, _ = nearest_sites(
        there, case.standing, graph, site_rank=np.arange(case.standing.n_places)
    )
    at = np.searchsorted(pieces, piece)
    walk_s = to_link_s + link_m[at] * graph.costs.flat + onward_s[at]
    helped = np.round(walk_s, 3) <= case.limit_s
    return [
        Change(STREET, rows[own], *_where(here, number), street_m=float(link_m[number]))
        for number in range(len(pieces))
        if (own := np.flatnonzero(helped & (at == number))).size
    ]


def _links(pieces: Ints, main: Ints, index: StreetIndex) -> tuple[Joins, Joins, Floats]:
    """Shortest straight lines from islands to streets of the main network: both ends, metres."""
    net = index.network
    tree = shapely.STRtree(index.lines[main])
    piece_of = net.piece[net.u]
    ends = []
    for piece in pieces:
        own = np.flatnonzero(piece_of == piece)
        hit, distance = tree.query_nearest(
            index.lines[own], all_matches=False, return_distance=True
        )
        best = int(np.argmin(distance))
        ends.append((own[hit[0][best]], main[hit[1][best]]))
    edges = np.array(ends)
    line = shapely.shortest_line(index.lines[edges[:, 0]], index.lines[edges[:, 1]])
    xy = shapely.get_coordinates(line)
    joins = [
        on_network(edge, _offset_m(edge, xy[side::2], index), index)
        for side, edge in enumerate(edges.T)
    ]
    return joins[0], joins[1], _geodesic_m(index.to_degrees(xy[::2]), index.to_degrees(xy[1::2]))


def _offset_m(edge: Ints, xy: Floats, index: StreetIndex) -> Floats:
    """Metres from the first vertex of edges to points on them, by their planar share."""
    share = shapely.line_locate_point(index.lines[edge], shapely.points(xy), normalized=True)
    return np.asarray(share * index.network.length_m[edge], dtype=np.float64)


def _geodesic_m(start: Floats, end: Floats) -> Floats:
    return np.asarray(GEOD.inv(*start.T, *end.T)[2], dtype=np.float64)


def _rounds(case: Unreached, lost: Bools, index: StreetIndex) -> Iterator[Change]:
    """Group neighbours that no walk reaches, and say how far the nearest street is."""
    rows = np.flatnonzero(lost)
    if not rows.size:
        return
    part = case.table.iloc[rows]
    degrees = part[["lon", "lat"]].to_numpy(np.float64)
    points = index.to_metric(shapely.points(degrees))
    home, edge = shapely.STRtree(index.lines).query_nearest(points, all_matches=False)
    line = shapely.shortest_line(points[home], index.lines[edge])
    on_street = index.to_degrees(shapely.get_coordinates(line)[1::2])
    street_m = _geodesic_m(degrees[home], on_street)
    near = cKDTree(shapely.get_coordinates(points)).query_pairs(NEIGHBOURS_M, output_type="ndarray")
    cluster = connected_pieces(near[:, 0], near[:, 1], len(rows))
    people = part["uncovered_people"].to_numpy()
    for number in range(cluster.max() + 1):
        own = np.flatnonzero(cluster == number)
        most = own[np.argmax(people[own])]
        lon, lat = degrees[most].tolist()
        yield Change(ROUND, rows[own], lon, lat, street_m=float(street_m[own].min()))
