"""No function of the product is too long to be read at a glance."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "formcheck"

LONGEST = 60


def own_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines that a function does its work in: without its signature, its docstring and functions defined in it.

    A command's signature is the list of its options, and a function that registers commands consists of them.
    """
    body = function.body[1:] if ast.get_docstring(function) else function.body
    lines = {line for statement in body for line in range(statement.lineno, (statement.end_lineno or 0) + 1)}
    for inner in ast.walk(function):
        if inner is not function and isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
            lines -= set(range(inner.lineno, (inner.end_lineno or 0) + 1))
    return len(lines)


def functions(source: str) -> dict[str, int]:
    """Own lines of every function in a source, by name."""
    nodes = ast.walk(ast.parse(source))
    return {node.name: own_lines(node) for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {
        f"{path.relative_to(PACKAGE)}: {name}": lines
        for path in PACKAGE.rglob("*.py")
        for name, lines in functions(path.read_text(encoding="utf-8")).items()
        if lines > LONGEST
    }
    assert not long


def test_a_long_one_would_be_noticed() -> None:
    source = "def outer(\n    a: int,\n) -> None:\n    '''Say.'''\n" + "    a += 1\n" * LONGEST
    assert functions(source) == {"outer": LONGEST}
    assert functions(f"{source}    a += 1\n") == {"outer": LONGEST + 1}
    inner = f"{source}    def inner() -> None:\n        a = 1\n"
    assert functions(inner) == {"outer": LONGEST, "inner": 1}
