/* region.js: keys and pointer on the cells of the phase diagram; a rectangle drawn on it, and the sweep that refines there. */
"use strict";

(() => {
    const element = page.element, region = (page.region = {});

    /* state.region is "plane,i0,i1,j0,j1": places of the first and last values across and up. */
    const read = (text) => { const parts = text.split(",").map(Number); return parts.length === 5 && parts.every((n) => Number.isInteger(n) && n >= 0) ? parts : null; };

    /* ---- pointer and keys ---- */

    const figure = () => page.figures.find((f) => f.id === "phase-diagram");

    region.listen = (view, { state, toRuns }) => {
        const { svg, mine, left, top, cw, ch, p, xs, ys } = view, nodes = svg.selectAll(".cell").nodes(), at = new Map(mine.map((cell, k) => [`${cell.i},${cell.j}`, k]));
        if (!nodes.length) return;
        nodes[mine.reduce((best, cell, k) => (cell.j < mine[best].j || (cell.j === mine[best].j && cell.i < mine[best].i) ? k : best), 0)].setAttribute("tabindex", 0);
        const frame = svg.append("rect").attr("class", "region").attr("visibility", "hidden");
        let from = null, to = null, dragged = false;
        const show = () => {
            const [i0, i1] = [from.i, to.i].sort((a, b) => a - b), [j0, j1] = [from.j, to.j].sort((a, b) => a - b);
            frame.attr("x", left + i0 * cw - 2).attr("y", top + j0 * ch - 2).attr("width", (i1 - i0 + 1) * cw + 2).attr("height", (j1 - j0 + 1) * ch + 2).attr("visibility", "visible");
            return [p, i0, i1, j0, j1].join();
        };
        const kept = read(state.region);
        if (kept && kept[0] === p && kept[2] < xs.length && kept[4] < ys.length) { from = { i: kept[1], j: kept[3] }; to = { i: kept[2], j: kept[4] }; show(); from = null; }
        const settle = (focus) => {
            state.region = show();
            figure().refresh();
            if (focus) document.querySelectorAll("#phase-diagram .plane svg")[p].querySelectorAll(".cell")[focus.k].focus();
        };
        nodes.forEach((node, k) => {
            const cell = mine[k];
            node.addEventListener("click", () => !dragged && toRuns(cell));
            node.addEventListener("focus", () => { nodes.forEach((other) => other.setAttribute("tabindex", other === node ? 0 : -1)); });
            node.addEventListener("keydown", (event) => {
                if (event.key === "Enter" || event.key === " ") { event.preventDefault(); return toRuns(cell); }
                if (event.key === "Escape" && state.region) { state.region = ""; figure().refresh(); return document.querySelectorAll("#phase-diagram .plane svg")[p].querySelectorAll(".cell")[k].focus(); }
                const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
                if (!way) return;
                event.preventDefault();
                for (let i = cell.i + way[0], j = cell.j + way[1]; i >= 0 && j >= 0 && i < xs.length && j < ys.length; i += way[0], j += way[1]) {
                    const next = at.get(`${i},${j}`);
                    if (next === undefined) continue;
                    if (!event.shiftKey) { region.anchor = null; return nodes[next].focus(); }
                    region.anchor = region.anchor && region.anchor.p === p ? region.anchor : { p, i: cell.i, j: cell.j };
                    from = region.anchor;
                    to = { i, j };
                    return settle({ k: next });
                }
            });
        });
        const under = (event) => {
            const box = svg.node().getBoundingClientRect(), within = (v, n) => Math.max(0, Math.min(n - 1, Math.floor(v)));
            return { i: within((event.clientX - box.left - left) / cw, xs.length), j: within((event.clientY - box.top - top) / ch, ys.length) };
        };
        svg.node().addEventListener("pointerdown", (event) => {
            if (event.pointerType === "touch" || !event.target.closest(".cell")) return;
            dragged = false;
            from = under(event);
            const move = (e) => { to = under(e); if (to.i !== from.i || to.j !== from.j) dragged = true; if (dragged) { page.hideTip(); show(); } };
            window.addEventListener("pointermove", move);
            window.addEventListener("pointerup", () => { window.removeEventListener("pointermove", move); if (dragged) { region.opened = true; setTimeout(() => settle(null)); } }, { once: true });
        });
    };

    /* ---- the sweep ---- */

    const path = (axis) => axis.replace(/^run\./, "");
    const parsed = (value) => {
        if (typeof value !== "string" || !/^[[{]/.test(value)) return value;
        try { return JSON.parse(value); } catch { return value; }
    };

    /* Values of an axis from the first to the last chosen, more densely; from the neighbours where one value is chosen. */
    function finer(levels, first, last, points) {
        const values = levels.map((level) => level.value).filter((v) => v !== null), at = (k) => levels[k].value;
        let [low, high] = d3.extent([at(first), at(last)]);
        if (low === high) {
            const sorted = values.slice().sort((a, b) => a - b), k = sorted.indexOf(low);
            [low, high] = [sorted[Math.max(0, k - 1)], sorted[Math.min(sorted.length - 1, k + 1)]];
        }
        const sorted = values.slice().sort((a, b) => a - b), ratios = sorted.slice(1).map((v, k) => Math.log(v / sorted[k])), gaps = sorted.slice(1).map((v, k) => v - sorted[k]);
        const uneven = (list) => d3.max(list) / d3.min(list), log = sorted[0] > 0 && sorted.length > 2 && uneven(ratios) < uneven(gaps);
        if (sorted.every(Number.isInteger)) {
            const spread = d3.range(points).map((k) => Math.round(log ? low * (high / low) ** (k / (points - 1)) : low + ((high - low) * k) / (points - 1)));
            return [...new Set(spread)];
        }
        return { [log ? "logspace" : "linspace"]: [low, high, points] };
    }

    /* {text, runs} of the sweep that refines within a rectangle, or {reason} why there is none. */
    region.sweep = (grid, state) => {
        const chosen = read(state.region), { kx, ky, xs, ys, planes } = grid, base = page.data.sweep;
        if (!base) return { reason: "The files of this page come of sweeps with different runs: there is no one sweep to refine." };
        const axes = [[kx, xs, chosen[1], chosen[2]], [ky, ys, chosen[3], chosen[4]]].filter(([key]) => key && key.isAxis && key.numeric && !page.isSeed(key.id));
        if (!axes.length) return { reason: "Neither axis has numbers to refine." };
        const rows = grid.cells.filter((cell) => cell.plane === planes[chosen[0]] && cell.i >= chosen[1] && cell.i <= chosen[2] && cell.j >= chosen[3] && cell.j <= chosen[4]).flatMap((cell) => cell.runs);
        if (!rows.length) return { reason: "No run lies in this rectangle." };
        const refined = axes.map(([key]) => key.id), seeds = page.data.swept.filter((axis) => /(^|\.)seed$/.test(axis) || page.isSeed(axis));
        const others = ["label", ...page.data.swept.filter((axis) => !refined.includes(axis) && !seeds.includes(axis))].filter((axis) => page.column(axis));
        const distinct = (keys) => [...new Map(rows.map((run) => keys.map((key) => [path(key), parsed(page.value(key, run))]).filter(([, value]) => value !== null && value !== "")).map((pairs) => [JSON.stringify(pairs), pairs])).values()].map(Object.fromEntries);
        const cases = distinct(others).filter((one) => Object.keys(one).length), values = axes.map(([key, levels, first, last]) => finer(levels, first, last, state.points));
        const sweep = { name: `${base.name || "sweep"}-refined`, description: `Refines ${axes.map(([key]) => key.name).join(" and ")} within a rectangle of the phase diagram.`, run: base.run || {} };
        if (cases.length) sweep.cases = cases;
        sweep.grid = Object.fromEntries(axes.map(([key], k) => [path(key.id), values[k]]));
        const drawn = distinct(seeds), list = (name) => drawn.map((one) => one[name]);
        if (seeds.length === 1) sweep.grid[path(seeds[0])] = list(path(seeds[0]));
        else if (seeds.length) sweep.zip = Object.fromEntries(seeds.map((axis) => [path(axis), list(path(axis))]));
        sweep.refine = { axes: refined.map(path), reached: page.data.refine ? page.data.refine.reached : "t_gen" };
        const points = values.reduce((n, v) => n * (Array.isArray(v) ? v.length : state.points), 1);
        return { text: JSON.stringify(sweep, null, 2) + "\n", name: sweep.name, points, runs: points * Math.max(1, drawn.length) * Math.max(1, cases.length) };
    };

    /* ---- the panel below the diagram ---- */

    region.panel = (grid, state) => {
        const { kx, ky, xs, ys, planes } = grid;
        if (![kx, ky].some((key) => key && key.isAxis && key.numeric && !page.isSeed(key.id))) return null;
        let chosen = read(state.region);
        if (chosen && (chosen[0] >= planes.length || chosen[2] >= xs.length || chosen[4] >= ys.length)) { state.region = ""; chosen = null; }
        const [p, i0, i1, j0, j1] = chosen || [0, 0, xs.length - 1, 0, ys.length - 1], now = { plane: p, i0, i1, j0, j1 };
        const refresh = () => {
            const [a, b] = [now.i0, now.i1].map(Number).sort((x, y) => x - y), [c, d] = [now.j0, now.j1].map(Number).sort((x, y) => x - y);
            state.region = [now.plane, a, b, c, d].join();
            const focused = [...box.querySelectorAll("select, button, summary")].indexOf(document.activeElement);
            figure().refresh();
            document.querySelectorAll("#phase-diagram .refine select, #phase-diagram .refine button, #phase-diagram .refine summary")[focused]?.focus();
        };
        const pick = (label, levels, key) => (levels.length > 1 ? page.select(label, levels.map((level, k) => ({ id: k, name: level.text })), now[key], (k) => { now[key] = +k; refresh(); }) : null);
        const controls = element("div", { class: "controls" },
            planes.length > 1 ? page.select("Plane", planes.map((name, k) => ({ id: k, name })), p, (k) => { now.plane = +k; refresh(); }) : null,
            kx ? [pick(`${kx.name} from`, xs, "i0"), pick("to", xs, "i1")] : null, ky ? [pick(`${ky.name} from`, ys, "j1"), pick("to", ys, "j0")] : null,
            page.select("Points along each", [5, 9, 17, 33].map((n) => ({ id: n, name: String(n) })), state.points, (n) => { state.points = +n; refresh(); }),
            chosen ? page.button("No rectangle", () => { state.region = ""; figure().refresh(); }) : null);
        const box = element("details", { class: "refine", open: Boolean(chosen) || region.opened, ontoggle: (event) => { region.opened = event.target.open; } }, element("summary", {}, "A sweep that refines a rectangle of this diagram"),
            element("p", { class: "note" }, "Draw the rectangle with the pointer, with Shift and the arrow keys on the cells, or choose its edges here."), controls);
        if (!chosen) return box;
        const made = region.sweep(grid, state);
        if (made.reason) box.append(element("p", { class: "note" }, made.reason));
        else box.append(element("p", { class: "note" }, `${page.plural(made.points, "point")}, at most ${page.plural(made.runs, "run")}; refine trains those along the boundary only. Then: symsweep check ${made.name}.json`),
            page.button("Save the sweep file", () => page.save(made.name + ".json", made.text, "application/json"), { class: "save-sweep" }), element("pre", { tabindex: 0, role: "region", "aria-label": "The sweep file" }, made.text));
        return box;
    };
})();
