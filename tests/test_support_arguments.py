"""Every public callable refuses every kind of mistake in words: a table over ``__all__``, mistakes
from the declarations.
"""

import inspect
import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from argument_table import ROWS, STAND_INS, declaration_of, public_callables, public_methods, sample
from misuses import address, describe, misuses

import landscape_control as lc
from landscape_control.support import arrays
from landscape_control.support.arguments.annotations import kind_of
from landscape_control.support.errors import ProblemError

CALLABLES = public_callables()
METHODS = public_methods()
DECLARED = [name for name, value in CALLABLES.items() if declaration_of(value) is not None]
DECLARED_METHODS = [
    name for name, (cls, key) in METHODS.items() if hasattr(getattr(cls, key), "declaration")
]

# What is not declared yet: these may only become fewer. The callables are built by the library or
# by authors of families (symbols of CasADi pass through Clock, Family and Shape); so are most of
# the methods: steps, readouts, factors, filters, stages.
UNDECLARED_CALLABLES = [
    "belief.GaussianModel",
    "belief.TaskModel",
    "planning.read_belief",
    "policies.AccumulatedSquares",
    "policies.Ballistic",
    "policies.Clock",
    "policies.CorrectedAverage",
    "policies.DecayInside",
    "policies.Family",
    "policies.Shape",
    "stochastic.Scheme",
]
UNDECLARED_METHODS = 129


def row(name, declaration):
    """The arguments of a valid call: those of the table, and what else is required."""
    needed = {
        key: sample(describe(one.kind))
        for key, one in declaration.parameters.items()
        if one.required
    }
    return needed | ROWS.get(name, {})


def outcome(function, kwargs, *names, args=()):
    """Why a call was not refused in words that name all of ``names``; None where it was."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            function(*args, **kwargs)
    except ProblemError as error:
        said = str(error)
        complete = error.what and error.expected and error.received and error.advice
        return None if complete and all(name in said for name in names) else f"unclear: {said}"
    except BaseException as error:  # whatever comes is a finding
        return f"{type(error).__name__}: {error}"
    return "accepted"


def mistakes(name, function, declaration):
    """(what is wrong, how it was met) of every mistake that was not refused in words."""
    good, found = row(name, declaration), []
    for key, one in declaration.parameters.items():
        for label, value in misuses(describe(one.kind)).items():
            near = [label.partition(":")[2]] if label.startswith("misspelt") else []
            met = outcome(function, good | {key: value}, key, *near)
            found += [(f"{key} = {label}", met)] if met else []
        if one.required and "self" not in key:
            met = outcome(
                function, {other: value for other, value in good.items() if other != key}, key
            )
            found += [(f"{key} missing", met)] if met else []
        # where other keywords are taken, only what is clearly meant
        if len(key) > (3 if declaration.rest is None else 5):
            wrong = {other: value for other, value in good.items() if other != key} | {
                f"{key[:-1]}q": good.get(key, 1.0)
            }
            met = outcome(function, wrong, key)
            found += [(f"{key} misspelt", met)] if met else []
    row_of = [key for key, one in declaration.parameters.items() if one.by_position]
    met = outcome(function, {}, declaration.name, args=(1.0,) * (len(row_of) + 1))
    return found + ([("one argument too many by position", met)] if met else [])


def test_every_public_name_has_a_row():
    assert set(DECLARED) == set(ROWS)
    assert sorted(set(CALLABLES) - set(ROWS)) == UNDECLARED_CALLABLES


def test_every_method_is_declared():
    without = sorted(
        name
        for name, (cls, key) in METHODS.items()
        if not hasattr(getattr(cls, key), "declaration")
    )
    assert len(without) == UNDECLARED_METHODS, without


@pytest.mark.parametrize("name", DECLARED)
def test_every_argument_is_declared(name):
    assert not declaration_of(CALLABLES[name]).undeclared


@pytest.mark.parametrize("name", DECLARED)
def test_mistakes_are_refused_in_words(name):
    function = CALLABLES[name]
    assert mistakes(name, function, declaration_of(function)) == []


@pytest.mark.parametrize("name", DECLARED_METHODS)
def test_mistakes_of_methods_are_refused_in_words(name):
    cls, key = METHODS[name]
    declaration = getattr(cls, key).declaration
    assert not declaration.undeclared
    function = getattr(sample({"kind": "Instance", "cls": address(cls)}), key)
    assert mistakes(name, function, declaration) == []


@pytest.mark.parametrize("name", [name for name in DECLARED if name not in STAND_INS])
def test_rows_are_valid_calls(name):
    function = CALLABLES[name]
    function(**row(name, declaration_of(function)))


def test_messages_say_which_call_to_write():
    with pytest.raises(
        ProblemError, match=r"by name; received \[\[1.0\]\].*write quadratic\(hessian=…\)"
    ):
        lc.quadratic([[1.0]])
    with pytest.raises(
        ProblemError,
        match=r"received the class NoisyGradient.*landscape_control.NoisyGradient\(noise=…\)",
    ):
        lc.Learner(sees=lc.NoisyGradient)
    with pytest.raises(ProblemError, match="did you mean 'horizon'"):
        lc.Objective(horizn=1.0)
    with pytest.raises(ProblemError, match="horizon T: expected a number > 0; received '4'"):
        lc.Objective(horizon="4")


def test_declared_callables_keep_their_signature():
    assert list(inspect.signature(lc.quadratic).parameters) == ["hessian", "minimum"]
    assert inspect.signature(lc.Objective).parameters["discount"].default == 0.0


@pytest.mark.parametrize(
    "values",
    [
        range(2),
        (0, 1),
        np.arange(2),
        np.float32([0, 1]),
        [Fraction(0), Decimal(1)],
        np.ma.masked_array([0.0, 1.0]),
    ],
)
def test_numbers_of_every_make_are_numbers(values):
    assert lc.find_minima(lc.double_well(), values).shape[1] == 2
    assert arrays.vector("v", values).dtype == float


def test_tables_of_other_libraries_are_numbers():
    xarray = pytest.importorskip("xarray")
    assert arrays.vector("v", xarray.DataArray([0.0, 1.0])).tolist() == [0.0, 1.0]
    with pytest.raises(ProblemError, match="received dates"):
        arrays.vector("v", xarray.DataArray(np.array(["2025-01-01"], dtype="datetime64[ns]")))


def test_a_guess_where_the_loss_overflows_is_refused():
    problem = lc.ControlProblem(
        landscape=lc.double_well(), objective=lc.Objective(horizon=1.0), start=[0.0, 0.0]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(
            ProblemError, match="guess: expected parameters at which the loss is finite"
        ):
            lc.solve(problem, guess=[1e200, 0.0], starts=1)


@pytest.mark.parametrize("given", [["a", "b"], ("a", "b"), {"a", "b"}, frozenset("ab")])
def test_a_declared_set_is_one_whatever_it_was_given_as(given):
    assert kind_of(frozenset[str]).read("names", given) == frozenset("ab")
