"""A Sphinx extension: formulas as MathML, which browsers draw themselves.

No script runs and nothing is fetched, so that the site works from a folder and offline.
"""

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util.math import get_node_equation_number


def setup(app: Sphinx) -> dict:
    app.add_html_math_renderer("mathml", (inline, None), (display, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def inline(writer, node: nodes.math) -> None:
    """A formula in a line of text."""
    writer.body.append(convert(node.astext()))
    raise nodes.SkipNode


def display(writer, node: nodes.math_block) -> None:
    """A formula on its own, with its number and a link to itself where it has one."""
    formula = convert(_on_lines(node.astext()), display="block")
    anchor, number = "", ""
    if node["number"]:
        shown = get_node_equation_number(writer, node)
        target = node["ids"][0]
        anchor = f' id="{target}"'
        number = f'<a class="eqno" href="#{target}">({shown})</a>'
    writer.body.append(f'<div class="formula"{anchor}>{formula}{number}</div>\n')
    raise nodes.SkipNode


def _on_lines(latex: str) -> str:
    """Formulas of several lines are aligned at their &: the converter knows ``split``."""
    latex = latex.replace("{aligned}", "{split}")
    if r"\\" in latex and r"\begin" not in latex:
        return rf"\begin{{split}}{latex}\end{{split}}"
    return latex
