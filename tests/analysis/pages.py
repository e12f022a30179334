"""Pages of analysis/report in headless Chromium, for the tests of them."""

import json
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import browser
import fixtures
import symsweep
from symsweep import output, report

FOLDER = tempfile.mkdtemp(prefix="symsweep-test-")
FIGURES = ["story", "phase-diagram", "groups", "curves", "consistent", "generators", "acquisition", "threshold", "onset-order", "lead-times", "survival", "embedding",
           "spectrum", "dimension", "troubles", "run-table"]
TABLES_ONLY = {"groups", "troubles", "run-table"}
SYMMETRIES = {"consistent", "generators", "acquisition"}  # there only where a file has something to show in them
WIDE, PHONE = 1160, 390


def command(path, *options):
    return subprocess.run([str(fixtures.REPORT), str(path), *options], capture_output=True, text=True)


def start():
    """Trains the sweep that pages are made of, and starts the browser."""
    global FINISHED, CHROMIUM
    content = fixtures.sweep("finished")
    content["run"].update({"steps": 1500, "evaluate": {"every": 20, "snapshots": 10}})
    content["grid"]["train_fraction"] = [0.3, 0.8]
    # A learning rate at which nothing stays finite.
    content["cases"].append({"label": "too fast", "optimizer.learning_rate": 1e30, "optimizer.weight_decay": 0})
    FINISHED = fixtures.train(FOLDER, content)
    CHROMIUM = browser.Browser()
    CHROMIUM.__enter__()


def stop():
    CHROMIUM.__exit__(None, None, None)
    shutil.rmtree(FOLDER)


OPEN = None  # what the browser shows, as long as nobody has touched it


def open_page(path, width=WIDE, scheme="light"):
    """Makes the page of a results file, unless it is there, and opens it, unless it is open as it was opened."""
    global OPEN
    if OPEN == (path, width, scheme):
        return
    page = Path(path).with_suffix(".html")
    if path != FINISHED or not page.exists():
        output.write(page, report.build(symsweep.load(path)))
    CHROMIUM.size(width, 900)
    CHROMIUM.scheme(scheme)
    CHROMIUM.open(page)
    OPEN = (path, width, scheme) if path == FINISHED else None


def touch_page():
    """The test that calls this leaves the page other than it found it."""
    global OPEN
    OPEN = None


def theme_colours(theme, names):
    """name -> colour in a theme; the page is as before afterwards."""
    return CHROMIUM.evaluate("""(() => {
        document.documentElement.dataset.theme = '%s';
        const style = getComputedStyle(document.documentElement);
        const found = Object.fromEntries(%s.map((n) => [n, style.getPropertyValue('--' + n).trim()]));
        delete document.documentElement.dataset.theme;
        return found;
    })()""" % (theme, json.dumps(names)))


class Case(unittest.TestCase):
    def assert_quiet(self):
        found, requests = CHROMIUM.complaints()
        self.assertEqual(found, [])
        self.assertTrue(all(url.startswith(("file:", "data:")) for url in requests), requests)
        self.assertEqual(sum(url.startswith("file:") for url in requests), 1, requests)

    def facts(self):
        """id -> what a figure shows."""
        return {f["id"]: f for f in json.loads(CHROMIUM.evaluate("""JSON.stringify(page.figures.map((f) => {
            const box = document.getElementById(f.id), svg = box.querySelector(".area svg:not(.swatch)");
            return {id: f.id, empty: f.empty, nothing: box.querySelector(".nothing")?.textContent || "",
                marks: svg ? svg.querySelectorAll("path,rect,circle,line").length : 0, inside: svg ? svg.getBBox().width : 0,
                name: svg ? svg.getAttribute("aria-label") : "", rows: box.querySelectorAll(".area tbody tr").length,
                table: f.empty ? 0 : f.table().rows.length, note: box.querySelector(".note").textContent};
        }))"""))}

    def overlaps(self):
        """Letters that lie on letters, figure by figure, and letters outside their figure."""
        return json.loads(CHROMIUM.evaluate("""JSON.stringify([...document.querySelectorAll("figure")].flatMap((figure) =>
            [...figure.querySelectorAll(".area svg:not(.swatch)")].flatMap((svg) => {
                const frame = figure.getBoundingClientRect();
                const texts = [...svg.querySelectorAll("text")].map((t) => [t, t.getBoundingClientRect()]).filter(([, b]) => b.width);
                const found = texts.filter(([, b]) => b.left < frame.left || b.right > frame.right).map(([t]) => `${figure.id}: ${t.textContent} sticks out`);
                texts.forEach(([a, p], i) => texts.slice(i + 1).forEach(([b, q]) => {
                    if (a.hasAttribute("transform") && /rotate\\(-35/.test(a.getAttribute("transform"))) return;
                    const w = Math.min(p.right, q.right) - Math.max(p.left, q.left), h = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
                    if (w > 1 && h > 4) found.push(`${figure.id}: ${a.textContent} on ${b.textContent}`);
                }));
                return found;
            })))"""))
