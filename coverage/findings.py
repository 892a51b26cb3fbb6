"""What an audit says: its findings in words, and the figures beside them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from walkcover._finding_texts import NAMED, TEXTS

FALSIFIES, DOUBTFUL, NOTE = "falsifies", "doubtful", "note"
SEVERITIES = (FALSIFIES, DOUBTFUL, NOTE)
# Ids that a line of the log names.
SHOWN = 5
# Upper ends of the classes of access legs; what is longer comes last.
LEG_CLASSES_M = (10.0, 25.0, 50.0, 100.0, 250.0, math.inf)


@dataclass(frozen=True)
class Finding:
    """
    One thing the audit found.

    Parameters
    ----------
    code
        A key of `walkcover._finding_texts.TEXTS`.
    severity
        ``falsifies`` (verdicts cannot be trusted before it is mended), ``doubtful`` or ``note``.
    count
        How many of them there are.
    what
        What was found; reads on after the count.
    advice
        What to do.
    ids
        Ids of all of them, in the order of their table; empty where they have none.
    people
        People who live there or are served there.
    values
        What stands for the names in braces in the texts of this code.
    """

    code: str
    severity: str
    count: int
    what: str
    advice: str
    ids: tuple[str, ...] = ()
    people: float = 0.0
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def falsifies(self) -> bool:
        """Whether verdicts cannot be trusted before it is mended."""
        return self.severity == FALSIFIES

    @property
    def names_ids(self) -> bool:
        """Whether `what` names the first ids itself."""
        return self.code in NAMED

    @property
    def patterns(self) -> tuple[str, str]:
        """What `what` and `advice` are made of, to be translated before values are filled in."""
        return TEXTS[self.code]

    @property
    def text(self) -> str:
        """The finding in one line for a log."""
        ids = "" if self.names_ids else first_ids(self.ids)
        return f"{self.count:,} {self.what}{ids}: {self.advice}"


@dataclass(frozen=True)
class Legs:
    """
    Lengths of access legs in classes: ``[0, 10]``, ``(10, 25]`` … ``(250, inf)`` metres.

    Parameters
    ----------
    counts
        Places per class of `LEG_CLASSES_M`, shape (6,).
    people
        People per class, shape (6,); zeros for sites.
    lost
        Places that joined no street.
    lost_people
        People there.
    """

    counts: tuple[int, ...]
    people: tuple[float, ...]
    lost: int
    lost_people: float

    @property
    def total(self) -> int:
        """All places."""
        return sum(self.counts) + self.lost


@dataclass(frozen=True)
class Audit:
    """
    What there is to say of the inputs of a plan.

    Parameters
    ----------
    findings
        Those that falsify verdicts first, then by people.
    legs
        Access legs by table: ``residences``, ``sites``, and ``candidates`` where they are given.
    facts
        Plain figures by name, in the order to be shown: files, systems, streets, places.
    refusal
        Why a run would stop on these inputs; empty where it would not.
    """

    findings: tuple[Finding, ...]
    legs: Mapping[str, Legs]
    facts: Mapping[str, str | float]
    refusal: str = ""

    @property
    def falsifies(self) -> bool:
        """Whether something falsifies verdicts."""
        return any(finding.falsifies for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """
        Give the audit as plain values for JSON.

        Returns
        -------
        audit
            falsifies, refusal, findings (all ids), legs and facts.
        """
        return {
            "falsifies": self.falsifies,
            "refusal": self.refusal,
            "findings": [
                {
                    "code": one.code,
                    "severity": one.severity,
                    "count": one.count,
                    "people": one.people,
                    "what": one.what,
                    "advice": one.advice,
                    "ids": list(one.ids),
                    "values": dict(one.values),
                }
                for one in self.findings
            ],
            "legs": {
                table: {
                    "classes": [
                        {"upto_m": upto_m if math.isfinite(upto_m) else None, "places": count,
                         "people": people}
                        for upto_m, count, people in zip(
                            LEG_CLASSES_M, legs.counts, legs.people, strict=True
                        )
                    ],
                    "no_street": {"places": legs.lost, "people": legs.lost_people},
                }
                for table, legs in self.legs.items()
            },
            "facts": dict(self.facts),
        }  # fmt: skip


def find(
    code: str,
    severity: str,
    *,
    count: int | None = None,
    ids: Iterable[Any] = (),
    people: float = 0.0,
    **values: str,
) -> list[Finding]:
    """
    Word a finding; nothing is found where the count is 0.

    Parameters
    ----------
    code
        A key of `walkcover._finding_texts.TEXTS`.
    severity
        One of `SEVERITIES`.
    count
        How many; the number of ids where it is left out.
    ids
        Ids of all of them.
    people
        People who live there or are served there.
    **values
        What stands for the names in braces.

    Returns
    -------
    findings
        One, or none.

    Examples
    --------
    >>> find("closed_sites", NOTE, ids=["B2", "B7"])[0].text
    '2 sites are closed and serve nobody (B2, B7): check that they really are closed'
    >>> find("closed_sites", NOTE, ids=[])
    []
    """
    names = tuple(str(one) for one in ids)
    number = len(names) if count is None else count
    if not number:
        return []
    what, advice = (text.format(**values) for text in TEXTS[code])
    return [Finding(code, severity, int(number), what, advice, names, float(people), values)]


def first_ids(ids: tuple[str, ...], *, shown: int = SHOWN) -> str:
    """
    Name the first ids in brackets behind a space.

    Examples
    --------
    >>> first_ids(("a", "b", "c"), shown=2), first_ids(())
    (' (a, b, …)', '')
    """
    if not ids:
        return ""
    return f" ({', '.join(ids[:shown])}{', …' if len(ids) > shown else ''})"


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """
    Put findings in order: severity, then most people; of equals as they came.

    Examples
    --------
    >>> notes = find("closed_sites", NOTE, ids=["B"]) + find("no_people", DOUBTFUL, ids=["R"])
    >>> [finding.code for finding in in_order(notes)]
    ['no_people', 'closed_sites']
    """
    return sorted(findings, key=lambda one: (SEVERITIES.index(one.severity), -one.people))
