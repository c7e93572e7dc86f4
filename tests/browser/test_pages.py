"""The reading edition in a browser, on a desk and on a phone."""

import contextlib
import functools
import http.server
import threading
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import pytest
from axe_playwright_python.sync_playwright import Axe

from ntklab.course import site

COURSE = Path(__file__).parents[2]

PHONE, DESK = {"width": 390, "height": 900}, {"width": 1280, "height": 900}
LECTURE = "03"
PAGES = (
    "index.html",
    "lectures/03_eigenfunctions.html",
    "exercises/03_eigenfunctions.html",
    "api/index.html",
    "api/ntklab.tangent.html",
)
# MathJax has nothing more to do
TYPESET = """() => !document.querySelector("script[src*=MathJax]")
    || (window.MathJax && MathJax.Hub && MathJax.Hub.queue.pending === 0)"""


@pytest.fixture(scope="module")
def address(browser, tmp_path_factory):
    """Where the site of one lecture and its assignment is served."""
    folder = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(site, "_modules", lambda package: ["ntklab.tangent"])
        site.build(COURSE, folder, [LECTURE], progress=False)
    with served(folder) as url:
        yield url


@pytest.fixture(scope="module")
def whole(browser, tmp_path_factory):
    """Where the site of all lectures is served, none of them executed."""
    folder = tmp_path_factory.mktemp("whole")
    site.build(COURSE, folder, progress=False, execute=False)
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


@pytest.mark.parametrize("name", PAGES)
def test_page(page, address, name):
    outside = []
    page.on("request", lambda r: None if r.url.startswith(address) else outside.append(r.url))
    page.goto(address + name)
    page.wait_for_function(TYPESET)
    assert name.startswith("api") or page.locator(".MathJax").count() > 0
    assert page.locator(".MathJax_Error, .merror").count() == 0
    assert [url for url in outside if url.startswith("http")] == []
    # nothing sticks out sideways
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    missing = page.locator("article img:not([alt]), article img[alt='']").count()
    assert missing == 0, f"{missing} pictures without alt text"
    serious = [
        f"{finding['id']}: {finding['nodes'][0]['html'][:200]}"
        for finding in Axe().run(page).response["violations"]
        if finding["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_every_page_fits_a_phone_and_every_link_inside_leads_somewhere(browser, whole):
    page, seen, waiting = browser.new_page(viewport=PHONE), set(), [whole + "index.html"]
    while waiting:
        url = waiting.pop()
        if url in seen or "/_static/" in url:
            continue
        seen.add(url)
        assert page.goto(url).ok, url
        page.wait_for_function(TYPESET)
        assert page.locator(".MathJax_Error, .merror").count() == 0, url
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"], f"{url}: {wide} pixels wide"
        links = page.eval_on_selector_all("a[href]", "all => all.map(a => a.getAttribute('href'))")
        ids = set(page.eval_on_selector_all("[id]", "all => all.map(e => e.id)"))
        for link in links:
            target, fragment = urldefrag(urljoin(url, link))
            if target == url and fragment:
                assert fragment in ids, f"{url}: no {fragment}"
            if target.startswith(whole):
                waiting.append(target)
    page.close()
    pages = [name.removeprefix(whole) for name in seen]
    for kind, many in (("lectures", 8), ("exercises", 7), ("api", 60)):
        assert sum(name.startswith(f"{kind}/") for name in pages) >= many


def test_previous_and_next_lead_through_the_course(browser, address):
    page = browser.new_page()
    page.goto(address + "index.html")
    page.click("a.right-next")
    assert page.url.endswith(PAGES[1])
    page.click("a.right-next")
    assert page.url.endswith(PAGES[2])
    page.click("a.left-prev")
    assert page.url.endswith(PAGES[1])
    page.close()


def test_no_solution_is_on_a_page(browser, address):
    page = browser.new_page()
    page.goto(address + PAGES[2])
    text = page.inner_text("article")
    assert "YOUR CODE HERE" in text
    assert "BEGIN SOLUTION" not in text
    page.close()
