"""Closing the loop: a policy on the true hidden landscape, vectorised over episodes."""

import math
from typing import Any

import numpy as np

from ..model.problem import ControlProblem
from ..support.arguments import Count, Duration, Index, Positive, checked
from ..support.call_settings import settings_kept
from ..support.errors import ProblemError, SolveError, SolveInterrupted
from ..support.pace import Pace
from ..support.returned import called, refuse_nan, rows
from .actors import Actor, LearnerActor, actor_for
from .functions import Functions, functions_of
from .randomness import Randomness
from .recorder import Recorder
from .rollout import Rollout
from .stepping import discount_weights, rollout_horizon, rollout_step

_EPISODES = 2000
_WATCH = 32  # steps between two looks for divergence


@settings_kept
@checked
def simulate(
    problem: ControlProblem,
    policy: object,
    *,
    episodes: Count | None = None,
    seed: Index = 0,
    step: Positive | None = None,
    horizon: Positive | None = None,
    keep_paths: bool | Index = False,
    beliefs: object = None,
    draws_per_step: Count = 1,
    time_limit: Duration | None = None,
    throw: bool = True,
) -> Rollout:
    """Mean cost of a policy on the true hidden landscape with real noise.

    By simulation of many episodes at once.

    Each step of Δt: the learner sees y = h(θ, φ) + R^{1/2}ξ/√Δt at θ; its belief is updated with y;
    u is chosen and held; θ̇ = f(θ) + B(θ)u by Heun's method, while φ moves by its exact law. The
    discount is integrated exactly, the loss by the trapezoidal rule. Order in Δt: 2 for a u given
    ahead and constant over the steps, 1 (strong and weak) for feedback, because u is held. The mean
    cost is that of the problem in discrete time, O(Δt) from continuous time; fast learners, which
    follow the noise of single observations, need smaller steps than the optimal one.

    Common random numbers: the seed alone fixes hidden paths and observation noise, whatever the
    policy. Memory is O(episodes), unless paths are kept.

    Parameters
    ----------
    policy
        Callable (theta (E, n), belief, time) -> (E, m), a solution with such a method ``policy``,
        or one that sees y only: a RawLearner, any object with its ``init`` and ``update``, the pair
        (init, update), or a planned Policy. The belief is None where nothing is hidden.
    episodes
        None is 2000, and 100 for a policy that solves a plan at every step of every episode, which
        takes milliseconds each
    seed : int
    step
        Δt; None is 1/50 of the shortest time constant of the problem (see stepping.fastest_rate),
        at most horizon/50. A planned Policy (or PolicyResult) has a step of its own, 1, and is
        simulated with no other: for another one pass PolicyLearner(policy=..., step=...)
    horizon : needed at T = ∞ only, where the rest is reported as ``remainder``
    keep_paths : True, or the number of episodes whose paths are kept
    beliefs
        None (the problem's own filter), "extended", "unscented", "none" (the policy gets None),
        "truth" (it gets the true hidden values (E, p), a bound that no learner reaches),
        "announced" (task switches are announced: see AnnouncedSwitches), or another filter with
        initial, update, predict
    draws_per_step
        Random numbers are drawn on a grid this many times finer, so that rollouts with Δt and 2
        draws and with Δt/2 and 1 draw share their paths: their paired difference measures the error
        of the step
    time_limit
        Seconds that it may take: where two steps show that it would take longer it is given up, with
        the estimate. None is 600 for a policy that solves a plan at every step, else no limit
    throw : whether divergence raises; otherwise diverged episodes have infinite cost and are listed

    Raises
    ------
    ProblemError
        A policy that raises, or returns another shape or NaN for finite inputs (step and episode
        are named), an estimate beyond ``time_limit``, no horizon at T = ∞, an observation that a raw
        learner cannot use, a fixed end.
    SolveInterrupted
        On Ctrl-C; its ``solution`` is the rollout up to then, with its own horizon, without
        terminal cost and paths.
    SolveError
        Episodes diverged and ``throw``; the exception holds the rollout.
    """
    if problem.end is not None:
        raise ProblemError(
            "end",
            expected="a free end",
            received="a fixed end",
            advice="a noisy learner hits no point; use a terminal cost",
        )
    owner = getattr(policy, "__self__", policy)  # of a solution's method
    if episodes is None:
        episodes = getattr(owner, "default_episodes", _EPISODES)
    if time_limit is None:
        time_limit = getattr(owner, "default_time_limit", math.inf)
    horizon = rollout_horizon(problem, horizon)
    actor, name = actor_for(problem, policy, beliefs)
    step, count = rollout_step(problem, horizon, step, actor.own_step)
    functions = functions_of(problem)
    random = Randomness(
        problem.landscape.hidden,
        seed=seed,
        episodes=episodes,
        step=step,
        draws=draws_per_step,
        observations=functions.observations if functions.noisy else 0,
    )
    recorder = Recorder(keep_paths, episodes, count)
    loop = _Loop(problem, functions, actor, random, recorder, step, count, name)
    pace = Pace(
        count,
        what="simulation",
        size=f"{episodes} episodes of {count} steps",
        fewer="pass fewer episodes=, a longer step= or a shorter horizon=",
        time_limit=time_limit,
        learning=2,
    )
    settings: dict[str, Any] = {
        "seed": seed,
        "episodes": episodes,
        "draws_per_step": draws_per_step,
        "policy": name,
    }
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        try:
            loop.run(episodes, pace)
        except KeyboardInterrupt:
            part = loop.part(**settings)
            when = "before the first step"
            if part is not None:
                when = f"at t = {part.horizon:g} of {horizon:g}"
            raise SolveInterrupted(f"simulation interrupted {when}", part) from None
        rollout = loop.rollout(horizon=horizon, **settings)
    if throw and len(rollout.diverged):
        raise SolveError(
            f"{rollout.summary()}. First among them: {rollout.diverged[:8].tolist()}. What to do:"
            " use a smaller step or calmer coefficients, or pass throw=False to keep the rollout",
            rollout,
        )
    return rollout


class _Loop:
    """The state of one rollout and its loop over steps."""

    def __init__(
        self,
        problem: ControlProblem,
        functions: Functions,
        actor: Actor,
        random: Randomness,
        recorder: Recorder,
        step: float,
        count: int,
        name: str,
    ):
        self.problem, self.functions, self.actor = problem, functions, actor
        self.random, self.recorder = random, recorder
        self.step, self.count, self.name = step, count, name
        objective = problem.objective
        nodes, steps = discount_weights(objective.discount, step, count)
        # what the loss at a node and the effort over a step weigh in the cost: k and 1/η included
        self.nodes, self.steps = nodes * objective.loss_weight, steps / objective.learning_rate
        self.rates = _Rates(problem, count)
        self.diverged_by: float | None = None
        # step, θ, losses, efforts and hidden variables before the present step
        self._begun: tuple[int, Any, Any, Any, Any] = (0, None, None, None, None)

    def run(self, episodes: int, pace: Pace) -> None:
        """All steps, unless they would take too long."""
        functions, random = self.functions, self.random
        self.theta = np.tile(self.problem.start, (episodes, 1))
        self.losses, self.efforts = np.zeros(episodes), np.zeros(episodes)
        self.actor.start(episodes, functions.controls, random.policy)
        self._check_observation()
        switched = np.zeros(episodes, dtype=bool)
        for k in range(self.count):
            self._begun = k, self._answer, self.losses.copy(), self.efforts.copy(), random.hidden
            u = self._act(k, switched)
            before = random.hidden
            random.advance()
            # told at the next step, and only to those who ask: comparing costs time
            if self.actor.tells_switches:
                switched = (random.hidden != before).any(1)
            self._move(k, u)
            pace.step()
            if (k + 1) % _WATCH == 0:
                self._watch((k + 1) * self.step)
        self.losses += self.nodes[-1] * functions.loss(self._answer, random.hidden)
        self.recorder.finish(self.theta, random.hidden)

    @property
    def _answer(self) -> np.ndarray:
        """The parameters whose loss counts: θ, or what the actor answers with."""
        return self.actor.answer(self.theta)

    def part(self, **settings: Any) -> Rollout | None:
        """The rollout up to the step that was interrupted; None before the first.

        Without terminal cost and paths.
        """
        k, self.theta, self.losses, self.efforts, hidden = self._begun
        if not k:
            return None
        # node k ends the last whole step here, with half of the weight that it has inside
        self.losses = self.losses + self.nodes[k] / 2 * self.functions.loss(self.theta, hidden)
        return self.rollout(horizon=k * self.step, ended=False, **settings)

    def _act(self, k: int, switched: np.ndarray) -> np.ndarray:
        """Look, pay for the loss, choose u."""
        functions, random = self.functions, self.random
        if functions.noisy:
            noise = random.noise() / math.sqrt(self.step)  # white noise in discrete time
        else:
            noise = np.zeros((len(self.theta), functions.observations))
        loss, seen = functions.look(self.theta, random.hidden, noise)
        if self.actor.has_answer:
            loss = functions.loss(self._answer, random.hidden)
        self.losses += self.nodes[k] * loss
        what, where = f"policy {self.name}", f"step {k}, t = {k * self.step:g}"
        # copies: a user's policy may write into what it is given
        given = self.theta.copy(), seen.copy(), random.hidden.copy()
        times = k * self.step, self.step
        u = called(what, self.actor.act, *given, *times, switched, where=where)
        u = rows(what, u, (len(self.theta), functions.controls), where=where)
        refuse_nan(what, u, (self.theta, seen), where=where, inputs_are="θ and observation")
        self.recorder.note(k, self.theta, u, random.hidden, seen, self.actor)
        self.rates.note(k, self.problem.objective.loss_weight, loss)
        return u

    def _move(self, k: int, u: np.ndarray) -> None:
        """Pay for the effort, move, let the belief age."""
        functions, before = self.functions, self.theta
        self.theta = functions.move(before, u, self.step)
        effort = functions.effort(before, u)
        if not functions.metric_constant:  # the trapezoidal rule for uᵀG(θ)u
            effort = 0.5 * (effort + functions.effort(self.theta, u))
        self.efforts += self.steps[k] * effort
        self.rates.note(k, 1 / self.problem.objective.learning_rate, effort)
        self.actor.wait(self.step)

    def _check_observation(self) -> None:
        functions = self.functions
        if isinstance(self.actor, LearnerActor) and functions.observations != functions.controls:
            raise ProblemError(
                self.name,
                expected=f"observations with one entry per control ({functions.controls})",
                received=f"{functions.observations} per step",
                advice="raw learners step along what they see: show them a gradient",
            )

    def _watch(self, time: float) -> None:
        """Note divergence, and set diverged parameters to NaN so that they stay so."""
        bad = ~np.isfinite(self.theta).all(1)
        if bad.any():
            self.theta[bad] = np.nan
            if self.diverged_by is None:
                self.diverged_by = time

    def rollout(self, *, horizon: float, ended: bool = True, **settings: Any) -> Rollout:
        """What came of it; the terminal cost and the paths only where the horizon was reached."""
        functions, objective = self.functions, self.problem.objective
        terminals = np.zeros(len(self.theta))
        if functions.has_terminal and ended:
            weight = objective.terminal_weight * math.exp(-objective.discount * horizon)
            terminals = weight * functions.terminal(self._answer, self.random.hidden)
        costs = self.losses + self.efforts + terminals
        final = self._answer if ended else self.theta  # of a part it is the answer already
        bad = ~(np.isfinite(self.theta).all(1) & np.isfinite(costs))
        costs[bad] = np.inf
        if bad.any() and self.diverged_by is None:
            self.diverged_by = horizon
        diverged = np.flatnonzero(bad)
        for array in (self.losses, self.efforts, terminals, costs, final, diverged):
            array.setflags(write=False)
        return Rollout(
            losses=self.losses,
            efforts=self.efforts,
            terminals=terminals,
            costs=costs,
            final=final,
            diverged=diverged,
            diverged_by=self.diverged_by,
            remainder=self.rates.remainder(horizon),
            step=self.step,
            horizon=horizon,
            assumes=self.actor.assumes,
            paths=self.recorder.paths(self.step) if ended else None,
            problem=self.problem,
            **settings,
        )


class _Rates:
    """Mean running costs in the last tenth of a T = ∞ rollout.

    From them what comes later is judged.
    """

    def __init__(self, problem: ControlProblem, count: int):
        self.discount = problem.objective.discount
        last_tenth = max(count // 10, 1) if math.isinf(problem.objective.horizon) else 0
        self.first = count - last_tenth
        self.means = np.zeros(last_tenth)

    def note(self, k: int, weight: float, values: np.ndarray) -> None:
        """Loss or effort of the episodes at step k, and its weight in the running cost."""
        if k >= self.first:
            self.means[k - self.first] += weight * values.mean()

    def remainder(self, horizon: float) -> float:
        """e^{-γH}/γ times the largest of the means; 0 at finite T."""
        if not len(self.means):
            return 0.0
        return float(math.exp(-self.discount * horizon) / self.discount * self.means.max())
