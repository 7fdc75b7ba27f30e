"""Exported rules that answer with an average of their iterates: eval() and train()."""

import numpy as np
import pytest
from exported_rules import POLICIES

import landscape_control as lc

torch = pytest.importorskip("torch", reason="needs PyTorch: make test-networks")
pytestmark = pytest.mark.networks

BALL = {"learning_rate": 0.1, "momentum": 0.9}
AVERAGED = POLICIES["schedule-free"], POLICIES["averaged-heavy-ball"]


@pytest.mark.parametrize("policy", AVERAGED, ids=["schedule-free", "averaged heavy ball"])
@pytest.mark.parametrize("lr", [1.0, 0.5])
def test_eval_puts_the_average_into_the_weights_and_train_takes_it_out(policy, lr):
    """On the gradient 0.3·θ of a quadratic, against the NumPy pair; lr scales where it is."""
    weight = torch.nn.Parameter(torch.tensor([2.0, -1.0], dtype=torch.float64))
    optimizer = lc.export(policy, to="torch")([weight], lr=lr)
    state, theta = policy.init(1, 2), weight.detach().numpy().copy()[None]
    path = [theta]
    for _ in range(12):
        weight.grad = 0.3 * weight.detach()
        optimizer.step()
        move, state = policy.update(state, 0.3 * theta, theta)
        theta = theta + lr * move
        path.append(theta)
    there = weight.detach().clone()
    np.testing.assert_allclose(there, theta[0], rtol=1e-12)
    optimizer.eval()
    answer = weight.detach().clone()
    expected = theta + lr * (policy.readout(state, theta) - theta)
    np.testing.assert_allclose(answer, expected[0], rtol=1e-12)
    assert (answer - there).abs().max() > 0.01
    if policy is AVERAGED[1]:  # the average of its iterates, weighted as its recursion does
        mean, q = path[1], policy.coefficients["averaging"]
        for t, point in enumerate(path[2:], start=1):
            mean = mean + (point - mean) / (1 + q * t)
        np.testing.assert_allclose(answer, mean[0], rtol=1e-12)
    with pytest.raises(lc.ProblemError, match=r"optimizer\.train\(\)"):
        optimizer.step()
    optimizer.eval()  # a second call changes nothing
    assert torch.equal(weight, answer)
    saved = optimizer.state_dict()
    other = torch.nn.Parameter(answer.clone())
    resumed = lc.export(policy, to="torch")([other], lr=lr)
    resumed.load_state_dict(saved)
    for one, its in ((optimizer, weight), (resumed, other)):
        one.train()
        assert torch.equal(its, there)


def test_rules_that_answer_with_their_weights_leave_them_as_they_are():
    weight = torch.nn.Parameter(torch.tensor([2.0]))
    optimizer = lc.export("heavy-ball", coefficients=BALL, to="torch")([weight])
    weight.grad = torch.tensor([1.0])
    optimizer.step()
    before = weight.detach().clone()
    optimizer.eval()
    assert torch.equal(weight, before)
    optimizer.train()
    optimizer.step()
    assert not torch.equal(weight, before)


def test_a_numpy_pair_that_holds_its_last_step_still_answers():
    """As the policy itself does where that never ends."""
    policy = AVERAGED[0]
    held = lc.export(policy, to="numpy", hold="last")
    init, update = held
    state, theta = init(1, 2), np.array([[2.0, -1.0]])
    own, place = policy.init(1, 2), theta
    for _ in range(8):
        move, state = update(state, 0.3 * theta, theta)
        step, own = policy.update(own, 0.3 * place, place)
        theta, place = theta + move, place + step
    answer = held.readout(state, theta)
    np.testing.assert_array_equal(answer, policy.readout(own, place))
    assert abs(answer - theta).max() > 1e-3
