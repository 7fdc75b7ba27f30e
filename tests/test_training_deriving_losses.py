"""Derived optimizers: losses below zero, states of other runs, and loaders left as they were."""

import math

import numpy as np
import pytest

import landscape_control as lc

torch = pytest.importorskip("torch", reason="needs PyTorch: make test-networks")
from seeded_networks import drawn  # noqa: E402

from landscape_control.training.deriving.least_loss import least_loss  # noqa: E402

pytestmark = [pytest.mark.networks, pytest.mark.usefixtures("one_thread")]

SQUARES = torch.nn.MSELoss()
RNG = np.random.default_rng(0)
INPUTS = torch.tensor(RNG.normal(size=(128, 4)), dtype=torch.float32)
TARGETS = torch.sin(INPUTS.sum(1, keepdim=True))
DATA = list(zip(INPUTS.split(16), TARGETS.split(16), strict=True))


def network(inner=6, seed=0):
    def layers():
        return torch.nn.Sequential(
            torch.nn.Linear(4, inner), torch.nn.Tanh(), torch.nn.Linear(inner, 1)
        )

    return drawn(layers, seed)


def derived(model=None, loss=SQUARES, steps=60, **options):
    model = network() if model is None else model
    return lc.derive_optimizer(model, loss, DATA, steps=steps, products=12, **options)


OUTPUTS = torch.tensor(RNG.normal(size=(200, 3)), dtype=torch.float32)
POINTS = torch.tensor(RNG.normal(size=(200, 3)), dtype=torch.float32)
COUNTS = torch.tensor(RNG.poisson(3.0, size=(200, 3)), dtype=torch.float32)
LABELS = torch.arange(200) % 3


def tilted(outputs, targets):
    """½z² - 3zy, least -9y²/2 at z = 3y."""
    return (0.5 * outputs.square() - 3 * outputs * targets).sum(1).mean()


def shifted(outputs, targets):
    return torch.nn.functional.cross_entropy(outputs, targets) - math.log(3)


def entropy(counts):
    """y - y log y, the least of e^z - yz."""
    return torch.where(counts > 0, counts - counts * counts.clamp(min=1).log(), 0.0)


@pytest.mark.parametrize(
    ("loss", "targets", "least"),
    [
        (SQUARES, POINTS, 0.0),
        (torch.nn.CrossEntropyLoss(), LABELS, 0.0),
        (tilted, POINTS, -4.5 * POINTS.square().sum(1).mean().item()),
        (torch.nn.PoissonNLLLoss(), COUNTS, entropy(COUNTS).mean().item()),
        (shifted, LABELS, -math.log(3)),
    ],
)
def test_the_least_loss_of_samples_is_that_of_the_closed_form(loss, targets, least):
    assert least_loss(loss, OUTPUTS, targets) == pytest.approx(least, rel=1e-2)


def test_a_loss_that_falls_for_ever_is_refused():
    """The mean of the outputs, as of a critic, and the likelihood of counts that are negative."""
    with pytest.raises(lc.ProblemError, match="bounded below"):
        least_loss(lambda outputs, targets: (outputs * targets).mean(), OUTPUTS, POINTS)
    with pytest.raises(lc.ProblemError, match="bounded below"):
        derived(loss=torch.nn.PoissonNLLLoss())


def test_a_constant_in_the_loss_changes_nothing():
    """Squares minus 1 fall below zero in training; their least value is -1, known to a percent."""
    models = [network() for _ in range(2)]
    plain = derived(models[0], steps=150)
    plain.run()
    lower = derived(models[1], lambda z, y: SQUARES(z, y) - 1.0, steps=150)
    log = lower.run()
    losses = [SQUARES(model(INPUTS), TARGETS).item() for model in models]
    assert log[0].numbers["least"] == pytest.approx(-1.0, rel=1e-2)
    assert losses[0] < 0.5
    assert losses[1] == pytest.approx(losses[0], rel=0.05)


def test_a_measurement_of_a_negative_loss_is_not_planned_for():
    found = lc.measure(network(), lambda z, y: SQUARES(z, y) - 9.0, DATA)
    with pytest.raises(lc.ProblemError, match="loss above 0"):
        lc.derive_optimizer(found, steps=100)


@pytest.mark.parametrize(
    "loss", ["0.3", torch.ones(3), torch.tensor(1j), [1.0], True, lambda: torch.ones(2)]
)
def test_a_loss_that_is_no_number_is_refused_by_the_step(loss):
    optimizer = derived()
    SQUARES(network()(INPUTS), TARGETS).backward()
    with pytest.raises(lc.ProblemError, match="one real number"):
        optimizer.step(loss)
    assert optimizer.count == 0


def test_a_loss_without_a_graph_is_refused():
    with pytest.raises(lc.ProblemError, match="without a graph"):
        derived(loss=lambda z, y: torch.tensor(1.0))


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (lambda: derived(steps=50), "^steps of the state to load: expected 60; received 50"),
        (lambda: derived(network(inner=7)), "^network of the state to load, '0.weight'"),
        (lambda: derived(metric="plain"), "^options of the state to load, 'exponents'"),
        (lambda: derived(averaging="never"), "^options of the state to load, 'rules'"),
        (lambda: derived(seed=1), "^options of the state to load, 'seed'"),
        (lambda: torch.optim.Adam(network().parameters()), "^format of the state to load"),
    ],
)
def test_a_state_of_another_run_is_refused_and_nothing_is_loaded(other, words):
    optimizer = derived()
    before = optimizer.describe()
    with pytest.raises(lc.ProblemError, match=words):
        optimizer.load_state_dict(other().state_dict())
    assert optimizer.describe() == before


@pytest.mark.parametrize("own", [True, False], ids=["a generator of its own", "PyTorch's"])
def test_measuring_leaves_the_order_of_a_loader_as_it_was(own):
    """The batches after a measurement, a plan or a derivation are those without it."""
    generator = torch.Generator().manual_seed(3) if own else None
    data = torch.utils.data.TensorDataset(INPUTS, TARGETS)
    loader = torch.utils.data.DataLoader(data, 16, shuffle=True, generator=generator)
    source = torch.default_generator if generator is None else generator
    before = source.get_state()
    lc.measure(network(), SQUARES, loader, products=4)
    lc.derive_optimizer(network(), SQUARES, loader, steps=60, products=4)
    lc.plan_training(network(), SQUARES, loader, lc.Objective(horizon=0.1), tolerance=0.1)
    assert torch.equal(source.get_state(), before)
