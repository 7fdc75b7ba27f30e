"""Exported to PyTorch: the same rule as in NumPy, and that of torch.optim where it has one."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from exported_rules import HORIZON, POLICIES, walked

import landscape_control as lc
from landscape_control import policies
from landscape_control.optimisation.held_out import HeldOut, episode_costs
from landscape_control.optimisation.programs import time_weights
from landscape_control.policies import AdamFamily, HeavyBall, Nesterov, WeightDecay
from landscape_control.rules.families import AccumulatedSquares, Coefficient, DecayInside, Family
from landscape_control.rules.families.elementwise import smaller

torch = pytest.importorskip("torch", reason="needs PyTorch: make test-networks")
from seeded_networks import drawn  # noqa: E402

pytestmark = pytest.mark.networks

RNG = np.random.default_rng(0)
START, GRADIENTS = RNG.normal(size=10), RNG.normal(size=(HORIZON, 10))
TOGETHER = pytest.mark.parametrize("foreach", [True, False], ids=["foreach", "one by one"])


def on_given_gradients(optimizer_of, start=START, gradients=GRADIENTS):
    """(T+1, 10) the path of two weights, a matrix and a vector; their gradients stay as given."""
    first, second = torch.tensor(start[:6]).reshape(2, 3), torch.tensor(start[6:])
    weights = [torch.nn.Parameter(first), torch.nn.Parameter(second)]
    optimizer, path = optimizer_of(weights), [start]
    for gradient in torch.tensor(gradients):
        parts = gradient[:6].reshape(2, 3).clone(), gradient[6:].clone()
        for weight, part in zip(weights, parts, strict=True):
            weight.grad = part
        optimizer.step()
        path.append(torch.cat([weight.detach().ravel() for weight in weights]).numpy())
        seen = torch.cat([part.ravel() for part in parts])
        assert torch.equal(seen, gradient)
        for part in parts:
            part.fill_(torch.nan)  # the state must not lean on memory that is the user's
    return np.array(path)


@TOGETHER
@pytest.mark.parametrize("name", POLICIES)
def test_every_rule_walks_as_in_numpy(name, foreach):
    optimizer = lc.export(POLICIES[name], to="torch")
    path = on_given_gradients(lambda weights: optimizer(weights, foreach=foreach))
    expected = walked(POLICIES[name], START, GRADIENTS)
    np.testing.assert_allclose(path, expected, rtol=1e-11, atol=1e-12)


# ---- the rules of torch.optim, in translation


class DoubleNAdam(torch.optim.NAdam):
    """PyTorch's NAdam, which keeps Πμ in the default precision: single, were it not for this."""

    def step(self, closure=None):
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)
        try:
            return super().step(closure)
        finally:
            torch.set_default_dtype(before)


RATE, BETA, DECAY, EPSILON = 0.02, 0.9, 0.03, 1e-8
STEPS = 1000
ADAM = AdamFamily(exponent=0.5, epsilon=None, epsilon_outside=True)
RMSPROP = AdamFamily(
    exponent=0.5, beta1=0.0, bias_correction=False, epsilon=None, epsilon_outside=True
)
OF_ADAM = {"learning_rate": RATE, "beta1": BETA, "beta2": 0.99, "epsilon": EPSILON}
DAMPENED = np.full(STEPS, RATE * (1 - 0.3))
DAMPENED[0] = RATE  # theirs does not damp the first gradient
WITH_MOMENTUM = {"learning_rate": RATE, "momentum": BETA}
TWINS = {
    "SGD": (
        policies.GradientDescent(constant=True),
        {"learning_rate": RATE},
        lambda weights: torch.optim.SGD(weights, lr=RATE),
    ),
    "momentum": (
        HeavyBall(constant=True),
        WITH_MOMENTUM,
        lambda weights: torch.optim.SGD(weights, lr=RATE, momentum=BETA),
    ),
    "dampening": (
        HeavyBall(constant=False),
        {"learning_rate": DAMPENED, "momentum": BETA},
        lambda weights: torch.optim.SGD(weights, lr=RATE, momentum=BETA, dampening=0.3),
    ),
    "dampening, one rate": (
        policies.DampenedMomentum(),
        {**WITH_MOMENTUM, "dampening": 0.3},
        lambda weights: torch.optim.SGD(weights, lr=RATE, momentum=BETA, dampening=0.3),
    ),
    "AMSGrad": (
        policies.AMSGrad(),
        OF_ADAM,
        lambda weights: torch.optim.Adam(
            weights, lr=RATE, betas=(BETA, 0.99), eps=EPSILON, amsgrad=True
        ),
    ),
    "NAdam": (
        policies.NAdam(),
        {**OF_ADAM, "momentum_decay": 4e-3},
        lambda weights: DoubleNAdam(weights, lr=RATE, betas=(BETA, 0.99), eps=EPSILON),
    ),
    "RMSprop with momentum": (
        policies.RMSPropMomentum(),
        {"learning_rate": RATE / 10, "beta2": 0.99, "epsilon": EPSILON, "momentum": 0.5},
        lambda weights: torch.optim.RMSprop(
            weights, lr=RATE / 10, alpha=0.99, eps=EPSILON, momentum=0.5
        ),
    ),
    "weight decay": (
        DecayInside(),
        {**WITH_MOMENTUM, "decay": RATE * DECAY},
        lambda weights: torch.optim.SGD(weights, lr=RATE, momentum=BETA, weight_decay=DECAY),
    ),
    "Nesterov": (
        Nesterov(constant=True),
        WITH_MOMENTUM,
        lambda weights: torch.optim.SGD(weights, lr=RATE, momentum=BETA, nesterov=True),
    ),
    "Adam": (
        ADAM,
        OF_ADAM,
        lambda weights: torch.optim.Adam(weights, lr=RATE, betas=(BETA, 0.99), eps=EPSILON),
    ),
    "AdamW": (
        WeightDecay(family=ADAM),
        {**OF_ADAM, "decay": RATE * DECAY},
        lambda weights: torch.optim.AdamW(
            weights, lr=RATE, betas=(BETA, 0.99), eps=EPSILON, weight_decay=DECAY
        ),
    ),
    "RMSprop": (
        RMSPROP,
        {"learning_rate": RATE / 10, "beta2": 0.99, "epsilon": EPSILON},
        lambda weights: torch.optim.RMSprop(weights, lr=RATE / 10, alpha=0.99, eps=EPSILON),
    ),
    "Adagrad": (
        AccumulatedSquares(),
        {"learning_rate": RATE, "epsilon": EPSILON},
        lambda weights: torch.optim.Adagrad(weights, lr=RATE, eps=EPSILON),
    ),
}


def quadratic():
    """(weights, loss of a step): a random quadratic in 20 dimensions with noisy gradients."""
    generator = torch.Generator().manual_seed(1)
    root = torch.randn(20, 20, dtype=torch.float64, generator=generator)
    hessian = root @ root.T / 20 + 0.05 * torch.eye(20, dtype=torch.float64)
    noise = torch.randn(STEPS, 20, dtype=torch.float64, generator=generator)
    theta = torch.nn.Parameter(torch.randn(20, dtype=torch.float64, generator=generator))
    return [theta], lambda step: theta @ hessian @ theta / 2 + 0.3 * noise[step] @ theta


def network():
    """The same for a network 8-16-1 on batches of 16."""
    generator = torch.Generator().manual_seed(2)
    inputs = torch.randn(64, 8, dtype=torch.float64, generator=generator)
    targets = torch.sin(inputs.sum(1, keepdim=True))

    def layers():
        return torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))

    picked = torch.randint(64, (STEPS, 16), generator=generator)
    model = drawn(layers, seed=3).double()

    def loss(step):
        batch = picked[step]
        return torch.nn.functional.mse_loss(model(inputs[batch]), targets[batch])

    return list(model.parameters()), loss


def trained(problem, optimizer_of, *, scheduled=False):
    weights, loss = problem()
    optimizer = optimizer_of(weights)
    course = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=STEPS)
    for step in range(STEPS):
        optimizer.zero_grad()
        loss(step).backward()
        optimizer.step()
        if scheduled:
            course.step()
    return torch.cat([weight.detach().ravel() for weight in weights]).numpy()


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
@pytest.mark.parametrize(
    ("problem", "foreach", "scheduled"),
    [(quadratic, True, False), (quadratic, False, True), (network, True, True)],
)
@pytest.mark.parametrize("name", TWINS)
def test_rules_of_torch_to_rounding_over_1000_steps(name, problem, foreach, scheduled):
    """Also under a scheduler, whose lr multiplies here what is their learning rate there."""
    family, coefficients, theirs = TWINS[name]
    ours = lc.export(family, to="torch", coefficients=coefficients, horizon=STEPS)
    found = trained(problem, lambda weights: ours(weights, foreach=foreach), scheduled=scheduled)
    expected = trained(problem, theirs, scheduled=scheduled)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11 * np.abs(expected).max())


class ClippingSGD(torch.optim.SGD):
    """PyTorch's own clipping before each of its steps."""

    def step(self, closure=None):
        weights = [weight for group in self.param_groups for weight in group["params"]]
        torch.nn.utils.clip_grad_norm_(weights, 0.4)
        return super().step(closure)


@pytest.mark.parametrize("problem", [quadratic, network])
@TOGETHER
def test_clipping_of_torch_to_rounding_over_1000_steps(problem, foreach):
    """Of all weights together, those of two param groups too."""
    family = policies.Clipped(family=HeavyBall(constant=True), guard=1e-6)
    ours = lc.export(family, to="torch", coefficients={**WITH_MOMENTUM, "largest_norm": 0.4})
    found = trained(problem, lambda weights: ours(grouped(weights), foreach=foreach))
    expected = trained(
        problem, lambda weights: ClippingSGD(grouped(weights), lr=RATE, momentum=BETA)
    )
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11 * np.abs(expected).max())
    free = trained(problem, lambda weights: torch.optim.SGD(weights, lr=RATE, momentum=BETA))
    assert np.abs(found - free).max() > 1e-3 * np.abs(free).max()


def grouped(weights):
    if len(weights) == 1:
        return weights
    return [{"params": weights[:1]}, {"params": weights[1:]}]


# ---- what was planned is what runs


PLANNED = {
    "one momentum": HeavyBall(constant=True),
    "one rate per step": policies.GradientDescent(constant=False),
}


@cache
def planned(name):
    task = lc.LandscapeDistribution.quadratic(curvatures=lc.Uniform(0.05, 1.0), start_variance=1.0)
    free = lc.Objective(horizon=12.0, learning_rate=np.inf)
    return lc.optimize_policy(task, PLANNED[name], free, sees=lc.NoisyGradient(0.3), starts=4)


@TOGETHER
@pytest.mark.parametrize("name", PLANNED)
def test_replay_of_the_planned_cost(name, foreach):
    """On the draws of the simulator: its costs to rounding, and their mean is what was planned."""
    result = planned(name)
    program = result.program
    drawn = HeldOut.drawn(program, 4000, blocks=16, seed=np.random.SeedSequence(7))
    (scenarios,) = drawn.scenarios
    theta = torch.nn.Parameter(torch.tensor(scenarios.starts))
    optimizer = lc.export(result, to="torch")([theta], foreach=foreach)
    hidden = torch.tensor(scenarios.hidden)  # curvature and minimum, (S, T+1, 2)
    noise, cost = torch.tensor(scenarios.noise), 0.0
    weights, _ = time_weights(program)
    for t in range(program.steps):
        optimizer.zero_grad()
        slope = hidden[:, t, :1] * (theta - hidden[:, t, 1:])
        theta.grad = (slope + noise[:, t]).detach()
        optimizer.step()
        curvature, minimum = hidden[:, t + 1, :1], hidden[:, t + 1, 1:]
        loss = (curvature * (theta - minimum) ** 2 / 2).detach().numpy()[:, 0]
        cost = cost + weights[t] * loss
    (expected,) = episode_costs(result.policy, program, drawn.scenarios)
    np.testing.assert_allclose(cost, expected, rtol=1e-9)
    mean, error = drawn.cost(result.policy, program)
    assert abs(mean - result.cost) < 4 * error
    assert error < 0.05 * result.cost


# ---- a rule of a user's own


@dataclass(frozen=True, kw_only=True)
class Clipped(Family):
    """Δθ = -α min(y, 1), a rule that this package has not."""

    name = "descent of clipped gradients"
    formula = "Δθ = -α min(y, 1)"
    source = "these tests"
    coefficients = (Coefficient(name="learning_rate", symbol="α"),)
    state_size = 1

    def step(self, coefficients, state, gradient, parameters, clock):
        return -coefficients["learning_rate"] * smaller(gradient, 1.0), (gradient,)


@TOGETHER
def test_a_users_rule_is_exported(foreach):
    make = lc.export(Clipped(), to="torch", coefficients={"learning_rate": 0.1})
    path = on_given_gradients(lambda weights: make(weights, foreach=foreach))
    expected = START - 0.1 * np.cumsum(np.minimum(GRADIENTS, 1.0), axis=0)
    np.testing.assert_allclose(path[1:], expected, rtol=1e-12, atol=1e-13)


def test_a_users_rule_that_has_no_such_step_is_refused():
    class Wrong(Clipped):
        def step(self, coefficients, state, gradient, parameters, clock):
            return -coefficients["learning_rate"] * gradient, ()

    with pytest.raises(lc.ProblemError, match="step of Wrong.*next state of 0 entries"):
        lc.export(Wrong(), to="torch", coefficients={"learning_rate": 0.1})
