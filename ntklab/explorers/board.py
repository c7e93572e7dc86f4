"""What all explorers share: controls on top, one picture below, a line that says what happens."""

from html import escape

import ipywidgets as widgets

from ntklab.figures import show


class Board(widgets.VBox):
    """Controls wired to ``draw(compute(**values))``.

    Parameters
    ----------
    compute : callable
        Takes the controls' values by name, returns data. A ValueError it raises is shown in the
        status line and the last picture stays; any other exception goes through.
    draw : callable
        Takes the data, returns a figure with alt text.
    controls : dict of str to Widget
        In the order shown.
    """

    def __init__(self, compute, draw, controls):
        self.compute, self.draw, self.controls = compute, draw, controls
        self.picture = widgets.HTML()
        self.status = widgets.HTML()
        self._first = {name: control.value for name, control in controls.items()}
        self._paused = False
        reset = widgets.Button(description="Reset", tooltip="Back to the first settings")
        reset.on_click(self._reset)
        for control in controls.values():
            control.style.description_width = "9em"
            control.layout.width = "28em"
            control.observe(self._update, names="value")
        grid = widgets.HBox([*controls.values(), reset], layout={"flex_flow": "row wrap"})
        super().__init__([grid, self.status, self.picture])
        self._update()

    def _update(self, _change=None):
        if self._paused:
            return
        self.status.value = "<em>computing …</em>"
        values = {name: control.value for name, control in self.controls.items()}
        try:
            self.picture.value = show(self.draw(self.compute(**values))).html
            self.status.value = ""
        except ValueError as error:
            self.status.value = f"<strong>{escape(str(error))}</strong>"

    def _reset(self, _button):
        self._paused = True
        for name, control in self.controls.items():
            control.value = self._first[name]
        self._paused = False
        self._update()


def log_slider(description, value, low, high):
    """A slider over powers of ten from `low` to `high` that reports on release."""
    return widgets.FloatLogSlider(
        value=value, min=low, max=high, step=0.05, description=description,
        continuous_update=False, readout_format=".3g",
    )


def whole_slider(description, value, low, high):
    """A slider over whole numbers that reports on release."""
    return widgets.IntSlider(
        value=value, min=low, max=high, description=description, continuous_update=False
    )
