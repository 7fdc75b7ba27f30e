"""``DerivedOptimizer``: measures, plans, steps, and goes back where a plan fails."""

import copy
import dataclasses
import math
import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch

from ...exports import export
from ...support.errors import ProblemError
from .checks import batch_loss, check_same
from .measures import probe_of
from .planning import StagePlan
from .records import Decision, curves_of
from .settings import Settings
from .stage import Stage
from .stages import Progress, Stages

_FORMAT = "landscape_control derived optimizer 2"

_BETTER = 4


class DerivedOptimizer(torch.optim.Optimizer):
    """See :func:`landscape_control.derive_optimizer`."""

    def __init__(self, stages: Stages, loader: Iterable):
        super().__init__(stages.weights, {})
        self.stages, self.loader, self.steps = stages, loader, stages.steps
        self._inner: Any = None
        self._follow_plan()

    @property
    def log(self) -> tuple[Decision, ...]:
        """Every decision so far."""
        return tuple(self.stages.log)

    @property
    def plan(self) -> StagePlan:
        """The present plan."""
        assert self.stages.plan is not None
        return self.stages.plan

    @property
    def count(self) -> int:
        """Steps made, lost ones included."""
        return self.stages.progress.count

    @property
    def lost_steps(self) -> int:
        """Steps that were taken back."""
        return self.stages.progress.lost_steps

    @property
    def measurements(self) -> int:
        """How many, one for each metric each time."""
        return self.stages.progress.measurements

    @property
    def seconds_measuring(self) -> float:
        """Wall clock of measurements."""
        return self.stages.progress.seconds_measuring

    @property
    def seconds_deriving(self) -> float:
        """Wall clock of plans."""
        return self.stages.progress.seconds_deriving

    @property
    def seconds_training(self) -> float:
        """Wall clock of steps, without the gradients."""
        return self.stages.progress.seconds_training

    def step(self, loss: Any = None) -> Any:
        """One step by the gradients at hand; ``loss`` is that of the batch, or a closure.

        What it was given or the closure returned. Where a measurement is due it is made before;
        where the loss says that the plan has failed, the weights go back instead.
        """
        if callable(loss):
            with torch.enable_grad():
                loss = loss()
        self._check_step()
        stages, progress = self.stages, self.stages.progress
        if loss is None and progress.count == 0:
            stages.note("note", "step() without the loss: failed plans are seen by measuring only")
        value = math.nan if loss is None else batch_loss(loss) - stages.probe.least
        progress.batch_losses.append(value)
        if loss is not None and stages.is_alarmed(value):
            assert stages.stage is not None
            stages.take_back(f"batch loss {value:.4g}, measured {stages.stage.loss:.4g}")
            self._lose()
        elif not stages.is_due:
            self._move()
        elif stages.following():
            self._follow_plan()
            self._move()
        else:
            self._lose()
        return loss

    def run(self, loader: Iterable | None = None) -> tuple[Decision, ...]:
        """All steps that are left, over the batches of the loader, then ``eval()``; the log."""
        batches = self.loader if loader is None else loader
        model, loss_fn = self.stages.probe.model, self.stages.probe.loss_fn
        device = self.stages.weights[0].device
        while self.count < self.steps:
            before = self.count
            for inputs, targets in batches:
                self.zero_grad()
                loss = loss_fn(model(inputs.to(device)), targets.to(device))
                loss.backward()
                self.step(loss)
                if self.count >= self.steps:
                    break
            if self.count == before:
                raise ProblemError(
                    "loader",
                    expected="batches in every pass over it",
                    received=f"none after {self.count} of {self.steps} steps",
                    advice="pass a list or a DataLoader, which can be gone over again",
                )
        self.eval()
        return self.log

    def eval(self) -> None:
        """Put what the rule answers with into the weights, an average where it averages."""
        if self._inner is not None:
            self._inner.eval()

    def train(self) -> None:
        """Put the weights back where gradients are taken, bit by bit as before ``eval()``."""
        if self._inner is not None:
            self._inner.train()

    def describe(self) -> str:
        """Every decision, one a line, and what the run has cost."""
        lines = [f"step {each.step}: {each.words}" for each in self.log]
        lines.append(
            f"{self.count} of {self.steps} steps, {self.lost_steps} of them lost;"
            f" {self.measurements} measurements in {self.seconds_measuring:.2g} s, plans in"
            f" {self.seconds_deriving:.2g} s, steps in {self.seconds_training:.2g} s"
        )
        return "\n".join(lines)

    def curves(self) -> dict[str, np.ndarray]:
        """Losses, rates, momentum and curvature of the run, for ``lc.plotting.derived_run``."""
        return curves_of(self.log, self.stages.progress.batch_losses, self.stages.progress.rates)

    def state_dict(self) -> dict[str, Any]:
        """Everything that the run depends on but the model's weights; tensors and plain numbers."""
        stages = self.stages
        return {
            **self._identity(),
            "least": stages.probe.least,
            "progress": copy.deepcopy(vars(stages.progress)),
            "log": [each.plain() for each in stages.log],
            "samples": stages.probe.data,
            "stage": None if stages.stage is None else dict(vars(stages.stage)),
            "plan": self.plan.plain(),
            "metric": stages.metric,
            "inner": self._inner.state_dict(),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a ``state_dict()``, on the CPU bit by bit as without the stop.

        The model's own ``state_dict`` is to be loaded too, and the loader to be brought to the batch
        where it stood. Raises ProblemError, before anything is loaded, for a state of another kind,
        another number of steps, another network, or other options of ``derive_optimizer``.
        """
        check_same(self._identity(), state_dict)
        state, stages = copy.deepcopy(state_dict), self.stages
        stages.progress = Progress(**state["progress"])
        stages.log = [Decision(**each) for each in state["log"]]
        measured = {"data": state["samples"], "least": state["least"]}
        stages.probe = dataclasses.replace(stages.probe, **measured)
        stages.stage = None if state["stage"] is None else Stage(**state["stage"])
        stages.plan = StagePlan.from_plain(state["plan"])
        stages.metric = state["metric"]
        self._follow_plan()
        self._inner.load_state_dict(state["inner"])

    def _identity(self) -> dict[str, Any]:
        """What a state to load must agree in."""
        stages = self.stages
        named = stages.probe.model.named_parameters()
        shapes = {name: [*weight.shape, str(weight.dtype)] for name, weight in named}
        rules = {"rules": list(stages.rules), "exponents": list(stages.exponents)}
        return {
            "format": _FORMAT,
            "steps": self.steps,
            "network": shapes,
            "options": {**rules, **stages.probe.options},
        }

    def _follow_plan(self) -> None:
        """Begin the rule of the present plan, at rest."""
        rule = export(self.plan.policy, to="torch", hold="last")
        self._inner = rule(self.stages.weights)

    def _check_step(self) -> None:
        if self.count >= self.steps:
            raise ProblemError(
                "step",
                expected=f"at most the {self.steps} steps that were planned for",
                received=f"step {self.steps + 1}",
                advice="derive another optimizer for the steps to come",
            )
        if any(group["answers"] for group in self._inner.param_groups):
            raise ProblemError(
                "step",
                expected="weights where gradients are to be taken",
                received="those that the rule answers with",
                advice="call optimizer.train() after optimizer.eval()",
            )
        mine = [id(weight) for weight in self.stages.weights]
        theirs = [id(weight) for weight in self.stages.probe.model.parameters()]
        if mine != theirs:
            raise ProblemError(
                "model",
                expected="the parameters that the optimizer was derived for",
                received="others",
                advice="derive the optimizer after the model has been changed",
            )

    def _move(self) -> None:
        """One step of the rule, in the metric of the plan."""
        begun, stages = time.perf_counter(), self.stages
        progress, stage = stages.progress, stages.stage
        assert stage is not None
        rates = self.plan.rates
        progress.rates.append(float(rates[min(progress.count - stage.begun, len(rates) - 1)]))
        if stages.metric is None:
            self._inner.step()
        else:
            self._step_along(stages.metric)
        progress.count += 1
        stages.keep_if_calm()
        progress.seconds_training += time.perf_counter() - begun

    def _step_along(self, metric: list[torch.Tensor]) -> None:
        """The rule's step by D^-p g; the weights keep their own gradients."""
        pairs = [
            (weight, factor)
            for weight, factor in zip(self.stages.weights, metric, strict=True)
            if weight.grad is not None
        ]
        gradients = [weight.grad for weight, _ in pairs]
        with torch.no_grad():
            scaled = torch._foreach_mul(gradients, [factor for _, factor in pairs])
        try:
            for (weight, _), each in zip(pairs, scaled, strict=True):
                weight.grad = each
            self._inner.step()
        finally:
            for (weight, _), gradient in zip(pairs, gradients, strict=True):
                weight.grad = gradient

    def _lose(self) -> None:
        """A step in which the weights went back: the rule forgets the steps that were lost."""
        self._follow_plan()
        self.stages.progress.rates.append(0.0)
        self.stages.progress.count += 1


def begun(
    model: torch.nn.Module,
    loss_fn: Callable,
    loader: Any,
    steps: int,
    *,
    rules: tuple[str, ...],
    exponents: tuple[float, ...],
    settings: Settings,
    samples: int,
    **measuring: Any,
) -> DerivedOptimizer:
    """An optimizer that has measured and planned its first stage."""
    probe = probe_of(model, loss_fn, loader, samples, **measuring)
    if probe.model_kind() == "quadratic":  # measured once: well
        measuring["products"] *= _BETTER
        probe = probe_of(model, loss_fn, loader, _BETTER * samples, **measuring)
    weights = list(model.parameters())
    stages = Stages(probe, weights, steps, rules=rules, exponents=exponents, settings=settings)
    stages.begin()
    return DerivedOptimizer(stages, loader)
