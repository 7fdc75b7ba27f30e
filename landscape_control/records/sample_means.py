"""Means over samples in recorded functions: the function of one sample, and the samples."""

from collections.abc import Sequence

import casadi as ca

from ..model.landscape.sample_mean import SampleMean
from .limits import Budget
from .numbers import array_from_tree, array_to_tree
from .plain_text import count, listed, refuse

_BYTES = 8  # of a number


def mean_to_tree(mean: SampleMean, function: dict) -> dict:
    """{"function": of one sample, "data": [arrays]}."""
    return {"function": function, "data": [array_to_tree(array) for array in mean.data]}


def mean_from_tree(
    function: ca.Function, data: object, what: str, budget: Budget | None
) -> SampleMean:
    """The mean of a checked function of one sample; its data must fit it.

    Each operation takes a column of all samples, which the ``budget`` counts.
    """
    trees = listed(data, what)
    arrays = [array_from_tree(part, f"{what}, data {i}") for i, part in enumerate(trees)]
    shared = function.n_in() - len(arrays)
    if not arrays or shared < 1 or function.n_out() != 1:
        refuse(
            what,
            "arguments, then data of samples, and one output",
            f"{function.n_in()} inputs, {len(arrays)} of data, {function.n_out()} outputs",
        )
    count_of_samples = len(arrays[0]) if arrays[0].ndim else 0
    for i, array in enumerate(arrays):
        wanted = (count_of_samples, function.size1_in(shared + i))
        if not count_of_samples or array.shape != wanted:
            refuse(f"{what}, data {i}", f"shape {wanted}", f"shape {array.shape}")
    for i in range(function.n_in()):
        if not function.sparsity_in(i).is_dense() or function.size2_in(i) != 1:
            refuse(what, "inputs that are columns", f"{function.sparsity_in(i).dim()}")
    if budget is not None:
        budget.take(what, _BYTES * count_of_samples * function.n_instructions())
    return SampleMean(function, arrays)


def entries_called(mean: SampleMean, given: list, what: str) -> list:
    """The steps that a call reads, if there are as many as the mean has arguments.

    ``given`` is [which entry of the mean, step, step, …].
    """
    entry, *places = given
    count(entry, what, 0, mean.function.numel_out(0) - 1)
    needed = sum(mean.function.numel_in(i) for i in range(mean.shared))
    if len(places) != needed:
        refuse(what, f"{needed} arguments of a mean over samples", f"{len(places)}")
    return places


def value_called(mean: SampleMean, entry: int, values: Sequence[ca.SX]) -> ca.SX:
    """One entry of the mean at scalar expressions."""
    sizes = [mean.function.numel_in(i) for i in range(mean.shared)]
    columns = []
    start = 0
    for size in sizes:
        columns.append(ca.vertcat(*values[start : start + size]))
        start += size
    return ca.SX(mean(*columns))[entry]
