"""Beliefs about a task that is drawn afresh at unknown times, by brute force: densities on a grid."""

from dataclasses import dataclass

import numpy as np

GRID = np.linspace(-7.0, 7.0, 1401)


def normal(x, mean, variance):
    """The density of N(mean, variance)."""
    return np.exp(-((x - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)


def scaled(density):
    """A density (..., G) on the grid that sums to one."""
    return density / density.sum(-1, keepdims=True)


PRIOR = scaled(normal(GRID, 0.0, 1.0))  # of a fresh task: N(0, 1)


def moments(density) -> tuple[np.ndarray, np.ndarray]:
    """(mean, variance) of densities (..., G)."""
    mean = density @ GRID
    return mean, density @ GRID**2 - mean**2


@dataclass(frozen=True, kw_only=True)
class Weight:
    """One weight: ``hazard`` λ of its task, ``use`` h, gradient noise σ, step Δt."""

    hazard: float
    use: float
    noise: float
    step: float

    def later(self, density):
        """The belief a step later: kept with chance e^{-λΔt}, else the prior."""
        stays = np.exp(-self.hazard * self.step)
        return stays * density + (1 - stays) * PRIOR

    def after(self, density, observed):
        """The belief after y = -hφ + σξ/√Δt, of a gradient seen at θ = 0."""
        error = self.noise**2 / self.step
        return scaled(density * normal(observed, -self.use * GRID, error))


def pulled(weight: Weight, mean, variance):
    """Mean and variance a step later, exactly: a m and a v + (1-a) v₀ + a(1-a) m², v₀ = 1, μ₀ = 0."""
    stays = np.exp(-weight.hazard * weight.step)
    return stays * mean, stays * variance + (1 - stays) + stays * (1 - stays) * mean**2


def pulled_on_average(weight: Weight, mean, variance):
    """The same with E m² = v₀ - v in place of m²: a m and a² v + (1-a²) v₀, the best linear
    filter's.
    """
    stays = np.exp(-weight.hazard * weight.step)
    return stays * mean, stays**2 * variance + 1 - stays**2


def filtered(weight: Weight, tasks, seen, rng) -> np.ndarray:
    """Densities (N, G) after each of N observations; where ``seen`` (N,) is false there is none."""
    density, found = PRIOR, []
    for task, sees in zip(tasks, seen, strict=True):
        if sees:
            shock = weight.noise / np.sqrt(weight.step) * rng.standard_normal()
            density = weight.after(density, -weight.use * task + shock)
        found.append(density)
        density = weight.later(density)
    return np.array(found)


def expected_fall(weight: Weight, density) -> float:
    """v - E v after one more observation, by quadrature over what may be seen."""
    error = weight.noise**2 / weight.step
    mean, variance = moments(density)
    reach = 9 * np.sqrt(error)
    seen = np.linspace(-weight.use * 5 - reach, weight.use * 5 + reach, 2001)
    likely = normal(seen[:, None], -weight.use * GRID, error) * density
    chance = likely.sum(1)
    after = moments(likely / np.maximum(chance, 1e-300)[:, None])[1]
    return float(variance - (chance * after).sum() / chance.sum())
