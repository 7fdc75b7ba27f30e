"""Which packages the wheel holds; all else stands in pyproject.toml.

Those of the library are found. The claims in problems/ travel inside the package, so that no
top-level name ``problems`` is taken.
"""

from setuptools import find_packages, setup

CLAIMS = "landscape_control.problems"

library = find_packages(include=["landscape_control", "landscape_control.*"])
claims = [CLAIMS, *(f"{CLAIMS}.{name}" for name in find_packages("problems"))]
setup(packages=[*library, *claims], package_dir={CLAIMS: "problems"})
