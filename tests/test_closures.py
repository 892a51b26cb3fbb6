"""Closing sites: against closing them one by one, and together in every combination."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import oracle_cases
import pandas as pd
import pytest
import town
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle_cases import Home, Town, Way

import walkcover
from walkcover.closures import closable_together, close_each
from walkcover.pairs import CoverPairs


def make_pairs(matrix: np.ndarray) -> CoverPairs:
    rows, columns = np.nonzero(matrix)
    indptr = np.searchsorted(rows, np.arange(matrix.shape[0] + 1))
    return CoverPairs.from_csr(indptr, columns, n_residences=matrix.shape[1])


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Walks of each site (inf out of reach) and people, fractions too."""
    n, m = draw(st.integers(1, 7)), draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    walk_s = rng.integers(0, 9, (n, m)) * 100.0
    walk_s[rng.random((n, m)) < draw(st.sampled_from([0.3, 0.6, 0.9]))] = np.inf
    people = rng.integers(0, 5, m) * draw(st.sampled_from([1.0, 0.1, 1e-9]))
    return walk_s, people


@settings(deadline=None, max_examples=150)
@given(cases())
def test_each_site_is_what_closing_it_does(case: tuple[np.ndarray, np.ndarray]) -> None:
    walk_s, people = case
    matrix = np.isfinite(walk_s)
    table = close_each(make_pairs(matrix), people, walk_s=walk_s[matrix])
    before = walk_s.min(axis=0)
    for site in range(len(walk_s)):
        rest = np.delete(walk_s, site, axis=0)
        after = rest.min(axis=0) if len(rest) else np.full(len(people), np.inf)
        lost = np.isfinite(before) & ~np.isfinite(after)
        moved = np.isfinite(after) & (after > before)
        row = table.loc[site]
        assert row["people_within_reach"] == pytest.approx(people[matrix[site]].sum())
        assert row["only_people"] == pytest.approx(people[lost].sum())
        assert row["only_residences"] == (lost & (people > 0)).sum()
        assert row["moved_people"] == pytest.approx(people[moved].sum())
        if people[moved].any():
            extra_s = after[moved] - before[moved]
            assert row["extra_walk_s"] == pytest.approx(np.average(extra_s, weights=people[moved]))
        else:
            assert np.isnan(row["extra_walk_s"])


@settings(deadline=None, max_examples=60)
@given(cases(), st.booleans())
def test_the_most_that_can_close_together(
    case: tuple[np.ndarray, np.ndarray], first_stays: bool
) -> None:
    matrix, people = np.isfinite(case[0]), case[1]
    keep = [0] if first_stays else []
    found = closable_together(make_pairs(matrix), people, keep=keep)
    needed = matrix.any(axis=0) & (people > 0)

    def can_close(sites: tuple[int, ...]) -> bool:
        rest = np.delete(matrix, sites, axis=0)
        return bool((rest.any(axis=0) | ~needed).all())

    free = [site for site in range(len(matrix)) if site not in keep]
    sets = [s for size in range(len(free) + 1) for s in itertools.combinations(free, size)]
    most = max(len(sites) for sites in sets if can_close(sites))
    assert can_close(tuple(found.sites))
    assert set(found.sites) <= set(free)
    assert (len(found.sites), found.bound, found.status) == (most, most, "optimal")


def test_sites_equally_far_lengthen_no_walk() -> None:
    pairs = make_pairs(np.ones((2, 1), dtype=bool))
    table = close_each(pairs, [7.0], walk_s=[300.0, 300.0005])
    assert table["moved_people"].tolist() == [0.0, 0.0]


def test_arrays_that_do_not_fit_are_refused() -> None:
    pairs = make_pairs(np.ones((2, 1), dtype=bool))
    with pytest.raises(walkcover.InputError, match=r"people has shape \(2,\); expected \(1,\)"):
        close_each(pairs, [1.0, 2.0])
    with pytest.raises(walkcover.InputError, match="walk_s"):
        close_each(pairs, [1.0], walk_s=[1.0, np.nan])
    with pytest.raises(walkcover.InputError, match="people"):
        closable_together(pairs, [-1.0])


# Whole runs

GRID = [Way([(x, 0), (x, 700), (x, 1400)]) for x in (0, 700, 1400)]
GRID += [Way([(0, y), (700, y), (1400, y)]) for y in (0, 700, 1400)]
BOOTHS = {"B1": (0, 100), "B2": (700, 600), "B3": (1300, 1400), "B4": (650, 700)}


def assess(folder: Path, *, closed: tuple[str, ...] = ()) -> walkcover.Result:
    folder.mkdir()
    spots = np.random.default_rng(3).uniform(-50, 1450, (40, 2))
    homes = {f"R{i}": Home([(x, y)], people=i) for i, (x, y) in enumerate(spots.tolist())}
    oracle_cases.write_town(Town(GRID, homes, BOOTHS, closed), folder, "gpkg")
    return walkcover.assess(walkcover.load_plan(folder / "plan.toml"))


def test_the_table_is_what_running_with_one_site_less_says(tmp_path: Path) -> None:
    full = assess(tmp_path / "full")
    assert full.closures["site_id"].tolist() == [*BOOTHS]
    people = full.residences["people"]
    covered = full.residences["verdict"] == "covered"
    moved_somewhere = False
    for row in full.closures.to_dict("records"):
        less = assess(tmp_path / row["site_id"], closed=(row["site_id"],)).residences
        lost = covered & (less["verdict"] != "covered")
        extra_s = (less["walk_s"] - full.residences["walk_s"])[covered & ~lost]
        moved = extra_s.index[extra_s > 0.001]
        assert row["only_people"] == people[lost].sum()
        assert row["only_residences"] == (lost & (people > 0)).sum()
        assert row["moved_people"] == people[moved].sum()
        if len(moved):
            mean_s = np.average(extra_s[moved], weights=people[moved])
            assert row["extra_walk_s"] == pytest.approx(mean_s)
            moved_somewhere = True
    assert moved_somewhere
    unmissed = full.closures.loc[full.closures["only_people"] == 0, "site_id"].tolist()
    assert full.summary["closures"]["now"]["nobody_would_miss"] == unmissed
    assert "after" not in full.summary["closures"]
    assert "only_people_after" not in full.closures


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> walkcover.Result:
    return walkcover.suggest(walkcover.load_plan(town.make_town(tmp_path_factory.mktemp("town"))))


def test_now_and_after_building(result: walkcover.Result) -> None:
    table = result.closures.set_index("site_id")
    # B2 is closed and never stands.
    assert table.index.tolist() == ["B1", "B3", "N001", "N002"]
    # Now B1 alone stands; once N001 does, it reaches R03, so that B1 has only R01 and R02.
    assert table.loc["B1", ["only_people", "only_people_after"]].tolist() == [60, 30]
    assert table.loc["B1", ["only_residences", "only_residences_after"]].tolist() == [3, 2]
    assert table.loc["B1", ["moved_people", "people_within_reach_after"]].tolist() == [0, 60]
    assert table.loc[["B3", "N001", "N002"], "only_people"].isna().all()
    # R11 and R12, 5,250 and 5,750 m along the street, are farther than 1,000 m from any other.
    assert table.loc["B3", "only_people_after"] >= 110 + 120
    now, after = (result.summary["closures"][state] for state in ("now", "after"))
    assert (now["sites"], after["sites"]) == (1, 4)
    assert now["nobody_would_miss"] == now["closable_together"] == []


def test_a_site_beside_another_can_go(tmp_path: Path) -> None:
    plan_path = town.make_town(tmp_path / "town")
    rows = town.site_rows()
    lon, lat = town.place(0, 520)
    rows.append({**rows[0], "site_id": "B9", "lon": lon, "lat": lat})
    town.write_rows(plan_path.parent / "sites.csv", rows)
    result = walkcover.assess(walkcover.load_plan(plan_path))
    closures = result.closures.set_index("site_id")
    # B1 reaches R01 to R03, B9 as well: 250 to 1,250 m along the street.
    assert closures["only_people"].to_dict() == {"B1": 0, "B9": 0}
    # Without B1, R01 walks 20 m more; without B9, R02 and R03 do.
    assert closures["moved_people"].to_dict() == {"B1": 10, "B9": 50}
    assert closures["extra_walk_s"].tolist() == pytest.approx([18, 18], abs=0.001)
    figures = result.summary["closures"]["now"]
    assert figures["nobody_would_miss"] == ["B1", "B9"]
    assert len(figures["closable_together"]) == figures["closable_bound"] == 1
    assert closures["closable"].sum() == 1
    assert isinstance(closures["closable"].dtype, pd.BooleanDtype)
