"""The other MPI: builds with MPICH, and the whole job behaves under its launcher as it does under Open MPI's."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]


class Mpich(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.build = Path(tempfile.mkdtemp(prefix="symsweep-mpich-"))
        cls.addClassCleanup(shutil.rmtree, cls.build)
        # Warnings are no errors here: gcc 12 takes MPICH's MPI_STATUSES_IGNORE for an array of no elements.
        cls.run_command("cmake", "-S", TOP, "-B", cls.build, "-G", "Ninja", "-DSYMSWEEP_TESTS=OFF",
                        "-DMPI_C_COMPILER=mpicc.mpich", "-DMPIEXEC_EXECUTABLE=mpiexec.mpich")
        cls.run_command("cmake", "--build", cls.build, "-j", str(os.cpu_count()), "--target", "symsweep")
        cls.binary = cls.build / "symsweep"
        cls.environment = dict(os.environ, SYMSWEEP_BINARY=str(cls.binary), SYMSWEEP_MPIRUN="mpirun.mpich")

    @staticmethod
    def run_command(*command, **options):
        done = subprocess.run(command, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, **options)
        assert done.returncode == 0, "%s: %d\n%s" % (command, done.returncode, done.stdout)
        return done.stdout

    def test_says_which_mpi(self):
        self.assertIn("MPICH", self.run_command(self.binary, "--version"))

    def test_launch_takes_its_launcher(self):
        out = self.build / "launched.h5"
        self.run_command(TOP / "scripts" / "launch", "3", self.binary, "-o", out, TOP / "sweeps" / "quickstart.json",
                         "--time-limit", "1h")
        self.assertIn("6 runs: 6 done", self.run_command(self.binary, "status", out))

    def test_ranks(self):
        self.run_command(sys.executable, TOP / "tests" / "job" / "test_ranks.py", env=self.environment)

    def test_signals(self):
        self.run_command(sys.executable, TOP / "tests" / "job" / "test_signals.py", env=self.environment)


if __name__ == "__main__":
    if os.environ.get("SYMSWEEP_LONG") != "1":
        print("skipped: builds again and runs for minutes; SYMSWEEP_LONG=1 runs it")
        sys.exit(77)
    unittest.main(verbosity=2)
