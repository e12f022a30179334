"""Output that cannot be written is an error of every command, with one exit code; a reader that has seen enough is not."""
import os
import subprocess
import unittest

from results_support import BINARY, Folder, make_file

COMMANDS = ("check", "status", "show", "export", "merge", "draws", "recover", "bench", "simulate",
            "symmetries")
SWEEP = """{"name": "s", "run": {"task": {"kind": "modular", "p": 5}, "steps": 20, "checkpoint": {"every_seconds": 0},
 "model": {"kind": "mlp", "d_model": 4, "d_hidden": 4}}, "grid": {"seed": {"range": [0, 2]}}}"""


class Stdout(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Folder()
        root = cls.folder.__enter__()
        cls.addClassCleanup(cls.folder.__exit__, None, None, None)
        cls.sweep, cls.results, cls.many = root / "s.json", root / "s.h5", root / "many.h5"
        cls.sweep.write_text(SWEEP)
        subprocess.run([BINARY, "--quiet", cls.sweep], check=True, capture_output=True)
        make_file(cls.many, 300, 3)
        # What prints less than a buffer, and what prints more.
        cls.lines = [["--help"], ["--version"], *([command, "--help"] for command in COMMANDS),
                     ["check", "--list-keys"], ["check", "--list-keys", "--json"], ["check", cls.sweep],
                     ["check", "--json", cls.sweep], ["status", cls.results], ["status", "--json", cls.results],
                     ["show", cls.results, "--run", "0"], ["export", cls.results], ["export", cls.many],
                     ["draws", cls.results, "--run", "0", "--steps", "1:3"],
                     ["simulate", cls.sweep], ["status", "--all", cls.many],
                     ["symmetries", cls.sweep], ["symmetries", "--json", cls.sweep]]

    def test_a_full_disk(self):
        for line in self.lines:
            with self.subTest(line=line), open("/dev/full", "w") as full:
                done = subprocess.run([BINARY, *line], stdout=full, stderr=subprocess.PIPE, text=True)
                self.assertEqual(done.returncode, 3, done.stderr)
                self.assertRegex(done.stderr, "error: stdout cannot be written: (No space left|an earlier write failed)")

    def test_a_closed_stdout(self):
        for line in self.lines:
            with self.subTest(line=line):
                done = subprocess.run(["sh", "-c", 'exec "$0" "$@" >&-', BINARY, *map(str, line)],
                                      stderr=subprocess.PIPE, text=True)
                self.assertEqual(done.returncode, 3, done.stderr)
                self.assertIn("error: stdout cannot be written", done.stderr)

    def test_a_reader_that_has_seen_enough(self):
        for ignore in (False, True):  # with SIGPIPE as it is, and where the parent ignores it
            for line in self.lines:
                with self.subTest(line=line, ignore=ignore):
                    reading, writing = os.pipe()
                    os.close(reading)
                    done = subprocess.run([BINARY, *line], stdout=writing, stderr=subprocess.PIPE, text=True,
                                          restore_signals=not ignore)
                    os.close(writing)
                    self.assertNotIn("error", done.stderr)
                    self.assertIn(done.returncode, (0,) if ignore else (0, -13), done.stderr)

    def test_a_failure_keeps_its_code(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([BINARY, "check", "--json", "nowhere.json"], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 2)

    def test_the_results_of_a_job_are_what_was_asked_for(self):
        """The summary behind them is not."""
        with open("/dev/full", "w") as full:
            done = subprocess.run([BINARY, self.sweep], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("the summary could not be printed: No space left", done.stderr)

    def test_a_closed_stdout_is_no_results_file(self):
        """Descriptors that are free when the program starts must not be what it opens and prints into."""
        output = self.results.with_name("closed.h5")
        for close in ("0<&- 1>&-", "1>&- 2>&-", "0<&- 1>&- 2>&-"):
            with self.subTest(close):
                output.unlink(missing_ok=True)
                done = subprocess.run(["sh", "-c", 'exec "$0" "$@" ' + close, BINARY, "-o", output, self.sweep])
                self.assertEqual(done.returncode, 0)
                subprocess.run([BINARY, "status", output], check=True, capture_output=True)


if __name__ == "__main__":
    unittest.main()
