"""The report as a PDF: its pages, its text, and what is said where it cannot be made."""

from __future__ import annotations

import dataclasses
import io
import logging
import re
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from report_pages import parse, text_of
from results import make_result

from walkcover._errors import InputError, MissingToolError
from walkcover.maps import build_report, report_pdf
from walkcover.maps.report_pdf import build_report_pdf, html_pdf, need_pdf

pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed: no PDF can be read")


@pytest.fixture(scope="module")
def printer() -> Any:
    try:
        return need_pdf()
    except MissingToolError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def pdf(printer: Any) -> bytes:
    assert printer
    result = make_result()
    named = dataclasses.replace(result.plan.plan, name="=1+1<b>" + "长" * 300)
    return build_report_pdf(
        dataclasses.replace(result, plan=dataclasses.replace(result.plan, plan=named))
    )


def test_pages_are_a4_numbered_and_named(pdf: bytes) -> None:
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    assert 5 <= len(pages) <= 20
    for number, page in enumerate(pages, start=1):
        assert [round(float(one) / 72 * 25.4) for one in page.mediabox[2:]] == [210, 297]
        text = re.sub(r"\s", "", page.extract_text())
        assert f"第{number}页,共{len(pages)}页" in text.replace(",", ",")
        # A long name is cut in the running head, which the first page does without.
        assert ("长…" in text) == (number > 1)


def test_chapters_are_bookmarks_and_words_are_text(pdf: bytes) -> None:
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    titles = []

    def walk(outline: list[Any]) -> None:
        for one in outline:
            if isinstance(one, list):
                walk(one)
            else:
                titles.append(re.sub(r"\s", "", str(one.title)))

    walk(reader.outline)
    page = parse(build_report(make_result()))
    for head in page.findall(".//h2"):
        assert re.sub(r"\s", "", text_of(head)) in titles
    text = re.sub(r"\s", "", "".join(one.extract_text() for one in reader.pages))
    for row in page.findall(".//tr[@data-zone]"):
        for cell in row:
            assert re.sub(r"\s", "", text_of(cell)) in text
    assert reader.trailer["/Root"]["/Lang"] == "zh-CN"
    assert "/StructTreeRoot" in reader.trailer["/Root"]


def test_same_page_same_bytes(printer: Any) -> None:
    assert printer
    html = "<!DOCTYPE html><title>a</title><h1>覆盖</h1><svg viewBox='0 0 1 1'></svg>"
    assert html_pdf(html) == html_pdf(html)


@pytest.mark.parametrize(
    "asks", ["<img src='https://example.org/a.png'>", "<link rel=stylesheet href='file:///a.css'>"]
)
def test_nothing_is_fetched(printer: Any, asks: str) -> None:
    assert printer
    with pytest.raises(InputError, match="asks for something outside it"):
        html_pdf(f"<!DOCTYPE html><title>a</title>{asks}")


def test_a_letter_that_no_font_has_is_told(printer: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert printer
    with caplog.at_level(logging.WARNING, logger="walkcover"):
        html_pdf("<!DOCTYPE html><title>a</title><p>覆盖率\U00012000")
    told = [one.getMessage() for one in caplog.records if one.name == "walkcover"]
    assert len(told) == 1
    assert "1 letters of the report" in told[0]


def test_a_missing_chinese_font_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Page:
        def __init__(self, *, string: str, url_fetcher: object) -> None:
            assert url_fetcher
            self.letters = re.findall("[一-鿿]", string)

        def write_pdf(self, **_options: object) -> bytes:
            for one in self.letters:
                said = '.notdef glyph rendered: "%s" (U+%04X)'
                logging.getLogger("weasyprint").warning(said, one, ord(one))
            return b""

    class Fatal(BaseException):
        pass

    urls = SimpleNamespace(URLFetcher=lambda **_: "fetcher", FatalURLFetchingError=Fatal)
    fake = SimpleNamespace(HTML=Page, urls=urls)
    monkeypatch.setattr(report_pdf, "need_pdf", lambda: fake)
    with pytest.raises(MissingToolError, match=r"no installed font has 2 letters .*fonts-noto-cjk"):
        html_pdf("<p>覆盖 abc")
    assert html_pdf("<p>abc") == b""


@pytest.mark.parametrize("fault", ["absent", "no Pango"])
def test_without_weasyprint_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    if fault == "absent":
        monkeypatch.setitem(sys.modules, "weasyprint", None)
    else:

        class Finder:
            def find_spec(self, name: str, *_rest: object) -> None:
                if name == "weasyprint":
                    msg = "cannot load library 'libpango-1.0-0'"
                    raise OSError(msg)

        monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
        monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    with pytest.raises(MissingToolError, match=r"walkcover\[pdf\].*libpango.*report.html") as told:
        need_pdf()
    assert ("libpango-1.0-0'" in str(told.value)) == (fault == "no Pango")
