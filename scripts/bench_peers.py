"""
Time walkcover and its peers on the same towns, from coverage pairs to a proven answer.

Usage: python scripts/bench_peers.py [--only NAME] [--engines NAME ...] [--limit 300] [--seeds 1]

Three sizes, three questions each: the most people within reach of 10 and of 20 sites, and the
fewest sites for everybody. Every engine gets the same town, in a process of its own, on one thread.
Timed are building the model and solving it; imports and making the town are not. The limit holds
for both together. Beside them stand the seconds of processor of both, programs that were started
included; ratios are of these, because they hardly depend on what else the machine does.

walkcover is asked twice in its process: the first call loads what numba compiled and keeps on disk,
the second is warm; ratios are to the second. What compiling costs, once per machine, is told apart.

spopt gets its matrix of distances and solves by CBC and by HiGHS through PuLP. The other solvers
get the plain model, one row per residence, nothing merged: y <= sum of x, y continuous (a literal
for CP-SAT). Peers are no dependencies of the project; those that are not installed are skipped.

Objectives are recomputed from the chosen sites. An objective that another engine's bound rules
out, or an engine that fails, makes the exit code 1.
"""

import argparse
import dataclasses
import importlib.util
import itertools
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import scipy.sparse

REACH_M = 1000.0
SIDE_M, CLUSTERS, CLUSTER_M, SCATTERED = 12_000.0, 25, 700.0, 0.15
MOST_PEOPLE = 80
SIZES = {"500x100": (500, 100), "2000x500": (2_000, 500), "5000x1000": (5_000, 1_000)}
# Sites to place; none asks for the fewest that reach everybody.
QUESTIONS = (10, 20, None)
# A process that ignores its limit is ended this much later.
GRACE_S = 60.0
# The smallest town that needs every kernel.
WARMING = "2000x500"
# People are whole numbers, so that two objectives are equal or a whole person apart.
TOLERANCE = 0.5


@dataclasses.dataclass(frozen=True)
class Town:
    """
    Residences and candidates of one instance; every residence is within reach of a candidate.

    Parameters
    ----------
    distance_m
        Straight lines, shape (residences, candidates).
    people
        Whole numbers, shape (residences,).
    """

    distance_m: np.ndarray
    people: np.ndarray

    @property
    def reach(self) -> scipy.sparse.csr_array:
        """Who is within reach, shape (residences, candidates)."""
        return scipy.sparse.csr_array(self.distance_m <= REACH_M)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What an engine said; no sites where it found none, NaN where it gives no bound."""

    build_s: float
    solve_s: float
    chosen: list[int]
    bound: float
    proved: bool


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the table; the objective is NaN where the sites do not answer the question."""

    engine: str
    build_s: float
    solve_s: float
    cpu_s: float
    n_sites: int
    objective: float
    bound: float
    proved: bool


def make_town(n_residences: int, n_candidates: int, seed: int) -> Town:
    """Scatter both over the same clusters and a thin countryside."""
    rng = np.random.default_rng(seed)
    centres = rng.random((CLUSTERS, 2)) * SIDE_M
    weights = rng.pareto(1.5, CLUSTERS) + 0.5

    def scatter(n: int) -> np.ndarray:
        home = rng.choice(CLUSTERS, n, p=weights / weights.sum())
        places = centres[home] + rng.normal(0.0, CLUSTER_M, (n, 2))
        alone = rng.random(n) < SCATTERED
        return np.where(alone[:, None], rng.random((n, 2)) * SIDE_M, places)

    candidates = scatter(n_candidates)
    # Enough for those out of reach of all candidates to be left out.
    residences = scatter(4 * n_residences)
    distance_m = np.linalg.norm(residences[:, None] - candidates, axis=2)
    distance_m = distance_m[(distance_m <= REACH_M).any(axis=1)][:n_residences]
    people = rng.integers(1, MOST_PEOPLE, n_residences).astype(np.float64)
    return Town(distance_m, people)


def ask_walkcover(town: Town, sites: int | None, limit_s: float) -> Outcome:
    """Ask walkcover."""
    from walkcover.siting import CoverPairs, max_cover, min_sites

    by_candidate = town.reach.T.tocsr()
    start = time.perf_counter()
    pairs = CoverPairs.from_csr(
        by_candidate.indptr.astype(np.int64),
        by_candidate.indices.astype(np.int32),
        n_residences=town.people.size,
    )
    built = time.perf_counter()
    if sites is None:
        answer = min_sites(pairs, town.people, share=1.0, time_limit_s=limit_s)
    else:
        answer = max_cover(pairs, town.people, sites=sites, time_limit_s=limit_s)
    solved = time.perf_counter()
    chosen = [int(j) for j in answer.chosen]
    return Outcome(
        built - start, solved - built, chosen, float(answer.bound), answer.status == "optimal"
    )


def ask_spopt(town: Town, sites: int | None, limit_s: float, *, by: str) -> Outcome:
    """Ask spopt, which builds by PuLP; PuLP does not tell the bound of an unfinished search."""
    import pulp
    from spopt.locate import LSCP, MCLP

    start = time.perf_counter()
    if sites is None:
        model = LSCP.from_cost_matrix(town.distance_m, REACH_M)
    else:
        model = MCLP.from_cost_matrix(town.distance_m, town.people, REACH_M, sites)
    built = time.perf_counter()
    left_s = max(limit_s - (built - start), 1.0)
    options = {"msg": False, "threads": 1, "timeLimit": left_s, "gapRel": 0.0}
    solver = pulp.HiGHS(**options) if by == "HiGHS" else pulp.PULP_CBC_CMD(**options)
    model.problem.solve(solver)
    solved = time.perf_counter()
    status = model.problem.sol_status
    proved = status == pulp.LpSolutionOptimal
    found = proved or status == pulp.LpSolutionIntegerFeasible
    chosen = [j for j, x in enumerate(model.fac_vars) if found and x.value() > 0.5]
    bound = model.problem.objective.value() if proved else math.nan
    return Outcome(built - start, solved - built, chosen, bound, proved)


def ask_highs(town: Town, sites: int | None, limit_s: float) -> Outcome:
    """Ask HiGHS by a matrix."""
    import highspy

    start = time.perf_counter()
    n_residences, n_candidates = town.distance_m.shape
    matrix = town.reach.astype(np.float64)
    at_least, at_most = np.ones(n_residences), np.full(n_residences, np.inf)
    cost = np.ones(n_candidates)
    if sites is not None:
        covered = -scipy.sparse.eye_array(n_residences)
        count = scipy.sparse.csr_array(np.ones((1, n_candidates)))
        matrix = scipy.sparse.block_array([[matrix, covered], [count, None]], format="csr")
        at_least, at_most = np.zeros(n_residences + 1), np.append(at_most, sites)
        cost = np.concatenate([np.zeros(n_candidates), town.people])
    model = highspy.HighsLp()
    model.num_row_, model.num_col_ = matrix.shape
    model.col_cost_, model.row_lower_, model.row_upper_ = cost, at_least, at_most
    model.col_lower_, model.col_upper_ = np.zeros(cost.size), np.ones(cost.size)
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_, model.a_matrix_.index_ = matrix.indptr, matrix.indices
    model.a_matrix_.value_ = matrix.data
    kinds = highspy.HighsVarType
    n_continuous = cost.size - n_candidates
    model.integrality_ = [kinds.kInteger] * n_candidates + [kinds.kContinuous] * n_continuous
    senses = highspy.ObjSense
    model.sense_ = senses.kMinimize if sites is None else senses.kMaximize
    # The public class greets on standard output.
    solver = highspy._Highs()  # type: ignore[attr-defined]
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("mip_rel_gap", 0.0)
    solver.passModel(model)
    built = time.perf_counter()
    solver.setOptionValue("time_limit", max(limit_s - (built - start), 1.0))
    solver.run()
    solved = time.perf_counter()
    value = np.asarray(solver.getSolution().col_value)[:n_candidates]
    chosen = np.flatnonzero(value > 0.5).tolist()
    proved = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    bound = solver.getInfo().mip_dual_bound
    return Outcome(built - start, solved - built, chosen, bound, proved)


def ask_scip(town: Town, sites: int | None, limit_s: float) -> Outcome:
    """Ask SCIP variable by variable."""
    from pyscipopt import Model, quicksum

    start = time.perf_counter()
    reach = town.reach
    n_residences, n_candidates = reach.shape
    model = Model()
    model.hideOutput()
    build = [model.addVar(vtype="B") for _ in range(n_candidates)]
    near = [
        quicksum(build[j] for j in reach.indices[slice(*reach.indptr[i : i + 2])])
        for i in range(n_residences)
    ]
    if sites is None:
        for total in near:
            model.addCons(total >= 1)
        model.setObjective(quicksum(build), "minimize")
    else:
        covered = [model.addVar(vtype="C", lb=0.0, ub=1.0) for _ in range(n_residences)]
        for y, total in zip(covered, near, strict=True):
            model.addCons(y <= total)
        model.addCons(quicksum(build) <= sites)
        weighted = (n * y for n, y in zip(town.people.tolist(), covered, strict=True))
        model.setObjective(quicksum(weighted), "maximize")
    built = time.perf_counter()
    model.setParam("limits/time", max(limit_s - (built - start), 1.0))
    model.setParam("parallel/maxnthreads", 1)
    model.optimize()
    solved = time.perf_counter()
    found = model.getNSols() > 0
    chosen = [j for j, x in enumerate(build) if found and model.getVal(x) > 0.5]
    proved = model.getStatus() == "optimal"
    return Outcome(built - start, solved - built, chosen, model.getDualbound(), proved)


def ask_cp_sat(town: Town, sites: int | None, limit_s: float) -> Outcome:
    """Ask CP-SAT by clauses; one worker needs the LP in full where a portfolio would have it."""
    from ortools.sat.python import cp_model

    start = time.perf_counter()
    reach = town.reach
    n_residences, n_candidates = reach.shape
    model = cp_model.CpModel()
    build = [model.new_bool_var("") for _ in range(n_candidates)]
    near = [
        [build[j] for j in reach.indices[slice(*reach.indptr[i : i + 2])]]
        for i in range(n_residences)
    ]
    if sites is None:
        for sites_near in near:
            model.add_bool_or(sites_near)
        model.minimize(sum(build))
    else:
        covered = [model.new_bool_var("") for _ in range(n_residences)]
        for y, sites_near in zip(covered, near, strict=True):
            model.add_bool_or([*sites_near, ~y])
        model.add(sum(build) <= sites)
        people = [int(n) for n in town.people]
        model.maximize(cp_model.LinearExpr.weighted_sum(covered, people))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.linearization_level = 2
    built = time.perf_counter()
    solver.parameters.max_time_in_seconds = max(limit_s - (built - start), 1.0)
    status = solver.solve(model)
    solved = time.perf_counter()
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    chosen = [j for j, x in enumerate(build) if found and solver.value(x)]
    proved = status == cp_model.OPTIMAL
    return Outcome(built - start, solved - built, chosen, solver.best_objective_bound, proved)


OURS = "walkcover"
# What each engine imports, and how it is asked.
ENGINES: dict[str, tuple[tuple[str, ...], Callable[[Town, int | None, float], Outcome]]] = {
    OURS: (("walkcover",), ask_walkcover),
    "spopt, CBC": (("spopt", "pulp"), lambda *a: ask_spopt(*a, by="CBC")),
    "spopt, HiGHS": (("spopt", "pulp", "highspy"), lambda *a: ask_spopt(*a, by="HiGHS")),
    "HiGHS": (("highspy",), ask_highs),
    "SCIP": (("pyscipopt",), ask_scip),
    "CP-SAT": (("ortools",), ask_cp_sat),
}


def objective(town: Town, chosen: list[int], sites: int | None) -> float:
    """Count people or sites anew, from the town; NaN where the sites do not answer the question."""
    covered = (town.distance_m[:, chosen] <= REACH_M).any(axis=1)
    if sites is None:
        return float(len(chosen)) if covered.all() else math.nan
    return float(town.people[covered].sum()) if 0 < len(chosen) <= sites else math.nan


def run_one(engine: str, size: str, sites: int | None, seed: int, limit_s: float) -> list[Row]:
    """Ask one engine in this process."""
    modules, ask = ENGINES[engine]
    for module in modules:
        importlib.import_module(module)
    town = make_town(*SIZES[size], seed)
    rows = []
    for label in (f"{engine}, first call", engine) if engine == OURS else (engine,):
        before_s = sum(os.times()[:4])
        outcome = ask(town, sites, limit_s)
        cpu_s = sum(os.times()[:4]) - before_s
        rows.append(
            Row(
                engine=label,
                build_s=outcome.build_s,
                solve_s=outcome.solve_s,
                cpu_s=cpu_s,
                n_sites=len(outcome.chosen),
                objective=objective(town, outcome.chosen, sites),
                bound=outcome.bound,
                proved=outcome.proved,
            )
        )
    return rows


def run_apart(
    engine: str, size: str, sites: int | None, seed: int, limit_s: float, cache: str
) -> list[Row]:
    """Ask one engine in a process of its own."""
    question = json.dumps([engine, size, sites, seed, limit_s])
    times = 2 if engine == OURS else 1
    run = subprocess.run(
        [sys.executable, __file__, "--one", question],
        env={**os.environ, "NUMBA_CACHE_DIR": cache},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=times * limit_s + GRACE_S,
    )
    # Some libraries greet on standard output; the answer is the last line.
    return [Row(**fields) for fields in json.loads(run.stdout.splitlines()[-1])]


def contradictions(rows: Sequence[Row], sites: int | None) -> list[str]:
    """Name sites that are no answer, and every objective at odds with another engine's bound."""
    sense = 1.0 if sites is not None else -1.0
    found = [
        f"{row.engine}: its {row.n_sites} sites do not answer the question"
        for row in rows
        if row.n_sites and math.isnan(row.objective)
    ]
    for one, other in itertools.product(rows, repeat=2):
        if sense * one.objective > sense * other.bound + TOLERANCE:
            found.append(
                f"{one.engine} has {one.objective:.0f}, {other.engine} says that no answer is "
                f"better than {other.bound:.3f}"
            )
    return found


def asked(sites: int | None) -> str:
    """Name a question."""
    return "fewest sites" if sites is None else f"most people, {sites} sites"


def show(rows: list[Row]) -> None:
    """Print the table of one question."""
    ours = next((row.cpu_s for row in rows if row.engine == OURS), math.nan)
    # The clock of the processor ticks in hundredths.
    ours = max(ours, 0.01)
    head = ("build s", "solve s", "cpu s", "objective", "bound")
    print(f"{'':24}" + "{:>9}{:>9}{:>9}{:>11}{:>12}".format(*head) + "  proved  ratio")
    for row in rows:
        print(
            f"{row.engine:24}{row.build_s:9.3f}{row.solve_s:9.3f}{row.cpu_s:9.2f}"
            f"{row.objective:11.0f}{row.bound:12.2f}  {'yes' if row.proved else 'no':6}"
            f"{row.cpu_s / ours:7.1f}"
        )


def installed(engines: Iterable[str]) -> list[str]:
    """Tell engines that cannot be imported, and leave them out."""
    found = []
    for engine in engines:
        missing = [name for name in ENGINES[engine][0] if importlib.util.find_spec(name) is None]
        if missing:
            print(f"{engine} is skipped: {', '.join(missing)} not installed")
        else:
            found.append(engine)
    return found


def compare(engines: list[str], only: str, seeds: int, limit_s: float) -> bool:
    """Ask all engines every question, print tables; whether one failed or contradicts another."""
    at_odds = False
    with tempfile.TemporaryDirectory() as cache:
        if OURS in engines:
            for sites in QUESTIONS:
                first = run_apart(OURS, WARMING, sites, 0, limit_s, cache)[0]
                took_s = first.build_s + first.solve_s
                print(f"{OURS} while compiling, {WARMING} {asked(sites)}: {took_s:.1f} s")
        for size, sites, seed in itertools.product(SIZES, QUESTIONS, range(seeds)):
            title = f"{size} {asked(sites)}, seed {seed}"
            if only not in title:
                continue
            print(f"\n{title} (load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)")
            rows: list[Row] = []
            for engine in engines:
                try:
                    rows += run_apart(engine, size, sites, seed, limit_s, cache)
                except subprocess.TimeoutExpired:
                    print(f"{engine}: ended from outside, long after its limit")
                except subprocess.CalledProcessError as fault:
                    at_odds = True
                    print(f"FAILED: {engine} ended with code {fault.returncode}")
            show(rows)
            for problem in contradictions(rows, sites):
                at_odds = True
                print(f"CONTRADICTION: {problem}")
            sys.stdout.flush()
    return at_odds


def main() -> None:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="questions whose title holds this text")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--limit", type=float, default=300.0, help="seconds for each engine")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        rows = run_one(*json.loads(args.one))
        print()
        print(json.dumps([dataclasses.asdict(row) for row in rows]))
        return
    if compare(installed(args.engines), args.only, args.seeds, args.limit):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
