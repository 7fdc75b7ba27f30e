"""Sphinx reads this; ``build.py`` calls Sphinx."""

import landscape_control

project = "landscape_control"
author = "the landscape_control team"
html_show_copyright = False
release = landscape_control.__version__
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
    "cross_references",
    "docstrings",
    "mathml",
]
html_math_renderer = "mathml"
myst_enable_extensions = ["dollarmath", "amsmath", "deflist", "colon_fence", "attrs_inline"]
myst_heading_anchors = 3
root_doc = "index"
exclude_patterns = ["_build"]
nitpicky = True  # a cross-reference that leads nowhere is an error
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_display_short_literal_types = True
add_module_names = False
math_numfig = False
numfig = False

html_theme = "furo"
html_title = "landscape_control"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {"footer_icons": [], "navigation_with_keys": True}
pygments_style = "friendly"
pygments_dark_style = "native"
suppress_warnings: list[str] = []
