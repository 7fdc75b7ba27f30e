"""A policy as a ``torch.optim.Optimizer``."""

import difflib
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch

from ..rules.families import Clock, Policy
from ..rules.families.family import Values
from ..support.arguments import AnyNumber
from ..support.errors import ProblemError, shown
from .evaluation import compute, count_uses
from .expression import Leaf, Node, Scaled, Tensors
from .param_groups import check_group, multiplier, numbers, plain
from .running import check_not_ended, clock_step

Group = dict[str, Any]
_COUNT = "step"  # in the state of a weight: how many gradients it has seen
_RESTING = "where gradients are taken"  # a weight's own copy while it holds the answer
_ANSWERS = "answers"  # in every group: whether the weights hold what the rule answers with
_RULE, _HORIZON = "rule", "horizon"  # in every group: what its numbers belong to


class RuleOptimizer(torch.optim.Optimizer):
    """θ ← θ + lr·Δθ with Δθ from the policy's own formula; see :func:`export` for what holds.

    Parameters
    ----------
    params : tensors, named tensors or param groups; groups may hold ``lr``, ``foreach`` and any
        coefficient of the rule: a number, or one per step for those that vary
    lr : multiplies all that the rule does
    foreach : True computes all weights of a device together; False weight by weight, operation by
        operation as the formula says, slower
    policy, hold : see :func:`export`
    """

    def __init__(
        self,
        params: Iterable,
        *,
        policy: Policy,
        lr: AnyNumber = 1.0,
        foreach: bool = True,
        hold: str | None = None,
    ):
        self.policy, self.hold = policy, hold
        self._seen: dict[int, tuple] = {}  # by group: entries as they were when they were checked
        given = {name: plain(value) for name, value in policy.coefficients.items()}
        belongs = {_RULE: repr(policy.family), _HORIZON: policy.horizon}
        super().__init__(
            params, {"lr": lr, **given, "foreach": foreach, **belongs, _ANSWERS: False}
        )

    def add_param_group(self, param_group: Group) -> None:
        """Add weights with coefficients of their own; those left out are the policy's."""
        names = set(self.policy.coefficients)
        check_group(param_group)
        for key in set(param_group) - names:
            near = difflib.get_close_matches(key, names, n=1, cutoff=0.8)
            if near:
                raise ProblemError(
                    f"param group entry {key!r}",
                    expected=f"a coefficient of {self.policy.family.name}",
                    received=f"{key!r}",
                    advice=f"did you mean {near[0]!r}?",
                )
        whole = {**self.defaults, **param_group}
        for key in (_RULE, _HORIZON, _ANSWERS):
            if whole[key] != self.defaults[key]:
                raise ProblemError(
                    f"param group entry {key!r}",
                    expected=f"none, or {shown(self.defaults[key])}, which the optimizer sets itself",
                    received=shown(whole[key]),
                    advice="leave it out",
                )
        checked = self._checked(whole)
        super().add_param_group({**param_group, **checked})
        for weight in self.param_groups[-1]["params"]:
            if weight.is_complex():
                raise _refused_kind("complex weights", "hold real and imaginary parts apart")

    def _checked(self, group: Mapping[str, Any]) -> Group:
        """The group's coefficients, each of the shape that the family wants, as plain numbers.

        Raises ProblemError for what is no number, or outside the range of its coefficient.
        """
        multiplier(group)
        if not isinstance(group["foreach"], bool):
            raise ProblemError(
                "foreach",
                expected="True or False",
                received=shown(group["foreach"]),
                advice="True computes all weights of a device together, which is faster",
            )
        given = {name: numbers(group[name]) for name in self.policy.coefficients}
        own = Policy(family=self.policy.family, coefficients=given, horizon=self.policy.horizon)
        return {name: plain(value) for name, value in own.coefficients.items()}

    def _check_again(self, index: int, group: Group) -> None:
        """Check the entries of a group that were set since its last step."""
        multiplier(group)
        own = (group["foreach"], *(group[name] for name in self.policy.coefficients))
        seen = self._seen.get(index, ())
        if len(seen) == len(own) and all(map(operator.is_, own, seen)):
            return
        group.update(self._checked(group))
        names = self.policy.coefficients
        self._seen[index] = (group["foreach"], *(group[name] for name in names))

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step of every weight that has a gradient; what ``closure`` returns, if given.

        Raises ProblemError, before any weight has moved, for sparse gradients and for steps after
        the rule's last.
        """
        for index, group in enumerate(self.param_groups):
            self._check_again(index, group)
            if group[_ANSWERS]:
                raise ProblemError(
                    "step",
                    expected="weights where gradients are to be taken",
                    received="those that the rule answers with",
                    advice="call optimizer.train() after optimizer.eval(), as for the model",
                )
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        square = self._gradient_square() if self.policy.family.couples else None
        for group, count, weights in self._batches():
            self._advance(group, count, weights, square)
        return loss

    def _gradient_square(self) -> float:
        """|y|² over all weights that have a gradient, whatever their group."""
        gradients = [
            weight.grad
            for group in self.param_groups
            for weight in group["params"]
            if weight.grad is not None and not weight.grad.is_sparse
        ]
        norms = [torch.linalg.vector_norm(gradient) for gradient in gradients]
        return sum(float(norm) ** 2 for norm in norms)

    def _batches(self) -> list[tuple[Group, int, Tensors]]:
        """Weights that can be computed together: of one group, dtype, device and count of steps."""
        batches: dict[tuple, list] = {}
        for index, group in enumerate(self.param_groups):
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                if weight.grad.is_sparse:
                    raise _refused_kind("sparse gradients", "use layers with dense gradients")
                count = self.state[weight].get(_COUNT, 0) if weight in self.state else 0
                if self.hold is None:
                    check_not_ended(self.policy, count)
                key = index, count, weight.dtype, weight.device
                batches.setdefault(key, []).append(weight)
        return [(self.param_groups[key[0]], key[1], weights) for key, weights in batches.items()]

    def _advance(self, group: Group, count: int, weights: Tensors, square: float | None) -> None:
        """One step of weights that stand at the same count; ``square`` is |y|² of all weights."""
        at = clock_step(self.policy, count)
        clock = Clock(step=at, horizon=self.policy.horizon, gradient_square=square)
        values = self._values(group, at)
        for weight in weights:
            self._prepare(weight)
        together = [weights] if group["foreach"] else [[weight] for weight in weights]
        move = self._fused if group["foreach"] else self._one
        for some in together:
            move(some, values, clock, multiplier(group))
        for weight in weights:
            self.state[weight][_COUNT] = count + 1

    def _prepare(self, weight: Any) -> None:
        """A state at rest for a weight that has none."""
        state = self.state[weight]
        if not state:
            state[_COUNT] = 0
            for entry in self._entries():
                state[entry] = torch.zeros_like(weight, memory_format=torch.preserve_format)

    def _entries(self) -> list[str]:
        """Names of the rule's numbers per weight in the state of a weight."""
        return [f"carried_{i}" for i in range(self.policy.family.state_size)]

    def _one(self, weights: Tensors, values: Values, clock: Clock, lr: float) -> None:
        """The formula as it stands on the tensors of one weight."""
        (weight,) = weights
        state, entries = self.state[weight], self._entries()
        carried = tuple(state[entry] for entry in entries)
        move, following = self.policy.family.step(values, carried, weight.grad, weight, clock)
        for entry, tensor in zip(entries, following, strict=True):
            given = tensor is weight.grad or tensor is weight  # which others write into
            state[entry] = tensor.clone() if given else tensor
        weight.add_(move, alpha=lr)

    def _fused(self, weights: Tensors, values: Values, clock: Clock, lr: float) -> None:
        """The formula on all weights at once, with few passes over memory."""
        entries = self._entries()
        place = Leaf(value=list(weights))
        gradient = Leaf(value=[weight.grad for weight in weights], reusable=False)
        carried = [
            Leaf(value=[self.state[weight][entry] for weight in weights]) for entry in entries
        ]
        move, following = self.policy.family.step(
            values, tuple(map(Scaled, carried)), Scaled(gradient), Scaled(place), clock
        )
        results = [_node(value, place) for value in following]
        target = _node(Scaled(place) + lr * move, place)
        count_uses([*results, target])
        given = {id(place), id(gradient)}
        for entry, node in zip(entries, results, strict=True):
            tensors = compute(node)
            if id(node) in given:  # memory that others write into, or another entry's
                tensors = [tensor.clone() for tensor in tensors]
            given.add(id(node))
            for weight, tensor in zip(weights, tensors, strict=True):
                self.state[weight][entry] = tensor
        moved = compute(target)
        if moved[0] is not weights[0]:
            torch._foreach_copy_(weights, moved)

    @torch.no_grad()
    def eval(self) -> None:
        """Put what the rule answers with into the weights, such as an average of iterates.

        Before the model is judged or stored. Weights of a rule that answers with θ itself stay as
        they are.
        """
        for group in self.param_groups:
            if group[_ANSWERS] or not self.policy.has_readout:
                continue
            for weight in group["params"]:
                state = self.state.get(weight)
                if state:
                    state[_RESTING] = weight.clone()
                    weight.copy_(self._answer(group, state, weight))
            group[_ANSWERS] = True

    @torch.no_grad()
    def train(self) -> None:
        """Put the weights back where gradients are taken, bit by bit as before :meth:`eval`."""
        for group in self.param_groups:
            for weight in group["params"]:
                state = self.state.get(weight)
                if group[_ANSWERS] and state:
                    weight.copy_(state.pop(_RESTING))
            group[_ANSWERS] = False

    def _answer(self, group: Group, state: dict[str, Any], weight: Any) -> Any:
        """The readout of one weight after its last step, whose effect ``lr`` multiplies."""
        at = clock_step(self.policy, state[_COUNT] - 1)
        clock = Clock(step=at, horizon=self.policy.horizon)
        carried = tuple(state[entry] for entry in self._entries())
        answer = self.policy.family.readout(self._values(group, at), carried, weight, clock)
        return weight + multiplier(group) * (answer - weight)

    def _values(self, group: Group, at: int) -> Values:
        """The coefficients of a step."""
        return {
            each.name: group[each.name][at] if each.varies else group[each.name]
            for each in self.policy.family.coefficients
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a ``state_dict()`` of the same rule, bit by bit as without the stop.

        Raises ProblemError, before anything is loaded, for one of another rule or without its
        numbers.
        """
        groups = state_dict.get("param_groups") if isinstance(state_dict, Mapping) else None
        if not isinstance(groups, list) or not all(isinstance(each, Mapping) for each in groups):
            raise ProblemError(
                "state to load",
                expected="what state_dict() of this optimizer returned",
                received=shown(state_dict, 200),
                advice="load it with torch.load, and pass it whole",
            )
        own = {_RULE: repr(self.policy.family), _HORIZON: self.policy.horizon}
        wanted = {"lr", "foreach", _ANSWERS, *self.policy.coefficients}
        for group in groups or [{}]:
            for key, value in own.items():
                if group.get(key) != value:
                    raise ProblemError(
                        f"{key} of the state to load",
                        expected=shown(value, 200),
                        received=shown(group.get(key), 200),
                        advice="export the rule with which it was saved",
                    )
            if missing := sorted(wanted - set(group)):
                raise ProblemError(
                    "param group of the state to load",
                    expected=f"entries {', '.join(sorted(wanted))}",
                    received=f"none for {', '.join(missing)}",
                    advice="load what state_dict() of this optimizer returned",
                )
            self._checked(group)
        super().load_state_dict(state_dict)
        for group in self.param_groups:
            group.update(self._checked(group))

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "policy": self.policy, "hold": self.hold, "_seen": {}}


def _node(value: Any, like: Leaf) -> Node:
    """A value of the formula as a node; a plain number stands for a tensor of it per weight."""
    if isinstance(value, Scaled):
        return value.whole()
    number = float(value)
    return Leaf(value=[torch.full_like(tensor, number) for tensor in like.value or ()])


def _refused_kind(received: str, advice: str) -> ProblemError:
    return ProblemError(
        "weights",
        expected="real weights with dense gradients",
        received=received,
        advice=advice,
    )
