"""Any batch that the contract allows, for property tests."""

from hypothesis import strategies as st

from protocols.monitoring.batch import RECEIVED_MS_MAX, Batch
from protocols.monitoring.records import KIND_MESSAGE_IDS, MESSAGE, Record

phones = st.one_of(
    st.text("0123456789", min_size=12, max_size=12),
    st.text("0123456789", min_size=20, max_size=20),
    st.text("0123456789abcdef", min_size=12, max_size=12),  # a maker's id where BCD should be
)
bodies = st.one_of(
    st.binary(min_size=28, max_size=28),
    st.binary(min_size=28, max_size=120),  # odd lengths, unknown items, times that are no BCD
    st.binary(min_size=900, max_size=1100),
)

messages = st.tuples(
    st.one_of(
        st.sampled_from((0x0702, 0x0701, 0x0900, 0x0800, 0x0104, 0x0F00)),
        st.integers(0, 0xFFFF).filter(lambda number: number not in KIND_MESSAGE_IDS),
    ),
    st.binary(max_size=60),
)

senders_of_any_edition = phones.flatmap(
    lambda phone: st.tuples(
        st.just(phone),
        st.sampled_from((2011, 2013, 2019)),
        st.integers(0, 255 if len(phone) == 20 else 0),
    )
)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    """1 to 12 records of up to three senders: positions, or mixed with messages; contiguous, or sparse."""
    kinds = draw(st.sampled_from((range(MESSAGE), range(MESSAGE + 1), (MESSAGE,))))
    sparse = draw(st.booleans())
    senders = draw(st.lists(senders_of_any_edition, min_size=1, max_size=3))
    first = draw(st.integers(1, 2**62))
    base_ms = draw(st.integers(0, RECEIVED_MS_MAX))
    records = []
    sequence = first - 1
    for _ in range(draw(st.integers(1, 12))):
        sequence += draw(st.integers(1, 2**40)) if sparse and sequence >= first else 1
        phone, edition, version = draw(st.sampled_from(senders))
        kind = draw(st.sampled_from(kinds))
        received_ms = draw(st.one_of(st.just(base_ms), st.integers(0, RECEIVED_MS_MAX)))
        serial = draw(st.integers(0, 0xFFFF))
        message_id, body = draw(messages) if kind == MESSAGE else (KIND_MESSAGE_IDS[kind], draw(bodies))
        records.append(Record(sequence, received_ms, phone, edition, version, message_id, serial, kind, body))
    return Batch(draw(st.text("abcXYZ019_-", min_size=1, max_size=64)), records, sparse)
