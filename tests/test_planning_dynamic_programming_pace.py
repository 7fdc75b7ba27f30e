"""Dynamic programming over a finite horizon says early how long it takes, and gives up in words."""

import re

import pytest
from planning_problems import unknown_curvature

import landscape_control as lc
from landscape_control.support import pace as pacing
from landscape_control.support.pace import Pace

MARCH = {"what": "a march", "size": "50 steps", "fewer": "make fewer", "time_limit": 60.0}


class Watch:
    """A clock that is told how long everything takes."""

    def __init__(self):
        self.now = 100.0

    def perf_counter(self):
        return self.now


@pytest.fixture
def watch(monkeypatch):
    made = Watch()
    monkeypatch.setattr(pacing, "time", made)
    return made


def test_a_march_is_judged_by_its_later_steps(watch):
    """Two seconds before it, five for the first step, one for each other of 50: 2 + 5 + 49 seconds."""
    watch.now += 2
    pace = Pace(50, **MARCH, began=100.0)
    for duration in [5.0, *[1.0] * 49]:
        watch.now += duration
        pace.step()
        if watch.now >= 100 + 2 + 5 + 5:
            assert pace.expected() == pytest.approx(56)


def test_a_march_that_would_take_too_long_is_given_up_after_few_steps(watch):
    pace = Pace(50, **MARCH, began=100.0)
    for _ in range(5):
        watch.now += 2.0
        pace.step()
    watch.now += 2.0
    with pytest.raises(lc.ProblemError, match=r"within 60 s; received 50 steps: about 1e\+02 s"):
        pace.step()


def test_a_grid_beyond_the_limit_is_refused_with_its_estimate():
    settings = {"covariance": "coordinate", "points": (15, 15, 11), "steps": 20}
    problem = unknown_curvature(2.0)
    with pytest.raises(lc.ProblemError, match=r"8 x 8 x 6 nodes: about .* time_limit=") as refused:
        lc.stochastic.solve_grid(problem, time_limit=1e-3, **settings)
    assert re.search("by 6 of 10 time steps", str(refused.value))
    assert lc.stochastic.solve_grid(problem, **settings).values.shape == (21, 15, 15, 11)
