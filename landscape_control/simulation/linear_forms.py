"""Learners on raw observations as linear systems, read off their own steps.

A form maps (θ, y, s, 1) to the control u and to the learner's next state s, with s = 0 at first:

    u = U·(θ, y, s, 1),   s ← Z·(θ, y, s, 1).

The coefficients may be arrays (B,) or complex numbers; forms then have B in front. Complex ones
carry derivatives: Im f(x + iε)/ε is f'(x) to the last digit, as there is nothing to cancel (W.
Squire, G. Trapp, *Using complex variables to estimate derivatives of real functions*, 1998).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..rules.families import Clock, Family
from ..rules.families.decay import coupled, decoupled
from ..rules.families.response import linear_rows
from ..support.errors import ProblemError
from .optimisers import FamilyLearner, LinearLearner
from .policy_learner import PolicyLearner
from .raw_learner import RawLearner
from .resets import NoReset, WeightDecay

_CLOCK = Clock(step=0, horizon=1)  # of rules that do not read it


class NotLinear(ProblemError):
    """The learner is not linear, or its coefficients change from step to step."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearForm:
    """A linear learner; columns are those of θ (n), y (q), s (S) and 1.

    Attributes
    ----------
    control : (..., m, n + q + S + 1), U
    state : (..., S, n + q + S + 1), Z
    parameters, observations : n, q
    """

    control: np.ndarray
    state: np.ndarray
    parameters: int
    observations: int

    @property
    def memory(self) -> int:
        """S, how many numbers the learner carries along."""
        return int(self.state.shape[-2])

    def after(self, inputs: np.ndarray) -> "LinearForm":
        """The form for inputs that are themselves linear in the outer ones, (..., c, c)."""
        return self.with_parts(self.control @ inputs, self.state @ inputs)

    def with_parts(self, control: np.ndarray, state: np.ndarray) -> "LinearForm":
        """The form with other matrices on the same columns."""
        return LinearForm(
            control=control,
            state=state,
            parameters=self.parameters,
            observations=self.observations,
        )


def linear_form(
    learner: RawLearner, values: Mapping[str, object], start: np.ndarray, observations: int
) -> LinearForm:
    """The form of a learner that starts at θ = ``start`` (n,) and sees ``observations`` numbers.

    ``values`` {coefficient: number or (B,)} replace those of the learner, by the names of its
    ``coefficients``.

    Raises
    ------
    NotLinear
        A learner that is not linear, or whose coefficients change from step to step.
    ProblemError
        Decay where observations and parameters differ in number; matrices of another shape.
    """
    if isinstance(learner, NoReset):
        return linear_form(learner.learner, inner_values(values), start, observations)
    if isinstance(learner, WeightDecay):
        inner = linear_form(learner.learner, inner_values(values), start, observations)
        return _decayed(learner, values.get("decay", learner.decay), inner, start)
    if isinstance(learner, LinearLearner):
        return _state_space(learner, len(start), observations)
    if isinstance(learner, PolicyLearner):
        _check_steady(learner)
        coefficients = {**learner.policy.coefficients, **values}
        form = _family(learner.policy.family, coefficients, len(start), observations)
        return form.with_parts(form.control / learner.step, form.state)
    if isinstance(learner, FamilyLearner) and type(learner).update is FamilyLearner.update:
        given = {**learner.coefficients, **values}
        names = [each.name for each in learner.rule.coefficients]
        coefficients = {name: given[learner.fields_of.get(name, name)] for name in names}
        return _family(learner.rule, coefficients, len(start), observations)
    raise _not_linear(type(learner).__name__, "another kind of learner")


def inner_values(values: Mapping[str, object]) -> dict[str, object]:
    """The coefficients of the wrapped learner, by the names that it gives them."""
    prefix = "learner."
    return {
        name.removeprefix(prefix): value
        for name, value in values.items()
        if name.startswith(prefix)
    }


def _not_linear(name: str, received: str) -> NotLinear:
    return NotLinear(
        f"exact cost of {name}",
        expected=(
            "a linear rule with constant coefficients: SGD, heavy ball, Nesterov and other linear"
            " families, with weight decay or without, or a LinearLearner"
        ),
        received=received,
        advice="use simulate, or best_coefficients with a method that simulates",
    )


def _check_steady(learner: PolicyLearner) -> None:
    name = learner.policy.family.name
    if learner.policy.varies:
        raise _not_linear(name, "coefficients or a schedule that change from step to step")
    if learner.has_answer:
        raise _not_linear(name, "an average of iterates, whose weights change from step to step")


def _family(
    family: Family, coefficients: Mapping[str, object], parameters: int, observations: int
) -> LinearForm:
    """One rule for every weight: the rows of its step, spread over the weights."""
    if not family.linear:
        raise _not_linear(family.name, "a rule that is not linear in the gradients")
    rows = linear_rows(family, coefficients, _CLOCK)
    table = np.stack([np.stack(row, -1) for row in _alike(rows)], -2)
    of_theta, rest = table[..., :1], table[..., 1:]
    if parameters == observations:
        left = _each(of_theta, np.eye(observations))
    elif not of_theta.any():
        left = _each(of_theta, np.zeros((observations, parameters)))
    else:
        raise ProblemError(
            f"exact cost of {family.name}",
            expected="as many observations as parameters for a rule that pulls the weights",
            received=f"{observations} observations, {parameters} parameters",
            advice="let the learner see a gradient and push every parameter",
        )
    spread = _each(rest, np.eye(observations))
    whole = np.concatenate([left, spread, np.zeros((*spread.shape[:-1], 1))], axis=-1)
    return LinearForm(
        control=whole[..., :observations, :],
        state=whole[..., observations:, :],
        parameters=parameters,
        observations=observations,
    )


def _alike(rows: list[list]) -> list[list]:
    """The rows with all their entries of one shape."""
    shape = np.broadcast_shapes(*(np.shape(entry) for row in rows for entry in row))
    return [[np.broadcast_to(entry, shape) for entry in row] for row in rows]


def _each(table: np.ndarray, block: np.ndarray) -> np.ndarray:
    """The Kronecker product of tables (..., a, b) with a block (p, q): (..., ap, bq)."""
    product = np.einsum("...ab,pq->...apbq", table, block)
    *batch, a, p, b, q = product.shape
    return product.reshape(*batch, a * p, b * q)


def _decayed(
    learner: WeightDecay, decay: object, inner: LinearForm, start: np.ndarray
) -> LinearForm:
    """Decay by the very functions of the rule, applied to θ, y and 1 as linear forms."""
    n, q = inner.parameters, inner.observations
    if n != q:
        raise ProblemError(
            "exact cost of WeightDecay",
            expected="as many observations as parameters",
            received=f"{q} observations, {n} parameters",
            advice="let the learner see a gradient and push every parameter",
        )
    units = np.eye(n + q + inner.memory + 1)
    displacement = units[:n].copy()
    centre = start if learner.centre is None else np.array(learner.centre, dtype=float)
    displacement[:, -1] -= centre
    weight = np.asarray(decay)[..., None, None]
    if learner.decoupled:
        return inner.with_parts(decoupled(inner.control, weight, displacement), inner.state)
    seen = coupled(units[n : n + q], weight, displacement)
    parts = [units[:n], seen, units[n + q :]]
    inputs = [np.broadcast_to(part, (*seen.shape[:-2], *part.shape[-2:])) for part in parts]
    return inner.after(np.concatenate(inputs, axis=-2))


def _state_space(learner: LinearLearner, n: int, q: int) -> LinearForm:
    """z ← Az + Ky + Mθ + c, u = Fz + Dy + Nθ + d with the new z; a matrix of one entry is that
    number times the identity, as the learner reads it.
    """
    transition, gain = np.atleast_2d(learner.transition), np.atleast_2d(learner.gain)
    size = len(transition)
    if transition.size == 1:
        size = q if gain.size == 1 else len(gain)

    def full(matrix: object, rows: int, columns: int) -> np.ndarray:
        if matrix is None:
            return np.zeros((rows, columns))
        array = np.atleast_2d(np.asarray(matrix, dtype=float))
        if array.size == 1 and rows == columns:
            return array[0, 0] * np.eye(rows)
        if array.shape != (rows, columns):
            raise ProblemError(
                "exact cost of LinearLearner",
                expected=f"a matrix of shape ({rows}, {columns}) for this problem",
                received=f"shape {array.shape}",
                advice=f"the problem has {n} parameters and {q} observations per step",
            )
        return array

    def column(offset: object, rows: int) -> np.ndarray:
        return np.broadcast_to(np.asarray(offset, dtype=float), (rows,))[:, None]

    state = np.hstack(
        [
            full(learner.state_theta, size, n),
            full(gain, size, q),
            full(transition, size, size),
            column(learner.state_offset, size),
        ]
    )
    direct = np.hstack(
        [
            full(learner.feedback, q, n),
            full(learner.feedthrough, q, q),
            np.zeros((q, size)),
            column(learner.offset, q),
        ]
    )
    control = direct + full(learner.readout, q, size) @ state
    return LinearForm(control=control, state=state, parameters=n, observations=q)
