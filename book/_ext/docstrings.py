"""Show the docstrings of lvc as they are written, on the page of its reference.

`Shapes:`, `Errors:`, `Raises:` and `Source:` become fields, `|` is no markup, and the
page itself says what "see the module" points to.
"""

import re

FIELD = re.compile(r"(Shapes|Errors|Raises on a call|Raises|Source): ")


def in_fields(app, what, name, obj, options, lines):
    shown, field = [], False
    for line in lines:
        starts = FIELD.match(line)
        if starts and not field:
            shown.append("")
        field = bool(starts or (field and line))
        line = line.replace("|", r"\|").removesuffix(" (see the module).")
        if starts:
            line = f":{starts[1]}: {line[starts.end() :]}"
        shown.append("    " + line if field and not starts else line)
    lines[:] = shown


def setup(app):
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", in_fields)
    return {"parallel_read_safe": True}
