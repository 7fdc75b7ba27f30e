"""Moment programs whose modes hear noise that grows with the loss of all of them (mean field).

The variance of every mode's noise at step t is multiplied by L_t/L_0, L_t = Σ_i w_i ½h_i E(θ_i-μ)².
Given L_t the modes are independent, so all of them step together, one sum per step couples them.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import casadi as ca
import numpy as np

from ...rules.families import Clock
from ...rules.families.elementwise import Value
from ...rules.families.response import linear_rows, readout_row
from ..program import PolicyProgram
from .moment_model import follows_loss, layout_of
from .moment_program import MomentKernel, MomentProgram
from .variables import coefficient_table


@dataclass(frozen=True, kw_only=True, eq=False)
class CoupledProgram(MomentProgram):
    """The expected cost J of modes that are coupled by their noise, with its derivatives.

    The graph holds one step of one mode, called for all modes T times, and the rule's numbers once
    a step: derivatives come from CasADi's chain rule through these calls.
    """

    @cached_property
    def _rule(self) -> "_RuleOfStep":
        return _RuleOfStep(self)

    @cached_property
    def _step(self) -> ca.Function:
        """One step of one mode.

        (S, h, v, rule's numbers, [a_t, b_t, L_t/L_0], [ρ, q, centre, b, ε]) ->
        (S', its part of J, ½h E(θ' - μ')²).
        """
        moments, h, v = ca.SX.sym("S", self.layout.size), ca.SX.sym("h"), ca.SX.sym("v")
        stage, numbers = ca.SX.sym("stage", 3), ca.SX.sym("numbers", 5)
        kernel = MomentKernel(self.layout, h, v * stage[2], numbers)
        kernel.set_rule(self._rule.rows)
        following, effort = kernel.advance(moments)
        paid = stage[0] * h / 2 * kernel.spread(following, self._rule.answer) + stage[1] * effort
        loss = h / 2 * kernel.spread(following)
        inputs = [moments, h, v, self._rule.symbols, stage, numbers]
        return ca.Function("mode_step", inputs, [following, paid, loss])

    def expected(self, which: str, nodes: int, x: ca.MX, p: ca.MX) -> list[ca.MX]:
        functions = {"value": 1, "slope": 2, "curvature": 3}
        outputs = self._derivatives(nodes, functions[which])(x, p)
        return list(outputs) if isinstance(outputs, tuple) else [outputs]

    def mapped(self, which: str, nodes: int, x: ca.MX, p: ca.MX) -> list[ca.MX]:
        raise NotImplementedError("modes that hear each other's loss have no costs of their own")

    def _derivatives(self, nodes: int, count: int) -> ca.Function:
        """(x, p) -> J, and as many as wanted of ∇J and ∇²J, the latter as a column."""
        x, p = ca.MX.sym("x", self.coefficients.size), ca.MX.sym("p", self.packed_size(nodes))
        cost = self._cost(nodes, x, p)
        outputs = [cost]
        if count > 1:
            slope = ca.densify(ca.gradient(cost, x))
            outputs.append(slope)
        if count > 2:
            bent = ca.jtimes(slope, x, ca.MX.eye(x.numel()))
            outputs.append(ca.vec(ca.densify(bent)))
        return ca.Function(f"coupled_{count}", [x, p], outputs)

    def _cost(self, nodes: int, x: ca.MX, p: ca.MX) -> ca.MX:
        """J of N modes."""
        steps, weights = self.horizon, self.weights_of(nodes, p)
        begins = np.cumsum([0, steps, steps, 5, self.layout.size * nodes, nodes, nodes]).tolist()
        parts = [p[low:high] for low, high in pairwise(begins)]
        losses, efforts, numbers, starts, curvatures, noise = parts
        moments = ca.reshape(starts, self.layout.size, nodes)
        advance = self._step.map("modes_step", "serial", nodes, [3, 4, 5], [])
        first = loss = self._losses.map(nodes)(moments, curvatures.T) @ weights
        prices = ca.horzsplit(ca.vertcat(losses.T, efforts.T))
        cost, h, v = ca.MX(0), curvatures.T, noise.T
        for rule, price in zip(self._rules(x), prices, strict=True):
            stage = ca.vertcat(price, loss / first)
            moments, paid, after = advance(moments, h, v, rule, stage, numbers)
            cost, loss = cost + paid @ weights, after @ weights
        return cost

    def _rules(self, x: ca.MX) -> list[ca.MX]:
        """The rule's numbers at every step."""
        table = coefficient_table(self.coefficients, x)
        times = ca.DM(np.arange(self.horizon)).T
        return ca.horzsplit(self._rule.numbers.map(self.horizon)(table, times))

    @cached_property
    def _losses(self) -> ca.Function:
        """(S, h) -> ½h E(θ - μ)²."""
        moments, h = ca.SX.sym("S", self.layout.size), ca.SX.sym("h")
        kernel = MomentKernel(self.layout, h, ca.SX(0), ca.SX(5, 1))
        return ca.Function("mode_loss", [moments, h], [h / 2 * kernel.spread(moments)])


def moment_program_of(program: PolicyProgram) -> MomentProgram:
    """The moment program of a policy program's family, horizon, layout and kind of noise."""
    kind = CoupledProgram if follows_loss(program) else MomentProgram
    return kind(family=program.family, horizon=program.steps, layout=layout_of(program))


class _RuleOfStep:
    """The entries of a linear rule's rows that are no plain numbers, as symbols of their own.

    Attributes
    ----------
    symbols : column of them
    rows, answer : the rows of the rule and of its readout, in these symbols
    numbers : Function (coefficients of the step, t) -> their values
    """

    def __init__(self, program: MomentProgram):
        family, t = program.family, ca.SX.sym("t")
        sizes = [each.size for each in family.coefficients]
        column = ca.SX.sym("c", sum(sizes))
        parts = ca.vertsplit(column, np.cumsum([0, *sizes]).tolist())
        values: dict[str, Value] = {
            each.name: part if each.size == 1 else ca.vertsplit(part)
            for each, part in zip(family.coefficients, parts, strict=True)
        }
        clock = Clock(step=t, horizon=program.horizon)
        self._formulas: list[ca.SX] = []
        self._symbols: list[ca.SX] = []
        self.rows = [
            [self._symbol(entry) for entry in row] for row in linear_rows(family, values, clock)
        ]
        self.answer = None
        if family.has_readout:
            self.answer = [self._symbol(entry) for entry in readout_row(family, values, clock)]
        self.symbols = ca.vertcat(*self._symbols)
        formulas = ca.densify(ca.vertcat(*self._formulas))
        self.numbers = ca.Function("rule_of_step", [column, t], [formulas], {"cse": True})

    def _symbol(self, entry: Value) -> ca.SX:
        """The same symbol for the same formula; plain numbers as they are."""
        formula = ca.SX(entry)
        if formula.is_constant():
            return formula
        for known, symbol in zip(self._formulas, self._symbols, strict=True):
            if ca.is_equal(known, formula, _DEEP):
                return symbol
        self._formulas.append(formula)
        self._symbols.append(ca.SX.sym(f"entry_{len(self._symbols)}"))
        return self._symbols[-1]


_DEEP = 3  # levels to which two formulas are compared
