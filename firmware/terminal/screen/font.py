"""Breaks and measures lines: text is GBK bytes; a line becomes rows of glyphs and their widths."""

NARROW = 1  # bytes a row
WIDE = 2
GLYPH_ROWS = 16


def given(rows):
    """(rows, widths) of 16×16 glyphs that are there already."""
    return rows, bytes((WIDE,)) * (len(rows) // (WIDE * GLYPH_ROWS))


def length_px(widths, pen):
    """How long a line is; pen: pixels of a narrow glyph, 8 or less where it is tight."""
    length = 0
    for width in widths:
        length += width * pen
    return length


def cut(text, start, width, pen=8):
    """Where the line that begins at `start` ends: (end of what is drawn, begin of the next line)."""
    at = start
    length = 0
    while at < len(text):
        byte = text[at]
        if byte == 0x0A:
            return at, at + 1
        step = 1 if byte < 0x80 else 2
        length += pen * step
        if length > width:
            return at, at
        at = min(at + step, len(text))
    return at, at
