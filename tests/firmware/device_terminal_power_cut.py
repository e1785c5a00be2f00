"""MicroPython only: the power fails in the k-th operation of NOR flash under a complete terminal.

Arguments: first k, last k, step. A terminal with its vehicle reports, posts letters, is given parameters,
areas, a driver's card, a waybill and a driver code, until the power fails; then it starts on the same flash.
What was durable is there with its bytes, what was acknowledged and checkpointed is not sent again, every
store can be read and has its value from before or after the cut, and the platform gets everything in the
end. Prints the number of cuts tried and the operations of a whole life.
"""

import binascii
import gc
import sys

import vfs
from cab import MAX_SPEED
from platform_script import Road
from shapes import CIRCLES, TELL, circle

from firmware.board.files import Folder
from firmware.board.unix.nor import NorFlash
from firmware.terminal import pages
from firmware.terminal.pages import waybill as waybill_page
from firmware.terminal.pages.trip_files import end_of_trip
from firmware.terminal.record_log import BODY_BYTES_MAX, CHECKPOINT_EVERY
from firmware.terminal.screen.view import View
from firmware.terminal.store import Store
from firmware.terminal.vehicle.vehicle import Vehicle
from protocols.wire.bodies import encode_layout, layout_of
from protocols.wire.pages import driver_code as push
from protocols.wire.pages.areas import BODIES as AREAS
from protocols.wire.pages.parameters import BODIES as PARAMETERS

BLOCKS = 96
MOUNT = "/nor"
START_S = 3600
SPEED_BEFORE = 100  # the default of parameter 0x0055
PUSH_TYPE = 0xF1  # of 0x8900
CODES = (b"DYC1:FIRST", b"DYC1:SECOND")
CARDS = (
    b"IN,0,Anna,530100000000000001,KM,20301231,530100199001011234*",
    b"IN,0,Bao,530100000000000002,KM,20301231,530100199001011235*",
)
WAYBILLS = (b"#YD;L;YD-1;steel", b"#YD;L;YD-2;sand")


class PowerOff(Exception):
    """The flash does not answer any more: the terminal is to be thrown away."""


class Truck(Road):
    """A complete terminal on NOR flash. letters: (message id, serial) → body, of those that were durable.
    delivered: of those that the platform took. arrived: how often each report body came up to a platform
    that answered."""

    def __init__(self, files, flash, truth):
        self.flash = flash
        self.truth = truth
        Road.__init__(self, files, Store(files), edition=2019, backfill_gap_ms=100, reconnect_max_s=2)

    def power_on(self, files):
        Road.power_on(self, files)
        terminal = self.terminal
        terminal.mail.observer = self._on_mail
        self._watch_checkpoints(terminal.log)
        terminal.view = View()
        pages.use("driver_code").restore(terminal)
        terminal.attach_vehicle(
            Vehicle(terminal.parameters, self.settings.store, terminal.mail, lambda: 0, 2019)
        )

    def _watch_checkpoints(self, log):
        """The truth learns which acknowledgements are on flash for good, and which are just written."""
        write = log._write_acknowledgements

        def watched():
            acked = [each for each in self.truth["reports"] if not log.is_held(each)]
            self.truth["trying"] = acked
            write()
            self.truth["durable"] = acked

        log._write_acknowledgements = watched

    def _on_report(self, sequence, body, length):
        self.truth["reports"][sequence] = bytes(body[:length])

    def _on_mail(self, what, message_id, serial, body):
        if what == 0:
            self.truth["letters"].add((message_id, serial))
        elif what == 1:
            self.truth["delivered"].add((message_id, serial))

    def look(self):
        """Raises PowerOff when the power has failed."""
        if self.flash._dead:
            raise PowerOff

    def second(self, second):
        """A second of driving north."""
        self.pass_ms(1000, 250)
        self.fix(second, minute=f"{second % 60:02}.10000", speed="30.0")
        self.look()


def live(truck, truth):
    """What happens in the life that is cut short."""
    terminal = truck.terminal
    vehicle = terminal.vehicle
    acknowledged = truck.acknowledged
    for step in range(100):
        second = START_S + step
        if step in (30, 60):
            truck.reachable = False
            truck.cut()
        if step in (45, 70):
            truck.reachable = True
        if step in (5, 50):
            truth["tries"]["driver"] = CARDS[step > 5].split(b",")[3]
            vehicle.feed_card(checked(CARDS[step > 5]))
        if step in (8, 55):
            truth["tries"]["waybill"] = WAYBILLS[step > 8].split(b";")[2]
            waybill_page.take(vehicle, WAYBILLS[step > 8])
        if step in (12, 75):
            truth["tries"]["speed"] = 60 + step
            set_speed(truck, 60 + step)
        if step in (20, 85):
            truth["tries"]["code"] = CODES[step > 20]
            push_code(truck, CODES[step > 20], step)
        if step in (15, 80):
            put_circle(truck, truth, step)
        truck.second(second)
        for sequence in acknowledged:
            truth["acknowledged"].add(sequence)
        acknowledged.clear()
        remember(truck, truth)


def checked(line):
    check = 0
    for byte in line[:-1]:
        check ^= byte
    return line + b"%02X\r\n" % check


def set_speed(truck, kmh):
    layout = layout_of(PARAMETERS, 0x8103, 2019)
    item = {"id": MAX_SPEED, "value": bytes((0, 0, 0, kmh))}
    truck.send(0x8103, body=encode_layout(layout, {"count": 1, "parameters": [item]}))


def push_code(truck, text, serial):
    values = {
        "colour": push.COLOUR_BLUE,
        "until_bcd": b"\x28\x01\x01\0\0\0",
        "licence_end_bcd": b"\x28\x06\x30",
        "key": 7,
        "plate": b"",
        "name": b"",
        "code": text,
    }
    issued = b"\x26\x03\x02\0\0\0"
    body = encode_layout(push.CODE, values)
    issue = {"kind": push.KIND_CODE, "issued_bcd": issued, "serial": serial, "rest": body}
    rest = encode_layout(push.ISSUE, issue)
    head = {"version": push.VERSION, "check": binascii.crc32(rest), "rest": rest}
    truck.send(0x8900, body=bytes((PUSH_TYPE,)) + encode_layout(push.HEAD, head))


def put_circle(truck, truth, step):
    truth["tries"]["areas"] = 1 if step == 15 else 2
    place = {"latitude_udeg": 25_500_000, "longitude_udeg": 102_716_667}
    body = {"setting": 1, "count": 1, "areas": [circle(step, 150, TELL, **place)]}
    truck.send(CIRCLES, body=encode_layout(layout_of(AREAS, CIRCLES, 2019), body))


def values_of(truck):
    vehicle = truck.terminal.vehicle
    return {
        "driver": vehicle.driver,
        "waybill": vehicle.waybill,
        "speed": truck.terminal.parameters.number(MAX_SPEED),
        "areas": 0 if vehicle.areas is None else vehicle.areas.count,
        "code": truck.terminal.view.code,
    }


def remember(truck, truth):
    """What took effect in this second was promised: it may not be gone after the cut."""
    truth["values"] = values_of(truck)
    truth["minutes"] = max(0, truck.terminal.vehicle.trip._slots)  # of the recorder's memory, on flash


def check_start(truck, truth):
    """What the terminal finds on the flash after the cut."""
    terminal = truck.terminal
    log = terminal.log
    buffer = bytearray(BODY_BYTES_MAX)
    for sequence, body in truth["reports"].items():
        if log.is_held(sequence):
            length = log.read(sequence, buffer)
            assert bytes(buffer[:length]) == body, f"harmed {sequence}"
        else:
            assert sequence in truth["acknowledged"], f"lost {sequence}"
    check_resends(log, truth)
    sequence = log.next_held(0)
    while sequence:
        if sequence not in truth["reports"]:
            assert sequence == max(truth["reports"], default=0) + 1, f"phantom {sequence}"
            truth["reports"][sequence] = bytes(buffer[: log.read(sequence, buffer)])  # durable, and not told
        sequence = log.next_held(sequence + 1)
    owed = truth["letters"] - truth["delivered"]
    assert terminal.mail.held >= len(owed), f"letters lost: {terminal.mail.held} of {len(owed)}"
    assert terminal.mail.held <= len(owed) + 2, "letters that were delivered are to be sent again"
    assert not terminal.mail.damaged and not log.damaged and not terminal.vehicle.failures
    terminal.vehicle.tick(truck.now_ms)
    assert truth["minutes"] <= end_of_trip(terminal.settings.store.files)[1] <= truth["minutes"] + 1
    for name, value in values_of(truck).items():
        allowed = [truth["values"][name], truth["tries"][name]]
        if name == "driver":
            allowed.append(b"")  # between two drivers nobody sits there
        assert value in allowed, f"{name} is {value}, not one of {allowed}"


def check_resends(log, truth):
    """Of what was acknowledged goes again exactly what flash does not know yet to be acknowledged.

    That is the only need there is, and never more than one checkpoint's worth. A cut while the checkpoint is
    written leaves the one before or the new one.
    """
    here = [sequence for sequence in truth["acknowledged"] if sequence >= log.first]
    again = [sequence for sequence in here if log.is_held(sequence)]
    assert len(again) <= CHECKPOINT_EVERY, f"{len(again)} acknowledged ones are to be sent again"
    for known in (truth["durable"], truth["trying"]):
        if sorted(again) == sorted([sequence for sequence in here if sequence not in known]):
            return
    raise AssertionError(f"again {again}, on flash {truth['durable'][-3:]} or {truth['trying'][-3:]}")


def run(cut_at):
    """One life with a cut and one after it; gives the operations of the first."""
    gc.collect()
    flash = NorFlash(BLOCKS)
    vfs.VfsLfs2.mkfs(flash)
    made = flash.operations
    truth = {
        "reports": {}, "acknowledged": set(), "letters": set(), "delivered": set(),
        "durable": [], "trying": [], "minutes": 0,
        "values": {"driver": b"", "waybill": b"", "speed": SPEED_BEFORE, "areas": 0, "code": b""},
        "tries": {"driver": b"", "waybill": b"", "speed": SPEED_BEFORE, "areas": 0, "code": b""},
    }  # fmt: skip
    flash.cut_at = made + cut_at if cut_at else 0
    vfs.mount(vfs.VfsLfs2(flash), MOUNT)
    truck = None
    try:
        truck = Truck(Folder(MOUNT), flash, truth)
        live(truck, truth)
    except (PowerOff, OSError):
        assert cut_at, "the flash failed by itself"
    else:
        last = {
            "driver": CARDS[1].split(b",")[3],
            "waybill": b"YD-2",
            "speed": 135,
            "areas": 2,
            "code": CODES[1],
        }
        assert truth["values"] == last, truth["values"]  # the script did what it says
    if truck is not None:
        truck.terminal.log._close_tail()  # a finaliser would write later, to a flash that is in use again
        for sequence in truck.acknowledged:
            truth["acknowledged"].add(sequence)
    vfs.umount(MOUNT)
    operations = flash.operations - made
    survivor = flash.survivor()
    vfs.mount(vfs.VfsLfs2(survivor), MOUNT)
    after = Truck(Folder(MOUNT), survivor, truth)
    check_start(after, truth)
    for second in range(START_S + 200, START_S + 215):
        after.second(second)
    after.pass_ms(20000, 500)
    assert not after.terminal.held and not after.terminal.mail.held, "not all of it is sent"
    after.terminal.log._close_tail()
    vfs.umount(MOUNT)
    return operations


first, last, step = [int(argument) for argument in sys.argv[1:4]]
total = run(0)
tried = 0
for k in range(first, min(last, total) + 1, step):
    try:
        run(k)
    except Exception as error:
        print("FAIL cut at operation", k, repr(error))
        raise
    tried += 1
print("cuts", tried, "operations", total)
