"""Widgets: each module is `compute(...)`, `draw(data)` -> Figure and `explorer()` -> Widget."""
