"""Take the columns of one table in, and collect everything that is wrong with it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeGuard

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from walkcover._cell_values import (
    cell_text,
    cell_texts,
    each_text,
    is_missing,
    parse_amount,
    parse_number,
    plain_numbers,
    text_column,
)
from walkcover._errors import InputError
from walkcover.crs import SYSTEMS, WGS84, check_system, flat_shapes, to_wgs84

# What a spreadsheet makes of a long code: the last digits are gone.
SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+\d+")
# What a spreadsheet makes of a code such as 3-1.
DATE = re.compile(r"\d{4}-\d\d-\d\d")
DATE_LENGTH = 10
# Digits of a division code of a county and of a village or neighbourhood.
DIVISION_DIGITS = (6, 12)
DIVISION_COLUMNS = ("zone_id", "parent_id")
# A unit in the name of a column that makes every number mean more than it says: 人口(万人).
MULTIPLE_UNIT = re.compile(
    r"[(\[\uff08【]\s*(?:单位)?\s*[:\uff1a]?\s*[百千万亿]\s*[人元个户台]?\s*[)\]\uff09】]"
)
SHOWN = 5

__all__ = ["SHOWN", "Intake", "cell_text", "cell_texts", "has_places", "parse_number"]

Flags = NDArray[np.bool_]


class Intake:
    """
    One table on its way in: what it brings, what was taken from it, what is wrong with it.

    Every method that takes a column notes its faults and goes on, so that `finish` can report
    all of them together.

    Parameters
    ----------
    frame
        The table; its index labels name rows whose id is missing. ``attrs["notes"]`` holds what
        was done to it when it was read, ``attrs["full_names"]`` other names of its columns.
    what
        What messages call the table.
    columns
        Names in `frame` by standard name.
    known
        The standard names that the table may have.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        *,
        what: str,
        columns: Mapping[str, str] | None,
        known: Sequence[str],
    ) -> None:
        self.frame = frame
        self.what = what
        self.columns = dict(columns or {})
        self.row_ids: Sequence[str] = ()
        self.taken: dict[str, object] = {}
        self.used: set[str] = set()
        self.faults: list[str] = []
        self.notes: list[str] = list(frame.attrs.get("notes", ()))
        self.full_names: dict[str, str] = dict(frame.attrs.get("full_names", {}))
        if frame.empty:
            self.faults.append("the table is empty: expected at least one row")
        doubles = sorted({str(c) for c in frame.columns[frame.columns.duplicated()]})
        if doubles:
            self.faults.append(f"columns that are there twice: {', '.join(map(repr, doubles))}")
        self.faults += [
            f"no standard column {name!r}: expected {', '.join(known)}"
            for name in self.columns
            if name not in known
        ]
        # Nothing can be looked up by name in such a table.
        self.stop()

    def stop(self) -> None:
        """Raise if there is any fault so far."""
        if self.faults:
            count = f"{len(self.faults)} faults" if len(self.faults) > 1 else "1 fault"
            msg = "\n  ".join([f"{self.what}: {count}:", *self.faults])
            raise InputError(msg)

    def find(self, name: str, *, optional: bool = False) -> pd.Series | None:
        """Look a column up; one that is missing is a fault if it is needed or was renamed."""
        given = self.columns.get(name, name)
        if given not in self.frame.columns:
            given = self.full_names.get(given, given)
        if given in self.frame.columns:
            self.used.add(given)
            return self.frame[given]
        if not optional or given != name:
            here = [str(column) for column in self.frame.columns if column != "geometry"]
            near = difflib.get_close_matches(given, here, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            meant = f" (for {name})" if given != name else ""
            self.faults.append(
                f"column {given!r}{meant} is missing: the table has {', '.join(here)}{hint}"
            )
        return None

    def texts(self, name: str, *, optional: bool = False) -> list[str] | None:
        """Look a column up and make text of its cells."""
        column = self.find(name, optional=optional)
        return None if column is None else cell_texts(column)

    def fault(
        self, name: str, bad: Flags, problem: str, expected: str, *, cells: Sequence[str]
    ) -> None:
        """Note the rows of a column that have one problem, if there are any."""
        if np.any(bad):
            self.faults.append(f"{self._where(name, bad, problem, cells)}: expected {expected}")

    def note(self, name: str, rows: Flags, done: str, *, cells: Sequence[str]) -> None:
        """Note what was done to the rows of a column, if there are any."""
        if np.any(rows):
            self.notes.append(self._where(name, rows, done, cells))

    def _where(self, name: str, rows: Flags, what: str, cells: Sequence[str]) -> str:
        """Name a column, and the first of its rows."""
        found = np.flatnonzero(rows)
        given = self.columns.get(name, name)
        shown = ", ".join(f"{self._label(row)} ({cells[row]!r})" for row in found[:SHOWN])
        count = f"{found.size} rows, first" if found.size > 1 else "1 row,"
        return f"column {given!r}: {what} in {count} {shown}"

    def _label(self, row: int) -> str:
        """Name a row: by its id once that is known, else as the index does."""
        known = self.row_ids[row] if len(self.row_ids) else ""
        return known or f"row {self.frame.index[row]}"

    def ids(self, name: str) -> list[str]:
        """Take the column of ids: text, filled in every row, no two the same."""
        cells = self.texts(name)
        if cells is None:
            return []
        empty = np.array([cell == "" for cell in cells])
        self.fault(name, empty, "empty", "an id in every row", cells=cells)
        self._refuse_lost(name, cells)
        repeated = pd.Series(cells, dtype=object).duplicated().to_numpy() & ~empty
        self.fault(name, repeated, "an id that was used before", "one row per id", cells=cells)
        # Rows are known by their ids from here on.
        self.row_ids = cells
        self.taken[name] = text_column(cells, self.frame.index)
        return cells

    def names(self, name: str, *, default: Sequence[str]) -> None:
        """Take a column of free text; empty cells and a missing column take the default."""
        cells = self.texts(name, optional=True) or default
        if len(default) == len(cells):
            cells = [cell or other for cell, other in zip(cells, default, strict=True)]
        self.taken[name] = pd.Series(list(cells), index=self.frame.index, dtype="str")

    def codes(self, name: str, *, known: Sequence[str] = (), always: bool = False) -> list[str]:
        """Take an optional column of codes; `always` makes an empty one where there is none."""
        cells = self.texts(name, optional=True)
        if cells is None and not always:
            return []
        cells = each_text(
            cells or [""] * len(self.frame), lambda cell: "" if is_missing(cell) else cell
        )
        self._refuse_lost(name, cells)
        if known:
            bad = np.array([cell != "" and cell not in known for cell in cells])
            self.fault(name, bad, "an unknown code", "one of " + ", ".join(known), cells=cells)
        self.taken[name] = text_column(cells, self.frame.index)
        return cells

    def choices(self, name: str, meanings: Mapping[str, object], *, default: object = None) -> None:
        """Take an optional column of a few known words."""
        cells = self.texts(name, optional=True)
        if cells is None:
            if default is not None:
                self.taken[name] = [default] * len(self.frame)
            return
        meant = each_text(
            cells, lambda cell: meanings.get("" if is_missing(cell) else cell.lower())
        )
        bad = np.array([value is None for value in meant])
        words = ", ".join(word for word in meanings if word)
        self.fault(name, bad, "an unknown value", f"one of {words}", cells=cells)
        self.taken[name] = meant

    def numbers(
        self,
        name: str,
        *,
        unit: str | Sequence[str] = (),
        default: float | None = None,
        optional: bool = False,
    ) -> None:
        """Take a column of numbers from 0 on, maybe with a unit; an optional one may have gaps."""
        column = self.find(name, optional=optional or default is not None)
        if column is None:
            if default is not None:
                self.taken[name] = np.full(len(self.frame), default)
            return
        units = [unit] if isinstance(unit, str) else [*unit]
        values, about, missing = _amounts(column, units)
        wrong = np.isnan(values) & ~(missing & optional)
        doubtful = wrong | np.isinf(values) | (values < 0) | about
        cells = cell_texts(column) if doubtful.any() else []
        expected = "a finite number from 0 on"
        if units:
            expected += f", as 215, 1,204 or 215{units[0]}"
        self.fault(name, wrong, "not a number", expected, cells=cells)
        self.fault(name, np.isinf(values), "infinite", expected, cells=cells)
        self.fault(name, values < 0, "negative", expected, cells=cells)
        given = self.columns.get(name, name)
        if MULTIPLE_UNIT.search(given):
            self.faults.append(
                f"column {given!r}: its numbers are multiples of 1: expected plain numbers; "
                "multiply them in the table, and rename the column"
            )
        self.note(name, about, "an estimate taken as it stands", cells=cells)
        self.taken[name] = values

    def locate(
        self, crs: str, kinds: Sequence[str], *, may_lack: Sequence[bool] = ()
    ) -> gpd.GeoSeries | None:
        """Find every row's place in WGS84; None if a fault stands in the way."""
        before = len(self.faults)
        if has_places(self.frame):
            places, own = self.frame.geometry, self.frame.crs
        else:
            places, own = self._points(), None
        system = self._system(crs, own)
        if len(self.faults) > before or system is None:
            return None
        shapes, problems = plain_shapes(places.to_numpy(), kinds)
        if len(may_lack):
            problems = np.where(shapely.is_missing(shapes) & may_lack, "", problems)
        self.fault(
            "geometry", problems != "", "no place", " or ".join(kinds), cells=problems.tolist()
        )
        if len(self.faults) > before:
            return None
        given = gpd.GeoSeries(shapes, index=self.frame.index, crs=own)
        if (own is None and system in SYSTEMS) or (own is not None and own.is_geographic):
            self._refuse_beyond_globe(shapes)
        if len(self.faults) > before:
            return None
        try:
            moved = to_wgs84(given, system)
        except InputError as error:
            self.faults.append(f"crs: {error}")
            return None
        lost = ~shapely.is_missing(shapes) & ~np.isfinite(moved.bounds.to_numpy()).all(axis=1)
        if lost.any():
            cells = [str(shape) for shape in shapes]
            self.fault(
                "geometry", lost, f"outside the area of {crs or own}", "its own crs", cells=cells
            )
        return moved

    def finish(self, places: gpd.GeoSeries | None, *, reserved: Iterable[str]) -> gpd.GeoDataFrame:
        """Put the checked table together, or raise with all faults."""
        self.stop()
        shape_column = self.frame.geometry.name if has_places(self.frame) else None
        reserved = {*reserved, *self.taken}
        carried: dict[str, object] = {}
        for column in self.frame.columns:
            if column in self.used or column == shape_column:
                continue
            name = str(column)
            while name in reserved or name in carried:
                name += "_given"
            carried[name] = self.frame[column]
        table = gpd.GeoDataFrame(
            {**self.taken, **carried}, index=self.frame.index, geometry=places, crs=WGS84
        )
        if self.notes:
            table.attrs["notes"] = list(self.notes)
        return table

    def _refuse_lost(self, name: str, cells: Sequence[str]) -> None:
        """Refuse ids and codes that a spreadsheet took for numbers or dates."""
        # The plain tests before the patterns are cheap, and true of hardly any id.
        bad = np.array(["+" in cell and SCIENTIFIC.fullmatch(cell) is not None for cell in cells])
        self.fault(name, bad, "digits lost by a spreadsheet", "codes stored as text", cells=cells)
        dates = np.array(
            [len(cell) == DATE_LENGTH and DATE.fullmatch(cell) is not None for cell in cells]
        )
        if not all(DATE.fullmatch(cell) for cell in cells if cell):
            expected = "codes as the others, stored as text: a spreadsheet makes dates of 3-1"
            self.fault(name, dates, "a date among codes", expected, cells=cells)
        if name in DIVISION_COLUMNS:
            self._refuse_short(name, cells)

    def _refuse_short(self, name: str, cells: Sequence[str]) -> None:
        """Refuse division codes with a digit less than the others of their column."""
        digits = np.array([len(cell) if cell.isdecimal() else 0 for cell in cells])
        for whole in DIVISION_DIGITS:
            short = digits == whole - 1
            expected = (
                f"{whole} digits, as in {int(np.sum(digits == whole))} other rows: a spreadsheet "
                "drops zeros at the front of numbers; store the codes as text"
            )
            if np.any(digits == whole):
                self.fault(name, short, f"a code of {whole - 1} digits", expected, cells=cells)
            elif short.any() and digits[digits > 0].max() == whole - 1:
                doubt = f"codes of {whole - 1} digits, where division codes have {whole},"
                self.note(name, short, doubt, cells=cells)

    def _points(self) -> pd.Series:
        """Make points of the columns lon and lat."""
        axes = []
        for name in ("lon", "lat"):
            cells = self.texts(name)
            if cells is None:
                continue
            values = np.array([parse_number(cell) for cell in cells])
            self.fault(name, ~np.isfinite(values), "not a coordinate", "a number", cells=cells)
            axes.append(np.where(np.isfinite(values), values, 0.0))
        if len(axes) < 2:
            return pd.Series([None] * len(self.frame), index=self.frame.index)
        return pd.Series(shapely.points(*axes), index=self.frame.index)

    def _system(self, crs: str, own: CRS | None) -> str | None:
        """Say what the coordinates are in, from the caller's word and the table's own CRS."""
        try:
            system = "" if crs in ("", "auto") else check_system(crs)
        except InputError as error:
            self.faults.append(f"crs: {error}")
            return None
        if not system and own is None:
            self.faults.append(
                f"crs is missing: the crs of every csv or xlsx, and of a file that names none, "
                f"must be given: one of {', '.join(SYSTEMS)} or EPSG:n"
            )
            return None
        if own is not None and system.startswith("EPSG"):
            if not CRS(system).equals(own, ignore_axis_order=True):
                self.faults.append(
                    f"crs = {crs!r} contradicts the table's own, {own.name!r}: "
                    "expected the same, or none given; correct the one that is wrong"
                )
                return None
            return system
        return system or "wgs84"

    def _refuse_beyond_globe(self, shapes: NDArray[np.object_]) -> None:
        """Refuse degrees that are none, and say what they look like."""
        west, south, east, north = shapely.bounds(shapes).T
        beyond = (west < -180) | (east > 180) | (south < -90) | (north > 90)
        if not beyond.any():
            return
        swapped = beyond & (west >= -90) & (east <= 90) & (south >= -180) & (north <= 180)
        problem, expected = "beyond the globe", "degrees; for metres give crs as EPSG:n"
        if (swapped == beyond).all():
            problem, expected = (
                "a latitude beyond 90 degrees",
                "lon and lat, which are swapped here",
            )
        name = "geometry" if has_places(self.frame) else "lat"
        cells = [shape.wkt if shape is not None else "" for shape in shapely.centroid(shapes)]
        self.fault(name, beyond, problem, expected, cells=cells)


def _amounts(column: pd.Series, units: Sequence[str]) -> tuple[NDArray[np.float64], Flags, Flags]:
    """Read the numbers of a column; NaN for none, and whether a cell is about, or empty."""
    values = plain_numbers(column)
    if values is not None:
        return values, np.zeros(len(values), dtype=bool), np.isnan(values)
    cells = cell_texts(column)
    amounts = each_text(cells, lambda cell: parse_amount(cell, units=units))
    return (
        np.array([amount.value for amount in amounts], dtype=np.float64),
        np.array([amount.is_about for amount in amounts], dtype=bool),
        np.array(each_text(cells, is_missing), dtype=bool),
    )


def has_places(frame: pd.DataFrame) -> TypeGuard[gpd.GeoDataFrame]:
    """Tell a GeoDataFrame with a geometry column from a plain table."""
    return isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name is not None


def plain_shapes(
    shapes: NDArray[np.object_], kinds: Sequence[str]
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """
    Bring shapes into plain form and say, row by row, what is wrong with the others.

    A multipoint of one point is that point; polygons that cross or touch themselves are taken
    apart where they do.
    """
    flat = flat_shapes(shapes)
    single = (shapely.get_type_id(flat) == shapely.GeometryType.MULTIPOINT) & (
        shapely.get_num_geometries(flat) == 1
    )
    flat[single] = shapely.get_geometry(flat[single], 0)
    for row in np.flatnonzero(~shapely.is_missing(flat) & ~shapely.is_valid(flat)):
        if flat[row].geom_type in ("Polygon", "MultiPolygon"):
            parts = shapely.get_parts(shapely.make_valid(flat[row]))
            flat[row] = shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
    kind = shapely.get_type_id(flat)
    problems = np.full(len(flat), "", dtype=object)
    for number in np.unique(kind).tolist():
        rows = kind == number
        if number < 0:
            problems[rows] = "missing"
            continue
        name = flat[rows][0].geom_type
        problems[rows & shapely.is_empty(flat)] = "empty"
        if name not in kinds:
            problems[rows & ~shapely.is_empty(flat)] = name
    return flat, problems
