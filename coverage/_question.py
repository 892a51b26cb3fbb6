"""Check what siting questions have in common, all faults collected."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from walkcover.pairs import Indices

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def checked_numbers(name: str, given: npt.ArrayLike, size: int, faults: list[str]) -> Floats:
    """Take numbers of a given shape that are finite and not negative; else ones and a fault."""
    values = np.asarray(given, dtype=np.float64)
    if values.shape != (size,):
        faults.append(f"{name} has shape {values.shape}; expected ({size},)")
        return np.ones(size)
    wrong = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
    if wrong.size:
        faults.append(
            f"{name} must be finite and not negative; {wrong.size} are not, "
            f"the first at {wrong[0]}: {values[wrong[0]]!r}"
        )
        return np.ones(size)
    return values


def checked_roles(
    n: int, fixed: Indices, forced: Indices, forbidden: Indices, faults: list[str]
) -> tuple[Ints, Ints, Ints]:
    """Take positions of candidates, each once and ascending; none and a fault for a wrong role."""
    roles = {}
    for name, given in (("fixed", fixed), ("forced", forced), ("forbidden", forbidden)):
        places = np.unique(np.asarray(given, dtype=np.int64))
        wrong = places[(places < 0) | (places >= n)]
        if wrong.size:
            faults.append(f"{name} names candidate {wrong[0]}; there are {n}, counted from 0")
        roles[name] = places[:0] if wrong.size else places
    for name in ("fixed", "forbidden"):
        both = np.intersect1d(roles["forced"], roles[name])
        if both.size:
            faults.append(f"candidate {both[0]} is both forced and {name}")
    return roles["fixed"], roles["forced"], roles["forbidden"]
