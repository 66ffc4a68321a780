"""Sphinx extension: what extensions put on every page and no page of this book uses is left out."""

import re

UNUSED = ("_static/design-tabs.js",)  # there are no tabs
VIEWPORT = re.compile(r'<meta [^>]*name="viewport"[^>]*/>')  # the layout has one


def lighten(app, pagename, templatename, context, doctree) -> None:
    context["script_files"] = [file for file in context["script_files"] if file.filename not in UNUSED]
    context["metatags"] = VIEWPORT.sub("", context.get("metatags", ""))


def setup(app):
    app.connect("html-page-context", lighten, priority=900)  # after the extensions that put them there
    return {"parallel_read_safe": True, "parallel_write_safe": True}
