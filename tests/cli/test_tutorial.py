#!/usr/bin/python3
"""docs/tutorial.md: its sweep, its commands as printed, and what it says comes out. In short the runs are cut to a few
steps; with SYMSWEEP_LONG=1 they are trained as they are, and the table must be the printed one."""
import os
import pathlib
import re
import subprocess
import unittest

from results_support import BINARY, Folder

ROOT = pathlib.Path(__file__).resolve().parents[2]
LONG = os.environ.get("SYMSWEEP_LONG") == "1"
TEXT = (ROOT / "docs" / "tutorial.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


class Tutorial(unittest.TestCase):
    def run_command(self, folder, command, code=0):
        """A line of the page, in a shell that finds the program."""
        done = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True,
                              env={**os.environ, "PATH": f"{pathlib.Path(BINARY).parent}:/usr/bin:{os.environ['PATH']}"})
        self.assertEqual(done.returncode, code, command + "\n" + done.stderr)
        return done.stdout, done.stderr

    def assert_shown(self, block, text):
        """The lines of a block stand in the text, in this order; "..." stands for any."""
        at = 0
        for line in block.splitlines():
            if line == "...":
                continue
            found = text.find(line, at)
            self.assertGreaterEqual(found, 0, "%r is not in\n%s" % (line, text))
            at = found + len(line)

    def test_page(self):
        sweep = next(text for kind, text in BLOCKS if kind == "json")
        commands = [text.strip() for kind, text in BLOCKS if not kind and re.match(r"(symsweep|analysis/|python3)", text)]
        printed = [text for kind, text in BLOCKS if not kind and not re.match(r"(symsweep|analysis/|python3)", text)]
        with Folder() as folder:
            (folder / "analysis").symlink_to(ROOT / "analysis")
            (folder / "decay.json").write_text(sweep.replace('"learning_rate"', '"lr"'))
            wrong = self.run_command(folder, "symsweep check decay.json", code=2)[1]
            self.assert_shown(next(text for text in printed if "error:" in text), wrong)
            (folder / "decay.json").write_text(sweep)
            self.assert_shown(printed[0], self.run_command(folder, commands[0] + " --speed 40")[0])
            self.run_command(folder, commands[1] + ("" if LONG else " --no-progress run.steps=100"))
            told = self.run_command(folder, commands[2])[0]
            self.assertIn("9 runs: 9 done", told)
            if LONG:
                self.assert_shown(next(text for text in printed if "t_mem" in text), told)
            self.assertIn("test_accuracy_unmirrored", self.run_command(folder, commands[3])[0])
            (folder / "plot.py").write_text(next(text for kind, text in BLOCKS if kind == "python"))
            self.run_command(folder, commands[4])
            self.assertTrue((folder / "decay.png").read_bytes().startswith(b"\x89PNG"))
            changed = self.run_command(folder, commands[5])[0]
            self.assertRegex(changed, r"changed +run.steps=20000\n")
            self.assertRegex(changed, r"\nruns +3\n")
            self.run_command(folder, commands[6].splitlines()[0])
            self.assertEqual(len((folder / "runs.csv").read_text().splitlines()), 10)
            if LONG:
                self.run_command(folder, commands[6].splitlines()[1])


if __name__ == "__main__":
    unittest.main()
