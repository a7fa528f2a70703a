"""``python -m labelportal.run``: the whole portal on one machine, with nothing installed but Python.

The same definitions of the parts (``parts``) and of "it answers" (``probes``) serve the launcher and the tests.
"""
