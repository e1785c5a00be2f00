"""Which firmware the next start runs: the record that the loader, an upgrade and its confirmation share.

Slot 0 is the firmware that the board was made with and that nothing overwrites; 1 and 2 are folders in flash.
A record that is absent or damaged means slot 0. Each change is one `Store.put`, so a power cut leaves the
record of before or the one after, and both name a slot that starts.
"""

NAME = "boot"
# Places in the record.
ACTIVE = 0  # the slot that has proved itself
TRIAL = 1  # the slot that is to prove itself, NO_SLOT for none
TRIES_LEFT = 2  # starts that the trial still has
NEWS = 3  # the result of 0x0108 that the platform has not been told yet, NO_NEWS for none
SIZE = 4

FACTORY = 0
SLOTS = 2  # beside the factory's
FOLDERS = ("", "a", "b")  # of the slots, in flash
NO_SLOT = 0xFF
NO_NEWS = 0xFF
NEWS_OK = 0
NEWS_FAILED = 1
TRIES = 5  # a key that is turned off and on again uses one up, too
FAULTS = "faults"  # in the store: what went wrong before the last starts, a line each
FAULTS_BYTES_MAX = 240


def read(store):
    """The record as a bytearray."""
    record = bytearray(store.get(NAME))
    sound = len(record) == SIZE and record[ACTIVE] <= SLOTS
    return record if sound else bytearray((FACTORY, NO_SLOT, 0, NO_NEWS))


def write(store, record):
    """Durable when it returns. Raises OSError."""
    store.put(NAME, bytes(record))


def choose(store):
    """The slot to start now; counts the try, or ends a trial that has none left.

    A trial whose try cannot be counted is not started: it might never end.
    """
    record = read(store)
    slot = record[TRIAL]
    if slot == NO_SLOT:
        return record[ACTIVE]
    if record[TRIES_LEFT] and 1 <= slot <= SLOTS:
        record[TRIES_LEFT] -= 1
    else:
        record[TRIAL] = NO_SLOT
        record[NEWS] = NEWS_FAILED
        slot = record[ACTIVE]
        add_fault(store, b"upgrade rolled back")
    try:
        write(store, record)
    except OSError:
        return record[ACTIVE]
    return slot


def spare(record):
    """The slot that the next upgrade may overwrite."""
    return 2 if record[ACTIVE] == 1 else 1


def add_fault(store, text):
    """Keeps a line for who asks why the terminal started anew. A flash that refuses it is not the end."""
    lines = store.get(FAULTS).split(b"\n")
    lines.append(text[:60].replace(b"\n", b" "))
    kept = b"\n".join([line for line in lines[-8:] if line])[-FAULTS_BYTES_MAX:]
    try:
        store.put(FAULTS, kept)
    except OSError:
        return False
    return True
