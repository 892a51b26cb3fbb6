"""Hold what a page says in Chinese and in English, so that its reader can switch."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup, escape

from walkcover.maps.text import EN, ZH, Words

# In the page's data: the number of a phrase, or a text that is the same in both languages.
Said = int | str
Writer = Callable[[Words], str]
BOTH = (Words(ZH), Words(EN))


class Phrases:
    """
    Number the phrases of a page; a name is no phrase and stays the text it is.

    The page's script looks a number up in `table`, in the language that is shown, and never looks
    up a text, so that no name can be taken for a word.

    Examples
    --------
    >>> phrases = Phrases()
    >>> phrases("zone"), phrases("site"), phrases("zone")
    (0, 1, 0)
    >>> phrases.both(lambda words: "Zone")
    'Zone'
    >>> phrases.table()
    {'zh': ['辖区', '站点'], 'en': ['Zone', 'Site']}
    """

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, ...], int] = {}

    def __call__(self, key: str, **values: str) -> Said:
        """Number one text of the catalogue with its values filled in."""
        return self.both(lambda words: words(key, **values))

    def both(self, write: Writer) -> Said:
        """
        Number what a function writes in each language.

        Returns
        -------
        said
            The number, or the text itself where both languages write the same.
        """
        zh, en = (write(words) for words in BOTH)
        return zh if zh == en else self.number(write)

    def number(self, write: Writer) -> int:
        """Number what a function writes in each language, the same in both or not."""
        texts = tuple(write(words) for words in BOTH)
        return self._numbers.setdefault(texts, len(self._numbers))

    def table(self) -> dict[str, list[str]]:
        """
        List the phrases of each language by their number.

        Returns
        -------
        phrases
            Texts by language; the same phrase has the same position in each.
        """
        return {
            words.language: [texts[place] for texts in self._numbers]
            for place, words in enumerate(BOTH)
        }


def in_both(write: Writer) -> Markup:
    """
    Write a text in both languages as HTML; the page's style shows one of them.

    Parameters
    ----------
    write
        Writes the text in the language of the words it is given.

    Returns
    -------
    html
        Two spans, or the escaped text where both languages write the same.

    Examples
    --------
    >>> str(in_both(lambda words: words("zone")))
    '<span class="zh" lang="zh-CN">辖区</span><span class="en" lang="en">Zone</span>'
    >>> str(in_both(lambda words: "A & B"))
    'A &amp; B'
    """
    zh, en = (write(words) for words in BOTH)
    if zh == en:
        return escape(zh)
    html = Markup('<span class="zh" lang="zh-CN">{}</span><span class="en" lang="en">{}</span>')
    return html.format(zh, en)


class PanelWords:
    """
    Words for a template: each text in both languages.

    Examples
    --------
    >>> str(PanelWords()("osm_credit"))
    '© OpenStreetMap contributors'
    """

    def __call__(self, key: str, **values: str) -> Markup:
        """Write one text of the catalogue in both languages."""
        return in_both(lambda words: words(key, **values))

    def plain(self, key: str) -> str:
        """Look up a text that is the same in both languages."""
        zh, en = (words(key) for words in BOTH)
        assert zh == en, key
        return zh

    def stage(self, name: str) -> Markup:
        """Name a stage in both languages."""
        return in_both(lambda words: words.stage(name))
