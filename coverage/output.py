"""Write the output folder."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd

from walkcover._errors import InputError, OutputExistsError
from walkcover.comparison import Comparison
from walkcover.io.networks import read_network, save_network
from walkcover.io.writers import (
    write_csv,
    write_geopackage,
    write_layers,
    write_parquet,
    write_summary,
)
from walkcover.plan import Plan
from walkcover.result import Result
from walkcover.timing import step
from walkcover.work_files import WORK_WRITERS, planned_files

LOG_NAME = "run.log"
COMPARISON_FILES = ("comparison.html", "comparison.xlsx", "comparison.parquet")
# Names that a split map gives its files: only such are replaced.
MAP_FILE = re.compile(r"(?:script|style|data|picture)\d+\.(?:js|css|png)")

Writer = Callable[[Result, Path], None]


def _map(result: Result, path: Path) -> None:
    from walkcover.maps import build_map

    path.write_text(build_map(result), encoding="utf-8", newline="")


def _report(result: Result, path: Path) -> None:
    from walkcover.maps import build_report

    path.write_text(build_report(result), encoding="utf-8", newline="")


def _docx(result: Result, path: Path) -> None:
    from walkcover.maps.report_docx import build_report_docx

    path.write_bytes(build_report_docx(result))


def _pdf(result: Result, path: Path) -> None:
    from walkcover.maps.report_pdf import build_report_pdf

    path.write_bytes(build_report_pdf(result))


def _workbook(result: Result, path: Path) -> None:
    from walkcover.maps.report_workbook import write_report_workbook

    write_report_workbook(result, path)


WRITERS: dict[str, Writer] = {
    "residences.parquet": lambda result, path: write_parquet(result.residences, path),
    "sites.parquet": lambda result, path: write_parquet(result.sites, path),
    "rollout.csv": lambda result, path: write_csv(result.rollout, path),
    "remedies.csv": lambda result, path: write_csv(result.remedies, path),
    "closures.csv": lambda result, path: write_csv(result.closures, path),
    "zones.parquet": lambda result, path: write_parquet(result.zones, path),
    "coverage.gpkg": write_geopackage,
    "map.html": _map,
    "report.html": _report,
    "report.docx": _docx,
    "report.pdf": _pdf,
    "report.xlsx": _workbook,
    "summary.json": lambda result, path: write_summary(result.summary, path),
}
# The PDF takes the extra [pdf] and some seconds: only where it is asked for.
FILES = tuple(name for name in WRITERS if name != "report.pdf")
WRITERS |= WORK_WRITERS
REPORT_FORMS = (".html", ".docx", ".pdf", ".xlsx")
ASSESS_FILES = (
    "residences.parquet",
    "sites.parquet",
    "zones.parquet",
    "closures.csv",
    "summary.json",
)
SUGGEST_FILES = (*ASSESS_FILES, "rollout.csv", "remedies.csv")


def files_of(result: Result) -> tuple[str, ...]:
    """
    Name the files of the output folder of a run.

    Parameters
    ----------
    result
        The result.

    Returns
    -------
    files
        `FILES`, and those of the daily work that was planned; layers for maps go into
        coverage.gpkg.
    """
    planned = planned_files(result)
    return (*FILES, *(name for name in planned if not name.endswith(".gpkg")))


def write(
    result: Result,
    folder: str | Path,
    *,
    files: Sequence[str] | None = None,
    overwrite: bool = False,
) -> list[Path]:
    """
    Write a result into a folder.

    All files are finished under another name before the first is put in place.

    Parameters
    ----------
    result
        The result.
    folder
        The output folder; made where it does not exist.
    files
        Which files of the output folder to write; those of `files_of` without.
    overwrite
        Whether to replace files that are there.

    Returns
    -------
    paths
        The files written.

    Raises
    ------
    OutputExistsError
        If a file is there already and `overwrite` is off.
    InputError
        If a file of daily work is asked for that was not planned.
    """
    folder = Path(folder)
    files = files_of(result) if files is None else files
    refuse_existing([folder / name for name in files], overwrite=overwrite)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=folder) as unfinished:
        for name in files:
            with step(f"writing {name}"):
                WRITERS[name](result, Path(unfinished) / name)
        for name in files:
            (Path(unfinished) / name).replace(folder / name)
    return [folder / name for name in files]


def write_one(result: Result, name: str, path: str | Path, *, overwrite: bool = False) -> Path:
    """
    Write one file of the output folder under a name of one's own.

    Parameters
    ----------
    result
        The result.
    name
        What to write, as it is called in the output folder.
    path
        Where to.
    overwrite
        Whether to replace a file that is there.

    Returns
    -------
    path
        The file written.

    Raises
    ------
    OutputExistsError
        If the file is there already and `overwrite` is off.
    """
    path = Path(path)
    with _in_place(path, overwrite=overwrite) as unfinished:
        WRITERS[name](result, unfinished)
    return path


def write_comparison(
    comparisons: Sequence[Comparison],
    result: Result,
    folder: str | Path,
    *,
    overwrite: bool = False,
) -> list[Path]:
    """
    Write scenarios beside their base into a folder: a page, a workbook and Parquet.

    All files are finished under another name before the first is put in place.

    Parameters
    ----------
    comparisons
        Comparisons with the base.
    result
        The base.
    folder
        The output folder; made where it does not exist.
    overwrite
        Whether to replace files that are there.

    Returns
    -------
    paths
        The files written.

    Raises
    ------
    OutputExistsError
        If a file is there already and `overwrite` is off.
    """
    from walkcover.io.comparison_files import write_comparison_parquet, write_comparison_xlsx
    from walkcover.maps.comparison_page import build_comparison_page

    folder = Path(folder)
    page, book, parquet = (folder / name for name in COMPARISON_FILES)
    refuse_existing([page, book, parquet], overwrite=overwrite)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=folder) as unfinished:
        draft = Path(unfinished)
        text = build_comparison_page(comparisons, result)
        (draft / page.name).write_text(text, encoding="utf-8", newline="")
        write_comparison_xlsx(comparisons, draft / book.name, plan=result.plan)
        write_comparison_parquet(comparisons, draft / parquet.name)
        for path in (page, book, parquet):
            (draft / path.name).replace(path)
    return [page, book, parquet]


def report_file(path: str | Path) -> str:
    """
    Choose the form of a report by the suffix of its file.

    Parameters
    ----------
    path
        Where the report is to go.

    Returns
    -------
    name
        What `write_one` calls that form.

    Raises
    ------
    InputError
        If no report is written in such a form.
    MissingToolError
        If a PDF is asked for, and what prints it is not installed.

    Examples
    --------
    >>> report_file("county.docx"), report_file("out/REPORT.HTML")
    ('report.docx', 'report.html')
    """
    suffix = Path(path).suffix.lower()
    if suffix not in REPORT_FORMS:
        forms = ", ".join(REPORT_FORMS)
        msg = f"{path}: the report has no form {suffix!r}; give the file one of {forms}"
        raise InputError(msg)
    if suffix == ".pdf":
        # Said before the run, which may take minutes.
        from walkcover.maps.report_pdf import need_pdf

        need_pdf()
    return f"report{suffix}"


def write_split_map(result: Result, path: str | Path, *, overwrite: bool = False) -> list[Path]:
    """
    Write the map as a page and a folder beside it with its scripts, styles and data.

    Parameters
    ----------
    result
        The result.
    path
        Where the page goes, as ``map.html``; the folder is then ``map_files``.
    overwrite
        Whether to replace a page and files of an earlier map.

    Returns
    -------
    paths
        The files written, the page last.

    Raises
    ------
    OutputExistsError
        If the page or the folder is there already and `overwrite` is off, or the folder holds
        something else than the files of a map.
    """
    from walkcover.maps import build_map, split_page

    path = Path(path)
    folder = split_folder(path)
    refuse_existing([path, folder], overwrite=overwrite)
    old = sorted(folder.iterdir()) if folder.exists() else []
    strange = [one.name for one in old if not MAP_FILE.fullmatch(one.name)]
    if strange:
        msg = (
            f"{folder} holds {len(strange)} files that are not of a map, first {strange[0]!r}; "
            "choose another place for the page"
        )
        raise OutputExistsError(msg)
    page, files = split_page(build_map(result), folder=folder.name)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=path.parent) as unfinished:
        for name, content in {**files, path.name: page}.items():
            raw = content.encode("utf-8") if isinstance(content, str) else content
            (Path(unfinished) / name).write_bytes(raw)
        for one in old:
            one.unlink()
        for name in files:
            (Path(unfinished) / name).replace(folder / name)
        (Path(unfinished) / path.name).replace(path)
    return [*(folder / name for name in files), path]


def split_folder(path: Path) -> Path:
    """
    Name the folder of a page that is written with its files beside it.

    Examples
    --------
    >>> split_folder(Path("out/map.html")).name
    'map_files'
    """
    return path.with_name(f"{path.stem}_files")


def write_bands(
    bands: gpd.GeoDataFrame, plan: Plan, path: Path, *, overwrite: bool = False
) -> None:
    """
    Write isochrones as a GeoPackage.

    Parameters
    ----------
    bands
        Table of isochrones.
    plan
        For the date that the file carries.
    path
        Where to.
    overwrite
        Whether to replace a file that is there.

    Raises
    ------
    OutputExistsError
        If the file is there already and `overwrite` is off.
    """
    with _in_place(path, overwrite=overwrite) as unfinished:
        write_layers({"isochrones": (bands, "MultiPolygon")}, unfinished, date=plan.plan.date)


def save_plan_network(plan: Plan, path: Path, *, overwrite: bool = False) -> None:
    """
    Save the network of a plan as Parquet.

    Parameters
    ----------
    plan
        The plan.
    path
        Where to.
    overwrite
        Whether to replace a file that is there.

    Raises
    ------
    OutputExistsError
        If the file is there already and `overwrite` is off.
    """
    made_with: dict[str, Any] = {
        "min_component_m": plan.walk.min_component_m,
        "plazas": plan.walk.plazas,
    }
    source = plan.path(plan.network.source)
    network = read_network(source, layer=plan.network.layer, **made_with)
    with _in_place(path, overwrite=overwrite) as unfinished:
        save_network(network, unfinished, **made_with)


@contextmanager
def _in_place(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """A name to write to; what stands there is put in place once it is finished."""
    refuse_existing([path], overwrite=overwrite)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=path.parent) as unfinished:
        yield Path(unfinished) / path.name
        (Path(unfinished) / path.name).replace(path)


def refuse_existing(paths: Sequence[Path], *, overwrite: bool) -> None:
    """
    Refuse to replace files, or to write below a file as if it were a folder.

    Parameters
    ----------
    paths
        Files about to be written.
    overwrite
        Whether replacing them was asked for.

    Raises
    ------
    OutputExistsError
        If one of them exists and `overwrite` is off, or a file stands where a folder is needed.
    """
    for path in paths:
        above = next(parent for parent in path.parents if parent.exists())
        if not above.is_dir():
            msg = f"{path} cannot be written: {above} is a file, not a folder; choose another place"
            raise OutputExistsError(msg)
    there = [path for path in paths if path.exists()]
    if there and not overwrite:
        msg = (
            f"{there[0]} is there already"
            + (f" (and {len(there) - 1} more)" if len(there) > 1 else "")
            + "; choose another place or ask for overwriting (--overwrite)"
        )
        raise OutputExistsError(msg)
