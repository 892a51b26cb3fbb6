"""The drawings of daily work: curves over the hours or the intervals, and drives."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import shapely

from walkcover.maps.drawing import Areas, Drawing, Label, Lines, Mark, Point
from walkcover.maps.pictures import CURVE_HEIGHT, CURVE_WIDTH, Frame, drawn_lines, frame_of
from walkcover.maps.streets import MAIN_STREETS
from walkcover.result import Result

LEFT, RIGHT, TOP, BOTTOM = 52, 14, 12, 20
# Lines across a chart at most, and hours between its figures.
MOST_LINES, HOURS_BETWEEN = 5, 3
# Part of the room of an hour that its bar takes.
BAR_SHARE = 0.84
DRIVES_WIDTH, DRIVES_HEIGHT = 640, 330
# A mark that holds a number.
NUMBER_PX = 16.0


@dataclass(frozen=True)
class Curve:
    """
    Values of consecutive hours, or of other steps of a chart.

    Parameters
    ----------
    kind
        A kind of `walkcover.maps.drawing.LOOKS`.
    form
        Bars, a line of steps, or a line from middle to middle with marks.
    values
        One for each step; no number leaves a gap.
    """

    kind: str
    form: Literal["bars", "steps", "line"]
    values: tuple[float, ...]


def hours_chart(title: str, first: int, curves: Sequence[Curve]) -> Drawing:
    """
    Draw curves over the hours of a day or two.

    Parameters
    ----------
    title
        What the drawing is called.
    first
        The hour of the first value.
    curves
        All with the same number of values.

    Returns
    -------
    drawing
        Hours of the clock across, values up from 0; hours of the next day start again at 0.
    """
    count = len(curves[0].values)
    hours = range(first, first + count + 1)
    ticks = [(hour - first, str(hour % 24)) for hour in hours if hour % HOURS_BETWEEN == 0]
    return _chart(title, count, ticks, curves)


def steps_chart(title: str, labels: Sequence[str], curves: Sequence[Curve]) -> Drawing:
    """
    Draw curves over steps that have names in figures.

    Parameters
    ----------
    title
        What the drawing is called.
    labels
        Figures of the steps, in their order.
    curves
        All with a value for each step.

    Returns
    -------
    drawing
        Steps across, values up from 0.
    """
    ticks = [(number + 0.5, label) for number, label in enumerate(labels)]
    return _chart(title, len(labels), ticks, curves)


def _chart(
    title: str, count: int, ticks: Sequence[tuple[float, str]], curves: Sequence[Curve]
) -> Drawing:
    largest = max((one for c in curves for one in c.values if math.isfinite(one)), default=0.0)
    step = _round_step(largest)
    top = max(math.ceil(largest / step), 1) * step
    inner_w, inner_h = CURVE_WIDTH - LEFT - RIGHT, CURVE_HEIGHT - TOP - BOTTOM

    def at(number: float, value: float) -> Point:
        return LEFT + inner_w * number / max(count, 1), TOP + inner_h * (1 - value / top)

    shapes: list[Lines | Areas | Mark | Label] = []
    for line in range(round(top / step) + 1):
        _, y = at(0, line * step)
        shapes.append(Lines("grid", (((LEFT, y), (CURVE_WIDTH - RIGHT, y)),)))
        shapes.append(Label(f"{line * step:,.10g}", (LEFT - 6, y + 4), "end"))
    for curve in curves:
        shapes += _curve(curve, at)
    shapes += [
        Label(text, (at(number, 0)[0], CURVE_HEIGHT - 4), "middle") for number, text in ticks
    ]
    return Drawing(title, CURVE_WIDTH, CURVE_HEIGHT, tuple(shapes))


def _round_step(largest: float) -> float:
    """Choose 1, 2 or 5 of some power of ten so that a few lines reach the largest value."""
    if largest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(largest / MOST_LINES))
    return next(power * one for one in (1, 2, 5, 10) if power * one * MOST_LINES >= largest)


def _curve(curve: Curve, at: Callable[[float, float], Point]) -> Iterator[Lines | Areas | Mark]:
    runs = [
        [*run]
        for known, run in itertools.groupby(
            enumerate(curve.values), key=lambda one: math.isfinite(one[1])
        )
        if known
    ]
    if curve.form == "bars":
        margin = (1 - BAR_SHARE) / 2
        bars = tuple(
            ((at(n + margin, 0), at(n + margin, value), at(n + 1 - margin, value),
              at(n + 1 - margin, 0), at(n + margin, 0)),)
            for run in runs for n, value in run if value > 0
        )  # fmt: skip
        yield Areas(curve.kind, bars)
    elif curve.form == "steps":
        yield Lines(
            curve.kind,
            tuple(tuple(at(n + end, value) for n, value in run for end in (0, 1)) for run in runs),
        )
    else:
        middles = [tuple(at(n + 0.5, value) for n, value in run) for run in runs]
        yield Lines(curve.kind, tuple(line for line in middles if len(line) > 1))
        yield from (Mark(curve.kind, "circle", point, 5.0) for line in middles for point in line)


def drives_picture(
    result: Result,
    title: str,
    drives: gpd.GeoSeries,
    bases: gpd.GeoSeries,
    stops: gpd.GeoSeries,
    *,
    left: gpd.GeoSeries | None = None,
    numbers: Sequence[str] = (),
    height: int = DRIVES_HEIGHT,
) -> Drawing:
    """
    Draw drives over the main streets, with bases and stops.

    Parameters
    ----------
    result
        A finished run, for its streets.
    title
        What the drawing is called.
    drives
        Lines in EPSG:4326.
    bases, stops, left
        Points: squares, circles, and filled circles for places that nobody comes to.
    numbers
        What stands in the circles of the stops; none where it is empty.
    height
        Pixels of the drawing.

    Returns
    -------
    drawing
        North up.
    """
    missed = bases.iloc[:0] if left is None else left
    frame = frame_of([drives[drives.notna()], bases, stops, missed], DRIVES_WIDTH, height)
    shapes: list[Lines | Areas | Mark | Label] = [
        Lines("street", drawn_lines(frame.drawn(_near(result.streets, frame)))),
        Lines("drive", drawn_lines(frame.drawn(drives[drives.notna()]))),
    ]
    shapes += [Mark("left", "circle", point, 9.0) for point in _points(missed, frame)]
    size = NUMBER_PX if numbers else 7.0
    shapes += [Mark("old", "circle", point, size) for point in _points(stops, frame)]
    shapes += [Mark("new", "square", point, 10.0) for point in _points(bases, frame)]
    for point, number in zip(_points(stops, frame), numbers, strict=False):
        shapes.append(Label(number, (point[0], point[1] + 4), "middle"))
    return Drawing(title, DRIVES_WIDTH, height, tuple(shapes))


def _near(streets: gpd.GeoDataFrame, frame: Frame) -> gpd.GeoDataFrame:
    """Main streets that cross the ground of a drawing."""
    high, wide = frame.height / frame.scale, frame.width / frame.scale / frame.squeeze
    west = frame.west - frame.offset[0] / frame.scale / frame.squeeze
    north = frame.north + frame.offset[1] / frame.scale
    ground = shapely.box(west, north - high, west + wide, north)
    found = streets.iloc[streets.sindex.query(ground, predicate="intersects", sort=True)]
    return found[found["highway"].isin(MAIN_STREETS)]


def _points(places: gpd.GeoSeries, frame: Frame) -> list[Point]:
    coordinates = shapely.get_coordinates(places.to_numpy())
    return [(float(x), float(y)) for x, y in frame.place(coordinates)]
