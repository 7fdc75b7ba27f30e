"""Public objects say what they are in a few lines, without addresses in memory."""

import inspect

import numpy as np
import pytest
from argument_table import OBJECTIVE, WELL, declaration_of, public_callables
from test_support_arguments import row

import landscape_control as lc
from landscape_control.support.short_repr import value_in_short

CLASSES = [
    name
    for name, value in public_callables().items()
    if inspect.isclass(value) and declaration_of(value) is not None
]


def made(name):
    """An object of that class by the valid call of the table, where the call makes a whole one."""
    cls = public_callables()[name]
    try:
        found = cls(**row(name, declaration_of(cls)))
        repr(found)
    except (ValueError, TypeError, AttributeError):
        # stand-ins for other results, of which there is nothing to say
        return None
    return found


def test_no_public_object_prints_an_address_or_many_lines():
    shown = {name: repr(thing) for name in CLASSES if (thing := made(name)) is not None}
    assert len(shown) > 90
    assert not [name for name, words in shown.items() if " at 0x" in words]
    assert not [name for name, words in shown.items() if words.count("\n") > 9]
    assert not [name for name, words in shown.items() if len(words) > 1000]


def test_a_problem_with_functions_of_ones_own_is_told_in_short():
    landscape = lc.Landscape.from_expression(lambda t: t[0] ** 2, dimension=1, name="mine")
    learner = lc.Learner(metric=lambda theta: theta[0] ** 2 + 1, drift=np.zeros(1))
    problem = lc.ControlProblem(
        landscape=landscape, learner=learner, objective=OBJECTIVE, start=[1.0]
    )
    words = repr(problem)
    assert "Landscape('mine', n = 1" in words
    assert "metric=a function" in words
    assert "start=[1.]" in words
    assert (
        repr(lc.ControlProblem(landscape=WELL, objective=OBJECTIVE, start=[0, 0])).count("\n") == 0
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.zeros((3, 4)), "array of shape (3, 4)"),
        (np.array([1.0, 2.0]), "[1., 2.]"),
        (lambda: None, "a function"),
        (row, "function row"),
        ("word", "'word'"),
        ((1, "a"), "(1, 'a')"),
        ({"a": np.zeros(9)}, "{'a': array of shape (9,)}"),
        (object(), "object"),
    ],
)
def test_values_are_written_in_short(value, words):
    assert value_in_short(value) == words


def test_long_values_are_cut():
    assert len(value_in_short("x" * 1000)) < 130
    assert len(value_in_short(list(range(1000)))) < 130
