"""Hooks on an optimizer of PyTorch that keep what it is given and what it does."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import numpy as np
import torch

from ..identification.recorded_arrays import FEWEST_STEPS
from ..identification.recorded_run import RecordedRun
from ..identification.recording import Recording
from ..support.errors import ProblemError
from .recorded_tensors import (
    check_gradient,
    check_still_there,
    checked_optimizer,
    is_multiple,
    joined,
    keeper,
    refuse,
    sampled,
    settings_of,
    square,
)


@dataclass(kw_only=True, eq=False)
class _Step:
    """What one step had: arrays (n,), norms of the gradients of all weights."""

    gradients: np.ndarray
    parameters: np.ndarray
    updates: np.ndarray = field(default_factory=lambda: np.empty(0))
    errors: np.ndarray = field(default_factory=lambda: np.empty(0))
    rates: np.ndarray
    computed_norm: float
    received_norm: float
    is_multiple: bool


class Recorder:
    """A recording in the making; a context manager, which stops at its end.

    :func:`record_training` makes it.
    """

    def __init__(
        self, optimizer: object, *, weights: int, steps: int, gradients: str, seed: int
    ) -> None:
        self._optimizer = checked_optimizer(optimizer)
        self._most, self._which, self._seed = steps, gradients, seed
        self._tensors, self._total = sampled(self._optimizer, weights, seed)
        self._steps: list[_Step] = []
        self._pending: _Step | None = None
        self._after: np.ndarray | None = None
        self._moved_outside = 0
        self._settings = settings_of(self._optimizer)
        self._changed: dict[str, None] = {}  # names of settings, in the order in which they changed
        self._handles = self._attach()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Take the hooks off; what was recorded stays."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    @property
    def steps(self) -> int:
        """How many steps are recorded so far."""
        return len(self._steps)

    def recording(self) -> Recording:
        """What was recorded so far, as :func:`landscape_control.identify` takes it.

        Raises ProblemError for fewer than 5 steps, or where no weight had a gradient at each step.
        """
        if self.steps < FEWEST_STEPS:
            raise ProblemError(
                "recording",
                expected=f"at least {FEWEST_STEPS} steps, and 50 to tell rules with memory apart",
                received=f"{self.steps} steps of the optimizer",
                advice="call optimizer.step() while the recorder is attached, after a backward",
            )
        kept = self._kept_weights()
        run = RecordedRun(
            gradients=self._stacked("gradients")[:, kept],
            updates=self._stacked("updates")[:, kept],
            parameters=self._stacked("parameters")[:, kept],
            errors=self._stacked("errors")[:, kept],
            learning_rate=self._stacked("rates")[:, kept],
            gradient_norm=self._norms(self._which),
            received_norm=self._norms("received"),
            groups=self._groups[kept],
        )
        return Recording(
            runs=(run,),
            precision=max(torch.finfo(each.parameter.dtype).eps for each in self._tensors),
            words=f"{kept.sum()} of {self._total} weights drawn at random, seed {self._seed}",
            notes=tuple(self._notes()),
            weight_noise=0.0,  # the very numbers that are stored
        )

    # ---- hooks

    def _attach(self) -> list[Any]:
        handles: list[Any] = [
            self._optimizer.register_step_pre_hook(self._before_step),
            self._optimizer.register_step_post_hook(self._after_step),
        ]
        handles += [
            tensor.parameter.register_post_accumulate_grad_hook(keeper(tensor))
            for tensor in self._tensors
        ]
        return handles

    def _before_step(self, optimizer: torch.optim.Optimizer, args: tuple, kwargs: dict) -> None:
        if self.steps >= self._most:
            self.stop()
            return
        # PyTorch passes the optimizer itself as the first of the arguments
        closures = [each for each in (*args[1:], *kwargs.values()) if callable(each)]
        if closures:
            refuse(
                "step of the optimizer",
                "step() without a closure, after a backward",
                "a closure, whose gradients are computed inside the step",
                "call the closure before step(), or record the arrays and give a Recording",
            )
        check_still_there(optimizer, self._tensors)
        self._pending = self._seen(optimizer)
        self._watch_outside(optimizer)

    def _after_step(self, optimizer: torch.optim.Optimizer, args: tuple, kwargs: dict) -> None:
        step, self._pending = self._pending, None
        if step is None:
            return
        after = self._weights()
        # both are stored numbers, so that their difference in float64 is that of the stored weights
        step.updates = after - step.parameters
        step.errors = self._spacing(after) / np.sqrt(12)
        self._steps.append(step)
        self._after = after
        for tensor in self._tensors:
            tensor.computed = None

    def _seen(self, optimizer: torch.optim.Optimizer) -> _Step:
        received, computed, squares = [], [], []
        for tensor in self._tensors:
            gradient = tensor.parameter.grad
            tensor.always &= gradient is not None
            if gradient is None:
                gradient = torch.zeros_like(tensor.parameter)
            check_gradient(gradient)
            own = tensor.read(gradient), square(gradient)
            first = tensor.computed or own  # gradients that no backward computed are as they are
            received.append(own[0])
            computed.append(first[0])
            squares.append((first[1], own[1]))
        norms = np.sqrt(np.array([[float(a), float(b)] for a, b in squares]).sum(axis=0))
        arrays = {"computed": joined(computed), "received": joined(received)}
        rates = np.array([float(group.get("lr", 1.0)) for group in optimizer.param_groups])
        return _Step(
            gradients=arrays[self._which],
            parameters=self._weights(),
            rates=rates[self._groups],
            computed_norm=norms[0],
            received_norm=norms[1],
            is_multiple=is_multiple(arrays["computed"], arrays["received"], norms),
        )

    def _watch_outside(self, optimizer: torch.optim.Optimizer) -> None:
        """What changes weights or settings between two steps."""
        if self._pending is not None and self._after is not None:
            same = np.array_equal(self._pending.parameters, self._after)
            self._moved_outside += not same
        for before, now in zip(self._settings, settings_of(optimizer), strict=False):
            self._changed |= dict.fromkeys(
                name for name, value in now.items() if before.get(name) != value
            )

    # ---- arrays

    @property
    def _groups(self) -> np.ndarray:
        return np.concatenate(
            [np.full(len(tensor.places), tensor.group) for tensor in self._tensors]
        )

    def _weights(self) -> np.ndarray:
        return joined([tensor.read(tensor.parameter) for tensor in self._tensors])

    def _spacing(self, weights: np.ndarray) -> np.ndarray:
        """Distance of neighbouring numbers of each weight's type: ε 2^(e-1) at θ = ±m 2^e, ½ ≤ m."""
        types = [torch.finfo(tensor.parameter.dtype) for tensor in self._tensors]
        sizes = [len(tensor.places) for tensor in self._tensors]
        relative = np.repeat([kind.eps for kind in types], sizes)
        smallest = np.repeat([kind.tiny for kind in types], sizes)
        _, exponents = np.frexp(np.maximum(np.abs(weights), smallest))
        return relative * np.ldexp(1.0, exponents - 1)

    def _stacked(self, name: str) -> np.ndarray:
        return np.stack([getattr(step, name) for step in self._steps])

    def _norms(self, which: str) -> np.ndarray:
        return np.array([getattr(step, f"{which}_norm") for step in self._steps])

    def _kept_weights(self) -> np.ndarray:
        """(n,) bool, the weights of tensors that had a gradient at every step."""
        kept = np.repeat(
            [tensor.always for tensor in self._tensors],
            [len(tensor.places) for tensor in self._tensors],
        )
        if not kept.any():
            raise ProblemError(
                "gradients",
                expected="weights with a gradient at every step",
                received="none: every recorded tensor lacked its gradient at some step",
                advice="an optimizer leaves weights without gradient out; record more of them",
            )
        return kept

    def _notes(self) -> Iterator[str]:
        left_out = sum(len(tensor.places) for tensor in self._tensors if not tensor.always)
        if left_out:
            yield f"{left_out} recorded weights had no gradient at some steps and are left out."
        if self._moved_outside:
            yield (
                f"Before {self._moved_outside} of the {self.steps} steps weights had been changed by"
                " something else than the optimizer, which is no part of the rule."
            )
        if not all(step.is_multiple for step in self._steps):
            yield (
                "Between their computation and the optimizer's step the gradients were changed by"
                " more than a common factor."
            )
        if self._changed:
            yield (
                f"Settings of the optimizer changed during the recording ({', '.join(self._changed)}):"
                " rules have constant numbers, but for the learning rate."
            )
