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


def check_acknowledgements_of_a_lost_tail_do_not_count_for_new_records():
    files = RamFiles()
    log = filled(files, 14)
    log.acknowledge(14)
    log.checkpoint()
    files.contents["00000001.seg"] = files.contents["00000001.seg"][: 4 * SLOT_BYTES]
    log = RecordLog(files, 200, 10)
    assert log.append(b"new", 3) == 14
    log = RecordLog(files, 200, 10)
    assert log.is_held(14) and text(log, 14) == b"new"


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


def check_ten_thousand_are_held():
    log = filled(RamFiles(), 10000, capacity=10000, segment=50)
    assert log.held == 10000 and log.dropped == 0 and log.first == 1
    for number in range(1, 10000):
        log.acknowledge(number)
    assert log.next_held(0) == 10000


run(globals())
