"""Bounds over regions against the optimum of small instances, found by trying every choice."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from walkcover import _kernels_regions as kernels
from walkcover import _parting, _region_tree, _regions
from walkcover._deadline import Deadline

COLUMNS, ROWS = 11, 40
SEEDS = range(4)
CLOSE = 1e-9


def line_model(seed: int, *, unit_cost: bool) -> Any:
    """Columns and rows on a line, a row reached by the columns nearby; the fields bounds read."""
    generator = np.random.default_rng(seed)
    columns = np.sort(generator.random(COLUMNS))
    rows = columns[generator.integers(COLUMNS, size=ROWS)] + generator.normal(0.0, 0.05, ROWS)
    reach = np.abs(rows[:, None] - columns[None, :]) < 0.15
    reach = reach[reach.any(axis=1)][:, reach.any(axis=0)]
    n_rows, n = reach.shape
    cost = np.ones(n) if unit_cost else generator.uniform(0.5, 2.0, n)
    return SimpleNamespace(
        reach=reach,
        col_ptr=np.append(0, np.cumsum(reach.sum(axis=0))),
        col_rows=np.nonzero(reach.T)[1].astype(np.int32),
        row_ptr=np.append(0, np.cumsum(reach.sum(axis=1))),
        row_cols=np.nonzero(reach)[1].astype(np.int32),
        weight=generator.integers(1, 30, n_rows).astype(np.float64),
        cost=cost,
    )


def every_choice(model: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """People, cost and 'covers all' of each of the 2^n choices of columns."""
    n = model.cost.size
    choices = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    covered = choices @ model.reach.T > 0
    return covered @ model.weight, choices @ model.cost, covered.all(axis=1)


def some_multipliers(model: Any, seed: int) -> np.ndarray:
    """Multipliers between 0 and the weights; any are valid."""
    return np.random.default_rng(100 + seed).uniform(0.0, 1.0, model.weight.size) * model.weight


def options(**changed: Any) -> dict[str, Any]:
    return {"deadline": Deadline(60.0), "seed": 0, "workers": 1} | changed


@pytest.fixture(params=[4, 100], ids=["regions of 4", "one region"])
def region_columns(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(_regions, "REGION_COLUMNS", request.param)
    monkeypatch.setattr(_regions, "COVER_COLUMNS", request.param)
    monkeypatch.setattr(_region_tree, "KICKS", 3)
    monkeypatch.setattr(_regions, "PASSES", 3)
    return int(request.param)


@pytest.mark.usefixtures("region_columns")
@pytest.mark.parametrize("unit_cost", [True, False])
@pytest.mark.parametrize("seed", SEEDS)
def test_people_bound_is_never_below_the_optimum(seed: int, unit_cost: bool) -> None:
    model = line_model(seed, unit_cost=unit_cost)
    people, cost, _ = every_choice(model)
    for budget in (1.0, 2.0, 3.5):
        bound = _regions.people_bound(
            model, some_multipliers(model, seed), budget=budget, enough=0.0, **options()
        )
        assert bound >= people[cost <= budget].max() - CLOSE


@pytest.mark.usefixtures("region_columns")
@pytest.mark.parametrize("unit_cost", [True, False])
@pytest.mark.parametrize("seed", SEEDS)
def test_cost_bound_is_never_above_the_optimum(seed: int, unit_cost: bool) -> None:
    model = line_model(seed, unit_cost=unit_cost)
    people, cost, _ = every_choice(model)
    for share in (0.5, 0.8, 0.95):
        need = share * model.weight.sum()
        bound = _regions.cost_bound(
            model, some_multipliers(model, seed), need=need, enough=np.inf, **options()
        )
        assert 0.0 <= bound <= cost[people >= need].min() + CLOSE


@pytest.mark.usefixtures("region_columns")
@pytest.mark.parametrize("unit_cost", [True, False])
@pytest.mark.parametrize("seed", SEEDS)
def test_cover_bound_is_never_above_the_optimum(seed: int, unit_cost: bool) -> None:
    model = line_model(seed, unit_cost=unit_cost)
    _, cost, is_cover = every_choice(model)
    multipliers = np.random.default_rng(seed).uniform(0.0, 0.3, model.weight.size)
    bound = _regions.cover_bound(model, multipliers, enough=np.inf, **options())
    assert bound <= cost[is_cover].min() + CLOSE


@pytest.mark.parametrize("seed", SEEDS)
def test_a_single_region_gives_the_cheapest_cover(seed: int) -> None:
    model = line_model(seed, unit_cost=False)
    _, cost, is_cover = every_choice(model)
    multipliers = np.zeros(model.weight.size)
    bound = _regions.cover_bound(model, multipliers, enough=np.inf, **options())
    assert bound == pytest.approx(cost[is_cover].min(), abs=2e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_single_region_gives_the_largest_surplus(seed: int) -> None:
    model = line_model(seed, unit_cost=False)
    people, cost, _ = every_choice(model)
    multipliers = some_multipliers(model, seed)
    # The third best column by worth per cost, or the one on which a budget of 2 ends.
    worth = model.reach.T @ multipliers
    order = np.argsort(-worth / model.cost)
    last = order[np.flatnonzero(np.cumsum(model.cost[order]) >= 2.0)[0]]
    rate = worth[last] / model.cost[last]
    bound = _regions.people_bound(model, multipliers, budget=2.0, enough=0.0, **options())
    exact = rate * 2.0 + (people - rate * cost).max()
    assert bound == pytest.approx(exact, abs=2e-4 * rate * model.cost.mean())


@pytest.mark.usefixtures("region_columns")
@pytest.mark.parametrize("seed", SEEDS)
def test_regions_are_no_worse_than_the_multipliers_alone(seed: int) -> None:
    model = line_model(seed, unit_cost=True)
    multipliers = some_multipliers(model, seed)
    worth = np.sort(model.reach.T @ multipliers)[::-1]
    alone = (model.weight - multipliers).sum() + worth[:2].sum()
    bound = _regions.people_bound(model, multipliers, budget=2.0, enough=0.0, **options())
    # Each region may leave a negligible part of a column's price open.
    assert bound <= alone + 1e-3 * worth[1]


@pytest.mark.parametrize("changed", [{"deadline": Deadline(0.0)}, {"work": 0.0}])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_search_cut_short_is_valid(
    seed: int, changed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_regions, "REGION_COLUMNS", 4)
    model = line_model(seed, unit_cost=False)
    people, cost, is_cover = every_choice(model)
    multipliers = some_multipliers(model, seed)
    bound = _regions.people_bound(model, multipliers, budget=2.0, enough=0.0, **options(**changed))
    assert bound >= people[cost <= 2.0].max() - CLOSE
    bound = _regions.cover_bound(model, multipliers, enough=np.inf, **options(**changed))
    assert bound <= cost[is_cover].min() + CLOSE


def test_threads_do_not_change_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_regions, "REGION_COLUMNS", 4)
    model = line_model(3, unit_cost=False)
    multipliers = some_multipliers(model, 3)
    one, two = (
        _regions.people_bound(
            model, multipliers, budget=2.0, enough=0.0, **options(workers=workers)
        )
        for workers in (1, 2)
    )
    assert one == two


def test_a_budget_for_everything_is_bound_by_everybody() -> None:
    model = line_model(0, unit_cost=True)
    bound = _regions.people_bound(model, model.weight, budget=100.0, enough=0.0, **options())
    assert bound == model.weight.sum()


def test_parts_hold_every_column_once_and_cut_a_chain_in_its_weakest_place() -> None:
    # Columns 0-4 share rows, columns 5-9 share rows, and one light row joins the two.
    groups = [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [4, 5], [0, 1], [8, 9]]
    row_cols = np.concatenate(groups).astype(np.int32)
    row_ptr = np.append(0, np.cumsum([len(group) for group in groups]))
    reach = np.zeros((5, 10), dtype=bool)
    reach[np.repeat(np.arange(5), np.diff(row_ptr)), row_cols] = True
    model: Any = SimpleNamespace(
        col_ptr=np.append(0, np.cumsum(reach.sum(axis=0))),
        col_rows=np.nonzero(reach.T)[1].astype(np.int32),
        row_ptr=row_ptr,
        row_cols=row_cols,
        weight=np.array([5.0, 5.0, 0.5, 1.0, 1.0]),
        cost=np.ones(10),
    )
    parts = _parting.parted(model, _parting.by_column(model), model.weight, 5)
    assert sorted(sorted(part.tolist()) for part in parts) == [groups[0], groups[1]]


def whole_region(model: Any) -> Any:
    """One region of all columns, whose price is 20 times their cost, without multipliers."""
    n = model.cost.size
    zeros = np.zeros(model.weight.size)
    return _region_tree.region_of(
        _parting.by_column(model), np.arange(n), model.weight, zeros, 20.0 * model.cost
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_a_state_is_bounded_and_only_what_is_decided_is_decided(seed: int) -> None:
    model = line_model(seed, unit_cost=False)
    people, cost, _ = every_choice(model)
    n = model.cost.size
    choices = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    surplus = people - 20.0 * cost
    tree = _region_tree.Tree(
        whole_region(model), 1e-6, np.zeros((2, n)), np.zeros((2, n), dtype=np.int64)
    )
    tree.best = 0.9 * float(surplus.max())
    generator = np.random.default_rng(seed)
    for effort in ((1, 1.0, 8), (100, 0.5, 8)):
        state = generator.integers(3, size=n).astype(np.int8)
        start = (generator.random(tree.region.gain.size) * tree.region.gain).astype(np.float32)
        found = tree.bounded(state, start, effort)

        def agrees(with_state: np.ndarray) -> np.ndarray:
            wanted = np.where(with_state == kernels.TAKEN, 1, 0)
            return ((with_state == kernels.OPEN) | (choices == wanted)).all(axis=1)

        inside = agrees(state)
        assert found.value >= surplus[inside].max() - CLOSE
        better = inside & (surplus > tree.best + tree.negligible)
        assert agrees(found.state)[better].all()


@pytest.mark.parametrize("seed", SEEDS)
def test_local_search_ends_where_no_single_change_helps(seed: int) -> None:
    model = line_model(seed, unit_cost=False)
    people, cost, _ = every_choice(model)
    n = model.cost.size
    surplus = people - 20.0 * cost
    tree = _region_tree.Tree(
        whole_region(model), 1e-6, np.zeros((2, n)), np.zeros((2, n), dtype=np.int64)
    )
    for start in ([], [0], list(range(n))):
        chosen, value = tree.climb(np.array(start, dtype=np.int64))
        number = int(np.sum(2**chosen))
        assert value == pytest.approx(surplus[number])
        near = [number ^ (1 << j) for j in range(n)]
        others = np.setdiff1d(np.arange(n), chosen)
        near += [number ^ (1 << int(i)) ^ (1 << int(j)) for i in chosen for j in others]
        assert surplus[near].max() <= value + CLOSE


def test_rows_of_equal_open_columns_are_one_group() -> None:
    # Column 0 reaches rows 0 1 2, column 1 rows 0 1, column 2 row 3; without column 1 rows 0 1 2
    # are alike, without column 2 nobody reaches row 3.
    ptr, rows = np.array([0, 3, 5, 6]), np.array([0, 1, 2, 0, 1, 3], dtype=np.int32)
    keys = np.array([[1, 2, 4], [8, 16, 32]], dtype=np.uint64)
    settled = np.zeros(4, dtype=np.bool_)
    for state, expected in (([0, 0, 0], [0, 0, 1, 2]), ([0, 2, 2], [0, 0, 0, -1])):
        group, first = kernels.grouped(ptr, rows, keys, np.array(state, dtype=np.int8), settled)
        assert group.tolist() == expected
        assert first.tolist() == [expected.index(g) for g in range(max(expected) + 1)]
