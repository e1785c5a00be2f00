"""Any history of submissions, confirmations and restarts: records in order, no gap, nothing twice."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_gateway.journal import STORED, Journal, JournalLimits, Origin, read_totals

from .support import Outcomes, body_of, everything, report

TRUCKS = [Origin("013800138000", 2013), Origin("00000000013900139000", 2019), Origin("013700137000", 2011)]

SUBMIT = st.tuples(
    st.just("submit"), st.integers(0, 2), st.lists(st.integers(0, 40), min_size=1, max_size=12)
)
STEP = st.one_of(
    SUBMIT,
    st.tuples(st.just("confirm"), st.floats(0, 1)),
    st.tuples(st.just("reopen"), st.booleans()),
)


class Model:
    """What the journal must hold, in the simplest way."""

    def __init__(self) -> None:
        self.records: list[tuple[str, bytes]] = []
        self.confirmed = 0

    def submit(self, origin: Origin, numbers: list[int]) -> None:
        for number in numbers:
            if (origin.identity, body_of(number)) not in self.records:
                self.records.append((origin.identity, body_of(number)))


@settings(max_examples=60, deadline=None, print_blob=True)
@given(st.lists(STEP, max_size=25), st.booleans())
def test_any_history(steps, pressing):
    folder = Path(tempfile.mkdtemp())
    # A journal that always finds itself nearly full deletes as eagerly as it can.
    limits = JournalLimits(max_bytes=600_000 if pressing else 1 << 30)
    journal, model = Journal(folder / "journal.db", limits), Model()
    try:
        for step in steps:
            if step[0] == "submit":
                play_submission(journal, model, TRUCKS[step[1]], step[2])
            elif step[0] == "confirm":
                model.confirmed = max(model.confirmed, int(step[1] * len(model.records)))
                journal.confirm(model.confirmed)
            else:
                journal = reopened(journal, folder, limits, clean=step[1])
            check(journal, model)
        journal.close()
        totals = read_totals(folder / "journal.db")
        assert totals["journalled"] == len(model.records)
        assert totals["delivered"] == model.confirmed
    finally:
        journal.close()
        shutil.rmtree(folder)


def play_submission(journal, model, origin, numbers):
    outcomes = Outcomes()
    middle = len(numbers) // 2
    for part in (numbers[:middle], numbers[middle:]):  # two submissions that may share a commit
        journal.submit(origin, 1_760_000_000_000, [report(number) for number in part], outcomes)
    assert outcomes.wait(2) == [STORED, STORED]
    model.submit(origin, numbers)


def reopened(journal, folder, limits, clean):
    """Closed and opened; or the files as a power cut would leave them."""
    if clean:
        journal.close()
        return Journal(folder / "journal.db", limits)
    survivor = Path(tempfile.mkdtemp(dir=folder))
    for name in ("journal.db", "journal.db-wal"):
        shutil.copy(folder / name, survivor / name)
    journal.close()
    for name in ("journal.db", "journal.db-wal"):
        shutil.move(survivor / name, folder / name)
    return Journal(folder / "journal.db", limits)


def check(journal, model):
    assert journal.last_sequence == len(model.records)
    assert journal.confirmed_sequence == model.confirmed
    kept = everything(journal, after=model.confirmed, step=7)
    assert [record.sequence for record in kept] == list(range(model.confirmed + 1, len(model.records) + 1))
    for record in kept:
        assert model.records[record.sequence - 1] == (record.phone.lstrip("0"), record.body)


@pytest.mark.parametrize("rounds", [40])
def test_a_log_cut_anywhere_leaves_whole_groups_in_order(tmp_path, rounds):
    """The tail of the log torn off or overwritten: whole groups from the first on are left."""
    path = tmp_path / "journal.db"
    journal = Journal(path)
    for group in range(12):
        outcomes = Outcomes()
        journal.submit(TRUCKS[0], 1, [report(group * 10 + number) for number in range(10)], outcomes)
        outcomes.wait(1)
    log = Path(f"{path}-wal").read_bytes()
    whole = path.read_bytes()
    journal.close()
    seen = set()
    for cut in range(0, len(log), max(1, len(log) // rounds)):
        for tail in (b"", b"\xa5" * 5000):
            folder = Path(tempfile.mkdtemp(dir=tmp_path))
            (folder / "journal.db").write_bytes(whole)
            (folder / "journal.db-wal").write_bytes(log[:cut] + tail)
            journal = Journal(folder / "journal.db")
            kept = everything(journal)
            assert [record.serial for record in kept] == list(range(len(kept)))
            assert len(kept) % 10 == 0 and journal.last_sequence == len(kept)
            seen.add(len(kept))
            journal.close()
    assert len(seen) > 8, seen
