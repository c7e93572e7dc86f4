"""What all explorers share: controls on top, one picture below, a line that says what happens."""

import asyncio
import contextlib
import signal
import threading
from html import escape

import ipywidgets as widgets

from ntklab.figures import show

BUSY = "<em>computing …</em>"
PAUSE = 0.05  # seconds without another change before computing starts, in a running kernel
KEPT = 64  # pictures to which one can go back without computing


class Board(widgets.VBox):
    """Controls wired to ``draw(compute(**values))``.

    Parameters
    ----------
    compute : callable
        Takes the controls' values by name, returns data. A ValueError it raises is shown in the
        status line and the last picture stays; so it does when the kernel is interrupted. Any
        other exception goes through.
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
        self._timer = None
        self._pictures = {}  # values: picture, the oldest first
        reset = widgets.Button(description="Reset", tooltip="Back to the first settings")
        reset.on_click(self._reset)
        for control in controls.values():
            control.style.description_width = "9em"
            control.layout.width = "28em"
            if isinstance(control, widgets.ToggleButtons):
                control.style.button_width = "auto"  # all in one row
            control.observe(self._changed, names="value")
        grid = widgets.HBox([*controls.values(), reset], layout={"flex_flow": "row wrap"})
        super().__init__([grid, self.status, self.picture])
        self._update()

    def _changed(self, _change=None):
        """Compute, in a kernel only when no further change is waiting: held keys cause many."""
        if self._paused:
            return
        self.status.value = BUSY
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._update()
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(PAUSE, self._told)

    def _told(self):
        """No cell waits for this one's traceback: name the error where it is seen."""
        try:
            self._update()
        except Exception as error:
            self.status.value = f"<strong>{escape(f'{type(error).__name__}: {error}')}</strong>"
            raise

    def _update(self):
        self.status.value = BUSY
        values = {name: control.value for name, control in self.controls.items()}
        key = tuple(values.values())
        try:
            if key not in self._pictures:
                with _interruptible():
                    self._pictures[key] = show(self.draw(self.compute(**values))).html
                if len(self._pictures) > KEPT:
                    del self._pictures[next(iter(self._pictures))]
            self.picture.value = self._pictures[key]
            self.status.value = ""
        except ValueError as error:
            self.status.value = f"<strong>{escape(str(error))}</strong>"
        except KeyboardInterrupt:
            self.status.value = "<strong>stopped; the picture is the last one</strong>"

    def _reset(self, _button):
        self._paused = True
        for name, control in self.controls.items():
            control.value = self._first[name]
        self._paused = False
        self._changed()


@contextlib.contextmanager
def _interruptible():
    """Between cells a kernel ignores interrupts; here it is to hear them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def log_slider(description, value, low, high):
    """A slider over powers of ten from `low` to `high` that reports on release."""
    return widgets.FloatLogSlider(
        value=value, min=low, max=high, step=0.05, description=description,
        continuous_update=False, readout_format=".3g",
    )


def slider(description, value, low, high):
    """A slider over tenths from `low` to `high` that reports on release."""
    return widgets.FloatSlider(
        value=value, min=low, max=high, step=0.1, description=description, continuous_update=False
    )


def choice(description, options):
    """Buttons, one for each option, the first pressed."""
    return widgets.ToggleButtons(options=options, description=description)


def whole_slider(description, value, low, high):
    """A slider over whole numbers that reports on release."""
    return widgets.IntSlider(
        value=value, min=low, max=high, description=description, continuous_update=False
    )
