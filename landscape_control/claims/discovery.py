"""Which claims there are: every module in problems/ brings its own."""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

from ..support.arguments import checked
from ..support.errors import ProblemError, check_choice
from .claim import Claim

if TYPE_CHECKING:
    from ..model.problem import ControlProblem
    from ..optimisation.program import PolicyProgram

PACKAGE = "landscape_control.problems"  # the folder problems/ of the repository, see pyproject.toml


@checked
def all_claims() -> tuple[Claim, ...]:
    """Every claim, by name.

    Raises
    ------
    ProblemError
        A module without ``CLAIM`` or ``CLAIMS``, without a function ``problem``, or two claims with
        one name.
    """
    home_of: dict[str, str] = {}  # claim -> module
    claims = []
    for module in _modules():
        for claim in claims_of(module):
            if claim.name in home_of:
                both = f"{home_of[claim.name]} and in {module.__name__}"
                raise ProblemError(
                    "claim names",
                    expected="every name once",
                    received=f"{claim.name!r} in {both}",
                    advice="rename one of the two",
                )
            home_of[claim.name] = module.__name__
            claims.append(claim)
    return tuple(sorted(claims, key=lambda claim: claim.name))


@checked
def find_claim(name: str) -> Claim:
    """The claim called ``name``, underscores read as hyphens; near matches of a misspelt name."""
    claims = {claim.name: claim for claim in all_claims()}
    return claims[check_choice("claim", _spelling(name), claims)]


@checked
def claim_problem(name: str) -> "ControlProblem | PolicyProgram":
    """The problem of the claim, or of the module in problems/, called ``name``."""
    file = str(name).replace("-", "_")
    if file in {entry.name for entry in _entries()}:  # the others need not be read
        return importlib.import_module(f"{PACKAGE}.{file}").problem()
    makers = {}
    for module in _modules():
        for claim in claims_of(module):
            makers[claim.name] = module.problem
        makers.setdefault(_spelling(module.__name__.rsplit(".", 1)[-1]), module.problem)
    return makers[check_choice("claim", _spelling(name), makers)]()


def _spelling(name: object) -> str:
    return str(name).replace("_", "-")


def _entries() -> list[pkgutil.ModuleInfo]:
    package = importlib.import_module(PACKAGE)
    entries = sorted(pkgutil.iter_modules(package.__path__), key=lambda entry: entry.name)
    return [  # helpers begin with _; pictures are a folder
        entry for entry in entries if not entry.name.startswith("_") and not entry.ispkg
    ]


def _modules() -> Iterator[ModuleType]:
    for entry in _entries():
        yield importlib.import_module(f"{PACKAGE}.{entry.name}")


def claims_of(module: ModuleType) -> tuple[Claim, ...]:
    """``CLAIMS`` of a module, or its ``CLAIM``."""
    claims = getattr(module, "CLAIMS", None) or (getattr(module, "CLAIM", None),)
    if not isinstance(claims, (tuple, list)) or not all(
        isinstance(claim, Claim) for claim in claims
    ):
        raise ProblemError(
            module.__name__,
            expected="CLAIM, a Claim, or CLAIMS, a tuple of them",
            received="neither",
            advice=(
                "define it at the end of the module, or start the file name with _ if it is a"
                " helper"
            ),
        )
    if not callable(getattr(module, "problem", None)):
        raise ProblemError(
            module.__name__,
            expected="a function problem() returning its ControlProblem or PolicyProgram",
            received="none",
            advice="define it, so that the claim's problem can be solved and swept by name",
        )
    return tuple(claims)
