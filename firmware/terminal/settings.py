"""What a terminal is told before it starts: who it is, where it reports, how often. Nothing is read here.

The names, their defaults and their limits are those of the page `settings`.
"""

from protocols.wire.bcd import digits_to_bcd
from protocols.wire.header import EDITION_2019, PHONE_BYTES, PHONE_BYTES_2019

from . import pages


class Settings:
    """The values of DEFAULTS (page `settings`) as attributes, given by keyword.

    Raises LocalProtocolError for an unknown name or a value that cannot be sent.
    """

    def __init__(self, **values):
        pages.use("settings").fill(self, values)

    def phone_bytes(self):
        """The phone number as it stands in the header of this edition."""
        width = PHONE_BYTES_2019 if self.edition == EDITION_2019 else PHONE_BYTES
        return digits_to_bcd(self.phone, width)

    def registration(self):
        """The wire values of 0x0100, texts padded behind with NUL to the widths of the edition."""
        return pages.use("settings").registration(self)

    def authentication(self, code):
        """The wire values of 0x0102 with this code."""
        return pages.use("settings").authentication(self, code)
