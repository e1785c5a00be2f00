"""Page: the glyphs of the screen (made by `firmware/glyphs.py`), put together to lines.

The program has those that its own words need. Others are read from a font on flash, where somebody has put
one (`python -m firmware.glyphs --gb2312`). What has no glyph is a box: nobody is to take silence for an empty
text.
"""

from ..screen.font import NARROW, WIDE, given, length_px
from ..screen.glyph_rows import Rows

BOX = b"\x00\x00\x00\x00" + b"\x1f\xf8" + b"\x10\x08" * 9 + b"\x1f\xf8" + b"\x00\x00" * 3
FONT = "font"  # the file: 32 bytes for each of GB 2312's places, row by row of its table
FONT_FIRST = 0xA1  # of both bytes
FONT_CELLS = 94
NARROW_BOX = b"\x00\x00\x00\x00\x7e" + b"\x42" * 8 + b"\x7e\x00\x00"


def compose_all(planned, store=None):
    """Makes of the items of a plan (see `fields`) lines: (x, y, scale, ink, rows, widths, pen).

    store: its files may hold a font.
    """
    source = Rows()
    font = _font_of(store)
    try:
        for part in planned:
            part[7] = [_line(item, source, font) for item in part[7]]
    finally:
        source.close()
        if font is not None:
            font.close()


def compose(text, source, font=None):
    """(rows of all glyphs one behind the other, a byte NARROW or WIDE for each) of a GBK text.

    source: Rows. font: the open file, None.
    """
    rows = bytearray()
    widths = bytearray()
    at = 0
    while at < len(text):
        if text[at] < 0x80:
            rows.extend(narrow(source, text[at]))
            widths.append(NARROW)
            at += 1
        else:
            low = text[at + 1] if at + 1 < len(text) else 0
            rows.extend(wide(source, text[at], low) or from_font(font, text[at], low) or BOX)
            widths.append(WIDE)
            at += 2
    return rows, widths


def narrow(source, code):
    """The 16 bytes of an ASCII character."""
    return source.narrow(code - 0x20) if 0x20 <= code <= 0x7E else NARROW_BOX


def wide(source, high, low):
    """The 32 bytes of a GBK character, by halving the ascending codes; None when it is not there."""
    wanted = high << 8 | low
    least = 0
    most = len(source.codes) // 2
    while least < most:
        middle = (least + most) // 2
        code = source.codes[2 * middle] << 8 | source.codes[2 * middle + 1]
        if code == wanted:
            return source.wide(middle)
        if code < wanted:
            least = middle + 1
        else:
            most = middle
    return None


def from_font(font, high, low):
    """The 32 bytes that the font has for a character, None when it has none."""
    place = (high - FONT_FIRST) * FONT_CELLS + low - FONT_FIRST
    if font is None or high < FONT_FIRST or not 0 <= low - FONT_FIRST < FONT_CELLS:
        return None
    glyph = bytearray(32)
    try:
        font.seek(32 * place)
        whole = font.readinto(glyph) == 32
    except OSError:
        return None
    return glyph if whole and glyph != bytes(32) else None


def _font_of(store):
    if store is None:
        return None
    try:
        return store.files.open(FONT, False)
    except OSError:
        return None  # nobody has put one there


def _line(item, source, font):
    """An item with its glyphs, centred if its width is positive."""
    x, y, width, scale, ink, text, glyphs, pen = item
    rows, widths = compose(text, source, font) if glyphs is None else given(glyphs)
    if width > 0:
        x += max(0, width - scale * length_px(widths, pen)) // 2
    return x, y, scale, ink, rows, widths, pen
