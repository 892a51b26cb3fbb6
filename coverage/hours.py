"""Read opening hours as people write them: free text to minutes of each weekday."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from walkcover._hour_words import (
    AFTERNOON,
    DAY_ITEM,
    DAYS,
    EVENING,
    MORNING,
    NIGHT,
    NOON,
    WEEKDAYS,
    Token,
    UnclearError,
    cut,
    mend,
    plain_text,
)

DAY_MIN = 24 * 60
NOON_MIN = DAY_MIN // 2
QUARTER_MIN = 15
WHOLE_DAY = (0, DAY_MIN)
# Up to here a start may be followed by an end on the twelve-hour clock (14:00-5:00). Behind it,
# evening and next morning are equally likely.
EVENING_MIN = 17 * 60
# A start before this, behind an earlier span, is one of the afternoon (8:00-12:00, 2:00-5:00).
DAWN_MIN = 6 * 60
# No site that says so in hours alone is open through a longer night.
LONGEST_NIGHT_MIN = 16 * 60

Span = tuple[int, int]


@dataclass(frozen=True)
class Hours:
    """
    Opening hours of a usual week.

    Parameters
    ----------
    opened
        Open minutes of each weekday as bits, the first minute lowest, Monday first. What goes on
        behind midnight counts on the day on which it is.
    remarks
        What the text says besides, and where a rule decided between readings.
    """

    opened: tuple[int, ...]
    remarks: tuple[str, ...] = ()

    @property
    def minutes(self) -> tuple[int, ...]:
        """Minutes open on each weekday, Monday first, 7 numbers from 0 to 1440."""
        return tuple(day.bit_count() for day in self.opened)

    @property
    def open_days(self) -> int:
        """Days of a week that have any open minute."""
        return sum(day > 0 for day in self.opened)

    @cached_property
    def by_quarter(self) -> tuple[float, ...]:
        """
        Share of each quarter of an hour that is open, 96 numbers from 0 to 1.

        The mean over the days that are open at all; zeros where none is.
        """
        whole = QUARTER_MIN * max(1, self.open_days)
        return tuple(
            sum(
                (day >> QUARTER_MIN * at & _bits(0, QUARTER_MIN)).bit_count() for day in self.opened
            )
            / whole
            for at in range(DAY_MIN // QUARTER_MIN)
        )

    @property
    def by_hour(self) -> tuple[float, ...]:
        """Share of each hour that is open, 24 numbers, as `by_quarter`."""
        parts = self.by_quarter
        return tuple(sum(parts[at : at + 4]) / 4.0 for at in range(0, len(parts), 4))

    @property
    def minutes_per_day(self) -> float:
        """Mean minutes of a day over the week."""
        return sum(self.minutes) / DAYS

    @property
    def hours_per_day(self) -> float:
        """Mean hours of a day over the week."""
        return self.minutes_per_day / 60.0


@dataclass(frozen=True)
class _Days:
    """Days that a rule is for; none at all where it is for public holidays only."""

    days: frozenset[int]
    replaces: bool


@dataclass
class _Spans:
    """Spans of one rule in minutes from midnight, and the pauses that they contain."""

    spans: list[Span] = field(default_factory=list)
    pauses: list[Span] = field(default_factory=list)


def parse_hours(text: str) -> Hours | None:
    """
    Read opening hours written in Chinese, or in simple forms of OpenStreetMap's syntax.

    Understood are spans of hours, with words such as 上午 and 次日, in any colons and dashes, for
    days such as 周一至周五, 工作日 or ``Mo-Fr``; 24小时 and ``24/7``; days off. Spans that overlap
    are merged. Rules decide where a text has two readings, and leave a remark:

    * An end before its start lies on the next day if it is written with a leading zero or 12
      hours more would not be behind the start (20:00-6:00), up to nights of 16 hours; else in the
      afternoon if the start is before 17:00 (8:00-5:00 is till 17:00). 17:00-6:00 is neither.
    * An end equal to its start is a whole day (8:00-8:00).
    * A start from 1:00 to 5:59 behind an earlier span is one of the afternoon
      (8:00-12:00, 2:00-5:00).
    * A semicolon within a time is a colon where the text makes no sense otherwise (17;00).
    * Public holidays are no weekdays: what is said of them is a remark and changes nothing.

    Parameters
    ----------
    text
        The text of one site.

    Returns
    -------
    hours
        Open minutes of each weekday and remarks; None where any part of the text is not understood.

    References
    ----------
    The simple forms of OpenStreetMap's ``opening_hours``: a later rule replaces an earlier one.

    Examples
    --------
    >>> parse_hours("周一至周五 8:30—11:30，13:30-17:00").minutes
    (390, 390, 390, 390, 390, 0, 0)
    >>> parse_hours("上午8:00-11:30；下午1:30-4:30").minutes_per_day
    390.0
    >>> parse_hours("8:00-5:00").remarks
    ('8:00-5:00 is read as till 17:00',)
    >>> parse_hours("早九晚五") is None
    True
    """
    plain = plain_text(text)
    try:
        return _read(plain)
    except UnclearError:
        pass
    mended, slips = mend(plain)
    if not slips:
        return None
    try:
        return _read(mended, remarks=slips)
    except UnclearError:
        return None


def _read(plain: str, *, remarks: Iterable[str] = ()) -> Hours:
    """Read a plain text whole, or say that it is unclear."""
    said = [*remarks]
    tokens = cut(plain)
    if [token.kind for token in tokens] == ["closed"]:
        return Hours((0,) * DAYS, tuple(said))
    tokens, closed = _take_days_off(tokens, said)
    by_day = _by_day(_pieces(tokens, said))
    week = 0
    for day, rule in by_day.items():
        if day not in closed:
            week |= _open_minutes(rule) << day * DAY_MIN
    # The night behind Sunday is that before Monday.
    week |= week >> DAYS * DAY_MIN
    opened = tuple(week >> day * DAY_MIN & _bits(0, DAY_MIN) for day in range(DAYS))
    return Hours(opened, tuple(dict.fromkeys(said)))


def _take_days_off(tokens: list[Token], said: list[str]) -> tuple[list[Token], set[int]]:
    """Take out remarks and days off (周日休息, 除周日外, Su off)."""
    kept: list[Token] = []
    closed: set[int] = set()
    for token in tokens:
        off: Token | None = None
        if token.kind == "remark":
            said.append(token.text)
        elif token.kind == "except":
            off = token
        elif token.kind == "closed" and kept and kept[-1].kind == "days":
            off = kept.pop()
        else:
            kept.append(token)
        if off is not None:
            days, holidays = _days(off.text)
            closed |= days
            if holidays:
                said.append(token.match.string[off.match.start() : token.match.end()])
    return kept, closed


def _days(text: str) -> tuple[frozenset[int], bool]:
    """Weekdays that a list of days names, and whether it names public holidays."""
    days: set[int] = set()
    holidays = False
    for item in DAY_ITEM.finditer(text):
        if item["holiday"]:
            holidays = True
        elif item["all"]:
            days |= {*range(DAYS)}
        elif item["working"]:
            days |= {*range(5)}
        elif item["weekend"]:
            days |= {5, 6}
        elif item["chinese"]:
            for part in item["chinese"].split("、"):
                first, _, last = re.sub("周|星期|礼拜", "", part).partition("-")
                days |= {WEEKDAYS[day] for day in first}
                if last:
                    days |= _from_to(WEEKDAYS[first[-1]], WEEKDAYS[last])
        else:
            first = item["first"]
            days |= _from_to(WEEKDAYS[first[:2]], WEEKDAYS[(item["last"] or first)[:2]])
    return frozenset(days), holidays


def _from_to(first: int, last: int) -> set[int]:
    """Days from one to another, over Sunday where the last comes first in a week."""
    return {(first + step) % DAYS for step in range((last - first) % DAYS + 1)}


def _pieces(tokens: list[Token], said: list[str]) -> list[_Days | _Spans]:
    """Group neighbouring days, and neighbouring spans with their pauses."""
    # Beside times with colons, two numbers with dots are as likely a date.
    marks = {token.match[f"mark{end}"] for token in tokens if token.kind == "span" for end in "12"}
    pieces: list[_Days | _Spans] = []
    for place, token in enumerate(tokens):
        before = tokens[place - 1].kind if place else ""
        behind = tokens[place + 1].kind if place + 1 < len(tokens) else ""
        last = pieces[-1] if pieces else None
        if token.kind == "days":
            days, holidays = _days(token.text)
            if holidays:
                said.append(token.text)
            if isinstance(last, _Days):
                pieces[-1] = _Days(last.days | days, last.replaces)
            else:
                pieces.append(_Days(days, token.replaces))
            continue
        if not isinstance(last, _Spans):
            last = _Spans()
            pieces.append(last)
        if token.kind == "whole":
            last.spans.append(WHOLE_DAY)
        elif token.kind == "span":
            if ":" in marks and token.match["mark1"] == token.match["mark2"] != ":":
                raise UnclearError
            is_pause = before == "pause" or behind == "closed"
            span = _span(token.match, [] if is_pause else last.spans, said)
            (last.pauses if is_pause else last.spans).append(span)
        elif (token.kind == "pause" and behind != "span") or (
            token.kind == "closed" and before != "span"
        ):
            raise UnclearError
    for piece in pieces:
        # 全天 beside hours: one of the two is not meant.
        if isinstance(piece, _Spans) and WHOLE_DAY in piece.spans and {*piece.spans} != {WHOLE_DAY}:
            raise UnclearError
    return pieces


def _by_day(pieces: list[_Days | _Spans]) -> dict[int, _Spans]:
    """Find the rule of every day: days stand before their spans, or all behind them."""
    behind = len(pieces) % 2 == 0 and [type(piece) for piece in pieces[:2]] == [_Spans, _Days]
    if behind:
        pieces = [piece for pair in zip(pieces[1::2], pieces[::2], strict=True) for piece in pair]
    by_day: dict[int, _Spans] = {}
    if pieces and isinstance(pieces[0], _Spans):
        by_day = dict.fromkeys(range(DAYS), pieces[0])
        pieces = pieces[1:]
    named: set[int] = set()
    for days, rule in zip(pieces[::2], pieces[1::2], strict=len(pieces) % 2 == 0):
        if not (isinstance(days, _Days) and isinstance(rule, _Spans)):
            raise UnclearError
        # Two rules for one day: added, or one in place of the other?
        if days.days & named and not days.replaces:
            raise UnclearError
        named |= days.days
        by_day |= dict.fromkeys(days.days, rule)
    if len(pieces) % 2 or not by_day:
        raise UnclearError
    return by_day


def _span(match: re.Match[str], earlier: list[Span], said: list[str]) -> Span:
    """Turn one span of the text into minutes; an end on the next day is over 1440."""
    raw_start, raw_end = _raw_minute(match, "1"), _raw_minute(match, "2")
    period, end_period = match["period1"], match["period2"]
    start = _clock(period, raw_start)
    if match["next"]:
        end = _clock(end_period, raw_end) % DAY_MIN + DAY_MIN
    elif end_period:
        end = _clock(end_period, raw_end)
        end += DAY_MIN if end <= start and end_period in MORNING + NIGHT else 0
    elif period in AFTERNOON + EVENING + NOON:
        end = _later(raw_end, start, evening=period in EVENING)
    elif _is_dawn(match, raw_start) and earlier and raw_start < max(e for _, e in earlier):
        start += NOON_MIN
        end = raw_end + (NOON_MIN if raw_end < NOON_MIN else 0)
        if start < max(e for _, e in earlier):
            raise UnclearError
        said.append(f"{match.group().strip()} is read as of the afternoon")
    else:
        end = _end(match, start, raw_end, said)
    if not start < end <= start + DAY_MIN:
        raise UnclearError
    if any(start < e and s < end for s, e in earlier):
        said.append(f"{match.group().strip()} overlaps hours before it")
    return start, end


def _raw_minute(match: re.Match[str], end: str) -> int:
    """Minutes from midnight as they are written."""
    hour = int(match[f"hour{end}"])
    part = match[f"minute{end}"] or match[f"part{end}"] or ("30" if match[f"half{end}"] else "0")
    minute = hour * 60 + int(part)
    if int(part) > 59 or minute > DAY_MIN:
        raise UnclearError
    return minute


def _is_dawn(match: re.Match[str], raw_start: int) -> bool:
    """Tell a start that may be one of the afternoon on the twelve-hour clock."""
    return not match["period1"] and 60 <= raw_start < DAWN_MIN and match["hour1"][0] != "0"


def _clock(period: str | None, raw: int) -> int:
    """Minutes of the day of a time with a word such as 下午; contradictions are unclear."""
    if period is None:
        return raw
    if period in MORNING:
        allowed, clock = raw <= NOON_MIN, raw
    elif period in NIGHT:
        allowed, clock = raw <= DAWN_MIN, raw
    elif period in NOON:
        allowed = raw < 180 or 660 <= raw <= 900
        clock = raw + NOON_MIN if raw < 180 else raw
    elif period in AFTERNOON:
        allowed, clock = raw >= 60, raw + NOON_MIN if raw < NOON_MIN else raw
    else:
        # 晚上12:00 is midnight, 晚上1:00 an hour later.
        allowed = raw >= EVENING_MIN or raw < NOON_MIN + 60
        clock = raw + (DAY_MIN if raw < 300 else NOON_MIN if raw < NOON_MIN + 60 else 0)
    if not allowed:
        raise UnclearError
    return clock


def _later(raw_end: int, start: int, *, evening: bool) -> int:
    """The end of a span whose start has a word such as 下午 and whose end has none."""
    ends = [raw_end, raw_end + NOON_MIN] if raw_end <= NOON_MIN else [raw_end]
    if evening:
        ends.append(raw_end + DAY_MIN)
    behind = [end for end in ends if end > start]
    if not behind:
        raise UnclearError
    return behind[0]


def _end(match: re.Match[str], start: int, raw_end: int, said: list[str]) -> int:
    """The end of a span without any word, by the rules of `parse_hours`."""
    if raw_end > start:
        return raw_end
    if raw_end == start:
        said.append(f"{match.group().strip()} is read as 24 hours")
        return start + DAY_MIN
    if raw_end == 0:
        return DAY_MIN
    afternoon = raw_end + NOON_MIN
    if match["hour2"][0] == "0" or afternoon <= start:
        night = raw_end + DAY_MIN
        if night - start > LONGEST_NIGHT_MIN:
            raise UnclearError
        return night
    if start >= EVENING_MIN or raw_end >= NOON_MIN:
        raise UnclearError
    said.append(f"{match.group().strip()} is read as till {afternoon // 60}:{afternoon % 60:02d}")
    return afternoon


def _open_minutes(rule: _Spans) -> int:
    """Open minutes of one day and the next as bits, the first minute lowest."""
    opened = 0
    for start, end in rule.spans:
        opened |= _bits(start, end)
    for start, end in rule.pauses:
        # A pause that interrupts nothing is none.
        if _bits(start, end) & ~opened:
            raise UnclearError
        opened &= ~_bits(start, end)
    return opened


def _bits(start: int, end: int) -> int:
    """All minutes of a span as bits."""
    return (1 << end) - (1 << start)
