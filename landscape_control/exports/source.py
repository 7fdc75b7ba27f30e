"""What can be exported, as the policy it stands for; what cannot is refused with the reason."""

from collections.abc import Mapping

from ..identification.identification import Identification
from ..identification.maps import Conclusion, Verdict
from ..optimisation import PolicyResult, WorstCaseResult
from ..rules import CausalRule, Rule
from ..rules.catalogue import family_by_name
from ..rules.families import Family, Policy
from ..rules.families.trial import check_steps
from ..simulation import PolicyLearner
from ..simulation.optimisers import FamilyLearner
from ..support.errors import ProblemError, shown
from .scheduled import policy_of_schedule

Given = Mapping[str, object] | None  # coefficients by name


def policy_of(rule: object, coefficients: Given, horizon: int | None) -> Policy:
    """The policy of anything that :func:`export` takes."""
    if isinstance(rule, str):
        rule = family_by_name(rule)
    if isinstance(rule, CausalRule):
        rule.vector(dict(coefficients or {}))  # the ranges in which it is this rule
        rule = rule.family
    if isinstance(rule, Family):
        return _of_family(rule, coefficients, horizon)
    policy = _finished(rule)
    if coefficients is None and horizon is None:
        return policy
    changed = {**policy.coefficients, **(coefficients or {})}
    return Policy(family=policy.family, coefficients=changed, horizon=horizon or policy.horizon)


def _finished(rule: object) -> Policy:
    """The policy of what has its coefficients already."""
    if isinstance(rule, Policy):
        return rule
    if isinstance(rule, PolicyResult | WorstCaseResult):
        return _of_result(rule)
    if isinstance(rule, Verdict):
        return _of_verdict(rule)
    if isinstance(rule, PolicyLearner):
        return rule.policy
    if isinstance(rule, FamilyLearner):
        return _of_learner(rule)
    if isinstance(rule, Rule):
        raise _closed_form(rule.name)
    raise ProblemError(
        "rule",
        expected=(
            "a policy, the result of an optimisation, the verdict of identify, a textbook learner,"
            " a causal rule or family with its coefficients, or the name of one"
        ),
        received=shown(rule),
        advice="e.g. export('heavy ball', coefficients={...}, to='torch')",
    )


def _of_family(family: Family, coefficients: Given, horizon: int | None) -> Policy:
    """A family with its coefficients; those that end need to know when."""
    ends = family.reads_clock or any(each.varies for each in family.coefficients)
    if ends and horizon is None:
        raise ProblemError(
            "horizon",
            expected=f"the number of steps of {family.name}, which depends on how many are left",
            received="None",
            advice="give horizon=, the steps of the whole training",
        )
    check_steps(family, horizon or 1)
    return Policy(family=family, coefficients=dict(coefficients or {}), horizon=horizon or 1)


def _of_learner(learner: FamilyLearner) -> Policy:
    """A learner of the simulation, whose rates are per unit of time, at steps of length 1."""
    names = (each.name for each in learner.rule.coefficients)
    values = {name: getattr(learner, learner.fields_of.get(name, name)) for name in names}
    return Policy(family=learner.rule, coefficients=values, horizon=1)


def _of_result(result: PolicyResult | WorstCaseResult) -> Policy:
    if not result.status.ok:
        raise ProblemError(
            "result",
            expected="an optimisation that converged",
            received=f"{result.status}: {result.status.value}",
            advice="solve it again as the status says, or export result.policy knowing that",
        )
    return result.policy


def _of_verdict(verdict: Verdict) -> Policy:
    """The rule that a policy was found to be, with the coefficients found."""
    first = verdict.rows[0]
    if verdict.conclusion is Conclusion.NONE_FITS:
        if isinstance(verdict, Identification) and verdict.scheduled is not None:
            return policy_of_schedule(verdict.scheduled)
        raise ProblemError(
            "verdict",
            expected="a rule that fits",
            received=(
                f"{verdict.conclusion.value}: the nearest, {first.name}, misses"
                f" {first.error:.1%} of the updates"
            ),
            advice=_instead(verdict),
        )
    if verdict.conclusion is Conclusion.NOT_IDENTIFIABLE:
        raise ProblemError(
            "verdict",
            expected="one rule",
            received=f"{verdict.conclusion.value}: {', '.join(verdict.equivalent)}",
            advice=(
                "they may differ on other data: identify on more, or choose one,"
                " export(verdict.rows[0].rule, coefficients=verdict.rows[0].coefficients, ...)"
            ),
        )
    if not isinstance(first.rule, CausalRule):
        raise _closed_form(first.name)
    return policy_of(first.rule, first.coefficients, None)


def _instead(verdict: Verdict) -> str:
    """What can be exported where no rule of the library with constant numbers is the verdict."""
    random = verdict.random if isinstance(verdict, Identification) else None
    if random is not None and random.is_white:
        return (
            "the rule below the noise can: export(verdict.random.fit.rule,"
            " coefficients=verdict.random.fit.coefficients, ...)"
        )
    if isinstance(verdict, Identification) and verdict.kernel is not None:
        return "a kernel is a table of numbers and no rule with a state: export the nearest rule"
    return "there is no rule to run; export the policy itself that was identified"


def _closed_form(name: str) -> ProblemError:
    return ProblemError(
        "rule",
        expected="a causal rule, which needs gradients and its own state only",
        received=f"{name}, a closed form of a learner that knows the landscape",
        advice="optimise or fit a causal rule (lc.optimize_policy, lc.identify of histories)",
    )
