"""How the tests of policy families run them: on given gradients, in NumPy and in CasADi."""

import casadi as ca
import numpy as np

from landscape_control.policies import Clock

HORIZON = 7


def gradients(seed=0, horizon=HORIZON, n=3):
    """(T, n) gradients of both signs and many sizes, and (T, n) parameters at which they were seen."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(horizon, n)) * 10.0 ** rng.uniform(-1, 1, (horizon, n)), rng.normal(
        size=(horizon, n)
    )


def moves(family, coefficients, seen, at=None):
    """(T, n) updates of a family on gradients ``seen`` at parameters ``at``, by its own step in
    NumPy.
    """
    layout, horizon = family.layout(len(seen)), len(seen)
    entries, state = (
        layout.join(coefficients),
        tuple(np.zeros(seen.shape[1]) for _ in range(family.state_size)),
    )
    found = []
    for t in range(horizon):
        theta = np.zeros(seen.shape[1]) if at is None else at[t]
        move, state = family.step(
            layout.at_step(entries, t), state, seen[t], theta, Clock(step=t, horizon=horizon)
        )
        assert len(state) == family.state_size
        found.append(move)
    return np.array(found)


def symbolic_moves(family, coefficients, seen, at, kind=ca.SX, clock_symbol=False):
    """(T, n) updates, where one step has been built from CasADi symbols and is then evaluated, weight
    by weight, or on all weights at once where they see each other.
    """
    layout, (horizon, n) = family.layout(len(seen)), seen.shape
    together = n if family.couples else 1
    entries = layout.join(coefficients)
    found, state = np.empty(seen.shape), np.zeros((family.state_size, n))
    for t in range(horizon):
        names = (
            kind.sym("c", layout.size),
            kind.sym("s", together, family.state_size),
            kind.sym("y", together),
            kind.sym("θ", together),
            kind.sym("t"),
        )
        values, carried, y, theta, clock = names
        carried = tuple(carried[:, i] for i in range(family.state_size))
        time = Clock(step=clock if clock_symbol else t, horizon=horizon)
        move, after = family.step(layout.at_step(values, t), carried, y, theta, time)
        step = ca.Function("step", list(names), [ca.horzcat(move, *after)])
        for i in range(0, n, together):
            part = slice(i, i + together)
            result = np.array(step(entries, state[:, part].T, seen[t, part], at[t, part], t))
            found[t, part], state[:, part] = result[:, 0], result[:, 1:].T
    return found


def drawn(family, seed=0, horizon=HORIZON):
    """Coefficients drawn from the starting ranges."""
    rng, values = np.random.default_rng(seed), {}
    for one in family.coefficients:
        shape = (horizon,) * one.varies + (one.size,) * (one.size > 1)
        values[one.name] = one.draw(rng.uniform(size=shape))
        if one.varies:
            values[one.name][: one.first] = 0.0
    return values
