"""The method of VGR25's Figure 1, small and in NumPy: first-order descent on a left-rectangle
action.

J ≈ Σᵢ Δt e^{-γtᵢ} [|θᵢ₊₁ - θᵢ|²/(2ηΔt²) + kL(θᵢ)] over 50 points, minimised by many Adam steps from
a straight line.
"""

import numpy as np

POINTS, STEPS = 50, 60_000


class LeftRectangleAction:
    """The discretised action of a path (N, n) whose first row stays at the start, with its
    gradient.
    """

    def __init__(self, loss, numbers, points=POINTS):
        self.loss, self.start, self.count = loss, numbers.start, points
        self.times = np.linspace(0.0, numbers.horizon, points)
        step = self.times[1]
        fading = np.exp(-numbers.discount * self.times[:-1, None])
        self.stiffness = fading / (numbers.learning_rate * step)  # (N-1, 1)
        self.weights = numbers.loss_weight * step * fading

    def cost(self, theta):
        velocity = theta[1:] - theta[:-1]
        return 0.5 * (self.stiffness * velocity**2).sum() + self.weights[:, 0] @ self.loss.value(
            theta[:-1]
        )

    def gradient(self, theta):
        """∂J/∂θ with the start's row zero."""
        momentum = self.stiffness * (theta[1:] - theta[:-1])
        gradient = np.zeros_like(theta)
        gradient[1:] = momentum
        gradient[1:-1] += self.weights[1:] * self.loss.gradient(theta[1:-1]) - momentum[1:]
        return gradient


def descend(action, target, *, steps=STEPS, rate=1e-3, decays=(0.9, 0.999)):
    """The path after ``steps`` of Adam (Kingma & Ba 2015), moments and steps in place."""
    theta = action.start + np.linspace(0, 1, action.count)[:, None] * (target - action.start)
    mean, square = np.zeros_like(theta), np.zeros_like(theta)
    first, second = decays
    for i in range(1, steps + 1):
        gradient = action.gradient(theta)
        mean += (1 - first) * (gradient - mean)
        square += (1 - second) * (gradient * gradient - square)
        scale = np.sqrt(square / (1 - second**i))
        scale += 1e-8
        theta -= (rate / (1 - first**i)) * mean / scale
    return theta


def seconds_in_torch(numbers, *, steps):
    """Seconds per Adam step for the double well when PyTorch differentiates the action, the tool
    VGR25 used.

    Raises ImportError where PyTorch is not installed.
    """
    import time

    import torch

    torch.set_num_threads(1)
    span = torch.linspace(0, numbers.horizon, POINTS, dtype=torch.float64)
    fading, step = torch.exp(-numbers.discount * span[:-1]), span[1]
    start = torch.tensor(numbers.start)[None]
    free = start.repeat(POINTS - 1, 1).requires_grad_(True)
    adam = torch.optim.Adam([free], lr=1e-3)
    began = time.perf_counter()
    for _ in range(steps):
        adam.zero_grad()
        theta = torch.cat([start, free])
        x, y = theta[:-1, 0], theta[:-1, 1]
        velocity = (theta[1:] - theta[:-1]) / step
        effort = (velocity**2).sum(1) / (2 * numbers.learning_rate)
        loss = (x**2 - 1) ** 2 + y**2 - 0.5 * x
        (step * (fading * (effort + numbers.loss_weight * loss)).sum()).backward()
        adam.step()
    return (time.perf_counter() - began) / steps
