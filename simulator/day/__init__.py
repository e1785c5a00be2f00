"""A day in the life of one truck: 24 hours in minutes, against gateway, broker and authority as they are.

Time is an argument: it stands still while an answer is on its way, so a seed gives the same day on every
machine, however busy. Must not import the gateway, and must not ask the terminal what to expect of it:
`truth` knows that from the scenario alone.
"""
