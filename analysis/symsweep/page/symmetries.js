/* symmetries.js: the symmetries of a task's table one by one, when each is acquired, and wrong answers that agree as a
 * symmetry says. Figures of this file are there only where the file of results has something to show in them. */
"use strict";

(() => {
    const element = page.element, chart = page.chart;

    const known = (p) => Number.isFinite(p.median);
    const rows = (lines) => lines.flatMap((line) => line.points.filter(known).map((p) => [...line.row, p.step, p.median, p.low, p.high, p.n]));

    /* ---- consistent but wrong ---- */

    let wrong;
    const wrongFamilies = () => page.data.families.filter((family) => page.metrics.has(family + "_agreement_wrong") && page.metrics.has(family + "_agreement_chance"));

    /* Agreement, chance and their difference where they were measured; NaN where there was no tuple to measure them on. */
    function agreement(run) {
        const [agree, chance, tuples] = ["agreement_wrong", "agreement_chance", "wrong_tuples"].map((part) => page.curve(`${wrong.family}_${part}`, run));
        if (!agree || !chance) return null;
        const at = d3.range(agree.steps.length).filter((i) => !Number.isNaN(tuples ? tuples.values[i] : agree.values[i]));
        const of = (value) => ({ steps: at.map((i) => agree.steps[i]), values: at.map(value), stopped: false });
        return { excess: of((i) => agree.values[i] - chance.values[i]), wrong: of((i) => agree.values[i]), chance: of((i) => chance.values[i]) };
    }

    function wrongLines(what) {
        return page.selection().shown.map((group) => {
            const curves = group.runs.filter(page.evaluated).map(agreement).filter(Boolean).map((found) => found[what]);
            const steps = [...new Set(curves.flatMap((c) => c.steps))].sort((a, b) => a - b);
            return { ...group, points: page.pooled(curves, steps, false), row: [group.name, wrong.family] };
        }).filter((line) => line.points.some(known));
    }

    function drawWrong(area, width) {
        area.append(page.legend() || "");
        const excess = wrongLines("excess");
        if (!excess.length) return { empty: "No run of this choice has answers to this symmetry that are wrong." };
        const accuracy = page.selection().shown.map((group) => ({ ...group,
            points: page.pooled(page.curvesOf("test_accuracy", group.runs), page.stepGrid(group.runs.filter(page.evaluated)), false) })).filter((line) => line.points.some(known));
        const chance = wrongLines("chance").map((line) => ({ ...line, name: line.name + ", by chance", dash: "2 3", thin: true, points: line.points.map((p) => ({ ...p, low: NaN })) }));
        chart.panels(area, width, [...(accuracy.length ? [{ title: "test accuracy", lines: accuracy, extent: [0, 1] }] : []),
            { title: "wrong answers that agree; dotted: by chance", lines: [...wrongLines("wrong").map((line) => ({ ...line, dots: true })), ...chance] },
            { title: "the difference", lines: excess.map((line) => ({ ...line, dots: true })), rules: [[0, ""]] }], { logarithmic: wrong.logarithmic, tall: 130 });
        const most = excess.slice(0, 12).map((line) => { const top = line.points.filter(known).reduce((a, b) => (b.median > a.median ? b : a)); return `${line.name}: at most ${page.number(top.median)}, at step ${page.number(top.step)}`; });
        return { summary: `Share of wrong answers that agree, and by chance. ${most.join("; ")}.`,
            note: page.pooledNote() + "Of pairs of test inputs that the symmetry ties, without a mirror in train, and that are both answered wrongly: the share whose answers agree as the symmetry says, and the share " +
                "that would agree by chance. Where the difference is above 0 while accuracy stands still, the symmetry is there before the answers are right. Lines are medians over the runs of a group, bands quartiles; where no such pair is left, the line has a gap." };
    }

    page.addConsistent = (section) => {
        if (!wrongFamilies().length) return;
        wrong = page.choices("consistent", { family: page.data.phase.family.find((family) => wrongFamilies().includes(family)) || wrongFamilies()[0], logarithmic: true });
        page.addFigure(section, {
            id: "consistent", title: "Consistent but wrong",
            about: "Do wrong answers already obey a symmetry, before accuracy rises?",
            controls: (refresh) => [page.pick("Symmetry", page.named(wrongFamilies(), page.words), wrong, "family", refresh), page.tick("log steps", wrong, "logarithmic", refresh)],
            draw: drawWrong,
            table: () => ({ columns: ["group", "symmetry", "step", "difference", "low", "high", "runs"], rows: rows(wrongLines("excess")) }),
        });
    };

    /* ---- generators ---- */

    let one;
    const metrics = () => page.data.generators.metrics;
    const having = (metric, runs) => runs.filter((run) => metric.runs.includes(run));
    /* Groups and single runs that have a generator: {id, name, runs}. */
    const some = (runs) => metrics().some((metric) => having(metric, runs).length);
    const choices = () => page.selection().groups.filter((group) => some(group.runs)).map((group) => ({ ...group, id: "group " + group.name }));
    const singles = () => page.selection().runs.filter((run) => some([run])).map((run) => ({ id: `run ${run}`, name: page.runName(run), runs: [run] }));
    const chosen = () => [...choices(), ...singles()].find((choice) => choice.id === one.of) || choices()[0];

    function generatorLines(group) {
        return metrics().map((metric, k) => {
            const runs = having(metric, group.runs).filter(page.evaluated);
            return { name: metric.text, ...page.style(k), points: page.pooled(page.curvesOf(metric.name, runs), page.stepGrid(runs), metric.scale === "log"), row: [group.name, metric.text], acquired: page.onsetMedian(metric.onset, runs).interval.estimate };
        }).filter((line) => line.points.some(known));
    }

    function drawGenerators(area, width) {
        const group = chosen();
        if (!group) return { empty: "No run of this choice has a symmetry to show." };
        const lines = generatorLines(group), tau = page.commonTau(group.runs);
        if (!lines.length) return { empty: "No run of this choice has been evaluated." };
        const acquired = lines.filter((line) => tau && Number.isFinite(line.acquired));
        chart.panels(area, width, [{ title: "mean violation (nat)", lines, logarithmic: true, rules: page.tauRule(group.runs),
            marks: (place) => [Plot.dot(acquired, { x: (l) => place(l.acquired), y: () => tau, symbol: (l) => l.symbol, fill: (l) => l.color, r: 5 })] }], { logarithmic: one.logarithmic, tall: 220 });
        area.append(page.keysOf(lines));
        const missing = page.data.generators.left_out;
        return { summary: `Mean violation of ${page.plural(lines.length, "generator")} of the symmetry group, for ${group.name}: ${lines.map((line) => line.name).join("; ")}.`,
            note: page.pooledNote() + "Each line is a generator of the symmetry group of the task’s table, as the program found it or read it from a file: the mean violation over inputs, median over the runs of the group, bands quartiles. " +
                "All other symmetries are products of these. Marks on the dashed line: acquired, as the figure below says." + (missing ? ` ${page.plural(missing, "generator")} had no room on the page; the results file has all.` : "") };
    }

    /* Of each group and generator: when it is acquired, and how often as the first of the run's. */
    function acquisitions() {
        return page.selection().groups.flatMap((group) => metrics().map((metric) => {
            const median = page.onsetMedian(metric.onset, having(metric, group.runs));
            const first = median.runs.filter((run) => page.value(metric.onset, run) !== null && page.value(metric.onset, run) === earliest(run)).length;
            return { group, metric, ...median, first };
        }).filter((row) => row.times.length)
            .sort((a, b) => (a.interval.estimate === b.interval.estimate ? 0 : a.interval.estimate < b.interval.estimate ? -1 : 1)));
    }
    const earliest = (run) => d3.min(metrics().map((metric) => page.value(metric.onset, run)).filter((step) => step !== null));

    const MOST_ROWS = 60;

    /* A row a group and generator, the earliest first: dots are runs, the mark their median with its interval. */
    function drawAcquisitions(area, width) {
        const all = acquisitions();
        if (!all.length) return { empty: "No run of this choice has ended." };
        const some = all.length > 24 ? all.filter((row) => row.reached) : all, shown = some.slice(0, MOST_ROWS), several = new Set(shown.map((row) => row.group.name)).size > 1;
        const name = (row) => (several ? `${row.group.name}: ` : "") + row.metric.text;
        if (!shown.length) return { empty: "No run acquired any of them." };
        page.rowChart(area, width, {
            rows: shown.map((row) => ({ ...row, name: name(row), marks: [{ ...row, color: row.group.color, symbol: row.group.symbol, id: "acquired", said: name(row) }],
                right: `${row.first} of ${row.times.length} first` })), label: "acquired at optimizer step" });
        return { summary: shown.slice(0, 12).map((row) => `${name(row)}: ${page.interval(row.interval)}`).join("; "),
            note: page.pooledNote() + "A symmetry is acquired at the step from which its mean violation stays at or below phase.tau, never before train accuracy first reaches phase.accuracy. Pale dots are runs, marks medians with 95 % bootstrap intervals " +
            "over the group’s runs; runs that did not acquire it are censored at their last step. First is what a run acquires at its earliest such step; several may share it." +
            (all.length > shown.length ? ` Of ${all.length} rows those are drawn that any run reached${some.length > MOST_ROWS ? `, the first ${MOST_ROWS}` : ""}; the data have all.` : "") };
    }

    page.addGenerators = (section) => {
        if (!metrics().length) return;
        one = page.choices("generators", { of: "", logarithmic: true });
        page.addFigure(section, {
            id: "generators", title: "Symmetries found, one by one",
            about: "Which symmetry of the table does the model acquire first?",
            controls: (refresh) => [
                chosen() ? page.pick("Of", [{ group: "groups", choices: choices().map(({ id, name }) => ({ id, name })) }, { group: "runs", choices: singles().slice(0, 400).map(({ id, name }) => ({ id, name })) }], one, "of", refresh) : null,
                page.tick("log steps", one, "logarithmic", refresh),
            ],
            draw: drawGenerators,
            table: () => ({ columns: ["group", "symmetry", "step", "median", "low", "high", "runs"], rows: choices().flatMap((group) => rows(generatorLines(group))) }),
        });
        page.addFigure(section, {
            id: "acquisition", title: "When each symmetry is acquired", draw: drawAcquisitions,
            table: () => ({ columns: ["group", "symmetry", "median", "lower", "upper", "reached", "runs", "first"],
                rows: acquisitions().map((row) => [row.group.name, row.metric.text, row.interval.estimate, row.interval.lower, row.interval.upper, row.reached, row.times.length, row.first]) }),
        });
    };
})();
