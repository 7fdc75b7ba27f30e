"""CasADi functions on many points, instruction by instruction: CasADi's values, whoever is beside."""

import casadi as ca
import numpy as np
import pytest

from landscape_control.support.elementwise import (
    POINTS,
    Elementwise,
    block_width,
    carry_out,
)
from landscape_control.support.scratch import Scratch


def function():
    """Of a column and two numbers, with results that are arguments, constants, or used twice."""
    x, scale, shift = ca.SX.sym("x", 3), ca.SX.sym("scale"), ca.SX.sym("shift")
    early = ca.exp(-scale) + scale**2
    late = early * x[0] + (x[1] > shift) * ca.sin(x[1]) + ca.if_else(x[2] < shift, x[2], 0)
    first = ca.vertcat(late, early, x[2], 2.5, late)
    second = ca.vertcat(late * x[1], 2 * x[2], ca.fabs(x[0] - shift))
    return ca.Function("f", [x, scale, shift], [first, second])


def drawn(*shape):
    rng = np.random.default_rng(0)
    return [rng.standard_normal((size, *shape)) for size in (3, 1, 1)]


@pytest.mark.parametrize("shape", [(1,), (7,), (3, 50), (2, POINTS + 13)])
def test_values_are_those_of_casadi(shape):
    own, arguments = function(), drawn(*shape)
    results = Elementwise(own)(arguments)
    columns = [argument.reshape(len(argument), -1) for argument in arguments]
    expected = own.map(columns[0].shape[1])(*columns)
    for result, values in zip(results, expected, strict=True):
        flat = result.reshape(len(result), -1)
        np.testing.assert_allclose(flat, np.array(values), rtol=1e-14, atol=1e-300)


def test_arguments_are_broadcast_against_each_other():
    x, scale, shift = drawn(4, 30)
    own = Elementwise(function())
    together = own([x, scale[:, :1, :1], shift[:, :1]])
    full = (
        np.broadcast_to(scale[:, :1, :1], scale.shape),
        np.broadcast_to(shift[:, :1], shift.shape),
    )
    for one, other in zip(together, own([x, *full]), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_point_does_not_depend_on_those_beside_it():
    own, arguments = Elementwise(function()), drawn(2, 700)
    together = own(arguments)
    for here in (slice(0, 1), slice(5, 21), slice(300, 613)):
        alone = own([argument[..., here].copy() for argument in arguments])
        for one, other in zip(together, alone, strict=True):
            assert one[..., here].tobytes() == other.tobytes()


def test_what_depends_on_fixed_arguments_is_computed_once():
    own, arguments = Elementwise(function(), fixed=(1,)), drawn(16)
    kept, scratch = np.empty((own.kept, 16)), Scratch()
    outputs = [np.empty((size, 16)) for size in own.sizes]
    early = own.early_calls(arguments, kept, scratch)
    late = own.late_calls(arguments, kept, outputs, scratch)
    carry_out(early)
    for change in (0.0, 1.5):
        arguments[0] += change
        carry_out(late)
        for output, expected in zip(outputs, own(arguments), strict=True):
            np.testing.assert_array_equal(output, expected)


@pytest.mark.parametrize("few", [False, True])
@pytest.mark.parametrize("each", [1, 8, 64, 2 * POINTS])
def test_widths_of_blocks_are_few_and_whole_multiples_of_eight(each, few):
    widths = {block_width(total, each, few=few) for total in range(1, POINTS + 1)}
    assert all(width % 8 == 0 for width in widths)
    assert max(widths) == max(POINTS // each, 8)
    assert len(widths) <= (10 if few else 24)
    for total in (1, 8, 9, 100):
        assert block_width(total, each, few=few) >= min(total, max(widths))


def test_memory_is_handed_out_again_after_a_restart():
    scratch = Scratch()
    first, second = scratch.array(2, 8), scratch.array(3)
    assert not np.shares_memory(first, second)
    scratch.restart()
    again, larger = scratch.array(4, 2), scratch.array(5)
    assert np.shares_memory(again, first)
    assert not np.shares_memory(larger, second)
