"""Tubes by collection: what every site has ready whenever vans come for it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from walkcover._errors import InputError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HOUR_S = 3600.0
# Less than this part of a test is a rounding error.
NO_TEST = 1e-9


@dataclass(frozen=True)
class TubeWaves:
    """
    What is collected, source by source and wave by wave.

    Parameters
    ----------
    opens_h
        Hour of the day from which tubes are filled.
    every_h
        Hours from one wave to the next.
    tests, tubes
        Of each source and wave, shape (n_sources, n_waves).
    """

    opens_h: float
    every_h: float
    tests: Floats
    tubes: Ints

    @property
    def start_h(self) -> Floats:
        """Hour of the day at which each wave begins, shape (n_waves,)."""
        return self.opens_h + self.every_h * np.arange(1, self.tubes.shape[1] + 1)

    @property
    def start_s(self) -> Floats:
        """Seconds since midnight at which each wave begins, shape (n_waves,)."""
        return HOUR_S * self.start_h


def collection_waves(
    tests_by_hour: npt.ArrayLike, *, every_h: float, pooling: int, brought_h: npt.ArrayLike = ()
) -> TubeWaves:
    """
    Tell what each collection finds at sites that test by the hour.

    The first wave comes `every_h` after the first hour with tests (or the hour in which teams
    bring the first tubes), the last when all are closed. A tube that is not full is closed when
    the van comes, so that no sample waits for longer than from one wave to the next.

    Parameters
    ----------
    tests_by_hour
        Tests of each site in each hour of the day, evenly spread within it, shape (n, 24).
    every_h
        Hours from one wave to the next.
    pooling
        People who share a tube.
    brought_h
        Hours of the day at which teams bring tubes to bases; there are waves for them too.

    Returns
    -------
    waves
        Tests and tubes by wave, shape (n, n_waves); no wave where nothing is tested.

    Raises
    ------
    InputError
        If tests are negative or no numbers.

    Examples
    --------
    Twelve people an hour from eight to eleven: three tubes after two hours, two at the end.

    >>> day = np.zeros((1, 24))
    >>> day[0, 8:11] = 12.0
    >>> waves = collection_waves(day, every_h=2.0, pooling=10)
    >>> waves.start_h.tolist(), waves.tests.tolist(), waves.tubes.tolist()
    ([10.0, 12.0], [[24.0, 12.0]], [[3, 2]])
    """
    tests = np.asarray(tests_by_hour, dtype=np.float64)
    if not (np.isfinite(tests) & (tests >= 0)).all():
        msg = "tests by hour: expected finite numbers from 0"
        raise InputError(msg)
    brought = np.asarray(brought_h, dtype=np.float64)
    hours = np.flatnonzero((tests > NO_TEST).any(axis=0))
    begins = [*hours[:1].astype(float), *np.floor(brought)]
    if not begins:
        nothing = np.zeros((len(tests), 0))
        return TubeWaves(0.0, every_h, nothing, nothing.astype(np.int64))
    opens_h = min(begins)
    ends_h = max([*(hours[-1:] + 1.0), *brought])
    n_waves = max(1, math.ceil((ends_h - opens_h) / every_h - NO_TEST))
    marks = opens_h + every_h * np.arange(n_waves + 1)
    upto = np.concatenate([np.zeros((len(tests), 1)), np.cumsum(tests, axis=1)], axis=1)
    at_marks = np.array([np.interp(marks, np.arange(25), row) for row in upto])
    at_marks = at_marks.reshape(len(tests), n_waves + 1)
    by_wave = np.maximum(np.diff(at_marks, axis=1), 0.0)
    return TubeWaves(opens_h, every_h, by_wave, tubes_of(by_wave, pooling))


def tubes_of(tests: npt.ArrayLike, pooling: int) -> Ints:
    """
    Tubes that tests fill, the last one perhaps in part.

    Parameters
    ----------
    tests
        Tests.
    pooling
        People who share a tube.

    Returns
    -------
    tubes
        Whole numbers in the shape of `tests`.

    Examples
    --------
    >>> tubes_of([0.0, 10.0, 10.5], 10).tolist()
    [0, 1, 2]
    """
    tubes = np.ceil(np.asarray(tests, dtype=np.float64) / pooling - NO_TEST)
    return np.maximum(tubes, 0.0).astype(np.int64)


def brought_in(
    waves: TubeWaves, base: npt.ArrayLike, hour: npt.ArrayLike, tests: Floats, tubes: Ints, n: int
) -> tuple[Floats, Ints]:
    """
    Put what teams bring to bases into the first wave that finds it there.

    Parameters
    ----------
    waves
        The waves.
    base, hour, tests, tubes
        Base, hour of the day, tests and tubes of each team, shape (k,).
    n
        Number of bases.

    Returns
    -------
    tests, tubes
        By base and wave, shape (n, n_waves).
    """
    n_waves = waves.tubes.shape[1]
    wave = np.searchsorted(waves.start_h, np.asarray(hour, dtype=np.float64) - NO_TEST)
    all_tests, all_tubes = np.zeros((n, n_waves)), np.zeros((n, n_waves), dtype=np.int64)
    np.add.at(all_tests, (np.asarray(base, dtype=np.int64), wave), tests)
    np.add.at(all_tubes, (np.asarray(base, dtype=np.int64), wave), tubes)
    return all_tests, all_tubes
