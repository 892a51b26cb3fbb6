"""
Siting by listing every set of new sites: plain and slow, sharing no code with the package.

Places are rows and residences columns of `reach` (booleans) or `walk_s` (seconds, `inf` out of
reach). Every function that places sites takes the same limits and preferences:

sites, costs, budget
    At most so many new sites, and at most so much spent on them; None is no limit.
fixed, forced, forbidden
    Places with a site already, which is neither counted nor paid; where a new one must be built;
    where none may be built, though a fixed one may stand there.

Floors are tuples of people, share and times: at least that share of those people must have at least
so many sites within reach. Sixteen thousand sets, of 14 free places, are the most that is bearable.
"""

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import networkx as nx
import numpy as np

# Sums of people, costs or seconds this near to each other are equal.
TOLERANCE = 1e-6

Floor = tuple[Sequence[float] | np.ndarray, float, int]
Places = Collection[int]
# A place, the capacity that it has once this option is built, and the price.
Option = tuple[int, float, float]


class Best(NamedTuple):
    """
    The best that can be done.

    Parameters
    ----------
    value
        People, sites, cost or seconds.
    shortfall
        People missing at the floors, of those who could be reached if everything were built.
    sets
        New sites of every best answer.
    impossible
        Whether these sets miss a share that was asked for: nothing reaches it, or not so few sites.
    """

    value: float
    shortfall: float
    sets: frozenset[frozenset[int]]
    impossible: bool = False


class Rule(NamedTuple):
    """What a stage is to reach: one of a share of its people, a number of sites, or a budget."""

    target: float | None = None
    max_sites: int | None = None
    budget: float | None = None
    times: int = 1
    floors: Sequence[Floor] = ()


def best_cover(
    reach: np.ndarray,
    people: np.ndarray,
    *,
    times: int = 1,
    floors: Sequence[Floor] = (),
    tie_people: np.ndarray | None = None,
    **limits: Any,
) -> Best:
    """
    Cover the most people, and before that, miss the fewest at the floors.

    A floor out of reach even if everything were built counts only as far as that would reach. Among
    equals those are left that cover the most `tie_people`.
    """
    reach = np.asarray(reach, dtype=bool)
    sets = list(new_sets(len(reach), **limits))
    fixed, forbidden = limits.get("fixed", ()), limits.get("forbidden", ())
    counts = sites_in_reach(reach, sets, fixed)
    everything = all_in_reach(reach, fixed, forbidden)
    short = np.zeros(len(sets))
    asked_for_more = False
    for floor in floors:
        asked, needed = requirement(floor, everything)
        short += np.maximum(0.0, needed - covered(counts, floor[0], floor[2]))
        asked_for_more |= asked > needed + TOLERANCE
    tie = people if tie_people is None else tie_people
    gains = [-short, covered(counts, people, times), covered(counts, tie, times)]
    rows = best_rows(*gains)
    shortfall, value = float(short[rows[0]]), float(gains[1][rows[0]])
    chosen = frozenset(sets[i] for i in rows)
    return Best(value, shortfall, chosen, asked_for_more or shortfall > TOLERANCE)


def fewest(
    reach: np.ndarray,
    people: np.ndarray,
    *,
    share: float,
    times: int = 1,
    floors: Sequence[Floor] = (),
    tie_people: np.ndarray | None = None,
    costs: Sequence[float] | None = None,
    fixed: Places = (),
    forced: Places = (),
    forbidden: Places = (),
) -> Best:
    """
    Reach a share of all people, and every floor, with the fewest sites, or for the least cost.

    What is out of reach even if everything were built is lowered to what that would reach. Among
    equals those are left that cover the most `tie_people`.
    """
    reach = np.asarray(reach, dtype=bool)
    sets = list(new_sets(len(reach), fixed=fixed, forced=forced, forbidden=forbidden))
    counts = sites_in_reach(reach, sets, fixed)
    everything = all_in_reach(reach, fixed, forbidden)
    enough = np.ones(len(sets), dtype=bool)
    impossible = False
    for floor in [(people, share, times), *floors]:
        asked, needed = requirement(floor, everything)
        enough &= covered(counts, floor[0], floor[2]) >= needed - TOLERANCE
        impossible |= asked > needed + TOLERANCE
    price = np.array([cost_of(new, costs) for new in sets])
    tie = covered(counts, people if tie_people is None else tie_people, times)
    rows = best_rows(np.where(enough, -price, -np.inf), tie)
    return Best(float(price[rows[0]]), 0.0, frozenset(sets[i] for i in rows), impossible)


def best_median(walk_s: np.ndarray, people: np.ndarray, *, beyond_s: float, **limits: Any) -> Best:
    """Walk the fewest seconds in all (people times seconds); `beyond_s` for whoever has no site."""
    walk_s = np.asarray(walk_s, dtype=float)
    assert beyond_s >= walk_s[np.isfinite(walk_s)].max(initial=0.0)
    sets = list(new_sets(len(walk_s), **limits))
    nearest_s = nearest_walks(walk_s, sets, limits.get("fixed", ()))
    total = np.where(np.isfinite(nearest_s), nearest_s, beyond_s) @ np.asarray(people, dtype=float)
    rows = best_rows(-total)
    return Best(float(total[rows[0]]), 0.0, frozenset(sets[i] for i in rows))


def best_center(
    walk_s: np.ndarray, people: np.ndarray, *, share: float = 1.0, **limits: Any
) -> Best:
    """
    Make the longest walk of the nearest `share` of all people as short as can be.

    Where no set reaches that many, the value is `inf` and the sets are those that reach the most.
    """
    walk_s, people = np.asarray(walk_s, dtype=float), np.asarray(people, dtype=float)
    sets = list(new_sets(len(walk_s), **limits))
    longest_s, reached = [], []
    for nearest_s in nearest_walks(walk_s, sets, limits.get("fixed", ())):
        order = np.argsort(nearest_s)
        enough = np.cumsum(people[order]) >= share * people.sum() - TOLERANCE
        longest_s.append(nearest_s[order][np.argmax(enough)] if people.sum() else 0.0)
        reached.append(people[np.isfinite(nearest_s)].sum())
    value = float(min(longest_s))
    impossible = value == np.inf
    rows = best_rows(np.array(reached) if impossible else -np.array(longest_s))
    return Best(value, 0.0, frozenset(sets[i] for i in rows), impossible)


def best_served(
    reach: np.ndarray,
    people: np.ndarray,
    *,
    standing: Sequence[float],
    options: Sequence[Option],
    sites: int | None = None,
    budget: float | None = None,
    forced: Places = (),
    forbidden: Places = (),
) -> Best:
    """
    Serve the most people, each by one site within reach, no site more than its capacity.

    `standing` is the capacity of each place as it is, 0 without a site. One option at most is built
    at a place, and its capacity replaces what stands there; `sites` counts places that had none.
    A residence may be served in part and by several sites. The sets of the answer hold numbers of
    options. Every set costs a flow: keep to a few hundred.
    """
    found: list[tuple[frozenset[int], float]] = []
    for picked in option_sets(len(standing), options, forced, forbidden):
        new = [options[i][0] for i in picked if not standing[options[i][0]]]
        if sites is not None and len(new) > sites:
            continue
        if budget is not None and sum(options[i][2] for i in picked) > budget + TOLERANCE:
            continue
        capacity = list(standing)
        for i in picked:
            capacity[options[i][0]] = options[i][1]
        found.append((picked, served(reach, people, capacity)))
    assert found, "no set keeps the limits"
    rows = best_rows(np.array([value for _, value in found]))
    return Best(found[rows[0]][1], 0.0, frozenset(found[i][0] for i in rows))


def stages(
    reach: np.ndarray,
    people: np.ndarray,
    rules: Mapping[str, Rule],
    *,
    residence_stage: Sequence[str],
    candidate_stage: Sequence[str],
    built: Mapping[str, Places],
    costs: Sequence[float] | None = None,
    fixed: Places = (),
    forced: Places = (),
    forbidden: Places = (),
) -> dict[str, Best]:
    """
    Tell what each stage had to do, given what was `built` in the stages before it.

    A stage counts its own residences, builds at its own places, and leaves what stands. A target is
    reached with the fewest sites, or for the least cost where there are `costs`; else the most
    people of the stage are covered. Ties go to more people in all. A stage was right when the set
    that was built is among the sets of its answer.
    """
    answers = {}
    standing = set(fixed)
    for name, rule in rules.items():
        own = {j for j, stage in enumerate(candidate_stage) if stage == name}
        mine = np.array([stage == name for stage in residence_stage])
        common: dict[str, Any] = {
            "fixed": standing,
            "forced": own & set(forced) - standing,
            "forbidden": set(forbidden) | set(range(len(candidate_stage))) - own,
            "times": rule.times,
            "floors": [(mine * np.asarray(who), share, times) for who, share, times in rule.floors],
            "tie_people": people,
            "costs": costs,
        }
        given = [rule.target, rule.max_sites, rule.budget]
        assert sum(limit is not None for limit in given) == 1, f"{name}: one rule, not {given}"
        if rule.target is not None:
            answers[name] = fewest(reach, mine * people, share=rule.target, **common)
        else:
            common |= {"sites": rule.max_sites, "budget": rule.budget}
            answers[name] = best_cover(reach, mine * people, **common)
        standing |= set(built[name])
    return answers


def one_out(
    reach: np.ndarray, people: np.ndarray, sites: Places, *, times: int = 1
) -> dict[int, float]:
    """Count the people who lose cover when one site alone closes, for each of the sites."""
    reach = np.asarray(reach, dtype=bool)

    def cover(left: set[int]) -> float:
        return float(covered(sites_in_reach(reach, [frozenset(left)], ()), people, times)[0])

    return {site: cover(set(sites)) - cover(set(sites) - {site}) for site in sites}


def new_sets(
    n_places: int,
    *,
    sites: int | None = None,
    costs: Sequence[float] | None = None,
    budget: float | None = None,
    fixed: Places = (),
    forced: Places = (),
    forbidden: Places = (),
) -> Iterator[frozenset[int]]:
    """List every set of new sites that keeps the limits."""
    must = set(forced) - set(fixed)
    assert not must & set(forbidden), "a place is forced and forbidden"
    assert sites is None or len(must) <= sites, "more are forced than allowed"
    assert budget is None or cost_of(must, costs) <= budget + TOLERANCE, "forced sites cost more"
    free = sorted(set(range(n_places)) - must - set(fixed) - set(forbidden))
    for size in range(len(free) + 1):
        for chosen in itertools.combinations(free, size):
            new = frozenset(must.union(chosen))
            if sites is not None and len(new) > sites:
                continue
            if budget is not None and cost_of(new, costs) > budget + TOLERANCE:
                continue
            yield new


def option_sets(
    n_places: int, options: Sequence[Option], forced: Places, forbidden: Places
) -> Iterator[frozenset[int]]:
    """List every choice of one option at most at each place."""
    choices: list[list[int | None]] = []
    for place in range(n_places):
        here: list[int | None] = [i for i, option in enumerate(options) if option[0] == place]
        if place in forbidden:
            here = []
        choices.append(here if place in forced else [None, *here])
    for picked in itertools.product(*choices):
        yield frozenset(i for i in picked if i is not None)


def cost_of(new: Collection[int], costs: Sequence[float] | None) -> float:
    """Add up what new sites cost; one each without costs."""
    return float(len(new) if costs is None else sum(costs[j] for j in new))


def sites_in_reach(reach: np.ndarray, sets: Sequence[Collection[int]], fixed: Places) -> np.ndarray:
    """Count the sites within reach of each residence, shape (sets, residences)."""
    open_sites = np.zeros((len(sets), len(reach)), dtype=int)
    for row, new in zip(open_sites, sets, strict=True):
        row[[*new, *fixed]] = 1
    counts: np.ndarray = open_sites @ reach.astype(int)
    return counts


def all_in_reach(reach: np.ndarray, fixed: Places, forbidden: Places) -> np.ndarray:
    """Count the sites within reach if everything allowed were built, shape (1, residences)."""
    return sites_in_reach(reach, [set(range(len(reach))) - set(forbidden)], fixed)


def nearest_walks(walk_s: np.ndarray, sets: Sequence[Collection[int]], fixed: Places) -> np.ndarray:
    """Walk from each residence to its nearest site in seconds, shape (sets, residences)."""
    return np.array([walk_s[[*new, *fixed]].min(axis=0, initial=np.inf) for new in sets])


def covered(counts: np.ndarray, people: Sequence[float] | np.ndarray, times: int) -> np.ndarray:
    """Count people with at least so many sites within reach, shape (sets,)."""
    total: np.ndarray = (counts >= times) @ np.asarray(people, dtype=float)
    return total


def requirement(floor: Floor, everything: np.ndarray) -> tuple[float, float]:
    """Count the people that a floor asks for, and those of them that everything would reach."""
    people, share, times = floor
    asked = share * float(np.sum(people))
    return asked, min(asked, float(covered(everything, people, times)[0]))


def best_rows(*gains: np.ndarray) -> np.ndarray:
    """Number the rows that have the most of the first, and among these of the second, and so on."""
    rows = np.arange(len(gains[0]))
    for gain in gains:
        rows = rows[gain[rows] >= gain[rows].max() - TOLERANCE]
    return rows


def served(reach: np.ndarray, people: np.ndarray, capacity: Sequence[float]) -> float:
    """Count the people whom sites of these capacities can serve, by a flow."""
    graph = nx.DiGraph()
    graph.add_nodes_from(["sites", "served"])
    for j, room in enumerate(capacity):
        graph.add_edge("sites", ("site", j), capacity=room)
    for i, n in enumerate(people):
        graph.add_edge(("home", i), "served", capacity=n)
    # An edge without capacity lets everybody pass.
    graph.add_edges_from((("site", j), ("home", i)) for j, i in np.argwhere(reach))
    return float(nx.maximum_flow_value(graph, "sites", "served"))
