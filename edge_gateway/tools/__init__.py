"""The commands beside `run`: they look at a gateway, running or not, and change what may be changed offline.

Each turns what is wrong into one line and an exit code. What they do stands in the other rooms.
"""
