"""What a newcomer does: double-click a lecture, run it, move a slider and see the figure change."""

import time
from functools import partial
from pathlib import Path
from statistics import median

import pytest

LECTURES = sorted(path.stem for path in (Path(__file__).parents[2] / "lectures").glob("*.py"))
FOLLOWS = 2.0  # seconds until a picture follows its control, on an idle machine
SECONDS = 1000  # Playwright counts in milliseconds

# The notebook in front, from JupyterLab's own model: cells that are scrolled away count too.
CELLS = """() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells
    .filter(cell => cell.cell_type === "code" && [].concat(cell.source).join("").trim())"""
FINISHED = f"""() => {{
    const cells = ({CELLS})();
    const failed = cell => cell.outputs.some(output => output.output_type === "error");
    return cells.every(cell => cell.execution_count) || cells.some(failed);
}}"""
# JupyterLab shows tracebacks and warnings alike in such red blocks, widgets' output included.
RED = "[data-mime-type='application/vnd.jupyter.stderr']"
IDLE = "#jp-main-statusbar >> text=/\\| Idle/"

FAULTY = """\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %%
import ipywidgets as widgets
import matplotlib.pyplot as plt

# %%
def draw(frequency):
    if frequency > 1:
        raise ValueError("too high")
    plt.plot([0, frequency])
    plt.show()


slider = widgets.IntSlider(value=1, min=1, max=9)
widgets.VBox([slider, widgets.interactive_output(draw, {"frequency": slider})])
"""


LAPTOP, PROJECTOR = {"width": 1280, "height": 900}, {"width": 1920, "height": 1080}


@pytest.fixture
def page(browser, lab, request):
    """The start page of the course, on a laptop unless the test is given another screen."""
    context = browser.new_context(viewport=getattr(request, "param", LAPTOP))
    page = context.new_page()
    page.set_default_timeout(60 * SECONDS)
    page.goto(lab.url)
    yield page
    context.close()


@pytest.mark.parametrize("lecture", LECTURES)
def test_lecture_runs_and_its_explorers_follow_every_control(page, lab, lecture):
    open_by_double_click(page, "lectures", f"{lecture}.py")
    run_all(page)
    assert errors(page) == []
    boards = page.locator(".jp-Notebook .jp-Cell:has(.noUi-handle):has(img)")
    waits = [wait for cell in boards.all() for wait in moved_to_both_ends(cell)]
    assert len(waits) >= 4, "too few controls were found"
    told = f"{lecture}: {len(waits)} moves, {median(waits):.2f} s median, {max(waits):.2f} s most"
    print(told)
    assert median(waits) < FOLLOWS and max(waits) < 5 * FOLLOWS, told
    page.locator(IDLE).wait_for()
    assert errors(page) == []
    settings = lab.home / ".jupyter" / "lab" / "user-settings"
    assert not list(settings.rglob("*.jupyterlab-settings")), "the user's settings were touched"
    assert saved(page, lab, f"lectures/{lecture}.py") == original(f"lectures/{lecture}.py")


@pytest.mark.parametrize("page", [LAPTOP, PROJECTOR], indirect=True, ids=["laptop", "projector"])
def test_the_index_comes_first_and_leads_to_a_lecture(page):
    index = page.locator(".jp-MarkdownViewer")
    index.locator("h1", has_text="ntklab").wait_for()
    picture = index.locator("img[alt*='ten hidden layers']")
    picture.wait_for()
    page.wait_for_function("image => image.naturalWidth > 500", arg=picture.element_handle())
    box = picture.bounding_box()
    assert box["x"] + box["width"] <= page.viewport_size["width"]
    index.locator("a[href*='03_eigenfunctions']").first.click()
    page.locator(".jp-NotebookPanel .jp-Notebook").wait_for()
    page.locator(IDLE).wait_for()
    assert "Eigenfunctions" in page.locator(".jp-Notebook h1").first.inner_text()
    assert page.locator("text=official Jupyter news").count() == 0


@pytest.mark.parametrize("page", [PROJECTOR], indirect=True, ids=["projector"])
def test_an_exercise_answers_and_saving_keeps_only_what_was_typed(page, lab):
    name = "exercises/02_two_layer.py"
    open_by_double_click(page, *name.split("/"))
    run_all(page)
    assert any("not written yet" in str(error) for error in errors(page))
    cell = page.locator(".jp-CodeCell", has_text="def circle_kernel").first
    cell.scroll_into_view_if_needed()
    line = cell.locator(".cm-line", has_text="raise NotImplementedError")
    line.click()
    page.keyboard.press("End")
    page.keyboard.press("Shift+Home")
    page.keyboard.type("return x - z")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    page.locator(IDLE).wait_for()
    page.wait_for_function("() => document.body.innerText.includes('Hint: ')")
    assert "✗ circle_kernel" in page.locator(".jp-Notebook").inner_text()
    before, after = original(name).splitlines(), saved(page, lab, name).splitlines()
    new = [line for line in after if line not in before]
    assert [line.strip() for line in new] == ["return x - z"]
    assert len(after) == len(before)


def test_an_error_in_a_widget_callback_is_seen(page, lab):
    (lab.course / "lectures" / "99_faulty.py").write_text(FAULTY, encoding="utf-8")
    open_by_double_click(page, "lectures", "99_faulty.py")
    run_all(page)
    assert errors(page) == []
    move_slider(page.locator(".jp-Notebook .jp-Cell:has(.noUi-handle)").first)
    page.locator(RED).first.wait_for()
    assert "too high" in "".join(errors(page))


def open_by_double_click(page, folder, name):
    page.locator(".jp-MarkdownViewer").wait_for()  # all of JupyterLab has come
    page.locator(".jp-DirListing-item", has_text=folder).dblclick()
    page.locator(".jp-DirListing-item", has_text=name).dblclick()
    page.locator(".jp-NotebookPanel .jp-Notebook").wait_for()


def run_all(page, seconds=300):
    page.locator(IDLE).wait_for()  # before that Run All is lost without a word
    page.locator(".lm-MenuBar-item", has_text="Run").click()
    page.locator(".lm-Menu-item", has_text="Run All Cells").first.click()
    page.wait_for_function(FINISHED, timeout=seconds * SECONDS)
    page.locator(IDLE).wait_for()


def errors(page):
    """What shows in red: in the notebook's outputs, and on the page, where widgets put theirs."""
    outputs = [output for cell in page.evaluate(CELLS) for output in cell["outputs"]]
    found = [output for output in outputs if "ename" in output or output.get("name") == "stderr"]
    return found + page.locator(RED).all_inner_texts()


def figures(cell):
    cell.scroll_into_view_if_needed()
    cell.locator("img").first.wait_for()
    return cell.locator("img").evaluate_all("images => images.map(image => image.src)")


def move_slider(cell):
    handle = cell.locator(".noUi-handle").first
    handle.scroll_into_view_if_needed()
    handle.focus()
    at_end = handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemax")
    handle.press("ArrowLeft" if at_end else "ArrowRight")


def moved_to_both_ends(cell):
    """Move every control of an explorer to both ends and back; seconds until the picture came."""
    waits = []
    for handle in cell.locator(".noUi-handle").all():
        first = handle.get_attribute("aria-valuenow")
        for key in ("End", "Home"):
            waits += changed(cell, handle, partial(handle.press, key))
        for _ in range(400):  # and back, as fast as keys repeat
            if float(handle.get_attribute("aria-valuenow")) >= float(first):
                break
            handle.press("ArrowRight")
        finished(cell)
    for button in cell.locator(".widget-toggle-button").all():
        waits += changed(cell, button, button.click)
    for box in cell.locator("input[type=checkbox]").all():
        waits += changed(cell, box, box.click) + changed(cell, box, box.click)
    finished(cell)
    before = figures(cell)
    cell.get_by_role("button", name="Reset").click()
    finished(cell)
    assert figures(cell) == before or len(waits) > 0
    return waits


def changed(cell, control, act):
    """[seconds from the act to the other picture], or [] if the control was there already.

    Seconds of an idle machine: where other programs take a share of it, they are that much longer.
    """
    before, state = figures(cell), _state(control)
    control.scroll_into_view_if_needed()
    slower = slowdown()
    start = time.monotonic()
    act()
    if _state(control) == state:
        return []
    assert wait_for_change(cell, before), "the figure stayed as it was"
    wait = time.monotonic() - start
    finished(cell)
    return [wait / max(slower, slowdown())]


def slowdown(seconds=0.1):
    """How many times longer than on an idle machine a computation takes now, at least 1."""
    clock, worked = time.perf_counter(), time.process_time()
    while time.process_time() < worked + seconds:
        pass
    return max(1.0, (time.perf_counter() - clock) / seconds)


def _state(control):
    names = ["aria-valuenow", "class"]
    return [control.get_attribute(name) for name in names] + [control.evaluate("e => e.checked")]


def finished(cell):
    cell.page.wait_for_timeout(150)  # longer than the explorer's own pause
    cell.locator("text=computing").wait_for(state="detached", timeout=60 * SECONDS)


def saved(page, lab, name):
    """The file's text after Save."""
    path = lab.course / name
    before = path.stat().st_mtime_ns
    page.keyboard.press("Escape")
    page.keyboard.press("Control+s")
    for _ in range(100):
        if path.stat().st_mtime_ns != before:
            page.wait_for_timeout(300)
            return path.read_text(encoding="utf-8")
        page.wait_for_timeout(100)
    raise AssertionError("it was not saved")


def original(name):
    return (Path(__file__).parents[2] / name).read_text(encoding="utf-8")


def wait_for_change(cell, before, seconds=60):
    """Whether the figures of `cell` become other than `before`, and at least one is shown."""
    for _ in range(10 * seconds):
        images = cell.locator("img").evaluate_all("images => images.map(image => image.src)")
        if images and images != before:
            return True
        cell.page.wait_for_timeout(100)
    return False
