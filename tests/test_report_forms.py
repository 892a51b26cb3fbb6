"""The forms of the report: chosen by the name of the file, all from one result."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from results import make_result

from walkcover._errors import InputError, MissingToolError
from walkcover.cli import main
from walkcover.maps import report_pdf
from walkcover.output import FILES, WRITERS, report_file, write_one
from walkcover.work_files import WORK_FILES


@pytest.mark.parametrize("name", ["report.html", "report.docx", "report.xlsx"])
def test_the_suffix_chooses_the_form(tmp_path: Path, name: str) -> None:
    assert name in FILES
    out = tmp_path / f"county{Path(name).suffix.upper()}"
    write_one(make_result(), report_file(out), out)
    if name.endswith(".html"):
        assert out.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
        return
    with zipfile.ZipFile(out) as file:
        inner = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml"}[name[-4:]]
        assert inner in file.namelist()


def test_a_pdf_is_written_only_where_it_is_asked_for() -> None:
    assert "report.pdf" in WRITERS
    assert set(WRITERS) - set(FILES) - set(WORK_FILES) == {"report.pdf"}


@pytest.mark.parametrize("name", ["report.odt", "report", "report.html.bak"])
def test_other_forms_are_refused_before_the_run(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"give the file one of \.html, \.docx, \.pdf, \.xlsx"):
        report_file(name)
    done = CliRunner().invoke(main, ["report", str(tmp_path / "plan.toml"), "--out", name])
    assert done.exit_code == 2
    assert "no form" in done.output
    assert "Traceback" not in done.output


def test_a_pdf_that_cannot_be_printed_is_refused_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        msg = "a PDF needs WeasyPrint"
        raise MissingToolError(msg)

    monkeypatch.setattr(report_pdf, "need_pdf", fail)
    done = CliRunner().invoke(main, ["report", str(tmp_path / "plan.toml"), "--out", "a.pdf"])
    assert done.exit_code == 2
    assert "needs WeasyPrint" in done.output
