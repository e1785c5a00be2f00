"""A driver's name as the screen may show it: the surname, the rest starred; drawn here, not there."""

from __future__ import annotations

from .surname_glyphs import GLYPHS

GLYPH_BYTES = 32
NAME_GLYPHS_MAX = 4
DOUBLE_SURNAMES = frozenset(
    (
        "欧阳",
        "司马",
        "上官",
        "诸葛",
        "东方",
        "皇甫",
        "尉迟",
        "公孙",
        "慕容",
        "令狐",
        "司徒",
        "轩辕",
        "夏侯",
        "端木",
        "独孤",
    )
)


def masked(name: str) -> str:
    """`王小明` → `王**`, `欧阳修` → `欧阳*`; at most NAME_GLYPHS_MAX characters."""
    name = name.strip()
    kept = 2 if len(name) > 2 and name[:2] in DOUBLE_SURNAMES else 1
    return (name[:kept] + "*" * (len(name) - kept))[:NAME_GLYPHS_MAX]


def glyphs_of(text: str) -> bytes:
    """16×16 glyphs of a masked name, 32 bytes each; a character that is no known surname becomes a box."""
    return b"".join(bytes.fromhex(GLYPHS.get(character, GLYPHS["□"])) for character in text[:NAME_GLYPHS_MAX])
