"""The whole road with its real parts, processes on loopback: what goes in at the antenna comes out once."""
