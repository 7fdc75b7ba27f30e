"""Optimizers derived from measurements: against grids of tuned ones, resumed, and refused."""

import io
import math
from dataclasses import replace

import numpy as np
import pytest

import landscape_control as lc
from landscape_control.training.deriving.planning import RULES

torch = pytest.importorskip("torch", reason="needs PyTorch: make test-networks")
from seeded_networks import drawn  # noqa: E402

pytestmark = [pytest.mark.networks, pytest.mark.usefixtures("one_thread")]

SCORES, SQUARES = torch.nn.CrossEntropyLoss(), torch.nn.MSELoss()
STEPS, BATCH = 300, 16


class Shuffled:
    """Batches in an order of their own at every pass."""

    def __init__(self, inputs, targets, size=BATCH, seed=0):
        self.inputs, self.targets, self.size = inputs, targets, size
        self.generator = np.random.default_rng(seed)

    def __iter__(self):
        order = torch.as_tensor(self.generator.permutation(len(self.inputs)))
        for places in order.split(self.size):
            if len(places) == self.size:
                yield self.inputs[places], self.targets[places]


def regression(seed, condition=100.0, dimension=10, count=512):
    """Linear regression whose features are correlated and of very unequal size, with noise."""
    generator = np.random.default_rng(seed)
    scales = np.geomspace(1, condition**-0.5, dimension)
    rotation, _ = np.linalg.qr(generator.standard_normal((dimension, dimension)))
    features = generator.standard_normal((count, dimension)) * scales @ rotation
    weights = generator.standard_normal(dimension) / scales**0.5 @ rotation
    targets = features @ weights + 0.3 * generator.standard_normal(count)
    inputs = torch.tensor(features, dtype=torch.float32)
    return inputs, torch.tensor(targets[:, None], dtype=torch.float32)


def digits_like(seed=0, count=256):
    """Three classes of points in twelve dimensions around centres that lie apart."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, count)
    centres = 2 * generator.standard_normal((3, 12))
    inputs = centres[labels] + generator.standard_normal((count, 12))
    return torch.tensor(inputs, dtype=torch.float32), torch.tensor(labels)


def perceptron(seed=0):
    def layers():
        return torch.nn.Sequential(torch.nn.Linear(12, 16), torch.nn.ReLU(), torch.nn.Linear(16, 3))

    return drawn(layers, seed)


def loss_of(model, loss_fn, inputs, targets):
    with torch.no_grad():
        return loss_fn(model(inputs), targets).item()


def trained(make_optimizer, inputs, targets, seed):
    """The loss after STEPS steps from zero weights."""
    model = zero_layer(inputs)
    optimizer = make_optimizer(model.parameters())
    batches, count = Shuffled(inputs, targets, seed=seed), 0
    while count < STEPS:
        for some, wanted in batches:
            optimizer.zero_grad()
            SQUARES(model(some), wanted).backward()
            optimizer.step()
            count += 1
            if count == STEPS:
                break
    return loss_of(model, SQUARES, inputs, targets)


def zero_layer(inputs):
    model = torch.nn.Linear(inputs.shape[1], 1)
    for weight in model.parameters():
        torch.nn.init.zeros_(weight)
    return model


GRID = [
    *(lambda p, r=rate: torch.optim.SGD(p, lr=r) for rate in (0.03, 0.1, 0.3, 0.6)),
    *(lambda p, r=rate: torch.optim.SGD(p, lr=r, momentum=0.9) for rate in (0.003, 0.01, 0.03, 0.1)),
    *(lambda p, r=rate: torch.optim.Adam(p, lr=r) for rate in (0.003, 0.01, 0.03, 0.06, 0.1, 0.2, 0.3, 1.0)),
]  # fmt: skip


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_on_a_quadratic_it_is_no_worse_than_the_best_of_sixteen_runs_and_as_predicted(seed):
    """Both against the floor of least squares, which NumPy solves."""
    inputs, targets = regression(seed)
    design = np.column_stack([inputs.numpy(), np.ones(len(inputs))]).astype(float)
    _, squares, *_ = np.linalg.lstsq(design, targets.numpy().astype(float), rcond=None)
    floor = squares.item() / len(inputs)
    best = min(trained(each, inputs, targets, seed) for each in GRID)
    model = zero_layer(inputs)
    batches = Shuffled(inputs, targets, seed=seed)
    optimizer = lc.derive_optimizer(model, SQUARES, batches, steps=STEPS)
    predicted = optimizer.plan.loss
    optimizer.run()
    final = loss_of(model, SQUARES, inputs, targets)
    assert floor < final <= best
    assert predicted == pytest.approx(final, rel=0.05)
    assert optimizer.count == STEPS


def by_hand(model, optimizer, batches, first, last):
    for step in range(first, last):
        inputs, targets = batches[step % len(batches)]
        optimizer.zero_grad()
        loss = SCORES(model(inputs), targets)
        loss.backward()
        optimizer.step(loss)


def listed(count=256):
    inputs, labels = digits_like(count=count)
    return list(zip(inputs.split(32), labels.split(32), strict=True))


def derived(model, batches, steps=60, **options):
    return lc.derive_optimizer(
        model, SCORES, batches, steps=steps, samples=128, products=9, **options
    )


def test_a_run_that_is_resumed_anywhere_is_the_run_without_the_stop_bit_by_bit():
    batches, model = listed(), perceptron()
    optimizer = derived(model, batches)
    by_hand(model, optimizer, batches, 0, 60)
    optimizer.eval()
    for cut in (1, 9, 40):
        model_before = perceptron()
        before = derived(model_before, batches)
        by_hand(model_before, before, batches, 0, cut)
        file = io.BytesIO()
        torch.save([model_before.state_dict(), before.state_dict()], file)
        file.seek(0)
        weights, state = torch.load(file, weights_only=True)
        model_after = perceptron(seed=1)
        after = derived(model_after, batches)
        model_after.load_state_dict(weights)
        after.load_state_dict(state)
        by_hand(model_after, after, batches, cut, 60)
        after.eval()
        pairs = zip(model.parameters(), model_after.parameters(), strict=True)
        assert all(torch.equal(one, other) for one, other in pairs)
        assert [each.words for each in after.log] == [each.words for each in optimizer.log]


def test_a_network_is_trained_measured_and_described():
    batches, model = listed(), perceptron()
    inputs, labels = digits_like()
    before = loss_of(model, SCORES, inputs, labels)
    optimizer = derived(model, batches, steps=100)
    log = optimizer.run()
    assert loss_of(model, SCORES, inputs, labels) < before / 10
    assert optimizer.count == 100
    assert [each.kind for each in log][:2] == ["measured", "planned"]
    assert [each.step for each in log if each.kind == "measured"][:4] == [0, 1, 3, 7]
    words = optimizer.describe()
    for part in ("momentum 0.", "signal-to-noise", "edge of stability", "predicted", "100 of 100"):
        assert part in words
    curves = optimizer.curves()
    assert len(curves["batch_loss"]) == len(curves["rate"]) == 100
    assert optimizer.seconds_measuring > 0
    assert optimizer.seconds_deriving > 0
    assert optimizer.seconds_training > 0


def test_loop_closure_and_run_are_one():
    runs = []
    for way in ("loop", "closure", "run"):
        batches, model = listed(), perceptron()
        optimizer = derived(model, batches, steps=24)
        if way == "run":
            optimizer.run()
        elif way == "loop":
            by_hand(model, optimizer, batches, 0, 24)
        else:
            for step in range(24):
                by_closure(model, optimizer, *batches[step % len(batches)])
        optimizer.eval()
        runs.append(torch.cat([weight.detach().ravel() for weight in model.parameters()]))
    assert torch.equal(runs[0], runs[1])
    assert torch.equal(runs[0], runs[2])


def by_closure(model, optimizer, inputs, targets):
    def closure():
        optimizer.zero_grad()
        loss = SCORES(model(inputs), targets)
        loss.backward()
        return loss

    optimizer.step(closure)


@pytest.mark.parametrize("averaging", ["never", "always"])
def test_an_average_is_held_or_left_out(averaging):
    inputs, targets = regression(0)
    model = zero_layer(inputs)
    batches = Shuffled(inputs, targets)
    optimizer = lc.derive_optimizer(model, SQUARES, batches, steps=100, averaging=averaging)
    optimizer.run(batches)
    averaged = [weight.detach().clone() for weight in model.parameters()]
    optimizer.train()
    pairs = zip(averaged, model.parameters(), strict=True)
    is_same = all(torch.equal(one, other) for one, other in pairs)
    assert is_same == (averaging == "never")
    assert optimizer.plan.rule in (RULES[:1] if averaging == "never" else RULES[1:])


def test_what_is_measured_on_a_quadratic_plans_a_course_that_export_takes():
    inputs, targets = regression(0)
    found = lc.measure(zero_layer(inputs), SQUARES, list(Shuffled(inputs, targets)))
    course = lc.derive_optimizer(found, steps=STEPS)
    assert course.steps == STEPS
    model = zero_layer(inputs)
    optimizer = lc.export(course.policy, to="torch")(model.parameters())
    SQUARES(model(inputs), targets).backward()
    optimizer.step()
    assert loss_of(model, SQUARES, inputs, targets) < found.loss


# What fails during a run.


def poisoned(value):
    """A loop whose tenth batch has a loss of ``value``; (model, optimizer)."""
    batches, model = listed(), perceptron()
    optimizer = derived(model, batches)
    by_hand(model, optimizer, batches, 0, 9)
    inputs, targets = batches[1]
    optimizer.zero_grad()
    loss = SCORES(model(inputs), targets) + value
    loss.backward()
    optimizer.step(loss)
    return model, optimizer, batches


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e3])
def test_a_loss_that_is_not_finite_or_far_too_high_takes_the_stage_back(value):
    model, optimizer, batches = poisoned(value)
    assert optimizer.lost_steps == 3  # the stage began at step 7
    assert optimizer.log[-1].kind == "rolled back"
    assert all(torch.isfinite(weight).all() for weight in model.parameters())
    by_hand(model, optimizer, batches, 10, 60)
    assert optimizer.count == 60
    optimizer.eval()
    assert loss_of(model, SCORES, *digits_like()) < 0.5


def test_what_the_rule_answers_with_after_a_return_are_the_weights_it_went_back_to():
    """No average of the steps that were lost, here of steps to NaN."""
    batches, model = listed(), perceptron()
    optimizer = derived(model, batches, averaging="always")
    by_hand(model, optimizer, batches, 0, 40)
    for weight in model.parameters():
        weight.grad = torch.full_like(weight, math.nan)
    optimizer.step()
    by_hand(model, optimizer, batches, 41, 42)
    assert optimizer.log[-1].kind == "rolled back"
    kept = [weight.detach().clone() for weight in model.parameters()]
    optimizer.eval()
    assert all(map(torch.equal, kept, model.parameters()))
    optimizer.train()
    by_hand(model, optimizer, batches, 42, 60)
    assert loss_of(model, SCORES, *digits_like()) < 0.5


def test_training_that_never_holds_stops_loudly():
    batches, model = listed(), perceptron()
    optimizer = derived(model, batches)
    with pytest.raises(lc.ProblemError, match="9 returns"):
        fail_at_every_other_step(model, optimizer, batches)


def fail_at_every_other_step(model, optimizer, batches):
    for step in range(30):
        by_hand(model, optimizer, batches, 2 * step, 2 * step + 1)
        inputs, targets = batches[0]
        loss = SCORES(model(inputs), targets) + math.inf
        optimizer.zero_grad()
        loss.backward()
        optimizer.step(loss)


def test_units_that_die_take_the_stage_back():
    """λ_max falls to a tenth, that of the last biases, and the loss does not."""
    batches = [(10 * inputs, labels) for inputs, labels in listed()]
    model = perceptron()
    with torch.no_grad():
        model[2].weight.mul_(1e-3)
    optimizer = derived(model, batches)
    by_hand(model, optimizer, batches, 0, 1)
    kept = optimizer.stages.stage.kept
    with torch.no_grad():
        model[0].bias.fill_(-1e3)
        model[2].bias.zero_()
    by_hand(model, optimizer, batches, 1, 2)
    assert "units die" in optimizer.log[-1].words
    pairs = zip(kept, model.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    by_hand(model, optimizer, batches, 2, 60)
    optimizer.eval()
    assert loss_of(model, SCORES, 10 * INPUTS, LABELS) < 0.5


def test_a_loss_that_has_risen_by_more_than_a_plan_may_predict_is_taken_back():
    """By a fifth, 9 standard errors of a loss whose error has grown with it."""
    model = perceptron()
    optimizer = derived(model, listed())
    by_hand(model, optimizer, listed(), 0, 7)
    stages = optimizer.stages
    now = stages.probe.measured(None, 8)
    before = replace(stages.stage, loss=now.loss / 1.2)
    now = replace(now, loss_error=0.2 * before.loss / 9)
    assert "measured loss" in stages._failure(before, now)
    by_chance = replace(now, loss_error=0.2 * before.loss / 2)
    assert stages._failure(before, by_chance) == ""
    as_may_be_predicted = replace(stages.stage, loss=now.loss / 1.09)
    assert stages._failure(as_may_be_predicted, now) == ""


def test_a_network_that_is_dead_at_its_start_is_said_to_be():
    """No unit of the first layer answers: the last biases alone learn the classes' shares."""
    batches, model = listed(), perceptron()
    with torch.no_grad():
        model[0].bias.fill_(-1e3)
    optimizer = derived(model, batches)
    by_hand(model, optimizer, batches, 0, 60)
    words = [each.words for each in optimizer.log]
    silent = [each for each in words if "the gradient of 0.weight, 0.bias, 2.weight is" in each]
    assert len(silent) == 1
    assert any("has learned little or nothing" in each for each in words)


def test_a_network_that_learns_is_not_said_to_stand_still():
    batches, model = listed(), perceptron()
    optimizer = derived(model, batches)
    by_hand(model, optimizer, batches, 0, 60)
    text = optimizer.describe()
    assert "the gradient of" not in text
    assert "learned little" not in text


def test_the_one_plan_of_a_quadratic_stays_one_after_every_return():
    inputs, targets = regression(0)
    batches = [(inputs[:BATCH], targets[:BATCH])]
    model = torch.nn.Linear(10, 1, bias=False)
    loader = Shuffled(inputs, targets)
    optimizer = lc.derive_optimizer(model, SQUARES, loader, steps=60)
    for _ in range(3):
        optimizer.zero_grad()
        loss = SQUARES(model(batches[0][0]), batches[0][1])
        loss.backward()
        optimizer.step(loss + math.inf)
        assert "one plan for the rest" in optimizer.log[-1].words
        optimizer.zero_grad()
        SQUARES(model(batches[0][0]), batches[0][1]).backward()
        optimizer.step()
        stage = optimizer.stages.stage
        assert stage.is_last
        assert stage.until == 60


# What is refused.


def test_a_step_after_the_last_and_one_from_the_answer_are_refused():
    batches, model = listed(), perceptron()
    optimizer = derived(model, batches, steps=20)
    by_hand(model, optimizer, batches, 0, 5)
    optimizer.eval()
    with pytest.raises(lc.ProblemError, match=r"optimizer.train\(\)"):
        by_hand(model, optimizer, batches, 5, 6)
    optimizer.train()
    by_hand(model, optimizer, batches, 5, 20)
    with pytest.raises(lc.ProblemError, match="at most the 20 steps"):
        by_hand(model, optimizer, batches, 20, 21)


def test_parameters_that_were_replaced_are_refused():
    batches, model = listed(), perceptron()
    optimizer = derived(model, batches)
    model[2] = torch.nn.Linear(16, 3)
    with pytest.raises(lc.ProblemError, match="after the model has been changed"):
        by_hand(model, optimizer, batches, 0, 1)


def test_a_loader_that_is_used_up_is_refused():
    batches, model = listed(), perceptron()
    optimizer = derived(model, batches)
    with pytest.raises(lc.ProblemError, match="none after 8 of 60 steps"):
        optimizer.run(iter(batches))


INPUTS, LABELS = digits_like()


def frozen():
    model = perceptron()
    model[0].weight.requires_grad_(False)
    return model


def shared():
    model = torch.nn.Sequential(torch.nn.Linear(12, 12), torch.nn.Linear(12, 12))
    model[1].weight = model[0].weight
    return model


def infinite():
    model = perceptron()
    with torch.no_grad():
        model[2].bias[0] = math.inf
    return model


def with_layer(layer):
    return torch.nn.Sequential(torch.nn.Linear(12, 16), layer, torch.nn.Linear(16, 3))


def bent(outputs, targets):
    return -outputs.square().mean()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": frozen()}, "frozen, the first '0.weight'"),
        ({"model": shared()}, "occur once"),
        ({"model": infinite()}, "finite weights"),
        ({"model": with_layer(torch.nn.BatchNorm1d(16))}, "depends on the other samples"),
        ({"model": with_layer(torch.nn.Dropout(0.5))}, "is random"),
        ({"loader": []}, "batches with samples; received none"),
        ({"loader": [(INPUTS[:8], LABELS[:8])]}, r"at least 16 samples.*2 batches of 8"),
        ({"loader": None}, "both, beside a model"),
        ({"loss_fn": bent}, "convex in the outputs"),
        ({"loader": [(INPUTS * math.nan, LABELS)]}, "finite inputs"),
        ({"steps": 5}, "steps"),
    ],
)
def test_what_cannot_be_derived_is_refused_in_words(options, words):
    given = {"model": perceptron(), "loss_fn": SCORES, "loader": listed(), "steps": 60} | options
    with pytest.raises(lc.ProblemError, match=words):
        lc.derive_optimizer(**given)
