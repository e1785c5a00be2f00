"""Masked names and the glyphs cut out of the font."""

import pytest

from firmware import glyphs
from firmware.terminal import pages
from firmware.terminal.screen import titles, words
from firmware.terminal.screen.glyph_rows import Rows
from protocols.driver_code.masked_name import GLYPHS, glyphs_of, masked


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("王小明", "王**"),
        ("李四", "李*"),
        ("欧阳修", "欧阳*"),
        ("欧阳", "欧*"),
        ("司马相如", "司马**"),
        ("买买提·吐尔逊", "买***"),
        (" 张 ", "张"),
        ("", ""),
    ],
)
def test_only_the_surname_is_left(name, shown):
    assert masked(name) == shown


def test_the_glyphs_of_a_name():
    rows = glyphs_of("王*")
    assert (
        len(rows) == 64
        and rows[:32] == bytes.fromhex(GLYPHS["王"])
        and rows[32:] == bytes.fromhex(GLYPHS["*"])
    )
    assert glyphs_of("龘") == bytes.fromhex(GLYPHS["□"])
    assert len(glyphs_of("王" * 9)) == 128


def test_every_word_of_the_screen_has_its_glyphs():
    page = pages.use("glyphs")
    source = Rows()
    texts = [
        *words.STATE_WORDS,
        *(v for m in (words, titles) for v in vars(m).values() if isinstance(v, bytes)),
    ]
    checked = 0
    for text in texts:
        if len(text) == 32:
            continue  # an icon
        for character in text.decode("gbk"):
            code = character.encode("gbk")
            rows = page.narrow(source, code[0]) if len(code) == 1 else page.wide(source, *code)
            assert character in " \n" or (any(rows) and rows not in (page.BOX, page.NARROW_BOX)), character
            checked += 1
    assert checked > 40


def test_provinces_and_plate_words_are_there_and_others_are_boxes():
    page = pages.use("glyphs")
    source = Rows()
    for character in glyphs.PROVINCES + glyphs.PLATE_WORDS:
        assert page.wide(source, *character.encode("gbk")), character
    box = page.compose("龘".encode("gbk"), source)[0]
    assert bytes(box) == page.BOX and page.narrow(source, 0x7F) == page.NARROW_BOX
    assert page.wide(source, 0xFF, 0) is None and len(page.BOX) == 32 and len(page.NARROW_BOX) == 16


@pytest.mark.skipif(
    not glyphs.FONT.exists(), reason="GNU Unifont is not here (Debian: unifont; or UNIFONT_HEX)"
)
def test_the_glyphs_are_fresh():
    font = glyphs.load(glyphs.FONT)
    assert glyphs.SCREEN.read_text("utf-8") == glyphs.screen_module(font)
    assert glyphs.SURNAMES.read_text("utf-8") == glyphs.surname_module(font)
