"""An HDF5 that was built parallel is used serially: the same job, the same bits, alone and under mpirun."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "job"))

import support  # noqa: E402

TOP = Path(__file__).resolve().parents[2]


def run_command(*command, **options):
    done = subprocess.run(command, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **options)
    assert done.returncode == 0, "%s: %d\n%s" % (command, done.returncode, done.stdout)
    return done.stdout


class ParallelHdf5(unittest.TestCase):
    def test_same_bits_as_with_a_serial_one(self):
        build = Path(tempfile.mkdtemp(prefix="symsweep-parallel-hdf5-"))
        self.addCleanup(shutil.rmtree, build)
        run_command("cmake", "-S", TOP, "-B", build, "-G", "Ninja", "-DSYMSWEEP_TESTS=OFF", "-DSYMSWEEP_WERROR=ON",
                    "-DHDF5_PREFER_PARALLEL=ON")
        run_command("cmake", "--build", build, "-j", str(os.cpu_count()), "--target", "symsweep")
        self.compare(build / "symsweep")

    def compare(self, binary):
        self.assertIn("libhdf5_openmpi.so", run_command("ldd", binary))
        with support.Folder(support.sweep(seeds=2)) as folder:
            self.assertEqual(support.run(0, "-o", folder / "serial.h5", folder.sweep).returncode, 0)
            usual, support.SYMSWEEP = support.SYMSWEEP, str(binary)
            try:
                for ranks in (0, 3):
                    output = folder / ("parallel%d.h5" % ranks)
                    done = support.run(ranks, "--quiet", "-o", output, folder.sweep)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
                    support.check_same(folder / "serial.h5", output)
                    self.assertIn("4 runs: 4 done", run_command(binary, "status", output))
            finally:
                support.SYMSWEEP = usual


if __name__ == "__main__":
    if not support.LONG:
        print("skipped: builds again; SYMSWEEP_LONG=1 runs it")
        sys.exit(77)
    unittest.main(verbosity=2)
