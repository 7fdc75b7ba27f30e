"""Optimisers as PyTorch documents them, in plain NumPy, and their histories: no code of this package.

Each function returns a rule θ, g -> next θ that carries its own memory. The names of the arguments
are PyTorch's (torch.optim, the algorithm boxes of its documentation); θ and g have the shape (K, n),
one network of n weights per row, which matters for the norm of a gradient alone.

Translation into Δθ = θ_next - θ as this package writes it, the others being equal
    SGD            lr = α
    momentum       lr = α, momentum = β
    Nesterov       lr = α, momentum = β: the first step is -α(1 + β)y in both
    dampening d    b_1 = g_1, then b = μb + (1-d)g. The factor 1-d is missing at the first step only:
                   heavy ball with α = lr(1-d), β = μ and, on top, -lr d μᵗ g_1 at step t = 0, 1, …
    Adam           lr, betas, eps = α, (β₁, β₂), ε
    AdamW          weight_decay λ, Δθ = -lr λ θ + …: the decay w is lr λ
    RMSprop        alpha = β₂; v = 0 at first, no correction of its bias
    AMSGrad        the largest v so far in the place of v, before the correction of its bias
    clipping       g -> g min(1, max_norm/(|g| + 1e-6)), |g| over the n weights of a row together
"""

import numpy as np


def sgd(*, lr, momentum=0.0, dampening=0.0, nesterov=False):
    """torch.optim.SGD."""
    buffer = None

    def step(theta, gradient):
        nonlocal buffer
        if momentum == 0:
            return theta - lr * gradient
        is_first = buffer is None
        buffer = gradient if is_first else momentum * buffer + (1 - dampening) * gradient
        direction = gradient + momentum * buffer if nesterov else buffer
        return theta - lr * direction

    return step


def adam(*, lr, betas=(0.9, 0.999), eps=1e-8, decoupled_decay=0.0, amsgrad=False):
    """torch.optim.Adam; with ``decoupled_decay`` torch.optim.AdamW(weight_decay=...)."""
    beta1, beta2 = betas
    count, average, square, largest = 0, 0.0, 0.0, 0.0

    def step(theta, gradient):
        nonlocal count, average, square, largest
        count += 1
        decayed = theta - lr * decoupled_decay * theta
        average = beta1 * average + (1 - beta1) * gradient
        square = beta2 * square + (1 - beta2) * gradient * gradient
        largest = np.maximum(largest, square)
        used = largest if amsgrad else square
        denominator = np.sqrt(used) / np.sqrt(1 - beta2**count) + eps
        return decayed - lr / (1 - beta1**count) * average / denominator

    return step


def rmsprop(*, lr, alpha=0.99, eps=1e-8):
    """torch.optim.RMSprop."""
    square = 0.0

    def step(theta, gradient):
        nonlocal square
        square = alpha * square + (1 - alpha) * gradient * gradient
        return theta - lr * gradient / (np.sqrt(square) + eps)

    return step


def ballistic(*, lr, beta=0.999, eps=1e-8):
    """The optimiser of VGR25's public notebook, without its clip: ε inside the root, v = 0 at first."""
    square = 0.0

    def step(theta, gradient):
        nonlocal square
        square = beta * square + (1 - beta) * gradient * gradient
        return theta - lr * gradient / np.sqrt(square + eps)

    return step


def lion(*, lr, betas=(0.9, 0.99)):
    """Chen et al. 2023, Algorithm 2, without decay; not part of PyTorch."""
    beta1, beta2 = betas
    average = 0.0

    def step(theta, gradient):
        nonlocal average
        direction = np.sign(beta1 * average + (1 - beta1) * gradient)
        average = beta2 * average + (1 - beta2) * gradient
        return theta - lr * direction

    return step


def clipped(step, *, max_norm):
    """torch.nn.utils.clip_grad_norm_ before every step."""

    def clipped_step(theta, gradient):
        norm = np.sqrt((gradient * gradient).sum(axis=1, keepdims=True))
        return step(theta, gradient * np.minimum(1.0, max_norm / (norm + 1e-6)))

    return clipped_step


def recorded(step, *, histories, steps, weights=2, noise=0.3, start=1.0, seed=0):
    """(gradients, updates, weights), each (K, T, n), of a rule on noisy gradients of quadratics.

    ½h(θ - μ)², h uniform on [0.05, 1], μ standard normal, θ_0 normal with standard deviation
    ``start``, all drawn for each weight of each history; the gradients are those before any clip.
    """
    rng = np.random.default_rng(seed)
    shape = histories, weights
    curvature = rng.uniform(0.05, 1.0, shape)
    minimum, theta = rng.standard_normal(shape), start * rng.standard_normal(shape)
    gradients, updates, places = [], [], []
    for _ in range(steps):
        gradient = curvature * (theta - minimum) + noise * rng.standard_normal(shape)
        following = step(theta, gradient)
        gradients.append(gradient)
        updates.append(following - theta)
        places.append(theta)
        theta = following
    return tuple(np.stack(one, axis=1) for one in (gradients, updates, places))
