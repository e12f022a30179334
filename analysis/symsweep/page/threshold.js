/* threshold.js: violation against test accuracy at the end of each run, and the threshold that separates. */
"use strict";

(() => {
    const element = page.element, chart = page.chart;
    const state = { family: null, part: "max", task: "", memorized: true };

    const PARTS = { max: "largest violation", mean: "mean violation", ratio: "largest violation over random pairs’" };

    function violation(run) {
        const value = page.value(`final.${state.family}_${state.part === "ratio" ? "max" : state.part}`, run);
        if (state.part !== "ratio" || value === null) return value;
        const of = page.value(`final.${state.family}_null_max`, run);
        return of > 0 ? value / of : null;
    }

    const prompted = (run) => page.value(`${state.family}.prompted`, run) === 1;

    function points() {
        const { groups } = page.selection();
        return groups.flatMap((group) => group.runs.map((run) => ({
            run, group, violation: violation(run), accuracy: page.value("final.test_accuracy", run), prompted: prompted(run),
            memorized: page.value("t_mem", run) !== null, solved: page.value("final.test_accuracy", run) >= page.data.phase.accuracy[run], seed: page.value("seed", run), task: page.data.tasks[run],
        }))).filter((p) => page.ended(p.run) && p.violation !== null && p.accuracy !== null && (!state.task || p.task === state.task));
    }

    /* Runs that count: the symmetry is not in their objective and, unless all are wanted, they memorized. */
    const counts = (p) => !p.prompted && (p.memorized || !state.memorized);

    const separation = (all) => {
        const counted = all.filter(counts);
        return page.statistics.separate(counted.map((p) => p.violation), counted.map((p) => p.solved), counted.map((p) => p.seed));
    };

    function draw(area, width) {
        if (!page.data.families.length) return { empty: "No violation of a symmetry is measured in this file." };
        const all = points();
        if (!all.length) return { empty: "No run of this choice has ended with a violation." };
        const test = separation(all);
        const left = 54, right = 16, top = 34, height = 334;
        const svg = chart.svg(area, width, height);
        const box = { left, top, width: width - left - right, height: height - top - 44 };
        const positive = all.map((p) => p.violation).filter((v) => v > 0);
        const extent = d3.extent(positive.length ? positive : [1e-3, 1]);
        if (test.threshold > 0) extent[0] = Math.min(extent[0], test.threshold), extent[1] = Math.max(extent[1], test.threshold);
        const x = chart.values([extent[0] / 1.6, extent[1] * 1.6], [left, left + box.width], true);
        const y = chart.values([0, 1], [top + box.height, top], false);
        if (Number.isFinite(test.threshold)) {
            svg.append("rect").attr("class", "solved-side").attr("x", left).attr("y", top).attr("width", Math.max(0, x(test.threshold) - left)).attr("height", box.height);
        }
        chart.valueAxis(svg, box, y, "test accuracy at the end");
        chart.bottomAxis(svg, box, x, `${page.words(state.family)}: ${PARTS[state.part]} at the end${state.part === "ratio" ? "" : " (nat)"}`);
        if (Number.isFinite(test.threshold)) {
            const at = x(test.threshold), near = at > left + box.width * 0.6, roomy = at > left + 190;
            svg.append("line").attr("class", "rule strong").attr("x1", at).attr("x2", at).attr("y1", top - 4).attr("y2", top + box.height);
            svg.append("text").attr("class", "rule-text").attr("x", at + (near ? -6 : 6)).attr("y", roomy ? top - 8 : top + box.height - 10).attr("text-anchor", near ? "end" : "start").text(`threshold ${page.number(test.threshold)}`);
        }
        const g = svg.append("g");
        for (const p of all) {
            const mark = !counts(p) ? g.append("path").attr("transform", `translate(${x(p.violation)},${y(p.accuracy)})`).attr("d", "M-3.5,-3.5l7,7m-7,0l7,-7").attr("stroke", p.group.color).attr("stroke-width", 1.4)
                : chart.mark(g, p.group.symbol, x(p.violation), y(p.accuracy), 54, p.group.color, p.solved);
            page.tipOn(mark.datum(p), (d) => [page.runName(d.run), `violation ${page.number(d.violation)}`, `test accuracy ${page.number(d.accuracy)}`, d.solved ? "solved" : "not solved", d.prompted ? "in the objective: not counted" : counts(d) ? "" : "never memorized: not counted"]);
        }
        area.append(keys(all));
        return { note: verdict(test, all), summary: verdict(test, all) };
    }

    function keys(all) {
        const groups = page.selection().groups.filter((group) => all.some((p) => p.group.name === group.name));
        const kinds = [all.some((p) => counts(p) && p.solved) && "filled: solved", all.some((p) => counts(p) && !p.solved) && "open: not solved", all.some((p) => !counts(p)) && "×: not counted"].filter(Boolean);
        return element("ul", { class: "keys row" }, groups.length > 1 ? groups.map((group) => element("li", {}, page.swatch(group), group.name)) : null, kinds.map((text) => element("li", { class: "meaning" }, text)));
    }

    function verdict(test, all) {
        const out = all.filter((p) => p.prompted).length, never = all.filter((p) => !p.prompted && !counts(p)).length;
        const dropped = (out ? ` ${page.plural(out, "run")} with the symmetry in the objective ${out === 1 ? "is" : "are"} left out: that it is small there is no finding.` : "") +
            (never ? ` ${page.plural(never, "run")} that never memorized ${never === 1 ? "is" : "are"} left out: a model that gives one answer to all violates nothing.` : "");
        if (test.reason) return `No threshold: ${test.reason}.${dropped}`;
        const [wrongThere, there] = test.calibration, [wrong, n] = test.test;
        return `Calibrated on half of the seeds (${wrongThere} of ${page.plural(there, "run")} on the wrong side): a run counts as solved at a violation of ${page.number(test.threshold)} or less. ` +
            `On the other half ${wrong} of ${page.plural(n, "run")} ${wrong === 1 ? "is" : "are"} on the wrong side: error rate ${page.percent(test.errorRate)}, 95 % interval ${page.percent(test.lower)} to ${page.percent(test.upper)}.${dropped}`;
    }

    page.addThreshold = (section) => {
        state.family = page.data.families[0] || null;
        page.addFigure(section, {
            id: "threshold", title: "Violation against test accuracy",
            about: "Does a small violation tell the runs that solved the task from those that did not?",
            controls: (refresh) => {
                if (!page.data.families.length) return [];
                const set = (name) => (value) => { state[name] = value; refresh(); };
                const tasks = [...new Set(page.selection().runs.map((run) => page.data.tasks[run]))];
                if (state.task && !tasks.includes(state.task)) state.task = "";
                return [
                    page.select("Symmetry", page.data.families.map((f) => ({ id: f, name: page.words(f) })), state.family, set("family")),
                    page.select("Violation", Object.entries(PARTS).map(([id, name]) => ({ id, name })), state.part, set("part")),
                    page.check("only runs that memorized", state.memorized, set("memorized")),
                    tasks.length > 1 ? page.select("Task", [{ id: "", name: "all" }, ...tasks.map((t) => ({ id: t, name: t }))], state.task, set("task")) : null,
                ];
            },
            draw,
            table: () => {
                const all = points().sort((a, b) => counts(b) - counts(a)), counted = all.filter(counts);
                const half = page.statistics.halves(counted.map((p) => p.seed)).map((first) => (first ? "calibration" : "test"));
                return {
                    columns: ["run", "group", "task", "seed", "violation", "test_accuracy", "solved", "memorized", "prompted", "counts", "half"],
                    rows: all.map((p, i) => [page.data.runs[p.run], p.group.name, p.task, p.seed, p.violation, p.accuracy, +p.solved, +p.memorized, +p.prompted, +counts(p), half[i] || ""]),
                };
            },
        });
    };
    page.thresholdTest = () => separation(points());
})();
