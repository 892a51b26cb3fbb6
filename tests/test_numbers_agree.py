"""Summary, map, report in every form and workbook name the same figures, to the last digit."""

from __future__ import annotations

import json
import math
import re
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest
import test_desks
import town
from excel import read_tables

import walkcover
from walkcover import Result
from walkcover.excerpts import excerpt
from walkcover.maps.document import Cards, Document, Table
from walkcover.maps.report import report_document
from walkcover.output import write

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
KEYED = re.compile(r'data-key="([^"]+)"(?: data-value="([^"]*)")?(?: data-after="([^"]*)")?')
FILES = ["map.html", "report.html", "report.docx", "report.xlsx", "summary.json", "zones.parquet"]
HEADLINE = ("people", "covered_people", "covered_share", "gap_people", "people_per_site")
ZONE = ("people", "covered_share", "gap_people", "mean_walk_s", "worst_walk_s", "sites",
        "people_per_site")  # fmt: skip

Numbers = dict[str, float]


def whole(folder: Path) -> Result:
    return walkcover.run(walkcover.load_plan(town.make_town(folder)))


def of_a_zone(folder: Path) -> Result:
    return excerpt(whole(folder), "99")


def with_desks(folder: Path) -> Result:
    return test_desks.run(folder, city={"target": 0.6})


def part_with_desks(folder: Path) -> Result:
    return excerpt(with_desks(folder), "99")


@pytest.fixture(
    scope="module",
    params=[whole, of_a_zone, with_desks, part_with_desks],
    ids=lambda make: make.__name__,
)
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Result, Path]:
    result = request.param(tmp_path_factory.mktemp("town"))
    out = tmp_path_factory.mktemp("out")
    write(result, out, files=FILES)
    return result, out


def flat(figures: dict[str, Any]) -> Numbers:
    """Every figure of the summary under the key that pages give it."""
    found: Numbers = {}

    def add(key: str, value: object) -> None:
        if value is None:
            found[key] = math.nan
        elif isinstance(value, int | float):
            found[key] = float(value)

    after = "covered_people_after" in figures
    suffixes = ("", "_after") if after else ("",)
    for name in HEADLINE:
        for suffix in suffixes:
            if name + suffix in figures:
                add(name + suffix, figures[name + suffix])
    sites = figures["sites"]
    add("sites", sites["open"])
    add("sites_after", sites["open"] + sites["planned"] + sites["suggested"])
    for number, stage in enumerate(figures["stages"]):
        for name, value in stage.items():
            add(f"stages.{number}.{name}", value)
    for suffix in suffixes:
        for verdict, counts in figures[f"verdicts{suffix}"].items():
            for unit, count in counts.items():
                add(f"verdicts{suffix}.{verdict}.{unit}", count)
    for state, desks in figures.get("desks", {}).items():
        if isinstance(desks, dict):
            for name, value in desks.items():
                add(f"desks.{state}.{name}", value)
            add("unserved" + ("_after" if state == "after" else ""), desks["unserved_people"])
    for entry in figures["band"]:
        for suffix in suffixes:
            key = f"band.{entry['profile']}.reached_share{suffix}"
            add(key, entry[f"reached_share{suffix}"])
    return found


def of_zones(zones: pd.DataFrame) -> Numbers:
    names = [name for name in zones.columns if pd.api.types.is_numeric_dtype(zones[name])]
    return {
        f"zones.{zone['zone_id']}.{name}": float(zone[name])
        for zone in zones.to_dict("records")
        for name in names
    }


def truth(out: Path) -> Numbers:
    figures = json.loads((out / "summary.json").read_text("utf-8"))
    return flat(figures) | of_zones(pd.read_parquet(out / "zones.parquet"))


def keyed(page: str) -> list[tuple[str, float]]:
    found = []
    for key, value, later in KEYED.findall(page):
        if value:
            found.append((key, float(value)))
        if later:
            found.append((f"{key}_after", float(later)))
    return found


def same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def refuse_differences(found: list[tuple[str, float]], wanted: Numbers) -> set[str]:
    """Hold figures against the true ones, and say which were held."""
    known = [(key, value) for key, value in found if key in wanted]
    assert not [(key, value, wanted[key]) for key, value in known if not same(value, wanted[key])]
    return {key for key, _ in known}


def test_pages(made: tuple[Result, Path]) -> None:
    result, out = made
    wanted = truth(out)
    page = keyed((out / "report.html").read_text("utf-8"))
    held = refuse_differences(page, wanted)
    for name in HEADLINE:
        assert {name, f"{name}_after" if name != "people" else name} <= held
    assert {f"stages.{n}.covered_share_after" for n in range(3)} <= held
    assert {f"verdicts.{one}.people" for one in result.summary["verdicts"]} <= held
    ids = result.zones["zone_id"]
    assert {f"zones.{zone}.{name}" for zone in ids for name in ZONE} <= held
    assert {f"zones.{zone}.{name}_after" for zone in ids for name in ZONE[1:]} <= held
    # Whatever a page names and the summary does not know must be of another kind.
    unknown = {key for key, _ in page} - held
    assert not [key for key in unknown if key.split(".")[0] in ("stages", "verdicts", "desks")]
    on_map = refuse_differences(keyed((out / "map.html").read_text("utf-8")), wanted)
    assert set(HEADLINE) <= on_map


def rows_of(document: Document, *, halves: bool) -> list[tuple[str, ...]]:
    return [
        tuple(text(cell) for cell in row.cells)
        for chapter in document.chapters
        for block in chapter.blocks
        if isinstance(block, Table) and block.halves == halves
        for row in block.rows
    ]


def text(cell: Any) -> str:
    return "".join(f"{cell} {cell.note}".split())


def test_document_that_is_edited_and_forwarded(made: tuple[Result, Path]) -> None:
    result, out = made
    document = report_document(result)
    with zipfile.ZipFile(out / "report.docx") as parts:
        body = ElementTree.fromstring(parts.read("word/document.xml"))
    written = {
        tuple("".join("".join(t.text or "" for t in cell.iter(f"{WORD}t")).split())
              for cell in row.iter(f"{WORD}tc"))
        for row in body.iter(f"{WORD}tr")
    }  # fmt: skip
    said = "".join("".join(t.text or "" for t in body.iter(f"{WORD}t")).split())
    assert not [row for row in rows_of(document, halves=False) if row not in written]
    # Long and thin tables stand in halves side by side.
    assert all(cell in said for row in rows_of(document, halves=True) for cell in row)
    cards = [
        card
        for chapter in document.chapters
        for block in chapter.blocks
        if isinstance(block, Cards)
        for card in block.cards
    ]
    assert len(cards) == 3
    assert all(text(card.figure) in said for card in cards)
    numbers = [
        (cell.key, value)
        for chapter in document.chapters
        for block in chapter.blocks
        if isinstance(block, Table)
        for row in block.rows
        for cell in row.cells
        for value in [cell.value]
        if cell.key and value is not None
    ]
    assert len(refuse_differences(numbers, truth(out))) > 40


def test_workbook(made: tuple[Result, Path]) -> None:
    result, out = made
    figures = json.loads((out / "summary.json").read_text("utf-8"))
    tables = read_tables(out / "report.xlsx")
    totals = [row[1:3] for row in tables["totals"][1:]]
    for row, name in zip(totals, HEADLINE[:4], strict=False):
        assert row == (figures[name], figures.get(f"{name}_after", figures[name]))
    order = ["covered", "over_capacity", "too_far", "island", "no_site", "not_snapped", "no_people"]
    for row, verdict in zip(tables["verdicts"][1:], order, strict=True):
        now, later = figures["verdicts"][verdict], figures["verdicts_after"][verdict]
        assert row[2:] == (now["residences"], now["people"], later["residences"], later["people"])
    for row, stage in zip(tables["stages"][1:], figures["stages"], strict=True):
        for name in ("people", "covered_people", "covered_share", "covered_share_after"):
            assert stage[name] in row, name
    columns = result.zones.drop(columns="geometry").columns.tolist()
    for row, zone in zip(tables["zones"][1:], result.zones.to_dict("records"), strict=True):
        for name, cell in zip(columns, row, strict=True):
            wanted = zone[name]
            if isinstance(wanted, float | int) and not pd.isna(wanted):
                wanted = wanted / 60 if "_s" in name and "walk" in name else wanted
                assert cell == wanted, (zone["zone_id"], name)
    served = result.sites["people_served"].tolist()
    at = result.sites.drop(columns="geometry").columns.get_loc("people_served")
    assert [row[at] for row in tables["sites"][1:]] == served
    gained = result.rollout["people_gained"].tolist()
    at = result.rollout.columns.get_loc("people_gained")
    assert [row[at] for row in tables["rollout"][1:]] == gained


def test_tables_add_up_to_the_summary(made: tuple[Result, Path]) -> None:
    result, out = made
    figures = json.loads((out / "summary.json").read_text("utf-8"))
    zones = pd.read_parquet(out / "zones.parquet")
    leaves = zones[~zones["zone_id"].isin(zones["parent_id"])]
    for name in ("people", "covered_people", "covered_people_after", "gap_people"):
        assert leaves[name].sum() == pytest.approx(figures[name], rel=1e-12)
    assert result.gap_areas["people"].sum() == pytest.approx(figures["gap_people"], rel=1e-12)
    assert sum(one["people"] for one in figures["verdicts"].values()) == figures["people"]
    inside = result.sites
    if "relation" in inside:
        inside = inside[inside["relation"] == "inside"]
        assert inside["people_served"].sum() >= 0
        served = result.sites["people_served_here"].sum()
        assert served == pytest.approx(figures["covered_people_after"], rel=1e-12)
    counts = inside["status"].value_counts()
    assert {name: counts.get(name, 0) for name in figures["sites"]} == figures["sites"]
