/* onsets.js: when each stage was reached, in which order, and how long symmetry led generalization. */
"use strict";

(() => {
    const element = page.element, chart = page.chart;
    const MOST_ROWS = 45;

    /* ---- order of onsets ---- */

    const known = () => page.onsets.filter((onset) => page.column(onset.id));

    function rows() {
        return page.selection().groups.map((group) => ({
            group,
            onsets: known().map((onset) => ({ ...onset, ...page.onsetMedian(onset.id, group.runs) })),
        })).filter((row) => row.onsets.some((onset) => onset.times.length));
    }

    function drawOrder(area, width) {
        const all = rows();
        if (!all.length) return { empty: "No run of this choice has ended." };
        const shown = all.slice(0, MOST_ROWS);
        const narrow = width < 560;
        const most = narrow ? 16 : 30;
        const left = narrow ? 12 : Math.min(nameLetters(shown, most) * 6.6 + 18, width * 0.36);
        const rowHeight = Math.max(26, known().length * 9 + 4) + (narrow ? 16 : 0), top = 24, right = 26;
        const height = top + rowHeight * shown.length + 46;
        const times = shown.flatMap((row) => row.onsets.flatMap((onset) => [onset.interval.estimate, onset.interval.lower, onset.interval.upper, ...onset.times])).filter((t) => Number.isFinite(t) && t > 0);
        const svg = chart.svg(area, width, height);
        const box = { left, top, width: width - left - right, height: rowHeight * shown.length };
        const cut = chart.cutter(shown.map((row) => row.group.name), narrow ? 40 : most);
        const x = chart.steps(d3.min(times) || 1, d3.max(times) || 10, [left, left + box.width]);
        const edge = left + box.width + 10;
        rowsName(svg, narrow, left - 10);
        shown.forEach((row, i) => {
            const y0 = top + i * rowHeight;
            if (i % 2 === 0) svg.append("rect").attr("class", "stripe").attr("x", 0).attr("y", y0).attr("width", width).attr("height", rowHeight);
            const name = svg.append("text").attr("class", "row-name").attr("y", narrow ? y0 + 12 : y0 + rowHeight / 2).attr("dy", narrow ? 0 : "0.35em")
                .attr("x", narrow ? 4 : left - 10).attr("text-anchor", narrow ? "start" : "end").text(cut(row.group.name));
            name.append("title").text(row.group.name);
            row.onsets.forEach((onset, k) => {
                const space = (rowHeight - (narrow ? 16 : 0)) / row.onsets.length;
                drawOnset(svg, onset, x, y0 + (narrow ? 16 : 0) + (k + 0.5) * space, edge, row.group.name);
            });
        });
        chart.stepAxis(svg, box, x);
        area.append(element("ul", { class: "keys row" }, known().map((onset) => element("li", {}, page.symbolKey(onset), `${onset.id}: ${onset.name} (${onset.meaning})`)),
            element("li", { class: "meaning" }, "▸ median not reached")));
        const freq = frequencies();
        return {
            note: ["Medians with 95 % bootstrap intervals; pale dots are single runs. " + (all.length > MOST_ROWS ? `The first ${MOST_ROWS} of ${all.length} groups are drawn; the data have all. ` : ""), orderTable(freq)],
            summary: freq.map((f) => `${f.name}: ${f.yes} of ${f.known} runs`).join(", "),
        };
    }

    /* Letters of the longest name of a row, or of what the rows are. */
    const nameLetters = (shown, most) =>
        Math.min(most, Math.max(...shown.map((row) => row.group.name.length), page.selection().grouping.name.length));

    /* What the rows are, above their names. */
    function rowsName(svg, narrow, right) {
        const { grouping } = page.selection();
        if (grouping.keys.length) svg.append("text").attr("class", "axis-note").attr("x", narrow ? 4 : right).attr("y", 14).attr("text-anchor", narrow ? "start" : "end").text(grouping.name);
    }

    function drawOnset(svg, onset, x, y, edge, name) {
        const g = svg.append("g");
        const { estimate, lower, upper } = onset.interval;
        onset.times.forEach((time, i) => {
            if (onset.observed[i]) g.append("circle").attr("cx", x(time)).attr("cy", y).attr("r", 2).attr("fill", onset.color).attr("opacity", 0.35);
        });
        if (Number.isFinite(lower)) {
            g.append("line").attr("x1", x(lower)).attr("x2", Number.isFinite(upper) ? x(upper) : edge).attr("y1", y).attr("y2", y).attr("stroke", onset.color).attr("stroke-width", 1.5)
                .attr("stroke-dasharray", Number.isFinite(upper) ? null : "3 2");
        }
        if (Number.isFinite(estimate)) chart.mark(g, onset.symbol, x(estimate), y, 52, onset.color);
        else if (onset.times.length) g.append("path").attr("d", `M${edge - 3},${y - 4}l7,4l-7,4z`).attr("fill", onset.color);
        page.tipOn(g.datum(onset), (o) => [name, `${o.id} (${o.name}): ${page.interval(o.interval)}`, `${o.reached} of ${o.times.length} runs reached it`]);
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
    const state = { part: "mean", family: "" };

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
        const shown = all.slice(0, MOST_ROWS);
        const narrow = width < 560, most = narrow ? 16 : 30;
        const left = narrow ? 30 : Math.min(nameLetters(shown, most) * 6.6 + 40, width * 0.38);
        const rowHeight = narrow ? 44 : 30, top = 24, right = 36;
        const svg = chart.svg(area, width, top + rowHeight * shown.length + 46);
        const box = { left, top, width: width - left - right, height: rowHeight * shown.length };
        const cut = chart.cutter(shown.map((row) => row.group.name), narrow ? 40 : most);
        const finite = shown.flatMap((row) => row.told.flatMap((t) => [t.lead.low, t.lead.high])).filter(Number.isFinite);
        const x = chart.values([Math.min(0, d3.min(finite)), Math.max(0, d3.max(finite))], [left, left + box.width], false);
        rowsName(svg, narrow, left - 26);
        chart.bottomAxis(svg, box, x, "lead of symmetry before generalization (steps)");
        svg.append("line").attr("class", "rule").attr("x1", x(0)).attr("x2", x(0)).attr("y1", top).attr("y2", top + box.height);
        shown.forEach((row, i) => {
            const y = top + (i + (narrow ? 0.68 : 0.5)) * rowHeight;
            svg.append("text").attr("class", "row-name").attr("x", narrow ? 4 : left - 26).attr("y", narrow ? top + i * rowHeight + 13 : y).attr("dy", narrow ? 0 : "0.35em")
                .attr("text-anchor", narrow ? "start" : "end").text(cut(row.group.name)).append("title").text(row.group.name);
            drawLeadRow(svg, row, x, y, box);
        });
        const open = d3.sum(all, (row) => row.silent);
        return {
            note: "Lead = t_gen − t_sym. A dot is a run; ▸ at least so long (generalization not reached), ◂ at most (symmetry not reached). The bar spans all values the group’s median can have. " +
                "Hollow: the symmetry is in the objective." + (open ? ` ${page.plural(open, "run")} reached neither.` : ""),
            summary: all.map((row) => `${row.group.name}: median lead ${row.low === row.high ? page.number(row.low) : `between ${page.number(row.low)} and ${page.number(row.high)}`} steps`).join("; "),
        };
    }

    function drawLeadRow(svg, row, x, y, box) {
        const edge = (value) => (value === Infinity ? box.left + box.width + 14 : value === -Infinity ? box.left - 14 : x(value));
        const color = row.group.color;
        svg.append("line").attr("class", "median").attr("x1", edge(row.low) - (row.low === row.high ? 1.5 : 0)).attr("x2", edge(row.high) + (row.low === row.high ? 1.5 : 0)).attr("y1", y).attr("y2", y)
            .attr("stroke", color).attr("stroke-width", row.low === row.high ? 18 : 8).attr("opacity", row.low === row.high ? 0.9 : 0.25);
        row.told.forEach((t, k) => {
            const shift = ((k * 7) % 5) * 2.2 - 4.4, exact = t.lead.low === t.lead.high;
            const mark = exact ? chart.mark(svg, row.group.symbol, x(t.lead.low), y + shift, 40, color, !t.prompted)
                : svg.append("path").attr("d", t.lead.high === Infinity ? `M${x(t.lead.low)},${y + shift - 4}l7,4l-7,4z` : `M${x(t.lead.high)},${y + shift - 4}l-7,4l7,4z`)
                    .attr("fill", t.prompted ? "var(--surface)" : color).attr("stroke", color);
            page.tipOn(mark.datum(t), (d) => [page.runName(d.run), exact ? `lead ${page.number(d.lead.low)} steps` : d.lead.high === Infinity ? `lead above ${page.number(d.lead.low)} steps` : `lead below ${page.number(d.lead.high)} steps`]);
        });
    }

    page.addOnsets = (section) => {
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
            controls: (refresh) => families.length ? [
                page.select("Symmetry", [{ id: "", name: "phase.family of each run" }, ...families.map((f) => ({ id: f, name: page.words(f) }))], state.family, (v) => { state.family = v; refresh(); }),
                page.select("Violation", [{ id: "mean", name: "mean" }, { id: "max", name: "largest" }], state.part, (v) => { state.part = v; refresh(); }),
            ] : [],
            draw: drawLeads,
            table: () => ({
                columns: ["group", "run", "lead_low", "lead_high", "prompted"],
                rows: leads().flatMap((row) => row.told.map((t) => [row.group.name, page.data.runs[t.run], t.lead.low, t.lead.high, t.prompted ? 1 : 0])),
            }),
        });
    };
})();
