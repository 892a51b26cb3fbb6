"""The words of map, report and audit, in Chinese and English, from their message catalogues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

ZH, EN = "zh", "en"
LANGUAGES = (ZH, EN)


@cache
def catalog(language: str) -> Catalog:
    """
    Read the message catalogue of a language.

    Parameters
    ----------
    language
        ``zh`` or ``en``.

    Returns
    -------
    catalog
        Messages by key. Findings of the audit have their code as context and their English text
        as id, because that text is written where they are found.
    """
    folder = resources.files("walkcover.maps") / "locale" / language / "LC_MESSAGES"
    with (folder / "walkcover.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


@cache
def texts(language: str) -> Mapping[str, str]:
    """
    List the texts of a language by their key.

    Parameters
    ----------
    language
        ``zh`` or ``en``.

    Returns
    -------
    texts
        With names in braces where values are filled in; in every language the same keys.

    Examples
    --------
    >>> texts("en")["class_walk"], texts("zh")["class_walk"]
    ('{low}–{high} min', '{low}–{high} 分钟')
    """
    named = (one for one in catalog(language) if one.id and not one.context)
    return MappingProxyType({str(one.id): str(one.string) for one in named})


@dataclass(frozen=True)
class Words:
    """The catalogue in one language: ``Words("en")("before")`` is ``"Now"``."""

    language: str

    def __call__(self, key: str, **values: str) -> str:
        """
        Look up one text and fill in its values.

        Parameters
        ----------
        key
            A key of `texts`.
        **values
            What stands for the names in braces.

        Returns
        -------
        text
            The text in the language of these words.

        Raises
        ------
        KeyError
            If there is no such text, or a value is missing.

        Examples
        --------
        >>> Words("zh")("class_walk", low="0", high="5")
        '0–5 分钟'
        """
        return texts(self.language)[key].format(**values)

    def finding(self, code: str, text: str) -> str:
        """
        Give a text of a finding of the audit in this language, its values not yet filled in.

        Parameters
        ----------
        code
            Code of the finding.
        text
            The English text.

        Returns
        -------
        text
            The text in the language of these words.

        Raises
        ------
        KeyError
            If the text is not translated.

        Examples
        --------
        >>> Words("zh").finding("empty_zones", "zones have no residence")
        '个辖区没有居住点'
        """
        if self.language == EN:
            return text
        found = catalog(self.language).get(text, context=code)
        if found is None:
            msg = f"the finding {code!r} has no text in {self.language!r} for {text!r}"
            raise KeyError(msg)
        return str(found.string)

    def profile(self, name: str) -> str:
        """
        Name a profile: the known ones in this language, others as the plan has them.

        Examples
        --------
        >>> Words("zh").profile("elderly"), Words("zh").profile("cart")
        ('老年人', 'cart')
        """
        return self._known(f"profile_{name}", name)

    def stage(self, name: str) -> str:
        """
        Name a stage: the usual ones in this language, others as the plan has them.

        Examples
        --------
        >>> Words("en").stage("county_town"), Words("en").stage("phase 2")
        ('County towns', 'phase 2')
        """
        return self._known(f"stage_{name}", name)

    def kind(self, name: str) -> str:
        """
        Name a kind of places: the usual ones in this language, others as the plan has them.

        Examples
        --------
        >>> Words("en").kind("school"), Words("en").kind("temple")
        ('Schools', 'temple')
        """
        return self._known(f"kind_{name}", name)

    def _known(self, key: str, name: str) -> str:
        return texts(self.language).get(key, name)
