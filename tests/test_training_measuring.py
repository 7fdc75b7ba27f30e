"""Measured on networks: against dense matrices, against single samples, against training itself."""

import copy
import math

import numpy as np
import pytest

import landscape_control as lc
from landscape_control.optimisation.replays import exact_cost
from landscape_control.policies import HeavyBall, Policy

torch = pytest.importorskip("torch", reason="needs PyTorch: make test-networks")
from bowl_network import Bowl, half_squares  # noqa: E402
from seeded_networks import gaussian  # noqa: E402

pytestmark = pytest.mark.networks

DOUBLE = {"dtype": torch.float64}


def batches(inputs, targets, size=20):
    inputs, targets = torch.as_tensor(inputs), torch.as_tensor(targets)
    return list(zip(inputs.split(size), targets.split(size), strict=True))


def bowl(seed=0, dimension=7, count=200):
    """(model, loader, per-sample gradients (N, n), H, R, targets)."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(dimension, dimension))
    start, targets = 3 * rng.normal(size=dimension), rng.normal(size=(count, dimension))
    gradients = (root @ start - targets) @ root
    loader = batches(np.zeros((count, 1)), targets)
    return Bowl(root, start), loader, gradients, root.T @ root, root, targets


# ---- quadratics: exact


@pytest.mark.parametrize("seed", [0, 1])
def test_on_a_quadratic_every_mode_is_that_of_the_dense_matrix(seed):
    model, loader, gradients, hessian, root, targets = bowl(seed)
    found = lc.measure(model, half_squares, loader, products=30)
    values, vectors = np.linalg.eigh(hessian)
    mean = gradients.mean(0)
    along = (vectors.T @ mean) ** 2
    noise = np.diag(vectors.T @ np.cov(gradients.T) @ vectors)
    np.testing.assert_allclose(found.curvatures, values[::-1], rtol=1e-9)
    np.testing.assert_allclose(found.gradient, along[::-1], rtol=1e-6)
    np.testing.assert_allclose(found.noise, noise[::-1], rtol=1e-6)
    assert found.noise_trace == pytest.approx(np.trace(np.cov(gradients.T)), rel=1e-9)
    lowest = model.theta.detach().numpy() - np.linalg.solve(hessian, mean)
    floor = 0.5 * ((root @ lowest - targets) ** 2).sum(1).mean()
    assert found.floor == pytest.approx(floor, rel=1e-9)
    assert found.loss_kind == "quadratic"
    assert found.majorant == 0


@pytest.mark.parametrize("batch_size", [1, 5])
@pytest.mark.parametrize(("rate", "momentum"), [(0.05, 0.0), (0.02, 0.8)])
def test_predicted_loss_of_training_is_that_of_simulated_training(rate, momentum, batch_size):
    """SGD with batches drawn with replacement, 20 000 runs; noise is C (N-1)/N, within 0.5 %."""
    model, loader, gradients, hessian, root, targets = bowl()
    found = lc.measure(model, half_squares, loader, products=30)
    steps, runs = 15, 20_000
    program = lc.PolicyProgram(
        task=found.task(),
        family=HeavyBall(constant=True),
        objective=lc.Objective(horizon=steps, learning_rate=math.inf),
        sees=found.sees(batch_size=batch_size),
        cost="terminal",
    )
    policy = Policy(
        family=program.family,
        coefficients={"learning_rate": rate, "momentum": momentum},
        horizon=steps,
    )
    predicted = found.floor + exact_cost(policy, program)
    rng = np.random.default_rng(4)
    theta = np.tile(model.theta.detach().numpy(), (runs, 1))
    velocity = np.zeros_like(theta)
    for _ in range(steps):
        drawn = rng.integers(len(targets), size=(runs, batch_size))
        gradient = (theta @ root.T - targets[drawn].mean(1)) @ root
        velocity = momentum * velocity - rate * gradient
        theta += velocity
    spread = ((targets - targets.mean(0)) ** 2).sum(1).mean() / 2
    losses = ((theta @ root.T - targets.mean(0)) ** 2).sum(1) / 2 + spread
    error = losses.std() / math.sqrt(runs)
    noiseless = lc.PolicyProgram(
        task=program.task, family=program.family, objective=program.objective, cost="terminal"
    )
    effect = exact_cost(policy, program) - exact_cost(policy, noiseless)
    assert abs(predicted - losses.mean()) < 4 * error + 0.005 * effect
    assert 4 * error < effect / 5


def test_few_products_give_the_moments_of_the_gradient_measure():
    """Gauss quadrature: Σ μ_g hᵏ = g'Hᵏg up to k = 2m - 1, and for no higher k."""
    model, loader, gradients, hessian, *_ = bowl(2, dimension=12)
    found = lc.measure(model, half_squares, loader, products=6, draws=2)
    count = found.gradient_nodes
    assert count == 4
    mean = gradients.mean(0)
    nodes, masses = found.curvatures[:count], found.gradient[:count]
    exact = [mean @ np.linalg.matrix_power(hessian, k) @ mean for k in range(2 * count + 1)]
    moments = [masses @ nodes**k for k in range(2 * count + 1)]
    np.testing.assert_allclose(moments[:-1], exact[:-1], rtol=1e-9)
    assert moments[-1] < exact[-1] * (1 - 1e-6)


def test_noise_draws_spread_the_trace_over_curvature_as_the_dense_matrix_does():
    """Σ μ_C = tr C for every draw, Σ μ_C h near tr(CH) on average over seeds."""
    model, loader, gradients, hessian, *_ = bowl(3, dimension=12)
    covariance = np.cov(gradients.T)
    means = []
    for seed in range(60):
        found = lc.measure(model, half_squares, loader, products=8, draws=4, seed=seed)
        assert found.noise.sum() == pytest.approx(np.trace(covariance), rel=1e-9)
        assert found.draws == 4
        means.append(found.noise @ found.curvatures)
    error = np.std(means) / math.sqrt(len(means))
    exact = np.trace(covariance @ hessian)
    assert abs(np.mean(means) - exact) < 4 * error
    assert 4 * error < exact / 5


def test_scales_measure_in_other_coordinates():
    """θ = s∘x has the Hessian SHS and the gradient Sg."""
    model, loader, gradients, hessian, *_ = bowl()
    factors = np.linspace(0.3, 2.0, 7)
    found = lc.measure(model, half_squares, loader, products=30, scales=[torch.tensor(factors)])
    values = np.linalg.eigvalsh(factors[:, None] * hessian * factors)
    np.testing.assert_allclose(found.curvatures, values[::-1], rtol=1e-9)
    scaled = gradients * factors
    assert found.gradient_square == pytest.approx((scaled.mean(0) ** 2).sum(), rel=1e-9)
    assert found.noise_trace == pytest.approx(np.trace(np.cov(scaled.T)), rel=1e-9)


# ---- small networks: brute force


def dense_layers(outputs):
    tanh = torch.nn.Tanh
    linear = torch.nn.Linear
    return torch.nn.Sequential(linear(6, 5), tanh(), linear(5, 4), tanh(), linear(4, outputs))


def convolutions():
    return torch.nn.Sequential(
        torch.nn.Unflatten(1, (1, 6)),
        torch.nn.Conv1d(1, 3, 3),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.LayerNorm(12),
        torch.nn.Linear(12, 3),
    )


class Recurrent(torch.nn.Module):
    """One class for each sequence, from the last of its states."""

    def __init__(self):
        super().__init__()
        self.cell = torch.nn.GRU(2, 4, batch_first=True)
        self.out = torch.nn.Linear(4, 3)

    def forward(self, inputs):
        states, _ = self.cell(inputs.unflatten(1, (3, 2)))
        return self.out(states[:, -1])


class Attending(torch.nn.Module):
    """One class for each sequence, by a layer of a transformer."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.TransformerEncoderLayer(
            4, nhead=2, dim_feedforward=5, dropout=0.0, batch_first=True
        )
        self.into, self.out = torch.nn.Linear(2, 4), torch.nn.Linear(4, 3)

    def forward(self, inputs):
        return self.out(self.layer(self.into(inputs.unflatten(1, (3, 2)))).mean(1))


class PerPlace(torch.nn.Module):
    """Logits (n, classes, places), the layout of cross-entropy for sequences."""

    def __init__(self):
        super().__init__()
        self.out = torch.nn.Linear(3, 3)

    def forward(self, inputs):
        return self.out(inputs.unflatten(1, (2, 3))).movedim(-1, 1)


CROSS_ENTROPY, SQUARES = torch.nn.CrossEntropyLoss(), torch.nn.MSELoss()
SOFTPLUS = torch.nn.functional.softplus


def huber_like(outputs, targets):
    """A convex loss that is neither: log cosh."""
    return (SOFTPLUS(outputs - targets) + SOFTPLUS(targets - outputs)).mean()


NETWORKS = {
    "classes": (lambda: dense_layers(3), CROSS_ENTROPY, "classes", 0.05),
    "regression": (lambda: dense_layers(2), SQUARES, "numbers", 0.0),
    "other loss": (lambda: dense_layers(2), huber_like, "numbers", 0.0),
    "convolutions": (convolutions, CROSS_ENTROPY, "classes", 0.05),
    "recurrent": (Recurrent, CROSS_ENTROPY, "classes", 0.05),
    "attention": (Attending, CROSS_ENTROPY, "classes", 0.05),
    "per place": (PerPlace, CROSS_ENTROPY, "places", 0.05),
}


def data(kind, count=40, seed=1):
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(count, 6))
    targets = {
        "classes": lambda: rng.integers(3, size=count),
        "numbers": lambda: rng.normal(size=(count, 2)),
        "places": lambda: rng.integers(3, size=(count, 2)),
    }[kind]()
    return inputs, targets


def brute_force(model, loss, inputs, targets, share):
    """(H, per-sample gradients) from Jacobians and Hessians of one sample at a time."""
    parameters = list(model.parameters())
    curvature, gradients = 0.0, []
    for one, target in zip(torch.as_tensor(inputs), torch.as_tensor(targets), strict=True):
        outputs = model(one[None])
        flat = outputs.ravel()
        rows = [
            torch.autograd.grad(
                entry, parameters, retain_graph=True, materialize_grads=True, allow_unused=True
            )
            for entry in flat
        ]
        jacobian = torch.stack([torch.cat([part.ravel() for part in row]) for row in rows])

        def of_outputs(z, like=outputs, target=target):
            return loss(z.view_as(like), target[None])

        inner = torch.autograd.functional.hessian(of_outputs, flat.detach())
        if share:
            places = flat.numel() // 3
            centring = (torch.eye(3, **DOUBLE) - 1 / 3) / (2 * places)
            bound = torch.kron(centring, torch.eye(places, **DOUBLE))
            inner = (1 - share) * inner + share * bound
        curvature = curvature + jacobian.T @ inner @ jacobian / len(inputs)
        value = loss(outputs, target[None])
        parts = torch.autograd.grad(value, parameters, materialize_grads=True, allow_unused=True)
        gradients.append(torch.cat([part.ravel() for part in parts]))
    return curvature.numpy(), torch.stack(gradients).numpy()


@pytest.mark.parametrize("name", NETWORKS)
def test_small_networks_are_measured_as_by_brute_force(name):
    make, loss, kind, share = NETWORKS[name]
    model = gaussian(make())
    inputs, targets = data(kind)
    hessian, gradients = brute_force(model, loss, inputs, targets, share)
    found = lc.measure(model, loss, batches(inputs, targets), products=150, draws=1)
    assert found.majorant == share
    mean, covariance = gradients.mean(0), np.cov(gradients.T)
    assert found.gradient_square == pytest.approx(mean @ mean, rel=1e-9)
    assert found.noise_trace == pytest.approx(np.trace(covariance), rel=1e-9)
    values, vectors = np.linalg.eigh(hessian)
    values, vectors = values[::-1], vectors[:, ::-1]
    np.testing.assert_allclose(found.largest(5), values[:5], rtol=1e-8)
    np.testing.assert_allclose(found.gradient[:5], (mean @ vectors[:, :5]) ** 2, rtol=1e-6)
    noise = np.einsum("pi,pq,qi->i", vectors[:, :5], covariance, vectors[:, :5])
    np.testing.assert_allclose(found.noise[:5], noise, rtol=1e-6)
    total = found.noise.sum() + found.flat_noise * found.noise_trace
    assert total == pytest.approx(found.noise_trace, rel=1e-9)
    sizes = np.cumsum([0, *found.layer_weights]).astype(int)
    for place in range(len(found.layers)):
        part = slice(sizes[place], sizes[place + 1])
        of_layer = np.trace(covariance[part, part])
        assert found.layer_noise[place] == pytest.approx(of_layer, rel=1e-6, abs=1e-12)
        assert found.layer_gradient[place] == pytest.approx((mean[part] ** 2).sum(), rel=1e-6)


def test_kinds_of_losses_are_told_by_their_hessian():
    kinds = {"classes": "softmax cross-entropy", "regression": "quadratic", "other loss": "other"}
    for name, kind in kinds.items():
        make, loss, wanted, _ = NETWORKS[name]
        found = lc.measure(gaussian(make()), loss, batches(*data(wanted)), products=3, draws=1)
        assert found.loss_kind == kind


def test_noise_trace_takes_more_samples_than_curvature():
    """Centred on the mean of the first 20, those 20 are too near and the others too far."""
    make, loss, kind, _ = NETWORKS["classes"]
    model = gaussian(make())
    inputs, targets = data(kind, count=4000)
    _, gradients = brute_force(model, loss, inputs[:400], targets[:400], 0.0)
    exact, estimates = np.trace(np.cov(gradients.T)), []
    for place in range(0, 400, 20):
        turned = np.roll(np.arange(400), -place)
        loader = batches(inputs[turned], targets[turned])
        found = lc.measure(model, loss, loader, samples=20, noise_samples=400, products=3, draws=1)
        assert (found.samples, found.noise_samples) == (20, 400)
        estimates.append(found.noise_trace)
    error = np.std(estimates) / math.sqrt(len(estimates))
    assert abs(np.mean(estimates) - exact) < max(4 * error, 0.005 * exact)


def test_predicted_descent_of_a_network_is_the_descent_that_follows():
    """Few small steps of SGD on a network that is no quadratic, 120 runs: E L to 5 % of the descent."""
    make, loss, kind, _ = NETWORKS["classes"]
    model, (inputs, targets) = gaussian(make()), data(kind, count=64)
    found = lc.measure(
        model, loss, batches(inputs, targets, size=8), products=60, draws=3, majorant=0.0
    )
    steps, rate = 12, 0.1
    program = lc.PolicyProgram(
        task=found.task(),
        family=HeavyBall(constant=True),
        objective=lc.Objective(horizon=steps, learning_rate=math.inf),
        sees=found.sees(),
        cost="terminal",
    )
    policy = Policy(
        family=program.family,
        coefficients={"learning_rate": rate, "momentum": 0.0},
        horizon=steps,
    )
    predicted = found.floor + exact_cost(policy, program)
    losses = [trained_loss(model, loss, inputs, targets, steps, rate, seed) for seed in range(120)]
    error = np.std(losses) / math.sqrt(len(losses))
    descent = found.loss - np.mean(losses)
    assert abs(predicted - np.mean(losses)) < 0.05 * descent
    assert error < 0.02 * descent


def trained_loss(model, loss, inputs, targets, steps, rate, seed):
    """Loss on all samples after SGD with batches of 8 drawn with replacement."""
    trained = copy.deepcopy(model)
    optimizer = torch.optim.SGD(trained.parameters(), lr=rate)
    rng = np.random.default_rng(seed)
    inputs, targets = torch.tensor(inputs), torch.tensor(targets)
    for _ in range(steps):
        drawn = torch.tensor(rng.integers(len(inputs), size=8))
        optimizer.zero_grad()
        loss(trained(inputs[drawn]), targets[drawn]).backward()
        optimizer.step()
    with torch.no_grad():
        return loss(trained(inputs), targets).item()


# ---- standard errors


def test_standard_errors_are_the_spread_over_samples():
    """60 measurements on fresh samples: their spread is the mean of the errors they state, ± 30 %."""
    make, loss, kind, _ = NETWORKS["classes"]
    model = gaussian(make(), seed=5)
    rows = []
    for seed in range(60):
        loader = batches(*data(kind, count=300, seed=seed))
        found = lc.measure(model, loss, loader, samples=300, products=40, draws=1)
        rows.append(
            [
                (found.loss, found.loss_error),
                (found.noise_trace, found.noise_trace_error),
                (found.gradient_square, found.gradient_square_error),
                (found.curvatures[0], found.curvature_errors[0]),
                (found.noise[0], found.noise_errors[0]),
                *zip(found.layer_noise, found.layer_noise_errors, strict=True),
            ]
        )
    values, errors = np.moveaxis(np.array(rows), -1, 0)
    ratios = errors.mean(0) / values.std(0, ddof=1)
    assert (abs(ratios - 1) < 0.3).all(), ratios


def test_samples_for_an_accuracy_give_it():
    make, loss, kind, _ = NETWORKS["classes"]
    model = gaussian(make())
    first = lc.measure(model, loss, batches(*data(kind, count=200)), products=3, draws=1)
    needed = first.samples_for(0.03)
    loader = batches(*data(kind, count=needed, seed=9))
    second = lc.measure(model, loss, loader, samples=needed, products=3, draws=1)
    assert second.noise_trace_error / second.noise_trace == pytest.approx(0.03, rel=0.3)


# ---- budgets, and what is left alone


def test_counts_are_those_of_the_budget():
    make, loss, kind, _ = NETWORKS["classes"]
    model, loader = gaussian(make()), batches(*data(kind, count=100))
    found = lc.measure(model, loss, loader, samples=60, products=11, draws=2)
    assert (found.samples, found.products, found.draws) == (60, 11 - 1 - 4 + 4 + 1, 2)
    assert not found.whole
    assert not found.stopped
    assert found.gradient_bias == pytest.approx(found.noise_trace / 60)
    hurried = lc.measure(model, loss, loader, products=50, seconds=1e-9)
    assert hurried.stopped
    assert (hurried.products, hurried.draws) == (2, 1)
    assert hurried.whole


def test_a_measurement_leaves_model_and_random_numbers_alone():
    make, loss, kind, _ = NETWORKS["convolutions"]
    model = gaussian(make())
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state = torch.random.get_rng_state()
    first, second = (
        lc.measure(model, loss, batches(*data(kind)), products=12, seed=3) for _ in range(2)
    )
    assert np.array_equal(first.curvatures, second.curvatures)
    assert np.array_equal(first.noise, second.noise)
    assert torch.equal(state, torch.random.get_rng_state())
    assert all(torch.equal(before[name], kept) for name, kept in model.state_dict().items())
    assert all(weights.grad is None for weights in model.parameters())


def test_it_works_under_no_grad_and_in_single_precision():
    make, loss, kind, _ = NETWORKS["classes"]
    model, (inputs, targets) = gaussian(make()), data(kind)
    exact = lc.measure(model, loss, batches(inputs, targets), products=30)
    with torch.no_grad():
        rough = lc.measure(
            model.float(), loss, batches(inputs.astype(np.float32), targets), products=30
        )
    np.testing.assert_allclose(rough.largest(5), exact.largest(5), rtol=1e-4)
    assert rough.noise_trace == pytest.approx(exact.noise_trace, rel=1e-4)


def test_held_parameters_are_left_out():
    make, loss, kind, _ = NETWORKS["classes"]
    model, (inputs, targets) = gaussian(make()), data(kind)
    for weights in model[0].parameters():
        weights.requires_grad_(False)
    loader = batches(inputs, targets)
    with pytest.raises(lc.ProblemError, match=r"2 frozen, the first '0.weight'.*frozen='hold'"):
        lc.measure(model, loss, loader)
    found = lc.measure(model, loss, loader, products=60, frozen="hold")
    assert found.layers == ("2.weight", "2.bias", "4.weight", "4.bias")
    hidden = model[1](model[0](torch.tensor(inputs)))
    rest = lc.measure(model[2:], loss, batches(hidden, targets), products=60)
    np.testing.assert_allclose(found.largest(5), rest.largest(5), rtol=1e-9)
    assert found.noise_trace == pytest.approx(rest.noise_trace, rel=1e-9)


def test_a_measurement_is_saved_and_said(tmp_path):
    make, loss, kind, _ = NETWORKS["classes"]
    found = lc.measure(gaussian(make()), loss, batches(*data(kind)), products=12)
    loaded = lc.load(found.save(tmp_path / "measured.nc"))
    assert loaded.describe() == found.describe()
    assert loaded.table() == found.table()
    assert np.array_equal(loaded.sees().deviations, found.sees().deviations)
    assert "4.bias" in loaded.layer_table()
    assert "5% of it Böhning's bound" in found.describe()
    assert f"{found.curvatures[0]:.4g}" in found.table(1)


# ---- refusals


class Shared(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(6, 6)
        self.second = torch.nn.Linear(6, 6)
        self.second.weight = self.first.weight

    def forward(self, inputs):
        return self.second(self.first(inputs))


class Counting(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = torch.nn.Linear(6, 3)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, inputs):
        self.calls += 1
        return self.inner(inputs)


class Together(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = torch.nn.Linear(6, 3)

    def forward(self, inputs):
        return self.inner(inputs - inputs.mean(0))


def broken(value):
    model = gaussian(dense_layers(3))
    with torch.no_grad():
        model[0].weight[0, 0] = value
    return model


def flat_at_start():
    model = gaussian(torch.nn.Sequential(torch.nn.Linear(6, 2)))
    with torch.no_grad():
        for weights in model.parameters():
            weights.zero_()
    return model


def normalised():
    layers = torch.nn.Linear(6, 3), torch.nn.BatchNorm1d(3)
    return torch.nn.Sequential(*layers).double().train()


def with_dropout():
    return torch.nn.Sequential(torch.nn.Linear(6, 3), torch.nn.Dropout()).double().train()


INPUTS, CLASSES = data("classes")
LOADER = batches(INPUTS, CLASSES)
HOLLOW = batches(INPUTS, np.zeros((40, 2)))
WRONG = {
    "no module": (lambda: (len, CROSS_ENTROPY, LOADER), "a torch.nn.Module"),
    "shared": (
        lambda: (gaussian(Shared()), CROSS_ENTROPY, LOADER),
        "one tensor under the names first.weight, second.weight",
    ),
    "batch norm": (
        lambda: (normalised(), CROSS_ENTROPY, LOADER),
        r"BatchNorm1d '1' in training mode.*model.eval\(\)",
    ),
    "dropout": (lambda: (with_dropout(), CROSS_ENTROPY, LOADER), "Dropout '1'.*is random"),
    "buffers": (lambda: (Counting().double(), CROSS_ENTROPY, LOADER), "'calls', which changes"),
    "coupled": (
        lambda: (Together().double(), CROSS_ENTROPY, LOADER),
        "do not depend on the others",
    ),
    "infinite weights": (lambda: (broken(math.inf), CROSS_ENTROPY, LOADER), "finite weights"),
    "complex": (
        lambda: (torch.nn.Linear(6, 3, dtype=torch.complex128), CROSS_ENTROPY, LOADER),
        "complex128",
    ),
    "half": (lambda: (dense_layers(3).half(), CROSS_ENTROPY, LOADER), "float16"),
    "precision": (lambda: (dense_layers(3), CROSS_ENTROPY, LOADER), "inputs of the model's type"),
    "few": (
        lambda: (gaussian(dense_layers(3)), CROSS_ENTROPY, batches(INPUTS[:12], CLASSES[:12], 4)),
        "at least 16 samples for a noise estimate, 4 batches of 4; received 12 samples in 3",
    ),
    "empty": (
        lambda: (gaussian(dense_layers(3)), CROSS_ENTROPY, []),
        "batches with samples; received none",
    ),
    "no loader": (lambda: (gaussian(dense_layers(3)), CROSS_ENTROPY, 3), "DataLoader"),
    "no pairs": (
        lambda: (gaussian(dense_layers(3)), CROSS_ENTROPY, [INPUTS]),
        r"batches \(inputs, targets\) of two tensors",
    ),
    "sum": (
        lambda: (gaussian(dense_layers(3)), torch.nn.CrossEntropyLoss(reduction="sum"), LOADER),
        "the mean of the losses of single samples",
    ),
    "infinite loss": (
        lambda: (gaussian(dense_layers(3)), lambda z, y: CROSS_ENTROPY(z, y) / 0.0, LOADER),
        "finite losses",
    ),
    "not convex": (
        lambda: (gaussian(dense_layers(2)), lambda z, y: torch.cos(z).mean(), HOLLOW),
        "a loss convex in the outputs.*a curvature of -",
    ),
    "linear": (
        lambda: (gaussian(dense_layers(2)), lambda z, y: z.mean(), HOLLOW),
        "a loss with curvature in the outputs",
    ),
    "at a minimum": (lambda: (flat_at_start(), SQUARES, HOLLOW), "a zero gradient"),
    "not finite": (
        lambda: (gaussian(dense_layers(3)), CROSS_ENTROPY, batches(INPUTS * math.nan, CLASSES)),
        "finite inputs.*batch 1",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_measured_is_refused_with_the_reason(name):
    make, message = WRONG[name]
    with pytest.raises(lc.ProblemError, match=message):
        lc.measure(*make())


def test_buffers_are_put_back_when_they_are_refused():
    model = Counting().double()
    with pytest.raises(lc.ProblemError):
        lc.measure(model, CROSS_ENTROPY, LOADER)
    assert model.calls == 0


def test_options_that_mean_nothing_are_refused():
    model = gaussian(dense_layers(2))
    loader = batches(*data("numbers"))
    with pytest.raises(lc.ProblemError, match="without a known bound"):
        lc.measure(model, huber_like, loader, majorant=0.1)
    with pytest.raises(lc.ProblemError, match="more than the 2 draws"):
        lc.measure(model, SQUARES, loader, products=2)
    with pytest.raises(lc.ProblemError, match="tensors shaped like the parameters"):
        lc.measure(model, SQUARES, loader, scales=[torch.ones(3)])
    scales = [torch.zeros_like(weights) for weights in model.parameters()]
    with pytest.raises(lc.ProblemError, match="positive finite factors"):
        lc.measure(model, SQUARES, loader, scales=scales)
    found = lc.measure(model, SQUARES, loader, products=5)
    with pytest.raises(lc.ProblemError, match=f"at most {found.gradient_nodes}"):
        found.largest(50)


@pytest.mark.parametrize(
    ("products", "low", "high"), [(9, 1.0, 1.5), (15, 1.0, 1.5), (60, 0.85, 1.15)]
)
def test_error_of_the_floor_is_that_of_other_samples(products, low, high):
    """Linear regression, samples drawn again 600 times, each with a Krylov space of its own.

    With all dimensions in the space the stated error is that spread; with few it is larger, as the
    spaces of other samples adapt to them.
    """
    rng = np.random.default_rng(5)
    dimension, count = 20, 200
    rows = rng.normal(size=(count, dimension)) * np.geomspace(1, 0.05, dimension)
    theta = 3 * rng.normal(size=dimension)
    targets = rows @ rng.normal(size=dimension) + 0.5 * rng.normal(size=count)
    model = torch.nn.Linear(dimension, 1, bias=False, **DOUBLE)
    with torch.no_grad():
        model.weight.copy_(torch.tensor(theta))
    found = lc.measure(
        model, half_squares, batches(rows, targets[:, None]), products=products, samples=count
    )

    def floor(picked):
        """½ mean squared miss after as many steps of conjugate gradients, by Krylov bases."""
        part, misses = rows[picked], rows[picked] @ theta - targets[picked]
        gradient, hessian = part.T @ misses / count, part.T @ part / count
        columns = [gradient / np.linalg.norm(gradient)]
        for _ in range(found.gradient_nodes - 1):
            following = hessian @ columns[-1]
            for _ in range(2):
                following = following - np.array(columns).T @ (np.array(columns) @ following)
            columns.append(following / np.linalg.norm(following))
        basis = np.array(columns).T
        along = basis.T @ gradient
        gain = along @ np.linalg.solve(basis.T @ hessian @ basis, along)
        return 0.5 * (misses**2).mean() - 0.5 * gain

    assert found.floor == pytest.approx(floor(np.arange(count)), rel=1e-8)
    spread = np.std([floor(rng.integers(count, size=count)) for _ in range(600)])
    assert low < found.floor_error / spread < high
