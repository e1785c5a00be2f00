"""A few small values that outlive a power cut (authentication code, odometer), one file each.

A value is written beside the old one and renamed over it, with its check sum, so a cut leaves one of both.
"""

import binascii
import struct

VALUE_BYTES_MAX = 256
_CHECK_BYTES = 4


class Store:
    """Values by name over the files port (see ram_files). Names are short, of letters."""

    __slots__ = ("files",)

    def __init__(self, files):
        self.files = files

    def get(self, name):
        """The value as bytes; b"" when there is none or it is damaged."""
        buffer = bytearray(VALUE_BYTES_MAX + _CHECK_BYTES)
        try:
            file = self.files.open(name, False)
            count = file.readinto(buffer)
            file.close()
        except OSError:
            return b""
        value = bytes(buffer[_CHECK_BYTES:count])
        return value if count >= _CHECK_BYTES and bytes(buffer[:_CHECK_BYTES]) == _check_of(value) else b""

    def put(self, name, value):
        """Durable when it returns; b"" forgets. Raises OSError (flash) or ValueError (too long)."""
        if len(value) > VALUE_BYTES_MAX:
            raise ValueError("value of %d bytes" % len(value))
        beside = name + ".new"
        try:
            self.files.remove(beside)  # what a cut may have left, perhaps longer than the new value
        except OSError as absent:
            if absent.errno != 2:
                raise
        file = self.files.open(beside, True)
        try:
            file.write(_check_of(value) + value)
            file.flush()
        finally:
            file.close()
        self.files.rename(beside, name)


def _check_of(value):
    return struct.pack(">I", binascii.crc32(value))
