"""The figure of measures that have a cadence of their own, in headless Chromium: what it draws is in the file."""

import shutil
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np

import browser
import fixtures
import pages

EVERY = {"llc": 60, "sharpness": 40, "kernel": 80, "circuits": 20}
KINDS = {"landscape": ["llc", "hessian_top_1", "hessian_trace"], "kernel": ["ntk_alignment", "agop_circulant"],
         "circuits": ["neuron_product", "logit_product"], "interpretability": ["restricted_loss"], "weights": ["weight_norm_mlp"]}


def setUpModule():
    global FOLDER, PATH, CHROMIUM
    FOLDER = tempfile.mkdtemp(prefix="symsweep-test-")
    content = fixtures.sweep("measured")
    del content["cases"]
    content["run"].update({"steps": 200, "measure": {name: {"every": every} for name, every in EVERY.items()}})
    content["run"]["evaluate"] = {"every": 20, "snapshots": 0}
    content["grid"] = {"seed": [0, 1]}
    PATH = fixtures.train(FOLDER, content)
    CHROMIUM = browser.Browser()
    CHROMIUM.__enter__()


def tearDownModule():
    CHROMIUM.__exit__(None, None, None)
    shutil.rmtree(FOLDER)


class Measures(unittest.TestCase):
    def open(self, path):
        target = Path(FOLDER, Path(path).stem + ".html")
        done = pages.command(path, "-o", str(target))
        self.assertEqual(done.returncode, 0, done.stderr)
        CHROMIUM.size(pages.WIDE, 900)
        CHROMIUM.open(target)

    def choose(self, kind):
        CHROMIUM.evaluate("(() => { const list = document.querySelector('#measures select'); list.value = %r; list.dispatchEvent(new Event('change')); })()" % kind)

    def test_every_kind_with_the_numbers_of_the_file(self):
        self.open(PATH)
        kinds = CHROMIUM.evaluate("[...document.querySelectorAll('#measures option')].map((o) => o.value)")
        self.assertEqual(kinds, list(KINDS))
        with h5py.File(PATH, "r") as file:
            for kind, names in KINDS.items():
                self.choose(kind)
                table = CHROMIUM.evaluate("page.figures.find((f) => f.id === 'measures').table()")
                self.assertFalse([row for row in table["rows"] if row[1].endswith("_error")])
                self.assertEqual(CHROMIUM.evaluate("document.querySelectorAll('#measures svg').length"), 1 + len({row[1] for row in table["rows"]}))
                for name in names:
                    group = "curves" if kind == "weights" else kind
                    steps, values = file["curves/step"][0], file["%s/%s" % (group, name)][:]
                    measured = np.isfinite(values).any(axis=0)
                    drawn = [row for row in table["rows"] if row[1] == name]
                    self.assertEqual([row[2] for row in drawn], steps[measured].tolist(), name)
                    span = np.ptp(values[:, measured])
                    np.testing.assert_allclose([row[3] for row in drawn], np.nanmedian(values[:, measured], axis=0), rtol=1e-3, atol=1e-4 * span, err_msg=name)
        self.assertEqual(CHROMIUM.complaints()[0], [])

    def test_not_there_without_them(self):
        content = fixtures.sweep("plain")
        content["run"]["steps"] = 40
        self.open(fixtures.train(FOLDER, content))
        self.assertIsNone(CHROMIUM.evaluate("document.querySelector('#measures')"))
        self.assertTrue(CHROMIUM.evaluate("document.querySelector('nav a[href=\"#measures-section\"]').hidden"))


if __name__ == "__main__":
    unittest.main()
