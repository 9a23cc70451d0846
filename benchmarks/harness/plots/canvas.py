"""A sheet of SVG: shapes in the colours of the reader's light or dark page, nothing fetched."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

WIDTH = 760
SERIES = 6
CHARACTER_PX = 6.7
"""How wide a character of the plain text is on average."""

_STYLE = """
svg { --paper: #ffffff; --ink: #1f2328; --soft: #59636e; --rule: #dfe4e9;
  --s0: #0969da; --s1: #bc4c00; --s2: #1a7f37; --s3: #8250df; --s4: #cf222e; --s5: #6e7781; }
@media (prefers-color-scheme: dark) { svg { --paper: #0d1117; --ink: #e6edf3; --soft: #9198a1;
  --rule: #2b323b; --s0: #58a6ff; --s1: #f0883e; --s2: #3fb950; --s3: #bc8cff; --s4: #ff7b72;
  --s5: #8b949e; } }
text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: var(--ink); }
.title { font-size: 15px; font-weight: 600; } .soft { fill: var(--soft); font-size: 11.5px; }
.right { text-anchor: end; } .middle { text-anchor: middle; }
.rule { stroke: var(--rule); } .axis { stroke: var(--soft); }
.anchor { stroke: var(--soft); stroke-dasharray: 4 3; } .whisker { stroke: var(--ink); }
.curve { fill: none; stroke-width: 2; stroke-linejoin: round; }
"""


@dataclass(slots=True)
class Canvas:
    """Collects shapes from the top left corner, in px; `height` is settled by the drawing."""

    height: float
    _parts: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, words: str, style: str = "") -> None:
        """Write words; y is their foot."""
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}"{_class(style)}>{escape(words, quote=False)}</text>'
        )

    def line(self, start: tuple[float, float], end: tuple[float, float], style: str) -> None:
        """Draw a straight line."""
        (x1, y1), (x2, y2) = start, end
        self._parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"{_class(style)}/>'
        )

    def rect(self, corner: tuple[float, float], size: tuple[float, float], series: int) -> None:
        """Fill a rectangle in a series' colour."""
        (x, y), (width, height) = corner, size
        self._parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{height:.1f}" '
            f'rx="1.5" fill="{colour(series)}"/>'
        )

    def dot(self, x: float, y: float, series: int) -> None:
        """Draw a point of a curve."""
        self._parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour(series)}"/>')

    def curve(self, points: Sequence[tuple[float, float]], series: int) -> None:
        """Draw a line through points."""
        through = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._parts.append(
            f'<polyline class="curve" points="{through}" stroke="{colour(series)}"/>'
        )

    def to_svg(self, title: str) -> str:
        """Write the sheet as a file's text; `title` is for who cannot see it."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height:.0f}" '
            f'width="{WIDTH}" height="{self.height:.0f}" role="img">'
        )
        paper = f'<rect width="{WIDTH}" height="{self.height:.0f}" rx="6" fill="var(--paper)"/>'
        style = f"<style>{_STYLE}</style>"
        name = f"<title>{escape(title)}</title>"
        return "\n".join([head, name, style, paper, *self._parts, "</svg>", ""])


def colour(series: int) -> str:
    """Name the colour of a series."""
    return f"var(--s{series % SERIES})"


def _class(style: str) -> str:
    return f' class="{style}"' if style else ""
