"""The structure that the design promises: who may use which library, which module may call which, sizes, links."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]

# Where each library may be used, as prefixes of paths below the top.
LIBRARIES = {
    "cJSON": {
        "header": re.compile(r"cJSON|cjson"),
        "symbol": re.compile(r"cJSON_\w+"),
        "modules": {"config"},
        "files": ("src/config/",),
    },
    "HDF5": {
        "header": re.compile(r"hdf5|H5\w*\.h"),
        "symbol": re.compile(r"H5[A-Z]\w*|H5_\w+"),
        "modules": {"store"},
        "files": ("src/store/",),
    },
    "MPI": {
        "header": re.compile(r"\bmpi(?:-ext)?\.h"),
        "symbol": re.compile(r"P?MPI_\w+|ompi_\w+"),
        "modules": {"farm"},
        "files": ("src/farm/", "src/main.c"),
    },
    "BLAS": {
        "header": re.compile(r"cblas|lapack|openblas"),
        "symbol": re.compile(r"cblas_\w+|openblas_\w+|LAPACKE_\w+|[sdcz][a-z0-9]+_"),
        "modules": {"nn", "measure"},
        "files": ("src/nn/", "src/measure/"),
    },
    "nauty": {
        "header": re.compile(r"\bnauty/"),
        "symbol": re.compile(r"Traces|nauty_\w+|traces_\w+|schreier_\w+|freeschreier|ran_init"),
        "modules": {"tasks"},
        "files": ("src/tasks/traces.c",),
    },
}
MAX_LINES = 600
SKIPPED_FOLDERS = re.compile(r"^(build|build-.*|\.git|\.cache|Testing|__pycache__|node_modules)$")


def files_of_project(*patterns):
    """Files of the sources as they stand, build trees left out."""
    for folder, names, entries in os.walk(TOP):
        names[:] = sorted(name for name in names if not SKIPPED_FOLDERS.match(name))
        for entry in sorted(entries):
            path = Path(folder, entry)
            if any(path.match(pattern) for pattern in patterns):
                yield path


def module_table():
    """name -> declared modules, as CMakeLists.txt has them."""
    text = (TOP / "CMakeLists.txt").read_text()
    table = {}
    for name, rest in re.findall(r"^symsweep_module\((\w+)([^)]*)\)", text, re.M):
        words = re.sub(r"\bLIBRARIES\b.*", "", rest, flags=re.S).split()
        table[name] = set(words[1:]) if words[:1] == ["DEPENDS"] else set()
    return table


def run(*command, cwd=None, check=True):
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL)
    if check and done.returncode != 0:
        raise AssertionError("%s\n%s" % (" ".join(map(str, command)), done.stdout[-4000:]))
    return done


class Sources(unittest.TestCase):
    def test_headers_of_libraries_stay_in_their_modules(self):
        include = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)
        seen = {name: 0 for name in LIBRARIES}
        wrong = []
        for path in files_of_project("*.c", "*.h", "*.def"):
            relative = path.relative_to(TOP).as_posix()
            if not relative.startswith(("src/", "include/")):
                continue
            for header in include.findall(path.read_text()):
                for name, rule in LIBRARIES.items():
                    if not rule["header"].search(header):
                        continue
                    seen[name] += 1
                    if not relative.startswith(rule["files"]):
                        wrong.append("%s includes %s (%s)" % (relative, header, name))
        self.assertEqual(wrong, [])
        for name, count in seen.items():
            self.assertGreater(count, 0, "no file includes %s: the pattern is stale" % name)

    def test_no_source_file_is_too_long(self):
        long = []
        for path in files_of_project("*.c", "*.h", "*.py", "*.cmake", "CMakeLists.txt"):
            lines = len(path.read_text().splitlines())
            if lines > MAX_LINES:
                long.append("%s: %d lines" % (path.relative_to(TOP), lines))
        self.assertEqual(long, [])

    def test_library_code_never_ends_the_process(self):
        call = re.compile(r"(?<![\w.>])(exit|abort|quick_exit)\s*\(")
        comment = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"", re.S)
        wrong = []
        for path in files_of_project("*.c", "*.h"):
            relative = path.relative_to(TOP).as_posix()
            if not relative.startswith(("src/", "include/")):
                continue
            for found in call.finditer(comment.sub("", path.read_text())):
                wrong.append("%s calls %s" % (relative, found.group(1)))
        self.assertEqual(wrong, [])

    def test_nan_stays_nan(self):
        for path in files_of_project("CMakeLists.txt", "*.cmake", "CMakePresets.json"):
            for line in path.read_text().splitlines():
                if line.lstrip().startswith("#"):
                    continue
                self.assertNotRegex(line, r"-ffast-math|-Ofast|-ffinite-math", str(path))


class Documents(unittest.TestCase):
    LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
    CODE = re.compile(r"^(```|~~~).*?^\1[^\n]*$|`[^`\n]*`", re.M | re.S)

    @staticmethod
    def anchors(path):
        """Anchors of a Markdown file's headings as the usual renderers make them."""
        text = re.sub(r"^(```|~~~).*?^\1[^\n]*$", "", path.read_text(), flags=re.M | re.S)
        slugs = set()
        for heading in re.findall(r"^#{1,6}\s+(.*?)\s*#*$", text, re.M):
            plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
            slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
            candidate, n = slug, 0
            while candidate in slugs:
                n += 1
                candidate = "%s-%d" % (slug, n)
            slugs.add(candidate)
        return slugs

    def test_links_resolve(self):
        broken = []
        checked = 0
        for path in files_of_project("*.md"):
            for target in self.LINK.findall(self.CODE.sub("", path.read_text())):
                if re.match(r"[a-z][a-z0-9+.-]*:", target):
                    continue
                checked += 1
                file, _, anchor = target.partition("#")
                destination = (path.parent / file).resolve() if file else path
                where = "%s -> %s" % (path.relative_to(TOP), target)
                if not destination.exists():
                    broken.append(where)
                elif anchor and destination.suffix == ".md" and anchor not in self.anchors(destination):
                    broken.append(where + " (no such heading)")
        self.assertEqual(broken, [])
        self.assertGreater(checked, 10, "hardly any link was found: the pattern is stale")

    def test_every_document_is_reached_from_the_index(self):
        index = (TOP / "docs" / "README.md").read_text()
        for path in sorted((TOP / "docs").glob("*.md")):
            if path.name != "README.md":
                self.assertIn("(%s" % path.name, index, "docs/README.md does not name %s" % path.name)


class Scripts(unittest.TestCase):
    def scripts(self):
        for path in files_of_project("scripts/*", "slurm/*", ".ci/*", "tests/slurm/*", "benchmarks/*"):
            with path.open("rb") as stream:
                first = stream.readline()
            if re.match(rb"#!.*\b(ba)?sh\b", first):
                yield path

    def test_shell_scripts_parse_and_pass_shellcheck(self):
        found = list(self.scripts())
        self.assertGreaterEqual(len(found), 5)
        for path in found:
            shell = "bash" if b"bash" in path.read_bytes().split(b"\n", 1)[0] else "sh"
            run(shell, "-n", path)
            run("shellcheck", "--severity=warning", path)
            self.assertTrue(os.access(path, os.X_OK), "%s has no run bit" % path)

    def test_packages_are_listed_once(self):
        rows = [line.split() for line in (TOP / "scripts" / "packages.txt").read_text().splitlines()
                if line.strip() and not line.startswith("#")]
        for row in rows:
            self.assertIn(row[0], {"build", "analysis", "test"}, row)
            self.assertEqual(len(row), 2, row)
        names = [row[1] for row in rows]
        self.assertEqual(len(names), len(set(names)))


class Modules(unittest.TestCase):
    """A copy of the sources, each module a shared library linked with -Wl,-z,defs against what it declares."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="symsweep-structure-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.build = cls.folder / "build"
        for name in ("CMakeLists.txt", "cmake", "include", "src", "benchmarks"):
            source = TOP / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, cls.folder / name)
        run("cmake", "-S", cls.folder, "-B", cls.build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
            "-DCMAKE_C_FLAGS_DEBUG=-O0", "-DSYMSWEEP_SHARED_MODULES=ON", "-DSYMSWEEP_TESTS=OFF")
        cls.modules = module_table()
        run("ninja", "-C", cls.build, *("symsweep_" + module for module in cls.modules))

    def library(self, module):
        return self.build / ("libsymsweep_%s.so" % module)

    def exported(self, module):
        """A function that the module defines for others."""
        symbols = run("nm", "-D", "--defined-only", self.library(module)).stdout
        names = sorted(re.findall(r" T (sw_\w+)$", symbols, re.M))
        self.assertTrue(names, "%s exports nothing" % module)
        return names[0]

    def test_each_module_links_alone(self):
        self.assertEqual(set(self.modules), {path.name for path in (TOP / "src").iterdir() if path.is_dir()})
        for module in self.modules:
            command = run("ninja", "-C", self.build, "-t", "commands", "-s", self.library(module).name).stdout
            self.assertIn("-Wl,-z,defs", command, module)
            self.assertTrue(self.library(module).exists(), module)

    def test_declared_direction_has_no_cycle(self):
        done = set()
        while len(done) < len(self.modules):
            ready = {name for name, needs in self.modules.items() if name not in done and needs <= done}
            self.assertTrue(ready, "cycle among %s" % sorted(set(self.modules) - done))
            done |= ready

    def test_library_symbols_stay_in_their_modules(self):
        seen = {name: set() for name in LIBRARIES}
        for module in self.modules:
            undefined = re.findall(r" U (\w+)", run("nm", "-D", "--undefined-only", self.library(module)).stdout)
            for symbol in undefined:
                for name, rule in LIBRARIES.items():
                    if rule["symbol"].fullmatch(symbol):
                        seen[name].add(module)
        for name, rule in LIBRARIES.items():
            self.assertLessEqual(seen[name], rule["modules"], name)
            self.assertTrue(seen[name], "no module uses %s: the pattern is stale" % name)

    def test_nauty_may_be_left_out(self):
        """With -DSYMSWEEP_NAUTY=OFF tasks is built, and asks nothing of nauty."""
        build = self.folder / "without"
        configured = run("cmake", "-S", self.folder, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
                         "-DCMAKE_C_FLAGS_DEBUG=-O0", "-DSYMSWEEP_SHARED_MODULES=ON", "-DSYMSWEEP_TESTS=OFF",
                         "-DSYMSWEEP_NAUTY=OFF").stdout
        self.assertIn("nauty is not used", configured)
        run("ninja", "-C", build, "symsweep_tasks")
        library = build / "libsymsweep_tasks.so"
        undefined = re.findall(r" U (\w+)", run("nm", "-D", "--undefined-only", library).stdout)
        self.assertEqual([name for name in undefined if LIBRARIES["nauty"]["symbol"].fullmatch(name)], [])
        for tree, linked in ((build, False), (self.build, True)):
            command = run("ninja", "-C", tree, "-t", "commands", "-s", library.name).stdout
            self.assertEqual("libnauty" in command, linked, command)

    def test_no_module_reaches_what_it_does_not_declare(self):
        """One more object, calling into every undeclared module, in the very link command of the module."""
        functions = {module: self.exported(module) for module in self.modules}
        for module, declared in self.modules.items():
            forbidden = [functions[other] for other in self.modules if other != module and other not in declared]
            allowed = [functions[other] for other in declared]
            command = run("ninja", "-C", self.build, "-t", "commands", "-s", self.library(module).name).stdout.strip()
            output = " -o %s " % self.library(module).name
            self.assertIn(output, command)
            for name, calls in (("allowed", allowed), ("forbidden", forbidden)):
                source = self.folder / ("%s_%s.c" % (module, name))
                source.write_text("".join("extern void %s(void);\n" % call for call in calls)
                                  + "void sw_reach(void);\nvoid sw_reach(void)\n{\n"
                                  + "".join("    %s();\n" % call for call in calls) + "}\n")
                extra = source.with_suffix(".o")
                run("cc", "-fPIC", "-c", source, "-o", extra)
                linked = run("bash", "-c", command.replace(output, " -o %s %s " % (self.folder / "probe.so", extra)),
                             cwd=self.build, check=False)
                if name == "allowed":
                    self.assertEqual(linked.returncode, 0, "%s: %s" % (module, linked.stdout[-2000:]))
                elif calls:
                    self.assertNotEqual(linked.returncode, 0, "%s may call %s" % (module, calls))
                    for call in calls:
                        self.assertIn("undefined reference to `%s'" % call, linked.stdout, module)

    def test_a_call_upward_fails_the_build(self):
        """nn calling the training loop, as somebody would write it."""
        source = self.folder / "src" / "nn" / "upward.c"
        source.write_text('#include "symsweep/train.h"\n\nsize_t sw_nn_upward(const sw_batches *batches);\n\n'
                          "size_t sw_nn_upward(const sw_batches *batches)\n{\n    return sw_batches_size(batches);\n}\n")
        try:
            built = run("ninja", "-C", self.build, "symsweep_nn", check=False)
        finally:
            source.unlink()
        self.assertNotEqual(built.returncode, 0)
        self.assertIn("undefined reference to `sw_batches_size'", built.stdout)
        run("ninja", "-C", self.build, "symsweep_nn")


if __name__ == "__main__":
    unittest.main(verbosity=2)
