"""Every claim in problems/ holds; and the framework refuses claims that claim nothing."""

import os
import pickle
from functools import partial

import numpy as np
import pytest
from legible import check_legible
from sample_claims import check, dying, good, needing, raising, unpicklable, wrong

import landscape_control as lc
from landscape_control.claims import (
    Claim,
    Evidence,
    Verdict,
    all_claims,
    claim_problem,
    find_claim,
    fitted_slope,
    run_claims,
)
from landscape_control.display.report.problem_files import read_problem
from landscape_control.policies import PolicyProgram

CLAIMS = {claim.name: claim for claim in all_claims()}
# The longest of all, two thirds of their time together: with the long studies, and in make reproduce.
LONG = {
    "adam-exponent",
    "adam-exponent-map",
    "adam-from-beliefs-regret",
    "best-linear-rule",
    "certainty-equivalence",
    "course-cap",
    "course-metric",
    "dual-effect",
    "emergence-atlas",
    "emergence-atlas-drift",
    "escape-horizon",
    "global-certificate",
    "inferred-curvature",
    "iterate-averaging",
    "linear-quadratic",
    "local-scale-filter",
    "lqg-from-policies",
    "metric-is-not-hessian",
    "momentum-from-noise",
    "noise-makes-momentum",
    "optimal-schedule",
    "orthogonal-momentum",
    "preconditioner-exponent",
    "resetting",
    "terminal-not-identifiable",
    "which-causal-rule",
}


def evaluated(names):
    """Parameters of a test that needs the evidence of these claims."""
    return [pytest.param(name, marks=pytest.mark.slow if name in LONG else ()) for name in names]


@pytest.fixture(scope="session")
def outcomes(request):
    """The outcomes of the selected claims, evaluated together on two processes."""
    asking = (
        "test_claim_holds",
        "test_estimates_would_notice_what_they_are_about",
        "test_every_check_says_where_its_reference_comes_from",
        "test_evidence_has_the_data_that_the_picture_asks_for",
    )
    selected = {
        item.callspec.params["name"]
        for item in request.session.items
        if item.originalname in asking
    }
    found = run_claims([CLAIMS[name] for name in sorted(selected)], workers=2)
    return {outcome.claim.name: outcome for outcome in found}


@pytest.mark.parametrize("name", evaluated(CLAIMS))
def test_claim_holds(name, outcomes):
    outcome = outcomes[name]
    assert not outcome.error, outcome.traceback
    wrong = [
        f"{check.quantity}: computed {check.computed:.10g}, theory {check.theory:.10g},"
        f" {check.relation}, error {check.error:.3g} > {check.tolerance:g}"
        for check in outcome.evidence.checks
        if not check.passed
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", evaluated(CLAIMS))
def test_estimates_would_notice_what_they_are_about(name, outcomes):
    """An estimate held against a number says how large its effect is, and its tolerance is a fifth of
    that at most.
    """
    outcome = outcomes[name]
    assert not outcome.error, outcome.traceback
    estimates = [
        check
        for check in outcome.evidence.checks
        if check.standard_error > 0 and check.relation == "equal"
    ]
    blind = [
        f"{check.quantity}: tolerance {check.tolerance:.3g}, effect {check.effect:.3g}"
        for check in estimates
        if not check.noticing
    ]
    assert not blind, "\n".join(blind)


@pytest.mark.parametrize("name", evaluated(CLAIMS))
def test_every_check_says_where_its_reference_comes_from(name, outcomes):
    silent = [
        check.quantity
        for check in outcomes[name].evidence.checks
        if check.reference is None or check.bound is None
    ]
    assert not silent, "reference= or bound= is missing: " + "; ".join(silent)


@pytest.mark.parametrize("name", evaluated(name for name in CLAIMS if CLAIMS[name].picture))
def test_evidence_has_the_data_that_the_picture_asks_for(name, outcomes, monkeypatch):
    from landscape_control.problems.pictures import find_picture

    figure = find_picture(CLAIMS[name].picture)(outcomes[name].evidence.data)  # raises where not
    check_legible(figure, monkeypatch)


def test_there_are_claims_for_every_figure_of_the_paper():
    figures = {claim.figure[:6] for claim in CLAIMS.values() if claim.figure}
    assert figures >= {"Fig. 1", "Fig. 2", "Fig. 3"}


@pytest.mark.parametrize("name", CLAIMS)
def test_claim_names_a_picture_that_exists_and_a_problem_that_can_be_built(name):
    from landscape_control.problems.pictures import find_picture

    if CLAIMS[name].picture is not None:
        assert find_picture(CLAIMS[name].picture).keys
    assert isinstance(claim_problem(name), lc.ControlProblem | PolicyProgram)


@pytest.mark.parametrize(
    ("relation", "below", "above"),
    [("equal", 0.5, 0.5), ("limit", 0.5, 0.5), ("at most", 0.0, 0.5), ("at least", 0.5, 0.0)],
)
def test_error_of_each_relation_is_the_distance_from_what_it_asks(relation, below, above):
    assert check(relation=relation, computed=1.5).error == below
    assert check(relation=relation, computed=2.5).error == above
    assert check(relation=relation, computed=2.5, measure="relative").error == above / 2


def test_check_passes_up_to_its_tolerance_and_no_further():
    assert check(tolerance=0.5).passed
    assert not check(tolerance=0.499999).passed
    assert check(tolerance=0.25, measure="relative").passed


@pytest.mark.parametrize("relation", ["equal", "at most", "at least", "limit"])
@pytest.mark.parametrize("computed", [np.nan, np.inf, -np.inf])
def test_computed_nan_or_infinity_never_passes(relation, computed):
    assert not check(relation=relation, computed=computed, tolerance=1e300).passed


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"relation": "atmost"}, "did you mean 'at most'"),
        ({"measure": "percent"}, "'absolute', 'relative'"),
        ({"theory": None}, "expected a finite number; received None"),
        ({"theory": np.nan}, "received nan"),
        ({"tolerance": -1e-9}, "expected a number >= 0"),
        ({"tolerance": np.inf}, "received inf"),
        ({"computed": np.zeros(3)}, "one check per number"),
        ({"quantity": " "}, "some words"),
        ({"theory": 0.0, "measure": "relative"}, "'absolute' when theory = 0"),
        ({"reference": "closed from"}, "did you mean 'closed form'"),
        ({"bound": "befor"}, "did you mean 'before'"),
        ({"kind": "labels"}, "did you mean 'label'"),
        ({"standard_error": -0.1}, "standard_error"),
        ({"standard_error": 0.1}, "would be off by if the statement did not hold"),
        ({"effect": 0.0}, "effect"),
    ],
)
def test_malformed_check_is_refused_with_what_to_do(changes, message):
    with pytest.raises(lc.ProblemError, match=message.replace("(", r"\(")):
        check(**changes)


@pytest.mark.parametrize("relation", ["at most", "at least", "limit"])
def test_only_equal_checks_of_estimates_need_an_effect(relation):
    assert check(relation=relation, standard_error=0.1, computed=2.0).passed


def test_tolerance_may_be_a_fifth_of_the_effect_and_no_more():
    exact = {"computed": 2.0, "tolerance": 0.25, "standard_error": 0.1}
    assert check(**exact, effect=1.25).passed
    coarse = check(**exact, effect=1.2499999)
    assert (coarse.error, coarse.noticing, coarse.passed) == (0.0, False, False)
    assert check(**exact, effect=1e-3, relation="at most").passed  # a bound need not notice


def test_evidence_says_for_its_checks_what_they_do_not_say_themselves():
    checks = (
        check(),
        check(quantity="y", reference="published"),
        check(quantity="z", bound="after", kind="label"),
    )
    said = Evidence(checks=checks, reference="closed form", bound="before").checks
    found = [(one.quantity, one.reference, one.bound, one.kind) for one in said]
    assert found == [
        ("x", "closed form", "before", "number"),
        ("y", "published", "before", "number"),
        ("z", "closed form", "after", "label"),
    ]
    assert pickle.loads(pickle.dumps(Evidence(checks=said))).checks == said
    whole = pickle.loads(pickle.dumps(Evidence(checks=checks, reference="frozen", bound="after")))
    assert (whole.reference, whole.bound) == ("frozen", "after")
    for other in ({"reference": "hearsay"}, {"bound": "later"}):
        with pytest.raises(lc.ProblemError, match="of the evidence"):
            Evidence(checks=said, **other)  # also where every check says its own
    silent = Evidence(checks=checks).checks[0]
    assert (silent.reference, silent.bound) == (None, None)


def test_fitted_slope_recovers_the_power_and_refuses_vanished_errors():
    x = np.array([1.0, 3.0, 10.0])
    assert fitted_slope(x, 7 * x**-2.5) == pytest.approx(-2.5, abs=1e-13)
    with pytest.raises(lc.ProblemError, match="round-off"):
        fitted_slope(x, [1.0, 0.1, 0.0])
    with pytest.raises(lc.ProblemError, match="at least two|two parameters or more"):
        fitted_slope([2.0], [1.0])


def test_evidence_copies_arrays_read_only_and_survives_pickling():
    array = np.arange(3.0)
    evidence = Evidence(checks=(check(),), data={"a": array, "many": [array, {"b": array}]})
    array[0] = 9
    copied = pickle.loads(pickle.dumps(evidence))
    for data in (evidence.data, copied.data):
        np.testing.assert_array_equal(data["many"][1]["b"], [0, 1, 2])
        assert not data["a"].flags.writeable
    with pytest.raises(TypeError):
        evidence.data["c"] = 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"checks": ()}, "claims nothing"),
        ({"checks": (1.0,)}, "at least one Check"),
        ({"checks": (check(), check(computed=2.0))}, "'x' more than once"),
        ({"reference": "closed"}, "reference of"),
        ({"bound": "later"}, "'after', 'before'"),
        ({"data": {"L": lc.double_well()}}, "sample it"),
        ({"data": {"deep": [{"H": lc.double_well().symbolic([0, 0])}]}}, r"deep\[0\]\['H'\]"),
    ],
)
def test_evidence_without_checks_or_with_foreign_data_is_refused(changes, message):
    with pytest.raises(lc.ProblemError, match=message):
        Evidence(**({"checks": (check(),)} | changes))


def claim(name="sample", evaluate=good, **changes):
    fields = {"title": "A title", "statement": "x = 2", "source": "here", "relations": ("equal",)}
    return Claim(name=name, evaluate=evaluate, **(fields | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Two Words"}, "lower-case words joined by hyphens"),
        ({"statement": ""}, "statement of claim 'sample'"),
        ({"relations": ()}, "'at least', 'at most', 'equal', 'limit'"),
        ({"relations": ("exact",)}, "relation of claim"),
        ({"figure": "2a"}, "like 'Fig. 2a'"),
        ({"picture": "my figure"}, "name of a drawing function"),
        ({"evaluate": 3.0}, "expected a function"),
        ({"evaluate": needing}, "needs argument"),
        ({"evaluate": lambda: good()}, "module level"),
    ],
)
def test_malformed_claim_is_refused(changes, message):
    with pytest.raises(lc.ProblemError, match=message):
        claim(**changes)


def test_claim_must_show_exactly_the_relations_it_declares():
    with pytest.raises(lc.ProblemError, match="declare exactly what the checks show"):
        claim(relations=("equal", "limit")).examine()
    with pytest.raises(lc.ProblemError, match="expected Evidence"):
        claim(evaluate=os.getpid).examine()
    assert claim(evaluate=partial(needing, argument=1)).examine().passed


@pytest.mark.parametrize("workers", [1, 2])
def test_raising_claims_become_rows_and_the_rest_is_evaluated(workers):
    seen = []
    claims = [claim("a", raising), claim("b"), claim("c", wrong), claim("d", unpicklable)]
    found = run_claims(claims, workers=workers, progress=seen.append)
    assert [outcome.verdict for outcome in found] == [
        Verdict.BROKEN,
        Verdict.HOLDS,
        Verdict.FAILS,
        Verdict.BROKEN,
    ]
    assert found[0].error == "ValueError: the loss\nis not there"
    assert "in raising" in found[0].traceback
    assert (found[1].evidence.data["pid"] == os.getpid()) == (workers == 1)
    assert sorted(one.name for one in seen) == ["a", "b", "c", "d"]


def test_dying_worker_costs_one_claim():
    found = run_claims([claim("a"), claim("b", dying), claim("c")], workers=2)
    assert [str(outcome.verdict) for outcome in found] == ["holds", "broken", "holds"]
    assert "worker process died" in found[1].error


def test_workers_must_be_a_positive_whole_number():
    with pytest.raises(lc.ProblemError, match="workers"):
        run_claims([claim()], workers=0)


def test_discovery_finds_claims_by_name_with_near_matches(sample_claims):
    assert [one.name for one in all_claims()] == ["sample-rate"]
    assert find_claim("sample_rate").figure == "Fig. 2a"
    with pytest.raises(lc.ProblemError, match="did you mean 'sample-rate'"):
        find_claim("sampel-rate")
    for name in ("sample-rate", "sample"):
        assert claim_problem(name).dimension == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "CLAIM, a Claim, or CLAIMS"),
        ("CLAIMS = ()", "CLAIM, a Claim, or CLAIMS"),
        ("from sample_problems.sample import CLAIM as CLAIMS", "CLAIM, a Claim, or CLAIMS"),
        ("from sample_problems.sample import CLAIM", "function problem"),
        ("from sample_problems.sample import CLAIM, problem", "'sample-rate' in sample_problems"),
    ],
)
def test_module_that_is_not_a_claim_is_named(sample_claims, text, message):
    sample_claims("wrong", text)
    with pytest.raises(lc.ProblemError, match=message):
        all_claims()


def test_problem_of_a_file_or_a_claim_may_ask_for_the_best_rule_instead(sample_claims, tmp_path):
    text = """
from landscape_control import Objective
from landscape_control.model.landscape import LandscapeDistribution, Uniform
from landscape_control.policies import HeavyBall, PolicyProgram
from sample_problems.sample import evaluate
from landscape_control.claims import Claim


def problem():
    return PolicyProgram(
        task=LandscapeDistribution.quadratic(curvatures=Uniform(0.1, 1.0), start_variance=1.0),
        family=HeavyBall(constant=True), objective=Objective(horizon=3, learning_rate=1.0))


CLAIM = Claim(name="rule", title="A rule", statement="x", source="here", relations=("equal",), evaluate=evaluate)
"""
    (tmp_path / "mine.py").write_text(text)
    sample_claims("rule", text)
    for target in ("rule", str(tmp_path / "mine.py")):
        assert isinstance(read_problem(target), PolicyProgram)


def test_modules_with_a_leading_underscore_are_helpers(sample_claims):
    sample_claims("_shared", "x = 1")
    assert len(all_claims()) == 1


def test_long_claims_exist():
    assert set(CLAIMS) >= LONG
