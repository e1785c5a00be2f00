"""The header and messages of JT/T 809 as `construct` declarations, in the vocabulary of those of JT/T 808.

All parse to plain wire values. Of the messages only those are declared whose fields the reference is sure of;
the content of the others stays bytes.
"""
