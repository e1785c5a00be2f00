"""A firmware that is coming over the air: what the pages of an upgrade hand from one to the other."""

FILE = "upgrade"  # what has come so far
ASK_MS = 5000  # without a package; then the missing ones are asked for
TERMINAL_ITSELF = 0  # what is upgraded: readers and modules have firmware of their own

RECEIVING = 0
REFUSED = 1
INSTALLING = 2


class Transfer:
    """One upgrade under way, `terminal.upgrade`. Without methods, so that it does not hold a page in RAM.

    page: who works on it at due_ms. phase: RECEIVING … INSTALLING. total: packages; places: two bytes each,
    1 + its place in the file, 0 while missing; stored: how many are there. size: bytes of every package but
    the last, 0 while unknown; last_bytes: of the last; last: it itself while size is unknown. head_bytes: in
    front of the firmware in the first package; package_bytes: what it says of the length. file: open, None
    when refused. first_serial, line: of the connection that the last package came on. began_ms, touched_ms,
    asked: what ends it.
    """


def drop(terminal):
    """There is no upgrade any more. False when its file stays: the next one fills it anew."""
    transfer = terminal.upgrade
    terminal.upgrade = None
    if transfer is not None and transfer.file is not None:
        transfer.file.close()
    try:
        terminal.settings.store.files.remove(FILE)
    except OSError as absent:
        return absent.errno == 2
    return True
