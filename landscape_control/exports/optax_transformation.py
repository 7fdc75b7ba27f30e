"""A policy as an ``optax.GradientTransformation``: pure functions of arrays, for jax.jit."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ..rules.families import Clock, Policy
from ..rules.families.family import Values
from ..support.errors import ProblemError
from .running import check_not_ended


class RuleState(NamedTuple):
    """What the transformation carries.

    Attributes
    ----------
    count : steps taken, an integer array
    carried : the rule's numbers per weight, a tree like the parameters for each
    """

    count: Any
    carried: tuple


class AnsweringTransformation(optax.GradientTransformation):
    """One that answers with other parameters than those where gradients are taken.

    ``readout(params, state)`` are those: a tree like the parameters, an average of iterates.
    """

    readout: Any


def transformation(policy: Policy, hold: str | None) -> Any:
    """The policy as (init, update); see :func:`export` for what holds."""
    size = policy.family.state_size

    def init(params: Any) -> RuleState:
        jax.tree.map(_check_real, params)
        carried = tuple(jax.tree.map(jnp.zeros_like, params) for _ in range(size))
        return RuleState(count=jnp.zeros((), jnp.int32), carried=carried)

    def update(updates: Any, state: RuleState, params: Any = None) -> tuple[Any, RuleState]:
        if params is None and policy.family.reads_parameters:
            raise ProblemError(
                "params",
                expected=f"the parameters, which {policy.family.name} reads",
                received="None",
                advice="call update(gradients, state, params)",
            )
        if hold is None and not isinstance(state.count, jax.core.Tracer):
            check_not_ended(policy, int(state.count))
        gradients, structure = jax.tree.flatten(updates)
        places = gradients if params is None else structure.flatten_up_to(params)
        carried = [structure.flatten_up_to(tree) for tree in state.carried]
        square = None
        if policy.family.couples:
            square = sum(jnp.sum(jnp.square(gradient)) for gradient in gradients)
        steps = [
            _step(policy, hold, state.count, square, gradient, place, tuple(kept))
            for gradient, place, *kept in zip(gradients, places, *carried, strict=True)
        ]
        moves = structure.unflatten([move for move, _ in steps])
        following = tuple(structure.unflatten([kept[i] for _, kept in steps]) for i in range(size))
        return moves, RuleState(count=state.count + 1, carried=following)

    if not policy.has_readout:
        return optax.GradientTransformation(init, update)
    found = AnsweringTransformation(init, update)
    found.readout = partial(_readout, policy)
    return found


def _readout(policy: Policy, params: Any, state: RuleState) -> Any:
    """What the policy answers with; the parameters themselves before the first step."""
    last = jnp.maximum(state.count - 1, 0)
    if policy.varies:
        last = jnp.minimum(last, policy.horizon - 1)
    clock = Clock(step=last + 0.0, horizon=policy.horizon)

    def of_array(place: Any, *carried: Any) -> Any:
        values = _values_at(policy, last, place.dtype)
        return policy.family.readout(values, carried, place, clock)

    return jax.tree.map(of_array, params, *state.carried)


def _step(
    policy: Policy,
    hold: str | None,
    count: Any,
    square: Any,
    gradient: Any,
    place: Any,
    carried: tuple,
) -> tuple[Any, tuple]:
    """(Δθ, next state) of one array of weights, in its own precision."""
    _check_real(gradient)
    at = jnp.minimum(count, policy.horizon - 1) if policy.varies else count
    # a float of no precision of its own: quotients of whole numbers are in single precision here
    square = None if square is None else jnp.asarray(square, gradient.dtype)
    clock = Clock(step=at + 0.0, horizon=policy.horizon, gradient_square=square)
    values = _values_at(policy, at, gradient.dtype)
    move, following = policy.family.step(values, carried, gradient, place, clock)
    move = jnp.broadcast_to(jnp.asarray(move, gradient.dtype), gradient.shape)
    if policy.varies and hold is None:
        move = jnp.where(count < policy.horizon, move, jnp.nan)
    return move, tuple(
        jnp.broadcast_to(jnp.asarray(kept, gradient.dtype), gradient.shape) for kept in following
    )


def _values_at(policy: Policy, at: Any, dtype: Any) -> Values:
    """The coefficients of a step; constant ones stay numbers, which take any precision."""
    varying = {each.name for each in policy.family.coefficients if each.varies}
    return {
        name: jnp.asarray(value, dtype)[at] if name in varying else value
        for name, value in policy.coefficients.items()
    }


def _check_real(array: Any) -> None:
    if jnp.iscomplexobj(array):
        raise ProblemError(
            "weights",
            expected="real arrays",
            received=f"an array of {jnp.asarray(array).dtype}",
            advice="hold real and imaginary parts apart",
        )
