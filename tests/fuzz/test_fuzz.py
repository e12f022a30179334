"""Builds the libFuzzer targets under ASan and UBSan and runs each on its corpus: half a minute, ten minutes with
SYMSWEEP_LONG=1. What a run finds is written to tests/fuzz/found/, to be mended and kept as a seed."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
SECONDS = 600 if os.environ.get("SYMSWEEP_LONG") == "1" else 15
TARGETS = ["config", "wire"]


class Fuzz(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.build = Path(tempfile.mkdtemp(prefix="symsweep-fuzz-"))
        cls.addClassCleanup(shutil.rmtree, cls.build)
        configure = ["cmake", "-S", TOP, "-B", cls.build, "-G", "Ninja", "-DCMAKE_C_COMPILER=clang",
                     "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_C_FLAGS_DEBUG=-g -O1", "-DSYMSWEEP_FUZZ=ON",
                     "-DSYMSWEEP_TESTS=OFF"]
        for command in (configure, ["ninja", "-C", cls.build, *("%s_fuzzer" % target for target in TARGETS)]):
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  stdin=subprocess.DEVNULL)
            if done.returncode != 0:
                raise AssertionError(done.stdout[-4000:])

    def test_nothing_is_found(self):
        found = HERE / "found"
        running = {}
        for target in TARGETS:
            seeds = HERE / "corpus" / target
            self.assertGreater(len(list(seeds.iterdir())), 3, target)
            grown = self.build / ("corpus_" + target)
            grown.mkdir()
            found.mkdir(exist_ok=True)
            log = (self.build / (target + ".log")).open("w+")
            program = self.build / "tests" / "fuzz" / (target + "_fuzzer")
            running[target] = log, subprocess.Popen(
                [program, "-max_total_time=%d" % SECONDS, "-timeout=20", "-rss_limit_mb=2048", "-max_len=65536",
                 "-print_final_stats=1", "-artifact_prefix=%s/%s-" % (found, target), grown, seeds],
                stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=self.build)
        for target, (log, process) in running.items():
            process.wait()
        for target, (log, process) in running.items():
            log.seek(0)
            text = log.read()
            log.close()
            with self.subTest(target):
                self.assertEqual(process.returncode, 0, text[-4000:])
                executions = [int(line.split()[-1]) for line in text.splitlines()
                              if line.startswith("stat::number_of_executed_units")]
                self.assertGreater(executions[0], 1000)
                print("summary: fuzzing %s: %d inputs in %d s" % (target, executions[0], SECONDS))
        if found.exists() and not any(found.iterdir()):
            found.rmdir()


if __name__ == "__main__":
    if not shutil.which("clang"):
        print("skipped: clang is not installed")
        sys.exit(77)
    unittest.main(verbosity=2)
