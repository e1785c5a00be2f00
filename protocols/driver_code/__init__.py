"""The driver code (滇运码): what it says, who signed it, its way to the screen, the proof of presence.

The format of the real code is not public; what is here is ours, with a door for another (`codec.Codec`). Must
not know a terminal, a socket or a register of persons.
"""
