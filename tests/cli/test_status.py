#!/usr/bin/python3
"""symsweep status: finished, live and crashed files, as text and JSON, watched from a terminal and through a pipe."""
import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import time
import unittest

from results_support import BINARY, STATES, Folder, Live, make_file, run

COLUMNS = 80


class Status(unittest.TestCase):
    def check_columns(self, text):
        for line in text.splitlines():
            self.assertLessEqual(len(line), COLUMNS, line)

    def test_finished(self):
        with Folder() as folder:
            path = folder / "results.h5"
            make_file(path, 7, 6)
            text = run("status", path)
            self.check_columns(text)
            self.assertRegex(text, r"^fixture, begun \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ: finished\n7 runs: 6 done, 1 failed\n")
            self.assertIn("run 3 failed: killed by signal 9", text)
            self.assertRegex(text, r"\n    5      5  grokking  +105 +500 +605   0\.081  ")
            # run 6 has the axes of run 0 but another label
            self.assertRegex(text, r"fünf, weight=0, readout_token=true, operation=add\n +1 +100 +500 +600  1 grokked\n")
            data = json.loads(run("status", path, "--json"))
            self.assertEqual(data["counts"], {**dict.fromkeys(["total", *STATES], 0), "total": 7, "done": 6, "failed": 1})
            self.assertFalse(data["live"])
            self.assertIsNone(data["writer"])
            self.assertEqual([r["t_gen"] for r in data["runs"]], [600 + r for r in range(7)])
            for onset in ("t_geo", "t_geo_participation"):
                self.assertEqual([r[onset] for r in data["runs"]], [None] * 7)
            self.assertEqual(data["runs"][2]["axes"], {"symmetry.commutativity.weight": 0.2, "seed": 2,
                                                       "model.readout_token": True, "task.operation": "add"})
            self.assertEqual(run("status", "--watch", path), text)

    def test_medians(self):
        """Of runs that differ in the seed alone; the lower middle one, - where most did not get there."""
        with Folder() as folder:
            sweep = folder / "s.json"
            sweep.write_text(json.dumps({
                "name": "medians", "output": "s.h5",
                "run": {"task": {"kind": "modular", "operation": "add", "p": 5}, "steps": 40, "evaluate": {"every": 10},
                        "model": {"kind": "mlp", "layers": 1, "d_model": 4, "d_hidden": 8}},
                "grid": {"optimizer.learning_rate": [0.001, 0.1], "seed": {"range": [0, 3]}}}))
            run("--quiet", "--no-progress", sweep)
            data = json.loads(run("status", folder / "s.h5", "--json"))
            text = run("status", folder / "s.h5")
            self.check_columns(text)
            for rate in (0.001, 0.1):
                runs = [r for r in data["runs"] if r["axes"]["optimizer.learning_rate"] == rate]
                self.assertEqual(len(runs), 3)
                expected = []
                for key in ("t_mem", "t_sym", "t_gen"):
                    median = sorted(float("inf") if r[key] is None else r[key] for r in runs)[1]
                    expected.append("-" if median == float("inf") else str(median))
                line = re.search(rf"^learning_rate={rate} +3 +(\S+) +(\S+) +(\S+)  ", text, re.M)
                self.assertEqual(list(line.groups()), expected)

    def test_live_and_watched(self):
        with Folder() as folder:
            path = folder / "results.h5"
            with Live(path, 4, 5) as writer:
                text = run("status", path)
                self.check_columns(text)
                self.assertRegex(text, rf": being written\nwriter: host \S+, process {writer.pid}, since ")
                self.assertIn("4 runs: 3 done, 1 running\n", text)
                self.assertRegex(text, r"\n    3      3        0   0% \d\.\d{3} \d\.\d{3}  [▁-█]+ +\S")
                self.assertRegex(text, r"\n\[#+\.+\] +\d+ % of the steps")
                self.assertTrue(json.loads(run("status", path, "--json"))["live"])
                piped = subprocess.Popen([BINARY, "status", "--watch", path], stdout=subprocess.PIPE, text=True)
                self.assertRegex(piped.stdout.readline(), r"^\d{4}-\S+Z  4 runs: 3 done, 1 running")
                ours, theirs = pty.openpty()
                watched = subprocess.Popen([BINARY, "status", "--watch", path], stdout=theirs,
                                           env={**os.environ, "TERM": "dumb"})
                os.close(theirs)
                self.assertRegex(os.read(ours, 256), rb"^\d{4}-\S+Z  4 runs: 3 done, 1 running")
            # the writer goes, and the watchers with it
            rest = piped.communicate(timeout=60)[0]
            self.assertIn("stopped; start the sweep again to go on", rest)
            screen = b""
            try:
                while chunk := os.read(ours, 65536):
                    screen += chunk
            except OSError:
                pass
            os.close(ours)
            self.assertEqual((piped.returncode, watched.wait(timeout=60)), (0, 0))
            self.assertIn(b"3 done, 1 pending" if b"1 pending" in screen else b"1 running", screen)

    def test_crashed(self):
        with Folder() as folder:
            path = folder / "results.h5"
            with Live(path, 4, 5) as writer:
                writer.kill()
                writer.wait()
                text = run("status", path)
                self.assertIn("its writer was killed; start the sweep again to go on", text)
                self.assertIn("3 done, 1 running", text)

    def test_its_child_dies_with_it(self):
        """A strange file is read in a child process first, which nobody waits for once the parent was killed."""
        with Folder() as folder:
            path = folder / "results.h5"
            make_file(path, 300, 3)
            for _ in range(200):  # until the child is met at work; stopped, it could not end by itself
                process = subprocess.Popen([BINARY, "status", path], stdout=subprocess.DEVNULL)
                children = pathlib.Path("/proc/%d/task/%d/children" % (process.pid, process.pid))
                child = 0
                while not child and process.poll() is None:
                    try:
                        child = int((children.read_text().split() or [0])[0])
                        opened = [os.readlink(link) for link in pathlib.Path("/proc/%d/fd" % child).iterdir()] if child else []
                        if str(path) in opened:
                            os.kill(child, signal.SIGSTOP)
                        else:
                            child = 0
                    except (FileNotFoundError, ProcessLookupError):
                        child = 0
                process.kill()
                process.wait()
                if child:
                    break
            self.assertTrue(child)
            try:
                for _ in range(100):
                    state = self.state_of(child)
                    if state in (None, "Z"):
                        break
                    time.sleep(0.05)
                self.assertIn(state, (None, "Z"))
            finally:
                if state not in (None, "Z"):
                    os.kill(child, signal.SIGKILL)

    @staticmethod
    def state_of(pid):
        try:
            return pathlib.Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return None

    def test_refusals(self):
        with Folder() as folder:
            other = folder / "other.h5"
            other.write_text("hello")
            for arguments, code, said in [((other,), 3, "is not an HDF5 file"), ((folder / "none.h5",), 3, "No such file"),
                                          ((folder,), 3, "not a regular file"), ((), 2, "expected one results file"),
                                          (("--jsn", other), 2, "unknown option"),
                                          (("--json", "--watch", other), 2, "do not go together")]:
                out, err = run("status", *arguments, code=code)
                self.assertEqual(out, "")
                self.assertIn(said, err)
                self.assertTrue(err.startswith("symsweep: error: "), err)
            self.assertIn("usage: symsweep status", run("status", "--help"))


if __name__ == "__main__":
    unittest.main()
