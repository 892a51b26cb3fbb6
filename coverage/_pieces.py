"""Models that fall apart: every piece solved alone, recombined by what each gives for its cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from walkcover import _least_cost as least
from walkcover import _most_people as most
from walkcover._ladder import LONG_RUNGS, SHORT_RUNGS, Effort, Found, is_closed
from walkcover._model import Flags, Floats, Model, as_cover, components, with_columns, with_rows

# Pieces are solved for every number of sites only if each is this small (pairs) and all together
# ask for at most so many answers; larger models are solved in one.
PIECE_PAIRS = 20_000
MOST_ANSWERS = 400
# Pieces of a cover are solved together up to this size, which is solved exactly at once.
BATCH_PAIRS = SHORT_RUNGS[0].exact_pairs


@dataclass(frozen=True)
class _Curve:
    """What a piece gives for 0, 1, 2, … units of money: people reached, and bounds from above."""

    columns: Flags
    reached: Floats
    upper: Floats
    answers: list[Flags]


def most_people(model: Model, *, room: float, whole: bool, effort: Effort) -> Found:
    """
    Cover the most weight within the room.

    Valid for pieces without floors whose costs are whole numbers of one unit: what the pieces give
    for each amount adds up, and so do the bounds.
    """
    found = most.most_people(model, room=room, whole=whole, effort=effort, rungs=SHORT_RUNGS)
    if is_closed(model.people(found.chosen), found.bound, 0.0):
        return found
    unit = _unit(model)
    curves = _curves(model, unit, room, whole=whole, effort=effort)
    if curves:
        units = int(min(room // unit, sum(curve.reached.size - 1 for curve in curves)))
        people, parts = _combined([curve.reached for curve in curves], units)
        upper, _ = _combined([curve.upper for curve in curves], units)
        chosen = _together(model, curves, parts, int(np.argmax(people)))
        return Found(chosen, min(found.bound, float(upper.max())), found.least_short)
    if is_closed(model.people(found.chosen), found.bound, effort.gap):
        return found
    more = most.most_people(
        model,
        room=room,
        whole=whole,
        effort=effort,
        rungs=LONG_RUNGS,
        start=found.chosen,
    )
    return Found(more.chosen, min(found.bound, more.bound), found.least_short)


def least_cost(model: Model, *, whole_cost: bool, whole_people: bool, effort: Effort) -> Found:
    """
    Keep all floors for the least cost.

    Where everybody is to be covered, the costs of the pieces add up. Where one floor spares some,
    the pieces' curves tell the least amount that meets it.
    """
    if model.is_single and least.calls_for_all(model):
        return _cheapest_cover(model, whole_cost=whole_cost, effort=effort)
    rules: dict[str, Any] = {
        "whole_cost": whole_cost,
        "whole_people": whole_people,
        "effort": effort,
    }
    found = least.least_cost(model, **rules, rungs=SHORT_RUNGS)
    if is_closed(model.spent(found.chosen), found.bound, 0.0):
        return found
    unit = _unit(model)
    curves = []
    if model.need.size == 1:
        priced = least.weighing_the_floor(model)
        curves = _curves(priced, unit, np.inf, whole=whole_people, effort=effort)
    if curves:
        need = float(model.need[0]) * (1.0 - 1e-12)
        units = sum(curve.reached.size - 1 for curve in curves)
        people, parts = _combined([curve.reached for curve in curves], units)
        upper, _ = _combined([curve.upper for curve in curves], units)
        chosen = _together(model, curves, parts, int(np.argmax(people >= need)))
        return Found(chosen, max(found.bound, unit * int(np.argmax(upper >= need))))
    if is_closed(model.spent(found.chosen), found.bound, effort.gap):
        return found
    more = least.least_cost(model, **rules, rungs=LONG_RUNGS, start=found.chosen)
    return Found(more.chosen, max(found.bound, more.bound))


def _cheapest_cover(model: Model, *, whole_cost: bool, effort: Effort) -> Found:
    cover = as_cover(model)
    chosen, bound = np.zeros(model.cost.size, dtype=bool), 0.0
    for columns, rows in _batches(cover, BATCH_PAIRS):
        piece = with_columns(with_rows(cover, rows), columns)
        piece = replace(piece, need=np.array([float(rows.sum())]))
        found = least.cheapest_cover(piece, whole_cost=whole_cost, effort=effort)
        chosen |= np.isin(model.candidates, piece.candidates[found.chosen])
        bound += found.bound
    return Found(chosen, bound)


def _batches(model: Model, most_pairs: int) -> Iterator[tuple[Flags, Flags]]:
    """Pieces to solve, small ones several at a time: setting up a solver takes longer than they."""
    waiting: list[tuple[Flags, Flags]] = []
    pairs = 0
    for columns, rows in components(model):
        if not rows.any():
            continue
        size = int(np.diff(model.col_ptr)[columns].sum())
        if waiting and pairs + size > most_pairs:
            yield _joined(waiting)
            waiting, pairs = [], 0
        waiting.append((columns, rows))
        pairs += size
    if waiting:
        yield _joined(waiting)


def _joined(pieces: Sequence[tuple[Flags, Flags]]) -> tuple[Flags, Flags]:
    columns, rows = zip(*pieces, strict=True)
    return np.logical_or.reduce(columns), np.logical_or.reduce(rows)


def _unit(model: Model) -> float:
    """Largest amount of which all costs are whole multiples; 0 where there is none."""
    if model.cost.size == 0 or (model.cost != np.rint(model.cost)).any():
        return 0.0
    return float(np.gcd.reduce(model.cost.astype(np.int64)))


def _curves(model: Model, unit: float, room: float, *, whole: bool, effort: Effort) -> list[_Curve]:
    """A curve for each piece; none where the model does not fall apart into small pieces."""
    pieces = [both for both in components(model) if both[1].any()]
    if unit == 0.0 or len(pieces) < 2 or (model.need.size and room < np.inf):
        return []
    sizes = [int(np.diff(model.col_ptr)[columns].sum()) for columns, _ in pieces]
    if max(sizes) > PIECE_PAIRS or len(pieces) > MOST_ANSWERS:
        return []
    curves, left = [], MOST_ANSWERS
    for columns, rows in pieces:
        piece = with_columns(with_rows(_without_floors(model), rows), columns)
        curve = _curve(piece, columns, unit, room, left, whole=whole, effort=effort)
        if curve is None:
            return []
        curves.append(curve)
        left -= curve.reached.size - 1
    return curves


def _curve(
    piece: Model,
    columns: Flags,
    unit: float,
    room: float,
    left: int,
    *,
    whole: bool,
    effort: Effort,
) -> _Curve | None:
    """Solve a piece for one unit more until it is covered; None if that takes too many answers."""
    total = float(piece.weight.sum())
    reached, upper = [0.0], [0.0]
    answers = [np.zeros(piece.cost.size, dtype=bool)]
    while reached[-1] < total * (1.0 - 1e-12) and len(reached) * unit <= room * (1 + 1e-9):
        if len(reached) > left:
            return None
        amount = len(reached) * unit
        if amount < piece.cost.min():
            found = Found(answers[-1], 0.0)
        else:
            found = most.most_people(piece, room=amount, whole=whole, effort=effort)
        answers.append(found.chosen)
        reached.append(piece.people(found.chosen))
        upper.append(max(found.bound, reached[-1]))
    return _Curve(columns, np.array(reached), np.array(upper), answers)


def _without_floors(model: Model) -> Model:
    return replace(model, demand=model.demand[:0], need=model.need[:0])


def _combined(curves: list[Floats], units: int) -> tuple[Floats, list[list[int]]]:
    """
    Most that the curves give together for 0 to `units` units; and the share of each curve.

    Classical dynamic programming over the pieces; a curve that ends gives its last value on.
    """
    total = np.zeros(units + 1)
    steps: list[list[int]] = []
    for curve in curves:
        best = np.full(units + 1, -np.inf)
        spent = np.zeros(units + 1, dtype=np.int64)
        for amount, value in enumerate(curve[: units + 1]):
            offer = value + total[: units + 1 - amount]
            better = offer > best[amount:]
            best[amount:][better] = offer[better]
            spent[amount:][better] = amount
        total = best
        steps.append(spent.tolist())
    return total, steps


def _together(model: Model, curves: list[_Curve], parts: list[list[int]], units: int) -> Flags:
    """Follow the shares back, last curve first, and join the answers."""
    chosen = np.zeros(model.cost.size, dtype=bool)
    for curve, spent in zip(reversed(curves), reversed(parts), strict=True):
        amount = spent[units]
        chosen[np.flatnonzero(curve.columns)[curve.answers[amount]]] = True
        units -= amount
    return chosen
