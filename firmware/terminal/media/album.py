"""The pictures on flash: one file each, its name says the number and what is to become of it.

A file is the size of the data (four bytes, written last: 0 is a picture that a power cut ended), the fields
of 0x0801 before the data in their longest form, and the data. A mark is changed by renaming, which is atomic.
"""

import struct

from protocols.wire.bodies import decode_layout, encode_layout, layout_of
from protocols.wire.errors import RemoteProtocolError
from protocols.wire.header import EDITION_2013
from protocols.wire.pages.ids import MSG_MEDIA_DATA
from protocols.wire.pages.media import BODIES

STORED = "s"  # until the place is needed
UPLOAD = "u"  # to be uploaded, and stored then
LAST = "d"  # to be uploaded, and deleted then
TAKING = "n"
PICTURES_MAX = 16
PICTURE_BYTES_MAX = 65536
SIZE_BYTES = 4
SUFFIX = ".p"
NUMBER = "media"  # in the store: the number of the last picture
_TOO_LARGE = 27  # EFBIG


class _Counted:
    """The file that a camera writes: counts, and refuses what is too much."""

    def __init__(self, file):
        self._file = file
        self.count = 0

    def write(self, data):
        """As that of a file. Raises OSError when the picture is larger than PICTURE_BYTES_MAX."""
        self.count += len(data)
        if self.count > PICTURE_BYTES_MAX:
            raise OSError(_TOO_LARGE)
        return self._file.write(data)


class Album:
    """files: the port of ram_files. store: for the number. full: pictures for which there was no room."""

    __slots__ = ("_files", "_store", "full")

    def __init__(self, files, store):
        self._files = files
        self._store = store
        self.full = 0

    def entries(self):
        """(number, mark) of each picture, the oldest first."""
        found = []
        for name in self._files.names():
            if len(name) == 11 and name[8:10] == SUFFIX:
                found.append((int(name[:8], 16), name[10]))
        return sorted(found)

    def clean(self):
        """Forgets pictures that a power cut ended; to be called at the start."""
        for number, mark in self.entries():
            if mark == TAKING or not self.size(number, mark):
                self.remove(number, mark)

    def take(self, camera, values, mark):
        """A new picture of `camera.take(file)`: its number, 0 when there is none. Raises OSError.

        values: the fields of 0x0801 without number and data.
        """
        if not self._make_room():
            self.full += 1
            return 0
        number = (int.from_bytes(self._store.get(NUMBER), "big") & 0xFFFFFFFF) % 0xFFFFFFFF + 1
        self._store.put(NUMBER, struct.pack(">I", number))
        name = _name(number, TAKING)
        file = self._files.open(name, True)
        taken = False
        try:
            values = dict(values)
            values["media_id"] = number
            values["data"] = b""
            file.write(bytes(SIZE_BYTES) + encode_layout(_head(), values))
            counted = _Counted(file)
            taken = camera.take(counted) and counted.count > 0
            file.seek(0)
            file.write(struct.pack(">I", counted.count))
            file.flush()
        finally:
            file.close()
            if not taken:
                self.remove(number, TAKING)
        if not taken:
            return 0
        self.change(number, TAKING, mark)
        return number

    def change(self, number, mark, new):
        """Gives the picture another mark."""
        if new != mark:
            self._files.rename(_name(number, mark), _name(number, new))

    def remove(self, number, mark):
        """Deletes a picture; one that is not there is no fault."""
        try:
            self._files.remove(_name(number, mark))
        except OSError as absent:
            if absent.errno != 2:
                raise

    def size(self, number, mark):
        """Bytes of the data; 0 for a picture that is not whole."""
        buffer = bytearray(SIZE_BYTES)
        self.read(number, mark, 0, buffer)
        return struct.unpack(">I", buffer)[0]

    def values(self, number, mark):
        """The fields of 0x0801 without the data, None for a file that flash has damaged."""
        buffer = bytearray(head_bytes())
        self.read(number, mark, SIZE_BYTES, buffer)
        try:
            return decode_layout(_head(), buffer)
        except RemoteProtocolError:
            return None

    def read(self, number, mark, at, buffer):
        """Fills the buffer from byte `at` of the file. Raises OSError."""
        file = self._files.open(_name(number, mark), False)
        try:
            file.seek(at)
            file.readinto(buffer)
        finally:
            file.close()

    def _make_room(self):
        """When there are too many the oldest goes that nobody waits for. False: all are waited for."""
        entries = self.entries()
        for number, mark in entries:
            if len(entries) < PICTURES_MAX:
                break
            if mark == STORED:
                self.remove(number, mark)
                return True
        return len(entries) < PICTURES_MAX


def head_bytes():
    """Bytes of the fields before the data in the file."""
    return len(encode_layout(_head(), NOTHING))


def _head():
    return layout_of(BODIES, MSG_MEDIA_DATA, EDITION_2013)


def _name(number, mark):
    return "%08x" % number + SUFFIX + mark


NOWHERE = {
    "alarm": 0,
    "status": 0,
    "latitude_udeg": 0,
    "longitude_udeg": 0,
    "altitude_m": 0,
    "speed_dkmh": 0,
    "direction_deg": 0,
    "time_bcd": bytes(6),
}
NOTHING = {"media_id": 0, "type": 0, "format": 0, "event": 0, "channel": 0, "position": NOWHERE, "data": b""}
