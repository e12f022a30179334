/* dial.js: accuracy and time to generalization against how much symmetry the table of the task has. There only where the
 * order of the symmetry group differs between runs. */
"use strict";

(() => {
    const chart = page.chart, ORDER = "task.symmetry_order";
    let state;

    const orderOf = (run) => page.value(ORDER, run);

    /* One line a setting but for the order: its runs, order by order. */
    function lines() {
        const keys = page.data.settings.map(page.key).filter((key) => key && key.id !== ORDER);
        const runs = page.selection().runs.filter((run) => page.ended(run) && orderOf(run) !== null);
        const groups = d3.group(runs, (run) => page.groupOf({ keys }, run));
        return [...groups].map(([name, mine], i) => ({
            name, ...page.style(i), points: [...d3.group(mine, orderOf)].sort(([a], [b]) => a - b).map(([order, at]) => {
                if (state.value === "t_gen") {
                    const { times, observed, interval, reached, runs: counted } = page.onsetMedian("t_gen", at);
                    return { order, runs: counted, values: times.map((t, k) => (observed[k] ? t : NaN)), middle: interval.estimate, low: interval.lower, high: interval.upper, reached, of: times.length };
                }
                const known = at.filter((run) => page.value("final.test_accuracy", run) !== null), values = known.map((run) => page.value("final.test_accuracy", run));
                return { order, runs: known, values, middle: page.statistics.median(values), low: d3.min(values), high: d3.max(values), of: values.length, reached: values.length };
            }).filter((p) => p.of),
        })).filter((line) => line.points.length);
    }

    function draw(area, width) {
        const all = lines(), times = state.value === "t_gen";
        if (!all.length) return { empty: "No run of this choice has ended." };
        const flat = all.flatMap((line, k) => line.points.map((p) => ({ ...p, line, k, shift: 1.05 ** (k - (all.length - 1) / 2) }))), dots = flat.flatMap((p) => p.values.map((value, i) => ({ ...p, value, run: p.runs[i] }))).filter((p) => Number.isFinite(p.value));
        const orders = [...new Set(flat.map((p) => p.order))].sort((a, b) => a - b), [least, most] = d3.extent(orders);
        const values = [...dots.map((p) => p.value), ...flat.map((p) => p.middle)].filter(Number.isFinite);
        const y = times ? chart.values(values.length ? values : [1, 10], 220, true, "steps to generalization, median") : chart.share("test accuracy at the end, median");
        const axis = chart.steps([least / 1.2, most * 1.2], width - 70, true, "order of the symmetry group"), place = (p) => axis.place(p.order * p.shift);
        const x = orders.length <= 12 ? { ...axis.scale, ticks: orders.map(axis.place), tickFormat: (t) => page.number(+Math.exp(t).toPrecision(6)) } : axis.scale;
        chart.plot(area, {
            width, height: 320, x, y,
            marks: [chart.grid(y), Plot.dot(dots, { x: place, y: "value", r: 2, fill: (p) => p.line.color, fillOpacity: 0.4 }),
                ...all.map((line, k) => Plot.line(flat.filter((p) => p.k === k), { x: place, y: (p) => (Number.isFinite(p.middle) ? p.middle : NaN), stroke: line.color, strokeWidth: 2, strokeDasharray: line.dash || undefined, className: "line" })),
                Plot.dot(flat.filter((p) => Number.isFinite(p.middle)), { x: place, y: "middle", r: 4.4, symbol: (p) => p.line.symbol, fill: (p) => p.line.color, stroke: "var(--surface)" }),
                times ? Plot.text(flat.filter((p) => !Number.isFinite(p.middle)), { x: place, frameAnchor: "top", dy: (k) => 0, text: () => "▴", fill: (p) => p.line.color, fontSize: 14 }) : null,
                Plot.dot(flat, Plot.pointer({ x: place, y: (p) => (Number.isFinite(p.middle) ? p.middle : y.domain[1]), r: 7, stroke: "var(--ink)" }))],
            tip: (p) => [p.line.name, `order ${page.number(p.order)}`, times ? `median ${page.number(p.middle)} steps, ${p.reached} of ${p.of} runs generalized` : `median accuracy ${page.number(p.middle)} of ${page.plural(p.of, "run")}, ${page.number(p.low)} to ${page.number(p.high)}`],
        });
        area.append(page.keysOf(all.map((line) => ({ ...line }))));
        return { note: "Dots are runs, marks their medians." + (times ? " ▴ the median run did not generalize in the steps it had." : ""),
            summary: all.map((line) => `${line.name}: ${line.points.map((p) => `${page.number(p.middle)} at order ${page.number(p.order)}`).join(", ")}`).join("; ") };
    }

    page.addDial = (section) => {
        if (!page.key(ORDER)) return;
        state = page.choices("dial", { value: "accuracy" });
        page.addFigure(section, {
            id: "dial", title: "The symmetry dial", about: "How much symmetry does generalization take? Each table has a symmetry group of another order.",
            controls: (refresh) => [page.pick("Up", [{ id: "accuracy", name: "test accuracy at the end" }, { id: "t_gen", name: "steps to generalization (t_gen)" }], state, "value", refresh)],
            draw,
            table: () => ({ columns: ["setting", "order", "run", state.value === "t_gen" ? "t_gen" : "test_accuracy"],
                rows: lines().flatMap((line) => line.points.flatMap((p) => p.values.map((value, i) => [line.name, p.order, page.data.runs[p.runs[i]], value]))) }),
        });
    };
})();
