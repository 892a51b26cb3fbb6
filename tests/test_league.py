"""The league table: ranks with ties, rows that compete with nobody, and files per zone."""

from __future__ import annotations

import math
import re
import unicodedata
from pathlib import Path

import pandas as pd
import pytest
import town
from click.testing import CliRunner
from excel import open_book, read_tables
from hypothesis import given
from hypothesis import strategies as st
from results import make_result

import walkcover
from walkcover import InputError
from walkcover.cli import main
from walkcover.file_names import MOST_BYTES, file_stems
from walkcover.league import league_table, zone_levels, zones_to_report
from walkcover.maps.league_page import build_league_page, write_league_workbook

# Two counties, towns in the first; the last town has nobody.
TREE = [
    ("c1", None), ("t1", "c1"), ("t2", "c1"), ("t3", "c1"), ("t4", "c1"), ("c2", None),
    ("outside", None),
]  # fmt: skip
SHARES = {"t1": (30, 60), "t2": (10, 20), "t3": (90, 100), "t4": (0, 0), "c1": (130, 180),
          "c2": (45, 50), "outside": (7, 7)}  # fmt: skip


def zones(*, after: bool = True) -> pd.DataFrame:
    rows = []
    for zone, parent in TREE:
        covered, people = SHARES[zone]
        share = covered / people if people else math.nan
        row = {"zone_id": zone, "name": zone.upper(), "parent_id": parent, "people": people}
        row |= {"covered_people": covered, "covered_share": share, "sites": 1}
        row |= {"gap_people": people - covered, "people_per_site": float(people)}
        if after:
            row |= {f"{name}_after": row[name] for name in ("sites", "people_per_site")}
            row |= {"covered_people_after": people, "gap_people_after": 0}
            row["covered_share_after"] = 1.0 if people else math.nan
        rows.append(row)
    return pd.DataFrame(rows)


def test_ranks_with_ties_and_rows_without_people() -> None:
    league = league_table(zones())
    columns = (league["level"], league["rank"], league["zone_id"])
    found = [
        (int(level), None if pd.isna(rank) else int(rank), zone)
        for level, rank, zone in zip(*columns, strict=True)
    ]
    assert found == [
        (1, 1, "c2"),
        (1, 2, "c1"),
        (1, None, "outside"),
        (2, 1, "t3"),
        (2, 2, "t1"),
        (2, 2, "t2"),
        (2, None, "t4"),
    ]
    assert league["rank_after"].dropna().tolist() == [1] * 5
    gained = dict(zip(league["zone_id"], league["share_gained"], strict=True))
    assert gained["t1"] == 0.5
    assert math.isnan(gained["t4"])


def test_the_next_rank_is_left_out() -> None:
    table = zones().iloc[1:4].assign(parent_id=None, covered_share=[0.9, 0.9, 0.1])
    assert league_table(table)["rank"].tolist() == [1, 1, 3]


def test_without_building_there_is_no_change() -> None:
    names = league_table(zones(after=False)).columns
    assert not [name for name in names if name.endswith(("_after", "gained"))]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12))
def test_a_rank_is_one_more_than_the_zones_that_do_better(counts: list[tuple[int, int]]) -> None:
    rows = [
        {"zone_id": f"z{n}", "name": "", "parent_id": None, "people": a + b, "covered_people": a,
         "covered_share": a / (a + b) if a + b else math.nan, "gap_people": b, "sites": 0,
         "people_per_site": math.nan}
        for n, (a, b) in enumerate(counts)
    ]  # fmt: skip
    league = league_table(pd.DataFrame(rows))
    assert sorted(league["zone_id"]) == sorted(row["zone_id"] for row in rows)
    for zone in league.to_dict("records"):
        a, b = counts[int(zone["zone_id"][1:])]
        if a + b == 0:
            assert pd.isna(zone["rank"])
        else:
            # Compared as fractions, without division.
            better = sum(c * (a + b) > a * (c + d) for c, d in counts if c + d)
            assert zone["rank"] == 1 + better


def test_levels_even_where_parents_go_round() -> None:
    assert zone_levels(zones()).tolist() == [1, 2, 2, 2, 2, 1, 1]
    loop = pd.DataFrame({"zone_id": ["a", "b"], "parent_id": ["b", "a"]})
    assert zone_levels(loop).tolist() == [2, 2]


def test_which_zones_get_a_report() -> None:
    table = zones()
    assert zones_to_report(table) == ["c1"]
    assert zones_to_report(table, "1") == ["c1", "c2"]
    assert zones_to_report(table, "2") == ["t1", "t2", "t3", "t4"]
    assert zones_to_report(table, "all") == [zone for zone, _ in TREE if zone != "outside"]
    assert zones_to_report(table[table["parent_id"].isna()]) == ["c1", "c2"]


@pytest.mark.parametrize("level", ["3", "0", "county", "", "²", "-1"])
def test_levels_that_are_not_there(level: str) -> None:
    with pytest.raises(InputError, match="a number from 1 to 2"):
        zones_to_report(zones(), level)


# Names of files

HOSTILE = ["../../x", "..", ".", "", "CON", "nul.txt", "com¹", "a/b", "a\\b", "a:b", "=1+1",
           "<script>", "x" * 500, "辖" * 200, "😀", "a\x00b", "a\nb", "trailing.", "trailing ",
           "\ud800", "-rf", "league", "LEAGUE", "e\u0301", "\u00e9", "Straße",
           "strasse"]  # fmt: skip


def folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def refuse_harm(stems: list[str]) -> None:
    assert len({folded(stem) for stem in stems}) == len(stems)
    for stem in stems:
        assert len(f"{stem}.html".encode()) <= MOST_BYTES
        assert re.fullmatch(r"[\w\-](?:[\w.\-]*[\w\-])?", stem), stem
        assert not re.fullmatch(r"(?i)(con|prn|aux|nul|(com|lpt)[0-9¹²³])", stem.split(".")[0])
        assert folded(stem) != "league"
        assert not stem.startswith("-")


def test_hostile_ids_make_harmless_names() -> None:
    stems = file_stems(HOSTILE, taken=["league"])
    refuse_harm(stems)
    assert file_stems(HOSTILE, taken=["league"]) == stems


@given(st.lists(st.text(max_size=60), unique=True, max_size=15))
def test_any_ids_make_harmless_names(names: list[str]) -> None:
    refuse_harm(file_stems(names, taken=["league"]))


def test_plain_ids_are_kept() -> None:
    ids = ["140105", "杏花区", "north-1", "a.b", "zone_2"]
    assert file_stems(ids) == ids


def test_a_name_like_a_mark_is_told_apart() -> None:
    (marked,) = file_stems(["a/b"])
    assert len(set(file_stems([marked, "a/b"]))) == 2


# Page and workbook


@pytest.mark.parametrize("language", ["zh", "en"])
def test_page_and_workbook_say_the_same(language: str, tmp_path: Path) -> None:
    result = make_result(language=language)
    league = league_table(result.zones)
    page = build_league_page(league, plan=result.plan)
    assert page == build_league_page(league, plan=result.plan)
    write_league_workbook(league, tmp_path / "a.xlsx", plan=result.plan)
    write_league_workbook(league, tmp_path / "b.xlsx", plan=result.plan)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    rows = read_tables(tmp_path / "a.xlsx")["league"][1:]
    assert [row[2] for row in rows] == league["zone_id"].tolist()
    shares = re.findall(r'data-key="zones\.(\w+)\.covered_share" data-value="([^"]+)"', page)
    shown = {zone: float(value) for zone, value in shares}
    column = league.columns.get_loc("covered_share")
    for row in rows:
        value = row[column]
        assert (value is None and math.isnan(shown[row[2]])) or value == shown[row[2]]
    assert re.findall(r"https?://", page) == []


def test_names_of_zones_stay_text(tmp_path: Path) -> None:
    result = make_result(awkward="<script>alert(1)</script>")
    league = league_table(result.zones.assign(zone_id="=1+1", parent_id=None).iloc[:1])
    page = build_league_page(league, plan=result.plan)
    assert "<script>" not in page
    write_league_workbook(league, tmp_path / "league.xlsx", plan=result.plan)
    cell = open_book(tmp_path / "league.xlsx").worksheets[1].cell(2, 3)
    assert (cell.value, cell.data_type) == ("=1+1", "s")


# The command


@pytest.fixture(scope="module")
def plan_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return town.make_town(tmp_path_factory.mktemp("first") / "town")


def test_a_folder_with_a_report_for_each_zone(plan_path: Path) -> None:
    out = plan_path.parent / "reports"
    wanted = [str(plan_path), "--out", str(out), "--form", "xlsx"]
    run = CliRunner().invoke(main, ["report", *wanted, "--each-zone=all"])
    assert run.exit_code == 0, run.output
    names = ["01.xlsx", "02.xlsx", "03.xlsx", "04.xlsx", "99.xlsx", "league.html", "league.xlsx"]
    assert sorted(path.name for path in out.iterdir()) == names
    assert [Path(line).name for line in run.output.splitlines()] == names
    again = CliRunner().invoke(main, ["report", *wanted, "--each-zone"])
    assert again.exit_code == 2
    assert "league.html is there already" in again.output


def test_the_report_of_one_zone(plan_path: Path) -> None:
    out = plan_path.parent / "county.html"
    run = CliRunner().invoke(main, ["report", str(plan_path), "--out", str(out), "--zone", "99"])
    assert run.exit_code == 0, run.output
    page = out.read_text("utf-8")
    assert 'data-key="people" data-value="372.0"' in page
    assert re.findall(r'data-zone="(\w+)"', page) == ["99", "01", "02"]
    # What was decided for all zones together is said to be so.
    assert "798" in page.partition('id="totals"')[0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--zone", "9"], "did you mean '99'"),
        (["--zone", "99", "--each-zone", "all"], "not both"),
        (["--each-zone", "7", "--out", "none"], "a number from 1 to 2"),
        (["--each-zone", "--out", "none", "--form", "odt"], "odt"),
    ],
)
def test_wrong_options(
    plan_path: Path, options: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(plan_path.parent)
    run = CliRunner().invoke(main, ["report", str(plan_path), *options])
    assert run.exit_code == 2
    assert said in run.output
    assert not (plan_path.parent / "none").exists()
    assert not (plan_path.parent / "report.html").exists()


def test_zones_report_needs_a_whole_run(tmp_path: Path) -> None:
    from walkcover.zone_reports import write_zone_reports

    with pytest.raises(walkcover.InputError, match="no study"):
        write_zone_reports(make_result(), tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
