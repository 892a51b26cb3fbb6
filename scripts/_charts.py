"""Small pictures of the worked examples: bars for a terminal, and the same as SVG."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

Rows = Sequence[tuple[str, float]]

BAR_CELLS = 40
# Parts of a cell, from an eighth to seven.
PARTS = " ▏▎▍▌▋▊▉"
WIDTH, ROW, LEFT, RIGHT, TOP = 640, 26, 190, 90, 44
STYLE = (
    "text{font:13px sans-serif;fill:#222}.title{font-weight:bold}.end{text-anchor:end}"
    "rect{fill:#2b6a99}path{fill:none;stroke:#2b6a99;stroke-width:2}circle{fill:#2b6a99}"
    "line{stroke:#ccc}.mid{text-anchor:middle}"
)


def percent(share: float) -> str:
    """Write a share; only everybody is 100 %."""
    return f"{share if share == 1 else min(share, 0.999):.1%}"


def text_bars(rows: Rows, *, show: Callable[[float], str], most: float | None = None) -> str:
    """
    Draw a bar per row for a terminal.

    Parameters
    ----------
    rows
        Labels and values, 0 and more.
    show
        Writes a value.
    most
        Value of the longest bar; the largest of the rows where it is not given.
    """
    most = max((value for _, value in rows), default=0.0) if most is None else most
    wide = max((len(label) for label, _ in rows), default=0)
    return "\n".join(
        f"{label:>{wide}}  {_bar(value / most if most else 0.0):<{BAR_CELLS}} {show(value)}"
        for label, value in rows
    )


def _bar(share: float) -> str:
    eighths = round(8 * BAR_CELLS * min(max(share, 0.0), 1.0))
    return ("█" * (eighths // 8) + PARTS[eighths % 8]).rstrip()


def svg_bars(
    title: str, rows: Rows, *, show: Callable[[float], str], most: float | None = None
) -> str:
    """Draw a bar per row as SVG."""
    most = max((value for _, value in rows), default=0.0) if most is None else most
    parts = []
    for number, (label, value) in enumerate(rows):
        y = TOP + ROW * number
        long = (WIDTH - LEFT - RIGHT) * (value / most if most else 0.0)
        parts += [
            f'<text class="end" x="{LEFT - 8}" y="{y + 13}">{escape(label)}</text>',
            f'<rect x="{LEFT}" y="{y}" width="{long:.1f}" height="{ROW - 9}"/>',
            f'<text x="{LEFT + long + 6:.1f}" y="{y + 13}">{escape(show(value))}</text>',
        ]
    return _svg(title, parts, TOP + ROW * len(rows) + 12)


def svg_curve(
    title: str, points: Sequence[tuple[float, float]], *, x_label: str, show: Callable[[float], str]
) -> str:
    """Draw shares over numbers as SVG: a line through points, each with its share."""
    high = 320
    inner_w, inner_h = WIDTH - 2 * 60, high - TOP - 60
    last = max(x for x, _ in points) or 1.0

    def at(x: float, share: float) -> tuple[float, float]:
        return 60 + inner_w * x / last, TOP + inner_h * (1 - share)

    parts = []
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        _, y = at(0, tick)
        parts.append(f'<line x1="60" x2="{WIDTH - 60}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="end" x="52" y="{y + 4:.1f}">{tick:.0%}</text>')
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in points))
    parts.append(f'<path d="M{corners}"/>')
    for number, share in points:
        x, y = at(number, share)
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
        # Beside the first point stand the shares of the grid.
        place = f'x="{x + 8:.1f}" y="{y + 16:.1f}"'
        if number:
            place = f'class="mid" x="{x:.1f}" y="{y - 10:.1f}"'
        parts.append(f"<text {place}>{escape(show(share))}</text>")
        parts.append(f'<text class="mid" x="{x:.1f}" y="{high - 40}">{number:g}</text>')
    parts.append(f'<text class="mid" x="{WIDTH / 2:.0f}" y="{high - 14}">{escape(x_label)}</text>')
    return _svg(title, parts, high)


def _svg(title: str, parts: Sequence[str], high: float) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {high:.0f}" '
        f'width="{WIDTH}" height="{high:.0f}" role="img">'
    )
    named = (
        f'<title>{escape(title)}</title><style>{STYLE}</style><text class="title" x="12" y="24">'
    )
    ground = f'<path d="M0,0H{WIDTH}V{high:.0f}H0Z" style="fill:#fff;stroke:none"/>'
    return f"{head}{ground}{named}{escape(title)}</text>{''.join(parts)}</svg>\n"


def save(picture: str, path: Path) -> None:
    """Write a picture and say where it lies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(picture, encoding="utf-8", newline="\n")
    print(f"Picture: {path}")
