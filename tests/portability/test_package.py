"""The Debian package: what is in it and what it asks for; installed on a bare system in the long test."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ["SYMSWEEP_BINARY"]).resolve().parent


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="symsweep-package-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.run_command("cpack", "-G", "DEB", "--config", BUILD / "CPackConfig.cmake", "-B", cls.folder)
        cls.package, = cls.folder.glob("*.deb")

    @staticmethod
    def run_command(*command):
        done = subprocess.run(command, cwd="/", text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        assert done.returncode == 0, "%s: %d\n%s" % (command, done.returncode, done.stdout)
        return done.stdout

    def test_depends_on_what_it_needs(self):
        fields = dict(line.split(": ", 1) for line in self.run_command("dpkg-deb", "-f", self.package).splitlines()
                      if ": " in line and not line.startswith(" "))
        for name in ("openmpi-bin", "libopenmpi3", "libhdf5-103", "libopenblas0", "libcjson1", "libnauty2", "libssl3", "zlib1g"):
            self.assertIn(name, fields["Depends"])
        for name in ("python3-h5py", "python3-matplotlib"):
            self.assertIn(name, fields["Recommends"])

    def test_holds_program_manual_sweeps_scripts_and_analysis(self):
        listed = self.run_command("dpkg-deb", "-c", self.package)
        for name in ("bin/symsweep", "share/man/man1/symsweep.1", "share/symsweep/sweeps/quickstart.json",
                     "share/symsweep/slurm/requeue.sbatch", "share/symsweep/scripts/launch",
                     "share/symsweep/analysis/report", "share/symsweep/analysis/pyproject.toml",
                     "share/symsweep/analysis/symsweep/py.typed", "share/doc/symsweep/docs/operations.md"):
            self.assertIn(" ./usr/%s\n" % name, listed)

    @unittest.skipUnless(os.environ.get("SYMSWEEP_LONG") == "1", "fetches a bare Debian; SYMSWEEP_LONG=1 runs it")
    def test_installs_on_a_bare_system(self):
        self.assertIn("installs on a bare Debian 12", self.run_command(TOP / "scripts" / "package-test", self.package))


if __name__ == "__main__":
    unittest.main(verbosity=2)
