"""The arithmetic of formulas: what an expression over named inputs gives. Only numbers, names, + - * / **, min, max, abs and sqrt."""

import ast
import math
import operator
from collections.abc import Callable, Mapping

_TWO: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_CALLS: dict[str, Callable[..., float]] = {"min": min, "max": max, "abs": abs, "sqrt": math.sqrt}


def evaluate(expression: str, values: Mapping[str, float | None]) -> float | None:
    """Return what an expression gives; None where an input is empty or the arithmetic has no answer, such as a division by zero.

    Raises KeyError for a name that is no input, and ValueError for what is not arithmetic. Example: `max(a, b) - 1` of 2 and 5 is 4.
    """
    tree = ast.parse(expression, mode="eval").body
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - set(_CALLS)
    if any(values[name] is None for name in names):
        return None
    try:
        return float(_value(tree, values))
    except (ZeroDivisionError, OverflowError):
        return None


def _value(node: ast.expr, values: Mapping[str, float | None]) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return node.value
    if isinstance(node, ast.Name):
        return values[node.id] or 0.0
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, values)
    if isinstance(node, ast.BinOp) and type(node.op) in _TWO:
        return _TWO[type(node.op)](_value(node.left, values), _value(node.right, values))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS:
        return _CALLS[node.func.id](*(_value(one, values) for one in node.args))
    raise ValueError(f"{ast.unparse(node)} is no arithmetic.")
