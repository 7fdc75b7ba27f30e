"""Losses of small networks: against backpropagation by hand, their symmetries, and PyTorch."""

import casadi as ca
import numpy as np
import pytest

import landscape_control as lc

RNG = np.random.default_rng(0)
SIZES = (2, 3, 1)
INPUTS = RNG.normal(size=(25, 2))
TARGETS = np.tanh(INPUTS[:, 0] * INPUTS[:, 1])
WEIGHTS = RNG.normal(size=(3, 13))


def layers(theta):
    """(W₁, b₁, W₂, b₂), each a view of its part of θ."""
    return theta[:6].reshape(3, 2), theta[6:9], theta[9:12].reshape(1, 3), theta[12:]


def backpropagated(theta, decay):
    """(loss, gradient) by hand."""
    first, offset, second, last = layers(theta)
    hidden = np.tanh(INPUTS @ first.T + offset)
    error = (hidden @ second.T + last)[:, 0] - TARGETS
    loss = np.mean(error**2) / 2 + decay * theta @ theta / 2
    back = error[:, None] * second * (1 - hidden**2)
    parts = back.T @ INPUTS, back.sum(0), error @ hidden, error.sum()
    gradient = np.concatenate([np.ravel(part) for part in parts]) / len(INPUTS)
    return loss, gradient + decay * theta


def network(**settings):
    return lc.network_loss(SIZES, INPUTS, TARGETS, **settings)


def test_loss_and_gradient_are_those_of_backpropagation():
    loss, gradient, _ = network(decay=0.02).derivatives(WEIGHTS)
    for k, theta in enumerate(WEIGHTS):
        wanted = backpropagated(theta, 0.02)
        assert loss[k] == pytest.approx(wanted[0], rel=1e-13)
        assert gradient[k] == pytest.approx(wanted[1], rel=1e-12, abs=1e-14)


def test_the_hessian_is_the_slope_of_the_gradient():
    hessian = network(decay=0.02).hessian(WEIGHTS[0])[0]
    assert hessian == pytest.approx(hessian.T, abs=1e-14)
    for i, step in enumerate(1e-5 * np.eye(13)):
        ahead, behind = (backpropagated(WEIGHTS[0] + s * step, 0.02)[1] for s in (1, -1))
        assert hessian[i] == pytest.approx((ahead - behind) / 2e-5, abs=1e-8)


def test_units_may_change_places_and_signs():
    first, offset, second, last = layers(WEIGHTS[0])
    order = [2, 0, 1]
    swapped = np.concatenate([first[order].ravel(), offset[order], second[0, order], last])
    signs = np.array([1.0, -1.0, -1.0])
    mirrored = np.concatenate(
        [(first * signs[:, None]).ravel(), offset * signs, second[0] * signs, last]
    )
    values = network(decay=0.1).loss(np.array([WEIGHTS[0], swapped, mirrored]))
    assert values[1:] == pytest.approx(values[0], rel=1e-14)


@pytest.mark.parametrize("sizes", [(2, 1), (2, 3, 2), (2, 4, 3, 2)])
def test_outputs_are_those_that_the_loss_sees(sizes):
    count = sum((before + 1) * after for before, after in zip(sizes, sizes[1:], strict=False))
    theta = RNG.normal(size=(2, count))
    targets = RNG.normal(size=(25, sizes[-1]))
    outputs = lc.network_outputs(sizes, theta, INPUTS)
    assert outputs.shape == (2, 25, sizes[-1])
    wanted = ((outputs - targets) ** 2).sum(2).mean(1) / 2
    assert lc.network_loss(sizes, INPUTS, targets).loss(theta) == pytest.approx(wanted, rel=1e-12)


def test_losses_of_classes():
    labels = np.sign(TARGETS)
    outputs = lc.network_outputs(SIZES, WEIGHTS, INPUTS)[:, :, 0]
    logistic = lc.network_loss(SIZES, INPUTS, labels, loss="logistic")
    wanted = np.log1p(np.exp(-labels * outputs)).mean(1)
    assert logistic.loss(WEIGHTS) == pytest.approx(wanted, rel=1e-12)

    classes = RNG.integers(3, size=25)
    theta = RNG.normal(size=21)
    outputs = lc.network_outputs((2, 3, 3), theta, INPUTS)[0]
    entropy = lc.network_loss((2, 3, 3), INPUTS, classes, loss="cross_entropy")
    chances = np.exp(outputs) / np.exp(outputs).sum(1, keepdims=True)
    wanted = -np.log(chances[np.arange(25), classes]).mean()
    assert entropy.loss(theta) == pytest.approx([wanted], rel=1e-12)


def test_a_single_tanh_unit_is_solved_as_the_same_loss_written_out():
    inputs, targets = np.array([0.5, 1.0, -0.7]), np.array([0.4, 0.6, -0.5])
    written = lc.Landscape.from_expression(
        lambda t: sum(
            (t[2] * ca.tanh(t[0] * x + t[1]) + t[3] - y) ** 2 / 6
            for x, y in zip(inputs, targets, strict=True)
        ),
        dimension=4,
    )
    start, objective = [0.3, 0.1, 0.2, 0.0], lc.Objective(horizon=1.0)
    costs = [
        lc.solve(lc.ControlProblem(landscape=loss, start=start, objective=objective)).cost
        for loss in (lc.network_loss((1, 1, 1), inputs, targets), written)
    ]
    assert costs[0] == pytest.approx(costs[1], rel=1e-9)


REFUSALS = {
    "one size": (lambda: lc.network_loss([2], INPUTS, TARGETS), "sizes.*at least"),
    "inputs": (lambda: lc.network_loss([3, 1], INPUTS, TARGETS), "inputs.*3 numbers"),
    "targets": (lambda: lc.network_loss([2, 3], INPUTS, TARGETS), "targets.*3 numbers"),
    "labels": (lambda: network(loss="logistic"), "targets.*labels -1 and 1"),
    "classes": (lambda: network(loss="cross_entropy"), "targets.*one class"),
    "too many": (lambda: lc.network_loss([2, 5000, 1], INPUTS, TARGETS), "at most 10000.*plan_tr"),
    "weights": (lambda: lc.network_outputs(SIZES, [1.0, 2.0], INPUTS), "weights.*13 numbers"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_is_refused(case):
    make, message = REFUSALS[case]
    with pytest.raises(lc.ProblemError, match=message):
        make()


@pytest.mark.networks
def test_weights_of_torch_go_over_as_they_are():
    torch = pytest.importorskip("torch", reason="needs PyTorch: make test-networks")
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1)
    ).double()
    inputs, targets = torch.tensor(INPUTS), torch.tensor(TARGETS)[:, None]
    loss = ((model(inputs) - targets) ** 2).mean() / 2
    loss.backward()
    theta = torch.nn.utils.parameters_to_vector(model.parameters()).detach().numpy()
    slope = np.concatenate([p.grad.numpy().ravel() for p in model.parameters()])
    landscape = network()
    assert landscape.loss(theta) == pytest.approx([loss.item()], rel=1e-12)
    assert landscape.gradient(theta)[0] == pytest.approx(slope, rel=1e-10, abs=1e-14)
    outputs = model(inputs).detach().numpy()
    assert lc.network_outputs(SIZES, theta, INPUTS)[0] == pytest.approx(outputs, rel=1e-12)
