"""The two commands of a fresh machine, without installing anything."""

import ast
import importlib.util
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"


@pytest.fixture(scope="module")
def environment() -> ModuleType:
    return _load("_environment", "_environment")


@pytest.fixture(scope="module")
def test_script(environment: ModuleType) -> ModuleType:
    assert environment
    return _load("test", "walkcover_test_script")


def _load(file_name: str, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{file_name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["_environment", "demo", "test"])
def test_old_python_can_parse_the_script(name: str) -> None:
    ast.parse((SCRIPTS / f"{name}.py").read_text(encoding="utf-8"), feature_version=(3, 8))


@pytest.mark.parametrize("name", ["_environment", "demo", "test"])
def test_scripts_need_the_standard_library_only(name: str) -> None:
    tree = ast.parse((SCRIPTS / f"{name}.py").read_text(encoding="utf-8"))
    names = {alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names}
    names |= {str(n.module) for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert {n.split(".")[0] for n in names} <= {*sys.stdlib_module_names, "_environment"}


def test_old_python_is_told(environment: ModuleType) -> None:
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer; this is 3\.10\.9"):
        environment.check_python((3, 10, 9))
    environment.check_python((3, 11, 0))
    environment.check_python((3, 13, 1))


def test_programs_lie_where_the_system_has_them(environment: ModuleType) -> None:
    venv = Path("some") / ".venv"
    on_windows = environment.program(venv, "python", windows=True)
    elsewhere = environment.program(venv, "python", windows=False)
    assert on_windows.relative_to(venv).as_posix() == "Scripts/python.exe"
    assert elsewhere.relative_to(venv).as_posix() == "bin/python"


def test_wheelhouse_shuts_out_the_net(environment: ModuleType, tmp_path: Path) -> None:
    command = environment.install_command(
        Path("python"), Path("source"), extra="test", wheelhouse=tmp_path
    )
    assert command[-4:] == ["--no-index", "--find-links", str(tmp_path), "source[test]"]
    assert "--no-index" not in environment.install_command(Path("python"), Path("source"))


@pytest.mark.parametrize(
    ("was", "wanted", "expected"),
    [("", "", True), ("test", "test", True), ("test", "", True), ("", "test", False)],
)
def test_stamp_says_what_is_installed(
    environment: ModuleType, tmp_path: Path, was: str, wanted: str, expected: bool
) -> None:
    stamp = tmp_path / "stamp"
    assert not environment.is_installed(stamp, "abc", extra=wanted)
    stamp.write_text(f"abc\n{was}\n", encoding="utf-8")
    assert environment.is_installed(stamp, "abc", extra=wanted) == expected
    assert not environment.is_installed(stamp, "abd", extra=wanted)


@pytest.fixture
def checkout(environment: ModuleType, tmp_path: Path) -> Path:
    """A made-up checkout with a file in each place that the package is made of."""
    for name in environment.SOURCES:
        path = tmp_path / "checkout" / name
        path = path if "." in name or name.isupper() else path / "module.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    return tmp_path / "checkout"


def test_changed_source_is_noticed(environment: ModuleType, checkout: Path) -> None:
    before = environment.source_digest(checkout)
    assert environment.source_digest(checkout) == before
    (checkout / "coverage" / "__pycache__").mkdir()
    (checkout / "coverage" / "__pycache__" / "module.pyc").write_text("x", encoding="utf-8")
    (checkout / "tests").mkdir()
    (checkout / "tests" / "test_x.py").write_text("x", encoding="utf-8")
    assert environment.source_digest(checkout) == before
    (checkout / "maps" / "module.py").write_text("changed", encoding="utf-8")
    changed = environment.source_digest(checkout)
    assert changed != before
    (checkout / "data" / "new.toml").write_text("", encoding="utf-8")
    assert environment.source_digest(checkout) != changed


def test_copy_leaves_out_what_was_made(
    environment: ModuleType, checkout: Path, tmp_path: Path
) -> None:
    (checkout / "build").mkdir()
    (checkout / "maps" / "__pycache__").mkdir()
    environment.copy_sources(checkout, tmp_path / "copy")
    assert {p.name for p in (tmp_path / "copy").iterdir()} == set(environment.SOURCES)
    assert [p.name for p in (tmp_path / "copy" / "maps").iterdir()] == ["module.py"]
    assert environment.source_digest(tmp_path / "copy") == environment.source_digest(checkout)


def test_good_environment_is_used_again(
    environment: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = []
    monkeypatch.setattr(environment, "_is_good", lambda _: True)
    monkeypatch.setattr(environment.subprocess, "run", lambda command, **_: ran.append(command))
    digest = environment.source_digest(environment.ROOT)
    (tmp_path / environment.STAMP_NAME).write_text(f"{digest}\ntest\n", encoding="utf-8")
    python = environment.prepare(tmp_path, extra="test")
    assert python == environment.program(tmp_path.resolve(), "python")
    assert ran == []


def test_foreign_folder_is_left_alone(environment: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(SystemExit, match="is no virtual environment"):
        environment.prepare(tmp_path)
    assert (tmp_path / "letter.txt").read_text(encoding="utf-8") == "mine"


def test_arguments_behind_the_dashes_go_to_pytest(test_script: ModuleType) -> None:
    split = test_script.split_arguments
    assert split(["--venv", "x", "--", "-k", "snap"]) == (["--venv", "x"], ["-k", "snap"])
    assert split(["--venv", "x"]) == (["--venv", "x"], [])
    checks = test_script.checks(Path("python"), ["-k", "snap"])
    assert list(checks) == ["tests", "examples", "ruff", "mypy"]
    assert checks["tests"][:4] == ["python", "-P", "-m", "pytest"]
    assert checks["tests"][-2:] == ["-k", "snap"]


@pytest.mark.parametrize(
    ("codes", "expected"), [([0, 0], 0), ([0, 1, 0], 1), ([0, 5, 1], 5), ([0, -9], 1)]
)
def test_worst_code_is_returned(test_script: ModuleType, codes: list[int], expected: int) -> None:
    assert test_script.worst(codes) == expected


def test_missing_programs_are_told(
    test_script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(test_script.shutil, "which", lambda _: None)
    monkeypatch.setattr(test_script, "is_there", lambda command: command != "chromium")
    test_script.install_system_packages()
    assert capsys.readouterr().out == (
        "Missing: chromium; tests that open the map in a browser are skipped.\n"
    )


@pytest.mark.parametrize("is_root", [True, False])
def test_packages_are_installed_by_root_only(
    test_script: ModuleType, monkeypatch: pytest.MonkeyPatch, is_root: bool
) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(test_script.os, "geteuid", lambda: 0 if is_root else 1000, raising=False)
    monkeypatch.setattr(test_script.shutil, "which", lambda name: name)
    monkeypatch.setattr(test_script, "is_there", lambda command: command != "pdftotext")
    monkeypatch.setattr(test_script.subprocess, "run", lambda command, **_: ran.append(command))
    test_script.install_system_packages()
    expected = [
        ["apt-get", "--quiet", "update"],
        ["apt-get", "--quiet", "install", "--yes", "--no-install-recommends", "poppler-utils"],
    ]
    assert ran == (expected if is_root else [])


@pytest.mark.slow
def test_the_guide_shows_what_the_options_do() -> None:
    script = _load("options_on_the_town", "walkcover_options_on_the_town")
    guide = (SCRIPTS.parent / "docs" / "guide.md").read_text(encoding="utf-8")
    assert script.table() in guide


# Worked examples


EXAMPLES = {
    "sweep_interval": "interval.svg",
    "sweep_profiles": "profiles.svg",
    "one_site_out": "one_site_out.svg",
    "budget_curve": "budget.svg",
}
# Scripts of which the page shows what they print.
SHOWN = ("sweep_interval", "budget_curve")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def charts() -> ModuleType:
    return _load("_charts", "walkcover_charts")


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLES)
def test_worked_example_runs_on_the_town_and_prints_a_picture(name: str, tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPTS / f"{name}.py"), "--out", str(tmp_path)]
    printed = subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout
    bars = [line for line in printed.splitlines() if "█" in line]
    assert len(bars) >= 4
    picture = tmp_path / EXAMPLES[name]
    assert f"Picture: {picture}" in printed
    texts = {text.text for text in ET.parse(picture).iter(f"{SVG}text")}
    # The picture shows the figures of the bars.
    assert {line.split()[-1] for line in bars} <= texts
    if name in SHOWN:
        page = (SCRIPTS.parent / "docs" / "what_if.md").read_text(encoding="utf-8")
        assert "\n".join(bars) in page


def test_page_names_the_worked_examples() -> None:
    page = (SCRIPTS.parent / "docs" / "what_if.md").read_text(encoding="utf-8")
    named = re.findall(r"`scripts/(?!bench_)(\w+)\.py`", page)
    assert sorted(named) == sorted(EXAMPLES)


def test_bars_are_as_long_as_their_values(charts: ModuleType) -> None:
    rows = [("all", 40.0), ("half", 20.0), ("a bit", 0.5), ("none", 0.0)]
    lines = charts.text_bars(rows, show="{:g}".format).split("\n")
    assert lines[0] == f"  all  {'█' * 40} 40"
    assert lines[1] == f" half  {'█' * 20}{' ' * 20} 20"
    assert lines[2] == f"a bit  ▌{' ' * 39} 0.5"
    assert lines[3] == f" none  {' ' * 40} 0"
    assert charts.text_bars([("a", 1.0)], show=str, most=2.0).count("█") == 20
    assert charts.text_bars([("a", 0.0)], show=str) == f"a  {' ' * 40} 0.0"
    assert charts.text_bars([], show=str) == ""


def test_only_everybody_is_a_hundred_percent(charts: ModuleType) -> None:
    assert [charts.percent(share) for share in (1.0, 0.99999, 0.5)] == ["100.0%", "99.9%", "50.0%"]


def test_pictures_show_names_as_they_are(charts: ModuleType) -> None:
    name = '<script>&"'
    picture = ET.fromstring(charts.svg_bars(name, [(name, 4.0), ("b", 1.0)], show=str))
    assert [text.text for text in picture.iter(f"{SVG}text")] == [name, name, "4.0", "b", "1.0"]
    long = [float(bar.attrib["width"]) for bar in picture.iter(f"{SVG}rect")]
    assert long[0] == 4 * long[1]
    points = [(0.0, 0.5), (10.0, 1.0)]
    curve = ET.fromstring(charts.svg_curve("t", points, x_label=name, show=charts.percent))
    assert [one.attrib["cy"] for one in curve.iter(f"{SVG}circle")] == ["152.0", "44.0"]
    assert name in [text.text for text in curve.iter(f"{SVG}text")]


@pytest.mark.skipif(sys.platform != "linux", reason="the names of libraries are those of Linux")
def test_libraries_are_found_by_their_name(test_script: ModuleType) -> None:
    assert test_script.is_there("libc")
    assert not test_script.is_there("libno-such-library")
