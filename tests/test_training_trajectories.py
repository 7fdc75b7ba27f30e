"""Planned paths of networks: against closed forms, against lc.solve, against dense matrices."""

import math
from itertools import pairwise

import casadi as ca
import numpy as np
import pytest

import landscape_control as lc
from landscape_control.training import gradient_flow
from landscape_control.training.networks import mlp
from landscape_control.training.trajectories.grid import grading_of, time_of_start

torch = pytest.importorskip("torch", reason="needs PyTorch: make test-networks")
from bowl_network import Bowl, half_squares  # noqa: E402
from seeded_networks import gaussian  # noqa: E402

pytestmark = pytest.mark.networks


CURVATURES = np.array([0.01, 0.5, 4.0, 30.0])
START = np.array([1.0, -2.0, 0.5, 0.3])
BOWL_DATA = [(torch.zeros(3, 1, dtype=torch.float64), torch.zeros(3, 4, dtype=torch.float64))]
POINTS = np.random.default_rng(0).normal(size=(12, 2))
VALUES = np.sin(2 * POINTS[:, 0]) * POINTS[:, 1]
SMALL_DATA = [(torch.tensor(POINTS), torch.tensor(VALUES)[:, None])]


def bowl(rotation=None):
    rotation = np.eye(4) if rotation is None else rotation
    return Bowl(np.sqrt(CURVATURES)[:, None] * rotation.T, rotation @ START)


def small_network():
    """2-3-1 with tanh: 13 weights."""
    layers = torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1)
    return gaussian(torch.nn.Sequential(*layers), seed=1, size=0.6, by_inputs=False)


def small_loss(theta):
    """The loss of the same network in CasADi."""
    inner, inner_bias = ca.reshape(theta[:6], 2, 3).T, theta[6:9]
    outer, outer_bias = theta[9:12], theta[12]
    total = 0
    for point, value in zip(POINTS, VALUES, strict=True):
        output = outer.T @ ca.tanh(inner @ ca.DM(point) + inner_bias) + outer_bias
        total += 0.5 * (output - value) ** 2
    return total / len(POINTS)


def weights_of(model):
    return np.concatenate([tensor.detach().numpy().ravel() for tensor in model.parameters()])


def planned_small(**options):
    objective = options.pop("objective", lc.Objective(horizon=2.0, loss_weight=10.0))
    data = options.pop("data", SMALL_DATA)
    return lc.plan_training(small_network(), half_squares, data, objective, **options)


def bowl_cost(objective):
    """min J for θ̈ = ηkhθ, θ̇(T) = 0: Σ θ_0² ω tanh(ωT)/2η with ω² = ηkh (no discount)."""
    rate = np.sqrt(objective.learning_rate * objective.loss_weight * CURVATURES)
    each = rate * np.tanh(rate * objective.horizon) / (2 * objective.learning_rate)
    return float(START**2 @ each)


# ---- the right path


@pytest.mark.parametrize("tolerance", [1e-3, 1e-7])
def test_on_a_quadratic_cost_and_end_are_those_of_the_closed_form(tolerance):
    objective = lc.Objective(horizon=1.5, learning_rate=0.7, loss_weight=3.0)
    plan = lc.plan_training(bowl(), half_squares, BOWL_DATA, objective, tolerance=tolerance)
    exact = bowl_cost(objective)
    assert abs(plan.cost - exact) < tolerance * exact
    assert abs(plan.cost - exact) < plan.cost_error + plan.remaining + 1e-12
    rate = np.sqrt(0.7 * 3.0 * CURVATURES)
    end = START / np.cosh(rate * 1.5)
    error = np.linalg.norm(plan.parameters[-1] - end)
    assert error < math.sqrt(tolerance) * np.linalg.norm(end - START)
    assert plan.status is lc.Status.CONVERGED
    assert plan.energy_error < math.sqrt(tolerance)


@pytest.mark.parametrize(
    "objective",
    [
        lc.Objective(horizon=3.0, loss_weight=20.0, learning_rate=0.7, discount=0.4),
        lc.Objective(horizon=2.0, loss_weight=5.0, terminal="loss", terminal_weight=3.0),
        lc.Objective(horizon=1.0, loss_weight=0.0, terminal="loss", terminal_weight=8.0),
    ],
)
def test_a_small_network_gets_the_plan_of_solve(objective):
    problem = lc.ControlProblem(
        landscape=lc.Landscape(expression=small_loss, dimension=13),
        start=weights_of(small_network()),
        objective=objective,
    )
    found = planned_small(objective=objective, tolerance=1e-6)
    solved = lc.solve(problem, guess=found.parameters, starts=1, tolerance=1e-9)
    assert found.cost == pytest.approx(solved.best.cost, rel=1e-6)
    np.testing.assert_allclose(found.parameters[-1], solved.best.parameters[-1], atol=1e-3)


def test_a_loss_that_outweighs_movement_is_planned_on_a_steeper_mesh():
    """The first fall of the loss takes T/62; the plan is that of ``lc.solve``, which adapts its mesh."""
    objective = lc.Objective(horizon=2.0, loss_weight=1e3)
    found = planned_small(objective=objective, tolerance=1e-2)
    steepness = math.log(2.0 / found.vertices[1]) / math.log(len(found.vertices) - 1)
    assert steepness == pytest.approx(math.log(62) / math.log(8), rel=0.02)
    problem = lc.ControlProblem(
        landscape=lc.Landscape(expression=small_loss, dimension=13),
        start=weights_of(small_network()),
        objective=objective,
    )
    solved = lc.solve(problem, guess=found.parameters, starts=1, tolerance=1e-4)
    assert found.cost == pytest.approx(solved.best.cost, rel=1e-2)


def test_a_loss_that_outweighs_movement_by_far_is_said_early_with_what_helps():
    with pytest.raises(lc.SolveError, match=r"falls no more.*Lower loss_weight"):
        planned_small(objective=lc.Objective(horizon=2.0, loss_weight=1e8))


def test_the_time_of_the_start_is_that_of_a_linear_loss():
    """L = s x falls from L_0 to 0 on the way ℓ = L_0/s; at speed √(2ηk L_0) that takes ℓ/v."""
    objective = lc.Objective(horizon=3.0, loss_weight=50.0, learning_rate=0.5)
    start = time_of_start(objective, loss=2.0, slope=4.0)
    assert start == pytest.approx(0.5 / 10.0)
    assert grading_of(objective, start) == pytest.approx(math.log(60) / math.log(8))
    assert grading_of(objective, 3.0) == 1.5
    assert grading_of(objective, 1e-9) == 4.0


@pytest.mark.parametrize("degree", [1, 2, 3, 4])
@pytest.mark.parametrize("discount", [0.0, 0.6])
def test_the_order_of_the_mesh_is_twice_the_degree(degree, discount):
    """One mode of curvature h: the discrete optimum by linear algebra, against that of θ̈ = γθ̇ + ηkhθ."""
    from landscape_control.training.trajectories.grid import time_grid

    curvature, horizon = 9.0, 1.0
    objective = lc.Objective(horizon=horizon, discount=discount)
    r = np.roots([1.0, -discount, -curvature])  # θ ∝ Σ a e^{rt}, θ(0) = 1, θ̇(T) = 0
    grown = np.exp(r * horizon)
    a = np.linalg.solve([[1.0, 1.0], r * grown], [1.0, 0.0])
    exact = -0.5 * a @ r  # J = ½ λ(0)θ(0) with λ = -θ̇/η
    errors = []
    for elements in (4, 8, 16):
        grid = time_grid(objective, elements, degree)
        spring, mass = grid.stiffness[1:, 1:], np.diag(grid.loss_weights[1:] * curvature)
        pull = mass.sum(axis=1)
        moved = -np.linalg.solve(spring + mass, pull)
        best = 0.5 * curvature * grid.loss_weights.sum() + 0.5 * pull @ moved
        errors.append(abs(best - exact))
    orders = [math.log2(one / other) for one, other in pairwise(errors) if other > 1e-12]
    assert orders
    assert orders[-1] == pytest.approx(2 * degree, abs=0.35)


# ---- invariances


def test_an_orthogonal_change_of_the_weights_changes_nothing():
    rotation, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(4, 4)))
    objective = lc.Objective(horizon=1.0, loss_weight=5.0)
    one, other = (
        lc.plan_training(model, half_squares, BOWL_DATA, objective, tolerance=1e-6)
        for model in (bowl(), bowl(rotation))
    )
    assert other.cost == pytest.approx(one.cost, rel=1e-6)
    assert other.length == pytest.approx(one.length, rel=1e-3)
    np.testing.assert_allclose(other.parameters[-1] @ rotation, one.parameters[-1], atol=1e-3)


@pytest.mark.parametrize("factor", [1e-6, 7.0, 1e5])
def test_another_unit_of_time_changes_no_cost_and_no_path(factor):
    """t = ct': η' = ηc, k' = kc, γ' = γc, T' = T/c leave J as it is."""
    plain = planned_small(objective=lc.Objective(horizon=2.0, loss_weight=10.0, discount=0.2))
    scaled = lc.Objective(
        horizon=2.0 / factor,
        loss_weight=10.0 * factor,
        learning_rate=factor,
        discount=0.2 * factor,
    )
    other = planned_small(objective=scaled)
    assert other.cost == pytest.approx(plain.cost, rel=1e-9)
    assert other.length == pytest.approx(plain.length, rel=1e-6)
    assert other.energy_error == pytest.approx(plain.energy_error, rel=1e-3)
    assert other.iterations == plain.iterations


def test_single_precision_gets_the_same_cost():
    precise = planned_small()
    model = small_network().float()
    data = [tuple(part.float() for part in batch) for batch in SMALL_DATA]
    rough = lc.plan_training(model, half_squares, data, lc.Objective(horizon=2.0, loss_weight=10.0))
    assert rough.cost == pytest.approx(precise.cost, rel=1e-4)


def test_batches_and_pieces_add_up(monkeypatch):
    from landscape_control.training.trajectories import network_loss

    (inputs, targets), whole = SMALL_DATA[0], planned_small()
    batches = [(inputs[:5], targets[:5]), (inputs[5:], targets[5:])]
    monkeypatch.setattr(network_loss, "CHUNK", 7)
    assert planned_small(data=batches).cost == pytest.approx(whole.cost, rel=1e-12)


# ---- the certificate


def dense(action, reached):
    """∂²J/∂y² column by column."""
    offsets = action.offsets(reached.point)
    columns = [action.product(offsets, unit) for unit in np.eye(len(reached.point))]
    return np.array(columns)


def action_of_small(elements=1):
    from landscape_control.training.trajectories.action import Action
    from landscape_control.training.trajectories.grid import time_grid
    from landscape_control.training.trajectories.network_loss import NetworkLoss

    loss = NetworkLoss(small_network(), half_squares, SMALL_DATA)
    objective = lc.Objective(horizon=2.0, loss_weight=10.0, discount=0.3)
    grid = time_grid(objective, elements, 3)
    return Action(loss, grid, loss.at(np.zeros(13))[0])


def test_gradient_and_hessian_products_are_differences_of_the_action():
    action = action_of_small()
    rng = np.random.default_rng(1)
    point, along = rng.normal(size=39), rng.normal(size=39)
    step = 1e-5
    ahead, behind = action(point + step * along), action(point - step * along)
    here = action(point)
    slope = (ahead.cost - behind.cost) / (2 * step)
    assert here.gradient @ along == pytest.approx(slope, rel=1e-7)
    bend = (ahead.gradient - behind.gradient) / (2 * step)
    product = action.product(action.offsets(point), along)
    np.testing.assert_allclose(product, bend, rtol=1e-6, atol=1e-6 * np.abs(bend).max())


def near_plan(action):
    """y of a path that is almost stationary."""
    from landscape_control.training.trajectories.descent import descend

    found = descend(
        action,
        np.zeros(39),
        tolerance=1e-4,
        iterations=100,
        has_time=lambda: True,
        report=lambda *_: None,
    )
    return found.reached.point


@pytest.mark.parametrize("is_plan", [True, False])
def test_second_variation_is_that_of_the_dense_matrix(is_plan):
    from landscape_control.training.trajectories.examination import second_variation

    action = action_of_small()
    rng = np.random.default_rng(2)
    reached = action(near_plan(action) if is_plan else 0.3 * rng.normal(size=39))
    found = second_variation(action, reached, products=39)
    matrix = dense(action, reached)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-10)
    values = np.linalg.eigvalsh(matrix)
    assert found.lowest == pytest.approx(values[0], rel=1e-6)
    assert (found.direction is None) == (values[0] > 0) == is_plan
    if found.direction is not None:
        assert found.direction @ matrix @ found.direction == pytest.approx(values[0], rel=1e-6)
        return
    newton = 0.5 * reached.gradient @ np.linalg.solve(matrix, reached.gradient)
    extra = 0.01 * reached.squared_residual / values[0]  # of the random vector beside the residual
    assert abs(found.remaining - newton) < 0.2 * newton + extra


def test_the_energy_law_holds_on_a_plan_and_on_no_other_path():
    from landscape_control.training.trajectories.examination import energy_error

    action = action_of_small(elements=8)
    grid = action.grid
    objective = grid.objective
    plan = planned_small(objective=objective, degree=3, tolerance=1e-6)

    def violated(offsets):
        made = [action.loss.at(offset) for offset in offsets]
        losses, gradients = (np.array(part) for part in zip(*made, strict=True))
        return energy_error(grid, offsets, gradients, losses)

    offsets = plan.parameters_at(grid.times) - plan.parameters[0]
    assert plan.energy_error < 1e-3
    assert violated(offsets) < 1e-3
    wrong_way = 1.2 * offsets
    wrong_pace = np.array([offsets[-1] * t / grid.times[-1] for t in grid.times])
    assert violated(wrong_way) > 0.03
    assert violated(wrong_pace) > 0.03


class Ridge(torch.nn.Module):
    """L = ¼(a² - 1)² + ½(b - 1)² as the loss of outputs ((a² - 1)/√2, b - 1) against zero."""

    def __init__(self):
        super().__init__()
        self.theta = torch.nn.Parameter(torch.zeros(2, dtype=torch.float64))

    def forward(self, inputs):
        a, b = self.theta[0], self.theta[1]
        return torch.stack([(a * a - 1) / math.sqrt(2), b - 1]).expand(len(inputs), -1)


def test_a_path_along_a_ridge_is_left():
    """The gradient on a = 0 has no component off it; the plan there costs more by a fifth."""
    objective = lc.Objective(horizon=4.0, loss_weight=10.0)
    data = [(torch.zeros(2, 1, dtype=torch.float64), torch.zeros(2, 2, dtype=torch.float64))]
    plan = lc.plan_training(Ridge(), half_squares, data, objective, tolerance=1e-6)
    rate = math.sqrt(10.0)
    on_ridge = 10.0 * 0.25 * 4.0 + 0.5 * rate * math.tanh(4 * rate)
    assert plan.cost < 0.8 * on_ridge
    problem = lc.ControlProblem(
        landscape=lc.Landscape(
            expression=lambda t: (t[0] ** 2 - 1) ** 2 / 4 + (t[1] - 1) ** 2 / 2, dimension=2
        ),
        start=[0.0, 0.0],
        objective=objective,
    )
    best = lc.solve(problem, guess=plan.parameters, starts=1, tolerance=1e-9).best
    assert plan.cost == pytest.approx(best.cost, rel=1e-6)


# ---- gradient flow


def test_gradient_flow_of_a_quadratic_has_the_length_of_the_closed_form():
    model = bowl()
    found = gradient_flow(model, half_squares, BOWL_DATA, until_loss=0.05, accuracy=1e-8)
    end = found.times[-1]
    moved = START * np.exp(-CURVATURES * end)
    assert 0.5 * CURVATURES @ moved**2 == pytest.approx(0.05, rel=1e-6)
    times = np.linspace(0.0, end, 200_001)
    speeds = np.linalg.norm(CURVATURES * START * np.exp(-np.outer(times, CURVATURES)), axis=1)
    assert found.length == pytest.approx(np.trapezoid(speeds, times), rel=1e-6)
    assert found.displacement == pytest.approx(np.linalg.norm(moved - START), rel=1e-6)
    assert 0 < found.straightness < 1


class InOtherUnits(torch.nn.Module):
    """The small network of weights θ/s."""

    def __init__(self, size):
        super().__init__()
        inner = small_network()
        self.call = lambda weights, inputs: torch.func.functional_call(inner, weights, (inputs,))
        self.shapes = {name: tensor.shape for name, tensor in inner.named_parameters()}
        self.size, start = size, torch.tensor(size * weights_of(inner))
        self.theta = torch.nn.Parameter(start)

    def forward(self, inputs):
        parts = (self.theta / self.size).split([shape.numel() for shape in self.shapes.values()])
        named = zip(self.shapes.items(), parts, strict=True)
        return self.call({name: part.view(shape) for (name, shape), part in named}, inputs)


@pytest.mark.parametrize(("size", "unit"), [(1e-12, 1.0), (1e6, 1.0), (1.0, 1e-12), (1e-8, 1e9)])
def test_gradient_flow_does_not_depend_on_the_units_of_weights_and_loss(size, unit):
    """θ = s∘x and L in other units: lengths are multiplied by s, times by s²/unit."""
    plain = gradient_flow(small_network(), half_squares, SMALL_DATA, until_loss=0.06)

    def in_units(outputs, targets):
        return unit * half_squares(outputs, targets)

    found = gradient_flow(InOtherUnits(size), in_units, SMALL_DATA, until_loss=0.06 * unit)
    assert found.length == pytest.approx(size * plain.length, rel=1e-9)
    assert found.times[-1] == pytest.approx(size**2 / unit * plain.times[-1], rel=1e-9)
    assert found.evaluations == plain.evaluations


def test_gradient_flow_from_a_stationary_point_is_refused():
    model = Bowl(np.eye(4), np.zeros(4))

    def cut(outputs, targets):
        return half_squares(outputs, targets) + 1.0

    with pytest.raises(lc.ProblemError, match="a gradient|stationary"):
        gradient_flow(model, cut, BOWL_DATA, until_loss=0.5)


def test_a_loss_that_gradient_flow_does_not_reach_is_said():
    with pytest.raises(lc.SolveError, match="has come to a loss"):
        gradient_flow(bowl(), half_squares, BOWL_DATA, until_loss=-1.0, longest=50.0)
    with pytest.raises(lc.ProblemError, match="only goes down"):
        gradient_flow(bowl(), half_squares, BOWL_DATA, until_loss=1e3)


@pytest.mark.parametrize("seed", [5, 6])
def test_a_planned_path_of_a_perceptron_is_shorter_than_gradient_flow(seed):
    """To the same loss on 300 digits by a fifth; each length is known to a few thousandths."""
    from sklearn.datasets import load_digits

    table = load_digits()
    inputs = torch.tensor(table.data[:300] / 16, dtype=torch.float32)
    data = [(inputs, torch.tensor(table.target[:300]))]
    model = mlp(sizes=(64, 16, 10), seed=seed)
    loss = torch.nn.CrossEntropyLoss()
    objective = lc.Objective(horizon=1.0, loss_weight=100.0)
    plan = lc.plan_training(model, loss, data, objective)
    flow = gradient_flow(model, loss, data, until_loss=plan.losses[-1], accuracy=1e-4)
    assert np.all(np.diff(plan.losses) < 0)
    assert 0.7 < plan.length / flow.length < 0.9
    assert plan.straightness > flow.straightness + 0.05
    assert plan.energy_error < 0.03


# ---- what a plan can do


def test_a_plan_is_saved_loaded_and_put_into_a_network(tmp_path):
    plan = planned_small()
    read = lc.load(plan.save(tmp_path / "plan.nc"))
    assert read.cost == plan.cost
    assert read.status is plan.status
    np.testing.assert_array_equal(read.parameters, plan.parameters)
    model = small_network()
    read.load_into(model, read.times[-1])
    np.testing.assert_allclose(weights_of(model), plan.parameters[-1], rtol=1e-14)
    (inputs, targets) = SMALL_DATA[0]
    assert half_squares(model(inputs), targets).item() == pytest.approx(plan.losses[-1], rel=1e-12)
    middle = read.parameters_at(plan.times[[3, 5]])
    np.testing.assert_allclose(middle, plan.parameters[[3, 5]], rtol=1e-12)
    with pytest.raises(lc.ProblemError, match="planned network"):
        read.load_into(torch.nn.Linear(2, 3), 0.0)
    with pytest.raises(lc.ProblemError, match="inside the horizon"):
        read.parameters_at([9.0])


def test_lengths_are_those_of_a_fine_polygon():
    plan = planned_small(tolerance=1e-6)
    fine = plan.parameters_at(np.linspace(0.0, plan.times[-1], 4001))
    polygon = np.linalg.norm(np.diff(fine, axis=0), axis=1).sum()
    assert plan.length == pytest.approx(polygon, rel=1e-5)
    assert plan.displacement < plan.length
    assert plan.straightness == pytest.approx(plan.displacement / plan.length)


def test_the_model_stays_as_it_is():
    model = small_network()
    before = weights_of(model)
    lc.plan_training(model, half_squares, SMALL_DATA, lc.Objective(horizon=1.0))
    np.testing.assert_array_equal(weights_of(model), before)
    assert all(tensor.grad is None for tensor in model.parameters())


def test_a_plan_is_a_guess_for_the_next():
    objective = lc.Objective(horizon=2.0, loss_weight=12.0)
    cold = planned_small(objective=objective)
    warm = planned_small(objective=objective, guess=cold)
    assert warm.cost == pytest.approx(cold.cost, rel=1e-3)
    assert warm.iterations < cold.iterations / 2


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"max_iterations": 3}, lc.Status.ITERATION_LIMIT),
        ({"time_limit": 1e-3}, lc.Status.TIME_LIMIT),
        ({"max_elements": 4, "degree": 1, "tolerance": 1e-6}, lc.Status.REFINEMENT_CAP),
    ],
)
def test_an_unfinished_plan_is_raised_and_kept(options, status):
    with pytest.raises(lc.SolveError) as raised:
        planned_small(**options)
    assert raised.value.solution.status is status
    assert planned_small(**options, throw=False).status is status


def test_an_interrupted_plan_is_kept():
    def stop(progress):
        if progress.iteration == 4:
            raise KeyboardInterrupt

    with pytest.raises(lc.SolveInterrupted) as raised:
        planned_small(progress=stop)
    kept = raised.value.solution
    assert kept.iterations == 4
    assert kept.losses[-1] < kept.losses[0]


def test_a_loss_without_a_bound_below_is_no_plan():
    """L = -log(1-…)-like: falls to minus infinity at a finite distance, and is NaN behind it."""

    def barrier(outputs, targets):
        return torch.log(1e-3 + outputs).mean()

    class Line(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.theta = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))

        def forward(self, inputs):
            return self.theta.expand(len(inputs), 1)

    data = [(torch.zeros(2, 1, dtype=torch.float64), torch.zeros(2, 1, dtype=torch.float64))]
    with pytest.raises(lc.SolveError, match="not finite"):
        lc.plan_training(Line(), barrier, data, lc.Objective(horizon=1.0, loss_weight=50.0))


# ---- what is refused


def frozen():
    model = small_network()
    model[0].bias.requires_grad_(False)
    return model


def shared():
    one = torch.nn.Linear(2, 2)
    other = torch.nn.Linear(2, 2)
    other.weight = one.weight
    return torch.nn.Sequential(one, other)


def flat():
    model = small_network()
    for tensor in model.parameters():
        tensor.data.zero_()
    return model


INPUTS = SMALL_DATA[0][0]
BAD_TARGETS = [(INPUTS, torch.full((12, 1), float("nan"), dtype=torch.float64))]
ZERO_TARGETS = [(INPUTS, torch.zeros(12, 1, dtype=torch.float64))]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": frozen()}, "frozen"),
        ({"model": shared()}, "occur once"),
        ({"model": torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.BatchNorm1d(1))}, "eval"),
        ({"model": torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.Dropout())}, "eval"),
        ({"model": flat(), "loader": ZERO_TARGETS}, "zero gradient"),
        ({"loader": BAD_TARGETS}, "finite targets"),
        ({"loader": []}, "batches with samples"),
        ({"loss_fn": lambda z, y: (z - y).square()}, "one real number"),
        ({"loss_fn": lambda z, y: (z - y).square().mean() / 0.0}, "finite loss"),
        ({"model": small_network().float(), "tolerance": 1e-6}, "float64"),
        ({"objective": lc.Objective(horizon=math.inf, discount=1.0)}, "10/γ"),
        ({"objective": lc.Objective(horizon=1.0, learning_rate=math.inf)}, "finite number"),
        ({"objective": lc.Objective(horizon=1.0, terminal=lambda t: t[0])}, "terminal='loss'"),
        ({"objective": lc.Objective(horizon=1.0, loss_weight=0.0)}, "doing nothing"),
    ],
)
def test_what_cannot_be_planned_is_refused_in_words(changes, words):
    given = {
        "model": small_network(),
        "loss_fn": half_squares,
        "loader": SMALL_DATA,
        "objective": lc.Objective(horizon=1.0),
    }
    if "float64" in words:
        given["loader"] = [tuple(part.float() for part in batch) for batch in SMALL_DATA]
    if words in ("frozen", "occur once", "eval"):
        given["loader"] = [tuple(part.float() for part in batch) for batch in SMALL_DATA]
    with pytest.raises(lc.ProblemError, match=words):
        lc.plan_training(**(given | changes))


def test_a_mesh_that_does_not_fit_is_refused_or_not_refined_to(monkeypatch):
    from landscape_control.training.trajectories import planned, search
    from landscape_control.training.trajectories.memory import bytes_needed

    for module in (planned, search):
        monkeypatch.setattr(module, "bytes_free", lambda: bytes_needed(13, 16) - 1)
    with pytest.raises(lc.ProblemError, match="free memory"):
        planned_small()
    for module in (planned, search):
        monkeypatch.setattr(module, "bytes_free", lambda: bytes_needed(13, 16))
    capped = planned_small(tolerance=1e-6, throw=False)
    assert capped.status is lc.Status.REFINEMENT_CAP
    assert "memory" in capped.message
