"""What a newcomer does: double-click a lecture, run it, move a slider and see the figure change."""

from pathlib import Path

import pytest

LECTURES = sorted(path.stem for path in (Path(__file__).parents[2] / "lectures").glob("*.py"))
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


@pytest.fixture
def page(browser, lab):
    """The start page of the course."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(60 * SECONDS)
    page.goto(lab.url)
    yield page
    context.close()


@pytest.mark.parametrize("lecture", LECTURES)
def test_lecture_runs_and_its_slider_moves_the_figure(page, lab, lecture):
    open_by_double_click(page, f"{lecture}.py")
    run_all(page)
    assert errors(page) == []
    cell = page.locator(".jp-Notebook .jp-Cell:has(.noUi-handle):has(img)").first
    before = figures(cell)
    move_slider(cell)
    assert wait_for_change(cell, before), "the figure stayed as it was"
    page.locator(IDLE).wait_for()
    assert errors(page) == []
    settings = lab.home / ".jupyter" / "lab" / "user-settings"
    assert not list(settings.rglob("*.jupyterlab-settings")), "the user's settings were touched"


def test_an_error_in_a_widget_callback_is_seen(page, lab):
    (lab.course / "lectures" / "99_faulty.py").write_text(FAULTY)
    open_by_double_click(page, "99_faulty.py")
    run_all(page)
    assert errors(page) == []
    move_slider(page.locator(".jp-Notebook .jp-Cell:has(.noUi-handle)").first)
    page.locator(RED).first.wait_for()
    assert "too high" in "".join(errors(page))


def open_by_double_click(page, name):
    page.locator(".jp-DirListing-item", has_text="lectures").dblclick()
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


def wait_for_change(cell, before, seconds=60):
    """Whether the figures of `cell` become other than `before`, and at least one is shown."""
    for _ in range(10 * seconds):
        images = cell.locator("img").evaluate_all("images => images.map(image => image.src)")
        if images and images != before:
            return True
        cell.page.wait_for_timeout(100)
    return False
