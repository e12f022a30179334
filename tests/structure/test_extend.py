"""How the program is extended: an operation, a graph, a group, a symmetry family, a prior, an optimizer and a metric are
added to a copy of the sources, each a row of its table and at most one new file (docs/architecture.md). Nothing else is
touched, and yet every name is in `check`, in the list of keys, in the JSON Schema, in a results file and in `show`."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "support"))
import facts  # noqa: E402

MOST_FILES = 2
# Of the sweeps a few are enough: each is checked when the documents are made.
SKIPPED = shutil.ignore_patterns(".git", "build", "build-*", "__pycache__", "*.h5", "dial", "literature", "paper")

# name -> (table, macro, columns of its row by name, what stands behind the row, path of its file, the file).
ADDITIONS = {
    "skewed": ("operations", "OPERATION", {
        "ENUM": "SKEWED", "name": "skewed", "formula": '"2 x + y"', "value": "2 * x + y",
        "traits...": ".group = SW_RESIDUES_ADDITIVE, .degree = 1, .mirror = SW_MIRROR_NONE, .associates = SW_NEVER"},
        "", None, None),
    "star": ("graphs", "GRAPH", {"ENUM": "STAR", "name": "star", "meaning": '"one node next to all others"'},
             " USES(STAR, nodes)", "src/tasks/graphs/star.c", """\
/* star.c: node 0 is next to all others. */
#include "tasks/graph.h"

#include <stdlib.h>

static sw_status validate(const sw_graph *graph, const sw_task_config *config)
{
    (void)graph;
    return sw_task_check_size(config->nodes, 0, "task.nodes");
}

static sw_status edges(sw_edges *out, const sw_graph *graph, const sw_task_config *config)
{
    (void)graph;
    const int32_t others = config->nodes - 1;
    *out = (sw_edges){.nodes = config->nodes, .count = (size_t)others};
    out->edge = malloc(2 * out->count * sizeof *out->edge);
    if (out->edge == NULL) return sw_fail(SW_E_MEMORY, "task.nodes: no memory for %d edges", others);
    for (int32_t i = 0; i < others; i++) {
        out->edge[2 * i] = 0;
        out->edge[2 * i + 1] = i + 1;
    }
    return SW_OK;
}

const sw_graph sw_graph_star = {.validate = validate, .edges = edges};
"""),
    "quaternion": ("groups", "GROUP", {"ENUM": "QUATERNION", "name": "quaternion", "meaning": '"1, i, j, k and their negatives"'},
                   "", "src/tasks/groups/quaternion.c", """\
/* quaternion.c: 1, -1, i, -i, j, -j, k, -k. */
#include "tasks/group.h"

static sw_status validate(const sw_task_config *config)
{
    (void)config;
    return SW_OK;
}

static void shape(sw_task *task, const sw_task_config *config)
{
    (void)config;
    task->coordinate_count = 2;
    task->entities = 8;
    task->characters = 4;
}

/* Unit (1, i, j, k) and sign. */
static void coordinates(int32_t *out, const sw_task *task, int32_t e)
{
    (void)task;
    out[0] = e / 2;
    out[1] = e % 2;
}

static int32_t multiply(const sw_task *task, const int32_t *g, const int32_t *h)
{
    static const int32_t negative[4][4] = {{0, 0, 0, 0}, {0, 1, 0, 1}, {0, 1, 1, 0}, {0, 0, 1, 1}};
    (void)task;
    return 2 * (g[0] ^ h[0]) + (g[1] + h[1] + negative[g[0]][h[0]]) % 2;
}

static double character(const sw_task *task, int32_t line, const int32_t *g)
{
    (void)task;
    if (line < 3) return g[0] == 0 || g[0] == line + 1 ? 1 : -1;
    return g[0] != 0 ? 0 : g[1] == 0 ? 2 : -2;
}

const sw_group sw_group_quaternion = {
    .validate = validate,
    .shape = shape,
    .coordinates = coordinates,
    .multiply = multiply,
    .character = character,
};
"""),
    "shifted": ("families", "X", {"ENUM": "SHIFTED", "id": None, "name": "shifted", "meaning": '"p(.|x + 1,y) and p(.|x,y)"'},
                "", "src/tasks/families/shifted.c", """\
/* shifted.c: p(.|x + 1, y) and p(.|x, y), which is false of every task: a control. */
#include "tasks/families.h"

static bool applies(const sw_task_config *config) { return config->kind == SW_TASK_MODULAR; }

static bool holds(const sw_task_config *config)
{
    (void)config;
    return false;
}

static bool candidate(const sw_task *task, uint64_t index, sw_tuple *out)
{
    const int32_t x = sw_task_operand(task, index, 0), y = sw_task_operand(task, index, 1);
    return sw_families_pair(out, sw_task_index(task, (x + 1) % task->entities, y, -1), (int32_t)index, -1);
}

const sw_family sw_family_shifted = {
    .compare = SW_COMPARE_SYMMETRIC_KL,
    .arity = 2,
    .applies = applies,
    .holds = holds,
    .candidates = sw_families_entries,
    .candidate = candidate,
};
"""),
    "ridge": ("priors", "PRIOR", {"ENUM": "RIDGE", "name": "ridge", "meaning": '"half the square of the embedding\'s norm"'},
              "", "src/train/priors/ridge.c", """\
/* ridge.c: 1/2 sum E^2. */
#include "train/prior.h"

static sw_status add(double *value, sw_prior_term *term, const sw_prior_step *step)
{
    const size_t count = (size_t)term->task->vocabulary * (size_t)term->run->model.d_model;
    *value = 0;
    for (size_t i = 0; i < count; i++) {
        *value += 0.5 * (double)step->E[i] * (double)step->E[i];
        step->dE[i] += (sw_real)term->config->weight * step->E[i];
    }
    return SW_OK;
}

const sw_prior sw_prior_ridge = {.add = add};
"""),
    "signsgd": ("optimizers", "OPTIMIZER", {"ENUM": "SIGNSGD", "name": "signsgd", "meaning": '"steps of one size (Bernstein et al. 2018)"'},
                " USES(SIGNSGD, momentum) STATE(SIGNSGD, first)", "src/nn/optimizers/signsgd.c", """\
/* signsgd.c: m <- momentum m + g,  w <- w - lr wd w - lr sign(m). */
#include "nn/optimizer.h"

static void update(sw_optimizer *optimizer, int64_t t, double schedule, sw_real *parameters, sw_real *gradient)
{
    const sw_optimizer_config *config = &optimizer->config;
    const double rate = config->learning_rate * schedule;
    (void)t;
    for (const sw_optimizer_span *span = optimizer->spans; span < optimizer->spans + optimizer->span_count; span++)
        for (size_t i = span->offset; i < span->offset + span->count; i++) {
            sw_real *m = &optimizer->first[i];
            *m = (sw_real)config->momentum * *m + gradient[i];
            const double sign = *m > 0 ? 1 : *m < 0 ? -1 : 0;
            parameters[i] -= (sw_real)(rate * (sw_optimizer_decay(optimizer, span) * (double)parameters[i] + sign));
        }
}

const sw_optimizer_method sw_optimizer_signsgd = {.update = update};
"""),
    "largest_logit": ("metrics", "M", {
        "ENUM": "LARGEST_LOGIT", "scope": "always", "group": '"curves"', "name": '"largest_logit"', "units": '"1"',
        "long_name": '"largest logit"', "definition": '"largest logit of the whole table"', "before": "INSTRUMENT(extremes)\n"},
        "", "src/measure/instruments/extremes.c", """\
/* extremes.c: the largest logit of the table. */
#include "measure/instrument.h"

static sw_status evaluate(float *value, void *state, const sw_evaluation *of)
{
    (void)state;
    const size_t count = of->task->inputs * (size_t)of->task->classes;
    double largest = (double)of->logits[0];
    for (size_t i = 1; i < count; i++)
        if ((double)of->logits[i] > largest) largest = (double)of->logits[i];
    value[SW_METRIC_LARGEST_LOGIT] = (float)largest;
    return SW_OK;
}

const sw_instrument sw_instrument_extremes = {.evaluate = evaluate};
"""),
}
SWEEP = {
    "name": "extended",
    "run": {"task": {"kind": "modular", "p": 7}, "model": {"d_model": 8, "heads": 2, "d_mlp": 8}, "steps": 20,
            "evaluate": {"every": 10}},
    "cases": [
        {"label": "modular", "task": {"operation": "skewed"}, "optimizer": {"kind": "signsgd", "momentum": 0.5},
         "symmetry": {"shifted": {"weight": 0.1}}, "geometry": {"ridge": {"weight": 0.01}}},
        {"label": "graph", "task": {"kind": "graph", "graph": "star", "nodes": 9}},
        {"label": "group", "task": {"kind": "group", "group": "quaternion"}},
    ],
    "prune": {"halving": {"rungs": [10], "keep": 0.5, "measure": "largest_logit"}},
}


def files_of(folder):
    """path -> content of every source file."""
    return {path.relative_to(folder).as_posix(): path.read_bytes()
            for below in ("src", "include") for path in sorted((folder / below).rglob("*")) if path.is_file()}


def add_row(folder, table, macro, columns, behind, path=None, text=None):
    """The row at the end of the table, with its columns in the order that the table's comment shows; its file."""
    headers = folder / "include" / "symsweep"
    definition = headers / (table + ".def")
    before = definition.read_text()
    shown = facts.arguments(before, re.search(r"(?<![\w#])%s(?=\()" % macro, before).end())
    if "id" in shown:
        columns = dict(columns, id=str(len(facts.rows(table, macro, headers))))
    row = "%s%s(%s)%s\n" % (columns.get("before", ""), macro, ", ".join(columns[column] for column in shown), behind)
    end = re.search(r"(?:^#undef \w+\n)*\Z", before, re.M).start()
    definition.write_text(before[:end] + row + before[end:])
    if path is not None:
        target = folder / path
        assert not target.exists() and target.parent.is_dir(), path
        target.write_text(text)


def run(*command, cwd=None, code=0, env=None):
    """stdout and stderr; its exit code must be `code`, None = any but 0."""
    done = subprocess.run(list(map(str, command)), cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})
    if (done.returncode != code) if code is not None else done.returncode == 0:
        raise AssertionError("%s: exit code %d\n%s" % (" ".join(map(str, command)), done.returncode, done.stdout[-6000:]))
    return done.stdout


def build(folder, target, *options):
    """The program or a module of a copy of the sources; what compiled before need not again where there is ccache."""
    options = list(options) + ["-DSYMSWEEP_TESTS=OFF", "-DCMAKE_BUILD_TYPE=Debug"]
    if shutil.which("ccache"):
        options.append("-DCMAKE_C_COMPILER_LAUNCHER=ccache")
    run("cmake", "-S", folder, "-B", folder / "build", "-G", "Ninja", *options)
    return ["ninja", "-C", folder / "build", "-j2", target], {"CCACHE_BASEDIR": str(folder), "CCACHE_NOHASHDIR": "1"}


class Scratch(unittest.TestCase):
    @classmethod
    def copy(cls):
        folder = Path(tempfile.mkdtemp(prefix="symsweep-extend-"))
        cls.addClassCleanup(shutil.rmtree, folder)
        shutil.copytree(TOP, folder, ignore=SKIPPED, dirs_exist_ok=True)
        return folder


class Extended(Scratch):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.copy()
        cls.touched = {}
        for name, addition in ADDITIONS.items():
            before = files_of(cls.folder)
            add_row(cls.folder, *addition)
            after = files_of(cls.folder)
            cls.touched[name] = sorted(path for path in after if after[path] != before.get(path))
        command, environment = build(cls.folder, "symsweep", "-DCMAKE_C_FLAGS_DEBUG=-O0", "-DSYMSWEEP_WERROR=ON")
        run(*command, env=environment)
        cls.binary = cls.folder / "build" / "symsweep"
        cls.sweep = cls.folder / "extended.json"
        cls.sweep.write_text(json.dumps(SWEEP))
        cls.results = cls.folder / "extended.h5"
        cls.trained = run(cls.binary, "--quiet", cls.sweep)
        cls.check = run(cls.binary, "check", "--list", "runs", cls.sweep)
        cls.check += run(cls.binary, "check", "--json", "--list", "runs", cls.sweep)
        cls.keys = run(cls.binary, "check", "--list-keys") + run(cls.binary, "check", "--list-keys", "--json")
        cls.show = [run(cls.binary, "show", cls.results, "--run", row) for row in range(len(SWEEP["cases"]))]
        run(cls.folder / "scripts" / "generate-reference", env={"SYMSWEEP_BINARY": str(cls.binary)})
        cls.schema = (cls.folder / "sweeps" / "sweep.schema.json").read_text()
        cls.documents = (cls.folder / "docs" / "configuration.md").read_text()

    def test_each_is_a_row_and_at_most_a_file(self):
        for name, touched in self.touched.items():
            self.assertLessEqual(len(touched), MOST_FILES, "%s: %s" % (name, touched))

    def named(self, text, where, names=None):
        lacking = [name for name in names or ADDITIONS if not re.search(r"(?<![a-z])%s(?![a-z])" % name, text)]
        self.assertEqual(lacking, [], "not in %s" % where)

    def test_check_names_them(self):
        self.named(self.check, "check")

    def test_the_list_of_keys_names_them(self):
        self.named(self.keys, "check --list-keys")

    def test_the_documents_name_them(self):
        self.named(self.documents, "docs/configuration.md")

    def test_the_schema_names_them_and_takes_the_sweep(self):
        import jsonschema
        self.named(self.schema, "sweep.schema.json")
        jsonschema.validate(SWEEP, json.loads(self.schema))
        wrong = json.loads(json.dumps(SWEEP).replace('"skewed"', '"askew"'))
        self.assertRaises(jsonschema.ValidationError, jsonschema.validate, wrong, json.loads(self.schema))

    def test_show_names_them(self):
        self.named("\n".join(self.show), "show")

    def test_the_results_file_names_them(self):
        with h5py.File(self.results, "r") as file:
            states = file["/runs/status"]
            words = states.attrs["flag_meanings"].split()
            for row in range(len(SWEEP["cases"])):
                self.assertIn(words[states[row]], ("done", "pruned"), self.show[row])
            configs = "\n".join(file["/runs/config"].asstr()[:])
            self.named(configs, "/runs/config", [name for name in ADDITIONS if name != "largest_logit"])
            violation, metric = file["/symmetry/shifted/mean"], file["/curves/largest_logit"]
            self.assertTrue((violation[0, :2] > 0).all())
            self.assertEqual((file["/symmetry/shifted/prompted"][0], file["/symmetry/shifted/holds"][0]), (1, 0))
            self.assertTrue(np.isfinite(metric[:, :2]).all())
            self.assertEqual(metric.attrs["long_name"], "largest logit")

    def test_no_name_is_missing(self):
        for where, text in (("check", self.check), ("keys", self.keys), ("show", "\n".join(self.show)),
                            ("training", self.trained), ("schema", self.schema)):
            for sign in (r"\(null\)", r"(?:^|[\s\":=,])\?(?=[\s\",)]|$)"):
                found = re.search(sign, text, re.M)
                self.assertIsNone(found, "%s: ...%s" % (where, text[max(0, found.start() - 80):found.end() + 20] if found else ""))


class Incomplete(Scratch):
    def test_a_row_without_its_file_does_not_build(self):
        folder = self.copy()
        for name, table in (("star", "graphs"), ("quaternion", "groups"), ("shifted", "families")):
            add_row(folder, *ADDITIONS[name][:4])
        command, environment = build(folder, "symsweep_tasks", "-DCMAKE_C_FLAGS_DEBUG=-O0", "-DSYMSWEEP_SHARED_MODULES=ON")
        said = run(*command, env=environment, code=None)
        for symbol in ("sw_graph_star", "sw_group_quaternion", "sw_family_shifted"):
            self.assertIn("undefined reference to `%s'" % symbol, said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
