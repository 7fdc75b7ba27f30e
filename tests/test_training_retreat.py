"""Where plans fail one after another a derived optimizer goes on otherwise, and does not give up."""

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch: make test-networks")
from landscape_control.training.comparison import image_tasks  # noqa: E402
from landscape_control.training.comparison.derived_runs import derived_run  # noqa: E402
from landscape_control.training.deriving.settings import Settings  # noqa: E402
from landscape_control.training.deriving.stages import Stages  # noqa: E402

pytestmark = [pytest.mark.networks, pytest.mark.usefixtures("one_thread")]


def test_plans_that_fail_in_a_row_are_followed_by_shorter_ones():
    """The same plan was made anew nine times, and the run given up after 102 of 600 steps."""
    task = image_tasks.digits_mlp(seed=7)
    found = derived_run(task, 7, task.steps)
    assert not found.diverged
    assert found.training_loss < 0.05
    assert found.lost_steps < 60


def stages_after(returns):
    """Stages of a network whose largest curvature was 7 once, and that went back so many times."""
    stages = Stages(
        probe=None, weights=[], steps=400, rules=(), exponents=(0.0, 0.5), settings=Settings()
    )
    progress = stages.progress
    progress.top, progress.first_loss, progress.returns = 7.0, 2.3, returns
    progress.count = 60
    return stages


@pytest.mark.parametrize(("returns", "goes_back"), [(0, True), (1, True), (2, False)])
def test_a_peak_of_the_curvature_before_is_no_reason_for_ever(returns, goes_back):
    """The edge, a third of the peak, was crossed by steps of any size: each was taken back."""
    before = SimpleNamespace(top=2.34, loss=2.326)
    now = SimpleNamespace(curvatures=[2.25], loss=2.323, loss_error=0.01)
    reason = stages_after(returns)._failure(before, now)
    assert ("units die" in reason) == goes_back
    dead = SimpleNamespace(curvatures=[0.5], loss=2.323, loss_error=0.01)
    assert "units die" in stages_after(returns)._failure(before, dead)


@pytest.mark.parametrize(("returns", "exponents"), [(0, (0.0, 0.5)), (2, (0.0,))])
def test_metrics_that_fail_in_a_row_give_way_to_that_of_the_weights(returns, exponents):
    assert stages_after(returns)._exponents() == exponents
