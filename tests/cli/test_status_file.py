#!/usr/bin/python3
"""FILE.status.json: what it says while a sweep runs, when it has ended, and when the results cannot be read."""
import json
import os
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "job"))

import support  # noqa: E402


def status(*arguments):
    return subprocess.run([support.SYMSWEEP, "status", *map(str, arguments)], capture_output=True, text=True)


class StatusFile(unittest.TestCase):
    def test_a_finished_sweep(self):
        with support.Folder(support.sweep(seeds=2)) as folder:
            self.assertEqual(support.run(3, "-o", folder / "out.h5", folder.sweep).returncode, 0)
            content = json.loads((folder / "out.h5.status.json").read_text())
            self.assertEqual((content["format"], content["state"], content["exit_code"]), ("symsweep-status", "finished", 0))
            self.assertEqual(content["runs"], {"total": 4, "done": 4, "failed": 0, "running": 0, "left": 0})
            self.assertEqual(content["in_training"], [])
            shown = status(folder / "out.h5.status.json")
            self.assertEqual(shown.returncode, 0, shown.stderr)
            self.assertIn("4 runs: 4 done", shown.stdout)
            self.assertEqual(json.loads(status("--json", folder / "out.h5.status.json").stdout), content)
            # A results file that is broken, not being written, stays an error.
            (folder / "out.h5").write_text("no results file")
            self.assertEqual(status(folder / "out.h5").returncode, 3)

    def test_a_running_sweep_whose_file_cannot_be_read(self):
        with support.Folder(support.sweep(steps=1000000, seeds=1)) as folder:
            side = folder / "out.h5.status.json"
            process = support.start(3, "-o", folder / "out.h5", folder.sweep)
            try:
                support.wait_for(lambda: side.exists() and json.loads(side.read_text())["in_training"], "a run")
                content = json.loads(side.read_text())
                self.assertEqual((content["state"], content["runs"]["total"]), ("running", 2))
                self.assertIn(content["in_training"][0]["worker"], (1, 2))
                os.rename(folder / "out.h5", folder / "away.h5")  # as on a file system where it cannot be opened
                shown = status(folder / "out.h5")
                self.assertEqual(shown.returncode, 0, shown.stderr)
                self.assertIn("out.h5.status.json", shown.stderr)
                self.assertIn("running", shown.stdout)
                # The same, left long ago by a job that was killed: there is no results file, and that is the answer.
                stale = dict(content, updated_unix=content["updated_unix"] - 7200)
                (folder / "gone.h5.status.json").write_text(json.dumps(stale))
                gone = status(folder / "gone.h5")
                self.assertEqual(gone.returncode, 3, gone.stdout)
                self.assertIn("gone.h5: No such file or directory", gone.stderr)
                self.assertIn("moved or removed", gone.stderr)
                os.rename(folder / "away.h5", folder / "out.h5")
                support.kill(process.pid, signal.SIGUSR1)
                code, text = support.finish(process)
                self.assertEqual(code, 75, text)
                self.assertEqual(json.loads(side.read_text())["state"], "stopped")
            finally:
                support.end(process)

    def test_what_is_no_status_file(self):
        with support.Folder(support.sweep()) as folder:
            for text in ("", "{}", "[1]", '{"format": "symsweep-status", "format_version": 99}'):
                (folder / "x.status.json").write_text(text)
                self.assertEqual(status(folder / "x.status.json").returncode, 3, text)
            self.assertEqual(status(folder / "nowhere.status.json").returncode, 3)


if __name__ == "__main__":
    unittest.main(verbosity=2)
