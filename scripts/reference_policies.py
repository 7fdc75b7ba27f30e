"""The heavy-ball program as one would write it by hand: NumPy second moments, SciPy's L-BFGS-B with finite differences."""

import numpy as np
from scipy.optimize import minimize

LOW, HIGH, STEPS, NODES = 0.05, 1.0, 100, 40


class HandWritten:
    """Terminal loss of constant heavy ball on curvatures uniform on [0.05, 1], start variance 1, gradient noise σ."""

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
            new_move = momentum**2 * move - 2 * momentum * pull * cross + pull**2 * here + (rate * self.noise) ** 2
            with_new = momentum * cross - pull * here
            here, cross, move = here + 2 * with_new + new_move, with_new + new_move, new_move
        return 0.5 * float(self.w @ (self.h * here))

    def optimise(self, starts):
        """The best of several starts (S, 2): (cost, coefficients)."""
        runs = [minimize(self.cost, start, method="L-BFGS-B", bounds=[(1e-6, 10.0), (-0.9999, 0.9999)]) for start in starts]
        best = min(runs, key=lambda run: run.fun)
        return best.fun, best.x
