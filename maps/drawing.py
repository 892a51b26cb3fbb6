"""A small drawing in plain shapes, written as SVG for pages and as PNG for documents."""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

# A corner in pixels of the drawing, from its upper left.
Point = tuple[float, float]
Line = tuple[Point, ...]
# Outline first, then its holes.
Area = tuple[Line, ...]

TEXT_COLOUR, TEXT_PX = "#555d66", 11
# Pixels of a PNG across: 260 dots an inch over the width of an A4 page.
PNG_WIDTH = 1800
# Pillow draws hard edges; each pixel is the mean of so many squared.
OVERSAMPLING = 2


@dataclass(frozen=True)
class Look:
    """Colours of a kind of shape; widths and dashes in pixels of the drawing."""

    stroke: str = ""
    width: float = 1.0
    fill: str = ""
    opacity: float = 1.0
    dash: tuple[float, float] | None = None


LOOKS = {
    "water": Look(fill="#d3dee5"),
    "river": Look(stroke="#d3dee5", width=2.0),
    "street": Look(stroke="#c9ced4"),
    "zone": Look(stroke="#6a717a", dash=(4.0, 3.0)),
    "gap": Look(fill="#e66101", opacity=0.3, stroke="#b34700"),
    "old": Look(fill="#ffffff", stroke="#1d2329", width=1.6),
    "new": Look(fill="#1d2329", stroke="#ffffff", width=0.8),
    "grid": Look(stroke="#e3e7eb"),
    "curve": Look(stroke="#08519c", width=2.0),
    "bar": Look(fill="#9ecae1"),
    "later": Look(stroke="#b34700", width=2.0),
    "quiet": Look(stroke="#8a929b", width=2.0),
    "limit": Look(stroke="#1d2329", width=1.4, dash=(6.0, 4.0)),
    "drive": Look(stroke="#08519c", width=1.8),
    "left": Look(fill="#e66101", stroke="#ffffff", width=0.8),
}


@dataclass(frozen=True)
class Lines:
    """Lines of a kind of `LOOKS`."""

    kind: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Areas:
    """Areas of a kind of `LOOKS`, with their holes."""

    kind: str
    areas: tuple[Area, ...]


@dataclass(frozen=True)
class Mark:
    """A place: a circle, or a square, so many pixels across."""

    kind: str
    form: Literal["circle", "square"]
    at: Point
    size: float = 8.0


@dataclass(frozen=True)
class Label:
    """Figures at a place; no words, so that a PNG needs no font that holds them."""

    text: str
    at: Point
    anchor: Literal["middle", "end"]


@dataclass(frozen=True)
class Drawing:
    """
    Shapes, the lower ones first, with what is said to those who cannot see them.

    Examples
    --------
    >>> drawing = Drawing("Curve", 20, 10, (Lines("grid", (((0, 5), (20, 5)),)),))
    >>> str(drawing.svg())[:57]
    '<svg viewBox="0 0 20 10" role="img"><title>Curve</title><'
    >>> drawing.png()[1:4]
    b'PNG'
    """

    title: str
    width: int
    height: int
    shapes: tuple[Lines | Areas | Mark | Label, ...]

    def svg(self) -> Markup:
        """
        Write the drawing for a page.

        Returns
        -------
        svg
            An inline drawing that carries its own colours, so that any program shows the same.
        """
        head = f'<svg viewBox="0 0 {self.width} {self.height}" role="img">'
        title = f"<title>{escape(self.title)}</title>"
        return Markup(f"{head}{title}{''.join(map(_svg_of, self.shapes))}</svg>")

    def png(self, *, width_px: int = PNG_WIDTH) -> bytes:
        """
        Paint the drawing for a document that holds pictures of pixels only.

        Parameters
        ----------
        width_px
            Pixels across.

        Returns
        -------
        png
            The file, the same bytes for the same drawing.
        """
        from PIL import Image, ImageDraw

        scale = width_px * OVERSAMPLING / self.width
        size = (width_px * OVERSAMPLING, round(self.height * scale / OVERSAMPLING) * OVERSAMPLING)
        image = Image.new("RGB", size, "#ffffff")
        brush = ImageDraw.Draw(image)
        for shape in self.shapes:
            _paint(shape, image, brush, scale)
        file = io.BytesIO()
        image.reduce(OVERSAMPLING).save(file, "PNG", optimize=True)
        return file.getvalue()


def _svg_of(shape: Lines | Areas | Mark | Label) -> str:
    if isinstance(shape, Label):
        x, y = shape.at
        return (
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{shape.anchor}" font-size="{TEXT_PX}" '
            f'font-family="sans-serif" fill="{TEXT_COLOUR}">{escape(shape.text)}</text>'
        )
    look = _svg_look(shape.kind)
    if isinstance(shape, Mark):
        (x, y), half = shape.at, shape.size / 2
        if shape.form == "circle":
            return f'<circle {look} cx="{x:.1f}" cy="{y:.1f}" r="{half:g}"/>'
        side = f'width="{shape.size:g}" height="{shape.size:g}"'
        return f'<rect {look} x="{x - half:.1f}" y="{y - half:.1f}" {side}/>'
    lines = shape.lines if isinstance(shape, Lines) else itertools.chain(*shape.areas)
    steps = "".join("M" + " ".join(f"{x:.1f},{y:.1f}" for x, y in line) for line in lines)
    return f'<path {look} d="{steps}"/>' if steps else ""


def _svg_look(kind: str) -> str:
    look = LOOKS[kind]
    parts = [f'class="{kind}"', f'fill="{look.fill or "none"}"']
    if look.opacity < 1:
        parts.append(f'fill-opacity="{look.opacity:g}"')
    if look.fill:
        parts.append('fill-rule="evenodd"')
    if look.stroke:
        parts.append(f'stroke="{look.stroke}" stroke-width="{look.width:g}"')
    if look.dash:
        parts.append(f'stroke-dasharray="{look.dash[0]:g} {look.dash[1]:g}"')
    return " ".join(parts)


def _paint(
    shape: Lines | Areas | Mark | Label,
    image: Image.Image,
    brush: ImageDraw.ImageDraw,
    scale: float,
) -> None:
    """Paint a shape; `scale` is pixels of the image to one of the drawing."""
    from PIL import ImageFont

    if isinstance(shape, Label):
        anchor = {"middle": "ms", "end": "rs"}[shape.anchor]
        font = ImageFont.load_default(TEXT_PX * scale)
        place = (shape.at[0] * scale, shape.at[1] * scale)
        brush.text(place, shape.text, fill=TEXT_COLOUR, font=font, anchor=anchor)
        return
    look = LOOKS[shape.kind]
    thick = max(1, round(look.width * scale))
    if isinstance(shape, Mark):
        # The stroke of an SVG lies half inside its outline, that of Pillow all inside.
        (x, y), half = shape.at, (shape.size + look.width) / 2
        box = [(x - half) * scale, (y - half) * scale, (x + half) * scale, (y + half) * scale]
        draw = brush.ellipse if shape.form == "circle" else brush.rectangle
        draw(box, fill=look.fill or None, outline=look.stroke or None, width=thick)
        return
    if isinstance(shape, Areas) and look.fill:
        mask = _mask(shape.areas, image.size, scale).point(lambda v: round(v * look.opacity))
        image.paste(look.fill, (0, 0), mask)
    if look.stroke:
        lines = shape.lines if isinstance(shape, Lines) else itertools.chain(*shape.areas)
        for line in lines:
            for piece in _dashes(line, look.dash) if look.dash else [line]:
                corners = [(x * scale, y * scale) for x, y in piece]
                brush.line(corners, fill=look.stroke, width=thick, joint="curve")


def _mask(areas: tuple[Area, ...], size: tuple[int, int], scale: float) -> Image.Image:
    """Mark what lies in any of the areas and in no hole of it."""
    from PIL import Image, ImageChops, ImageDraw

    whole = Image.new("L", size)
    for outline, *holes in areas:
        left, top = (max(0, math.floor(min(c) * scale) - 1) for c in zip(*outline, strict=True))
        right, low = (math.ceil(max(c) * scale) + 2 for c in zip(*outline, strict=True))
        box = (left, top, max(left + 1, min(size[0], right)), max(top + 1, min(size[1], low)))
        part = Image.new("L", (box[2] - left, box[3] - top))
        brush = ImageDraw.Draw(part)
        for ring, value in ((outline, 255), *((hole, 0) for hole in holes)):
            brush.polygon([(x * scale - left, y * scale - top) for x, y in ring], fill=value)
        whole.paste(ImageChops.lighter(whole.crop(box), part), box)
    return whole


def _dashes(line: Line, dash: tuple[float, float]) -> Iterator[Line]:
    """Cut a line into its dashes."""
    at, drawn, piece = 0.0, True, [line[0]]
    for start, end in itertools.pairwise(line):
        length = math.dist(start, end)
        done = 0.0
        while length - done > dash[not drawn] - at:
            done += dash[not drawn] - at
            part = done / length
            cut = (start[0] + part * (end[0] - start[0]), start[1] + part * (end[1] - start[1]))
            if drawn:
                yield (*piece, cut)
            at, drawn, piece = 0.0, not drawn, [cut]
        at += length - done
        piece.append(end)
    if drawn and len(piece) > 1:
        yield tuple(piece)
