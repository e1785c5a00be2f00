"""Takes the sentences out of protocol errors: on a device they are kilobytes that only people read.

What is left is a number; `names.json` of the same build tells which sentence it stands for. Message, field
and offset of an error stay.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

ERRORS = ("RemoteProtocolError", "LocalProtocolError")


def number_errors(trees: Iterable[ast.Module]) -> dict[str, str]:
    """Changes the trees; gives number → sentence."""
    sentences: dict[str, str] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and ast.unparse(node.func).rpartition(".")[2] in ERRORS
                and node.args
            ):
                sentence = _sentence(node.args[0])
                if sentence:
                    number = sentences.setdefault(sentence, str(len(sentences)))
                    node.args[0] = ast.Constant(int(number))
    return {number: sentence for sentence, number in sentences.items()}


def _sentence(node: ast.expr) -> str:
    """The text of a constant, or of one that values are put into."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        node = node.left
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
