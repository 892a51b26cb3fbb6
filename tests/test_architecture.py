"""The arrows between modules go one way, and heavy or far-reaching imports stay in their place."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = {"coverage": "", "maps": "maps."}
# From the lowest to the highest: a module may import what stands before it, never what stands
# behind it. A new module gets its place here.
ORDER = (
    "_errors",
    "runners",
    "timing",
    "water",
    "file_names",
    "_finding_texts",
    "findings",
    "tile_sources",
    "plan_operations",
    "plan",
    "_plan_faults",
    "_operation_faults",
    "plan_mapping",
    "overrides",
    "_sweep_grid",
    "_scenario_values",
    "scenario",
    "tags",
    "gauss_kruger",
    "crs",
    "scenario_mapping",
    "_cell_values",
    "_hour_words",
    "hours",
    "_intake",
    "places",
    "daily_tables",
    "tables",
    "network",
    "regions",
    "_shift_scores",
    "plazas",
    "restrict",
    "elevation",
    "barriers",
    "speed",
    "network_cut",
    "street_index",
    "street_changes",
    "joins",
    "snap",
    "resnap",
    "coordinates",
    "streets",
    "_kernels_reach",
    "search",
    "_pair_search",
    "reach",
    "site_walks",
    "gaps",
    "gap_areas",
    "driving",
    "roads",
    "_kernels_isochrone",
    "_isochrone_streets",
    "_isochrone_field",
    "isochrones",
    "zones",
    "league",
    "population",
    "cells",
    "residences",
    "candidates",
    "_deadline",
    "_kernels_siting",
    "pairs",
    "_question",
    "_model",
    "_region_case",
    "_region_whole",
    "_region_ground",
    "_bounds",
    "_exact",
    "_search",
    "_region_repair",
    "_kernels_regions",
    "_region_curves",
    "_region_bounds",
    "_region_shares",
    "_parting",
    "_region_tree",
    "_regions",
    "_ladder",
    "_most_people",
    "_least_cost",
    "_pieces",
    "answer",
    "_siting_case",
    "regional_siting",
    "siting",
    "stops",
    "_transport",
    "queues",
    "slots",
    "day_profile",
    "desk_balance",
    "_routes",
    "_round_case",
    "_round_bounds",
    "rounds",
    "laboratory_hours",
    "_laboratory_figures",
    "tube_waves",
    "_relay_program",
    "_relay_flow",
    "_relay_routes",
    "_relay_trips",
    "tube_relay",
    "capacity",
    "_capacity_model",
    "_capacity_bounds",
    "_capacity_exact",
    "_capacity_ladder",
    "capacity_siting",
    "_kernels_median",
    "_median_tree",
    "median",
    "center",
    "rollout",
    "desks",
    "work_parts",
    "desk_purchases",
    "_desk_answer",
    "_desk_order",
    "desk_stages",
    "assessment",
    "band",
    "opinion",
    "second_engine",
    "_doubtful_places",
    "_doubtful_streets",
    "_doubtful_tables",
    "audit",
    "suggestion",
    "study",
    "services",
    "site_tests",
    "site_days",
    "closures",
    "changes",
    "remedies",
    "tabulate",
    "outcome",
    "comparison",
    "comparison_tables",
    "site_changes",
    "summary",
    "_sweep_store",
    "operations",
    "_round_tables",
    "round_plan",
    "demand",
    "_relay_summary",
    "_relay_tables",
    "relay",
    "intervals",
    "result",
    "_whole_run",
    "_excerpt_tables",
    "_excerpt_summary",
    "excerpts",
    "records",
    "near_sites",
    "io",
    "region_tasks",
    "by_region",
    "region_siting",
    "operating",
    "reassessment",
    "job",
    "whatif",
    "_sweep_runs",
    "sweeps",
    "maps",
    "work_files",
    "output",
    "zone_reports",
    "cli",
)
COMPUTATION = ORDER[: ORDER.index("io")]
# Drawing, the command line, files and the net: never in computation.
EDGE = {"folium", "branca", "click", "rich", "osmnx", "osmium", "requests", "jinja2", "openpyxl"}
NET = {"requests", "urllib.request", "http.client", "socket"}
# osmnx reads files too (GraphML); these of its functions download.
DOWNLOADS = re.compile(r"(?:graph|features)_from_(?!gdfs|xml)|geocod")
HEAVY = ("osmnx", "numba", "folium", "rasterio", "geopandas")
MACHINE_PATH = re.compile(r"(?<![\w.~/:-])/(?:work|tmp|root|home)/")


def _modules() -> dict[str, Path]:
    """Every module by its name inside walkcover, `io.osm`, with its file."""
    found = {}
    for folder, prefix in FOLDERS.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            name = prefix + ".".join(part for part in parts if part != "__init__")
            found[name.rstrip(".")] = path
    del found[""]
    return found


MODULES = _modules()


def _imports(path: Path) -> set[str]:
    """Full names of everything that a file imports, wherever in the file."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: write imports in full"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _own(path: Path) -> set[str]:
    """Modules or packages of walkcover right below its top that a file imports."""
    parts = (name.split(".") for name in _imports(path) if name.startswith("walkcover."))
    return {name[1] for name in parts if name[1] != "__version__"}


def _uses(path: Path, libraries: set[str]) -> set[str]:
    return {
        library
        for library in libraries
        for name in _imports(path)
        if name == library or name.startswith(f"{library}.")
    }


@pytest.mark.parametrize("name", MODULES)
def test_imports_point_downwards(name: str) -> None:
    own = name.split(".")[0]
    new = {own, *_own(MODULES[name])} - {*ORDER}
    assert not new, f"{new} are new: put them into ORDER where they belong"
    wrong = [other for other in _own(MODULES[name]) if ORDER.index(other) > ORDER.index(own)]
    assert not wrong, f"{name} imports {wrong}, which stand above it"


@pytest.mark.parametrize("name", [name for name in MODULES if name in COMPUTATION])
def test_computation_knows_no_edge(name: str) -> None:
    assert _uses(MODULES[name], EDGE) == set()


def test_files_are_read_without_the_command_line_or_maps() -> None:
    for name, path in MODULES.items():
        if name.split(".")[0] == "io":
            assert _uses(path, {"click", "folium", "rich"}) == set(), name


def test_maps_compute_nothing() -> None:
    below = {own for name, path in MODULES.items() if name[:4] == "maps" for own in _own(path)}
    assert below <= {
        "_errors",
        "plan",
        "plan_operations",
        "findings",
        "operations",
        "result",
        "comparison",
        "maps",
    }


def _attributes(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def _socket_calls(path: Path) -> set[str]:
    """What a module takes from the library of sockets."""
    return set(re.findall(r"\bsocket\.(\w+)", path.read_text(encoding="utf-8")))


def test_only_fetch_opens_the_net() -> None:
    for name, path in MODULES.items():
        if name != "io.fetch":
            # A pair of sockets tells a process of its own Ctrl-C, on Windows too.
            inward = {"socket"} if _socket_calls(path) == {"socketpair"} else set()
            assert _uses(path, NET) <= inward, name
            assert not any(DOWNLOADS.match(attribute) for attribute in _attributes(path)), name
    assert any(DOWNLOADS.match(attribute) for attribute in _attributes(MODULES["io.fetch"]))


def test_only_kernels_import_numba() -> None:
    users = {name for name, path in MODULES.items() if _uses(path, {"numba"})}
    assert {name for name in users if not name.startswith("_kernels_")} == set()


def test_at_most_one_module_imports_pandana() -> None:
    assert len([name for name, path in MODULES.items() if _uses(path, {"pandana"})]) <= 1


def test_import_is_light() -> None:
    code = f"import sys, walkcover; print([m for m in {HEAVY!r} if m in sys.modules])"
    command = [sys.executable, "-P", "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def _project_files() -> list[Path]:
    """Files of the project; without git, those in the folders that hold them."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout: which files belong to the project is not known")
    return [ROOT / name for name in run.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_path_of_some_machine() -> None:
    wrong = []
    for path in _project_files():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        name = path.relative_to(ROOT).as_posix()
        wrong += [f"{name}:{i}" for i, line in enumerate(lines, 1) if MACHINE_PATH.search(line)]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "is_path"),
    [
        ("open('{}work/x')", True),
        ("cd {}home/me", True),
        ("https://example.org{}home/", False),
        ("data{}work/x", False),
    ],
)
def test_machine_paths_are_told_from_addresses(text: str, is_path: bool) -> None:
    assert bool(MACHINE_PATH.search(text.format("/"))) == is_path
