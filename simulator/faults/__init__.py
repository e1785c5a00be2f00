"""One fault per file: a small class that does one cruel thing and undoes it.

Used by the demo and by the kill tests alike. A fault ends only what it was given, never by name.
"""
