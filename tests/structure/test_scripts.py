"""scripts/packages, scripts/test and scripts/launch against stand-ins for the programs that they call."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
SUITE = """<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="(empty)"
\ttests="{tests}"
\tfailures="{failures}"
\tdisabled="0"
\tskipped="{skipped}"
\thostname=""
>
</testsuite>
"""


class Scripts(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="symsweep-scripts-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        (self.folder / "scripts").mkdir()
        for name in ("packages", "packages.txt", "test", "launch"):
            shutil.copy(TOP / "scripts" / name, self.folder / "scripts" / name)

    def stand_in(self, name, body):
        path = self.bin / name
        path.write_text("#!/bin/bash\n" + body + "\n")
        path.chmod(0o755)

    def run_script(self, name, *arguments, **environment):
        return subprocess.run([self.folder / "scripts" / name, *arguments], cwd="/", text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env={"PATH": "%s:%s" % (self.bin, os.environ["PATH"]), **environment})

    # ---- packages ----

    def test_missing_packages_are_listed_without_root(self):
        self.stand_in("dpkg-query", "[ \"${@: -1}\" = cmake ] && echo -n installed || exit 1")
        self.stand_in("apt-get", "echo apt-get was called >&2; exit 1")
        self.stand_in("id", "echo 1000")
        self.stand_in("sudo", "exit 1")
        done = self.run_script("packages", "build")
        self.assertEqual(done.returncode, 1)
        self.assertIn("libhdf5-dev", done.stderr)
        self.assertNotIn(" cmake ", done.stderr)
        self.assertNotIn("libcmocka-dev", done.stderr)
        self.assertNotIn("was called", done.stderr)
        self.assertEqual(self.run_script("packages", "build", SYMSWEEP_SKIP_PACKAGES="1").returncode, 0)

    def test_missing_packages_are_installed_by_root_and_by_sudo(self):
        self.stand_in("dpkg-query", "[ \"${@: -1}\" = ninja-build ] && exit 1; echo -n installed")
        self.stand_in("apt-get", "echo \"$DEBIAN_FRONTEND: $*\"; [ \"${!#}\" != update ]")
        for user in ("0", "1000"):
            self.stand_in("id", "echo " + user)
            self.stand_in("sudo", "shift; echo sudo >&2; exec \"$@\"")
            done = self.run_script("packages", "build", "test")
            self.assertEqual(done.returncode, 0, done.stderr)  # though the update failed
            self.assertRegex(done.stderr, r"noninteractive: .*install --no-install-recommends ninja-build\n")
            self.assertEqual("sudo" in done.stderr, user == "1000")

    # ---- test ----

    def suites(self, dev, release, build_fails=""):
        """Counts (tests, failures, skipped) of either suite; None = ctest leaves no report."""
        for preset, folder, counts in (("dev", "build-dev", dev), ("release", "build", release)):
            (self.folder / folder).mkdir()
            if counts is not None:
                (self.folder / (preset + ".xml")).write_text(
                    SUITE.format(tests=counts[0], failures=counts[1], skipped=counts[2]))
        self.stand_in("cmake", "[ \"$2\" != \"%s\" ] || exit 1" % build_fails)
        self.stand_in("ctest", "while [ $# -gt 0 ]; do\n"
                      "  [ \"$1\" = --output-junit ] && out=$2\n"
                      "  shift\n"
                      "done\n"
                      "case $out in */build-dev/*) in=dev ;; *) in=release ;; esac\n"
                      "[ ! -f %s/$in.xml ] || cp %s/$in.xml \"$out\"\n"
                      "exit 8" % (self.folder, self.folder))
        done = self.run_script("test", SYMSWEEP_SKIP_PACKAGES="1")
        return done.stdout.splitlines()[-1], done.returncode

    def test_all_pass(self):
        self.assertEqual(self.suites((30, 0, 0), (50, 0, 3)), ("77 passed, 0 failed", 0))

    def test_a_failure_counts(self):
        self.assertEqual(self.suites((30, 1, 0), (50, 2, 0)), ("77 passed, 3 failed", 1))

    def test_a_build_that_fails_counts(self):
        self.assertEqual(self.suites((30, 0, 0), (50, 0, 0), build_fails="build-dev"), ("50 passed, 1 failed", 1))

    def test_a_suite_without_report_counts(self):
        self.assertEqual(self.suites((30, 0, 0), None), ("30 passed, 1 failed", 1))

    def test_nothing_run_is_no_success(self):
        self.assertEqual(self.suites((0, 0, 0), (2, 0, 2)), ("0 passed, 0 failed", 1))

    # ---- launch ----

    def launcher(self, name, says):
        """Says its version and, as real ones do, goes on at length; a pipe that is closed meanwhile would kill it."""
        self.stand_in(name, "if [ \"$1\" = --version ]; then\n"
                      "  echo '%s'\n"
                      "  for line in {1..20000}; do echo \"Report bugs and other matters to somebody\"; done\n"
                      "  exit\n"
                      "fi\n"
                      "echo \"%s took: $*\"" % (says, name))

    def launch(self, library):
        self.stand_in("program", "true")
        self.stand_in("ldd", "echo '\t%s => /usr/lib/%s (0x0)'" % (library, library))
        return self.run_script("launch", "3", "program", "--some", "argument")

    def test_the_launcher_is_that_of_the_program(self):
        self.launcher("mpirun", "mpirun (Open MPI) 4.1.4")
        self.launcher("mpirun.mpich", "HYDRA build details:")
        for library, name in (("libmpi.so.40", "mpirun"), ("libmpich.so.12", "mpirun.mpich")):
            done = self.launch(library)
            self.assertEqual(done.stdout, "%s took: -n 3 program --some argument\n" % name, done.stderr)
            self.assertEqual(done.returncode, 0)

    def test_a_launcher_of_another_mpi_is_refused(self):
        for name in ("mpirun", "mpirun.openmpi"):
            self.launcher(name, "HYDRA build details:")
        done = self.launch("libmpi.so.40")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("no mpirun of the MPI", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
