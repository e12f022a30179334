/* core.js: the data of the page, what is selected, and how numbers are written. */
"use strict";

/* Observable Plot and D3 in one file: see scripts/vendor-plot. */
const page = {}, Plot = lib, d3 = { ...lib, line: lib.path };

(() => {
    const MISSING = 65535, ZERO = 65534, LARGEST = 65533;

    /* ---- unpacking ---- */

    async function inflate(id) {
        const text = atob(document.getElementById(id).textContent.trim());
        const bytes = new Uint8Array(text.length);
        for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
        const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
        return new Response(stream).arrayBuffer();
    }

    page.load = async () => page.take(await Promise.all([inflate("header"), inflate("arrays")]));

    const takers = [];

    /* What is kept of the data is kept until there are new ones: `listener(now)` is told, where now(run) is the place that a
     * run has in these, -1 where they do not have it. */
    page.onData = (listener) => takers.push(listener);

    page.take = ([header, arrays]) => {
        const before = page.data ? page.column("id") : null;
        page.data = JSON.parse(new TextDecoder().decode(header));
        page.bytes = arrays;
        page.metrics = new Map([...page.data.curves.metrics, ...page.data.generators.metrics].map((metric) => [metric.name, metric]));
        const after = page.column("id"), places = new Map(after && after.map((id, run) => [id, run]));
        for (const listener of takers) listener((run) => (!before || !after ? run : before[run] === after[run] ? run : places.get(before[run]) ?? -1));
        preparePhases();
        prepareRuns();
        page.prepareState();
    };

    /* An array of the container: 32-bit numbers as they lie, 16-bit ones from their low and high bytes. */
    page.array = (name) => {
        const entry = page.data.arrays[name];
        if (!entry) return null;
        if (entry.type === "i32") return new Int32Array(page.bytes, entry.offset, entry.count);
        const low = new Uint8Array(page.bytes, entry.offset, entry.count);
        const high = new Uint8Array(page.bytes, entry.offset + entry.count, entry.count);
        return Uint16Array.from(low, (byte, i) => byte | (high[i] << 8));
    };

    /* ---- runs ---- */

    function prepareRuns() {
        const data = page.data;
        page.rows = d3.range(data.count);
        page.all = page.rows.filter((row) => page.value("status", row) !== "not_selected");
        page.count = page.all.length;
        const lengths = page.array("curve_count");
        page.offsets = [0];
        for (let r = 0; r < data.count; r++) page.offsets.push(page.offsets[r] + (lengths ? lengths[r] : 0));
        page.steps = page.array("step") || new Int32Array(0);
        page.keys = groupingKeys();
    }

    /* A column of the run table, one value a run; null where missing. */
    page.column = (name) => page.data.columns[name] || null;
    page.value = (name, run) => (page.data.columns[name] ? page.data.columns[name][run] : null);

    page.ended = (run) => page.data.ended.includes(page.value("status", run));
    page.evaluated = (run) => page.offsets[run + 1] > page.offsets[run];

    const curves = new Map();
    page.onData(() => curves.clear());

    /* A curve of a run: steps and values (NaN where missing), or null. */
    page.curve = (metric, run) => {
        if (!page.metrics.has(metric)) return null;
        if (!curves.has(metric)) curves.set(metric, decode(page.metrics.get(metric), page.array("curve:" + metric)));
        const from = page.offsets[run], to = page.offsets[run + 1];
        if (from === to) return null;
        return { steps: page.steps.subarray(from, to), values: curves.get(metric).subarray(from, to) };
    };

    function decode(metric, codes) {
        const width = metric.max > metric.min ? metric.max - metric.min : metric.scale === "log" ? 0 : 1;
        return Float64Array.from(codes, (code) => {
            if (code === MISSING) return NaN;
            if (code === ZERO) return 0;
            const at = code === LARGEST ? metric.max : metric.min + (code / LARGEST) * width;
            return metric.scale === "log" ? 10 ** at : at;
        });
    }

    /* How far a value of a curve may be from the one in the file. */
    page.resolution = (name, value) => {
        const metric = page.metrics.get(name), step = (metric.max - metric.min) / LARGEST / 2;
        return metric.scale === "log" ? value * (10 ** step - 1) : step;
    };

    page.lastStep = (run) => {
        const end = page.offsets[run + 1];
        const taken = page.value("steps", run);
        return taken !== null ? taken : end > page.offsets[run] ? page.steps[end - 1] : null;
    };

    /* ---- axes and groups ---- */

    const shortened = new Map();
    page.onData(() => shortened.clear());

    /* The end of a dotted path that tells it from the other axes. */
    page.axisName = (path) => {
        if (!shortened.size) {
            for (const axis of page.data.axes) {
                const words = axis.split(".");
                let k = 1;
                const tail = () => words.slice(-k).join(".");
                const clash = () => page.data.axes.some((other) => other !== axis && ("." + other).endsWith("." + tail()));
                while (k < words.length && (clash() || tail() === "weight" || tail() === "inputs")) k++;
                shortened.set(axis, tail());
            }
        }
        return shortened.get(path) || path;
    };

    /* Keys that are averaged over: the seed, and what follows it (data_seed, task.table_seed). */
    page.isSeed = (axis) => page.data.averaged.includes(axis);

    page.distinct = (values) => {
        const found = [...new Set(values.map((v) => (v === null ? "" : v)))].filter((v) => v !== "");
        return found.every((v) => typeof v === "number") ? found.sort((a, b) => a - b) : found;
    };

    /* Everything that runs can be grouped, filtered or laid out by: label, task, axes; only what varies. */
    function groupingKeys() {
        const keys = [];
        const add = (id, name, values, isAxis) => {
            const distinct = page.distinct(values);
            if (distinct.length > 1 || (distinct.length === 1 && values.some((v) => v === null))) {
                const text = textOf(values), order = new Map();
                values.forEach((_, run) => order.has(text(run)) || order.set(text(run), order.size));
                keys.push({ id, name, values, distinct, isAxis, order, numeric: typeof distinct[0] === "number", text });
            }
        };
        if (page.column("label")) add("label", "label", page.column("label"), false);
        add("task", "task", page.data.tasks, false);
        for (const axis of page.data.axes) {
            const values = page.column(axis);
            if (values) add(axis, page.axisName(axis), values, true);
        }
        return keys;
    }
    /* run -> its value in words: short, unless two values would look alike. */
    function textOf(values) {
        const short = new Map(), all = [...new Set(values)];
        for (const value of all) short.set(page.valueText(value), (short.get(page.valueText(value)) || 0) + 1);
        const digits = [4, 5, 6].find((n) => new Set(all.map((value) => (typeof value === "number" ? +value.toPrecision(n) : value))).size === all.length);
        const whole = (value) => (digits && typeof value === "number" ? String(+value.toPrecision(digits)) : JSON.stringify(value));
        const texts = new Map(all.map((value) => [value, short.get(page.valueText(value)) === 1 || value === null ? page.valueText(value) : whole(value)]));
        return (run) => texts.get(values[run]);
    }
    page.key = (id) => page.keys.find((key) => key.id === id) || null;

    page.valueText = (value) => {
        if (value === null || value === undefined || value === "") return "–";
        // Values of axes are names here: a seed or a modulus has no thousands separator.
        if (Number.isInteger(value) && value >= 0 && value < 1e5) return String(value);
        return typeof value === "number" ? page.number(value) : String(value);
    };

    /* ---- state ---- */

    /* What the reader chose, in the address: `name.key=value` for whatever is not as it was at first. */
    let wanted = new URLSearchParams(location.hash.slice(1));
    const registered = new Map();

    /* Of new data the same is chosen; runs are told by their places. */
    page.onData((now) => {
        for (const { state, defaults } of registered.values()) {
            for (const choices of [defaults, state]) {
                const [, single] = /^run (\d+)$/.exec(choices.of) || [];
                if (choices.run >= 0) choices.run = now(choices.run);
                if (single) choices.of = now(+single) < 0 ? "" : `run ${now(+single)}`;
            }
            if (state.run < 0) state.run = defaults.run;
        }
        if (page.state) page.remember();
        allGroups = selection = null;
    });

    /* Choices of a figure: an object of texts, numbers and truth values, as the address has them. */
    page.choices = (name, defaults) => {
        const state = { ...defaults };
        if (registered.has(name)) wanted = new URLSearchParams(location.hash.slice(1));  // drawn anew: the address has what is chosen now
        for (const [key, first] of Object.entries(defaults)) {
            const text = wanted.get(`${name}.${key}`);
            if (text === null) continue;
            if (typeof first === "boolean") state[key] = text === "1";
            else if (typeof first === "number") state[key] = Number.isFinite(+text) ? +text : first;
            else state[key] = text;
        }
        registered.set(name, { state, defaults });
        return state;
    };

    /* Puts what is chosen now into the address. */
    page.remember = () => {
        const now = new URLSearchParams();
        for (const [name, { state, defaults }] of registered) {
            for (const key of Object.keys(defaults)) {
                if (state[key] !== defaults[key]) now.set(`${name}.${key}`, typeof state[key] === "boolean" ? +state[key] : state[key]);
            }
        }
        for (const [id, text] of page.state.filters) now.append("only." + id, text);
        for (const level of page.state.hidden) now.append("hide", level);
        const fragment = "#" + now;
        if (fragment !== location.hash && (fragment.length > 1 || location.hash)) history.replaceState(null, "", fragment);
    };

    const listeners = [];
    page.onChange = (listener) => listeners.push(listener);
    page.changed = () => {
        selection = null;
        page.remember();
        for (const listener of listeners) listener();
    };

    page.prepareState = () => {
        const first = page.firstGrouping();
        page.state = page.choices("page", { group: first, color: "auto", reference: 0 });
        if (!page.groupings().some((grouping) => grouping.id === page.state.group)) page.state.group = first;
        page.state.hidden = new Set(wanted.getAll("hide"));
        page.state.filters = new Map([...wanted].filter(([name]) => name.startsWith("only.")).map(([name, text]) => [name.slice(5), text])
            .filter(([id, text]) => page.key(id) && page.rows.some((run) => page.key(id).text(run) === text)));
    };

    const telling = () => page.data.settings.map(page.key).filter(Boolean);

    page.groupings = () => {
        const groupings = page.keys.filter((key) => !page.isSeed(key.id)).map((key) => ({ id: key.id, name: key.name, keys: [key] }));
        if (telling().length > 1) groupings.unshift({ id: "*", name: "all settings", keys: telling() });
        groupings.push({ id: "", name: "nothing (all runs together)", keys: [] });
        return groupings;
    };

    const part = (key, run, alone) => (!alone && key.isAxis ? key.name + " " : "") + key.text(run);
    page.groupOf = (grouping, run) => grouping.keys.map((key) => part(key, run, grouping.keys.length === 1)).join(", ") || "all runs";

    /* Keys in which runs of one group of a grouping differ, though settings are told apart by them. */
    page.pooledKeys = (grouping) => {
        const first = new Map();
        page.all.forEach((run) => { const name = page.groupOf(grouping, run); if (!first.has(name)) first.set(name, run); });
        return telling().filter((key) => page.all.some((run) => key.text(run) !== key.text(first.get(page.groupOf(grouping, run)))));
    };
    page.pooledNote = () => {
        const keys = page.pooledKeys(page.selection().grouping);
        return keys.length ? `Groups pool runs that differ in ${keys.map((key) => key.name).join(", ")}. ` : "";
    };

    /* At first nothing is pooled that differs in more than its seed. */
    page.firstGrouping = () => (telling().length > 1 ? "*" : telling().length ? telling()[0].id : "");

    page.setGrouping = (id) => {
        Object.assign(page.state, { group: id, color: "auto", reference: 0, hidden: new Set() });
        allGroups = null;
    };

    const FEW = 8, MOST_PANELS = 24;

    /* The key whose values the colours of groups tell; null where each group has a colour of its own. */
    function colorKey(keys, count) {
        if (page.state.color !== "auto") return keys.find((key) => key.id === page.state.color) || null;
        const numeric = keys.filter((key) => key.numeric).sort((a, b) => b.distinct.length - a.distinct.length);
        if (count <= FEW && (keys.length !== 1 || !numeric.length)) return null;
        const by = numeric.find((key) => key.distinct.length <= 12) || numeric[numeric.length - 1];
        return by || keys.filter((key) => key.distinct.length <= FEW).sort((a, b) => b.distinct.length - a.distinct.length)[0] || null;
    }

    let allGroups = null;

    /* All groups of the grouping, filtered or not, each with the level that its colour tells and the panel that it is
     * drawn in where there are small multiples: a group keeps its looks. Ordered values have ordered colours. */
    page.groups = () => {
        if (allGroups) return allGroups;
        const { keys } = page.groupings().find((g) => g.id === page.state.group), members = new Map();
        for (const run of page.all) {
            const name = page.groupOf({ keys }, run);
            if (!members.has(name)) members.set(name, []);
            members.get(name).push(run);
        }
        const sorted = (some, key) => {
            const value = ({ runs: [run] }) => (key.numeric ? key.values[run] : key.order.get(key.text(run)));
            return some.slice().sort((a, b) => d3.ascending(value(a), value(b)));
        };
        const groups = keys.reduceRight(sorted, [...members].map(([name, runs]) => ({ name, runs })));
        const key = colorKey(keys, groups.length), others = keys.filter((other) => other !== key);
        for (const group of groups) {
            const run = group.runs[0];
            group.level = key ? key.text(run) : group.name;
            group.panel = key ? others.map((other) => part(other, run, others.length === 1 && !other.isAxis)).join(", ") : "";
        }
        const levels = [...new Set((key ? sorted(groups, key) : groups).map((group) => group.level))];
        if (new Set(groups.map((group) => group.panel)).size > MOST_PANELS) groups.forEach((group) => { group.panel = ""; });
        const style = key && key.numeric ? (i) => page.orderedStyle(i, levels.length) : page.style;
        allGroups = groups.map((group, index) => ({ ...group, index, rank: levels.indexOf(group.level), ...style(levels.indexOf(group.level)) }));
        allGroups.colorKey = key;
        return allGroups;
    };

    /* Of some groups the first of each level, in the order of the levels and by their names. */
    page.levels = (groups) => [...d3.group(groups, (group) => group.level)].map(([name, [group]]) => ({ ...group, name })).sort((a, b) => a.rank - b.rank);
    page.recolor = () => { allGroups = null; page.state.hidden.clear(); };

    let selection = null;

    /* Runs that pass the filters (rows: with those that refine had no need of), and the groups that have any, each with its runs that do. */
    page.selection = () => {
        if (selection) return selection;
        const passes = (run) => [...page.state.filters].every(([id, text]) => page.key(id).text(run) === text);
        const rows = page.rows.filter(passes);
        const chosen = new Set(page.all), runs = rows.filter((row) => chosen.has(row));
        const kept = new Set(runs);
        const groups = page.groups().map((group) => ({ ...group, runs: group.runs.filter((run) => kept.has(run)) }))
            .filter((group) => group.runs.length);
        const grouping = page.groupings().find((g) => g.id === page.state.group);
        selection = { rows, runs, groups, grouping, shown: groups.filter((group) => !page.state.hidden.has(group.level)) };
        return selection;
    };

    /* ---- looks ---- */

    const DASHES = ["", "7 3", "2 3", "8 3 2 3"];
    const SYMBOLS = [d3.symbolCircle, d3.symbolSquare, d3.symbolTriangle, d3.symbolDiamond, d3.symbolCross, d3.symbolStar, d3.symbolWye];
    page.style = (index) => ({
        color: `var(--series-${(index % 8) + 1})`,
        dash: DASHES[Math.floor(index / 8) % DASHES.length],
        symbol: SYMBOLS[index % SYMBOLS.length],
    });

    /* The k-th of n ordered values: a place on the ramp of the theme. */
    const RAMP = 5;
    page.orderedStyle = (k, n) => {
        const at = n > 1 ? (k / (n - 1)) * (RAMP - 1) : RAMP - 1, low = Math.min(Math.floor(at), RAMP - 2), share = Math.round(100 * (at - low));
        const color = share === 0 || share === 100 ? `var(--ramp-${low + 1 + share / 100})`
            : `color-mix(in oklab, var(--ramp-${low + 2}) ${share}%, var(--ramp-${low + 1}))`;
        return { color, dash: "", symbol: SYMBOLS[k % SYMBOLS.length] };
    };

    const PHASES = {
        confusion: { short: "conf", meaning: "neither train nor test accuracy reached 0.9" },
        memorization: { short: "mem", meaning: "train accuracy alone reached 0.9" },
        grokking: { short: "grok", meaning: "test accuracy reached 0.9 long after train accuracy" },
        comprehension: { short: "comp", meaning: "both reached 0.9 at about the same time" },
        diverged: { short: "div", meaning: "a value stopped being finite" },
        unfinished: { short: "–", meaning: "waiting, training, pruned, failed or damaged" },
    };
    const preparePhases = () => {
        page.phases = page.data.phases.map((id) => ({ id, word: id, short: id.slice(0, 4), meaning: "", ...PHASES[id] }));
    };
    page.phase = (run) => page.value("phase", run) || "unfinished";

    page.runName = (run) => {
        const parts = [`run ${page.data.runs[run]}`];
        if (page.value("label", run)) parts.push(page.value("label", run));
        if (page.value("seed", run) !== null) parts.push(`seed ${page.value("seed", run)}`);
        return parts.join(", ");
    };

    page.onsets = [
        { id: "t_mem", name: "memorization", color: "var(--series-5)", symbol: d3.symbolTriangle, meaning: "train accuracy" },
        { id: "t_sym", name: "symmetry", color: "var(--series-4)", symbol: d3.symbolDiamond, meaning: "largest violation" },
        { id: "t_gen", name: "generalization", color: "var(--series-1)", symbol: d3.symbolCircle, meaning: "test accuracy" },
        { id: "t_geo", name: "geometry", color: "var(--series-3)", symbol: d3.symbolSquare, meaning: "effective dimension" },
        { id: "t_geo_participation", name: "geometry, continuous", color: "var(--series-6)", symbol: d3.symbolCross, meaning: "participation ratio" },
    ];

    /* ---- numbers ---- */

    const group = d3.format(",");
    page.number = (value) => {
        if (value === null || value === undefined || Number.isNaN(value)) return "–";
        if (value === Infinity) return "∞";
        if (value === -Infinity) return "−∞";
        if (value === 0) return "0";
        const size = Math.abs(value);
        if (Number.isInteger(value) && size < 1e7) return group(value).replace("-", "−");
        if (size >= 1e-3 && size < 1e6) return d3.format(",.3~r")(value).replace("-", "−");
        return d3.format(".2~e")(value).replace("e+", "e").replace("-", "−").replace("e-", "e−");
    };
    page.short = (value) => (value >= 1e3 ? d3.format(".2~s")(value) : page.number(value));
    page.percent = (share) => (Number.isFinite(share) ? d3.format(".3~r")(share * 100) + " %" : "–");
    page.plural = (n, word, words) => `${page.number(n)} ${n === 1 ? word : words || word + "s"}`;
    page.duration = (seconds) => {
        if (seconds === null || !Number.isFinite(seconds)) return "–";
        if (seconds < 120) return page.number(Math.round(seconds)) + " s";
        if (seconds < 7200) return page.number(Math.round(seconds / 60)) + " min";
        return d3.format(",.1f")(seconds / 3600) + " h";
    };
    /* A median with its interval; an end that is not reached is written as such. */
    page.interval = (interval) => {
        if (Number.isNaN(interval.estimate)) return "–";
        if (interval.lower === Infinity) return "not reached";
        const low = page.number(interval.lower), estimate = interval.estimate === Infinity ? "not reached" : page.number(interval.estimate);
        return `${estimate} [${interval.upper === Infinity ? "≥ " + low : low === page.number(interval.upper) ? low : `${low}–${page.number(interval.upper)}`}]`;
    };
})();
