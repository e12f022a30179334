#!/usr/bin/python3
"""docs/own-task.md does what it prints: its files are written, its commands run one after the other, with fewer steps, and
what does not depend on training comes out as printed."""
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from results_support import BINARY

TOP = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = (TOP / "docs" / "own-task.md").read_text(encoding="utf-8")
STEPS = 20
# Beginnings of lines that say what the sweep, its plan, its table and its group are; numbers of a training of 20 steps are
# not those of 20,000.
EXACT = ("sweep ", "output ", "runs ", "data ", "leaks ", "  mirror", "  derived", "task ", "scope ", "order ", "inputs ",
         "split ", "derivable ", "start,", "00:00,", "clock.html", "setting ", "generators ", " " * 13)


def blocks():
    """(name of the file or None, text) of each fenced block, in order."""
    for before, language, text in re.findall(r"((?:[^\n]*\n)?[^\n]*)\n\n```(\w*)\n(.*?)```", DOCUMENT, re.S):
        name = re.search(r"`([\w.-]+)`:$", before) if language else None
        yield name.group(1) if name else None, text


def steps(text):
    """Commands of a block, each with the lines printed below it."""
    found = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
    return found


class OwnTask(unittest.TestCase):
    def test_every_block_is_a_file_or_commands(self):
        fences = re.findall(r"^```", DOCUMENT, re.M)
        self.assertEqual(2 * len(list(blocks())), len(fences))
        self.assertEqual([name for name, _ in blocks() if name],
                         ["clock.py", "clock.json", "later.py", "later-sweep.json", "curves.py"])
        self.assertTrue(all(name or text.startswith("$ ") for name, text in blocks()))

    def test_the_document_does_what_it_prints(self):
        with tempfile.TemporaryDirectory(prefix="symsweep-own-") as folder:
            home, work, path = (pathlib.Path(folder, name) for name in ("home", "work", "path"))
            for made in (home, work, path):
                made.mkdir()
            (home / "symsweep").symlink_to(TOP)
            (path / "symsweep").symlink_to(pathlib.Path(BINARY).resolve())
            (path / "python3").symlink_to(sys.executable)
            environment = {**os.environ, "HOME": str(home), "PATH": "%s:%s" % (path, os.environ["PATH"])}
            commands = exact = 0
            for name, text in blocks():
                if name:
                    if name.endswith(".json"):
                        self.assertIn('"steps": ', text)
                        json.loads(text)
                        text = re.sub(r'"steps": \d+', '"steps": %d' % STEPS, text)
                    (work / name).write_text(text, encoding="utf-8")
                    continue
                for command, printed in steps(text):
                    with self.subTest(command):
                        done = subprocess.run(["bash", "-c", command], cwd=work, env=environment, capture_output=True, text=True)
                        self.assertEqual(done.returncode, 0, done.stderr)
                        found = done.stdout.splitlines()
                        for line in printed:
                            if line.startswith(EXACT) or line.lstrip().startswith(("mirror", "derived")):
                                self.assertIn(line, found)
                                exact += 1
                        if "..." not in printed and "curves.py" not in command:
                            self.assertEqual(len(found), len(printed), done.stdout)
                        commands += 1
            self.assertGreaterEqual(commands, 9)
            self.assertGreater(exact, 30)
            page = (work / "clock.html").read_text(encoding="utf-8")
            self.assertIn("<title>clock", page)
            order = 9216 * math.factorial(24) ** 2  # 24 tokens stand nowhere at each operand
            self.assertEqual(json.loads((work / "found.json").read_text())["order"], str(order))
            self.assertEqual(len(json.loads((work / "later.json").read_text())), 2)


if __name__ == "__main__":
    unittest.main()
