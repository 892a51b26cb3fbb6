"""The blocks of the report: figures in both states, and text that every file can hold."""

from __future__ import annotations

import math
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from walkcover.maps import formats
from walkcover.maps.document import (
    Bullets,
    Cell,
    Chapter,
    Column,
    Document,
    Figure,
    Row,
    Table,
    figure_cell,
    writable,
)
from walkcover.maps.drawing import Drawing


def test_what_does_not_change_is_said_once() -> None:
    cell = figure_cell(1000.4, 1000.3, formats.people, key="people")
    assert (str(cell), cell.value, cell.value_after) == ("1,000", 1000.4, 1000.3)
    assert str(figure_cell(math.nan, 3.0, formats.people)) == "— → 3"
    assert figure_cell(1.0, None, formats.people).value_after is None


@given(st.text(st.characters(), max_size=30))
def test_every_text_can_be_written(text: str) -> None:
    clean = writable(text)
    assert len(clean) == len(text)
    clean.encode("utf-8")
    element = ElementTree.Element("a")
    element.text = clean
    ElementTree.fromstring(ElementTree.tostring(element))
    assert writable(clean) == clean


def test_texts_are_cleaned_wherever_they_stand() -> None:
    bad, good = "a\x00\ud800", "a\ufffd\ufffd"

    def document(text: str) -> Document:
        table = Table((Column(text),), (Row((Cell(text, note=text),), key=text),))
        drawing = Drawing("x", 10, 10, ())
        blocks = (table, Bullets((text, text)), Figure(drawing, (text,)))
        return Document(text, text, "en", "", text, text, (Chapter("k", text, blocks),))

    assert writable(document(bad)) == document(good)
