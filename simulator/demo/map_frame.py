"""What surrounds the tracks on the map: projection, style, grid, title, legend, scale. Knows no truck."""

from __future__ import annotations

from math import cos, floor, log10, radians
from typing import Final
from xml.sax.saxutils import escape

from ..fleet.geometry import METRES_PER_DEGREE, Bounds

WIDTH: Final = 1400
HEAD: Final = 110  # title
FOOT: Final = 120  # legend, scale, notes
_HEIGHT_MAX: Final = 1100
STYLE: Final = """\
text{font-family:system-ui,"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;fill:#243040}
.title{font-size:27px;font-weight:600}.sub{font-size:16px;fill:#5a6a7c}.note{font-size:13px;fill:#5a6a7c}
.town{font-size:14px;paint-order:stroke;stroke:#fbfaf7;stroke-width:3px;stroke-opacity:.75}
.dot{fill:#fff;stroke:#243040;stroke-width:1.5}.grid{stroke:#dfe3e6;stroke-width:1}
.deg{font-size:11px;fill:#93a0ad}.casing{stroke:#c9b48a;stroke-width:9}.road{stroke:#fff3d6;stroke-width:6}
.casing,.road,.tunnel{fill:none;stroke-linejoin:round;stroke-linecap:round}
.tunnel{stroke:#4a4f57;stroke-width:6;stroke-dasharray:5 4;stroke-linecap:butt}
.shield{fill:#1f7a4d}.number{font-size:12px;font-weight:700;fill:#fff;text-anchor:middle}
.live,.late,.blind{fill:none;stroke-linecap:round}.live{stroke-width:4.5}.own{stroke-width:8}.late{stroke-width:9}
.blind{stroke:#fff;stroke-width:5}"""


class Projection:
    """Degrees to pixels: equirectangular, true to scale at the middle latitude; a province needs no more."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self._squeeze = cos(radians((bounds.south + bounds.north) / 2))
        wide = (bounds.east - bounds.west) * self._squeeze
        self.pixels_per_degree = min(WIDTH / wide, _HEIGHT_MAX / (bounds.north - bounds.south))
        self.height = round((bounds.north - bounds.south) * self.pixels_per_degree)
        self._left = (WIDTH - wide * self.pixels_per_degree) / 2

    def x(self, longitude: float) -> float:
        """Pixels from the left edge."""
        return self._left + (longitude - self.bounds.west) * self._squeeze * self.pixels_per_degree

    def y(self, latitude: float) -> float:
        """Pixels from the top edge."""
        return HEAD + (self.bounds.north - latitude) * self.pixels_per_degree

    def at(self, latitude: float, longitude: float) -> str:
        """`x y` for a path."""
        return f"{self.x(longitude):.1f} {self.y(latitude):.1f}"


def grid(projection: Projection) -> list[str]:
    """Lines of round degrees, with their figures."""
    bounds = projection.bounds
    step = _round_step((bounds.east - bounds.west) / 6)
    marks = []
    for i in range(floor(bounds.west / step) + 1, floor(bounds.east / step) + 1):
        x = projection.x(i * step)
        marks.append(f'<path class="grid" d="M{x:.1f} {HEAD}v{projection.height}"/>')
        marks.append(f'<text class="deg" x="{x + 3:.1f}" y="{HEAD + 12}">{i * step:g}°E</text>')
    for i in range(floor(bounds.south / step) + 1, floor(bounds.north / step) + 1):
        y = projection.y(i * step)
        marks.append(f'<path class="grid" d="M0 {y:.1f}h{WIDTH}"/>')
        marks.append(f'<text class="deg" x="4" y="{y - 3:.1f}">{i * step:g}°N</text>')
    return marks


def _round_step(wanted: float) -> float:
    """The 1, 2 or 5 times a power of ten next below `wanted`."""
    power = 10.0 ** floor(log10(wanted))
    return max(step * power for step in (1, 2, 5) if step * power <= wanted)


def heading(subtitle: str) -> list[str]:
    """The title in both languages, and below it what the run was."""
    return [
        f'<rect width="{WIDTH}" height="{HEAD - 8}" fill="#fbfaf7"/>',
        '<text class="title" x="28" y="46">滇运边缘 · 监测系统收到的车辆轨迹'
        " — Dianyun Edge: tracks received by the authority</text>",
        f'<text class="sub" x="28" y="76">{escape(subtitle)}</text>',
    ]


def legend(projection: Projection, terminals: int, positions: int, height: int) -> list[str]:
    """What the signs mean, how much there is, on which datum, and a scale. height: of the whole image."""
    top = height - FOOT
    row = top + 42
    entries = (
        ('<path class="casing" d="M0 0h44"/><path class="road" d="M0 0h44"/>', "高速公路 expressway"),
        ('<path class="tunnel" d="M0 0h44"/>', "隧道 tunnel"),
        ('<path class="live" stroke="#1b6fa8" d="M8 0h0M22 0h0M36 0h0"/>', "实时 live"),
        (
            '<g stroke="#1b6fa8"><path class="late" d="M10 0h0M32 0h0"/>'
            '<path class="blind" d="M10 0h0M32 0h0"/></g>',
            "盲区补报 backfilled",
        ),
        ('<path class="live own" stroke="#c2185b" d="M8 0h0M22 0h0M36 0h0"/>', "真实固件 real firmware"),
    )
    drawn = [f'<rect y="{top + 8}" width="{WIDTH}" height="{FOOT - 8}" fill="#fbfaf7"/>']
    for column, (symbol, label) in enumerate(entries):
        x = 28 + column * 205
        drawn.append(f'<g transform="translate({x} {row})">{symbol}</g>')
        drawn.append(f'<text class="note" x="{x + 54}" y="{row + 5}">{label}</text>')
    note = (
        f"{terminals} 台终端 terminals · {positions} 条位置 positions · 坐标系 WGS-84"
        "（未偏移 not shifted to GCJ-02） · 路线为示意 roads are our own approximation, not for navigation"
    )
    return [*drawn, f'<text class="note" x="28" y="{row + 44}">{note}</text>', *_scale(projection, row)]


def _scale(projection: Projection, row: int) -> list[str]:
    """A bar of a round number of kilometres, at most about a sixth of the width."""
    pixels_per_km = projection.pixels_per_degree / (METRES_PER_DEGREE / 1000)
    kilometres = _round_step(WIDTH / 6 / pixels_per_km)
    length = kilometres * pixels_per_km
    x = WIDTH - 40 - length
    return [
        f'<path d="M{x:.1f} {row - 6}v6h{length:.1f}v-6" fill="none" stroke="#243040" stroke-width="2"/>',
        f'<text class="note" x="{x + length / 2:.1f}" y="{row + 18}" text-anchor="middle">'
        f"{kilometres:g} km</text>",
    ]
