"""A Sphinx extension: names in docstrings lead to the page that shows what they name.

Docstrings name things as their own module sees them (``:func:`simulate```); pages show them under the
public path. What exists in the package but has no page is set as code; what does not exist at all
stays a warning.
"""

import ast
from functools import cache
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.nodes import make_refnode

import landscape_control


def setup(app: Sphinx) -> dict:
    app.connect("missing-reference", resolve)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def resolve(app, env, node, contnode):
    """A link to the one object with this last part of its name; code where there is no page."""
    if node.get("refdomain") != "py":
        return None
    wanted = node["reftarget"].removeprefix("lc.").split(".")
    objects = env.domains["py"].objects
    found = {name: entry for name, entry in objects.items() if _ends_with(name, wanted)}
    if not found:
        found = {name: entry for name, entry in objects.items() if _ends_with(name, wanted[-1:])}
    best = min(found, key=lambda name: (name.count("."), name), default=None)
    if best is not None:
        entry = found[best]
        return make_refnode(
            app.builder, node["refdoc"], entry.docname, entry.node_id, contnode, best
        )
    if wanted[-1] in names_of_the_package():
        return nodes.literal("", contnode.astext())
    return None


def _ends_with(name: str, parts: list[str]) -> bool:
    return name.split(".")[-len(parts) :] == parts


@cache
def names_of_the_package() -> frozenset[str]:
    """Every module, class, function and attribute that the package's files define."""
    root = Path(landscape_control.__file__).parent
    names: set[str] = set()
    for path in root.rglob("*.py"):
        names |= {path.stem, path.parent.name}
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                names.add(node.name)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                names.add(node.target.id)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                names.add(node.attr)
    return frozenset(names)
