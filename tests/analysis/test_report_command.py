"""The command line of analysis/report: what it refuses, and that the same file gives the same page."""

import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import fixtures

FOLDER = tempfile.mkdtemp(prefix="symsweep-test-")


def command(path, *options):
    return subprocess.run([str(fixtures.REPORT), str(path), *options], capture_output=True, text=True)


def setUpModule():
    global FINISHED
    FINISHED = fixtures.train(FOLDER, fixtures.sweep("finished"))


def tearDownModule():
    shutil.rmtree(FOLDER)


class Command(unittest.TestCase):
    def test_refusals(self):
        text = Path(FOLDER, "text.h5")
        text.write_text("no results")
        for path, reason in ((text, "not an HDF5 file"), (Path(FOLDER, "absent.h5"), "no such file")):
            done = command(path)
            self.assertEqual(done.returncode, 3)
            self.assertIn(reason, done.stderr)
            self.assertNotIn("Traceback", done.stderr)
        self.assertEqual(subprocess.run([str(fixtures.REPORT)], capture_output=True).returncode, 2)
        done = command(FINISHED, "-o", str(Path(FOLDER, "no", "such", "folder.html")))
        self.assertEqual((done.returncode, "Traceback" in done.stderr), (3, False))

    def test_same_file_same_page(self):
        texts = []
        for name in ("a.html", "b.html"):
            self.assertEqual(command(FINISHED, "-o", str(Path(FOLDER, name))).returncode, 0)
            texts.append(re.sub(r'id="header">[^<]*|Made [^ ]+ [^ ]+ UTC', "", Path(FOLDER, name).read_text()))
        self.assertEqual(*texts)


if __name__ == "__main__":
    unittest.main()
