"""Every small change of a function's source: what a student's slip may look like, made by a machine.

The changes are those of mutation testing (operators, constants, order, dropped or swapped arguments, another axis, another
reduction, a name for another, a line left out), made one at a time on the syntax tree, so that each mutant can be named.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from itertools import combinations

_OPERATORS: dict[type[ast.operator], list[type[ast.operator]]] = {
    ast.Add: [ast.Sub, ast.Mult],
    ast.Sub: [ast.Add, ast.Mult],
    ast.Mult: [ast.Add, ast.Div, ast.Sub],
    ast.Div: [ast.Mult, ast.Sub],
    ast.FloorDiv: [ast.Mult, ast.Sub, ast.Mod],
    ast.Pow: [ast.Mult],
}
_COMPARISONS: dict[type[ast.cmpop], list[type[ast.cmpop]]] = {
    ast.Eq: [ast.NotEq, ast.Lt, ast.Gt],
    ast.NotEq: [ast.Eq, ast.Lt, ast.Gt],
    ast.Lt: [ast.LtE, ast.Gt],
    ast.Gt: [ast.GtE, ast.Lt],
}
_REDUCTIONS = ("mean", "sum", "max", "min", "median", "std", "argmax", "argmin")
_WORDS = {
    "edge": ["constant", "reflect", "wrap"],
    "replicate": ["constant", "reflect", "circular"],
}
_STARRED = {  # of several members
    "members the other way round": "*{0}[::-1]",
    "the first member for all": "*{0}[:1] * len({0})",
    "the last member for all": "*{0}[-1:] * len({0})",
    "the members moved on by one": "*({0}[1:] + {0}[:1])",
    "each the mean of all": "*[sum({0}) / len({0})] * len({0})",
    "members left out as 0": "*[0 * each for each in {0}]",
    "the last member left out as 0": "*{0}[:-1], 0 * {0}[-1]",
}
_MEMBERS = {  # of each member made in a list
    "each with the other sign": "-({})",
    "each without its sign": "abs({})",
    "each cut off below 0": "({}).clip(0)",
    "each cut off above 0": "-(-({})).clip(0)",
    "each squared": "({}) ** 2",
    "each doubled": "2 * ({})",
    "each halved": "({}) / 2",
}
Change = tuple[str, ast.AST]  # what was done, and the node that stands there now


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """(what was changed, the changed source) for each single change of the function in `source`."""
    tree = ast.parse(source)
    names = sorted({n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)})
    names += [a.arg for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) for a in n.args.args]
    seen = {ast.unparse(tree)}
    for place, node in enumerate(ast.walk(tree)):
        for number in range(len(list(_changes(node, names)))):
            other = copy.deepcopy(tree)
            target = list(ast.walk(other))[place]
            said, instead = list(_changes(target, names))[number]
            changed = ast.unparse(ast.fix_missing_locations(_Replace(target, instead).visit(other)))
            if changed not in seen:
                seen.add(changed)
                yield f"line {getattr(node, 'lineno', '?')}: {said}", changed


class _Replace(ast.NodeTransformer):
    def __init__(self, target: ast.AST, instead: ast.AST) -> None:
        self.target, self.instead = target, instead

    def visit(self, node: ast.AST) -> ast.AST:
        return self.instead if node is self.target else self.generic_visit(node)


def _changes(node: ast.AST, names: list[str]) -> Iterator[Change]:
    if isinstance(node, ast.BinOp):
        for operator in _OPERATORS.get(type(node.op), []):
            yield f"{_said(node.op)} becomes {_said(operator())}", ast.BinOp(node.left, operator(), node.right)
        yield "only what stands left", node.left
        yield "only what stands right", node.right
        if isinstance(node.op, ast.Sub | ast.Div | ast.FloorDiv | ast.Pow):
            yield "both sides exchanged", ast.BinOp(node.right, node.op, node.left)
        if isinstance(inner := node.left, ast.BinOp) and type(inner.op) is not type(node.op):
            yield "brackets moved", ast.BinOp(inner.left, inner.op, ast.BinOp(inner.right, node.op, node.right))
        if isinstance(inner := node.right, ast.BinOp) and type(inner.op) is not type(node.op):
            yield "brackets moved", ast.BinOp(ast.BinOp(node.left, node.op, inner.left), inner.op, inner.right)
    elif isinstance(node, ast.UnaryOp):
        yield "without the sign", node.operand
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        for comparison in _COMPARISONS.get(type(node.ops[0]), []):
            other = comparison()
            yield f"{_said(node.ops[0])} becomes {_said(other)}", ast.Compare(node.left, [other], node.comparators)
    elif isinstance(node, ast.Constant):
        for value in _constants(node.value):
            yield f"{node.value!r} becomes {value!r}", ast.Constant(value)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        for name in names:
            if name != node.id:
                yield f"{node.id} becomes {name}", ast.Name(name, ast.Load())
    elif isinstance(node, ast.Call):
        yield from _calls(node)
    elif isinstance(node, ast.Tuple | ast.List) and isinstance(node.ctx, ast.Load) and len(node.elts) > 1:
        make = type(node)
        yield "the other way round", make(node.elts[::-1], ast.Load())
        for i, _ in enumerate(node.elts):
            yield f"element {i + 1} left out", make(node.elts[:i] + node.elts[i + 1 :], ast.Load())
            for j in range(i):
                swapped = list(node.elts)
                swapped[i], swapped[j] = swapped[j], swapped[i]
                yield f"elements {j + 1} and {i + 1} exchanged", make(swapped, ast.Load())
                twice = [*node.elts[:i], node.elts[j], *node.elts[i + 1 :]]
                yield f"element {j + 1} in the place of element {i + 1}", make(twice, ast.Load())
    elif isinstance(node, ast.Starred) and isinstance(node.ctx, ast.Load):
        for said, instead in _STARRED.items():
            code = ast.parse(f"[{instead.format(ast.unparse(node.value))}]", mode="eval").body
            yield said, code.elts[0]  # type: ignore[attr-defined]
    elif isinstance(node, ast.ListComp):
        for said, instead in _MEMBERS.items():
            yield (
                said,
                ast.ListComp(ast.parse(instead.format(ast.unparse(node.elt)), mode="eval").body, node.generators),
            )
        if isinstance(node.elt, ast.Call):
            for argument in node.elt.args:
                yield f"each is {ast.unparse(argument)}", ast.ListComp(argument, node.generators)
    elif isinstance(node, ast.FunctionDef | ast.For | ast.If):
        yield from _lines(node)


def _constants(value: object) -> list[object]:
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, int):
        return [value + 1, value - 1, -value, 2 * value]
    if isinstance(value, float):
        return [value / 2, 1 - value, -value]
    return list(_WORDS.get(value, [])) if isinstance(value, str) else []


def _calls(node: ast.Call) -> Iterator[Change]:
    if len(node.args) == 1 and not node.keywords and isinstance(node.func, ast.Name | ast.Attribute):
        yield f"{ast.unparse(node.func)} not called", node.args[0]
        inner = node.args[0]
        if isinstance(inner, ast.Call) and len(inner.args) == 1 and not inner.keywords:
            turned = ast.Call(inner.func, [ast.Call(node.func, inner.args, [])], [])
            yield f"{ast.unparse(node.func)} and {ast.unparse(inner.func)} exchanged", turned
            yield f"{ast.unparse(node.func)} called twice", ast.Call(node.func, [node], [])
    if isinstance(node.func, ast.Attribute):
        if not isinstance(node.func.value, ast.Name) or node.func.value.id not in ("np", "torch", "F"):
            yield f".{node.func.attr} not called", node.func.value
        if node.func.attr in _REDUCTIONS:
            for name in _REDUCTIONS:
                if name != node.func.attr:
                    func = ast.Attribute(node.func.value, name, ast.Load())
                    yield f"{node.func.attr} becomes {name}", ast.Call(func, node.args, node.keywords)
    for i, _ in enumerate(node.args):
        yield f"argument {i + 1} left out", ast.Call(node.func, node.args[:i] + node.args[i + 1 :], node.keywords)
    for i, j in combinations(range(len(node.args)), 2):
        args = list(node.args)
        args[i], args[j] = args[j], args[i]
        yield f"arguments {i + 1} and {j + 1} exchanged", ast.Call(node.func, args, node.keywords)
    for i, keyword in enumerate(node.keywords):
        rest = node.keywords[:i] + node.keywords[i + 1 :]
        yield f"{keyword.arg} left out", ast.Call(node.func, node.args, rest)
        if keyword.arg in ("axis", "dim"):
            for other in ("(0,)", "(1,)", "(-1,)", "(0, 1)", "None"):
                new = ast.keyword(keyword.arg, ast.parse(other, mode="eval").body)
                yield f"{keyword.arg} becomes {other}", ast.Call(node.func, node.args, [*rest, new])


def _lines(node: ast.FunctionDef | ast.For | ast.If) -> Iterator[Change]:
    for i, line in enumerate(node.body):
        rest = node.body[:i] + node.body[i + 1 :] or [ast.Pass()]
        if not isinstance(line, ast.FunctionDef | ast.Return):
            yield f"`{ast.unparse(line)[:40]}` left out", _with(node, rest)
        if i and not isinstance(line, ast.Return):
            yield (
                f"lines {i} and {i + 1} exchanged",
                _with(node, [*node.body[: i - 1], line, node.body[i - 1], *rest[i:]]),
            )
    if isinstance(node, ast.For) and not isinstance(node.body[-1], ast.Return):
        yield "the loop ends after its first turn", _with(node, [*node.body, ast.Break()])


def _with(node: ast.FunctionDef | ast.For | ast.If, body: list[ast.stmt]) -> ast.AST:
    other = copy.copy(node)
    other.body = body
    return other


def _said(operator: ast.AST) -> str:
    return type(operator).__name__
