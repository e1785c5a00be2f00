"""Page: the glyphs of the screen (made by `firmware/glyphs.py`), put together to lines.

What has no glyph is a box: nobody is to take silence for an empty text.
"""

from ..screen.font import NARROW, WIDE, given, length_px
from ..screen.glyphs import CODES, NARROW_ROWS, PART, WIDE_ROWS

BOX = b"\x00\x00\x00\x00" + b"\x1f\xf8" + b"\x10\x08" * 9 + b"\x1f\xf8" + b"\x00\x00" * 3
NARROW_BOX = b"\x00\x00\x00\x00\x7e" + b"\x42" * 8 + b"\x7e\x00\x00"


def compose_all(planned):
    """Makes of the items of a plan (see `fields`) lines: (x, y, scale, ink, rows, widths, pen)."""
    for part in planned:
        part[7] = [_line(item) for item in part[7]]


def compose(text):
    """(rows of all glyphs one behind the other, a byte NARROW or WIDE for each) of a GBK text."""
    rows = bytearray()
    widths = bytearray()
    at = 0
    while at < len(text):
        if text[at] < 0x80:
            rows.extend(narrow(text[at]))
            widths.append(NARROW)
            at += 1
        else:
            rows.extend(wide(text[at], text[at + 1] if at + 1 < len(text) else 0))
            widths.append(WIDE)
            at += 2
    return rows, widths


def narrow(code):
    """The 16 bytes of an ASCII character."""
    if not 0x20 <= code <= 0x7E:
        return NARROW_BOX
    at = 16 * ((code - 0x20) % PART)
    return NARROW_ROWS[(code - 0x20) // PART][at : at + 16]


def wide(high, low):
    """The 32 bytes of a GBK character, found by halving the ascending codes."""
    wanted = high << 8 | low
    least = 0
    most = len(CODES) // 2
    while least < most:
        middle = (least + most) // 2
        code = CODES[2 * middle] << 8 | CODES[2 * middle + 1]
        if code == wanted:
            at = 32 * (middle % PART)
            return WIDE_ROWS[middle // PART][at : at + 32]
        if code < wanted:
            least = middle + 1
        else:
            most = middle
    return BOX


def _line(item):
    """An item with its glyphs, centred if its width is positive."""
    x, y, width, scale, ink, text, glyphs, pen = item
    rows, widths = compose(text) if glyphs is None else given(glyphs)
    if width > 0:
        x += max(0, width - scale * length_px(widths, pen)) // 2
    return x, y, scale, ink, rows, widths, pen
