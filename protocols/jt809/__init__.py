"""JT/T 809, gateway to government platform: frames, headers, and the messages that the reference is sure of.

unverified: 2011 rests on two or more implementations, 2019 on one. `definitions` says each fact once;
`framing` knows bytes, `codec` messages. Nothing uses it yet, and nothing here opens a socket or a clock.
"""
