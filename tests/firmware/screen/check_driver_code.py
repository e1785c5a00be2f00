"""The pushed code on the device: taken once, kept over power cuts; older, damaged ones refused. Portable."""

import binascii

from harness import raised, run

from firmware.terminal import pages
from firmware.terminal.clock import DeviceClock
from firmware.terminal.ram_files import RamFiles
from firmware.terminal.screen.screen import KEY_NAME
from firmware.terminal.screen.view import View
from firmware.terminal.settings import Settings
from firmware.terminal.store import Store
from protocols.wire.bodies import encode_layout
from protocols.wire.errors import RemoteProtocolError
from protocols.wire.pages import driver_code as push
from protocols.wire.tables import RESULT_FAILED, RESULT_OK, RESULT_UNSUPPORTED

PLATE = b"\xd4\xc6A12345"


class Cut(Exception):
    """The power went."""


class CutFiles:
    """Files whose power goes at the n-th rename."""

    def __init__(self, files, renames):
        self._files = files
        self.left = renames

    def rename(self, old, new):
        if not self.left:
            raise Cut()
        self.left -= 1
        self._files.rename(old, new)

    def open(self, name, writable):
        return self._files.open(name, writable)

    def remove(self, name):
        self._files.remove(name)


class Truck:
    """What the page needs of a terminal."""

    def __init__(self, files, plate=PLATE):
        self.settings = Settings(servers=[("none", 1)], plate=plate, store=Store(files))
        self.clock = DeviceClock()
        self.view = View(plate)
        self.health = self
        self.notes = []

    def note(self, what, now_ms):
        self.notes.append(what)


def pushed(kind, body, day=2, serial=1, version=push.VERSION):
    issued = b"\x27\x03" + bytes((day, 0x10, 0, 0))
    rest = encode_layout(push.ISSUE, {"kind": kind, "issued_bcd": issued, "serial": serial, "rest": body})
    return encode_layout(push.HEAD, {"version": version, "check": binascii.crc32(rest), "rest": rest})


def code(text=b"DYC1:ABC", **changes):
    values = {
        "colour": push.COLOUR_BLUE,
        "until_bcd": b"\x28\x01\x01\x00\x00\x00",
        "licence_end_bcd": b"\x28\x06\x30",
        "key": 7,
        "plate": PLATE,
        "name": bytes(64),
        "code": text,
    }
    values.update(changes)
    return encode_layout(push.CODE, values)


def colour(value):
    return encode_layout(push.COLOUR, {"colour": value})


def give(truck, content):
    return pages.use("driver_code").push(truck, content, 0)


def restored(files):
    truck = Truck(files)
    pages.use("driver_code").restore(truck)
    return truck.view


def check_a_code_is_shown_and_survives():
    files = RamFiles()
    truck = Truck(files)
    serial = truck.view.serial
    assert give(truck, pushed(push.KIND_CODE, code())) == RESULT_OK
    for view in (truck.view, restored(files)):
        assert view.code == b"DYC1:ABC" and view.colour == push.COLOUR_BLUE and view.key == 7
        assert view.plate == PLATE and view.name == bytes(64) and view.licence_end == b"\x28\x06\x30"
        assert (view.until_day, view.until_second) == (10226, 57600)  # midnight in Beijing, in UTC
    assert truck.view.serial != serial


def check_a_colour_changes_and_refreshes_the_code():
    files = RamFiles()
    truck = Truck(files)
    assert give(truck, pushed(push.KIND_COLOUR, colour(push.COLOUR_RED))) == RESULT_FAILED  # of which code?
    give(truck, pushed(push.KIND_CODE, code(), 2))
    before = truck.view.refreshed_day
    assert give(truck, pushed(push.KIND_COLOUR, colour(push.COLOUR_YELLOW), 3, 2)) == RESULT_OK
    view = restored(files)
    assert view.colour == push.COLOUR_YELLOW and view.code == b"DYC1:ABC" and view.refreshed_day == before + 1


def check_an_older_push_changes_nothing():
    truck = Truck(RamFiles())
    give(truck, pushed(push.KIND_CODE, code(b"NEW"), 3, 10))
    for day, serial in ((2, 99), (3, 9)):
        assert give(truck, pushed(push.KIND_CODE, code(b"OLD"), day, serial)) == RESULT_FAILED
        assert truck.view.code == b"NEW"
    assert (
        give(truck, pushed(push.KIND_CODE, code(b"OLD"), 3, 10)) == RESULT_OK
    )  # said again: nothing happens
    assert truck.view.code == b"NEW"
    assert give(truck, pushed(push.KIND_CODE, code(b"NEXT"), 3, 11)) == RESULT_OK
    assert truck.view.code == b"NEXT"


def check_a_withdrawn_code_is_gone_and_its_push_does_not_bring_it_back():
    files = RamFiles()
    truck = Truck(files)
    first = pushed(push.KIND_CODE, code(), 2, 1)
    give(truck, first)
    assert give(truck, pushed(push.KIND_WITHDRAWN, b"", 2, 2)) == RESULT_OK
    assert truck.view.code == b"" and truck.view.colour == 0 and restored(files).name == b""
    assert give(truck, first) == RESULT_FAILED
    assert give(truck, pushed(push.KIND_COLOUR, colour(1), 2, 3)) == RESULT_FAILED


def check_every_damaged_byte_is_noticed():
    truck = Truck(RamFiles())
    good = pushed(push.KIND_CODE, code())
    for at in range(len(good)):
        bad = bytearray(good)
        bad[at] ^= 1 << at % 8
        raised(RemoteProtocolError, give, truck, bytes(bad))
    for count in range(len(good)):
        raised(RemoteProtocolError, give, truck, good[:count])
    assert truck.view.code == b"" and truck.settings.store.get("code") == b""


def check_whole_pushes_that_make_no_sense():
    truck = Truck(RamFiles())
    for content in (
        pushed(9, b""),
        pushed(push.KIND_CODE, code(), version=3),
        pushed(push.KIND_CODE, code(), day=0x32),
        pushed(push.KIND_CODE, code(b"")),
        pushed(push.KIND_CODE, code(b"A" * (push.CODE_BYTES_MAX + 1))),
        pushed(push.KIND_CODE, code(name=bytes(33))),
        pushed(push.KIND_CODE, code(name=bytes(160))),
        pushed(push.KIND_CODE, code(colour=4)),
        pushed(push.KIND_CODE, code(until_bcd=bytes(6))),
        pushed(push.KIND_WITHDRAWN, b"x"),
    ):
        raised(RemoteProtocolError, give, truck, content)
    assert truck.settings.store.get("code") == b""


def check_the_largest_code_fits_the_store():
    truck = Truck(RamFiles(), b"")
    largest = code(b"A" * push.CODE_BYTES_MAX, plate=b"P" * push.PLATE_BYTES_MAX, name=b"\xff" * 128)
    assert give(truck, pushed(push.KIND_CODE, largest)) == RESULT_OK
    assert restored(truck.settings.store.files).code == b"A" * push.CODE_BYTES_MAX


def check_the_code_of_another_truck_is_refused():
    truck = Truck(RamFiles())
    assert give(truck, pushed(push.KIND_CODE, code(plate=b"\xd4\xc6A54321"))) == RESULT_FAILED
    assert truck.view.code == b""


def check_a_push_from_the_future_does_not_lock_out_the_present():
    truck = Truck(RamFiles())
    truck.clock.set(9922, 7200, 0, 0)  # 2027-03-02 10:00 in Beijing
    assert give(truck, pushed(push.KIND_CODE, code(), 3)) == RESULT_FAILED
    assert give(truck, pushed(push.KIND_CODE, code(), 2)) == RESULT_OK


def check_a_key_is_taken_only_where_that_is_allowed():
    truck = Truck(RamFiles())
    content = pushed(push.KIND_KEY, encode_layout(push.KEY, {"key": 258, "secret": b"k" * 32}))
    assert give(truck, content) == RESULT_UNSUPPORTED and truck.settings.store.get(KEY_NAME) == b""
    truck.view.accepts_keys = True
    assert give(truck, content) == RESULT_OK
    assert truck.settings.store.get(KEY_NAME) == b"\x01\x02" + b"k" * 32


def keyed(key, message):
    """Stands for HMAC-SHA256, which is not everywhere that this runs: 32 bytes that depend on all of both."""
    return b"".join([binascii.crc32(bytes([n]) + key + message).to_bytes(4, "big") for n in range(8)])


def sealed(content, key=b"key", phone=b"13800138000"):
    seal = keyed(key, bytes([push.SEAL_DOMAIN]) + phone + b"\x00" + content)[: push.SEAL_BYTES]
    return bytes([push.SEALED]) + seal + content


def check_a_terminal_that_wants_seals_takes_no_forged_push():
    truck = Truck(RamFiles())
    truck.settings.phone = "013800138000"
    truck.view.seal = (keyed, b"key", True)
    good = pushed(push.KIND_CODE, code())
    assert give(truck, sealed(good)) == RESULT_OK and truck.view.colour == push.COLOUR_BLUE
    yellow = pushed(push.KIND_COLOUR, colour(push.COLOUR_YELLOW), serial=2)
    gone = pushed(push.KIND_WITHDRAWN, b"", serial=3)
    forged = [
        yellow,
        gone,
        sealed(yellow, b"other"),
        sealed(yellow, phone=b"13800138001"),
        sealed(yellow)[:10],
    ]
    forged += [sealed(yellow)[:17] + gone, sealed(yellow)[:5] + b"\x00" + sealed(yellow)[6:], b"\x02", b""]
    for content in forged:
        assert give(truck, content) == RESULT_FAILED, content
        assert truck.view.colour == push.COLOUR_BLUE
    assert truck.notes == [b"a code with a wrong seal, or none"] * len(forged)
    assert give(truck, sealed(yellow)) == RESULT_OK and truck.view.colour == push.COLOUR_YELLOW
    red = pushed(push.KIND_COLOUR, colour(push.COLOUR_RED), serial=3)
    assert give(truck, sealed(red)) == RESULT_OK
    assert give(truck, sealed(yellow)) == RESULT_FAILED, "a replay"
    assert truck.view.colour == push.COLOUR_RED


def check_a_seal_is_read_where_it_is_not_wanted_and_refused_without_a_key():
    truck = Truck(RamFiles())
    truck.settings.phone = "13800138000"
    good = sealed(pushed(push.KIND_CODE, code()))
    assert give(truck, good) == RESULT_UNSUPPORTED
    truck.view.seal = (keyed, b"key", False)
    assert give(truck, good) == RESULT_OK and truck.view.code
    assert give(truck, pushed(push.KIND_COLOUR, colour(push.COLOUR_RED), serial=2)) == RESULT_OK


def check_a_power_cut_leaves_the_old_code_or_the_new_one():
    for renames in (0, 1, 2):
        files = RamFiles()
        give(Truck(files), pushed(push.KIND_CODE, code(b"OLD"), 2, 1))
        truck = Truck(CutFiles(files, renames))
        content = pushed(push.KIND_CODE, code(b"NEW", colour=push.COLOUR_RED), 3, 1)
        if renames == 2:
            give(truck, content)
        else:
            raised(Cut, give, truck, content)
        view = restored(files)
        wanted = (b"NEW", push.COLOUR_RED) if renames == 2 else (b"OLD", push.COLOUR_BLUE)
        assert (view.code, view.colour) == wanted


run(globals())
