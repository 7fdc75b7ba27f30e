"""Samples from a loader, and what is refused of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch

from ...support.errors import ProblemError, shown

FEWEST = 16  # samples: with fewer the error of a noise estimate is itself unknown to a fifth


@dataclass(frozen=True, kw_only=True, eq=False)
class Samples:
    """Inputs and targets, the size of the loader's batches, and whether these are all there are."""

    inputs: torch.Tensor
    targets: torch.Tensor
    batch_size: int
    whole: bool

    def __len__(self) -> int:
        return len(self.inputs)

    def first(self, count: int) -> "Samples":
        """The first ``count`` of them, or all."""
        return Samples(
            inputs=self.inputs[:count],
            targets=self.targets[:count],
            batch_size=self.batch_size,
            whole=self.whole and len(self) <= count,
        )

    def pieces(self, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Runs of at most ``size`` samples."""
        return zip(self.inputs.split(size), self.targets.split(size), strict=True)


def take(loader: object, wanted: int, like: torch.Tensor, fewest: int = FEWEST) -> Samples:
    """The first ``wanted`` samples of a loader, or all, on the device of ``like``.

    Fewer than ``fewest`` are refused. PyTorch's random numbers are put back, those of a DataLoader's
    own generator too: a training around it goes on as if nothing had been taken.
    """
    with torch.random.fork_rng(devices=[]), generators_kept(loader):
        return _taken(loader, wanted, like, fewest)


@contextmanager
def generators_kept(loader: object) -> Iterator[None]:
    """Generators of a DataLoader and of its samplers, as they were before."""
    samplers = getattr(loader, "sampler", None), getattr(loader, "batch_sampler", None)
    inner = getattr(samplers[1], "sampler", None)
    owners = (loader, *samplers, inner)
    found = [getattr(owner, "generator", None) for owner in owners]
    states = [(each, each.get_state()) for each in found if isinstance(each, torch.Generator)]
    try:
        yield
    finally:
        for generator, state in states:
            generator.set_state(state)


def _taken(loader: object, wanted: int, like: torch.Tensor, fewest: int) -> Samples:
    try:
        batches = iter(loader)  # type: ignore[call-overload]
    except TypeError:
        batches = None
    if batches is None:
        raise ProblemError(
            "loader",
            expected="batches (inputs, targets), such as a torch.utils.data.DataLoader",
            received=shown(loader),
            advice="a list of batches will do: [(inputs, targets), ...]",
        )
    inputs: list[torch.Tensor] = []
    targets: list[torch.Tensor] = []
    count = 0
    while count < wanted:
        following = list(islice(batches, 1))
        if not following:
            break
        batch_inputs, batch_targets = _pair(following[0], len(inputs), like)
        inputs.append(batch_inputs)
        targets.append(batch_targets)
        count += len(batch_inputs)
    _check_count(count, inputs, fewest)
    for name, parts in (("inputs", inputs), ("targets", targets)):
        _check_shapes(name, parts)
    is_whole = count <= wanted and not list(islice(batches, 1))
    return Samples(
        inputs=torch.cat(inputs)[:wanted],
        targets=torch.cat(targets)[:wanted],
        batch_size=len(inputs[0]),
        whole=is_whole,
    )


def _pair(batch: Any, place: int, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    is_pair = isinstance(batch, tuple | list) and len(batch) == 2
    if not is_pair or not all(torch.is_tensor(part) and part.ndim for part in batch):
        raise ProblemError(
            "loader",
            expected="batches (inputs, targets) of two tensors, a sample in each row",
            received=f"{shown(batch)} as batch {place + 1}",
            advice="let the loader collate each batch to two tensors",
        )
    inputs, targets = (part.to(like.device) for part in batch)
    if len(inputs) != len(targets):
        raise ProblemError(
            "loader",
            expected="as many targets as inputs",
            received=f"{len(inputs)} inputs and {len(targets)} targets in batch {place + 1}",
            advice="check the data set",
        )
    for name, part in (("inputs", inputs), ("targets", targets)):
        _check_tensor(name, part, place, like.dtype)
    return inputs, targets


def _check_tensor(name: str, part: torch.Tensor, place: int, dtype: torch.dtype) -> None:
    is_other_float = part.is_floating_point() and part.dtype != dtype
    if part.is_complex() or (name == "inputs" and is_other_float):
        raise ProblemError(
            "loader",
            expected=f"{name} of the model's type, {dtype}",
            received=f"{part.dtype}",
            advice="convert the data or the model",
        )
    if part.is_floating_point() and not torch.isfinite(part).all():
        raise ProblemError(
            "loader",
            expected=f"finite {name}",
            received=f"others in batch {place + 1}",
            advice="clean the data",
        )


def _check_shapes(name: str, parts: list[torch.Tensor]) -> None:
    """Refuse samples of several shapes, which cannot be put into one tensor."""
    shapes = [tuple(part.shape[1:]) for part in parts]
    for place, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise ProblemError(
                "loader",
                expected=f"{name} of one shape, {shapes[0]} as in the first batch",
                received=f"{shape} in batch {place + 1}",
                advice="pad or cut the samples to one shape",
            )


def _check_count(count: int, inputs: list[torch.Tensor], fewest: int) -> None:
    if count >= fewest:
        return
    if count == 0:
        raise ProblemError(
            "loader",
            expected="batches with samples",
            received="none",
            advice="a loader that is an iterator gives its batches once: pass a list or DataLoader",
        )
    size = len(inputs[0]) if inputs and len(inputs[0]) else 1
    raise ProblemError(
        "loader",
        expected=(
            f"at least {fewest} samples for a noise estimate, {-(-fewest // size)} batches"
            f" of {size}"
        ),
        received=f"{count} samples in {len(inputs)} batch(es)",
        advice="pass more batches; about 400 samples give the noise to 10 %, 1000 to 5 %",
    )


def check_rows(model: Callable, samples: Samples) -> torch.Tensor:
    """The model's outputs (n, …) of a few samples, one row each and independent of the others."""
    inputs = samples.inputs[:4]
    try:
        with torch.no_grad():
            together, alone, again = model(inputs), model(inputs[:1]), model(inputs)
    except (RuntimeError, IndexError, ValueError, TypeError) as error:
        raise ProblemError(
            "model",
            expected=f"one that takes inputs of shape {tuple(inputs.shape)}, {inputs.dtype}",
            received=f"{type(error).__name__}: {shown(str(error), 200)}",
            advice="check that loader and model belong together",
        ) from error
    if not torch.is_tensor(together) or together.ndim == 0 or len(together) != len(inputs):
        raise ProblemError(
            "model",
            expected="one tensor of outputs, a row for each sample",
            received=shown(getattr(together, "shape", together)),
            advice="wrap the model in a Module that returns its outputs alone",
        )
    if not (together.is_floating_point() and torch.isfinite(together).all()):
        raise ProblemError(
            "model",
            expected="finite real outputs",
            received=f"{together.dtype}, with others" if len(together) else "none",
            advice="training has diverged, or the weights are complex",
        )
    accuracy = 1e3 * torch.finfo(together.dtype).eps * together.abs().max()
    if (together - again).abs().max() > accuracy:
        raise ProblemError(
            "model",
            expected="the same outputs at every call",
            received="others at the second call",
            advice="call model.eval(): dropout and other noise cannot be measured through",
        )
    if (together[:1] - alone).abs().max() > accuracy:
        raise ProblemError(
            "model",
            expected="outputs of a sample that do not depend on the others of its batch",
            received="others when the sample comes alone",
            advice="call model.eval() for stored statistics in place of those of the batch",
        )
    return together
