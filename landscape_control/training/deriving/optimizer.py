"""``DerivedOptimizer``: measures, plans, steps, and goes back where a plan fails."""

import copy
import dataclasses
import math
import time
from collections.abc import Callable, Iterable
from typing import Any

import torch

from ...exports import export
from ...support.errors import ProblemError, shown
from ..measuring import Measurement
from .measures import Probe, probe_of
from .metric import Tensors
from .planning import HEAVY_BALL, RULES, StagePlan, stage_plan
from .records import Decision
from .settings import Settings
from .stage import Stage
from .words import measured_words, plan_words

_FORMAT = "landscape_control derived optimizer 1"
_COUNTERS = (
    "count",
    "lost_steps",
    "measurements",
    "returns",
    "seconds_measuring",
    "seconds_deriving",
    "seconds_training",
    "caution",
    "length",
    "first_loss",
    "is_quadratic",
)


class DerivedOptimizer(torch.optim.Optimizer):
    """See :func:`landscape_control.derive_optimizer`."""

    def __init__(
        self,
        probe: Probe,
        loader: Iterable,
        steps: int,
        *,
        rules: tuple[str, ...] = RULES,
        exponents: tuple[float, ...] = (0.0, 0.25, 0.5),
        settings: Settings = Settings(),
    ):
        weights = list(probe.model.parameters())
        super().__init__(weights, {})
        self.probe, self.loader, self.steps = probe, loader, steps
        self.rules, self.exponents, self.settings = rules, exponents, settings
        self.log: list[Decision] = []
        self.count = self.lost_steps = self.measurements = self.returns = 0
        self.seconds_measuring = self.seconds_deriving = self.seconds_training = 0.0
        self.caution, self.length = settings.first_cap, 1
        self.first_loss = math.nan
        self.is_quadratic = False
        self.stage: Stage | None = None
        self.plan: StagePlan | None = None
        self.metric: Tensors | None = None
        self.inner: Any = None

    @property
    def weights(self) -> Tensors:
        """The trained weights."""
        return self.param_groups[0]["params"]

    def step(self, loss: Any = None) -> Any:
        """One step by the gradients at hand; ``loss`` is that of the batch, or a closure."""
        closure = loss if callable(loss) else None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        value = (
            math.nan if loss is None else float(loss.detach() if torch.is_tensor(loss) else loss)
        )
        self._check_step()
        if loss is not None and self._is_alarmed(value):
            self._return(f"batch loss {value:.4g}, measured {self._measured_loss:.4g}")
            self.count += 1
            return loss
        if self.stage is None or self.count >= self.stage.until:
            if not self._next_stage():
                self.count += 1
                return loss
        begun = time.perf_counter()
        self._move()
        self.count += 1
        self._keep_if_calm()
        self.seconds_training += time.perf_counter() - begun
        return loss

    def run(self, loader: Iterable | None = None) -> list[Decision]:
        """All steps that are left, over the batches of the loader; the log."""
        loader = self.loader if loader is None else loader
        model, loss_fn = self.probe.model, self.probe.loss_fn
        while self.count < self.steps:
            before = self.count
            for inputs, targets in loader:
                self.zero_grad()
                loss = loss_fn(model(inputs), targets)
                loss.backward()
                self.step(loss)
                if self.count >= self.steps:
                    break
            if self.count == before:
                raise ProblemError(
                    "loader",
                    expected="batches in every pass over it",
                    received=f"none after {self.count} steps",
                    advice="pass a list or a DataLoader, which can be gone over again",
                )
        self.eval()
        return self.log

    def eval(self) -> None:
        """Put what the rule answers with into the weights, an average where it averages."""
        if self.inner is not None:
            self.inner.eval()

    def train(self) -> None:
        """Put the weights back where gradients are taken."""
        if self.inner is not None:
            self.inner.train()

    def describe(self) -> str:
        """Every decision, one a line."""
        lines = [f"step {each.step}: {each.words}" for each in self.log]
        lines.append(
            f"{self.count} of {self.steps} steps, {self.lost_steps} lost;"
            f" {self.measurements} measurements in {self.seconds_measuring:.2g} s, plans in"
            f" {self.seconds_deriving:.2g} s, steps in {self.seconds_training:.2g} s"
        )
        return "\n".join(lines)

    def state_dict(self) -> dict[str, Any]:
        """Everything that the run depends on but the model's weights; tensors and plain numbers."""
        stage = None if self.stage is None else self.stage.plain()
        plan = None if self.plan is None else self.plan.plain()
        return {
            "format": _FORMAT,
            "steps": self.steps,
            "counters": {name: getattr(self, name) for name in _COUNTERS},
            "log": [each.plain() for each in self.log],
            "samples": self.probe.data,
            "stage": stage,
            "plan": plan,
            "metric": self.metric,
            "inner": None if self.inner is None else self.inner.state_dict(),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a ``state_dict()``, on the CPU bit by bit as without the stop.

        The model's own ``state_dict`` is to be loaded too, and the loader to be brought to the batch
        where it stood. Raises ProblemError, before anything is loaded, for a state of another kind
        or of another number of steps.
        """
        own = {"format": _FORMAT, "steps": self.steps}
        for key, value in own.items():
            if state_dict.get(key) != value:
                raise ProblemError(
                    f"{key} of the state to load",
                    expected=shown(value),
                    received=shown(state_dict.get(key)),
                    advice="load what state_dict() of an optimizer derived for as many steps returned",
                )
        state = copy.deepcopy(state_dict)
        for name in _COUNTERS:
            setattr(self, name, state["counters"][name])
        self.log = [Decision(**each) for each in state["log"]]
        self.probe = dataclasses.replace(self.probe, data=state["samples"])
        self.stage = None if state["stage"] is None else Stage(**state["stage"])
        self.plan = None if state["plan"] is None else StagePlan.from_plain(state["plan"])
        self.metric, self.inner = state["metric"], None
        if state["inner"] is not None:
            assert self.plan is not None
            self.inner = export(self.plan.policy, to="torch", hold="last")(self.weights)
            self.inner.load_state_dict(state["inner"])

    # What a step consists of.

    def _check_step(self) -> None:
        if self.count >= self.steps:
            raise ProblemError(
                "step",
                expected=f"at most the {self.steps} steps that were planned for",
                received=f"step {self.steps + 1}",
                advice="derive another optimizer for the steps to come",
            )
        mine = [id(weight) for weight in self.weights]
        theirs = [id(weight) for weight in self.probe.model.parameters()]
        if mine != theirs:
            raise ProblemError(
                "model",
                expected="the parameters that the optimizer was derived for",
                received="others",
                advice="derive the optimizer after the model has been changed",
            )

    def _move(self) -> None:
        if self.metric is None:
            self.inner.step()
            return
        gradients = [weight.grad for weight in self.weights]
        try:
            with torch.no_grad():
                scaled = torch._foreach_mul(gradients, self.metric)
            for weight, each in zip(self.weights, scaled, strict=True):
                weight.grad = each
            self.inner.step()
        finally:
            for weight, each in zip(self.weights, gradients, strict=True):
                weight.grad = each

    @property
    def _measured_loss(self) -> float:
        return math.nan if self.stage is None else self.stage.loss

    def _is_alarmed(self, value: float) -> bool:
        if self.stage is None:
            if not math.isfinite(value):
                raise self._not_finite(value)
            return False
        return self.stage.is_alarmed(value, self.settings.alarm, self.settings.deviations)

    def _not_finite(self, value: float) -> ProblemError:
        return ProblemError(
            "loss",
            expected="a finite loss at the start",
            received=f"{value}",
            advice="check the data and how the weights are initialised",
        )

    def _keep_if_calm(self) -> None:
        """In the last stage: weights to go back to, ten times at most."""
        stage = self.stage
        assert stage is not None
        far = self.count - stage.kept_at >= max(16, self.steps // 10)
        if stage.is_last and far and stage.is_calm:
            stage.kept, stage.kept_at = self._copy(), self.count

    def _copy(self) -> Tensors:
        return [weight.detach().clone() for weight in self.weights]

    # Stages.

    def begin(self) -> None:
        """Measure and plan the first stage."""
        if self.probe.is_quadratic():
            self.is_quadratic, self.caution = True, 1.0
            self._note("note", "the loss is quadratic in the weights: one plan for all steps")
        self._next_stage()

    def _return(self, reason: str) -> None:
        """Back to the weights kept, with a smaller cap."""
        stage = self.stage
        assert stage is not None
        self.returns += 1
        if self.returns > self.settings.most_returns:
            raise ProblemError(
                "training",
                expected=f"a plan that holds, after at most {self.settings.most_returns} returns",
                received=f"{self.returns} returns, the last for: {reason}",
                advice="look at the data: batches with losses far from the rest, or labels that"
                " contradict each other; or start from other weights",
            )
        with torch.no_grad():
            for weight, kept in zip(self.weights, stage.kept, strict=True):
                weight.copy_(kept)
        lost = self.count - stage.kept_at + 1
        self.lost_steps += lost
        self.caution *= self.settings.caution
        self.length = max(1, self.length // 2)
        self._note(
            "rolled back",
            f"{reason}: back to step {stage.kept_at}, {lost} steps lost, a third of the cap",
            lost=lost,
        )
        self.stage, self.inner = None, None

    def _next_stage(self) -> bool:
        """Measure and plan; False where the measurement says to go back instead."""
        before = self.stage
        found, metrics = self._measure()
        base = found[0.0]
        if before is not None and (reason := self._failure(before, base)):
            self._return(reason)
            return False
        if before is not None:
            self.returns = 0
            if self.caution < 1 and before.begun == 0:
                self.caution /= self.settings.first_cap
        if math.isnan(self.first_loss):
            self.first_loss = base.loss
        self._plan(found, metrics)
        return True

    def _measure(self) -> tuple[dict[float, Measurement], dict[float, Tensors | None]]:
        begun = time.perf_counter()
        is_early = self.count < self.settings.plain and not self.is_quadratic
        wanted = (0.0,) if is_early else self.exponents
        exponents = tuple(sorted({0.0, *wanted}))
        found, metrics = self.probe.in_metrics(exponents, self.probe.products)
        self.measurements += len(found)
        self.seconds_measuring += time.perf_counter() - begun
        base = found[0.0]
        self._note("measured", measured_words(base), loss=base.loss, top=base.curvatures[0])
        return found, metrics

    def _failure(self, before: Stage, now: Measurement) -> str:
        """Why the stage that has ended is to be taken back, or nothing."""
        limits = self.settings
        if now.curvatures[0] < before.top / limits.dying and now.loss > limits.alive * before.loss:
            return (
                f"λ_max fell from {before.top:.3g} to {now.curvatures[0]:.3g} while the loss"
                f" stayed at {now.loss:.4g}, as where units die"
            )
        if now.loss > limits.alarm * before.loss + 3 * now.loss_error:
            return f"measured loss {now.loss:.4g} after {before.loss:.4g}"
        return ""

    def _plan(self, found: dict[float, Measurement], metrics: dict[float, Tensors | None]) -> None:
        begun = time.perf_counter()
        base, limits = found[0.0], self.settings
        left = self.steps - self.count
        is_last = self._is_last(base)
        rules = self.rules if is_last else (HEAVY_BALL,)
        plan = stage_plan(
            found,
            left,
            rules,
            batch_size=self.probe.batch_size,
            cap=limits.cap * self.caution,
            rise=limits.rise,
            seed=self.probe.seed,
        )
        longest = max(1, int(limits.longest * self.steps))
        until = self.steps if is_last else self.count + min(self.length, longest)
        self.length *= 2
        self.stage = Stage(
            begun=self.count,
            until=until,
            is_last=is_last,
            loss=base.loss,
            deviation=base.loss_error * math.sqrt(base.samples / self.probe.batch_size),
            top=float(base.curvatures[0]),
            kept=self._copy(),
            kept_at=self.count,
        )
        self.plan, self.metric = plan, metrics[plan.exponent]
        self.inner = export(plan.policy, to="torch", hold="last")(self.weights)
        self.seconds_deriving += time.perf_counter() - begun
        for words in plan_words(plan, found[plan.exponent], self.probe.batch_size):
            self._note("planned", words)

    def _is_last(self, base: Measurement) -> bool:
        if self.is_quadratic:
            return True
        limits = self.settings
        share = self.count / self.steps
        has_fallen = base.loss < limits.fallen * self.first_loss
        return share >= limits.late or (share >= limits.early and has_fallen)

    def _note(self, kind: str, words: str, **numbers: float) -> None:
        plain = {name: float(value) for name, value in numbers.items()}
        self.log.append(Decision(step=self.count, kind=kind, words=words, numbers=plain))


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
    optimizer = DerivedOptimizer(
        probe, loader, steps, rules=rules, exponents=exponents, settings=settings
    )
    optimizer.begin()
    return optimizer
