"""A page to hand over: events, verdicts and coverage → one plain data object → HTML, Markdown, trace events.

``gather.py`` and ``judge.py`` make of events what ``data.py`` puts into the object; the rest only reads the object.
"""
