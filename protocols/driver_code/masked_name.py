"""A driver's name as the screen may show it: the surname, the rest starred; drawn here, not there."""

from __future__ import annotations

from protocols.freight import masking

from .surname_glyphs import GLYPHS

GLYPH_BYTES = 32
NAME_GLYPHS_MAX = 4


def masked(name: str) -> str:
    """`王小明` → `王**`, `欧阳修` → `欧阳*`; at most NAME_GLYPHS_MAX characters."""
    return masking.name(name.strip())[:NAME_GLYPHS_MAX]


def glyphs_of(text: str) -> bytes:
    """16×16 glyphs of a masked name, 32 bytes each; a character that is no known surname becomes a box."""
    return b"".join(bytes.fromhex(GLYPHS.get(character, GLYPHS["□"])) for character in text[:NAME_GLYPHS_MAX])
