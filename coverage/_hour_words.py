"""The words of opening hours: what their texts are made of, cut into tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass

from walkcover._cell_values import FULL_WIDTH

DAYS = 7
COLONS = dict.fromkeys(map(ord, "\u2236\ufe30\ufe55"), ":")
DASHES = dict.fromkeys(map(ord, "~\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2500\u301c至到"), "-")

MORNING = ("上午", "早上", "早晨", "清晨", "早")
NOON = ("中午",)
AFTERNOON = ("下午", "午后", "傍晚")
EVENING = ("晚上", "晚间", "夜间", "夜里", "晚", "夜")
NIGHT = ("凌晨",)
WEEKDAYS = {day: number for number, day in enumerate("一二三四五六日")} | {"天": 6}
WEEKDAYS |= {str(number + 1): number for number in range(DAYS)}
WEEKDAYS |= {day: number for number, day in enumerate(("mo", "tu", "we", "th", "fr", "sa", "su"))}

_PERIOD = "|".join((*MORNING, *NOON, *AFTERNOON, *EVENING, *NIGHT))
_TIME = (
    r"(?P<hour{0}>\d{{1,2}})(?:(?P<mark{0}>[:.])(?P<minute{0}>\d\d)(?::\d\d)?"
    r"|(?P<word{0}>[点时])(?:(?P<half{0}>半)|(?P<part{0}>\d{{1,2}})分?|整|钟)?)?(?![\d:.])"
)
_SPAN = (
    rf"(?P<period1>{_PERIOD})?:? ?{_TIME.format(1)}-(?P<next>次日|翌日|第二天|隔天)?"
    rf"(?P<period2>{_PERIOD})?:? ?{_TIME.format(2)}"
)
_DIGIT = r"[1-7](?![\d:.点时])"
_CHINESE = (
    rf"(?:周|星期|礼拜)(?:[一二三四五六日天]+|{_DIGIT})"
    rf"(?:-(?:周|星期|礼拜)?(?:[一二三四五六日天]|{_DIGIT}))?"
    r"(?:、[一二三四五六日天]+)*"
)
_ENGLISH = (
    r"(?:mo(?:n(?:day)?)?|tu(?:e(?:s(?:day)?)?)?|we(?:d(?:nesday)?)?|th(?:u(?:r(?:s(?:day)?)?)?)?"
    r"|fr(?:i(?:day)?)?|sa(?:t(?:urday)?)?|su(?:n(?:day)?)?)(?![a-z])"
)
_HOLIDAY = r"(?:国家|国定)?(?:法定)?节?假日"
_ALL = "每日|每天|天天|全周|全年无休|常年不停|无休|daily|every ?day"
_WORKING = "工作日|平日|weekdays?"
_WEEKEND = "周末|双休日|休息日|weekends?"
_DAY = rf"(?:{_HOLIDAY}|{_ALL}|{_WORKING}|{_WEEKEND}|{_CHINESE})"
# Lists of OpenStreetMap go by commas; those of Chinese texts do not here, since there a comma may
# as well stand between two rules.
_ENGLISH_DAY = rf"(?:{_ENGLISH}(?:-{_ENGLISH})?|[ps]h(?![a-z]))"
_DAYS = rf"(?:{_DAY}(?:[、和及与/]{_DAY})*|{_ENGLISH_DAY}(?:, ?{_ENGLISH_DAY})*)"
_CLOSED = (
    r"休息|(?:暂停|停止)(?:采样|服务|营业|开放)?|停业|停采|关闭|不(?:采样|开放|营业|服务|上班)"
    r"|off(?![a-z])|closed"
)
_TOKENS = re.compile(
    "|".join(
        f"(?P<{kind}>{pattern})"
        for kind, pattern in (
            (
                "remark",
                rf"(?:含|包括|包含){_HOLIDAY}"
                rf"|{_HOLIDAY}(?:均|都|也)?(?:不休息?|无休|照常|正常)(?:开放|营业|采样|上班)?|对外",
            ),
            ("except", rf"除了?{_DAYS}以?外|{_DAYS}除外"),
            ("days", _DAYS),
            ("whole", r"(?:全天候?|全日)?24(?:小时|h(?:ours?|rs?)?(?![a-z])|/7)|全天候?|全日"),
            ("pause", "午休|中午休息"),
            ("closed", _CLOSED),
            ("span", _SPAN),
            (
                "label",
                r"(?:营业|工作|采样|服务|开放)时间:?|(?:营业|采样|服务|开放)(?!时间)",
            ),
            ("gap", r"[ ;,、。()\[\]【】|和及与]+"),
        )
    )
)
DAY_ITEM = re.compile(
    rf"(?P<holiday>{_HOLIDAY}|[ps]h(?![a-z]))|(?P<all>{_ALL})|(?P<working>{_WORKING})"
    rf"|(?P<weekend>{_WEEKEND})|(?P<chinese>{_CHINESE})"
    rf"|(?P<first>{_ENGLISH})(?:-(?P<last>{_ENGLISH}))?"
)
# A semicolon in place of a colon (17;00): neither digits nor colons before and behind.
_SLIP = re.compile(r"(?<![\d:.])(\d{1,2});(\d\d)(?![\d:.])")


class UnclearError(ValueError):
    """The text has no reading that is certain enough."""


@dataclass(frozen=True)
class Token:
    """One piece of the text; `replaces` marks days behind a semicolon of OpenStreetMap."""

    kind: str
    text: str
    match: re.Match[str]
    replaces: bool = False


def plain_text(text: str) -> str:
    """One spelling of colons, dashes, blanks and letters."""
    plain = text.translate(FULL_WIDTH).translate(COLONS).translate(DASHES).lower()
    plain = re.sub(r"\bto\b", "-", plain)
    plain = re.sub(r"\s+", " ", plain).strip()
    # Twice the same sign is one.
    return re.sub(r" ?:(?: ?:)* ?", ":", re.sub(r" ?-(?: ?-)* ?", "-", plain))


def cut(plain: str) -> list[Token]:
    """Cut a text into what is known; anything else makes it unclear."""
    tokens: list[Token] = []
    place = 0
    gap = ""
    while place < len(plain):
        match = _TOKENS.match(plain, place)
        if match is None or match.lastgroup is None:
            raise UnclearError
        place = match.end()
        # The groups of a span lie inside its own, which closes last.
        kind = match.lastgroup
        if kind == "gap":
            gap = match.group()
        elif kind != "label":
            replaces = kind == "days" and ";" in gap and match.group()[0].isascii()
            tokens.append(Token(kind, match.group(), match, replaces))
            gap = ""
    return tokens


def mend(plain: str) -> tuple[str, list[str]]:
    """Put colons in place of semicolons within times; also give a remark for each."""
    slips = [f"{slip.group()} is read as {slip[1]}:{slip[2]}" for slip in _SLIP.finditer(plain)]
    return _SLIP.sub(r"\1:\2", plain), slips
