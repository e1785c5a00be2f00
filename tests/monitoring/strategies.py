"""Any batch that the contract allows, for property tests."""

from hypothesis import strategies as st

from protocols.monitoring.batch import RECEIVED_MS_MAX, Batch
from protocols.monitoring.records import KIND_MESSAGE_IDS, Record

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

senders_of_any_edition = phones.flatmap(
    lambda phone: st.tuples(
        st.just(phone),
        st.sampled_from((2011, 2013, 2019)),
        st.integers(0, 255 if len(phone) == 20 else 0),
    )
)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    """1 to 12 records of up to three senders."""
    senders = draw(st.lists(senders_of_any_edition, min_size=1, max_size=3))
    first = draw(st.integers(1, 2**62))
    base_ms = draw(st.integers(0, RECEIVED_MS_MAX))
    records = []
    for sequence in range(first, first + draw(st.integers(1, 12))):
        phone, edition, version = draw(st.sampled_from(senders))
        kind = draw(st.sampled_from(range(4)))
        received_ms = draw(st.one_of(st.just(base_ms), st.integers(0, RECEIVED_MS_MAX)))
        serial, body = draw(st.integers(0, 0xFFFF)), draw(bodies)
        message_id = KIND_MESSAGE_IDS[kind]
        records.append(Record(sequence, received_ms, phone, edition, version, message_id, serial, kind, body))
    return Batch(draw(st.text("abcXYZ019_-", min_size=1, max_size=64)), records)
