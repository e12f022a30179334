/* threshold.js: violation against test accuracy, at every evaluation of every run or at its end, and the thresholds that
 * separate. */
"use strict";

(() => {
    const element = page.element, chart = page.chart;
    const MOST_MARKS = 2000, LEVELS = [0.99, 1];
    const KINDS = { states: "every evaluation", ends: "end of each run" };
    let state;
    const memorizedOnly = () => state[state.kind + "_memorized"];

    const PARTS = { max: "largest violation", mean: "mean violation", ratio: "largest violation over random pairs’" };

    const ofRun = (group, run) => ({ run, group, prompted: page.value(`${state.family}.prompted`, run) === 1, seed: page.value("seed", run), task: page.data.tasks[run] });

    function violation(run) {
        const value = page.value(`final.${state.family}_${state.part === "ratio" ? "max" : state.part}`, run);
        if (state.part !== "ratio" || value === null) return value;
        const of = page.value(`final.${state.family}_null_max`, run);
        return of > 0 ? value / of : null;
    }

    const end = (group, run) => [{
        ...ofRun(group, run), violation: violation(run), accuracy: page.value("final.test_accuracy", run), step: page.lastStep(run),
        memorized: page.value("t_mem", run) !== null, solved: [page.value("final.test_accuracy", run) >= page.data.phase.accuracy[run]],
    }].filter((p) => p.violation !== null && p.accuracy !== null);

    /* Evaluations of a run, as states.py takes them; the page may hold some of them only. */
    function evaluations(group, run) {
        const part = state.part === "ratio" ? "max" : state.part;
        const [value, of, accuracy] = [`${state.family}_${part}`, `${state.family}_null_max`, "test_accuracy"].map((name) => page.curve(name, run));
        if (!value || !accuracy || (state.part === "ratio" && !of)) return [];
        const memorized = page.value("t_mem", run), common = ofRun(group, run);
        return [...value.steps].map((step, i) => ({
            ...common, step, violation: state.part === "ratio" ? (of.values[i] > 0 ? value.values[i] / of.values[i] : NaN) : value.values[i],
            accuracy: accuracy.values[i], memorized: memorized !== null && step >= memorized,
            solved: LEVELS.map((level) => accuracy.values[i] >= level - page.resolution("test_accuracy", level)),
        })).filter((p) => Number.isFinite(p.violation) && Number.isFinite(p.accuracy));
    }

    function points() {
        const { groups } = page.selection();
        const wanted = (run) => page.ended(run) && (!state.task || page.data.tasks[run] === state.task);
        return groups.flatMap((group) => group.runs.filter(wanted).flatMap((run) => (state.kind === "ends" ? end : evaluations)(group, run)));
    }

    /* What counts: the symmetry is not in the objective and, unless all are wanted, the run had memorized. */
    const counts = (p) => !p.prompted && (p.memorized || !memorizedOnly());

    /* One test for the ends of runs; one for each level of accuracy for their states. */
    function separations(all) {
        const counted = all.filter(counts), test = state.kind === "ends" ? page.statistics.separate : page.statistics.separateStates;
        return (state.kind === "ends" ? [null] : LEVELS).map((level, k) =>
            ({ level, ...test(counted.map((p) => p.violation), counted.map((p) => p.solved[k]), counted.map((p) => p.seed)) }));
    }

    function draw(area, width) {
        if (!page.data.families.length) return { empty: "No violation of a symmetry is measured in this file." };
        const all = points(), ends = state.kind === "ends";
        if (!all.length) return { empty: "No run of this choice has ended with a violation." };
        const tests = separations(all), known = tests.filter((test) => Number.isFinite(test.threshold));
        const stride = Math.ceil(all.length / MOST_MARKS), some = all.filter((_, i) => i % stride === 0), when = ends ? " at the end" : "";
        const positive = [...all.map((p) => p.violation), ...known.map((test) => test.threshold)].filter((v) => v > 0), extent = d3.extent(positive.length ? positive : [1e-3, 1]);
        const x = chart.values([extent[0] / 1.6, extent[1] * 1.6], width * 0.4, true, `${page.words(state.family)}: ${PARTS[state.part]}${when}${state.part === "ratio" ? "" : " (nat)"}`);
        const y = chart.share("test accuracy" + when);
        const dot = (data, filled) => Plot.dot(data, { x: "violation", y: "accuracy", r: ends ? 4.2 : 2, symbol: (p) => p.group.symbol, fill: filled ? (p) => p.group.color : "var(--surface)", stroke: filled ? "var(--surface)" : (p) => p.group.color, strokeWidth: filled ? 0.5 : 1.2 });
        const dots = [some.filter((p) => counts(p) && p.solved[0]), some.filter((p) => counts(p) && !p.solved[0]), some.filter((p) => !counts(p))];
        chart.plot(area, {
            width, height: 340, marginTop: 40, x, y,
            marks: [chart.grid(y), known.length ? Plot.rect([known[0]], { x1: x.domain[0], x2: "threshold", y1: 0, y2: 1, fill: "var(--comprehension)", fillOpacity: 0.1 }) : null,
                Plot.dot(dots[2], { x: "violation", y: "accuracy", r: ends ? 3 : 1.6, symbol: "times", stroke: (p) => p.group.color, strokeWidth: ends ? 1.4 : 0.8 }), dot(dots[1], false), dot(dots[0], true),
                ...known.map((test, k) => Plot.ruleX([test.threshold], { stroke: "var(--ink)", strokeWidth: 1.25, strokeDasharray: k ? "4 3" : undefined, className: "threshold" })),
                ...known.map((test, k) => { const text = `threshold ${page.number(test.threshold)}${ends ? "" : ` for ${page.percent(test.level)}`}`;
                    const share = Math.log(test.threshold / x.domain[0]) / Math.log(x.domain[1] / x.domain[0]), far = (1 - share) * (width - 80) < 6.8 * text.length;
                    return Plot.text([test], { x: "threshold", frameAnchor: "bottom", dy: -10 - 15 * k, dx: far ? -6 : 6, textAnchor: far ? "end" : "start", fill: "var(--ink)", stroke: "var(--surface)", strokeWidth: 4,
                        text: () => text }); }),
                Plot.dot(some, Plot.pointer({ x: "violation", y: "accuracy", r: 6, stroke: "var(--ink)" }))],
            tip: (d) => [page.runName(d.run), `step ${page.number(d.step)}`, `violation ${page.number(d.violation)}`, `test accuracy ${page.number(d.accuracy)}`, d.solved[0] ? "solved" : "not solved",
                d.prompted ? "in the objective: not counted" : counts(d) ? "" : "not memorized: not counted"],
        });
        area.append(keys(all));
        const said = verdict(tests, all);
        return { note: said + (stride > 1 ? ` One point in ${stride} is drawn; all count.` : ""), summary: said };
    }

    function keys(all) {
        const groups = page.levels(all.map((p) => p.group)).slice(0, 40);
        const level = state.kind === "ends" ? "" : ` (${page.percent(LEVELS[0])} or more)`;
        const kinds = [all.some((p) => counts(p) && p.solved[0]) && `filled: solved${level}`, all.some((p) => counts(p) && !p.solved[0]) && "open: not solved", all.some((p) => !counts(p)) && "×: not counted"].filter(Boolean);
        return element("ul", { class: "keys row" }, groups.length > 1 ? groups.map((group) => element("li", {}, page.swatch({ ...group, dash: "" }), group.name)) : null, kinds.map((text) => element("li", { class: "meaning" }, text)));
    }

    function dropped(all) {
        const runs = (wanted) => new Set(all.filter(wanted).map((p) => p.run)).size;
        const out = runs((p) => p.prompted), never = all.filter((p) => !p.prompted && !counts(p)).length;
        return (out ? ` ${page.plural(out, "run")} with the symmetry in the objective ${out === 1 ? "is" : "are"} left out: that it is small there is no finding.` : "") +
            (never ? ` ${page.plural(never, state.kind === "ends" ? "run" : "state")} without memorization ${never === 1 ? "is" : "are"} left out: a model that gives one answer to all violates nothing.` : "");
    }

    function verdict(tests, all) {
        const what = state.kind === "ends" ? "run" : "state";
        const parts = tests.map((test) => {
            const level = test.level === null ? "" : `Test accuracy ${page.percent(test.level)}: `;
            if (test.reason) return `${level}no threshold, ${test.reason}.`;
            const [wrongThere, there] = test.calibration, [wrong, n] = test.test;
            return `${level}${level ? "c" : "C"}alibrated on half of the seeds (${wrongThere} of ${page.plural(there, what)} on the wrong side): a ${what} counts as solved at a violation of ${page.number(test.threshold)} or less. ` +
                `On the other half ${wrong} of ${page.plural(n, what)} ${wrong === 1 ? "is" : "are"} on the wrong side: error rate ${page.percent(test.errorRate)}, 95 % interval ${page.percent(test.lower)} to ${page.percent(test.upper)}.`;
        });
        const kind = state.kind === "ends" ? "" : "Each evaluation of a run is a point. " +
            (page.data.curves.thinned ? `The page holds up to ${page.data.curves.points} evaluations of a run; the package has all. ` : "");
        return kind + parts.join(" ") + (state.kind === "ends" ? "" : " Intervals are over seeds.") + dropped(all);
    }

    page.addThreshold = (section) => {
        state = page.choices("threshold", { kind: "states", family: page.data.families[0] || "", part: "max", task: "", states_memorized: false, ends_memorized: true });
        const figure = page.addFigure(section, {
            id: "threshold", title: "Violation against test accuracy",
            about: "Does a small violation tell what is solved from what is not?",
            controls: (refresh) => {
                if (!page.data.families.length) return [];
                const tasks = [...new Set(page.selection().runs.map((run) => page.data.tasks[run]))];
                return [page.pick("Points", page.named(Object.keys(KINDS), (id) => KINDS[id]), state, "kind", () => figure.rebuild()), page.pick("Symmetry", page.named(page.data.families, page.words), state, "family", refresh),
                    page.pick("Violation", page.named(Object.keys(PARTS), (id) => PARTS[id]), state, "part", refresh), page.tick("only after memorization", state, state.kind + "_memorized", refresh),
                    page.pick("Task", [{ id: "", name: "all" }, ...(tasks.length > 1 ? page.named(tasks, (id) => id) : [])], state, "task", refresh)];
            },
            draw,
            table: () => {
                const all = points().sort((a, b) => counts(b) - counts(a)), counted = all.filter(counts);
                const half = page.statistics.halves(counted.map((p) => p.seed)).map((first) => (first ? "calibration" : "test"));
                const solved = state.kind === "ends" ? ["solved"] : LEVELS.map((level) => `solved_${level}`);
                return {
                    columns: ["run", "group", "task", "seed", "step", "violation", "test_accuracy", ...solved, "memorized", "prompted", "counts", "half"],
                    rows: all.map((p, i) => [page.data.runs[p.run], p.group.name, p.task, p.seed, p.step, p.violation, p.accuracy, ...p.solved.map(Number), +p.memorized, +p.prompted, +counts(p), half[i] || ""]),
                };
            },
        });
    };
    page.thresholdTests = () => separations(points());
})();
