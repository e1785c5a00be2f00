"""The account of every report: emitted, acknowledged, journalled, delivered, received.

`ledger` is arithmetic over what others observed, `report` shows it. Neither decides what is true: they only
hold the observations against each other and name what is missing.
"""
