"""Firmware over the air: packages in any order, bounds, signature, trial and roll-back. Portable."""

import hashlib
import struct

from harness import run
from platform_script import Road

from firmware.board.keyed_hash import KeyedHash, hmac_sha256
from firmware.terminal import actions, boot_record
from firmware.terminal.pages import trial
from firmware.terminal.ram_files import RamFiles
from firmware.terminal.store import Store
from protocols.wire.framing import build_frame
from protocols.wire.header import build_header

KEY = bytes(range(32))
PIECE = 300
FILES = {"start.mpy": b"s" * 100, "part0.mpy": bytes(range(256)) * 9, "page_x.mpy": b""}


class RamSlots:
    """The port of `firmware.board.slots` in memory."""

    def __init__(self, store, key):
        self.board = b"test"
        self.key = key
        self.store = store
        self.folders = {1: RamFiles(), 2: RamFiles()}
        self.images = {}  # of slots that are partitions, by number

    def keyed_hash(self):
        return KeyedHash(self.key)

    def image(self, slot, length):
        if slot not in self.images:
            return None
        self.images[slot] = Image(length)
        return self.images[slot]

    def folder(self, slot):
        return self.folders[slot]


class Image:
    """A partition's writer in memory."""

    def __init__(self, length):
        self.length = length
        self.data = b""
        self.whole = False

    def write(self, data):
        self.data += bytes(data)

    def finish(self):
        self.whole = True


def number_at(data, at):
    """A number of ROMFS and where it ends."""
    value = 0
    while True:
        byte = data[at]
        at += 1
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            return value, at


def files_of(image):
    """The files of an image by name, after MicroPython's description of ROMFS."""
    assert image[:3] == b"\xd2\xcd\x31"
    length, at = number_at(image, 3)
    assert at + length == len(image), (at, length, len(image))
    files = {}
    while at < len(image):
        kind, at = number_at(image, at)
        size, at = number_at(image, at)
        assert kind == 5
        end = at + size
        count, at = number_at(image, at)
        name = image[at : at + count].decode()
        kind, at = number_at(image, at + count)
        size, at = number_at(image, at)
        assert kind == 2 and at + size == end
        files[name] = image[at:end]
        at = end
    return files


class SlotBoard:
    """Offers a reset, and slots."""

    def __init__(self, slots, key):
        self.slots = lambda: slots
        self.ota_key = key
        self.resets = 0

    def offers(self, action):
        return action == actions.RESET

    def act(self, action, value):
        self.resets += action == actions.RESET
        return action == actions.RESET


def package(files=None, board=b"test", key=KEY, count=None):
    files = FILES if files is None else files
    out = b"DYUP1" + bytes([len(board)]) + board + b"\x030.2"
    out += struct.pack(">H", len(files) if count is None else count)
    for name in sorted(files):
        out += bytes([len(name)]) + name.encode() + struct.pack(">I", len(files[name])) + files[name]
    return out + hmac_sha256(key, out)


def body_of(content, kind=0):
    return bytes([kind]) + b"DYEDG\x030.2" + struct.pack(">I", len(content)) + content


def pieces_of(body, size=PIECE):
    return [body[at : at + size] for at in range(0, len(body), size)]


def online(key=KEY, **settings):
    files = RamFiles()
    settings.setdefault("edition", 2019)
    made = Road(files, Store(files), **settings)
    made.files = files
    made.slots = RamSlots(Store(files), key)
    made.terminal.board = SlotBoard(made.slots, key)
    made.pass_ms(200)
    assert made.terminal.state == "online"
    made.seen.clear()
    return made


def send(made, pieces, order, first=1000):
    """Sends these packages (numbers from 1) and gives the results that 0x0001 told."""
    before = len(made.of(0x0001))
    for number in order:
        body = pieces[number - 1]
        total = len(pieces)
        header = build_header(
            0x8108, len(body), made.settings.phone_bytes(), (first + number - 1) & 0xFFFF, 1, total, number
        )
        made.terminal.receive(build_frame(header + body), made.now_ms)
        made.serve()
    made.pass_ms(200)
    return [values["result"] for _, values, _ in made.of(0x0001)[before:]]


def installed(made):
    """Waits for the end of the installation; gives the slot that is on trial, NO_SLOT for none."""
    made.pass_ms(3000)
    assert made.terminal.upgrade is None and "upgrade" not in made.files.contents
    return boot_record.read(made.slots.store)[boot_record.TRIAL]


def told(made):
    return [values["result"] for _, values, _ in made.of(0x0108)]


def check_a_package_is_installed_and_the_board_started_anew():
    for order in (1, -1, 7):
        made = online()
        pieces = pieces_of(body_of(package()))
        numbers = list(range(1, len(pieces) + 1))
        numbers = numbers[::order] if abs(order) == 1 else [n for k in range(7) for n in numbers[k::7]]
        assert send(made, pieces, numbers) == [0] * len(pieces)
        assert installed(made) == 1 and made.terminal.board.resets == 1
        assert {name: bytes(data) for name, data in made.slots.folders[1].contents.items()} == FILES
        assert not told(made), "the result comes when the new firmware has proved itself"


def check_a_slot_that_is_a_partition_gets_a_file_system():
    made = online()
    made.slots.images[1] = None
    files = {"start.mpy": b"s", "part0.mpy": bytes(range(256)) * 63, "a.bin": b"", "b1.mpy": bytes(127)}
    pieces = pieces_of(body_of(package(files)), 1000)
    assert set(send(made, pieces, range(1, len(pieces) + 1))) == {0}
    assert installed(made) == 1 and made.terminal.board.resets == 1
    image = made.slots.images[1]
    assert image.whole and image.length == len(image.data)
    assert files_of(image.data) == files
    assert not made.slots.folders[1].contents


def check_a_bad_package_leaves_no_whole_image():
    for content in (package(count=4), package(count=2), package({"start.mpy": bytes(32769)})):
        made = online()
        made.slots.images[1] = None
        pieces = pieces_of(body_of(content), 1000)
        send(made, pieces, range(1, len(pieces) + 1))
        assert installed(made) == boot_record.NO_SLOT and told(made) == [1]
        assert made.slots.images[1] is not None and not made.slots.images[1].whole


def check_any_size_of_packages_and_one_that_needs_none():
    for size in (17, 111, 1000):
        made = online(edition=2013)
        pieces = pieces_of(body_of(package()), size)
        assert set(send(made, pieces, range(1, len(pieces) + 1))) == {0}
        assert installed(made) == 1
    made = online()
    body = body_of(package({"start.mpy": b"tiny"}))
    made.send(0x8108, body=body)
    assert installed(made) == 1


def check_repeated_packages_change_nothing():
    made = online()
    pieces = pieces_of(body_of(package()))
    total = len(pieces)
    numbers = [1, 1, total, total, 2, 1, 3]
    numbers.extend(range(2, total + 1))
    numbers.append(total)
    assert set(send(made, pieces, numbers)) == {0}
    assert installed(made) == 1


def check_missing_packages_are_asked_for_where_the_edition_can():
    for edition in (2013, 2019):
        made = online(edition=edition)
        pieces = pieces_of(body_of(package()))
        numbers = [n for n in range(1, len(pieces) + 1) if n not in (2, 5)]
        send(made, pieces, numbers, 65534)
        made.pass_ms(60000)
        asked = made.of(0x0005)
        if edition == 2013:
            assert not asked
        else:
            assert len(asked) == 5 and asked[0][1]["first_serial"] == 65534
            assert asked[0][1]["numbers"] == [2, 5]
        send(made, pieces, [5, 2], 65534)
        assert installed(made) == 1


def check_a_link_cut_in_the_middle_and_all_sent_again_under_other_numbers():
    made = online()
    pieces = pieces_of(body_of(package()))
    send(made, pieces, range(1, 7))
    made.cut()
    made.pass_ms(20000)
    assert made.terminal.state == "online" and not made.of(0x0005), "numbers of a line that is gone"
    send(made, pieces, [1, 2], 7)
    assert made.terminal.upgrade.stored == 6
    send(made, pieces, range(3, len(pieces) + 1), 7)
    assert installed(made) == 1


def check_another_file_in_the_middle_begins_anew():
    made = online()
    pieces = pieces_of(body_of(package()))
    other = pieces_of(body_of(package({"start.mpy": b"other", "part0.mpy": FILES["part0.mpy"] + b"12345"})))
    assert len(pieces) == len(other)
    send(made, pieces, range(1, 6))
    send(made, other, range(1, len(other) + 1), 5)
    assert installed(made) == 1
    assert bytes(made.slots.folders[1].contents["start.mpy"]) == b"other"
    made = online()
    send(made, pieces, range(1, 6))
    longer = pieces_of(body_of(package()), 200)
    assert set(send(made, longer, range(1, len(longer) + 1), 500)) == {0}
    assert installed(made) == 1


def check_what_is_wrong_is_said_and_nothing_is_switched():
    good = package()
    bad = {
        b"signature": good[:-1] + bytes([good[-1] ^ 1]),
        b"signature ": package(key=bytes(32)),
        b"signature  ": good[:50] + bytes([good[50] ^ 1]) + good[51:],
        b"for another board": package(board=b"esp32"),
        b"name of a file": package({"start.mpy": b"", "../x.mpy": b""}),
        b"name of a file ": package({"start.py": b""}),
        b"cut short": package(count=4),
        b"bytes behind": package(count=2),
        b"count of files": package(count=0),
        b"size of a file": package({"start.mpy": bytes(32769)}),
        b"not a package": b"X" * 60 + hmac_sha256(KEY, b"X" * 60),
        b"too short": b"DYUP1",
    }
    for what, content in bad.items():
        made = online()
        pieces = pieces_of(body_of(content))
        assert set(send(made, pieces, range(1, len(pieces) + 1))) == {0}
        assert installed(made) == boot_record.NO_SLOT, what
        assert told(made) == [1] and not made.terminal.board.resets
        assert b"upgrade: " + what.strip() in made.terminal.health.errors()[-1], what
        pieces = pieces_of(body_of(good))
        send(made, pieces, range(1, len(pieces) + 1), 3000)
        assert installed(made) == 1, "a good one after it"


def check_a_wrong_length_fails():
    made = online()
    body = body_of(package())
    at = body.find(b"0.2") + 3
    pieces = pieces_of(body[:at] + struct.pack(">I", 999) + body[at + 4 :])
    send(made, pieces, range(1, len(pieces) + 1))
    assert installed(made) == boot_record.NO_SLOT and told(made) == [1]


def check_who_has_no_key_or_is_not_meant_answers_unsupported():
    pieces = pieces_of(body_of(package()))
    assert set(send(online(key=b""), pieces, range(1, 4))) == {3}
    assert set(send(online(edition=2011), pieces, range(1, 4))) == {3}
    made = online()
    made.terminal.board = None
    assert set(send(made, pieces, range(1, 4))) == {3}
    made = online()
    reader = pieces_of(body_of(package(), kind=12))
    assert send(made, reader, range(1, 5)) == [3, 3, 3, 3]
    assert set(send(made, pieces, range(1, len(pieces) + 1), 50)) == {0}
    assert installed(made) == 1


def check_bounds():
    made = online()
    phone = made.settings.phone_bytes()
    for total, number in ((1025, 1), (10, 0), (10, 11), (0xFFFF, 0xFFFF)):
        header = build_header(0x8108, 4, phone, 9, 1, total, 1)
        raw = header[:-2] + struct.pack(">H", number)
        made.terminal.receive(build_frame(raw + b"abcd"), made.now_ms)
    made.pass_ms(200)
    assert [values["result"] for _, values, _ in made.of(0x0001)] == [2, 2, 2, 2]
    huge = bytes(1) + b"DYEDG\x030.2" + struct.pack(">I", 262145) + bytes(100)
    assert send(made, [huge, huge], [1]) == [3]
    assert made.terminal.upgrade.file is None and "upgrade" not in made.files.contents


def check_what_nobody_goes_on_with_is_given_up():
    made = online(heartbeat_s=600)
    pieces = pieces_of(body_of(package()))
    send(made, pieces, range(1, 4))
    made.pass_ms(1795000, 1000)
    assert made.terminal.upgrade is not None
    made.pass_ms(10000, 1000)
    assert made.terminal.upgrade is None and "upgrade" not in made.files.contents
    assert b"packages are missing" in made.terminal.health.errors()[-1]


def check_a_slot_proves_itself_and_the_platform_is_told_once():
    made = online()
    pieces = pieces_of(body_of(package()))
    send(made, pieces, range(1, len(pieces) + 1))
    assert installed(made) == 1
    store = made.slots.store
    assert boot_record.choose(store) == 1
    assert trial.begin(made.terminal, store, b"reset", 900) == 900
    for _ in range(2):
        assert trial.confirm(made.terminal, store)
        made.pass_ms(1000)
    assert told(made) == [0]
    assert [boot_record.choose(store) for _ in range(9)] == [1] * 9
    assert trial.begin(made.terminal, store, b"power_on", 900) == trial.NEVER_MS
    send(made, pieces, range(1, len(pieces) + 1), 4000)
    assert installed(made) == 2, "the one that runs is never overwritten"


def check_a_slot_that_does_not_prove_itself_is_rolled_back_and_told():
    made = online()
    store = made.slots.store
    boot_record.write(store, bytearray((2, 1, 5, 0xFF)))
    assert [boot_record.choose(store) for _ in range(7)] == [1] * 5 + [2] * 2
    trial.begin(made.terminal, store, b"watchdog", 900)
    assert made.terminal.health.boot_reason == b"watchdog"
    assert made.terminal.health.errors() == [b"error 0 upgrade rolled back"]
    trial.confirm(made.terminal, store)
    made.pass_ms(1000)
    assert told(made) == [1] and boot_record.choose(store) == 2


def check_no_second_upgrade_over_one_on_trial():
    made = online()
    boot_record.write(made.slots.store, bytearray((0, 1, 5, 0xFF)))
    made.slots.folders[1].open("start.mpy", True).write(b"kept")
    pieces = pieces_of(body_of(package()))
    send(made, pieces, range(1, len(pieces) + 1))
    made.pass_ms(3000)
    assert bytes(made.slots.folders[1].contents["start.mpy"]) == b"kept" and told(made) == [1]


def check_a_record_that_flash_lost_starts_what_the_board_was_made_with():
    files = RamFiles()
    store = Store(files)
    assert boot_record.choose(store) == 0
    boot_record.write(store, bytearray((2, 0xFF, 0, 0xFF)))
    assert boot_record.choose(store) == 2
    files.contents["boot"][5] ^= 4
    assert boot_record.choose(store) == 0


def check_a_try_that_cannot_be_counted_is_not_made():
    class Worn(RamFiles):
        def rename(self, old, new):
            raise OSError(5)

    files = Worn()
    store = Store(RamFiles())
    boot_record.write(store, bytearray((2, 1, 5, 0xFF)))
    files.contents = store.files.contents
    assert boot_record.choose(Store(files)) == 2
    assert not boot_record.add_fault(Store(files), b"x")


def check_the_hash_is_that_of_the_standard():
    keyed = KeyedHash(b"Jefe")
    for part in (b"what do ya want ", b"for nothing?"):
        keyed.update(part)
    wanted = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"  # RFC 4231, case 2
    assert keyed.digest().hex() == wanted
    assert hmac_sha256(b"k" * 65, b"") == hmac_sha256(hashlib.sha256(b"k" * 65).digest(), b"")


def check_faults_are_bounded_and_the_last_ones_stay():
    store = Store(RamFiles())
    for number in range(40):
        assert boot_record.add_fault(store, b"fault %d " % number + b"x" * 80)
    assert len(store.get("faults")) <= 240 and b"fault 39" in store.get("faults")


run(globals())
