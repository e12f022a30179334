"""The rules of house.py hold over the sources, and each of them finds what is planted in a copy of the sources."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import house

TOP = Path(__file__).resolve().parents[2]
BUILD = house.build_of(os.environ.get("SYMSWEEP_BINARY", TOP / "build" / "symsweep"))


class House(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.objects = house.objects_of(TOP, BUILD)
        cls.tree = house.Tree(TOP, cls.objects)

    def test_the_build_has_every_source(self):
        sources = {file for file in self.tree.files(".c", below=("src",)) if house.module_of_source(file)}
        self.assertEqual(sorted(sources - set(self.objects)), [], "not built in %s" % BUILD)
        self.assertEqual(set(self.tree.allowed), {house.module_of_source(file) for file in sources})

    def hold(self, rule):
        found = rule(self.tree)
        if found:
            self.fail("%s: %d findings\n%s" % (rule.__name__, len(found), "\n".join(found)))


class Planted(unittest.TestCase):
    """Every rule on a copy of the sources with one thing wrong. What it finds there and not in the sources themselves
    is what was planted, whatever state those are in."""

    @classmethod
    def setUpClass(cls):
        cls.objects = house.objects_of(TOP, BUILD)
        cls.folder = Path(tempfile.mkdtemp(prefix="symsweep-house-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        shutil.copy(TOP / "CMakeLists.txt", cls.folder)
        shutil.copy(TOP / ".clang-format", cls.folder)
        for name in house.FOLDERS:
            shutil.copytree(TOP / name, cls.folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        cls.before = {}

    @contextlib.contextmanager
    def planted(self, files, link):
        """The copy with these texts at these paths (behind what is there, where `+` begins the path); compiled when
        `link`, so that its symbols count."""
        objects, kept = dict(self.objects), {}
        try:
            for path, text in files.items():
                source, target = path.lstrip("+"), self.folder / path.lstrip("+")
                kept[target] = target.read_text() if target.exists() else None
                target.write_text((kept[target] if path.startswith("+") else "") + text)
                if link and target.suffix == ".c":
                    made = self.folder / (source.replace("/", "+") + ".o")
                    subprocess.run(["cc", "-w", "-c", "-I", self.folder / "include", "-o", made, target], check=True)
                    objects[source] = [*self.objects.get(source, []), made]
            yield house.Tree(self.folder, objects)
        finally:
            for target, text in kept.items():
                if text is None:
                    target.unlink()
                else:
                    target.write_text(text)

    def found(self, rule, files, link):
        if rule not in self.before:
            self.before[rule] = set(rule(house.Tree(TOP, self.objects)))
        with self.planted(files, link) as tree:
            return sorted(set(rule(tree)) - self.before[rule])

    def finds(self, rule, files, expected, link=False):
        found = self.found(rule, files, link)
        self.assertEqual(len(found), 1, "%s found %s" % (rule.__name__, found))
        self.assertRegex(found[0], expected)

    def finds_nothing(self, rule, files, link=False):
        self.assertEqual(self.found(rule, files, link), [])

    def test_an_include_upward(self):
        self.finds(house.includes_upward, {"src/nn/up.c": '/* up.c: x. */\n#include "symsweep/train.h"\n'},
                   r"^src/nn/up\.c:2: includes symsweep/train\.h, of train$")

    def test_an_include_upward_in_a_header(self):
        self.finds(house.includes_upward, {"include/symsweep/task.h": '#include "symsweep/nn.h"\n'},
                   r"^include/symsweep/task\.h:1: includes symsweep/nn\.h, of nn$")

    def test_a_public_header_of_no_module(self):
        self.finds(house.includes_upward, {"include/symsweep/lost.h": "void sw_lost_be(void);\n"},
                   r"^include/symsweep/lost\.h: no module has that name")
        self.finds_nothing(house.includes_upward, {"include/symsweep/lost.h": "void sw_lost_be(void);\n",
                                                   "src/plan/lost.c": "void sw_lost_be(void) {}\n"})
        self.finds_nothing(house.includes_upward, {"include/symsweep/data.h": "typedef struct sw_data {\n    int n;\n} sw_data;\n"})

    def test_a_private_header_of_another_module(self):
        for path in ("src/farm/far.c", "tests/store/test_far.c", "benchmarks/far.c"):
            with self.subTest(path):
                self.finds(house.private_headers_abroad, {path: '#include "nn/kernels.h"\n'},
                           r"^%s:1: includes nn/kernels\.h, private to nn$" % path)
        self.finds_nothing(house.private_headers_abroad, {"tests/nn/test_near.c": '#include "nn/kernels.h"\n'})
        self.finds_nothing(house.private_headers_abroad, {"tests/nnfloat/test_near.c": '#include "nn/kernels.h"\n'})

    def test_a_private_header_without_its_module(self):
        self.finds(house.private_headers_abroad, {"src/nn/bare.c": '#include "kernels.h"\n'},
                   r"^src/nn/bare\.c:1: .* is named nn/\.\.\.$")

    def test_a_declaration_away_from_its_definition(self):
        self.finds(house.declared_elsewhere,
                   {"src/nn/one.h": "void sw_two_do(void);\n", "src/nn/two.c": "void sw_two_do(void) {}\n"},
                   r"^src/nn/one\.h: declares sw_two_do, which src/nn/two\.c defines$", link=True)
        self.finds(house.declared_elsewhere,
                   {"+include/symsweep/clock.h": "void sw_arena_do(void);\n", "src/base/far.c": "void sw_arena_do(void) {}\n"},
                   r"^include/symsweep/clock\.h: declares sw_arena_do", link=True)
        self.finds(house.declared_elsewhere,
                   {"+include/symsweep/plan.h": "void sw_nn_do(void);\n", "src/nn/far.c": "void sw_nn_do(void) {}\n"},
                   r"^include/symsweep/plan\.h: declares sw_nn_do, which src/nn/far\.c defines$", link=True)
        self.finds(house.declared_elsewhere,
                   {"include/symsweep/lost.h": "void sw_lost_be(void);\nvoid sw_plan_do(void);\n",
                    "src/plan/lost.c": "void sw_lost_be(void) {}\n", "src/plan/far.c": "void sw_plan_do(void) {}\n"},
                   r"^include/symsweep/lost\.h: declares sw_plan_do, which src/plan/far\.c defines$", link=True)
        self.finds_nothing(house.declared_elsewhere, {
            "src/nn/inlined.h": "static inline int sw_twice(int x)\n{\n    return 2 * x;\n}\ntypedef int (*sw_call)(int x);\n"
                                "typedef struct sw_table {\n    int (*call)(int x);\n} sw_table;\n",
            "src/nn/same.h": "const char *sw_same_text(\n    int x);\n",
            "src/nn/same.c": "const char *sw_same_text(int x) { return x ? 0 : 0; }\n"}, link=True)

    def test_a_circle(self):
        files = {"src/plan/a.c": "void sw_b(void);\nvoid sw_a(void);\nvoid sw_a(void) { sw_b(); }\n",
                 "src/plan/b.c": "void sw_c(void);\nvoid sw_b(void);\nvoid sw_b(void) { sw_c(); }\n",
                 "src/plan/c.c": "void sw_c(void);\nvoid sw_c(void) {}\n"}
        self.finds_nothing(house.circles, files, link=True)
        files["src/plan/c.c"] = "void sw_a(void);\nvoid sw_c(void);\nvoid sw_c(void) { sw_a(); }\n"
        self.finds(house.circles, files,
                   r"^src/plan: circle of 3 files: a\.c -> b\.c \(sw_b\); b\.c -> c\.c \(sw_c\); c\.c -> a\.c \(sw_a\)$", link=True)

    def test_a_table_that_names_its_rows_is_no_call(self):
        self.finds_nothing(house.circles, {
            "src/plan/table.c": "extern const int sw_row;\nconst int *const sw_table = &sw_row;\nvoid sw_table_do(void) {}\n",
            "src/plan/row.c": "void sw_table_do(void);\nconst int sw_row = 1;\nvoid sw_row_do(void) { sw_table_do(); }\n"},
            link=True)

    def test_a_name_that_leads_nowhere(self):
        self.finds(house.prefixes, {"src/plan/sweep_expand.c": "void sw_expand_it(void) {}\n"},
                   r"^src/plan/sweep_expand\.c: sw_expand_it$", link=True)
        self.finds_nothing(house.prefixes, {"src/plan/sweep_expand.c":
                                            "void sw_sweep_it(void) {}\nvoid sw_sweep_expand(void) {}\nvoid sw_plan_it(void) {}\n"
                                            "const int sw_anything = 1;\nstatic void other(void) {}\n"
                                            "void sw_sweep_all(void) { other(); }\n"}, link=True)

    def test_a_file_that_does_not_say_what_it_is(self):
        for text in ("int x;\n", "/* other.c: what it is. */\n", "/* dumb.c is a file. */\n", "/* dumb.c: no end */\n"):
            with self.subTest(text):
                self.finds(house.opening_comments, {"tests/plan/dumb.c": text}, r"^tests/plan/dumb\.c: ")
        self.finds_nothing(house.opening_comments, {"benchmarks/good.c": "/* good.c: what\n * it is. */\n"})

    def test_a_file_that_is_not_formatted(self):
        self.finds(house.formatting, {"src/plan/wild.c": "/* wild.c: x. */\nint  sw_plan_wild;\n"},
                   r"^src/plan/wild\.c:2: not as clang-format writes it$")

    def test_a_long_line(self):
        self.finds(house.long_lines, {"tests/plan/long.c": 'const char *text = "%s";\n' % ("x" * 120)},
                   r"^tests/plan/long\.c:1: 142 columns$")

    def test_a_status_as_a_truth(self):
        head = "/* odd.c: x. */\nstatic sw_status odd(int *out)\n{\n    sw_status status = sw_fail(SW_E_IO, \"x\");\n    "
        tail = "\n    return status;\n}\n"
        for wrong in ("if (status) return status;", "if (!status) *out = 1;", "if (status < 0) *out = 1;",
                      "*out = status ? 1 : 2;", "if (status == 0) *out = 1;", "while (status && *out) *out = 0;",
                      "if (*out == 1 && status) *out = 1;", "if (odd(out)) return SW_OK;", "if (!odd(out)) return SW_OK;",
                      "const bool late = *out > 1 || status;"):
            with self.subTest(wrong):
                self.finds(house.status_idiom, {"src/plan/odd.c": head + wrong + tail}, r"^src/plan/odd\.c:5: ")
        for right in ("if (status != SW_OK) return status;", "if (status == SW_OK && *out) status = odd(out);",
                      "*out = status == SW_E_IO ? 1 : 2;", "return status != SW_OK ? status : odd(out);",
                      "if (*out != status) *out = status;", "if (odd(out) != SW_OK && *out) *out = 1;",
                      "if (sw_same(status, 1)) *out = 2;", "if (run->status) *out = 3;", "// status ? 1 : 2"):
            with self.subTest(right):
                self.finds_nothing(house.status_idiom, {"src/plan/odd.c": head + right + tail})

    def test_a_second_mechanism(self):
        for wrong in ("while (errno == EINTR) {", "fsync(3);", 'if (rename("a", "b") != 0) {', "EVP_Digest(0);"):
            with self.subTest(wrong):
                self.finds(house.mechanisms, {"src/plan/own.c": wrong + "\n"}, r"^src/plan/own\.c:1: ")
        self.finds_nothing(house.mechanisms, {"src/plan/own.c": "/* fsync(x) */\nbuild_and_rename(x);\n"})

    def test_a_question_mark_for_a_name(self):
        self.finds(house.nameless, {"src/plan/what.c": 'return known ? name : "?";\n'}, r'^src/plan/what\.c:1: ')
        self.finds_nothing(house.nameless, {"src/plan/what.c": 'return "what?";\nreturn "\\"x\\"?";\n'})


for _rule in house.RULES:
    setattr(House, "test_" + _rule.__name__, lambda self, rule=_rule: self.hold(rule))


if __name__ == "__main__":
    unittest.main(verbosity=2)
