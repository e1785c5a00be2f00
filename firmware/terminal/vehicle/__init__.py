"""What the vehicle itself has to say: alarms, who drives and how long, areas and routes, the trip, its load.

Resident, small, integers only; a GNSS epoch allocates nothing. What is rare (settings of areas, recorder
data, driver and waybill messages) is done by pages. Must not touch a line, a receiver or a pin: fixes,
inputs and time come in as arguments, messages leave through `mail`.
"""
