"""Exported to optax: the same rule as in NumPy, under jax.jit, and that of optax where it has one."""

from functools import partial

import numpy as np
import pytest
from exported_rules import HORIZON, POLICIES, walked

import landscape_control as lc
from landscape_control import policies
from landscape_control.policies import AdamFamily, HeavyBall, Lion, Nesterov, WeightDecay

jax = pytest.importorskip("jax", reason="needs JAX: make test-networks")
optax = pytest.importorskip("optax", reason="needs optax: make test-networks")
pytestmark = pytest.mark.networks

RNG = np.random.default_rng(0)
START, GRADIENTS = RNG.normal(size=10), RNG.normal(size=(HORIZON, 10))


@pytest.fixture(autouse=True)
def _double_precision():
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def tree(vector):
    return {"layer": {"matrix": vector[:6].reshape(2, 3), "vector": vector[6:]}}


def flat(parts):
    return np.concatenate([np.ravel(part) for part in jax.tree.leaves(parts)])


def on_given_gradients(transformation, gradients, *, jit=True):
    """(T+1, 10) the path that the updates make."""
    update = jax.jit(transformation.update) if jit else transformation.update
    params = jax.tree.map(jax.numpy.asarray, tree(START))
    state, path = transformation.init(params), [START]
    for gradient in gradients:
        moves, state = update(tree(jax.numpy.asarray(gradient)), state, params)
        params = optax.apply_updates(params, moves)
        path.append(flat(params))
    return np.array(path)


@pytest.mark.parametrize("name", POLICIES)
def test_every_rule_walks_as_in_numpy(name):
    transformation = lc.export(POLICIES[name], to="optax")
    path = on_given_gradients(transformation, GRADIENTS)
    expected = walked(POLICIES[name], START, GRADIENTS)
    np.testing.assert_allclose(path, expected, rtol=1e-11, atol=1e-12)


RATE, BETA, DECAY, EPSILON, STEPS = 0.02, 0.9, 0.03, 1e-8, 1000
ADAM = AdamFamily(exponent=0.5, epsilon=None, epsilon_outside=True)
RMSPROP = partial(AdamFamily, exponent=0.5, beta1=0.0, bias_correction=False, epsilon=None)
OF_ADAM = {"learning_rate": RATE, "beta1": BETA, "beta2": 0.99, "epsilon": EPSILON}
OF_RMSPROP = {"learning_rate": RATE / 10, "beta2": 0.99, "epsilon": EPSILON}
OF_LION = {"learning_rate": RATE / 10, "beta1": BETA, "beta2": 0.99, "decay": RATE / 10 * DECAY}
WITH_MOMENTUM = {"learning_rate": RATE, "momentum": BETA}
TWINS = {
    "sgd": (
        policies.GradientDescent(constant=True),
        {"learning_rate": RATE},
        lambda: optax.sgd(RATE),
    ),
    "momentum": (HeavyBall(constant=True), WITH_MOMENTUM, lambda: optax.sgd(RATE, BETA)),
    "nesterov": (
        Nesterov(constant=True),
        WITH_MOMENTUM,
        lambda: optax.sgd(RATE, BETA, nesterov=True),
    ),
    "adam": (ADAM, OF_ADAM, lambda: optax.adam(RATE, BETA, 0.99, EPSILON)),
    "adamw": (
        WeightDecay(family=ADAM),
        {**OF_ADAM, "decay": RATE * DECAY},
        lambda: optax.adamw(RATE, BETA, 0.99, EPSILON, weight_decay=DECAY),
    ),
    "amsgrad": (
        policies.AMSGrad(corrected_first=True),
        OF_ADAM,
        lambda: optax.amsgrad(RATE, BETA, 0.99, EPSILON),
    ),
    "nadam": (
        policies.NAdam(),
        {**OF_ADAM, "momentum_decay": 1e4},
        lambda: optax.nadam(RATE, BETA, 0.99, EPSILON),
    ),
    "clipped momentum": (
        policies.Clipped(family=HeavyBall(constant=True)),
        {**WITH_MOMENTUM, "largest_norm": 3.0},
        lambda: optax.chain(optax.clip_by_global_norm(3.0), optax.sgd(RATE, BETA)),
    ),
    "rmsprop": (
        RMSPROP(),
        OF_RMSPROP,
        lambda: optax.rmsprop(RATE / 10, 0.99, EPSILON, eps_in_sqrt=True),
    ),
    "rmsprop, ε outside": (
        RMSPROP(epsilon_outside=True),
        OF_RMSPROP,
        lambda: optax.rmsprop(RATE / 10, 0.99, EPSILON, eps_in_sqrt=False),
    ),
    "lion": (
        WeightDecay(family=Lion(smoothing=None)),
        OF_LION,
        lambda: optax.lion(RATE / 10, BETA, 0.99, weight_decay=DECAY),
    ),
}


def quadratic():
    """(start, gradient of a step): a random quadratic in 20 dimensions with noisy gradients."""
    rng = np.random.default_rng(1)
    root = rng.normal(size=(20, 20))
    hessian, noise = root @ root.T / 20 + 0.05 * np.eye(20), rng.normal(size=(STEPS, 20))

    def gradient(theta, step):
        return hessian @ theta + 0.3 * jax.numpy.asarray(noise)[step]

    return rng.normal(size=20), gradient


def network():
    """The same for a network 8-16-1 on batches of 16."""
    rng = np.random.default_rng(2)
    inputs, picked = rng.normal(size=(64, 8)), rng.integers(64, size=(STEPS, 16))
    targets = np.sin(inputs.sum(axis=1))
    start = [rng.normal(size=(8, 16)) / 3, np.zeros(16), rng.normal(size=16) / 4, np.zeros(())]

    def loss(weights, step):
        batch = jax.numpy.asarray(picked)[step]
        hidden = jax.numpy.tanh(jax.numpy.asarray(inputs)[batch] @ weights[0] + weights[1])
        misses = hidden @ weights[2] + weights[3] - jax.numpy.asarray(targets)[batch]
        return (misses**2).mean()

    return start, jax.grad(loss)


def trained(problem, transformation):
    start, gradient = problem()
    params = jax.tree.map(jax.numpy.asarray, start)

    def one(carried, step):
        params, state = carried
        moves, state = transformation.update(gradient(params, step), state, params)
        return (optax.apply_updates(params, moves), state), None

    carried = params, transformation.init(params)
    (params, _), _ = jax.lax.scan(one, carried, jax.numpy.arange(STEPS))
    return flat(params)


@pytest.mark.parametrize("problem", [quadratic, network])
@pytest.mark.parametrize("name", TWINS)
def test_rules_of_optax_to_rounding_over_1000_steps(name, problem):
    family, coefficients, theirs = TWINS[name]
    ours = lc.export(family, to="optax", coefficients=coefficients)
    found, expected = trained(problem, ours), trained(problem, theirs())
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11 * np.abs(expected).max())


def test_a_schedule_that_has_ended_is_refused_or_makes_nan_or_holds():
    """Refused where it can be; in compiled code, which cannot raise, no update is a number."""
    policy, seen = POLICIES["heavy-ball-per-step"], np.concatenate([GRADIENTS, GRADIENTS[:2]])
    ending = lc.export(policy, to="optax")
    with pytest.raises(lc.ProblemError, match=f"at most the {HORIZON} steps.*hold='last'"):
        on_given_gradients(ending, seen, jit=False)
    path = on_given_gradients(ending, seen)
    assert np.isfinite(path[: HORIZON + 1]).all()
    assert np.isnan(path[HORIZON + 1 :]).all()
    path = on_given_gradients(lc.export(policy, to="optax", hold="last"), seen)
    assert np.isfinite(path).all()
    last = {name: values[-1] for name, values in policy.coefficients.items()}
    move = path[HORIZON] - path[HORIZON - 1]  # heavy ball by hand
    expected = last["momentum"] * move - last["learning_rate"] * seen[HORIZON]
    np.testing.assert_allclose(path[HORIZON + 1] - path[HORIZON], expected, rtol=1e-9)


def test_precision_of_the_weights_is_kept():
    transformation = lc.export(POLICIES["adam with a cosine"], to="optax")
    params = jax.tree.map(lambda part: jax.numpy.asarray(part, "float32"), tree(START))
    moves, state = transformation.update(params, transformation.init(params), params)
    assert {part.dtype.name for part in jax.tree.leaves((moves, state.carried))} == {"float32"}


@pytest.mark.parametrize(
    "shape",
    [
        policies.WarmupStableDecay(warmup=0.03, decay_fraction=0.2),
        policies.Polynomial(),
        policies.Cosine(final=0.0),
    ],
    ids=lambda shape: shape.name,
)
def test_long_schedules_are_exact_in_single_precision(shape):
    """At both ends of a hundred thousand steps, to a few roundings of the rate."""
    horizon = 100_000
    numbers = {"learning_rate": 1.0} | {each.name: 0.9 for each in shape.coefficients}
    family = policies.ScheduledDescent(shape=shape)
    policy = lc.export(family, to="numpy", coefficients=numbers, horizon=horizon)
    jax.config.update("jax_enable_x64", False)
    transformation = lc.export(policy, to="optax")
    one, update = jax.numpy.ones(1), jax.jit(transformation.update)
    for count in (10, 50_000, 85_000, 99_900):
        state = transformation.init(one)._replace(count=jax.numpy.asarray(count))
        (found,), _ = update(one, state)
        expected, _ = policy.update((count, ()), [[1.0]])
        assert abs(float(found) - expected[0, 0]) < 5e-7


def test_it_chains_with_other_transformations():
    chained = optax.chain(
        optax.clip(0.5),
        lc.export(POLICIES["adamw"], to="optax"),
        optax.scale_by_schedule(lambda count: 0.5),
    )
    path = on_given_gradients(chained, GRADIENTS[:1])
    expected = walked(POLICIES["adamw"], START, np.clip(GRADIENTS[:1], -0.5, 0.5))
    np.testing.assert_allclose(path[1] - START, (expected[1] - START) / 2, rtol=1e-11)


def test_what_it_needs_is_asked_for():
    transformation = lc.export(POLICIES["adamw"], to="optax")
    state = transformation.init(tree(START))
    with pytest.raises(lc.ProblemError, match="params: expected the parameters"):
        transformation.update(tree(START), state)
    with pytest.raises(lc.ProblemError, match="real arrays"):
        transformation.init({"turning": 1j * START})


@pytest.mark.parametrize("name", ["schedule-free", "averaged-heavy-ball"])
def test_readout_of_a_transformation_is_that_of_the_policy(name):
    policy = POLICIES[name]
    transform = lc.export(policy, to="optax")
    params = {"w": jax.numpy.asarray(START)}
    carried, theta = policy.init(1, len(START)), START[None]
    state = transform.init(params)
    np.testing.assert_array_equal(transform.readout(params, state)["w"], START)
    for gradient in GRADIENTS:
        updates, state = transform.update({"w": jax.numpy.asarray(gradient)}, state, params)
        params = optax.apply_updates(params, updates)
        move, carried = policy.update(carried, gradient[None], theta)
        theta = theta + move
    found = jax.jit(transform.readout)(params, state)["w"]
    np.testing.assert_allclose(found, policy.readout(carried, theta)[0], rtol=1e-12)
    assert np.abs(found - params["w"]).max() > 0.01


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
def test_updates_and_states_keep_the_precision_of_the_weights(dtype):
    """Every update equals that in double precision to a few roundings of the weights' own."""
    rounding = float(jax.numpy.finfo(dtype).eps)
    for name in ("heavy-ball", "adam", "schedule-free"):
        transformation = lc.export(POLICIES[name], to="optax")
        narrow = jax.numpy.asarray(START, dtype)
        wide = jax.numpy.asarray(narrow, "float64")
        state, other = transformation.init(narrow), transformation.init(wide)
        for gradient in GRADIENTS[:5]:
            seen = jax.numpy.asarray(gradient, dtype)
            move, state = transformation.update(seen, state, narrow)
            exact, other = transformation.update(seen.astype("float64"), other, wide)
            assert move.dtype == dtype
            assert all(part.dtype == dtype for part in state.carried)
            size = np.abs(np.asarray(exact)).max()
            np.testing.assert_allclose(np.asarray(move, float), exact, atol=50 * rounding * size)


def test_leaves_that_are_none_are_left_alone():
    """As optax has them where weights are frozen: no update, no state, the others as ever."""
    transformation = lc.export(POLICIES["heavy-ball"], to="optax")
    whole, params = jax.numpy.asarray(START), {"a": None, "b": jax.numpy.asarray(START)}
    state, alone = transformation.init(params), transformation.init(whole)
    for gradient in GRADIENTS[:3]:
        seen = jax.numpy.asarray(gradient)
        moves, state = jax.jit(transformation.update)({"a": None, "b": seen}, state, params)
        expected, alone = jax.jit(transformation.update)(seen, alone, whole)
        assert moves["a"] is None
        np.testing.assert_array_equal(moves["b"], expected)
    moved = optax.apply_updates(params, moves)
    assert moved["a"] is None
    np.testing.assert_array_equal(moved["b"], START + np.asarray(moves["b"]))
