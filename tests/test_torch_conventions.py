"""The optimisers that claims write out in NumPy are PyTorch's: against torch.optim where it is
installed (else those tests are skipped, with that reason), and against closed forms everywhere.
"""

import numpy as np
import pytest
from landscape_control.problems import _torch_conventions as written

STEPS, SHAPE = 40, (5, 3)
GRADIENTS = np.random.default_rng(3).standard_normal((STEPS, *SHAPE)) * np.geomspace(
    3.0, 0.1, STEPS
).reshape(-1, 1, 1)
START = np.random.default_rng(4).standard_normal(SHAPE)


def walked(step):
    """θ after every step on the given gradients, (T, K, n)."""
    theta, found = START, []
    for gradient in GRADIENTS:
        theta = step(theta, gradient)
        found.append(theta)
    return np.array(found)


def walked_by_torch(make, max_norm=None):
    """The same by an optimiser of PyTorch; with a clip each row is a network of its own."""
    torch = pytest.importorskip(
        "torch", reason="PyTorch is not installed: its optimisers are not compared"
    )
    rows = [torch.nn.Parameter(torch.tensor(row, dtype=torch.float64)) for row in START]
    optimiser = make(torch.optim, rows)
    found = []
    for gradient in GRADIENTS:
        for row, value in zip(rows, gradient, strict=True):
            row.grad = torch.tensor(value, dtype=torch.float64)
            if max_norm is not None:
                torch.nn.utils.clip_grad_norm_([row], max_norm)
        optimiser.step()
        found.append(np.array([row.detach().numpy().copy() for row in rows]))
    return np.array(found)


COMPARED = {
    "SGD": (written.sgd(lr=0.1), lambda o, p: o.SGD(p, lr=0.1)),
    "momentum": (
        written.sgd(lr=0.1, momentum=0.9),
        lambda o, p: o.SGD(p, lr=0.1, momentum=0.9),
    ),
    "dampened": (
        written.sgd(lr=0.1, momentum=0.8, dampening=0.5),
        lambda o, p: o.SGD(p, lr=0.1, momentum=0.8, dampening=0.5),
    ),
    "Nesterov": (
        written.sgd(lr=0.1, momentum=0.9, nesterov=True),
        lambda o, p: o.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    ),
    "Adam": (
        written.adam(lr=0.05, betas=(0.8, 0.99), eps=1e-3),
        lambda o, p: o.Adam(p, lr=0.05, betas=(0.8, 0.99), eps=1e-3),
    ),
    "AdamW": (
        written.adam(lr=0.05, decoupled_decay=0.4),
        lambda o, p: o.AdamW(p, lr=0.05, weight_decay=0.4),
    ),
    "AMSGrad": (
        written.adam(lr=0.05, betas=(0.9, 0.5), amsgrad=True),
        lambda o, p: o.Adam(p, lr=0.05, betas=(0.9, 0.5), amsgrad=True),
    ),
    "RMSprop": (
        written.rmsprop(lr=0.02, alpha=0.9, eps=0.05),
        lambda o, p: o.RMSprop(p, lr=0.02, alpha=0.9, eps=0.05),
    ),
}


@pytest.mark.parametrize("name", COMPARED)
def test_what_is_written_out_is_pytorch(name):
    step, make = COMPARED[name]
    by_torch = walked_by_torch(make)
    np.testing.assert_allclose(walked(step), by_torch, rtol=1e-11, atol=1e-13)


def test_the_clip_is_pytorch():
    step = written.clipped(written.sgd(lr=0.1), max_norm=0.5)
    by_torch = walked_by_torch(lambda o, p: o.SGD(p, lr=0.1), max_norm=0.5)
    assert np.abs(by_torch - walked(written.sgd(lr=0.1))).max() > 0.1  # the clip binds
    np.testing.assert_allclose(walked(step), by_torch, rtol=1e-11, atol=1e-13)


def test_momentum_is_a_sum_over_past_gradients():
    """θ_T = θ_0 - α Σ_t y_t (1 - β^(T-t))/(1 - β) in closed form."""
    remaining = STEPS - np.arange(STEPS)
    weights = (1 - 0.9**remaining) / (1 - 0.9)
    expected = START - 0.1 * np.einsum("t,tkn->kn", weights, GRADIENTS)
    np.testing.assert_allclose(walked(written.sgd(lr=0.1, momentum=0.9))[-1], expected, rtol=1e-12)


def test_dampened_momentum_is_heavy_ball_with_more_of_the_first_gradient():
    """Beside α(1-d) and β there is -α d βᵗ y_0 at step t, which heavy ball from rest has not."""
    rate, beta, damping = 0.1, 0.8, 0.5
    dampened = np.diff(
        walked(written.sgd(lr=rate, momentum=beta, dampening=damping)), axis=0, prepend=START[None]
    )
    ball = np.diff(
        walked(written.sgd(lr=rate * (1 - damping), momentum=beta)), axis=0, prepend=START[None]
    )
    first = -rate * damping * beta ** np.arange(STEPS)[:, None, None] * GRADIENTS[0]
    np.testing.assert_allclose(dampened, ball + first, atol=1e-13)


@pytest.mark.parametrize(
    ("step", "size"),
    [
        (written.adam(lr=0.1, eps=0.0), 0.1),
        (written.adam(lr=0.1, eps=0.0, amsgrad=True), 0.1),
        (written.rmsprop(lr=0.1, alpha=0.99, eps=0.0), 0.1 / np.sqrt(0.01)),
        (written.ballistic(lr=0.1, beta=0.999, eps=0.0), 0.1 / np.sqrt(0.001)),
        (written.lion(lr=0.1), 0.1),
    ],
    ids=["Adam", "AMSGrad", "RMSprop", "ballistic", "Lion"],
)
def test_first_steps_without_epsilon_are_signs_of_the_gradient(step, size):
    """With the bias corrected α, without 1/√(1-β₂) times as much: 32 at β₂ = 0.999."""
    moved = step(START, GRADIENTS[0]) - START
    np.testing.assert_allclose(moved, -size * np.sign(GRADIENTS[0]), rtol=1e-9)
