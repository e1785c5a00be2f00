"""The driver's code: what stands in the QR symbol, who signed it, how it reaches the terminal.

The format of the real 滇运码 is not public. Ours is a stand-in with a door for another codec (`codec.Codec`);
nothing outside this folder knows how a code looks. No sockets, no clocks, no register of persons.
"""
