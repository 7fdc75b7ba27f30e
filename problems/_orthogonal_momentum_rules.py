"""The rules of orthogonal_momentum: spectra, the optimised momentum of each, and what orthogonal
polynomials say.
"""

import math

import numpy as np
from scipy.optimize import minimize

import landscape_control as lc

from ..claims import Check, fitted_slope
from ..model.landscape import Discrete, LandscapeDistribution, MarchenkoPastur, Uniform
from ..optimisation import optimize_policy
from ..reference import endless_loss, orthogonal_rule, polyak, polynomials
from ..rules.families import HeavyBall

SPECTRA = {
    "uniform": Uniform(0.05, 1.0),
    "Marchenko-Pastur": MarchenkoPastur(0.5),
    "Marchenko-Pastur, ratio ¼": MarchenkoPastur(0.25),  # looked at after all bounds
    "five values": Discrete([0.1, 0.3, 0.5, 0.8, 1.0], [0.1, 0.3, 0.2, 0.3, 0.1]),
}
STEPS = {"uniform": 10, "Marchenko-Pastur": 10, "five values": 5}
SPAN = {"uniform": 8, "Marchenko-Pastur": 8, "five values": 4}
CONTINUOUS, LONG = ("uniform", "Marchenko-Pastur"), 400
LABELS = {"uniform": "uniform [0.05, 1]", "Marchenko-Pastur": "Marchenko-Pastur, ratio ½"}


def best(
    name,
    family,
    horizon,
    *,
    cost="running",
    noise=0.0,
    learning_rate=math.inf,
    discount=0.0,
    **options,
):
    """The best rule of a family for the spectrum of that name."""
    return optimize_policy(
        LandscapeDistribution.quadratic(curvatures=SPECTRA[name], start_variance=1.0),
        family,
        lc.Objective(horizon=horizon, learning_rate=learning_rate, discount=discount),
        cost=cost,
        sees=lc.NoisyGradient(noise) if noise else None,
        tolerance=1e-9,
        **options,
    )


def theory(name, horizon):
    """Stieltjes' recurrence, from a quadrature that is exact for it."""
    return orthogonal_rule(*SPECTRA[name].nodes(horizon + 4), horizon)


def endless(name):
    """The constants of least mean of Σ_t h P_t(h)², by a search over its closed form."""
    h, w = SPECTRA[name].nodes(60)
    found = minimize(
        lambda x: w @ endless_loss(h, *x),
        [1 / h.max(), 0.1],
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-16},
    )
    return found.x


def constant_slope():
    """How fast the best constant β for terminal loss nears Polyak's; by the logarithm of a loss
    that is soon below 1e-60, from α = 0.3, β = 0.1 whatever the answer.
    """
    spectrum, horizons, gaps = SPECTRA["Marchenko-Pastur"], (160, 320), []
    _, beta = polyak(*spectrum.support)
    for horizon in horizons:
        h, w = spectrum.nodes(horizon + 4)

        def logarithm_of_loss(x, horizon=horizon, h=h, w=w):
            last = polynomials(np.full(horizon, x[0]), x[1], h)[-1]
            return math.log(last**2 @ (w * h))

        found = minimize(
            logarithm_of_loss,
            [0.3, 0.1],
            method="Nelder-Mead",
            options={"xatol": 1e-9, "fatol": 1e-12},
        )
        gaps.append(beta - found.x[1])
    return Check(
        quantity="Marchenko-Pastur, constant β, terminal loss, below Polyak's: slope in T",
        theory=-2,
        computed=fitted_slope(horizons, gaps),
        relation="limit",
        tolerance=0.05,
        reference="closed form",
        bound="before",
    )


def best_constant(name, cost, horizon):
    """The best constant heavy ball, from random starts."""
    return best(name, HeavyBall(constant=True), horizon, cost=cost, starts=3)


def without_first(momenta):
    """β_t, not a number where it has no effect."""
    return np.column_stack([np.full(len(momenta), math.nan), np.array(momenta)[:, 1:]])
