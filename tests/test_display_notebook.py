"""What a notebook shows: well-formed tables, formulas that MathJax reads, users' words escaped."""

import html
import pickle
import re
import sys
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from argument_table import BALL, PROBLEM, TASK
from matplotlib.mathtext import MathTextParser

import landscape_control as lc
from landscape_control import simulation, sweeps


class Reader(HTMLParser):
    """Tags that open and close in order, and the text between them."""

    def __init__(self):
        super().__init__()
        self.open, self.words, self.cells = [], [], 0

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self.cells += tag == "td"

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def read(shown):
    reader = Reader()
    reader.feed(shown)
    reader.close()
    assert not reader.open
    return " ".join(reader.words), reader


@cache
def shown():
    """One result of each kind, by name."""
    hidden = lc.ControlProblem(
        landscape=lc.Landscape.from_expression(
            lambda theta, phi: (theta[0] - phi[0]) ** 2,
            dimension=1,
            hidden=lc.OrnsteinUhlenbeck(mean=[0.0], rate=0.4, covariance=[1.0]),
        ),
        learner=lc.Learner(sees=lc.NoisyGradient(noise=0.8)),
        start=[1.0],
        objective=lc.Objective(horizon=1.0),
    )
    histories = lc.rollout("heavy_ball", {"learning_rate": 0.1, "momentum": 0.9})
    solution = lc.solve(PROBLEM)
    return {
        "problem": PROBLEM,
        "solution": solution,
        "belief solution": lc.solve(hidden, method="lqg"),
        "policy result": lc.optimize_policy(TASK, family=BALL, objective=lc.Objective(horizon=3.0)),
        "histories": histories,
        "identification": lc.identify(histories, rules=["heavy_ball", "sgd"]),
        "rollout": lc.simulate(hidden, simulation.SGD(learning_rate=0.1), episodes=9),
        "trajectory": lc.trajectory(PROBLEM, "gradient descent", {"learning_rate": 0.5}),
    }


NUMBERS = {
    "problem": lambda problem: f"T = {problem.objective.horizon:g}",
    "solution": lambda solution: f"{solution.cost:.8g}",
    "belief solution": lambda solution: f"{solution.cost:.4g}",
    "policy result": lambda result: f"{result.coefficients['momentum']:.6g}",
    "histories": lambda histories: histories.count,
    "identification": lambda verdict: f"{verdict.best.coefficients['momentum']:.4g}",
    "rollout": lambda rollout: f"{rollout.cost:.6g}",
    "trajectory": lambda path: f"{path.cost:.6g}",
}


@pytest.mark.parametrize("name", NUMBERS)
def test_each_result_is_a_table_that_holds_its_number(name):
    result = shown()[name]
    words, reader = read(result._repr_html_())
    assert reader.cells >= 3
    assert f"{NUMBERS[name](result):}" in words
    assert len(result._repr_html_()) < 12_000


@pytest.mark.parametrize("name", ["problem", "solution", "belief solution"])
def test_the_functional_is_shown_and_can_be_typeset(name):
    formulas = re.findall(r"\$\$(.*?)\$\$", shown()[name]._repr_html_())
    assert formulas
    for formula in formulas:
        MathTextParser("agg").parse(f"${html.unescape(formula)}$")
    assert r"\int_{0}^{T}" in formulas[0]


def test_words_of_a_user_are_escaped_and_no_mathematics():
    name = '<script>alert("x")</script> $\\alpha$ & co'
    landscape = lc.Landscape.from_expression(lambda t: t[0] ** 2, dimension=1, name=name)
    problem = lc.ControlProblem(
        landscape=landscape, start=[1.0], objective=lc.Objective(horizon=1.0)
    )
    shown_html = problem._repr_html_()
    assert "<script" not in shown_html
    words, _ = read(shown_html)
    assert name in words
    ignored = re.findall(r'<span class="tex2jax_ignore mathjax_ignore">(.*?)</span>', shown_html)
    assert any(html.escape(name) in part for part in ignored)


def test_a_long_verdict_is_cut_and_says_so():
    verdict = shown()["identification"]
    verdict = replace(verdict, rows=verdict.rows * 10)
    words, reader = read(verdict._repr_html_())
    assert f"and {len(verdict.rows) - 12} more" in words
    assert reader.cells == 3 * 12


def test_a_solution_without_its_problem_still_shows_its_numbers():
    solution = pickle.loads(pickle.dumps(shown()["solution"]))
    words, _ = read(solution._repr_html_())
    assert f"{solution.cost:.8g}" in words
    assert np.isfinite(solution.cost)


def test_a_recording_is_a_table_of_its_runs():
    gradients = np.linspace(-1.0, 1.0, 24).reshape(12, 2)
    runs = [
        lc.RecordedRun(gradients=gradients[:steps], updates=-0.1 * gradients[:steps])
        for steps in (12, 7)
    ]
    recording = lc.Recording(runs=runs, words="größer & <b>")
    words, reader = read(recording._repr_html_())
    assert "größer & <b>" in words
    assert reader.cells == 2 * 6 + 3  # and how many there are, precision and noise
    assert f"{np.sqrt(np.mean(gradients**2)):.4g}" in words
    words, reader = read(runs[1]._repr_html_())
    assert reader.cells == 5
    assert " 7 " in f" {words} "


class Displayed:
    """What IPython.display.display returns, as far as it is used."""

    def __init__(self, shown):
        self.shown = [shown._repr_html_()]

    def update(self, shown):
        self.shown.append(shown._repr_html_())


def test_a_sweep_in_a_notebook_rewrites_one_bar(monkeypatch):
    handles = []
    ipython, displayer = ModuleType("IPython"), ModuleType("IPython.display")
    ipython.get_ipython = lambda: SimpleNamespace(kernel=object())
    displayer.display = lambda shown, display_id: handles.append(Displayed(shown)) or handles[-1]
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", displayer)
    report = sweeps.bar()
    for done in (1, 2, 4):
        report(sweeps.Progress(done=done, total=4, failed=1, restored=0, seconds=float(done)))
    assert len(handles) == 1
    words, _ = read(handles[0].shown[-1])
    assert "4 of 4 cells, 1 failed, 4.0 s" in words
    assert 'value="4" max="4"' in handles[0].shown[-1]
    assert len(handles[0].shown) == 3


def test_a_sweep_in_a_terminal_keeps_its_bar(monkeypatch, capsys):
    ipython = ModuleType("IPython")
    ipython.get_ipython = lambda: None  # imported, but nothing runs in it
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    report = sweeps.bar()
    report(sweeps.Progress(done=2, total=2, failed=0, restored=0, seconds=0.5))
    assert "2/2" in capsys.readouterr().err
