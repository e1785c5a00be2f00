"""The record log over files in memory. Portable: runs under CPython and MicroPython."""

from harness import raised, run

from firmware.terminal.ram_files import RamFiles
from firmware.terminal.record_log import BODY_BYTES_MAX, SLOT_BYTES, RecordLog


def body_of(number):
    return b"report %d" % number


def filled(files, count, capacity=200, segment=10):
    log = RecordLog(files, capacity, segment)
    for number in range(log.next_sequence, log.next_sequence + count):
        assert log.append(body_of(number), len(body_of(number))) == number
    return log


def text(log, sequence):
    buffer = bytearray(BODY_BYTES_MAX)
    return bytes(buffer[: log.read(sequence, buffer)])


def check_what_was_appended_is_read_after_a_restart():
    files = RamFiles()
    filled(files, 37)
    log = RecordLog(files, 200, 10)
    assert (log.first, log.next_sequence, log.held) == (1, 38, 37)
    assert [text(log, number) for number in range(1, 38)] == [body_of(number) for number in range(1, 38)]
    assert text(log, 38) == b"" and text(log, 0) == b""


def check_acknowledged_segments_go_and_the_count_goes_on():
    files = RamFiles()
    log = filled(files, 35)
    for number in range(1, 36):
        assert log.acknowledge(number)
        assert not log.acknowledge(number)
    log.checkpoint()
    assert log.held == 0 and len(files.contents) == 2  # the newest segment and the acknowledgements
    log = RecordLog(files, 200, 10)
    assert (log.held, log.next_sequence) == (0, 36)
    assert log.append(b"x", 1) == 36 and log.next_held(0) == 36


def check_acknowledgements_outlive_a_restart_only_when_written():
    files = RamFiles()
    log = filled(files, 30)
    for number in (2, 3, 17):
        log.acknowledge(number)
    log.checkpoint()
    log.acknowledge(4)
    log = RecordLog(files, 200, 10)
    assert log.held == 27
    assert [log.next_held(number) for number in (1, 2, 4, 17, 31)] == [1, 4, 4, 18, 0]


def check_a_full_log_drops_its_oldest_segment_and_counts():
    files = RamFiles()
    log = filled(files, 100, capacity=100, segment=10)
    log.acknowledge(3)
    for number in range(101, 116):
        log.append(body_of(number), len(body_of(number)))
    assert (log.dropped, log.first, log.held) == (18, 20, 115 - 1 - 18)
    assert text(log, 20) == body_of(20) and text(log, 19) == b""


def check_a_torn_tail_is_taken_for_never_written():
    for cut in range(SLOT_BYTES):
        files = RamFiles()
        filled(files, 14)
        files.contents["00000001.seg"] = files.contents["00000001.seg"][: 4 * SLOT_BYTES + cut]
        log = RecordLog(files, 200, 10)
        assert (log.next_sequence, log.held) == (14, 13)
        assert log.append(b"again", 5) == 14 and text(log, 14) == b"again" and text(log, 13) == body_of(13)


def check_a_damaged_record_is_not_given():
    files = RamFiles()
    filled(files, 14)
    files.contents["00000000.seg"][3 * SLOT_BYTES + 7] ^= 1
    log = RecordLog(files, 200, 10)
    assert text(log, 3) == b"" and text(log, 2) == body_of(2) and log.held == 14
    log.discard_damaged(3)
    assert (log.damaged, log.held) == (1, 13)


def check_no_sequence_is_given_twice_for_a_tail_that_flash_lost():
    for lost in ("a tail", "a segment", "all segments"):
        files = RamFiles()
        log = filled(files, 14)
        log.acknowledge(14)
        log.checkpoint()
        if lost == "a tail":
            files.contents["00000001.seg"] = files.contents["00000001.seg"][: 3 * SLOT_BYTES]
        else:
            del files.contents["00000001.seg"]
        if lost == "all segments":
            del files.contents["00000000.seg"]
        log = RecordLog(files, 200, 10)
        assert log.held == 13 and not log.is_held(14), "13 is lost too, and will be counted"
        assert log.append(b"new", 3) == 15
        log = RecordLog(files, 200, 10)
        assert log.is_held(15) and text(log, 15) == b"new" and text(log, 13) == b"" and log.is_held(13)
        log.discard_damaged(13)
        assert log.damaged == 1 and log.next_sequence == 16


def check_a_segment_lost_in_the_middle_costs_itself_alone():
    files = RamFiles()
    filled(files, 45)
    del files.contents["00000002.seg"]
    log = RecordLog(files, 200, 10)
    assert (log.first, log.next_sequence, log.held, log.dropped) == (1, 46, 45, 0)
    assert text(log, 19) == body_of(19) and text(log, 20) == b"" and text(log, 30) == body_of(30)
    for number in range(1, 46):
        log.acknowledge(number)
    log.checkpoint()
    assert (log.held, log.failures, log.first) == (0, 0, 40)


def check_damaged_acknowledgements_cost_a_resend_and_no_loss():
    files = RamFiles()
    log = filled(files, 14)
    for number in range(1, 8):
        log.acknowledge(number)
    log.checkpoint()
    for at in range(len(files.contents["acked"])):
        files.contents["acked"][at] ^= 0x10
        assert RecordLog(files, 200, 10).held == 14
        files.contents["acked"][at] ^= 0x10
    assert RecordLog(files, 200, 10).held == 7


class DeadFile:
    """A file on a block that cannot be read any more."""

    def seek(self, at):
        pass

    def readinto(self, buffer):
        raise OSError(5)

    def close(self):
        pass


class BadBlock(RamFiles):
    """A flash on which one file cannot be read."""

    def __init__(self):
        RamFiles.__init__(self)
        self.dead = ""

    def open(self, name, writable):
        return DeadFile() if name == self.dead else RamFiles.open(self, name, writable)


def check_a_block_that_cannot_be_read_stops_nothing():
    for dead in ("00000000.seg", "00000001.seg", "acked"):
        files = BadBlock()
        log = filled(files, 14)
        log.acknowledge(2)
        log.checkpoint()
        files.dead = dead
        log = RecordLog(files, 200, 10)
        assert log.next_sequence == 15
        assert text(log, 3) == (b"" if dead == "00000000.seg" else body_of(3))
        assert text(log, 14) == (b"" if dead == "00000001.seg" else body_of(14))


class CutFiles(RamFiles):
    """The power fails when a file would be made."""

    def open(self, name, writable):
        if writable and name not in self.contents:
            raise KeyError("power")
        return RamFiles.open(self, name, writable)


def check_the_count_outlives_a_cut_between_removing_and_making_a_segment():
    for capacity in (1, 10, 20):
        files = RamFiles()
        filled(files, 49, capacity=capacity)
        cut = CutFiles()
        cut.contents = files.contents
        log = RecordLog(cut, capacity, 10)
        raised(KeyError, log.append, b"x", 1)
        assert RecordLog(files, capacity, 10).next_sequence == 50


class FullFiles(RamFiles):
    """A flash that refuses to write when told so."""

    def __init__(self):
        RamFiles.__init__(self)
        self.refuses = False

    def open(self, name, writable):
        if writable and self.refuses:
            raise OSError(28)
        return RamFiles.open(self, name, writable)


def check_a_flash_that_refuses_is_counted_and_asked_again():
    files = FullFiles()
    log = filled(files, 10)  # 1…9 fill the first segment, 10 begins the second
    log._close_tail()
    files.refuses = True
    assert log.append(b"x", 1) == 0 and log.failures == 1 and log.next_sequence == 11
    files.refuses = False
    assert log.append(b"x", 1) == 11 and log.held == 11


def check_bodies_have_a_limit():
    log = RecordLog(RamFiles(), 200, 10)
    raised(ValueError, log.append, bytes(BODY_BYTES_MAX + 1), BODY_BYTES_MAX + 1)
    raised(ValueError, log.append, b"", 0)


def check_bits_are_used_again_for_later_records():
    log = RecordLog(RamFiles(), 20, 10)
    for number in range(1, 200):
        assert log.append(b"x", 1) == number and log.is_held(number) and log.next_held(0) == number
        log.acknowledge(number)


def check_ten_thousand_are_held():
    log = filled(RamFiles(), 10000, capacity=10000, segment=50)
    assert log.held == 10000 and log.dropped == 0 and log.first == 1
    for number in range(1, 10000):
        log.acknowledge(number)
    assert log.next_held(0) == 10000


run(globals())
