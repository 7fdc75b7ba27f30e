"""An exported optimizer behaves as those of torch.optim do: groups, states, closures, refusals."""

import copy
import io
import math
import pickle

import numpy as np
import pytest
from exported_rules import HORIZON, POLICIES, walked

import landscape_control as lc
from landscape_control import policies

torch = pytest.importorskip("torch", reason="needs PyTorch: make test-networks")
pytestmark = pytest.mark.networks

RNG = np.random.default_rng(1)
START, GRADIENTS = RNG.normal(size=3), RNG.normal(size=(HORIZON, 3))
BALL = {"learning_rate": 0.1, "momentum": 0.9}
TOGETHER = pytest.mark.parametrize("foreach", [True, False], ids=["foreach", "one by one"])


def weight(start=START, dtype=torch.float64):
    return torch.nn.Parameter(torch.tensor(start, dtype=dtype))


def walk(optimizer, gradients, *weights):
    """Steps on given gradients, the same for all weights."""
    for gradient in gradients:
        for each in weights:
            each.grad = torch.tensor(gradient, dtype=each.dtype)
        optimizer.step()


@TOGETHER
def test_groups_have_coefficients_of_their_own(foreach):
    first, second = weight(), weight()
    groups = [{"params": [first]}, {"params": [second], "momentum": 0.5, "lr": 2.0}]
    optimizer = lc.export("heavy ball", to="torch", coefficients=BALL)(groups, foreach=foreach)
    walk(optimizer, GRADIENTS, first, second)
    other = {"learning_rate": 0.2, "momentum": 0.5}  # twice the rule is its rate twice
    for theta, coefficients in ((first, BALL), (second, other)):
        policy = lc.export("heavy ball", to="numpy", coefficients=coefficients)
        np.testing.assert_allclose(
            theta.detach().numpy(), walked(policy, START, GRADIENTS)[-1], rtol=1e-13
        )


@TOGETHER
@pytest.mark.parametrize("name", ["first-order-span", "adam", "gated-policy", "heavy-ball-decay"])
def test_a_saved_state_goes_on_bit_by_bit(name, foreach):
    """Through a file that holds no objects, in a new process's stead a new optimizer."""
    make = lc.export(POLICIES[name], to="torch")
    straight, stopped = weight(), weight()
    walk(make([straight], foreach=foreach), GRADIENTS, straight)
    before = make([stopped], foreach=foreach, lr=0.7)
    before.param_groups[0]["lr"] = 1.0
    walk(before, GRADIENTS[:7], stopped)
    file = io.BytesIO()
    torch.save({"model": stopped.detach(), "optimizer": before.state_dict()}, file)
    file.seek(0)
    loaded = torch.load(file, weights_only=True)
    resumed = torch.nn.Parameter(loaded["model"])
    after = make([resumed], foreach=foreach)
    after.load_state_dict(loaded["optimizer"])
    walk(after, GRADIENTS[7:], resumed)
    assert torch.equal(straight, resumed)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_a_copy_goes_on_alike(again):
    optimizer = lc.export(POLICIES["adam"], to="torch")([weight()])
    (theta,) = optimizer.param_groups[0]["params"]
    walk(optimizer, GRADIENTS[:5], theta)
    twin = again(optimizer)
    (other,) = twin.param_groups[0]["params"]
    walk(optimizer, GRADIENTS[5:], theta)
    walk(twin, GRADIENTS[5:], other)
    assert torch.equal(theta, other)
    assert theta is not other


def test_states_of_other_rules_are_refused():
    saved = lc.export("heavy ball", to="torch", coefficients=BALL)([weight()]).state_dict()
    nesterov = lc.export("nesterov", to="torch", coefficients=BALL)([weight()])
    with pytest.raises(lc.ProblemError, match="rule of the state to load.*Nesterov.*HeavyBall"):
        nesterov.load_state_dict(saved)
    longer = lc.export("heavy ball", to="torch", coefficients=BALL, horizon=7)([weight()])
    with pytest.raises(lc.ProblemError, match="horizon of the state to load"):
        longer.load_state_dict(saved)


def test_a_closure_is_called_with_gradients_and_its_loss_returned():
    theta = weight()
    optimizer = lc.export("sgd", to="torch", coefficients={"learning_rate": 0.1})([theta])

    def closure():
        optimizer.zero_grad()
        loss = (theta**2).sum() / 2
        loss.backward()
        return loss

    loss = optimizer.step(closure)
    assert loss.item() == pytest.approx((START**2).sum() / 2)
    np.testing.assert_allclose(theta.detach().numpy(), 0.9 * START, rtol=1e-15)
    assert optimizer.step() is None


def test_schedulers_multiply_what_the_rule_does():
    """θ ← θ + lr·Δθ, with Δθ of the rule as if there were none."""
    theta = weight()
    optimizer = lc.export("heavy ball", to="torch", coefficients=BALL)([theta])
    factors = 1.0, 0.5, 0.25, 0.0, 2.0
    course = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: factors[min(step, 4)])
    policy = lc.export("heavy ball", to="numpy", coefficients=BALL)
    moves = np.diff(walked(policy, START, GRADIENTS[:5]), axis=0)
    for gradient in GRADIENTS[:5]:
        walk(optimizer, [gradient], theta)
        course.step()
    expected = START + np.array(factors) @ moves
    np.testing.assert_allclose(theta.detach().numpy(), expected, rtol=1e-13)


def test_schedulers_that_cycle_momentum_find_it():
    theta = weight()
    optimizer = lc.export("heavy ball", to="torch", coefficients=BALL)([theta])
    course = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=10)
    seen = []
    for gradient in GRADIENTS[:9]:
        walk(optimizer, [gradient], theta)
        seen.append(optimizer.param_groups[0]["momentum"])
        course.step()
    assert min(seen) == pytest.approx(0.85)  # theirs, from 0.95
    assert max(seen) == pytest.approx(0.95)


@TOGETHER
def test_weights_without_gradient_stay_and_their_clock_too(foreach):
    first, late = weight(), weight()
    optimizer = lc.export(POLICIES["adamw"], to="torch")([first, late], foreach=foreach)
    walk(optimizer, GRADIENTS[:5], first)
    np.testing.assert_array_equal(late.detach().numpy(), START)
    assert late not in optimizer.state
    walk(optimizer, GRADIENTS[5:], first, late)
    for theta, seen in ((first, GRADIENTS), (late, GRADIENTS[5:])):
        expected = walked(POLICIES["adamw"], START, seen)[-1]
        np.testing.assert_allclose(theta.detach().numpy(), expected, rtol=1e-11)


@TOGETHER
def test_what_is_not_finite_stays_in_its_weight_as_in_torch(foreach):
    seen = GRADIENTS[:4].copy()
    seen[1, 0], seen[2, 1] = np.nan, np.inf
    family = policies.AdamFamily(exponent=0.5, epsilon=None, epsilon_outside=True)
    numbers = {"learning_rate": 0.1, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
    theta, other = weight(), weight()
    ours = lc.export(family, to="torch", coefficients=numbers)([theta], foreach=foreach)
    theirs = torch.optim.Adam([other], lr=0.1)
    walk(ours, seen, theta)
    walk(theirs, seen, other)
    np.testing.assert_allclose(theta.detach().numpy(), other.detach().numpy(), rtol=1e-12)
    assert theta.isfinite().tolist() == [False, False, True]


@TOGETHER
def test_a_schedule_that_has_ended_is_refused_before_anything_moves(foreach):
    name = "gradient-descent-per-step"
    theta, late = weight(), weight()
    optimizer = lc.export(POLICIES[name], to="torch")([late, theta], foreach=foreach)
    walk(optimizer, GRADIENTS, theta)
    late.grad, at = theta.grad.clone(), theta.detach().clone()
    with pytest.raises(lc.ProblemError, match=f"at most the {HORIZON} steps.*hold='last'"):
        optimizer.step()
    assert torch.equal(theta, at)
    np.testing.assert_array_equal(late.detach().numpy(), START)


@TOGETHER
@pytest.mark.parametrize("name", ["heavy-ball-per-step", "adam with a cosine", "gated-policy"])
def test_a_schedule_that_is_held_goes_on_as_in_numpy(name, foreach):
    theta = weight()
    make = lc.export(POLICIES[name], to="torch", hold="last")
    walk(make([theta], foreach=foreach), [*GRADIENTS, *GRADIENTS], theta)
    init, update = lc.export(POLICIES[name], to="numpy", hold="last")
    state, expected = init(1, 3), START[None]
    for gradient in (*GRADIENTS, *GRADIENTS):
        move, state = update(state, gradient[None], expected)
        expected = expected + move
    np.testing.assert_allclose(theta.detach().numpy(), expected[0], rtol=1e-11)


def test_sparse_and_complex_are_refused():
    table = torch.nn.Embedding(4, 2, sparse=True)
    optimizer = lc.export("sgd", to="torch", coefficients={"learning_rate": 0.1})(
        table.parameters()
    )
    table(torch.tensor([1])).sum().backward()
    before = table.weight.detach().clone()
    with pytest.raises(lc.ProblemError, match="sparse gradients.*dense gradients"):
        optimizer.step()
    assert torch.equal(table.weight, before)
    turning = torch.nn.Parameter(torch.ones(2, dtype=torch.complex64))
    with pytest.raises(lc.ProblemError, match="complex weights"):
        lc.export("sgd", to="torch", coefficients={"learning_rate": 0.1})([turning])


def test_entries_of_groups_are_looked_at():
    make = lc.export(POLICIES["heavy-ball-per-step"], to="torch")
    with pytest.raises(lc.ProblemError, match="did you mean 'momentum'"):
        make([{"params": [weight()], "momentun": 0.5}])
    with pytest.raises(lc.ProblemError, match=rf"shape \({HORIZON},\)"):
        make([{"params": [weight()], "momentum": [0.5, 0.6]}])
    with pytest.raises(lc.ProblemError, match="a finite number"):
        make([{"params": [weight()], "momentum": np.nan}])
    with pytest.raises(lc.ProblemError, match="multiplies all that the rule does"):
        make([weight()], lr="fast")
    named = make([("layer", weight())])  # as from model.named_parameters()
    assert named.param_groups[0]["param_names"] == ["layer"]


@TOGETHER
@pytest.mark.parametrize("name", ["adam", "lion", "neural-policy", "discounted"])
def test_weights_of_several_precisions_keep_theirs(name, foreach):
    """Each to its own rounding, about 2⁻²⁴ and 2⁻⁸ a step."""
    precise, single, short = (
        weight(dtype=dtype) for dtype in (torch.float64, torch.float32, torch.bfloat16)
    )
    optimizer = lc.export(POLICIES[name], to="torch")([precise, single, short], foreach=foreach)
    walk(optimizer, GRADIENTS[:6], precise, single, short)
    expected = walked(POLICIES[name], START, GRADIENTS[:6])[-1]
    for theta, tolerance in ((precise, 1e-12), (single, 1e-5), (short, 0.1)):
        entry = optimizer.state[theta]["carried_0"]
        assert entry.dtype == theta.dtype
        np.testing.assert_allclose(theta.detach().double().numpy(), expected, atol=tolerance)


@pytest.mark.parametrize("lr", [math.nan, math.inf, -1.0, "fast"])
def test_an_lr_that_multiplies_by_no_number_is_refused_and_moves_nothing(lr):
    make = lc.export(POLICIES["heavy-ball"], to="torch")
    weights = [torch.nn.Parameter(torch.ones(2)) for _ in range(2)]
    with pytest.raises(lc.ProblemError, match="a finite number ≥ 0"):
        make(weights, lr=lr)
    optimizer = make([{"params": weights[:1]}, {"params": weights[1:]}])
    optimizer.param_groups[1]["lr"] = lr
    for weight in weights:
        weight.grad = torch.ones(2)
    with pytest.raises(lc.ProblemError, match="a finite number ≥ 0"):
        optimizer.step()
    assert all(torch.equal(weight.detach(), torch.ones(2)) for weight in weights)


def test_a_state_without_its_numbers_is_refused_before_anything_is_loaded():
    make = lc.export(POLICIES["heavy-ball"], to="torch")
    weight = torch.nn.Parameter(torch.ones(2))
    weight.grad = torch.ones(2)
    optimizer, other = make([weight]), make([weight])
    other.step()
    for entry in ("momentum", "lr"):
        kept = other.state_dict()
        kept["param_groups"] = [{k: v for k, v in kept["param_groups"][0].items() if k != entry}]
        with pytest.raises(lc.ProblemError, match=f"none for {entry}"):
            optimizer.load_state_dict(kept)
    with pytest.raises(lc.ProblemError, match="state to load"):
        optimizer.load_state_dict({})
    assert not optimizer.state


@TOGETHER
def test_entries_set_later_are_numbers_or_refused(foreach):
    """A tensor of one number is that number; text, lists and numbers out of range are refused."""
    theta, plain = weight(), weight()
    make = lc.export("heavy ball", to="torch", coefficients=BALL)
    optimizer, other = make([theta], foreach=foreach), make([plain], foreach=foreach)
    for one, value in ((optimizer, torch.tensor(0.25)), (other, 0.25)):
        walk(one, GRADIENTS[:2], *one.param_groups[0]["params"])
        one.param_groups[0]["learning_rate"] = value
        walk(one, GRADIENTS[2:], *one.param_groups[0]["params"])
    assert torch.equal(theta, plain)
    before = theta.detach().clone()
    group = optimizer.param_groups[0]
    for key, value in {
        "learning_rate": "0.1",
        "momentum": 1.5,
        "foreach": "yes",
    }.items():
        kept, group[key] = group[key], value
        with pytest.raises(lc.ProblemError, match=key):
            optimizer.step()
        group[key] = kept
    group["momentum"] = [0.9, 0.8]
    with pytest.raises(lc.ProblemError, match="momentum"):
        optimizer.step()
    assert torch.equal(theta, before)


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ("text", "a dictionary"),
        ({"lr": 1.0}, "'params'"),
        ({"params": [], 3: 4}, "a dictionary"),
        ({"rule": "Adam"}, "'rule'"),
        ({"horizon": 7}, "'horizon'"),
        ({"foreach": "yes"}, "foreach"),
        ({"learning_rate": "fast"}, "learning_rate"),
        ({"momentum": 1.5}, "momentum"),
    ],
)
def test_groups_that_are_none_are_refused(group, words):
    optimizer = lc.export("heavy ball", to="torch", coefficients=BALL)([weight()])
    if isinstance(group, dict) and not {"lr", 3} & set(group):
        group = {"params": [weight()], **group}
    with pytest.raises(lc.ProblemError, match=words):
        optimizer.add_param_group(group)


@pytest.mark.parametrize("state", ["text", {}, {"param_groups": "text"}, {"param_groups": [3]}])
def test_a_state_that_is_none_is_refused(state):
    optimizer = lc.export("heavy ball", to="torch", coefficients=BALL)([weight()])
    with pytest.raises(lc.ProblemError, match=r"state_dict\(\)"):
        optimizer.load_state_dict(state)
