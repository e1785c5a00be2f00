"""No message of any edition is without declaration, vector, explanation, round trip; the page says so."""

import pytest

from protocols.jt808.catalog import MESSAGES
from tests.vectors import load

from . import coverage

KNOWN = coverage.frames()


@pytest.mark.parametrize("message_id", MESSAGES, ids="{:04X}".format)
def test_every_edition_has_everything(message_id):
    for edition in MESSAGES[message_id].editions:
        declared, vectors, explained, returned = coverage.cell(message_id, edition, KNOWN).split()
        assert (declared, explained, returned) == ("D", "E", "R") and int(vectors) > 0


def test_every_other_vector_earned_its_marks():
    rows = [*coverage.quirk_rows(), *coverage.jt809_rows(), *coverage.attachment_rows()]
    assert len(rows) == sum(len(load(name)) for name in ("quirks", "jt809", "attachments"))
    assert {row.rsplit("|", 2)[1].strip() for row in coverage.quirk_rows()} == {"E R"}
    assert {row.rsplit("|", 2)[1].strip() for row in coverage.jt809_rows()} == {"R"}
    assert {row.rsplit("|", 2)[1].strip() for row in coverage.attachment_rows()} == {"E"}


def test_the_page_is_fresh():
    assert coverage.PAGE.read_text("utf-8") == coverage.render(), "python -m tests.protocols.coverage"
