"""Policy programs as one would write them by hand.

NumPy, SciPy's L-BFGS-B with finite differences.
"""

import numpy as np
from scipy.optimize import minimize

LOW, HIGH, STEPS, NODES = 0.05, 1.0, 100, 40


class HandWritten:
    """Terminal loss of constant heavy ball on curvatures uniform on [0.05, 1], start variance 1,
    gradient noise σ.
    """

    def __init__(self, noise, steps=STEPS, nodes=NODES):
        points, weights = np.polynomial.legendre.leggauss(nodes)
        self.h, self.w = LOW + (HIGH - LOW) * (points + 1) / 2, weights / 2
        self.noise, self.steps = noise, steps

    def cost(self, coefficients):
        """E ½hθ_T² by the moments E θ², E θΔ, E Δ² per curvature."""
        rate, momentum = coefficients
        here, cross, move = np.ones_like(self.h), np.zeros_like(self.h), np.zeros_like(self.h)
        for _ in range(self.steps):
            pull = rate * self.h
            new_move = (
                momentum**2 * move
                - 2 * momentum * pull * cross
                + pull**2 * here
                + (rate * self.noise) ** 2
            )
            with_new = momentum * cross - pull * here
            here, cross, move = here + 2 * with_new + new_move, with_new + new_move, new_move
        return 0.5 * float(self.w @ (self.h * here))

    def optimise(self, starts):
        """The best of several starts (S, 2): (cost, coefficients)."""
        return _best(self.cost, starts, [(1e-6, 10.0), (-0.9999, 0.9999)])


class AdamByHand:
    """Terminal loss of Adam with a free exponent, averaged over drawn episodes of the same
    quadratics.
    """

    names = ("learning_rate", "exponent", "beta1", "beta2")

    def __init__(self, noise, scenarios, epsilon, steps=STEPS, seed=0):
        rng = np.random.default_rng(seed)
        self.h, self.begin = rng.uniform(LOW, HIGH, scenarios), rng.standard_normal(scenarios)
        self.noise, self.epsilon = noise * rng.standard_normal((steps, scenarios)), epsilon

    def cost(self, variables):
        """Mean of ½hθ_T²; the variables are log α, p, β₁, log(1-β₂)."""
        rate, exponent, beta1, beta2 = self.coefficients(variables)
        theta, m, v = self.begin, 0.0, 0.0
        for t, noise in enumerate(self.noise, start=1):
            y = self.h * theta + noise
            m, v = beta1 * m + (1 - beta1) * y, beta2 * v + (1 - beta2) * y**2
            theta = (
                theta - rate * m / (1 - beta1**t) / (v / (1 - beta2**t) + self.epsilon) ** exponent
            )
        return float(np.mean(self.h * theta**2)) / 2

    def coefficients(self, variables):
        """(α, p, β₁, β₂)."""
        return np.exp(variables[0]), variables[1], variables[2], 1 - np.exp(variables[3])

    def draw_starts(self, count, seed=0):
        """(count, 4) variables, evenly over the ranges Adam is used in."""
        low, high = np.log(1e-3), np.log(0.3)
        return np.random.default_rng(seed).uniform(
            [low, 0.0, 0.0, low], [high, 1.0, 0.95, high], (count, 4)
        )

    def optimise(self, starts):
        """The best of several starts: (cost, coefficients)."""
        bounds = [(np.log(1e-6), np.log(10.0)), (0.0, 1.0), (0.0, 0.9999), (np.log(1e-5), 0.0)]
        with np.errstate(all="ignore"):
            cost, variables = _best(self.cost, starts, bounds)
        return cost, self.coefficients(variables)


def _best(cost, starts, bounds):
    runs = [minimize(cost, start, method="L-BFGS-B", bounds=bounds) for start in starts]
    best = min(runs, key=lambda run: run.fun)
    return best.fun, best.x
