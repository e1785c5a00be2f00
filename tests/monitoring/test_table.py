"""Tables are the records they were made of, whatever is done with them."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols.monitoring.batch import Batch
from protocols.monitoring.byte_rows import ByteRows
from protocols.monitoring.records import Record, id_of
from protocols.monitoring.table import RecordTable
from protocols.wire.errors import LocalProtocolError

from .mix import make_mix
from .strategies import batches

PATIENT = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@PATIENT
@given(batches())
def test_a_table_is_its_records_and_names_them(batch: Batch) -> None:
    records = list(batch.records)
    table = RecordTable.of(records)
    assert table == records and records == table and list(table) == records
    assert [table[at] for at in range(-len(records), len(records))] == records + records
    assert table.names() == [id_of(record) for record in records]
    assert table.compact() == records


@PATIENT
@given(batches(), batches(), st.data())
def test_parts_and_wholes_are_those_of_lists(one: Batch, other: Batch, data: st.DataObject) -> None:
    records = [*one.records, *other.records]
    joined = RecordTable.joined([RecordTable.of(one.records), RecordTable.of(other.records)])
    begin, end = (data.draw(st.integers(-len(records), len(records))) for _ in range(2))
    assert joined == records
    assert joined[begin:end] == records[begin:end]
    assert joined[begin:end].compact() == records[begin:end]
    assert joined[begin:end].names() == [id_of(record) for record in records[begin:end]]


def test_a_compact_table_has_the_senders_that_sent_in_the_order_they_came() -> None:
    records = make_mix(60, vehicles=10)
    table = RecordTable.of(records)[25:31].compact()
    assert [phone for phone, _, _ in table.senders] == [record.phone for record in records[25:31]]
    assert table.numbers.tolist() == list(range(6))


@pytest.mark.parametrize("field", ["sequence", "received_ms", "message_id", "serial", "kind"])
def test_a_number_beyond_64_bits_names_its_field(field: str) -> None:
    record = make_mix(1)[0]._replace(**{field: -(2**63) - 1})
    with pytest.raises(LocalProtocolError) as caught:
        RecordTable.of([record])
    assert caught.value.field == field


def test_no_records_are_an_empty_table() -> None:
    assert not RecordTable.of([]) and RecordTable.of([]) == []
    assert list(RecordTable.of([])) == RecordTable.of([]).names() == []


def test_it_is_equal_to_nothing_else() -> None:
    record = Record(1, 2, "013800138000", 2013, 0, 0x0200, 3, 0, bytes(28))
    table = RecordTable.of([record])
    assert table != [record._replace(body=bytes(29))] and table != [record, record] and table != "text"


@given(st.lists(st.binary(max_size=9), max_size=12), st.data())
def test_byte_rows_are_their_rows(rows: list[bytes], data: st.DataObject) -> None:
    written = ByteRows.of(rows)
    assert written.to_list() == list(written) == rows
    assert written.size == sum(map(len, rows))
    which = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=8)) if rows else []
    taken = written.take(np.array(which, np.int64))
    assert taken.to_list() == [rows[at] for at in which]
    assert ByteRows.joined([taken, written]).to_list() == [rows[at] for at in which] + rows


@given(st.lists(st.binary(min_size=4, max_size=7), min_size=1, max_size=12))
def test_a_matrix_is_the_beginning_of_each_row(rows: list[bytes]) -> None:
    matrix = ByteRows.of(rows).matrix(4)
    assert [bytes(row) for row in matrix] == [row[:4] for row in rows]
