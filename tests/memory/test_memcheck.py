"""valgrind's memcheck on whole jobs, every process of them: ranks, trainers, the children that verify files. Errors and
definite leaks fail the test; openmpi.supp has what is passed over, and why.

In CI one job at 3 ranks; with SYMSWEEP_LONG=1 also one that is stopped and goes on, one that loses a trainer, one process
alone, and the tools on their files."""

import re
import shutil
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

import h5py

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "job"))

import support  # noqa: E402
from support import LONG, SYMSWEEP, Folder, kill, sweep, wait_for  # noqa: E402

FOUND = 99  # the exit code of a process in which memcheck found something
SLOW = 1500  # seconds: a job here is some 50 times slower


class Memcheck(unittest.TestCase):
    def setUp(self):
        self.folder = Folder(sweep(steps=40, seeds=2, p=5, d_model=8, every=20, checkpoint=0.01))
        self.addCleanup(self.folder.__exit__)

    def command(self, ranks, *arguments):
        launcher = ["mpirun", "-n", str(ranks)] if ranks else []
        return launcher + ["valgrind", "--quiet", "--trace-children=yes", "--num-callers=40", "--leak-check=full",
                           "--errors-for-leak-kinds=definite", "--error-exitcode=%d" % FOUND,
                           "--suppressions=%s" % (HERE / "openmpi.supp"), "--log-file=%s" % (self.folder / "log.%p"),
                           SYMSWEEP] + [str(argument) for argument in arguments]

    def start(self, ranks, *arguments):
        return subprocess.Popen(self.command(ranks, *arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env=support.ENVIRONMENT, start_new_session=True)

    def check(self, process, code):
        """Waits for the end; returns how many processes memcheck watched. A trainer's or verifier's find is in its log."""
        ended, text = support.finish(process, timeout=SLOW)
        logs = list(self.folder.path.glob("log.*"))
        found = "".join(log.read_text() for log in logs)
        self.assertEqual(found, "")
        self.assertEqual(ended, code, text)
        print("summary: memcheck: %d processes, nothing found: %s" % (len(logs), " ".join(Path(part).name for part in process.args[-4:])))
        return len(logs)

    def test_ranks_and_trainers(self):
        watched = self.check(self.start(3, "-o", self.folder / "out.h5", self.folder.sweep), 0)
        self.assertGreaterEqual(watched, 5)  # three ranks, two trainers
        with h5py.File(self.folder / "out.h5", "r") as file:
            self.assertTrue((file["/runs/status"][()] == support.STATE["done"]).all())

    def test_finds_are_seen(self):
        """The test itself can fail: a program with a leak."""
        source = self.folder / "leak.c"
        source.write_text("#include <stdlib.h>\nint main(void)\n{\n    return malloc(7) == NULL;\n}\n")
        subprocess.run(["cc", "-O0", "-o", self.folder / "leak", source], check=True)
        command = [str(self.folder / "leak") if part == SYMSWEEP else part for part in self.command(0)]
        self.assertEqual(subprocess.run(command).returncode, FOUND)
        self.assertTrue(any(re.search("7 bytes .*definitely lost", log.read_text())
                            for log in self.folder.path.glob("log.*")))

    @unittest.skipUnless(LONG, "takes long")
    def test_a_stop_and_a_lost_trainer(self):
        endless = self.folder / "endless.json"
        with Folder(sweep(steps=4000, seeds=1, p=5, d_model=8, every=200, checkpoint=0.5)) as other:
            shutil.copy(other.sweep, endless)
        output = self.folder / "out.h5"
        process = self.start(3, "-o", output, endless)
        try:
            wait_for(lambda: support.written(output) > 0, "records", timeout=SLOW)
            trainer = wait_for(lambda: self.trainers(process), "a trainer", timeout=SLOW)[0]
            kill(trainer, signal.SIGKILL)
            wait_for(lambda: set(self.trainers(process)) - {trainer} and not support.alive(trainer), "another")
            time.sleep(3)
            kill(process.pid, signal.SIGUSR1)
            self.check(process, 75)
        finally:
            support.end(process)
        self.check(self.start(3, "-o", output, endless), 0)

    def trainers(self, process):
        return [pid for pid in support.tree(process.pid) if support.is_trainer(pid) and support.alive(pid)]

    @unittest.skipUnless(LONG, "takes long")
    def test_one_process_and_the_tools(self):
        output = self.folder / "out.h5"
        self.check(self.start(0, "-o", output, self.folder.sweep), 0)
        for arguments in (["check", self.folder.sweep], ["status", output], ["show", output, "--run", "0"],
                          ["export", output, "-o", self.folder / "runs.csv"],
                          ["export", output, "--compact", self.folder / "small.h5"],
                          ["draws", output, "--run", "0", "--steps", "1:3"], ["recover", output],
                          ["merge", "-o", self.folder / "all.h5", output]):
            with self.subTest(arguments[0]):
                self.check(self.start(0, *arguments), 0)


if __name__ == "__main__":
    if not shutil.which("valgrind"):
        print("skipped: valgrind is not installed")
        sys.exit(77)
    unittest.main()
