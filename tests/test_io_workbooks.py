import datetime as dt
import zipfile

import openpyxl
import pytest

from walkcover import InputError
from walkcover.io.workbooks import read_workbook


def save(path, rows, *, merges=(), formats=()):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for reference in merges:
        book.active.merge_cells(reference)
    for cell, form in formats:
        book.active[cell].number_format = form
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (215, "General", "215"),
        (215, '0"人"', "215"),
        (1204, "#,##0", "1204"),
        (7, "000000", "000007"),
        (140105, "000000", "140105"),
        (0.07, "0%", "7%"),
        (0.125, "0.0%", "12.5%"),
        (112.5, "0.0000", "112.5"),
        ("007", "@", "007"),
        (140105001000, "General", "140105001000"),
        (140105199001011234, "General", "1.40105199001011E+17"),
        (dt.datetime(2022, 5, 20), "yyyy-mm-dd", "2022-05-20"),
        (dt.time(8, 30), "hh:mm", "08:30"),
        (True, "General", "true"),
    ],
)
def test_cells_are_text_as_people_see_them(tmp_path, value, form, text):
    path = save(tmp_path / "t.xlsx", [["a", "b"], ["x", value]], formats=[("B2", form)])
    assert read_workbook(path)["b"].tolist() == [text]


def test_merged_headers_titles_and_blocks_of_an_office(tmp_path):
    rows = [
        ["采样点一览表"],
        ["区", "编号", "经纬度", None, "人数"],
        [None, None, "经度", "纬度", None],
        ["东区", "B1", 112.5, 37.8, 5],
        [None, "B2", 112.6, 37.9, 7],
        ["合计", None, None, None, 12],
    ]
    merges = ["A1:E1", "A2:A3", "B2:B3", "C2:D2", "E2:E3", "A4:A5", "A6:D6"]
    table = read_workbook(save(tmp_path / "t.xlsx", rows, merges=merges))
    assert table.columns.tolist() == ["区", "编号", "经度", "纬度", "人数"]
    assert table["区"].tolist() == ["东区", "东区"]
    assert table.index.tolist() == [4, 5]
    assert table.attrs["full_names"]["经纬度/经度"] == "经度"
    assert len(table.attrs["notes"]) == 4


def test_formulas_that_no_spreadsheet_has_solved_are_refused(tmp_path):
    path = save(tmp_path / "t.xlsx", [["a", "b"], ["x", "=1+1"]])
    with pytest.raises(InputError, match="1 formulas have no stored result, first B2: open the"):
        read_workbook(path)


def test_a_wrong_size_of_the_sheet_loses_no_rows(tmp_path):
    path = save(tmp_path / "t.xlsx", [["a", "b"], ["x", 1], ["y", 2]])
    wrong = tmp_path / "wrong.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(wrong, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'ref="A1:B3"', b'ref="A1:A1"'))
    assert read_workbook(wrong)["b"].tolist() == ["1", "2"]
