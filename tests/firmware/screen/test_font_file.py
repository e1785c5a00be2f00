"""The font that `python -m firmware.glyphs --gb2312` makes is what the terminal reads."""

from firmware import glyphs
from firmware.terminal.pages import glyphs as page
from firmware.terminal.ram_files import RamFiles


def test_every_character_of_gb2312_lies_where_the_terminal_looks(tmp_path, monkeypatch):
    """With a font of our own making, in which each character's glyph names it."""
    characters = [bytes((high, low)) for high in range(0xA1, 0xF8) for low in range(0xA1, 0xFF)]
    table = {}
    for code in characters:
        try:
            table[code] = ord(code.decode("gb2312"))
        except UnicodeDecodeError:
            continue
    assert len(table) == 7445
    lines = [f"{point:04X}:{point.to_bytes(32, 'big').hex()}" for point in table.values()]
    (tmp_path / "font.hex").write_text("\n".join(lines))
    out = tmp_path / "font"
    arguments = ["glyphs", "--font", str(tmp_path / "font.hex"), "--gb2312", str(out)]
    monkeypatch.setattr("sys.argv", arguments)
    assert glyphs.main() == 0 and out.stat().st_size == 87 * 94 * 32
    files = RamFiles()
    files.open(page.FONT, True).write(out.read_bytes())
    font = files.open(page.FONT, False)
    for code in characters:
        glyph = page.from_font(font, *code)
        assert (glyph and int.from_bytes(glyph, "big")) == table.get(code), code
