"""One element of the discretised action as elementwise functions: condensed, and what follows it."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import casadi as ca
import numpy as np

from ...model.problem import Model
from ...support.elementwise import Elementwise, block_width
from ...support.scratch import Scratch
from ..transcription import DiscretisedAction, NumberLayout
from ..transcription.quadrature import lobatto, lobatto_matrices
from .chain import Chain
from .compiled import compiled
from .elimination import eliminated, followed_back, packed

FIXED = (1, 2, 3)  # arguments of the element that stay the same while θ changes
_MANY = 5000  # operations that take as long to bind to places as to carry out once


@dataclass(frozen=True, kw_only=True, eq=False)
class ElementFunctions:
    """What Newton's method needs of one element, elementwise.

    Attributes
    ----------
    condensed : (nodes (n(d+1)), left, right, [η, k, γ], stiffness) -> cost, its size (what its
        rounding is relative to), lowest pivot, fall, Schur complement (n(2n+1)) and reduced
        gradient (2n) of the two vertices, and solved and factors of the inner nodes. The Hessian
        has ``stiffness`` times that of ½∫|θ̇|² on its diagonal
    inner : (solved, factors, steps at the vertices (2n)) -> steps of the inner nodes (n(d-1))
    ending : (θ, κe^{-γT}) -> value, gradient, upper Hessian of the terminal cost; None without one
    chain : elimination of the vertices
    systems : places in memory for Newton's method, by their shapes; see ``system.system_of``; most of
        them in ``scratch``
    """

    condensed: Elementwise
    inner: Elementwise
    ending: Elementwise | None
    chain: Chain
    systems: OrderedDict[tuple[int, int, bool], Any] = field(default_factory=OrderedDict)
    scratch: Scratch = field(default_factory=Scratch)

    def width(self, total: int, count: int) -> int:
        """How many of ``total`` cells on meshes of K elements advance together."""
        return block_width(total, count, few=self.condensed.operations > _MANY)


def element_functions(model: Model, degree: int) -> ElementFunctions:
    """The functions of a model, built once."""
    known, key = compiled(model), ("element", degree)
    if key not in known:
        condensed, inner = _condensed(model, degree)
        known[key] = ElementFunctions(
            condensed=condensed,
            inner=inner,
            ending=_ending(model),
            chain=Chain(dimension=model.dimension),
        )
    return known[key]


def _condensed(model: Model, degree: int) -> tuple[Elementwise, Elementwise]:
    n = model.dimension
    sizes = (("nodes", n * (degree + 1)), ("left", 1), ("right", 1), ("numbers", 3), ("stiff", 1))
    arguments = [ca.SX.sym(name, size) for name, size in sizes]
    nodes, left, right, numbers, stiffness = arguments
    layout = NumberLayout(dimension=n, fixed_end=False, tail=False)
    vector = in_user_units(layout, numbers)
    transcription = DiscretisedAction(degree=degree)
    stage = transcription.stage(model, layout).function
    cost = stage(nodes[:n], nodes[n:], left, right, vector)[1]
    derivatives = transcription.element_derivatives(model, layout)
    if derivatives is None:
        raise TypeError("an action without derivatives of its elements")
    gradient, hessian = derivatives(nodes, left, right, vector)
    diagonal = stiffness * _kinetic_diagonal(degree, left, right, numbers)
    hessian += ca.diag(ca.vec(ca.repmat(diagonal.T, n, 1)))

    size = _size(model, cost, nodes, left, right, numbers, degree)
    # of what follows no two operations are the same
    cost, size, gradient, hessian = ca.cse([cost, size, gradient, hessian])

    # the inner nodes first, then the two vertices
    inner = list(range(n, n * degree))
    order = [*inner, *range(n), *range(n * degree, n * (degree + 1))]
    reduced = eliminated(hessian[order, order], gradient[order], len(inner))
    outputs = [cost, size, reduced.lowest, reduced.fall, reduced.schur, reduced.slope]
    outputs += [reduced.solved, reduced.factors]
    function = ca.Function("condensed", arguments, [ca.densify(o) for o in outputs])
    return Elementwise(function, FIXED), followed_back(reduced, 2 * n)


def in_user_units(layout: NumberLayout, numbers: ca.SX) -> ca.SX:
    """The parameter vector of a program with units of one, for [η, k, γ] and times as fractions."""
    values = dict.fromkeys(layout.sizes, ca.SX(1))
    values |= {"learning_rate": numbers[0], "loss_weight": numbers[1], "discount": numbers[2]}
    values["start"] = ca.SX.zeros(layout.dimension)
    return ca.vertcat(*values.values())


def _kinetic_diagonal(degree: int, left: ca.SX, right: ca.SX, numbers: ca.SX) -> ca.SX:
    """Diagonal (d+1, 1) of the Hessian of ½∫e^{-γt}|θ̇|² dt in one parameter at the nodes."""
    nodes, (derivative, _) = lobatto(degree + 1), lobatto_matrices(degree + 1)
    width = right - left
    fade = ca.exp(-numbers[2] * (left + width * ca.DM(nodes.points)))
    return ca.DM(derivative.T**2 * nodes.weights) @ fade / width


def _size(
    model: Model,
    cost: ca.SX,
    nodes: ca.SX,
    left: ca.SX,
    right: ca.SX,
    numbers: ca.SX,
    degree: int,
) -> ca.SX:
    """∫ e^{-γt} (effort + k|L|) dt over the element, by its own quadrature."""
    points = lobatto(degree + 1)
    width = right - left
    fade = ca.exp(-numbers[2] * (left + width * ca.DM(points.points)))
    weights = width * numbers[1] * fade * ca.DM(points.weights)
    thetas = ca.reshape(nodes, model.dimension, degree + 1)
    losses = [weights[q] * model.loss_at(thetas[:, q]) for q in range(degree + 1)]
    paid = ca.sum1(ca.vertcat(*losses))
    return cost - paid + ca.sum1(ca.fabs(ca.vertcat(*losses)))


def _ending(model: Model) -> Elementwise | None:
    if model.terminal is None:
        return None
    theta, weight = ca.SX.sym("theta", model.dimension), ca.SX.sym("weight")
    value = weight * model.terminal_at(theta)
    hessian, gradient = ca.hessian(value, theta)
    outputs = [value, ca.densify(gradient), packed(hessian)]
    return Elementwise(ca.Function("ending", [theta, weight], [ca.densify(o) for o in outputs]))


def node_times(left: np.ndarray, right: np.ndarray, degree: int) -> np.ndarray:
    """Times (d+1, …) of the nodes of elements."""
    points = lobatto(degree + 1).points
    shape = (-1,) + (1,) * left.ndim
    return left + (right - left) * points.reshape(shape)
