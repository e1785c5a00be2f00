"""Page: what is written where, by the display's layout: fields of the view, or the panel over the symbol."""

from ..screen import words
from ..screen.canvas import BLACK, BLUE, GREY, RED, WHITE, YELLOW
from ..screen.font import GLYPH_ROWS, cut
from ..screen.layout import (
    FIELD_AGE,
    FIELD_FIX,
    FIELD_LICENCE,
    FIELD_LINK,
    FIELD_NAME,
    FIELD_PLATE,
    FIELD_STATE,
    FIELD_UPDATED,
    fields_of,
    parts_of,
)
from ..screen.screen import NO_AGE, PART_BAND, PART_SYMBOL
from ..screen.view import SHOWN_BLUE, SHOWN_RED, SHOWN_YELLOW

GROUNDS = {SHOWN_BLUE: BLUE, SHOWN_YELLOW: YELLOW, SHOWN_RED: RED}
TITLE_PX = 20
PITCH_PX = 18  # of the lines of a panel
MARGIN_PX = 3
DATE_PX = 80  # a date in one line


def plan(screen, dirty):
    """What the page `picture` draws: a list of [part, x, y, width, height, ground, title_end, items].

    ground: the part's colour; title_end: the first row below a panel's title. An item: (x, y, width, scale,
    ink, text, glyphs or None, pen); of negative width it begins at x, else it is centred.
    """
    display = screen.display
    planned = []
    for part in parts_of(display.width, display.height):
        if part[0] & dirty:
            fields = Fields(screen, display.format == "mono")
            items = fields.of(part[0], part[1], part[2], part[3], part[4])
            planned.append(part + [fields.ground, fields.title_end, items])
    return planned


class Fields:
    """`of` a part gives its items; then ground and title_end are the part's."""

    def __init__(self, screen, patterned):
        self.ground = WHITE
        self.title_end = 0
        self._screen = screen
        self._patterned = patterned

    def of(self, part, x, y, width, height):
        """The items of a part in this place."""
        screen = self._screen
        if part == PART_SYMBOL:
            screen.view.panel_end = 0
            if screen.view.panel is not None:
                return self._panel(x, y, width, height)
            if screen.size:
                return ()
            text = words.STATE_WORDS[screen.shown]
            return [(x, y + height // 2 - GLYPH_ROWS, width, 2, BLACK, text, None, 8)]
        if part == PART_BAND:
            self.ground = GROUNDS.get(screen.shown, GREY)
        dark = (RED,) if self._patterned else (BLUE, RED, GREY)
        ink = WHITE if self.ground in dark else BLACK
        items = []
        for entry in fields_of(screen.display.width, screen.display.height):
            if entry[0] == part:
                self._field(items, entry, ink)
        return items

    def _field(self, items, entry, ink):
        _, field, x, y, width, scale, pen, lines = entry
        glyphs = self._glyphs_of(field)
        if glyphs is not None:
            items.append((x, y, width, 1, ink, b"", glyphs, pen))
            return
        text = self._text_of(field, width)
        at = 0
        while lines and at < len(text):
            end, begin = _break(field, text, at, abs(width) // scale, pen)
            items.append((x, y, width, scale, ink, text[at:end], None, pen))
            y += GLYPH_ROWS * scale
            at = begin
            lines -= 1

    def _glyphs_of(self, field):
        view = self._screen.view
        if field == FIELD_NAME:
            return view.name
        if field == FIELD_LINK:
            return words.LINK if view.link else words.NO_LINK
        if field == FIELD_FIX:
            return words.FIX if view.fix else words.NO_FIX
        return None

    def _text_of(self, field, width):
        screen = self._screen
        if field == FIELD_STATE:
            return words.STATE_WORDS[screen.shown]
        if field == FIELD_PLATE:
            return screen.view.plate
        if field == FIELD_AGE:
            return _age(screen.age)
        if field == FIELD_LICENCE:
            return _date(screen.view.licence_end, b"-" if abs(width) >= DATE_PX else b"\n")
        return words.UPDATED if field == FIELD_UPDATED else words.UNTIL

    def _panel(self, x, y, width, height):
        """A title, and as many lines as there is room for; the view learns where the next page begins."""
        title, text, at = self._screen.view.panel
        self.title_end = y + TITLE_PX
        items = [(x + MARGIN_PX, y + 2, -width, 1, WHITE, title, None, 8)]
        line = self.title_end + MARGIN_PX
        while at < len(text) and line + GLYPH_ROWS <= y + height:
            end, begin = cut(text, at, width - 2 * MARGIN_PX)
            items.append((x + MARGIN_PX, line, -width, 1, BLACK, text[at:end], None, 8))
            at = begin
            line += PITCH_PX
        self._screen.view.panel_end = at if at < len(text) else 0
        return items


def _break(field, text, at, width, pen):
    """(end of the line, begin of the next); a plate breaks behind its place letters if its rest then fits."""
    if field == FIELD_PLATE and not at and cut(text, 0, width, pen)[0] < len(text):
        for end in (3, 4):
            if cut(text, end, width, pen)[0] == len(text):
                return end, end
    return cut(text, at, width, pen)


def _age(minutes):
    if minutes == NO_AGE:
        return b"--"
    if minutes == 0:
        return words.JUST_NOW
    if minutes < 60:
        return b"%d" % minutes + words.MINUTES
    return b"%d" % (minutes // 60) + words.HOURS if minutes < 1440 else b"%d" % (minutes // 1440) + words.DAYS


def _date(bcd, separator):
    """YYMMDD in BCD as 20YY-MM-DD."""
    if len(bcd) != 3:
        return b"--"
    if bcd == b"\x99\x99\x99":
        return words.ENDLESS
    return b"20%02x" % bcd[0] + separator + b"%02x-%02x" % (bcd[1], bcd[2])
