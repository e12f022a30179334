/* lattice.js: the plane of a refined sweep, as the file has it: whether its statement holds at each point, and how that
 * is known. */
"use strict";

(() => {
    const element = page.element;

    /* What a point of the lattice may be, in the order in which parts of a cell are drawn. */
    const KINDS = [
        { id: "holds", fill: "grokking", paper: false },
        { id: "holds-inferred", fill: "grokking", paper: true },
        { id: "unknown", fill: "unfinished", paper: false },
        { id: "fails-inferred", fill: "memorization", paper: true },
        { id: "fails", fill: "memorization", paper: false },
    ];

    const lattice = page.lattice = {};

    lattice.exists = () => Boolean(page.data.refine && page.column("refine.class"));
    lattice.axes = () => page.data.refine.axes.filter((axis) => page.key(axis)).map((axis) => page.key(axis).id);
    lattice.statement = () => `${page.data.refine.reached} is reached`;

    const meaning = (kind) => ({
        holds: `${lattice.statement()}, by runs`, "holds-inferred": `${lattice.statement()}, inferred`, unknown: "not known yet",
        "fails-inferred": "not reached, inferred", fails: "not reached, by runs",
    })[kind.id];

    function kindOf(row) {
        const holds = page.value("refine.class", row), decided = page.value("refine.decided", row) > 0;
        if (holds === null || holds < 0) return "unknown";
        return (holds ? "holds" : "fails") + (decided ? "" : "-inferred");
    }

    /* Rows of one point differ in their seed alone, and all say the same of it. */
    function pointsOf(rows) {
        const keys = page.keys.filter((key) => !page.isSeed(key.id));
        const points = new Map();
        for (const row of rows) {
            const name = JSON.stringify(keys.map((key) => key.values[row]));
            if (!points.has(name)) points.set(name, row);
        }
        return [...points.values()];
    }

    /* What a cell of the diagram shows: of one point, or of the points of several planes that it pools. */
    lattice.read = (rows) => {
        const points = pointsOf(rows);
        const kinds = KINDS.map((kind) => ({ ...kind, n: points.filter((row) => kindOf(row) === kind.id).length })).filter((kind) => kind.n);
        const one = points.length === 1 ? points[0] : null;
        const known = (name) => (one === null ? null : page.value("refine." + name, one));
        return { kinds, points: points.length, decided: d3.sum(points, (row) => page.value("refine.decided", row) || 0),
            reached: d3.sum(points, (row) => page.value("refine.reached", row) || 0), low: known("low"), high: known("high") };
    };

    /* What a cell is filled with; the ink for what stands on it, null on what is inferred. */
    lattice.drawCell = (at, cell, w, h, write) => {
        let x = 0;
        for (const kind of cell.kinds) {
            const part = (kind.n / cell.points) * w;
            at.append("rect").attr("x", x).attr("width", part).attr("height", h).attr("class", `fill-${kind.fill}${kind.paper ? " inferred" : ""}`);
            x += part;
        }
        const [kind] = cell.kinds;
        if (cell.kinds.length > 1 || kind.paper || !cell.decided) return null;
        if (w > 24) write(`${cell.reached}/${cell.decided}`, (text) => text.attr("class", "on-" + kind.fill));
        return `var(--on-${kind.fill})`;
    };

    const holds = (cell) => (!cell || cell.kinds.length !== 1 ? null : { h: true, f: false }[cell.kinds[0].id[0]] ?? null);

    /* The boundary: between neighbours where the statement holds at one and not at the other. */
    lattice.drawBoundary = (svg, { xs, ys, left, top, cw, ch, at }) => {
        const lines = [];
        for (const [i, x] of xs.entries()) {
            for (const [j, y] of ys.entries()) {
                const here = holds(at(x, y));
                const differs = (other) => here !== null && holds(other) !== null && holds(other) !== here;
                const X = left + i * cw - 1, Y = top + j * ch - 1;
                if (i + 1 < xs.length && differs(at(xs[i + 1], y))) lines.push(`M${X + cw},${Y}v${ch}`);
                if (j + 1 < ys.length && differs(at(x, ys[j + 1]))) lines.push(`M${X},${Y + ch}h${cw}`);
            }
        }
        svg.append("path").attr("class", "boundary").attr("d", lines.join("") || null);
    };

    lattice.keys = (cells) => element("ul", { class: "keys row" },
        KINDS.filter((kind) => cells.some((cell) => cell.kinds.some((k) => k.id === kind.id))).map((kind) =>
            element("li", {}, element("span", { class: `key phase-${kind.fill}${kind.paper ? " inferred" : ""}` }), meaning(kind))),
        element("li", {}, element("span", { class: "key line" }), "boundary"));

    lattice.tip = (cell) => [
        cell.points === 1 ? meaning(cell.kinds[0]) : cell.kinds.map((kind) => `${kind.n} of ${page.plural(cell.points, "point")}: ${meaning(kind)}`).join("; "),
        cell.decided ? `${cell.reached} of ${page.plural(cell.decided, "run")} with a result` +
            (cell.low !== null ? `, share ${page.percent(cell.low)} to ${page.percent(cell.high)}` : "") : "no run of its own",
    ];

    lattice.note = (cells) => {
        const trained = d3.sum(cells, (cell) => cell.decided), points = d3.sum(cells, (cell) => cell.points);
        const own = d3.sum(cells, (cell) => d3.sum(cell.kinds.filter((kind) => !kind.paper && kind.id !== "unknown"), (kind) => kind.n));
        const planes = d3.max(cells, (cell) => cell.points);
        return (planes > 1 ? `Each cell pools the points of ${planes} planes. ` : "") +
            `In a cell: runs of the point that reached it, of those with a result. ${page.plural(trained, "run")} tell ${own} of ` +
            `${page.plural(points, "point")}; the others have the class of the points around them.`;
    };

    lattice.summary = (cells) => KINDS.map((kind) => [meaning(kind), d3.sum(cells, (cell) => (cell.kinds.find((k) => k.id === kind.id) || { n: 0 }).n)])
        .filter(([, n]) => n).map(([text, n]) => `${page.plural(n, "point")}: ${text}`).join("; ") + ".";

    lattice.columns = ["points", ...KINDS.map((kind) => kind.id.replace("-", "_")), "runs_with_result", "runs_reached", "share_low", "share_high"];
    lattice.row = (cell) => [cell.points, ...KINDS.map((kind) => (cell.kinds.find((k) => k.id === kind.id) || { n: 0 }).n),
        cell.decided, cell.reached, cell.low, cell.high];
})();
