"""Widgets for notebooks: which device, what it is doing, the Codex login, skills, and all of it in one panel.

Nothing is imported here: the looks of widgets are used by what needs no ipywidgets.
"""
