"""Which states of an explorer a page without Python shows: its plan of frames."""

from itertools import product


class Plan:
    """Values of every control, and which controls move together.

    Parameters
    ----------
    *grids : tuple of str
        Names of controls whose values are combined freely. The last of the first grid is the one
        that an animation moves. Any control moves alone, too, the others at their start.
    **values : sequence
        What each control can show, by its name among the arguments of `compute`.
    """

    def __init__(self, *grids, **values):
        self.grids = grids
        self.values = {name: tuple(shown) for name, shown in values.items()}

    @property
    def animated(self):
        return self.grids[0][-1]

    def states(self, start):
        """Every state as a dict of values, `start` first, each once."""
        found = {tuple(start.values()): dict(start)}
        for grid in (*self.grids, *((name,) for name in self.values)):
            for moved in product(*(self.values[name] for name in grid)):
                state = {**start, **dict(zip(grid, moved, strict=True))}
                found.setdefault(tuple(state.values()), state)
        return list(found.values())
