"""Widgets: each module is `compute(...) -> data`, `draw(data) -> Figure`, `explorer() -> Widget`."""
