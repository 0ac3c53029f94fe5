"""Settings of Sphinx for the pages of docs/: ``make docs``."""

project = "Archival scan restoration"
author = "The contributors to the archival scan restoration workflow"
copyright = f"{author}. MIT licence"

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["pictures"]
# Links to headings (`page.md#a-heading`) are checked down to this depth.
myst_heading_anchors = 3
myst_enable_extensions = ["deflist"]
nitpicky = True

html_theme = "furo"
html_title = project
html_copy_source = False
