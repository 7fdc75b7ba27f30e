"""Graphs of :mod:`.expression`, computed by PyTorch's operations on lists of tensors.

A sum takes one pass over memory a term, a product or quotient in it no pass of its own; what nobody
needs any more is written over.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast

import torch

from .expression import Applied, Node, Pair, Tensors, Total

Operation = tuple[str, tuple, dict[str, Any]]  # (name of a foreach operation, arguments, keywords)
_FUSED = {"mul": "addcmul", "div": "addcdiv"}  # x + number·(a∘b) in one pass


def count_uses(results: Iterable[Node]) -> None:
    """Set how often each node of the graph is needed, as an operand or as a result."""
    waiting = list(results)
    while waiting:
        node = waiting.pop()
        node.uses += 1
        if node.uses == 1:
            waiting += node.operands


def compute(node: Node) -> Tensors:
    """The tensors of a node; what it is made of is let go of where nothing else needs it."""
    if node.value is None:
        if isinstance(node, Total):
            _compute_total(node)
        elif isinstance(node, Pair):
            first, second = compute(node.first), compute(node.second)
            is_free = _is_free(node.first) and first is not second
            node.value = _run(node.name, first, is_free, (second,))
        elif isinstance(node, Applied):
            operand = compute(node.operand)
            node.value = _run(node.name, operand, _is_free(node.operand), node.numbers)
        for each in node.operands:
            _release(each)
    return cast(Tensors, node.value)


def _compute_total(total: Total) -> None:
    terms, constant, inlined = _flat(total)
    products = [term for term in terms if _is_inside(term.node)]
    summands = [term for term in terms if not _is_inside(term.node)]
    if not summands:
        summands = [products.pop()]
    for product in products:
        for factor in product.node.operands:
            compute(factor)
    for summand in summands:
        compute(summand.node)
    # the one whose memory can be taken over, else one that needs no multiplication
    first = max(summands, key=lambda term: (term.is_last_use, term.scale == 1.0))
    summands.remove(first)
    value, is_free = compute(first.node), first.is_last_use
    for name, arguments, keywords in _operations(first, summands, products, constant):
        value = _run(name, value, is_free, arguments, keywords)
        is_free = True
    total.value = value if is_free else [tensor.clone() for tensor in value]
    for node in (*(product.node for product in products), *inlined):
        for operand in node.operands:
            _release(operand)


@dataclass(slots=True, eq=False)
class _Term:
    """Number·node in a sum, in which the node occurs several times."""

    scale: float
    node: Node
    times: int = 1

    @property
    def is_last_use(self) -> bool:
        """Whether only this sum needs the node, whose memory may be written over."""
        return self.node.reusable and self.node.uses == self.times


def _flat(total: Total) -> tuple[list[_Term], float, list[Total]]:
    """The terms of a sum with those of sums inside it that nothing else needs; and these sums."""
    terms: dict[Node, _Term] = {}
    constant, inlined = 0.0, []
    waiting: list[tuple[float, Node]] = [(1.0, total)]
    while waiting:
        scale, node = waiting.pop()
        is_inlined = isinstance(node, Total) and node.value is None and node.uses == 1
        if isinstance(node, Total) and (is_inlined or node is total):
            constant += scale * node.constant
            waiting += [(scale * number, operand) for number, operand in reversed(node.terms)]
            if node is not total:
                inlined.append(node)
        elif node in terms:
            terms[node].scale += scale
            terms[node].times += 1
        else:
            terms[node] = _Term(scale, node)
    return list(terms.values()), constant, inlined


def _is_inside(node: Node) -> bool:
    """Whether a term is a product or quotient that the sum alone needs."""
    return isinstance(node, Pair) and node.name in _FUSED and node.value is None and node.uses == 1


def _operations(
    first: _Term, summands: list[_Term], products: list[_Term], constant: float
) -> list[Operation]:
    """What is done to the first term, one pass each."""
    operations: list[Operation] = []
    if len(summands) == 1 and abs(first.scale + summands[0].scale - 1) < 1e-15:
        end = summands[0]  # βx + (1-β)y in one pass
        operations.append(("lerp", (end.node.value, end.scale), {}))
    else:
        if first.scale != 1.0:
            operations.append(("mul", (first.scale,), {}))
        operations += [("add", (term.node.value,), {"alpha": term.scale}) for term in summands]
    for term in products:
        pair = cast(Pair, term.node)
        factors = (pair.first.value, pair.second.value)
        operations.append((_FUSED[pair.name], factors, {"value": term.scale}))
    if constant:
        operations.append(("add", (constant,), {}))
    return operations


def _is_free(node: Node) -> bool:
    """Whether this is the last use of a node whose memory may be written over."""
    return node.reusable and node.uses == 1


def _release(node: Node) -> None:
    node.uses -= 1
    if not node.uses:
        node.value = None


def _run(
    name: str,
    value: Tensors,
    in_place: bool,
    arguments: tuple,
    keywords: dict[str, Any] | None = None,
) -> Tensors:
    """A foreach operation on the tensors, into their own memory where that is free."""
    keywords = keywords or {}
    function: Callable | None = getattr(torch, f"_foreach_{name}{'_' if in_place else ''}", None)
    if function is None:  # few functions have no version for lists
        return [getattr(torch, name)(tensor, *arguments) for tensor in value]
    result = function(value, *arguments, **keywords)
    return value if in_place else list(result)
