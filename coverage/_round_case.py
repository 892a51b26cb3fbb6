"""What rounds are planned for: checked, and cut into visits that fit a shift."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from walkcover._errors import InputError
from walkcover._routes import Case, Part, Team

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
# Why a stop, or a part of it, is left out.
NO_ROAD, TOO_FAR, NO_TIME = "no_road", "too_far", "no_time"


def case_of(
    tests: npt.ArrayLike, stop: npt.ArrayLike, drive_s: npt.ArrayLike, kinds: Sequence[Team]
) -> tuple[Case, list[tuple[int, int, str, float]]]:
    """Check, and cut stops into visits that fit a shift; tell which no team can serve, and why."""
    amounts, place, drive = _checked(tests, stop, drive_s, kinds)
    parts: list[Part] = []
    unserved: list[tuple[int, int, str, float]] = []
    for number, amount in enumerate(amounts.tolist()):
        if not amount:
            continue
        away = [_away_s(team, int(place[number]), drive) for team in kinds]
        most = max(team.room(s) for team, s in zip(kinds, away, strict=True))
        if most >= 1:
            # Full days and a rest, which shares its day with other stops more easily than halves.
            full, rest = divmod(amount, most)
            parts += [Part(number, most)] * full + [Part(number, rest)] * (rest > 0)
            continue
        short_s = min(
            team.service_s(min(amount, math.floor(team.tests_per_day))) + s - team.shift_s
            for team, s in zip(kinds, away, strict=True)
        )
        reached = math.isfinite(short_s)
        reason = TOO_FAR if reached else NO_ROAD
        unserved.append((number, amount, reason, max(0.0, short_s) if reached else 0.0))
    return Case(parts, place, drive, kinds), unserved


def _away_s(team: Team, place: int, drive_s: Floats) -> float:
    """Whole seconds of driving out to a place and home."""
    return float(np.ceil(drive_s[team.base, place]) + np.ceil(drive_s[place, team.base]))


def _checked(
    tests: npt.ArrayLike, stop: npt.ArrayLike, drive_s: npt.ArrayLike, teams: Sequence[Team]
) -> tuple[Ints, Ints, Floats]:
    amounts = np.asarray(tests, dtype=np.float64)
    place = np.asarray(stop, dtype=np.int64)
    drive = np.asarray(drive_s, dtype=np.float64)
    faults = []
    if amounts.ndim != 1 or amounts.shape != place.shape:
        faults.append(f"{amounts.shape} tests for {place.shape} stops; expected one each")
    if not (np.isfinite(amounts) & (amounts >= 0)).all():
        faults.append("tests: expected finite numbers from 0")
    if drive.ndim != 2 or drive.shape[0] != drive.shape[1] or not (drive >= 0).all():
        faults.append(f"drive_s of shape {drive.shape}: expected a square of seconds from 0")
    elif place.size and not (place.min() >= 0 and place.max() < len(drive)):
        faults.append(f"stops: expected rows of the {len(drive)} places of drive_s")
    if not teams:
        faults.append("no team: expected at least one")
    for number, team in enumerate(teams, start=1):
        numbers = (team.shift_s, team.tests_per_hour, team.tests_per_day, team.days)
        if not all(math.isfinite(value) and value > 0 for value in numbers) or team.setup_s < 0:
            faults.append(f"team {number}: expected positive numbers, got {team}")
        if not 0 <= team.base < len(drive):
            faults.append(f"team {number}: base {team.base} is none of the {len(drive)} places")
    if faults:
        msg = "the rounds cannot be planned:\n" + "\n".join(f"  {fault}" for fault in faults)
        raise InputError(msg)
    # Half a test is a test; a rounding error is none.
    return np.ceil(amounts - 1e-9).astype(np.int64), place, drive
