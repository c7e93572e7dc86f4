"""The reading edition in a browser, on a desk and on a phone, without a network.

One lecture with an explorer, a verdict, a table and long lines stands for all where that is
enough; a nightly test builds the whole course and looks at every page.
"""

import contextlib
import functools
import http.server
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import pytest
from axe_playwright_python.sync_playwright import Axe

from ntklab.course import frames, site
from ntklab.explorers import depth
from ntklab.explorers.frames import Plan

COURSE = Path(__file__).parents[2]

EXECUTED = bool(os.environ.get("EVERY_LECTURE"))
PHONE, DESK = {"width": 390, "height": 900}, {"width": 1280, "height": 900}
PAGES = ("index.html", "lectures/06_one.html", "claims.html", "api/index.html",
         "api/ntklab.tangent.html")  # fmt: skip
# in this process, and few: what a plan holds is tested in tests/test_site.py
FEW = Plan(("hidden_layers",), hidden_layers=(2, 10, 60), density=depth.DENSITIES)
HEAVIEST = 6e6  # bytes of a page with all that it may fetch
LECTURE = '''# %% [markdown]
# # One lecture
#
# **Time:** about 20 minutes. **What is seen?** In (7) a formula of some length:
#
# $$u^{(t)} - y = (I - \\eta H)^t (u^{(0)} - y) + \\epsilon_1 + \\epsilon_2 . \\tag{7}$$

# %%
import pandas as pd

from ntklab import claims
from ntklab.explorers import depth as explorer

# %%
explorer.explorer()

# %%
a_line_of_code_that_is_as_long_as_lines_can_be = [1_000_000, 2_000_000, 3_000_000, 4_000_000]
print("a line of output that is longer than a phone is wide, and longer than a desk: " * 3)

# %%
print(claims.judge("C06"))

# %%
pd.DataFrame([[1.0] * 12], columns=[f"a long name, {i}" for i in range(12)])
'''

# What is wider than its place, cannot be scrolled with a cue, and is seen
CUT_OFF = """() => [...document.querySelectorAll("article *")].filter(e =>
    e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1
    && getComputedStyle(e).overflowX !== "visible"
    && !e.classList.contains("scrolls") && !e.closest(".katex, .picture")
  ).map(e => `${e.tagName}.${e.className} ${e.scrollWidth} > ${e.clientWidth}`)"""
# What says that it can be scrolled where hardly a pixel is out of sight
NEEDLESS = """() => [...document.querySelectorAll("article .scrolls")].filter(
    e => e.scrollWidth < e.clientWidth + 5).map(e => e.textContent)"""
WRAPPED = ".cell_input pre, .verdict, .verdict *"


@pytest.fixture(scope="module")
def address(browser, tmp_path_factory):
    """Where the site of one short lecture is served."""
    folder = tmp_path_factory.mktemp("site")
    course = folder / "course"
    (course / "lectures").mkdir(parents=True)
    others = shutil.ignore_patterns("*.md")  # these link lectures that are not here
    shutil.copytree(COURSE / "lectures" / "_site", course / "lectures" / "_site", ignore=others)
    source = (COURSE / "lectures" / "06_depth.py").read_text(encoding="utf-8")
    header = source.partition("# %%")[0]
    (course / "lectures" / "06_one.py").write_text(header + LECTURE, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(site, "_modules", lambda package: ["ntklab.tangent"])
        patched.setattr(depth, "FRAMES", FEW)
        patched.setattr(frames, "_pool", lambda: ThreadPoolExecutor(1))
        cheap = ("C06", "C07", "C09", "C12")
        patched.setattr(
            frames, "claim_cards",
            lambda kept: {name: frames._claim_card(name, kept) for name in cheap},
        )
        site.build(course, folder / "html")
    with served(folder / "html") as url:
        yield url


@pytest.fixture(scope="module")
def whole(browser, tmp_path_factory):
    """Where the site of all lectures is served; executed with EVERY_LECTURE=1, in ten minutes."""
    folder = tmp_path_factory.mktemp("whole") / "html"
    site.build(COURSE, folder, execute=EXECUTED)
    with served(folder) as url:
        yield url


@contextlib.contextmanager
def served(folder):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = functools.partial(Quiet, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(params=[PHONE, DESK], ids=["phone", "desk"])
def page(browser, request):
    page = browser.new_page(viewport=request.param)
    yield page
    page.close()


def looked_at(page, url):
    """Open a page; what is wrong with it, whatever page it is."""
    wrong = []
    own = url[: url.index("/", 8)]
    page.on("request", lambda r: None if r.url.startswith((own, "data:")) else wrong.append(r.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    assert page.goto(url, wait_until="load").ok
    width = page.viewport_size["width"]
    if page.evaluate("document.documentElement.scrollWidth") > width:
        wrong.append("the page is wider than the window")
    wrong += page.evaluate(CUT_OFF)
    wrapped = f"""() => [...document.querySelectorAll("{WRAPPED}")].filter(e =>
        e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"""
    wrong += [f"does not wrap: {text}" for text in page.evaluate(wrapped)]
    missing = page.locator("article img:not([alt]), article img[alt='']").count()
    wrong += ["a picture without alt text"] * missing
    return wrong


def moved_to_both_ends_and_back(page):
    """Every control of every explorer of the page, by keyboard; how many there were."""
    many = 0
    for figure in page.locator("figure.explorer").all():
        image = figure.locator("img")
        first = image.get_attribute("src"), image.get_attribute("alt")
        for control in figure.locator("input[type=range]").all():
            seen = {first}
            for key in ("End", "Home"):
                control.focus()
                control.press(key)
                seen.add((image.get_attribute("src"), image.get_attribute("alt")))
                loaded = "e => e.decode().then(() => e.naturalWidth > 0)"
                assert image.evaluate(loaded)
                assert control.get_attribute("aria-valuetext")
            assert len(seen) >= 2
            figure.locator(".explorer-reset").click()
            assert (image.get_attribute("src"), image.get_attribute("alt")) == first
            many += 1
        for choice in figure.locator("input[type=radio], input[type=checkbox]").all():
            choice.click()
            assert image.evaluate("e => e.decode().then(() => e.naturalWidth > 0)")
            figure.locator(".explorer-reset").click()
            assert image.get_attribute("src") == first[0]
            many += 1
    return many


@pytest.mark.parametrize("name", PAGES)
def test_page(page, address, name):
    assert looked_at(page, address + name) == []
    assert page.evaluate(NEEDLESS) == []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.evaluate(f"document.documentElement.dataset.theme = '{scheme}'")
        serious = [
            f"{scheme}: {finding['id']}: {finding['nodes'][0]['html'][:200]}"
            for finding in Axe().run(page).response["violations"]
            if finding["impact"] in ("serious", "critical")
        ]
        assert serious == []


def test_controls_move_the_picture(page, address):
    page.goto(address + PAGES[1])
    assert moved_to_both_ends_and_back(page) == 1 + 3
    assert page.locator(".verdict.holds .badge").inner_text() == "holds"
    assert page.locator(".scrolls").count() >= 2  # the table and the line of output say so


def test_play_goes_to_the_end_and_is_gone_where_less_motion_is_wanted(browser, address):
    page = browser.new_page()
    page.goto(address + PAGES[1])
    control = page.locator("figure.explorer input[type=range]")
    control.focus()
    control.press("End")
    control.press("ArrowLeft")
    page.click(".explorer-play")
    last = control.get_attribute("max")
    page.wait_for_function(f"document.querySelector('input[type=range]').value === '{last}'")
    assert page.inner_text(".explorer-play") == "Play"
    page.emulate_media(reduced_motion="reduce")
    page.reload()
    assert page.locator(".explorer-play").is_hidden()
    page.close()


def test_a_formula_is_there_with_the_page_and_can_be_linked_to(browser, address):
    page = browser.new_page(java_script_enabled=False)
    page.goto(address + PAGES[1])
    assert page.locator("#eq-7 .katex-html").count() == 1
    page.close()


def test_claims_are_filtered_by_verdict(browser, address):
    page = browser.new_page()
    page.goto(address + "claims.html")
    cards = page.locator(".claims .verdict")
    assert cards.count() == 4
    page.check("input[value=corrected]")
    seen = [card for card in cards.all() if card.is_visible()]
    assert 0 < len(seen) < 4 and page.inner_text(".claims-status") == f"{len(seen)} of 4 claims"
    page.close()


def test_search_finds_a_word_of_a_lecture(browser, address):
    page = browser.new_page()
    page.goto(address + "search.html?q=formula")
    page.wait_for_selector("#search-results li a")
    assert "06_one" in page.locator("#search-results li a").first.get_attribute("href")
    page.close()


@pytest.mark.nightly
def test_every_page_of_the_course(browser, whole):
    """Nothing cut off, every control to both ends, every link leads somewhere, none too heavy."""
    for size in (PHONE, DESK):
        seen, waiting, moved = set(), [whole + "index.html"], 0
        while waiting:
            url = waiting.pop()
            if url in seen or "/_static/" in url:
                continue
            seen.add(url)
            page, weight = browser.new_page(viewport=size), []
            page.on("requestfinished", lambda r, w=weight: w.append(r.sizes()["responseBodySize"]))
            assert looked_at(page, url) == [], url
            moved += moved_to_both_ends_and_back(page)
            assert sum(weight) < HEAVIEST, url
            links = page.eval_on_selector_all("a[href]", "a => a.map(e => e.getAttribute('href'))")
            ids = set(page.eval_on_selector_all("[id]", "all => all.map(e => e.id)"))
            page.close()
            for link in links:
                target, fragment = urldefrag(urljoin(url, link))
                if target == url and fragment:
                    assert fragment in ids, f"{url}: no {fragment}"
                if target.startswith(whole):
                    waiting.append(target)
        lectures = len(list((COURSE / "lectures").glob("[0-9][0-9]_*.py")))
        assert sum("/lectures/" in url for url in seen) == lectures
        assert moved > 2 * lectures or not EXECUTED
