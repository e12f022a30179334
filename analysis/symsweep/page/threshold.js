/* threshold.js: violation against test accuracy, at every evaluation of every run or at its end, and the thresholds that
 * separate. */
"use strict";

(() => {
    const element = page.element, chart = page.chart;
    const MOST_MARKS = 3000, LEVELS = [0.99, 1];
    const KINDS = { states: "every evaluation", ends: "end of each run" };
    const state = { kind: "states", family: null, part: "max", task: "", memorized: { states: false, ends: true } };

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
    const counts = (p) => !p.prompted && (p.memorized || !state.memorized[state.kind]);

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
        const left = 54, right = 16, top = 34, height = 334;
        const svg = chart.svg(area, width, height);
        const box = { left, top, width: width - left - right, height: height - top - 44 };
        const positive = [...all.map((p) => p.violation), ...known.map((test) => test.threshold)].filter((v) => v > 0);
        const extent = d3.extent(positive.length ? positive : [1e-3, 1]);
        const x = chart.values([extent[0] / 1.6, extent[1] * 1.6], [left, left + box.width], true);
        const y = chart.values([0, 1], [top + box.height, top], false);
        if (known.length) {
            svg.append("rect").attr("class", "solved-side").attr("x", left).attr("y", top).attr("width", Math.max(0, x(known[0].threshold) - left)).attr("height", box.height);
        }
        const when = ends ? " at the end" : "";
        chart.valueAxis(svg, box, y, "test accuracy" + when);
        chart.bottomAxis(svg, box, x, `${page.words(state.family)}: ${PARTS[state.part]}${when}${state.part === "ratio" ? "" : " (nat)"}`);
        known.forEach((test, k) => {
            const at = x(test.threshold), near = at > left + box.width * 0.6, roomy = at > left + 190 && k === 0;
            svg.append("line").attr("class", "rule strong").attr("x1", at).attr("x2", at).attr("y1", top - 4).attr("y2", top + box.height).attr("stroke-dasharray", k ? "4 3" : null);
            svg.append("text").attr("class", "rule-text").attr("x", at + (near ? -6 : 6)).attr("y", roomy ? top - 8 : top + box.height - 10 - 14 * k).attr("text-anchor", near ? "end" : "start")
                .text(`threshold ${page.number(test.threshold)}${ends ? "" : ` for ${page.percent(test.level)}`}`);
        });
        const g = svg.append("g"), stride = Math.ceil(all.length / MOST_MARKS);
        for (const p of all.filter((_, i) => i % stride === 0)) {
            const [px, py] = [x(p.violation), y(p.accuracy)];
            const mark = !counts(p) ? g.append("path").attr("transform", `translate(${px},${py})`).attr("d", ends ? "M-3.5,-3.5l7,7m-7,0l7,-7" : "M-2,-2l4,4m-4,0l4,-4").attr("stroke", p.group.color).attr("stroke-width", ends ? 1.4 : 0.8)
                : chart.mark(g, p.group.symbol, px, py, ends ? 54 : 12, p.group.color, p.solved[0]);
            page.tipOn(mark.datum(p), (d) => [page.runName(d.run), `step ${page.number(d.step)}`, `violation ${page.number(d.violation)}`, `test accuracy ${page.number(d.accuracy)}`, d.solved[0] ? "solved" : "not solved",
                d.prompted ? "in the objective: not counted" : counts(d) ? "" : "not memorized: not counted"]);
        }
        area.append(keys(all));
        const said = verdict(tests, all);
        return { note: said + (stride > 1 ? ` One point in ${stride} is drawn; all count.` : ""), summary: said };
    }

    function keys(all) {
        const groups = page.selection().groups.filter((group) => all.some((p) => p.group.name === group.name));
        const level = state.kind === "ends" ? "" : ` (${page.percent(LEVELS[0])} or more)`;
        const kinds = [all.some((p) => counts(p) && p.solved[0]) && `filled: solved${level}`, all.some((p) => counts(p) && !p.solved[0]) && "open: not solved", all.some((p) => !counts(p)) && "×: not counted"].filter(Boolean);
        return element("ul", { class: "keys row" }, groups.length > 1 ? groups.map((group) => element("li", {}, page.swatch(group), group.name)) : null, kinds.map((text) => element("li", { class: "meaning" }, text)));
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
        state.family = page.data.families[0] || null;
        page.addFigure(section, {
            id: "threshold", title: "Violation against test accuracy",
            about: "Does a small violation tell what is solved from what is not?",
            controls: (refresh) => {
                if (!page.data.families.length) return [];
                const set = (name) => (value) => { state[name] = value; refresh(); };
                const tasks = [...new Set(page.selection().runs.map((run) => page.data.tasks[run]))];
                if (state.task && !tasks.includes(state.task)) state.task = "";
                return [
                    page.select("Points", Object.entries(KINDS).map(([id, name]) => ({ id, name })), state.kind, set("kind")),
                    page.select("Symmetry", page.data.families.map((f) => ({ id: f, name: page.words(f) })), state.family, set("family")),
                    page.select("Violation", Object.entries(PARTS).map(([id, name]) => ({ id, name })), state.part, set("part")),
                    page.check("only after memorization", state.memorized[state.kind], (value) => { state.memorized[state.kind] = value; refresh(); }),
                    tasks.length > 1 ? page.select("Task", [{ id: "", name: "all" }, ...tasks.map((t) => ({ id: t, name: t }))], state.task, set("task")) : null,
                ];
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
