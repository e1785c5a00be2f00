"""Where things stand on each size of display; how dense the symbol may be there: see `density`.

Written as text, since tuples of numbers would cost the device kilobytes. A display of another size takes the
largest layout that fits it, in its upper left corner.
"""

FIELD_STATE = 0
FIELD_PLATE = 1
FIELD_NAME = 2
FIELD_LICENCE = 3
FIELD_AGE = 4
FIELD_LINK = 5
FIELD_FIX = 6
FIELD_UPDATED = 7  # the word before the age
FIELD_UNTIL = 8  # the word before the end of the licence

# Width and height of a display, its parts, its fields; `;` ends an entry. A part: which (PART_*), x, y,
# width, height. A field: part, which (FIELD_*), x, y, width, scale, pixels of a narrow glyph, lines. A field
# is centred in its width; one of negative width begins at x.
LAYOUTS = (
    (
        296,
        128,
        "1 0 0 128 128; 2 128 0 168 40; 4 128 40 168 48; 8 128 88 168 40",
        "2 1 136 4 -160 2 8 1; 4 0 136 48 -64 2 8 1; 4 7 214 47 32 1 8 1; "
        "4 4 250 47 -40 1 8 1; 4 5 214 65 16 1 8 1; 4 6 236 65 16 1 8 1; "
        "8 2 136 90 -64 1 8 1; 8 8 136 109 -48 1 8 1; 8 3 192 109 -88 1 8 1",
    ),
    (
        240,
        240,
        "2 0 0 240 40; 1 0 40 196 200; 4 196 40 44 200",
        "2 1 4 4 -144 2 8 1; 2 2 156 3 -64 1 8 1; 2 3 156 21 -84 1 8 1; "
        "4 0 202 52 32 2 8 2; 4 7 198 142 40 1 8 1; 4 4 198 161 40 1 8 1; "
        "4 5 200 212 16 1 8 1; 4 6 220 212 16 1 8 1",
    ),
    (
        160,
        128,
        "1 0 0 122 128; 4 122 0 38 50; 8 122 50 38 78",
        "4 0 122 1 38 1 8 1; 4 4 122 17 38 1 7 1; 4 5 124 33 16 1 8 1; "
        "4 6 142 33 16 1 8 1; 8 1 122 50 38 1 7 2; 8 2 122 81 38 1 6 1; "
        "8 3 122 97 38 1 7 2",
    ),
)


def parts_of(width, height):
    """The parts of a display's layout, a list of (part, x, y, width, height)."""
    return _entries(_layout(width, height)[2])


def fields_of(width, height):
    """The fields of a display's layout, a list of (part, field, x, y, width, scale, pen, lines)."""
    return _entries(_layout(width, height)[3])


def _layout(width, height):
    for layout in LAYOUTS:
        if layout[0] <= width and layout[1] <= height:
            return layout
    return 0, 0, "", ""  # a display smaller than all of them stays as it is


def _entries(text):
    return [[int(number) for number in entry.split()] for entry in text.split(";") if entry]
