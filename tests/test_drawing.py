"""Drawings: the picture of pixels shows what the drawing of lines says."""

from __future__ import annotations

import io
import itertools
import math
import re

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from walkcover.maps.drawing import LOOKS, Areas, Drawing, Label, Lines, Mark, _dashes

SQUARE = ((10.0, 10.0), (90.0, 10.0), (90.0, 90.0), (10.0, 90.0), (10.0, 10.0))
HOLE = ((40.0, 40.0), (60.0, 40.0), (60.0, 60.0), (40.0, 60.0), (40.0, 40.0))
INSIDE = ((48.0, 48.0), (52.0, 48.0), (50.0, 53.0), (48.0, 48.0))


def pixels(drawing: Drawing, width_px: int) -> np.ndarray:
    image = Image.open(io.BytesIO(drawing.png(width_px=width_px)))
    assert image.mode == "RGB"
    return np.asarray(image, dtype=np.int64)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_areas_are_painted_without_their_holes(order: tuple[int, int]) -> None:
    # One area lies in the hole of the other; whichever comes first, both are seen.
    areas = ((SQUARE, HOLE), (INSIDE,))
    drawing = Drawing("", 100, 100, (Areas("water", tuple(areas[i] for i in order)),))
    shown = pixels(drawing, 200)
    shape = shapely.union_all([shapely.Polygon(SQUARE, [HOLE]), shapely.Polygon(INSIDE)])
    fill = [int(LOOKS["water"].fill[i : i + 2], 16) for i in (1, 3, 5)]
    y, x = np.mgrid[0:200, 0:200]
    points = shapely.points((x + 0.5) / 2, (y + 0.5) / 2)
    away = shapely.distance(points, shapely.boundary(shape)) > 1.0
    is_in = shapely.contains(shape, points)
    assert (shown[away & is_in] == fill).all()
    assert (shown[away & ~is_in] == 255).all()
    assert (away & is_in).sum() > 10_000


def test_a_half_clear_area_lets_half_through() -> None:
    shown = pixels(Drawing("", 100, 100, (Areas("gap", ((SQUARE,),)),)), 100)
    look = LOOKS["gap"]
    wanted = [255 + look.opacity * (int(look.fill[i : i + 2], 16) - 255) for i in (1, 3, 5)]
    assert np.abs(shown[50, 50] - wanted).max() <= 2


def test_marks_and_lines_have_their_place_and_size() -> None:
    line = Lines("curve", (((0.0, 20.0), (100.0, 20.0)),))
    shown = pixels(Drawing("", 100, 100, (line, Mark("new", "square", (50.0, 60.0)))), 400)
    dark = (shown < 80).all(axis=2)
    rows, columns = np.nonzero(dark)
    assert (rows.min() / 4, rows.max() / 4) == pytest.approx((56, 64), abs=0.8)
    assert (columns.min() / 4, columns.max() / 4) == pytest.approx((46, 54), abs=0.8)
    blue = (shown[:, 200] != 255).any(axis=1)
    assert np.nonzero(blue)[0][:8].tolist() == list(range(76, 84))


def test_labels_are_painted_left_of_their_place() -> None:
    shown = pixels(Drawing("", 100, 100, (Label("90%", (60.0, 50.0), "end"),)), 400)
    rows, columns = np.nonzero((shown < 200).any(axis=2))
    assert columns.max() / 4 <= 60.5
    assert columns.min() / 4 > 25
    assert rows.max() / 4 <= 52
    assert rows.min() / 4 > 38


@given(
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), min_size=2, max_size=6),
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
)
def test_dashes_are_as_long_as_they_should(
    corners: list[tuple[int, int]], dash: tuple[int, int]
) -> None:
    line = tuple((float(x), float(y)) for x, y in corners)
    length = sum(itertools.starmap(math.dist, itertools.pairwise(line)))
    drawn = sum(
        math.dist(*step) for piece in _dashes(line, dash) for step in itertools.pairwise(piece)
    )
    whole, rest = divmod(length, sum(dash))
    assert drawn == pytest.approx(whole * dash[0] + min(rest, dash[0]), abs=1e-6)


def test_svg_carries_its_colours_and_escapes_its_title() -> None:
    shapes = (Areas("gap", ((SQUARE, HOLE),)), Lines("zone", ()), Label("<1", (1.0, 2.0), "end"))
    svg = str(Drawing("a < b", 10, 10, shapes).svg())
    assert "<title>a &lt; b</title>" in svg
    assert ">&lt;1</text>" in svg
    assert svg.count("<path") == 1
    assert 'fill="#e66101" fill-opacity="0.3" fill-rule="evenodd"' in svg
    assert re.findall(r"M[\d.]+,[\d.]+", svg) == ["M10.0,10.0", "M40.0,40.0"]
    assert "style=" not in svg


def test_same_drawing_same_png() -> None:
    first, second = (Drawing("", 50, 50, (Lines("zone", (SQUARE,)),)).png() for _ in range(2))
    assert first == second
