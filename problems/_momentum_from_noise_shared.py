"""Several directions at once, for momentum_from_noise: the friction matrix, and what one shared
friction costs.
"""

import math

import casadi as ca
import numpy as np

import landscape_control as lc

from ..claims import Check
from ..model.belief import belief_model
from ..planning.beliefs import solve
from ..reference import relaxation_rate

CONDITIONS, SHARED_NOISES = np.array([1.0, 4.0, 16.0, 64.0]), np.array([0.2, 1.0])


def several(hessian, drift, noise, start_covariance=None) -> lc.ControlProblem:
    """The moving minimum in several dimensions, λ = 0.4, γ = 0.3."""
    size, rate = len(hessian), 0.4
    hidden = lc.OrnsteinUhlenbeck(
        mean=np.zeros(size),
        rate=rate,
        covariance=drift / (2 * rate),
        start_covariance=start_covariance,
    )
    landscape = lc.Landscape.from_expression(
        lambda theta, mu: ca.dot(theta - mu, ca.DM(hessian) @ (theta - mu)) / 2,
        dimension=size,
        hidden=hidden,
    )
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise=noise)),
        start=np.ones(size),
        objective=lc.Objective(horizon=math.inf, discount=0.3),
    )


def matrix_checks():
    """Where H and Q do not commute the coefficients are matrices, and not the ones that commuting
    suggests.
    """
    hessian, rate = np.array([[2.0, 0.8], [0.8, 1.0]]), 0.4
    posed = several(hessian, np.diag([0.2, 1.5]), 0.8)
    solution = solve(posed)
    form, eye = lc.raw_rule(solution).momentum, np.eye(2)
    values, modes = np.linalg.eigh(hessian)
    relaxation = relaxation_rate(values, 0.3, 1.0, 1.0)
    gain = modes @ np.diag(relaxation) @ modes.T  # R
    # RS
    aim = modes @ np.diag(relaxation * (relaxation + 0.3) / (relaxation + 0.3 + rate)) @ modes.T
    sight = belief_model(posed).steady_covariance() @ hessian / 0.8**2  # K
    turned = aim @ (rate * eye + sight @ hessian) @ np.linalg.inv(aim)
    wanted = {
        "friction": gain + turned,
        "learning_rate": aim @ sight,
        "decay": turned @ gain - aim @ sight @ hessian,
    }
    for name, matrix in wanted.items():
        gap = np.abs(getattr(form, name) - matrix).max()
        yield Check(
            quantity=f"two dimensions: {name.replace('_', ' ')} matrix",
            theory=0,
            computed=gap,
            relation="equal",
            tolerance=1e-9,
            reference="closed form",
            bound="before",
        )
    naive = gain + rate * eye + sight @ hessian
    yield from naive_checks(naive, form.friction)


def naive_checks(naive, friction):
    """How far R + λ + KH is from the friction matrix, here and for another H, Q and γ."""
    hessian, rate, discount = np.array([[1.0, -0.9], [-0.9, 3.0]]), 0.4, 1.0
    posed = several(hessian, np.diag([1.0, 0.1]), 0.5).changed(discount=discount)
    values, modes = np.linalg.eigh(hessian)
    gain = modes @ np.diag(relaxation_rate(values, discount, 1.0, 1.0)) @ modes.T
    sight = belief_model(posed).steady_covariance() @ hessian / 0.5**2
    second = gain + rate * np.eye(2) + sight @ hessian
    exact = lc.raw_rule(solve(posed)).momentum.friction
    for where, one, other in (("", naive, friction), (", second instance", second, exact)):
        yield Check(
            quantity=f"two dimensions: relative distance of R + λ + KH from the friction{where}",
            theory=0.01,
            computed=np.linalg.norm(one - other) / np.linalg.norm(other),
            relation="at least",
            tolerance=0,
            reference="stated bound",
            bound="after",
        )


def shared():
    """SharedMomentum for every noise and condition number, [noise][condition]."""
    return [
        [
            lc.share_momentum(
                solve(several(np.diag([condition**-0.5, condition**0.5]), 0.5 * np.eye(2), noise))
            )
            for condition in CONDITIONS
        ]
        for noise in SHARED_NOISES
    ]


def second_instances():
    """Problems at which bounds set at CONDITIONS and SHARED_NOISES are confirmed."""
    hessian = np.diag([32.0**-0.5, 32.0**0.5])
    return (several(hessian, 0.5 * np.eye(2), 0.5).changed(discount=1.0),)


def shared_checks(found):
    """How near the friction matrix is to a multiple of I, and what one shared number costs."""
    worst = 0.0
    for noise, row in zip(SHARED_NOISES, found, strict=True):
        for condition, one in zip(CONDITIONS, row, strict=True):
            values = np.array([condition**-0.5, condition**0.5])
            diagonal = relaxation_rate(values, 0.3, 1.0, 1.0) + np.sqrt(
                0.16 + values**2 * 0.5 / noise**2
            )
            apart = np.linalg.norm(diagonal - diagonal.mean()) / np.linalg.norm(diagonal)
            worst = max(worst, abs(one.optimal.nearest["friction"][1] - apart))
    yield Check(
        quantity="distance of the friction matrix from βI, over noise and condition number",
        theory=0,
        computed=worst,
        relation="equal",
        tolerance=1e-9,
        reference="closed form",
        bound="before",
    )
    yield Check(
        quantity="condition number 1: cost of sharing all three",
        theory=0,
        computed=max(abs(row[0].excess) for row in found),
        relation="equal",
        tolerance=1e-9,
        reference="closed form",
        bound="before",
    )
    yield _settled_cost()
    excesses = np.array(
        [[(one.shared_friction_excess, one.excess) for one in row] for row in found]
    )
    second = [lc.share_momentum(solve(posed)) for posed in second_instances()]
    others = np.array([(one.shared_friction_excess, one.excess) for one in second])
    for i, (words, bound) in enumerate((("one friction shared", 0.01), ("all three shared", 0.05))):
        for where, worst in (
            ("", excesses[..., i].max()),
            (" at another γ, σ and condition number", others[:, i].max()),
        ):
            yield Check(
                quantity=f"{words}: largest extra cost J/J* - 1{where}",
                theory=bound,
                computed=worst,
                relation="at most",
                tolerance=0,
                reference="stated bound",
                bound="after",
            )


def _settled_cost():
    """The cost behind these comparisons against the regulator's, when the belief starts as sure as
    it will ever be.
    """
    hessian, drift = np.diag([0.5, 2.0]), 0.5 * np.eye(2)
    steady = belief_model(several(hessian, drift, 1.0)).steady_covariance()
    settled = solve(several(hessian, drift, 1.0, start_covariance=steady))
    return Check(
        quantity="cost of the optimal momentum form, theory: of the optimal policy",
        theory=settled.cost,
        computed=lc.share_momentum(settled).optimal_cost,
        relation="equal",
        tolerance=1e-8,
        reference="independent code",
        bound="before",
    )
