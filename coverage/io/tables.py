"""Read tables of places: csv, xlsx, GeoJSON, GeoPackage, Shapefile, Parquet."""

from __future__ import annotations

import codecs
import csv
import io
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from zipfile import BadZipFile

import geopandas as gpd
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
from openpyxl.utils.exceptions import InvalidFileException

from walkcover._errors import InputError, MissingFileError
from walkcover._intake import SHOWN, Intake, cell_texts
from walkcover.plan import CandidateSource, Plan, ResidenceSource, SiteSource, ZoneSource
from walkcover.tables import (
    check_candidates,
    check_residences,
    check_sites,
    check_zones,
    locate,
)

SUFFIXES = (".csv", ".xlsx", ".geojson", ".json", ".gpkg", ".shp", ".parquet")
SINGLE_LAYER_SUFFIXES = (".csv", ".parquet")
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# GB18030 holds all of GBK and GB2312, and refuses what is none of them.
ENCODINGS = ("utf-8", "gb18030")
# Places in the header of a dbf file: where its rows start, and what it says of its language.
DBF_HEADER_BYTES = slice(8, 10)
DBF_LANGUAGE_BYTE = 29


def read_table(path: str | Path, *, layer: str = "") -> pd.DataFrame:
    r"""
    Read one table of any format, its cells as they are.

    Parameters
    ----------
    path
        A csv (UTF-8 with or without byte order mark, UTF-16 with one, or GB18030), xlsx, geojson,
        gpkg, shp or parquet file.
    layer
        Layer or sheet; may be left out where there is only one with content.

    Returns
    -------
    table
        A GeoDataFrame where the file has geometry, else a DataFrame; cells of csv and xlsx are
        text, so that codes keep their leading zeros. The index is what people call the row: the
        line of the sheet for csv and xlsx (the header is 1), else counted from 1.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the format is unknown, the file is damaged, in no known encoding, has several layers of
        which none is named, or header and rows do not fit together.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "towns.csv")
    ...     _ = path.write_bytes("区划码,人数\n0101,215\n".encode("gb18030"))
    ...     read_table(path)
        区划码   人数
    2  0101  215
    """
    path = Path(path)
    if not path.is_file():
        msg = f"{path}: there is no such file; paths in a plan start from the plan's folder"
        raise MissingFileError(msg)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        msg = f"{path}: unknown kind of table {suffix!r}: expected one of {', '.join(SUFFIXES)}"
        raise InputError(msg)
    if layer and suffix in SINGLE_LAYER_SUFFIXES:
        msg = f"{path}: layer {layer!r} is asked for, but a {suffix} file has no layers: drop it"
        raise InputError(msg)
    try:
        if suffix == ".csv":
            return _read_csv(path)
        if suffix == ".xlsx":
            return _read_xlsx(path, layer)
        table = _read_parquet(path) if suffix == ".parquet" else _read_layer(path, layer)
    except (
        BadZipFile,
        InvalidFileException,
        KeyError,
        pa.ArrowException,
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
    ) as error:
        msg = f"{path}: the file cannot be read: {error}"
        raise InputError(msg) from error
    table.index = pd.RangeIndex(1, len(table) + 1)
    return table


def read_places(
    path: str | Path, *, layer: str = "", crs: str = "", lon: str = "lon", lat: str = "lat"
) -> gpd.GeoDataFrame:
    r"""
    Read points or polygons of any format into WGS84.

    Parameters
    ----------
    path, layer
        As for `read_table`.
    crs
        What the coordinates are in: wgs84, gcj02, bd09, cgcs2000 or EPSG:n. Required for csv and
        xlsx; the CRS that another file names itself holds, and must not be contradicted.
    lon, lat
        Columns of coordinates, for files without geometry.

    Returns
    -------
    places
        In EPSG:4326, rows as in the file, numbered from 0; all other columns as they are.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file cannot be read, or a row has no place; all faults in one message.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "booths.csv")
    ...     _ = path.write_text("name,lon,lat\nEast gate,112.5,37.8\n", encoding="utf-8")
    ...     read_places(path, crs="wgs84")
            name            geometry
    0  East gate  POINT (112.5 37.8)
    """
    table = read_table(path, layer=layer)
    places = locate(table, crs=crs, lon=lon, lat=lat, what=Path(path).name)
    return places.reset_index(drop=True)


def read_residences(plan: Plan) -> gpd.GeoDataFrame:
    """
    Read the residences that a plan names.

    Parameters
    ----------
    plan
        A plan whose residences are a file, not ``"osm"``.

    Returns
    -------
    residences
        As `walkcover.tables.check_residences` gives them, numbered from 0. Where the plan has a
        ``[population]``, people are 0 until they are spread, and a column of people is carried
        as it is.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file does not meet the contract; all faults in one message.
    """
    source = plan.residences
    names = ("id", "zone", "stage", "class_code", "county_seat", "lon", "lat")
    columns = _columns(source, names)
    people = 0.0 if plan.population.source else source.people
    if isinstance(people, str):
        columns["people"] = people
    return check_residences(
        read_table(plan.path(source.source), layer=source.layer),
        crs=source.crs,
        people=None if isinstance(people, str) else people,
        columns=columns,
        what=Path(source.source).name,
    ).reset_index(drop=True)


def read_sites(plan: Plan) -> gpd.GeoDataFrame:
    """
    Read the sites that a plan names.

    Parameters
    ----------
    plan
        A plan whose ``[sites]`` has a source.

    Returns
    -------
    sites
        As `walkcover.tables.check_sites` gives them, numbered from 0.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file does not meet the contract; all faults in one message.
    """
    source = plan.sites
    return check_sites(
        read_table(plan.path(source.source), layer=source.layer),
        crs=source.crs,
        columns=_columns(source, ("id", "name", "status", "desks", "hours_per_day", "lon", "lat")),
        what=Path(source.source).name,
    ).reset_index(drop=True)


def read_candidates(plan: Plan) -> gpd.GeoDataFrame:
    """
    Read the candidates that a plan names.

    Parameters
    ----------
    plan
        A plan whose ``[candidates]`` has a source.

    Returns
    -------
    candidates
        As `walkcover.tables.check_candidates` gives them, numbered from 0.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file does not meet the contract; all faults in one message.
    """
    source = plan.candidates
    return check_candidates(
        read_table(plan.path(source.source), layer=source.layer),
        crs=source.crs,
        columns=_columns(source, ("id", "cost", "max_desks", "lon", "lat")),
        what=Path(source.source).name,
    ).reset_index(drop=True)


def read_zones(plan: Plan) -> gpd.GeoDataFrame:
    """
    Read the zones that a plan names.

    Parameters
    ----------
    plan
        A plan whose ``[zones]`` has a source.

    Returns
    -------
    zones
        As `walkcover.tables.check_zones` gives them.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file does not meet the contract; all faults in one message.
    """
    source = plan.zones
    return check_zones(
        read_table(plan.path(source.source), layer=source.layer),
        crs=source.crs,
        columns=_columns(source, ("id", "name", "parent", "stage")),
        what=Path(source.source).name,
    )


def read_zone_people(plan: Plan) -> pd.Series:
    """
    Read the people per zone that a plan names in ``[population]``.

    Parameters
    ----------
    plan
        A plan whose ``[population]`` has a table as source.

    Returns
    -------
    totals
        People, float64, named ``people``, indexed by zone_id as text.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If a column is missing, a zone is empty or repeated, or people are no finite number from 0
        on; all faults in one message.
    """
    source = plan.population
    table = Intake(
        read_table(plan.path(source.source)),
        what=Path(source.source).name,
        columns={"zone_id": source.zone, "people": source.people},
        known=("zone_id", "people"),
    )
    zones = table.ids("zone_id")
    table.numbers("people", unit="人")
    table.stop()
    return pd.Series(table.taken["people"], index=pd.Index(zones, name="zone_id"), name="people")


def _columns(
    source: ResidenceSource | SiteSource | CandidateSource | ZoneSource, keys: Sequence[str]
) -> dict[str, str]:
    """Translate a section's keys into the names of standard columns."""
    own_id = {
        ResidenceSource: "residence_id",
        SiteSource: "site_id",
        CandidateSource: "candidate_id",
        ZoneSource: "zone_id",
    }[type(source)]
    standard = {"id": own_id, "zone": "zone_id", "parent": "parent_id"}
    return {standard.get(key, key): getattr(source, key) for key in keys}


def _read_csv(path: Path) -> pd.DataFrame:
    content = path.read_bytes()
    text = content.decode(_encoding(content, what=str(path)))
    # Embedded line breaks count as part of their cell, as spreadsheets number rows. A quote that
    # is never closed would swallow all rows behind it, hence strict.
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        return _from_rows(rows, what=path.name)
    except csv.Error as error:
        msg = (
            f"{path.name}: no table can be read at line {rows.line_num} ({error}): expected every "
            "quoted cell to be closed, and quotes inside it to be doubled"
        )
        raise InputError(msg) from error


def _encoding(content: bytes, *, what: str) -> str:
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return encoding
    for encoding in ENCODINGS:
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    msg = f"{what}: neither UTF-8 nor GB18030: save the table as UTF-8"
    raise InputError(msg)


def _read_xlsx(path: Path, layer: str) -> pd.DataFrame:
    with warnings.catch_warnings():
        # What openpyxl cannot keep (drop-down lists, print settings) is of no use here.
        warnings.simplefilter("ignore", UserWarning)
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        sheets = {
            sheet.title: [cell_texts(row) for row in sheet.iter_rows(values_only=True)]
            for sheet in book.worksheets
            if not layer or sheet.title == layer
        }
        names = book.sheetnames
        book.close()
    filled = {name: rows for name, rows in sheets.items() if any(map(any, rows))}
    if layer and layer not in names:
        msg = f"{path}: there is no sheet {layer!r}; the workbook has {', '.join(names)}"
        raise InputError(msg)
    if len(filled) > 1:
        msg = f"{path}: several sheets have content: name one of {', '.join(filled)} as layer"
        raise InputError(msg)
    return _from_rows(next(iter(filled.values()), []), what=path.name)


def _from_rows(rows: Iterable[list[str]], *, what: str) -> pd.DataFrame:
    """Make a table of rows of text, the first with content being the header; drop empty rows."""
    numbered = [
        (number, row) for number, row in enumerate(rows, start=1) if any(map(str.strip, row))
    ]
    if not numbered:
        msg = f"{what}: the table is empty: expected a header and at least one row"
        raise InputError(msg)
    header = [name.strip() for name in numbered.pop(0)[1]]
    while not header[-1]:
        header.pop()
    long = [f"row {number}" for number, row in numbered if any(map(str.strip, row[len(header) :]))]
    if long:
        msg = (
            f"{what}: more cells than the header has in {len(long)} rows, "
            f"first {', '.join(long[:SHOWN])}: "
            "expected a header in the first row with one name per column, no title above it, and "
            "quotes around cells with commas"
        )
        raise InputError(msg)
    width = len(header)
    names = [name or f"column {place}" for place, name in enumerate(header, start=1)]
    cells = [(row + [""] * width)[:width] for _, row in numbered]
    return pd.DataFrame(cells, columns=names, index=[number for number, _ in numbered], dtype="str")


def _read_parquet(path: Path) -> pd.DataFrame:
    if b"geo" in (pq.read_schema(path).metadata or {}):
        places: pd.DataFrame = gpd.read_parquet(path)
        return places
    return pd.read_parquet(path)


def _read_layer(path: Path, layer: str) -> pd.DataFrame:
    layers = [str(name) for name, _ in pyogrio.list_layers(path)]
    if layer and layer not in layers:
        msg = f"{path}: there is no layer {layer!r}; the file has {', '.join(layers)}"
        raise InputError(msg)
    if not layer and len(layers) > 1:
        msg = f"{path}: several layers: name one of {', '.join(layers)} as layer"
        raise InputError(msg)
    encoding = _dbf_encoding(path) if path.suffix.lower() == ".shp" else None
    table: pd.DataFrame = pyogrio.read_dataframe(path, layer=layer or layers[0], encoding=encoding)
    return table


def _dbf_encoding(path: Path) -> str | None:
    """Find the encoding of a shapefile that does not say it; None where it does."""
    table = path.with_suffix(".dbf")
    if path.with_suffix(".cpg").is_file() or not table.is_file():
        return None
    content = table.read_bytes()
    if content[DBF_LANGUAGE_BYTE]:
        return None
    start = int.from_bytes(content[DBF_HEADER_BYTES], "little")
    return _encoding(content[start:], what=str(table))
