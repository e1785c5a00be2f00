"""Characters that the program has no glyph for come from a font on flash, or are boxes. Portable."""

from harness import run

from firmware.terminal.pages import glyphs
from firmware.terminal.ram_files import RamFiles
from firmware.terminal.screen.glyph_rows import Rows
from firmware.terminal.store import Store

JAM = b"\xc7\xb0\xb7\xbd\xd3\xb5\xb6\xc2"  # 前方拥堵, in GBK; the program has the first of them only
PLACES = 87 * 94


def place_of(high, low):
    return 32 * ((high - 0xA1) * 94 + low - 0xA1)


def font(*marks):
    """A store whose font has these characters, each filled with its mark."""
    data = bytearray(32 * PLACES)
    for high, low, mark in marks:
        at = place_of(high, low)
        data[at : at + 32] = bytes([mark]) * 32
    files = RamFiles()
    file = files.open(glyphs.FONT, True)
    file.write(bytes(data))
    file.close()
    return Store(files)


def composed(text, store):
    """The glyphs of one line, 32 bytes each."""
    planned = [[0, 0, 0, 0, 0, 0, 0, [(0, 0, 0, 1, 0, text, None, 8)]]]
    glyphs.compose_all(planned, store)
    rows = bytes(planned[0][7][0][4])
    return [rows[at : at + 32] for at in range(0, len(rows), 32)]


def check_what_the_font_has_is_drawn():
    store = font((0xB7, 0xBD, 0x11), (0xD3, 0xB5, 0x22), (0xB6, 0xC2, 0x33), (0xC7, 0xB0, 0x44))
    first, *others = composed(JAM, store)
    assert first == bytes(glyphs.wide(Rows(), 0xC7, 0xB0)), "our own glyph goes first"
    assert others == [b"\x11" * 32, b"\x22" * 32, b"\x33" * 32]


def check_what_nobody_has_is_a_box():
    for store in (None, Store(RamFiles()), font((0xD3, 0xB5, 0x22))):
        line = composed(JAM, store)
        assert line[1] == line[3] == glyphs.BOX
        assert line[2] == (b"\x22" * 32 if store is not None and store.files.names() else glyphs.BOX)
    for text in (b"\x81\x40", b"\xfe\xfe", b"\xb7", b"\xb7\x20"):  # GBK beyond GB 2312; cut; damaged
        assert composed(text, font((0xB7, 0xBD, 0x11)))[0] == glyphs.BOX, text


def check_a_font_that_is_cut_short_or_unreadable_gives_boxes():
    store = font((0xB7, 0xBD, 0x11))
    short = bytes(store.files.contents[glyphs.FONT])[: place_of(0xB7, 0xBD) + 9]
    store.files.contents[glyphs.FONT] = bytearray(short)
    assert composed(JAM, store)[1] == glyphs.BOX


run(globals())
