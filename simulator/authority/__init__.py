"""The virtual monitoring system: positions and documents come in, receipts, codes, snapshots go out.

`service` and `store` take positions, `line` and `books` documents and registers, `bureau` issues codes, `web`
is the API, `indicators` and `reporting` judge a period, `house` is all of it as one process. It believes
nothing: record ids are computed again, documents checked again. It must not import the gateway; both know
only `protocols` and a broker.
"""
