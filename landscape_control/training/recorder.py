"""Hooks on an optimizer of PyTorch that keep what it is given and what it does."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import numpy as np
import torch

from ..identification.recording import FEWEST_STEPS, RecordedRun, Recording
from ..support.errors import ProblemError

_SAME = 1e-5  # relative distance within which gradients are multiples of each other, in float32


@dataclass(kw_only=True, eq=False)
class _Tensor:
    """The recorded weights of one parameter tensor.

    Attributes
    ----------
    places : flat indices of the recorded weights
    computed : (their gradients, |gradient|² of the whole tensor) of the last backward, or None
    always : whether there was a gradient at every step
    """

    parameter: torch.nn.Parameter
    group: int
    places: torch.Tensor
    computed: tuple[torch.Tensor, torch.Tensor] | None = None
    always: bool = True

    def read(self, tensor: torch.Tensor) -> torch.Tensor:
        return torch.take(tensor.detach(), self.places)


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
        self._optimizer = _checked_optimizer(optimizer)
        self._most, self._which, self._seed = steps, gradients, seed
        self._tensors, self._total = _sampled(self._optimizer, weights, seed)
        self._steps: list[_Step] = []
        self._pending: _Step | None = None
        self._after: np.ndarray | None = None
        self._moved_outside = 0
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
        )

    # ---- hooks

    def _attach(self) -> list[Any]:
        handles: list[Any] = [
            self._optimizer.register_step_pre_hook(self._before_step),
            self._optimizer.register_step_post_hook(self._after_step),
        ]
        for tensor in self._tensors:
            handles.append(tensor.parameter.register_post_accumulate_grad_hook(_keeper(tensor)))
        return handles

    def _before_step(self, optimizer: torch.optim.Optimizer, args: tuple, kwargs: dict) -> None:
        if self.steps >= self._most:
            self.stop()
            return
        # PyTorch passes the optimizer itself as the first of the arguments
        closures = [each for each in (*args[1:], *kwargs.values()) if callable(each)]
        if closures:
            _refuse(
                "step of the optimizer",
                "step() without a closure, after a backward",
                "a closure, whose gradients are computed inside the step",
                "call the closure before step(), or record the arrays and give a Recording",
            )
        _check_still_there(optimizer, self._tensors)
        self._pending = self._seen(optimizer)
        self._count_outside_moves(self._pending.parameters)

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
            _check_gradient(gradient)
            own = tensor.read(gradient), _square(gradient)
            first = tensor.computed or own  # gradients that no backward computed are as they are
            received.append(own[0])
            computed.append(first[0])
            squares.append((first[1], own[1]))
        norms = np.sqrt(np.array([[float(a), float(b)] for a, b in squares]).sum(axis=0))
        arrays = {"computed": _joined(computed), "received": _joined(received)}
        rates = np.array([float(group["lr"]) if "lr" in group else 1.0 for group in optimizer.param_groups])
        return _Step(
            gradients=arrays[self._which],
            parameters=self._weights(),
            rates=rates[self._groups],
            computed_norm=norms[0],
            received_norm=norms[1],
            is_multiple=_is_multiple(arrays["computed"], arrays["received"], norms),
        )

    def _count_outside_moves(self, now: np.ndarray) -> None:
        if self._after is not None and not np.array_equal(now, self._after):
            self._moved_outside += 1

    # ---- arrays

    @property
    def _groups(self) -> np.ndarray:
        return np.concatenate(
            [np.full(len(tensor.places), tensor.group) for tensor in self._tensors]
        )

    def _weights(self) -> np.ndarray:
        return _joined([tensor.read(tensor.parameter) for tensor in self._tensors])

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

    def _notes(self) -> Sequence[str]:
        left_out = sum(len(tensor.places) for tensor in self._tensors if not tensor.always)
        if left_out:
            yield_words = f"{left_out} recorded weights had no gradient at some steps and are left out."
            notes = [yield_words]
        else:
            notes = []
        if self._moved_outside:
            notes.append(
                f"Before {self._moved_outside} of the {self.steps} steps weights had been changed by"
                " something else than the optimizer, which is no part of the rule."
            )
        if not all(step.is_multiple for step in self._steps):
            notes.append(
                "Between their computation and the optimizer's step the gradients were changed by"
                " more than a common factor."
            )
        return notes


def _checked_optimizer(optimizer: object) -> torch.optim.Optimizer:
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise ProblemError(
            "optimizer",
            expected="a torch.optim.Optimizer",
            received=type(optimizer).__name__,
            advice="what is recorded elsewhere is Recording(runs=[RecordedRun(...)])",
        )
    if any(_has_stepped(state) for state in optimizer.state.values()):
        _refuse(
            "optimizer",
            "one that has not stepped yet, whose memory is empty",
            "one that has stepped",
            "attach the recorder before the first step: what the optimizer remembers is not seen",
        )
    return optimizer


def _has_stepped(state: dict[str, Any]) -> bool:
    """Whether the memory of one tensor holds anything; AdaGrad makes its memory before it steps."""
    if "step" in state:
        return float(state["step"]) > 0
    tensors = [value for value in state.values() if isinstance(value, torch.Tensor)]
    return any(bool((tensor != 0).any()) for tensor in tensors)


def _sampled(
    optimizer: torch.optim.Optimizer, weights: int, seed: int
) -> tuple[list[_Tensor], int]:
    """(the tensors with their recorded weights, how many weights there are in all)."""
    parameters = [
        (number, parameter)
        for number, group in enumerate(optimizer.param_groups)
        for parameter in group["params"]
        if parameter.requires_grad
    ]
    total = sum(parameter.numel() for _, parameter in parameters)
    if not total:
        _refuse(
            "optimizer",
            "weights that need a gradient",
            "none",
            "pass it model.parameters() with requires_grad=True",
        )
    if any(parameter.is_complex() for _, parameter in parameters):
        _refuse("weights", "real numbers", "complex ones", "record the real and imaginary parts")
    draws = np.random.default_rng(seed).choice(total, min(weights, total), replace=False)
    chosen, tensors, first = np.sort(draws), [], 0
    for number, parameter in parameters:
        end = first + parameter.numel()
        own = chosen[(chosen >= first) & (chosen < end)] - first
        places = torch.as_tensor(own, device=parameter.device)
        # tensors without a recorded weight count in the norm of the gradient
        tensors.append(_Tensor(parameter=parameter, group=number, places=places))
        first = end
    return tensors, total


def _keeper(tensor: _Tensor) -> Any:
    def keep(parameter: torch.Tensor) -> None:
        gradient = parameter.grad
        if gradient is not None:
            _check_gradient(gradient)
            tensor.computed = tensor.read(gradient), _square(gradient)

    return keep


def _check_gradient(gradient: torch.Tensor) -> None:
    if gradient.is_sparse:
        _refuse(
            "gradient",
            "dense tensors",
            "a sparse one",
            "build the embedding with sparse=False: sparse optimizers skip weights step by step",
        )


def _check_still_there(optimizer: torch.optim.Optimizer, tensors: Sequence[_Tensor]) -> None:
    held = {id(each) for group in optimizer.param_groups for each in group["params"]}
    for tensor in tensors:
        size = tensor.parameter.numel()
        inside = not len(tensor.places) or int(tensor.places[-1]) < size
        if id(tensor.parameter) not in held or not inside:
            _refuse(
                "weights of the optimizer",
                "those that it had when the recorder was attached",
                "other or smaller tensors",
                "attach a recorder after the last change of the model, before the first step",
            )


def _square(gradient: torch.Tensor) -> torch.Tensor:
    return torch.linalg.vector_norm(gradient.detach(), dtype=torch.float64) ** 2


def _joined(parts: Sequence[torch.Tensor]) -> np.ndarray:
    return np.concatenate([part.double().cpu().numpy() for part in parts])


def _is_multiple(computed: np.ndarray, received: np.ndarray, norms: np.ndarray) -> bool:
    """Whether the gradients received are those computed times |received|/|computed|."""
    if np.array_equal(computed, received):
        return True
    factor = norms[1] / max(norms[0], 1e-300)
    gap = np.abs(received - factor * computed).max(initial=0.0)
    return bool(gap <= _SAME * factor * np.abs(computed).max(initial=0.0))


def _refuse(where: str, expected: str, received: str, advice: str) -> None:
    raise ProblemError(where, expected=expected, received=received, advice=advice)
