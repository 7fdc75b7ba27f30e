"""The oldest versions that pyproject.toml declares, as constraints for pip; with --check, whether
these are installed.

    python scripts/oldest.py [EXTRA ...] > constraints.txt     a line NAME==FLOOR for each
                                                               dependency, those of extras too
    python scripts/oldest.py --check [EXTRA ...]               exits with 1 where another version is
                                                               installed

The floors are read, never written down a second time: whoever raises or lowers one has the suite's
core run with it.
"""

import argparse
import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
_DECLARED = re.compile(r"([A-Za-z0-9._-]+)\s*(?:\[[^]]*\])?\s*>=\s*([0-9][0-9.]*)")


def floors(extras=(), project: Path = PROJECT) -> dict[str, str]:
    """{name: oldest version} of the package's dependencies and those of its ``extras``; each must
    be NAME>=VERSION.
    """
    declared = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    lines = list(declared["dependencies"])
    for extra in extras:
        lines += declared["optional-dependencies"][extra]
    found = {}
    for line in lines:
        match = _DECLARED.fullmatch(line.strip())
        if match is None:
            raise SystemExit(
                f"{project.name}: {line!r} should be NAME>=VERSION, so that its oldest version is"
                " known"
            )
        name, floor = match.groups()
        if found.setdefault(name, floor) != floor:
            raise SystemExit(f"{project.name}: {name} has two floors, {found[name]} and {floor}")
    return found


def others_installed(oldest: dict[str, str]) -> list[str]:
    """What is installed in another version than the oldest, or not at all; a line each."""
    found = []
    for name, floor in oldest.items():
        try:
            installed = version(name)
        except PackageNotFoundError:
            installed = "nothing"
        if _release(installed) != _release(floor):
            found.append(f"{name}: {floor} is declared, {installed} is installed")
    return found


def _release(text):
    """8, 8.0 and 8.0.0 are the same version."""
    return re.sub(r"(\.0)+$", "", text)


def main():
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "extras", nargs="*", help="extras whose dependencies belong to it, as in pyproject.toml"
    )
    parser.add_argument("--check", action="store_true", help="compare with what is installed here")
    asked = parser.parse_args()
    oldest = floors(asked.extras)
    if not asked.check:
        print("\n".join(f"{name}=={floor}" for name, floor in oldest.items()))
        return 0
    others = others_installed(oldest)
    print(
        "\n".join(others)
        or f"oldest declared versions: {', '.join(f'{name} {version(name)}' for name in oldest)}"
    )
    return 1 if others else 0


if __name__ == "__main__":
    sys.exit(main())
