"""Message catalogues: complete in both languages, used, and nothing said outside them."""

import ast
import re
import string
from pathlib import Path

import jinja2
import pytest

from walkcover._finding_texts import TEXTS
from walkcover.maps.base_tiles import TIANDITU_CREDIT
from walkcover.maps.text import EN, LANGUAGES, ZH, Words, catalog, texts

ROOT = Path(__file__).parents[1]
MAPS = ROOT / "maps"
PROGRAMS = [
    *MAPS.glob("*.py"),
    *(MAPS / "templates").glob("*.j2"),
    *(path for path in (MAPS / "assets").glob("*.js") if "function" in path.read_text("utf-8")),
    *(ROOT / "coverage").rglob("*.py"),
]
# What a template may write itself: marks, and names that are no words.
TEMPLATE_MARKS = re.compile(r"walkcover|OpenStreetMap|&[a-z]+;|DOCTYPE html|lon|lat|sha256")


def names_in(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_texts_with_the_same_values() -> None:
    assert list(texts(ZH)) == list(texts(EN))
    for key, chinese in texts(ZH).items():
        english = texts(EN)[key]
        assert chinese.strip(), key
        assert english.strip(), key
        assert names_in(chinese) == names_in(english), key


def test_chinese_is_chinese_and_english_is_not() -> None:
    ideographs = re.compile(r"[\u3400-\u9fff]")
    # Names, units and forms that are written alike, and the buttons that switch language.
    alike = {key for key in texts(ZH) if texts(ZH)[key] == texts(EN)[key]}
    for key in texts(ZH).keys() - alike:
        said = re.sub(r"\{.*?\}", "", texts(ZH)[key])
        assert ideographs.search(said) or not re.search(r"[a-z]{4}", said), key
        if not key.startswith("language"):
            assert not ideographs.search(texts(EN)[key].replace("中文", "")), key


def test_every_finding_is_translated_and_nothing_else_is() -> None:
    known = {(code, text) for code, both in TEXTS.items() for text in both}
    for code, text in known:
        assert names_in(Words(ZH).finding(code, text)) == names_in(text), code
        assert Words(EN).finding(code, text) == text
    assert {(one.context, one.id) for one in catalog(ZH) if one.context} == known
    assert not [one.id for one in catalog(EN) if one.context]


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogues_are_well_formed(language: str) -> None:
    loose = [one.id for one in catalog(language) if one.id and one.fuzzy]
    assert not loose
    assert not catalog(language).obsolete
    path = MAPS / "locale" / language / "LC_MESSAGES" / "walkcover.po"
    written = re.findall(r'^msgid "(.+)"$', path.read_text("utf-8"), flags=re.MULTILINE)
    keys = [one for one in written if one in texts(language)]
    assert len(keys) == len(set(keys)), "a key stands twice"


def test_every_text_is_used() -> None:
    source = "\n".join(path.read_text("utf-8") for path in PROGRAMS)
    # Keys that are put together have their first part in the source: f"verdict_{name}".
    starts = set(re.findall(r"""["']([a-z_]+_)(?:\{|["'] ?[~+])""", source))
    starts |= set(re.findall(r"""["'](fact_)\{""", source))

    def is_used(key: str) -> bool:
        return f'"{key}"' in source or any(key.startswith(start) for start in starts)

    assert not [key for key in texts(ZH) if not is_used(key)]


def strings_in(code: str) -> list[str]:
    """Texts of a program that are not its documentation."""
    tree = ast.parse(code)
    documentation = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in documentation
    ]


@pytest.mark.parametrize("path", sorted(MAPS.glob("*.py")), ids=lambda path: path.name)
def test_no_program_writes_words_of_its_own(path: Path) -> None:
    written = strings_in(path.read_text("utf-8"))
    # A name is no word: the credit of a map service.
    found = [text for text in written if re.search(r"[\u3400-\u9fff]", text)]
    assert found in ([], [TIANDITU_CREDIT])


@pytest.mark.parametrize(
    "path", sorted((MAPS / "templates").glob("*.j2")), ids=lambda path: path.name
)
def test_no_template_writes_words_of_its_own(path: Path) -> None:
    tokens = jinja2.Environment(autoescape=True).lex(path.read_text("utf-8"))
    text = "".join(value if kind == "data" else " " for _, kind, value in tokens)
    shown = re.sub(r"<(style|script).*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL)
    words = re.findall(r"[A-Za-z]{2,}", TEMPLATE_MARKS.sub(" ", shown))
    assert not words


def test_unknown_text_is_an_error() -> None:
    with pytest.raises(KeyError):
        Words(ZH)("no_such_text")
    with pytest.raises(KeyError, match="no text in 'zh'"):
        Words(ZH).finding("empty_zones", "no such text")
