"""Which software decides the numbers of a sweep."""

from ..support.errors import ProblemError
from ..support.versions import package_version

_PACKAGES = ("landscape-control", "casadi", "numpy", "scipy")


def versions() -> dict[str, str]:
    """{package: version}."""
    return {name: package_version(name) for name in _PACKAGES}


def check_versions(planned: dict[str, str]) -> None:
    """Refuse to compute cells of a plan with other versions than those it was made with."""
    here = versions()
    other = [
        f"{name} {here.get(name)} (planned {planned[name]})"
        for name in planned
        if planned[name] != here.get(name)
    ]
    if other:
        raise ProblemError(
            "versions",
            expected="the versions that the sweep was planned with",
            received=", ".join(other),
            advice=(
                "use those versions in every process, or start again in another folder; "
                "what is finished can be read with load_store"
            ),
        )
