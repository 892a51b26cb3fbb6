"""The command ``walkcover whatif``: what it prints and writes, and the page that it makes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
import town
from browsing import DESKTOP, PHONE, Visit
from click.testing import CliRunner, Result

from walkcover.cli import main

AWKWARD = "</script>{{7*7}} =1+1 [b]\u2028'\"&"
SWAP = 'name = "swap"\nclose = ["B1"]\nopen = ["B2"]\n'
RULES = f"""
    name = {json.dumps(AWKWARD)}
    open = [[{town.place(0, 1900)[0]}, {town.place(0, 1900)[1]}]]
    [[stages]]
    name = "city"
    target = 1.0
    [[stages]]
    name = "county_town"
    max_sites = 2
    [[stages]]
    name = "countryside"
    target = 0.5
"""
FILES = ["comparison.html", "comparison.parquet", "comparison.xlsx"]


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["whatif", *map(str, arguments)])


def write(folder: Path, text: str, name: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path, Path, Result]:
    """A plan, two scenarios, and the folder and output of comparing them."""
    folder = tmp_path_factory.mktemp("town")
    plan = town.make_town(folder)
    swap, rules = write(folder, SWAP, "swap.toml"), write(folder, RULES, "rules.toml")
    done = call(plan, swap, rules, "--out", folder / "out")
    assert done.exit_code == 0, done.output
    return plan, swap, rules, folder / "out", done


def test_the_table(made: tuple[Any, ...]) -> None:
    lines = made[-1].stdout.splitlines()
    assert lines[0].split()[:4] == ["scenario", "covered", "people", "difference"]
    assert lines[1].split()[:4] == ["base", "7.52", "%", "60"]
    # B1 covered 60 people, B2 covers 260 others.
    assert lines[2].split()[:7] == ["swap", "32.58", "%", "260", "+200", "260", "60"]
    assert "after building" in lines
    assert any("=1+1 [b]" in line for line in lines)
    assert lines[-1].startswith("page: ")


def test_the_files(made: tuple[Any, ...]) -> None:
    out = made[3]
    assert sorted(path.name for path in out.iterdir()) == FILES
    table = pd.read_parquet(out / "comparison.parquet")
    row = table.query("scenario == 'swap' and level == 'all' and figure == 'covered_people'")
    assert row[["base", "value", "difference"]].to_numpy().tolist() == [[60, 260, 200]]
    assert {*table["state"][table["scenario"] == AWKWARD]} == {"now", "after"}
    book = openpyxl.load_workbook(out / "comparison.xlsx")
    sheets = ["comparison", "comparison_after", "changes", "stages", "zones", "sites"]
    assert book.sheetnames == sheets
    sheet = book["comparison"]
    heads = [cell.value for cell in sheet[1]]
    swap = {head: cell.value for head, cell in zip(heads, sheet[3], strict=True)}
    assert (swap["scenario"], swap["gained_people"], swap["lost_people"]) == ("swap", 260, 60)
    name = sheet.cell(4, 1)
    assert (name.value, name.data_type) == (AWKWARD, "s")
    for one in book:
        assert not [cell for row in one.iter_rows() for cell in row if cell.data_type == "f"]


def test_the_same_again_byte_by_byte(made: tuple[Any, ...], tmp_path: Path) -> None:
    plan, swap, rules, out, _ = made
    assert call(plan, swap, rules, "--out", tmp_path / "again").exit_code == 0
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (out / name).read_bytes(), name


def test_json_and_nothing_else(made: tuple[Any, ...]) -> None:
    plan, swap = made[:2]
    done = call(plan, swap, "--json", "--suggest")
    record = json.loads(done.stdout)["scenarios"][0]
    assert record["name"] == "swap"
    assert (record["now"]["gained_people"], record["now"]["lost_people"]) == (260, 60)
    assert record["after"]["totals"]["covered_people"]["base"] == 780


def test_what_is_wrong_is_said_and_nothing_written(made: tuple[Any, ...], tmp_path: Path) -> None:
    plan, swap = made[:2]
    bad = write(tmp_path, 'name = "x"\nclsoe = ["B1"]\n', "bad.toml")
    done = call(plan, swap, bad, "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert "did you mean 'close'?" in done.output
    assert not (tmp_path / "out").exists()
    unknown = write(tmp_path, 'name = "x"\nclose = ["B11"]\n', "unknown.toml")
    done = call(plan, unknown)
    assert done.exit_code == 2
    assert "'B11' is no site; did you mean 'B1'?" in done.output
    assert call(plan).exit_code == 2
    done = call(plan, tmp_path / "none.toml")
    assert (done.exit_code, "no such scenario file" in done.output) == (2, True)
    done = call(plan, swap, "--out", made[3])
    assert (done.exit_code, "--overwrite" in done.output) == (2, True)


def test_notes_are_told(made: tuple[Any, ...], tmp_path: Path) -> None:
    lon, lat = town.place(-900, 3000)
    text = f'name = "far"\nopen = [{{ lon = {lon}, lat = {lat}, id = "F" }}]\n'
    done = call(made[0], write(tmp_path, text, "far.toml"), "--out", tmp_path / "out")
    assert done.exit_code == 0
    assert "far: site 'F' joins no street within 250 m" in done.stdout
    page = (tmp_path / "out" / "comparison.html").read_text(encoding="utf-8")
    assert "joins no street within 250 m" in page
    book = openpyxl.load_workbook(tmp_path / "out" / "comparison.xlsx")
    assert book["notes"].cell(2, 1).value == "far"


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page(made: tuple[Any, ...], browser: Any, size: dict[str, int]) -> None:
    path = made[3] / "comparison.html"
    visit = Visit(browser, path.as_uri(), size)
    page = visit.page

    def counted(key: str) -> tuple[float, float]:
        shown = page.locator(f'section:not([hidden]) [data-key="{key}.people"]')
        homes = page.locator(f'section:not([hidden]) [data-key="{key}.residences"]')
        return float(homes.get_attribute("data-value")), float(shown.get_attribute("data-value"))

    assert page.inner_text(".beside tbody tr:nth-child(1) th") == "基准"
    assert visit.value("now0.covered_people_difference") == 200
    assert counted("comparison_gains") == (4, 260)
    assert counted("comparison_loses") == (3, 60)
    assert page.locator("path.ring").count() == 2
    classes = "Array.from(walkcover.state.residences.current().classes)"
    assert sorted(page.evaluate(classes)).count(3) == 3
    page.evaluate("window.walkcoverMap.setZoom(15, { animate: false })")
    page.evaluate("([lon, lat]) => window.walkcoverMap.setView([lat, lon], 15, { animate: false })",
                  [*town.place(0, 2750)])  # fmt: skip
    page.wait_for_timeout(200)
    text = visit.click_place(*town.place(0, 2750))
    assert "步行(情景)" in text
    assert "3.8 分钟 → 东二巷口 (B2)" in text
    page.click("#language")
    assert page.inner_text(".beside tbody tr:nth-child(1) th") == "Base"
    assert page.evaluate("document.documentElement.lang") == "en"
    page.select_option("#scenario", index=2)
    assert "After building" in page.inner_text("#scenario option:nth-child(3)")
    assert page.locator("section:not([hidden])[data-entry]").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert visit.complaints == []
    assert {request.partition("#")[0] for request in visit.requests} == {path.as_uri()}
    visit.context.close()


def test_help_shows_an_example() -> None:
    done = CliRunner().invoke(main, ["whatif", "--help"])
    assert "walkcover whatif plan.toml a.toml b.toml --out compared" in done.stdout
