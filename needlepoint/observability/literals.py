"""The constant part of a log call, from the source: what can be logged without anybody's words.

A message such as ``f"No answer to '{text}'"`` reaches a handler with the text in it. In the source
its constant part can be told from the rest: ``No answer to '…'``.
"""

from __future__ import annotations

import ast
import linecache
from functools import lru_cache

UNKNOWN = "…"
_METHODS = {"debug", "info", "warning", "warn", "error", "exception", "critical", "fatal", "log"}


def literal(path: str, line: int) -> str:
    """Return the constant part of the message of the log call at a line of a source file.

    What is not constant, or cannot be found, is "…".
    """
    around = [call for call in _calls(path) if call[0] <= line <= call[1]]
    # Of calls one in another, the innermost.
    return max(around)[2] if around else UNKNOWN


@lru_cache(maxsize=512)
def _calls(path: str) -> tuple[tuple[int, int, str], ...]:
    """Return first line, last line and constant part of all log calls in a file."""
    try:
        tree = ast.parse("".join(linecache.getlines(path)))
    except (SyntaxError, ValueError):
        return ()
    calls = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        arguments = node.args[1:] if node.func.attr == "log" else node.args
        if node.func.attr in _METHODS and arguments:
            calls.append((node.lineno, node.end_lineno or node.lineno, _constant(arguments[0])))
    return tuple(calls)


def _constant(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_constant, node.values))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _constant(node.left) + _constant(node.right)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return _constant(node.left)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _constant(node.func.value) if node.func.attr == "format" else UNKNOWN
    return UNKNOWN
