/* onsets.js: when each stage was reached, in which order, and how long symmetry led generalization. */
"use strict";

(() => {
    const element = page.element, chart = page.chart;
    const MOST_ROWS = 45;

    /* ---- order of onsets ---- */

    const known = () => page.onsets.filter((onset) => page.column(onset.id));

    function rows(most = Infinity) {
        return page.selection().groups.slice(0, most).map((group) => ({
            group,
            onsets: known().map((onset) => ({ ...onset, ...page.onsetMedian(onset.id, group.runs) })),
        })).filter((row) => row.onsets.some((onset) => onset.times.length));
    }

    /* Rows {name, marks: [{interval, times, observed, color, symbol, id}], right} one below the other over one axis of steps:
     * pale dots are runs, marks medians with their intervals, a triangle at the right end a median that is not reached. */
    page.rowChart = (area, width, { rows, label, note = "" }) => {
        const narrow = width < 560, most = narrow ? Math.floor(width / 7.4) : Math.floor((width * 0.42 - 24) / 7), cut = chart.cutter(rows.map((row) => row.name), most), per = d3.max(rows, (row) => row.marks.length);
        const letters = Math.min(most + 1, d3.max(rows, (row) => cut(row.name).length)), left = narrow ? 14 : Math.min(letters * 7 + 16, width * 0.42), right = 26 + (narrow ? 0 : d3.max(rows, (row) => (row.right ? chart.wordsWide(row.right) : 0)));
        const tall = Math.max(26, per * 10 + 8) + (narrow ? 18 : 0), data = rows.flatMap((row, i) => row.marks.map((mark, k) => ({ ...mark, row, at: i + ((narrow ? 18 : 0) + (k + 0.5) * ((tall - (narrow ? 18 : 0)) / per)) / tall })));
        const finite = data.flatMap((d) => [d.interval.estimate, d.interval.lower, d.interval.upper, ...d.times]).filter((t) => Number.isFinite(t) && t > 0);
        const axis = chart.steps(finite.length ? finite : [1, 10], width - left - right, true, label), place = axis.place, end = axis.scale.domain[1];
        const runs = data.flatMap((d) => d.times.map((time, i) => ({ ...d, time, is: d.observed[i] }))).filter((d) => d.is);
        const spans = data.filter((d) => Number.isFinite(d.interval.lower)), medians = data.filter((d) => Number.isFinite(d.interval.estimate)), never = data.filter((d) => d.times.length && !Number.isFinite(d.interval.estimate));
        const span = (data, dash) => Plot.link(data, { x1: (d) => place(d.interval.lower), x2: (d) => (Number.isFinite(d.interval.upper) ? place(d.interval.upper) : end), y1: "at", y2: "at", stroke: (d) => d.color, strokeWidth: 1.5, strokeDasharray: dash });
        return chart.plot(area, {
            width, height: rows.length * tall + 66, marginLeft: left, marginRight: right, marginTop: 20, marginBottom: 46, x: axis.scale, y: { domain: [0, rows.length], reverse: true, axis: null },
            marks: [Plot.rect(rows.map((_, i) => i).filter((i) => i % 2 === 0), { y1: (i) => i, y2: (i) => i + 1, fill: "var(--raised)", fillOpacity: 0.55 }), Plot.gridX({ stroke: "var(--line)", strokeOpacity: 1, ticks: axis.scale.ticks }),
                Plot.text(rows, { y: (_, i) => (narrow ? i + 10 / tall : i + 0.5), frameAnchor: "left", dx: narrow ? -8 : -8, textAnchor: narrow ? "start" : "end", text: (row) => cut(row.name), title: "name", fill: "var(--ink)" }),
                right > 26 ? Plot.text(rows, { y: (_, i) => i + 0.5, frameAnchor: "right", dx: 16, textAnchor: "start", text: (row) => row.right || "", fill: "var(--soft)" }) : null,
                Plot.dot(runs, { x: (d) => place(d.time), y: "at", r: 2, fill: (d) => d.color, fillOpacity: 0.4 }), span(spans.filter((d) => Number.isFinite(d.interval.upper))), span(spans.filter((d) => !Number.isFinite(d.interval.upper)), "3 2"),
                Plot.dot(medians, { x: (d) => place(d.interval.estimate), y: "at", r: 4.2, symbol: (d) => d.symbol, fill: (d) => d.color, stroke: "var(--surface)", strokeWidth: 0.75 }),
                Plot.dot(never, { x: () => end, y: "at", dx: 5, r: 4, symbol: chart.arrow(1), fill: (d) => d.color }),
                Plot.dot(data, Plot.pointer({ x: (d) => (Number.isFinite(d.interval.estimate) ? place(d.interval.estimate) : end), y: "at", r: 6, stroke: "var(--ink)", maxRadius: 60 }))],
            tip: (d) => [d.row.name, d.said || `${d.id} (${d.name}): ${page.interval(d.interval)}`, `median ${page.interval(d.interval)}`, `${d.reached} of ${d.times.length} runs reached it`],
        });
    };

    function drawOrder(area, width) {
        const all = rows(2 * MOST_ROWS), groups = page.selection().groups.length;
        if (!all.length) return { empty: "No run of this choice has ended." };
        page.rowChart(area, width, { rows: all.slice(0, MOST_ROWS).map((row) => ({ name: row.group.name, marks: row.onsets })), label: "optimizer step" });
        area.append(element("ul", { class: "keys row" }, known().map((onset) => element("li", {}, page.symbolKey(onset), `${onset.id}: ${onset.name} (${onset.meaning})`)),
            element("li", { class: "meaning" }, "▸ median not reached")));
        const freq = frequencies();
        return {
            note: ["Medians with 95 % bootstrap intervals; pale dots are single runs. " + (groups > MOST_ROWS ? `The first ${MOST_ROWS} of ${groups} groups are drawn; the data have all. ` : ""), orderTable(freq)],
            summary: freq.map((f) => `${f.name}: ${f.yes} of ${f.known} runs`).join(", "),
        };
    }

    /* Is a < b? true, false, or null where the censoring leaves it open. An onset that was not reached comes after the
     * end of the run, if it comes. */
    function before(run, a, b, orEqual) {
        const ta = page.value(a, run), tb = page.value(b, run);
        if (ta !== null && tb !== null) return orEqual ? ta <= tb : ta < tb;
        if ((ta === null && page.untold(a, run)) || (tb === null && page.untold(b, run))) return null;
        if (ta !== null) return true;
        return tb !== null ? false : null;
    }

    const isPrompted = (run) => page.value(`${page.data.phase.family[run]}.prompted`, run) === 1;

    /* The claim is of runs that generalize: for others there is no order to speak of. */
    const PAIRS = [["t_mem", "t_sym", false], ["t_sym", "t_gen", true], ["t_gen", "t_geo", false]];

    function frequencies() {
        const runs = page.selection().runs.filter((run) => page.ended(run) && page.value("t_gen", run) !== null && !isPrompted(run));
        const pairs = PAIRS.filter(([a, b]) => page.column(a) && page.column(b));
        const found = pairs.map(([a, b, orEqual]) => {
            const answers = runs.map((run) => before(run, a, b, orEqual)).filter((v) => v !== null);
            return { name: `${a} ${orEqual ? "≤" : "<"} ${b}`, yes: answers.filter(Boolean).length, known: answers.length };
        });
        if (pairs.length === PAIRS.length) {
            const answers = runs.map((run) => {
                const parts = PAIRS.map(([a, b, orEqual]) => before(run, a, b, orEqual));
                return parts.includes(false) ? false : parts.includes(null) ? null : true;
            }).filter((v) => v !== null);
            found.push({ name: "t_mem < t_sym ≤ t_gen < t_geo", yes: answers.filter(Boolean).length, known: answers.length });
        }
        return found;
    }

    function orderTable(found) {
        const out = page.selection().runs.filter((run) => page.ended(run) && isPrompted(run)).length;
        const dropped = out ? element("span", { class: "fact" }, `${page.plural(out, "run")} whose objective has the symmetry ${out === 1 ? "does" : "do"} not count here.`) : null;
        return element("span", { class: "facts" }, found.map((f) => {
            const [lower, upper] = page.statistics.wilson(f.yes, f.known);
            return element("span", { class: "fact" }, element("b", {}, f.name), ` in ${f.yes} of ${f.known} runs that generalized and tell` +
                (f.known ? ` (${page.percent(f.yes / f.known)}, 95 % interval ${page.percent(lower)} to ${page.percent(upper)})` : ""));
        }), dropped);
    }

    /* ---- lead time ---- */

    const LEADS = { mean: "t_sym_mean", max: "t_sym_max" };
    let state;

    function leadOf(run) {
        const family = state.family || page.data.phase.family[run];
        const sym = page.value(`${LEADS[state.part]}.${family}`, run), gen = page.value("t_gen", run), end = page.value("steps", run);
        if (sym !== null && gen !== null) return { low: gen - sym, high: gen - sym };
        if (sym !== null && end !== null) return { low: end - sym, high: Infinity };
        if (gen !== null && end !== null) return { low: -Infinity, high: gen - end };
        return null;
    }

    function leads() {
        return page.selection().groups.map((group) => {
            const found = group.runs.filter(page.ended).map((run) => {
                const family = state.family || page.data.phase.family[run];
                return { run, lead: leadOf(run), prompted: page.value(`${family}.prompted`, run) === 1 };
            });
            const told = found.filter((f) => f.lead);
            const [low, high] = page.statistics.medianBounds(told.map((f) => f.lead.low), told.map((f) => f.lead.high));
            return { group, told, silent: found.length - told.length, low, high };
        }).filter((row) => row.told.length);
    }

    function drawLeads(area, width) {
        const all = leads();
        if (!all.length) return { empty: "No run that has ended reached both memorization and either symmetry or generalization." };
        const shown = all.slice(0, MOST_ROWS), narrow = width < 560, most = narrow ? 42 : 34, cut = chart.cutter(shown.map((row) => row.group.name), most);
        const left = narrow ? 30 : Math.min(Math.min(most + 1, d3.max(shown, (row) => cut(row.group.name).length)) * 6.6 + 36, width * 0.42), tall = narrow ? 46 : 30;
        const finite = shown.flatMap((row) => row.told.flatMap((t) => [t.lead.low, t.lead.high])).filter(Number.isFinite);
        const x = chart.values([Math.min(0, d3.min(finite)), Math.max(0, d3.max(finite))], width * 0.5, false, "lead of symmetry before generalization (steps)"), [low, high] = x.domain;
        const y = (i) => i + (narrow ? 0.68 : 0.5), within = (v) => Math.max(low, Math.min(high, v));
        const data = shown.flatMap((row, i) => row.told.map((t, k) => ({ ...t, row, y: y(i) + ((((k * 7) % 5) * 2.2 - 4.4) / tall), exact: t.lead.low === t.lead.high, at: Number.isFinite(t.lead.low) ? t.lead.low : t.lead.high })));
        const dot = (wanted, filled) => Plot.dot(data.filter((d) => d.exact && d.prompted !== wanted), { x: "at", y: "y", r: 3.6, symbol: (d) => d.row.group.symbol, fill: filled ? (d) => d.row.group.color : "var(--surface)", stroke: filled ? "var(--surface)" : (d) => d.row.group.color });
        const bars = shown.map((row, i) => ({ row, i, exact: row.low === row.high }));
        chart.plot(area, {
            width, height: shown.length * tall + 66, marginLeft: left, marginRight: 36, marginTop: 20, marginBottom: 46, x: { ...x, grid: true }, y: { domain: [0, shown.length], reverse: true, axis: null },
            marks: [Plot.ruleX([0], { stroke: "var(--faint)", strokeDasharray: "5 4" }),
                Plot.link(bars, { x1: (b) => within(b.row.low), x2: (b) => within(b.row.high), y1: (b) => y(b.i), y2: (b) => y(b.i), stroke: (b) => b.row.group.color, strokeWidth: 8, strokeOpacity: 0.25 }),
                Plot.dot(bars.filter((b) => b.exact), { x: (b) => b.row.low, y: (b) => y(b.i), r: 9, symbol: { draw(context, size) { const r = Math.sqrt(size / Math.PI); context.moveTo(0, -r); context.lineTo(0, r); } }, stroke: (b) => b.row.group.color, strokeWidth: 3 }),
                dot(true, true), dot(false, false),
                ...[1, -1].map((way) => Plot.dot(data.filter((d) => !d.exact && (d.lead.high === Infinity) === (way > 0)), { x: "at", y: "y", r: 4, symbol: chart.arrow(way), fill: (d) => d.row.group.color })),
                Plot.text(shown, { y: (_, i) => (narrow ? i + 10 / tall : i + 0.5), frameAnchor: "left", dx: narrow ? -24 : -20, textAnchor: narrow ? "start" : "end", text: (row) => cut(row.group.name), fill: "var(--ink)" }),
                Plot.dot(data, Plot.pointer({ x: "at", y: "y", r: 6, stroke: "var(--ink)" }))],
            tip: (d) => [page.runName(d.run), d.exact ? `lead ${page.number(d.lead.low)} steps` : d.lead.high === Infinity ? `lead above ${page.number(d.lead.low)} steps` : `lead below ${page.number(d.lead.high)} steps`],
        });
        const open = d3.sum(all, (row) => row.silent);
        return {
            note: "Lead = t_gen − t_sym. A dot is a run; ▸ at least so long (generalization not reached), ◂ at most (symmetry not reached). The bar spans all values the group’s median can have. " +
                "Hollow: the symmetry is in the objective." + (open ? ` ${page.plural(open, "run")} reached neither.` : ""),
            summary: shown.slice(0, 12).map((row) => `${row.group.name}: median lead ${row.low === row.high ? page.number(row.low) : `between ${page.number(row.low)} and ${page.number(row.high)}`} steps`).join("; "),
        };
    }

    page.addOnsets = (section) => {
        state = page.choices("lead", { part: "mean", family: "" });
        page.addFigure(section, {
            id: "onset-order", title: "Order of onsets",
            about: "When does each stage begin? The claim under test is t_mem < t_sym ≤ t_gen < t_geo.",
            draw: drawOrder,
            table: () => ({
                columns: ["group", "onset", "median", "lower", "upper", "reached", "runs"],
                rows: rows().flatMap((row) => row.onsets.map((o) => [row.group.name, o.id, o.interval.estimate, o.interval.lower, o.interval.upper, o.reached, o.times.length])),
            }),
        });
        const families = page.data.families.filter((family) => page.column(`t_sym_mean.${family}`) || page.column(`t_sym_max.${family}`));
        page.addFigure(section, {
            id: "lead-times", title: "Lead time of symmetry",
            about: "How long before test accuracy does the violation fall below phase.tau?",
            controls: (refresh) => (families.length ? [page.pick("Symmetry", [{ id: "", name: "phase.family of each run" }, ...page.named(families, page.words)], state, "family", refresh),
                page.pick("Violation", [{ id: "mean", name: "mean" }, { id: "max", name: "largest" }], state, "part", refresh)] : []),
            draw: drawLeads,
            table: () => ({
                columns: ["group", "run", "lead_low", "lead_high", "prompted"],
                rows: leads().flatMap((row) => row.told.map((t) => [row.group.name, page.data.runs[t.run], t.lead.low, t.lead.high, t.prompted ? 1 : 0])),
            }),
        });
    };
})();
