"""cmake --install into an empty prefix: what is there, and that it runs from there."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("SYMSWEEP_BINARY", TOP / "build" / "symsweep")).resolve().parent


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.prefix = Path(tempfile.mkdtemp(prefix="symsweep-install-"))
        cls.addClassCleanup(shutil.rmtree, cls.prefix)
        cls.run_command("cmake", "--install", BUILD, "--prefix", cls.prefix)

    @staticmethod
    def run_command(*command):
        done = subprocess.run(command, cwd="/", text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        assert done.returncode == 0, "%s: %d\n%s%s" % (command, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def test_program_runs(self):
        self.assertRegex(self.run_command(self.prefix / "bin" / "symsweep", "--version"), r"^symsweep \d+\.\d+\.\d+")

    def test_sweeps_and_schema(self):
        sweeps = self.prefix / "share" / "symsweep" / "sweeps"
        json.loads((sweeps / "sweep.schema.json").read_text())
        sources = {path.relative_to(TOP / "sweeps") for path in (TOP / "sweeps").rglob("*.json")}
        self.assertEqual({path.relative_to(sweeps) for path in sweeps.rglob("*.json")}, sources)
        self.run_command(self.prefix / "bin" / "symsweep", "check", sweeps / "quickstart.json")

    def test_manual_page_and_documents(self):
        page = self.prefix / "share" / "man" / "man1" / "symsweep.1"
        self.assertIn(".TH SYMSWEEP 1", page.read_text())
        documents = self.prefix / "share" / "doc" / "symsweep"
        for name in ("README.md", "LICENSE", "docs/architecture.md", "docs/science.md"):
            self.assertTrue((documents / name).is_file(), name)

    def test_analysis_runs_from_there(self):
        for name in ("report", "serve", "figures", "scaling"):
            usage = self.run_command(self.prefix / "share" / "symsweep" / "analysis" / name, "--help")
            self.assertIn("results file", usage)

    def test_batch_scripts_keep_their_run_bit(self):
        scripts = self.prefix / "share" / "symsweep" / "slurm"
        for source in (TOP / "slurm").glob("*.sbatch"):
            installed = scripts / source.name
            self.assertEqual(os.access(installed, os.X_OK), os.access(source, os.X_OK), source.name)


class ManualPage(unittest.TestCase):
    def test_names_every_command_and_exit_code(self):
        page = (TOP / "docs" / "symsweep.1").read_text().replace("\\-", "-")
        usage = Install.run_command(os.environ.get("SYMSWEEP_BINARY", BUILD / "symsweep"), "--help")
        for word in ("check", "status", "show", "export", "merge", "draws", "recover", "bench", "simulate", "symmetries", "--output", "--fresh",
                     "--time-limit", "--shard", "--quiet", "--verbose", "--no-progress"):
            self.assertIn(word, page)
            self.assertIn(word, usage)
        for code in ("0", "1", "2", "3", "75"):
            self.assertIn("\n.TP\n.B %s\n" % code, page)


if __name__ == "__main__":
    unittest.main(verbosity=2)
