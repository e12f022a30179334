/* chart.js: what several figures draw with Observable Plot: axes of steps and values, panels of lines one below the other or
 * as small multiples, points with words. Everything is drawn in pixels of the page, so that letters keep their size. */
"use strict";

(() => {
    const chart = (page.chart = {});

    /* ---- axes ---- */

    const powers = (low, high) => d3.range(Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9) + 1).map((p) => 10 ** p);

    /* Ticks of a logarithmic scale with room for letters: powers of ten, with 2 and 5 when there are few. */
    function logTicks(low, high, most) {
        const whole = powers(low, high);
        if (whole.length > most) return whole.filter((_, i) => (whole.length - 1 - i) % Math.ceil(whole.length / most) === 0);
        if (whole.length > Math.max(2, most / 3)) return whole;
        const fine = d3.range(Math.floor(Math.log10(low)), Math.ceil(Math.log10(high)) + 1).flatMap((p) => [1, 2, 5].map((m) => m * 10 ** p));
        const fitting = fine.filter((t) => t >= low * 0.9999 && t <= high * 1.0001);
        return fitting.length >= 2 ? fitting : d3.scaleLinear([low, high], [0, 1]).ticks(Math.min(most, 4));
    }

    const DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
    function power(value) {
        const p = Math.log10(value), exponent = Math.round(p);
        if (Math.abs(p - exponent) > 1e-6 || (exponent >= -2 && exponent <= 3)) return page.number(value);
        return "10" + String(exponent).replace("-", "⁻").replace(/\d/g, (d) => DIGITS[d]);
    }

    chart.stepText = (step) => (step >= 1e4 ? d3.format("~s")(step) : page.number(step));

    /* Of ticks those whose letters stay apart and do not pass `end`, from the left; `at` their places in pixels. */
    function apart(ticks, at, text, end) {
        let free = -Infinity;
        return ticks.filter((tick) => {
            const half = text(tick).length * 3.6;
            if (at(tick) - half - 4 < free || at(tick) + half > end) return false;
            free = at(tick) + half + 4;
            return true;
        });
    }

    /* An axis of optimizer steps for Plot, and `place(step)`, which its marks take. On a logarithmic axis step 0 has a
     * place of its own left of the first step. Letters may reach `beyond` its end. */
    chart.steps = (steps, width, logarithmic = true, label = "optimizer step", beyond = 20) => {
        const positive = steps.filter((s) => s > 0 && Number.isFinite(s));
        const low = d3.min(positive) || 1, high = Math.max(d3.max(positive) || 10, low * 1.5), most = Math.max(3, Math.floor(width / 70));
        if (!logarithmic) {
            const domain = [0, high], at = (t) => (t / high) * width;
            return { place: (step) => step, scale: { label, domain, ticks: apart(d3.scaleLinear(domain, [0, 1]).ticks(most), at, chart.stepText, width + beyond), tickFormat: chart.stepText } };
        }
        /* Drawn as the logarithm on a linear scale: Plot's logarithmic one leaves out the words of ticks as it sees fit. */
        const zero = steps.some((s) => s === 0) ? low / Math.max(1.6, (high / low) ** (26 / width)) ** 1.2 : low, log = (t) => Math.log(t);
        const at = (t) => (Math.log(t / zero) / Math.log(high / zero)) * width;
        const text = (t) => (t === zero && zero < low ? "0" : chart.stepText(t));
        const ticks = apart([...(zero < low ? [zero] : []), ...logTicks(low, high, most)], at, text, width + beyond), words = new Map(ticks.map((t) => [log(t), text(t)]));
        return { place: (step) => log(step <= 0 ? zero : Math.max(step, zero)), scale: { label, domain: [log(zero), log(high)], ticks: [...words.keys()], tickFormat: (t) => words.get(t) } };
    };

    /* An axis of values for Plot: linear, or logarithmic where they are positive and span decades. */
    chart.values = (values, size, logarithmic, label, given = {}) => {
        const finite = values.filter(Number.isFinite);
        if (logarithmic) {
            const positive = finite.filter((v) => v > 0);
            let [low, high] = d3.extent(positive.length ? positive : [0.1, 1]);
            if (!(high > low)) [low, high] = [low / 2, low * 2];
            return { type: "log", clamp: true, domain: [low, high], label, ticks: logTicks(low, high, Math.max(3, Math.floor(size / 30))), tickFormat: power, ...given };
        }
        let [low, high] = d3.extent(finite.length ? finite : [0, 1]);
        if (!(high > low)) [low, high] = [low - 0.5, low + 0.5];
        const nice = d3.scaleLinear([low, high], [0, 1]).nice();
        return { domain: nice.domain(), label, ticks: nice.ticks(Math.max(2, Math.floor(size / 42))), tickFormat: page.number, ...given };
    };

    /* ---- drawing ---- */

    const AXIS = { labelArrow: "none", tickSize: 4 };

    /* Plot's drawing with the looks of the page. `tip(datum)` says in lines what the pointer is on: the datum of a mark with
     * Plot.pointer. */
    chart.plot = (area, { x, y, tip, about, color, ...options }) => {
        const svg = Plot.plot({
            marginLeft: 54, marginRight: 16, marginTop: 30, marginBottom: 42, ...options, style: { fontSize: "12px", overflow: "visible" },
            x: { ...AXIS, labelAnchor: "center", labelOffset: 36, ...x }, y: { ...AXIS, labelAnchor: "top", labelOffset: options.marginLeft || 54, ...y }, color: { type: "identity", ...color },
        });
        svg.removeAttribute("font-family");
        if (about) svg.setAttribute("aria-label", about);
        /* Plot names each of its parts for assistive technology; here the drawing has one name, and the data are a table. */
        svg.querySelectorAll("[aria-label], [aria-description]").forEach((node) => { node.dataset.part = node.getAttribute("aria-label"); node.removeAttribute("aria-label"); node.removeAttribute("aria-description"); });
        if (tip) {
            let last = null;
            svg.addEventListener("pointermove", (event) => { last = event; if (svg.value !== null && svg.value !== undefined) page.showTip(event, tip(svg.value)); });
            svg.addEventListener("input", () => (last && svg.value !== null && svg.value !== undefined ? page.showTip(last, tip(svg.value)) : page.hideTip()));
            svg.addEventListener("pointerleave", page.hideTip);
        }
        area.append(svg);
        return svg;
    };

    /* The grid line of a panel, and a rule with words at one of its ends: above it, or `below` where there is no room above. */
    chart.share = (label) => ({ domain: [0, 1], label, ticks: [0, 0.25, 0.5, 0.75, 1], tickFormat: page.number });
    chart.grid = (y) => Plot.gridY({ stroke: "var(--grid)", strokeOpacity: 1, ticks: y.ticks });
    chart.rule = (value, text, left, below) => [
        Plot.ruleY([value], { stroke: "var(--faint)", strokeDasharray: "5 4" }),
        text ? Plot.text([value], { y: (v) => v, frameAnchor: left ? "left" : "right", text: () => text, textAnchor: left ? "start" : "end", dx: left ? 6 : 0, dy: below ? 9 : -8, fill: "var(--soft)", stroke: "var(--surface)", strokeWidth: 4 }) : null,
    ];

    const known = (p) => Number.isFinite(p.median);

    /* Marks of lines [{points: [{step, median, low, high, n}], color, dash, symbol, thin, dots}]. `where` gives facets. */
    function lineMarks(lines, place, where) {
        const flat = (wanted) => lines.flatMap((line, k) => line.points.filter(wanted).map((p) => ({ ...p, line, k })));
        const banded = lines.length <= 48 ? flat((p) => known(p) && p.n > 1 && Number.isFinite(p.low)) : [];
        const facets = where ? { fx: (d) => where((d.line || d).panel)[0], fy: (d) => where((d.line || d).panel)[1] } : {};
        const perPanel = lines.length / (where ? new Set(lines.map((line) => line.panel)).size : 1);
        const looks = d3.group(lines, (line) => `${line.dash || ""};${line.thin ? 1.2 : 2}`);
        const strokes = [...looks].map(([look, same]) => {
            const [dash, width] = look.split(";"), mine = new Set(same);
            return Plot.line(lines.flatMap((line, k) => (mine.has(line) ? line.points.map((p) => ({ ...p, line, k })) : [])), {
                ...facets, x: (d) => place(d.step), y: (d) => (known(d) ? d.median : NaN), z: "k", stroke: (d) => d.line.color, strokeWidth: perPanel > 12 ? 1 : +width, strokeDasharray: dash || undefined,
                strokeOpacity: perPanel > 40 ? 0.5 : 1, strokeLinejoin: "round", className: "line" });
        });
        const ends = where || perPanel > 12 ? [] : lines.flatMap((line, k) => { const last = line.points.filter(known).pop(); return last && !line.thin && line.symbol ? [{ ...last, line, k }] : []; });
        const dots = flat((p) => known(p)).filter((d) => d.line.dots);
        return [
            banded.length ? Plot.areaY(banded, { ...facets, x: (d) => place(d.step), y1: "low", y2: "high", z: "k", fill: (d) => d.line.color, fillOpacity: Math.min(0.18, 0.5 / perPanel), className: "band" }) : null,
            ...strokes,
            ...[[ends, 4.2], [dots, 2.6]].map(([data, r]) => (data.length ? Plot.dot(data, { ...facets, x: (d) => place(d.step), y: "median", r, symbol: (d) => d.line.symbol, fill: (d) => d.line.color, stroke: "var(--surface)", strokeWidth: 0.75 }) : null)),
        ];
    }

    /* Panels {title, lines, extent, logarithmic, rules: [[value, text]], marks(place)} one below the other over one axis of
     * steps; each of them in small multiples where its lines have panels. `bands` [{name, from, to, color}] lie below all. */
    chart.panels = (area, width, panels, { logarithmic = true, tall = 150, bands = [], tops = () => [] } = {}) => {
        const names = [...new Set(panels.flatMap((panel) => panel.lines.map((line) => line.panel || "")))], left = 54, right = 16;
        const columns = names.length > 1 ? Math.max(1, Math.min(names.length, Math.floor((width - left) / (width < 500 ? 125 : 220)))) : 1;
        const rows = Math.ceil(names.length / columns), inner = (width - left - right) / columns;
        const steps = panels.flatMap((panel) => panel.lines.flatMap((line) => line.points.filter(known).map((p) => p.step)));
        const axis = chart.steps(steps, inner * 0.94, logarithmic, undefined, columns > 1 ? inner * 0.06 - 4 : undefined), all = [...new Set(steps)].sort((a, b) => a - b);
        const where = names.length > 1 ? (name) => [names.indexOf(name || "") % columns, Math.floor(names.indexOf(name || "") / columns)] : null;
        const words = chart.panelWords(where ? names : [], inner * 0.94, where);
        const domain = axis.scale.domain, pixel = d3.scaleLinear(domain, [left, width - right]);
        const shade = (y) => Plot.rect(bands, { x1: (b) => axis.place(b.from), x2: (b) => axis.place(b.to), y1: y.domain[0], y2: y.domain[1], fill: "color" });
        const named = flags(bands.map((b) => ({ name: b.name, from: pixel(axis.place(b.from)), to: pixel(axis.place(b.to)) })), left, width - right);
        panels.forEach((panel, i) => {
            const last = i === panels.length - 1, points = panel.lines.flatMap((line) => line.points.filter(known));
            const values = panel.extent || points.flatMap((p) => [p.median, ...(Number.isFinite(p.low) ? [p.low, p.high] : [])]);
            const log = panel.logarithmic && values.some((v) => v > 0), size = (rows > 1 ? Math.max(96, tall * 0.72) : tall) + words.more;
            const positive = points.map((p) => p.median).filter((v) => v > 0);
            const y = chart.values(log ? [...positive, ...values.filter((v) => v >= d3.min(positive))] : values, size, log, panel.title);
            const rules = (panel.rules || []).filter(([value]) => value >= y.domain[0] && value <= y.domain[1]), told = rules.map(([, text]) => text).filter(Boolean);
            const above = (value) => 1 - (y.type === "log" ? d3.scaleLog : d3.scaleLinear)(y.domain, [0, 1])(value);
            if (where && told.length) y.label += `; dashed: ${told.join(", ")}`;
            const top = (i === 0 ? 34 + FLAG * (d3.max(named, (flag) => flag.row) || 0) : 26) + (where ? 16 + words.more : 0), bottom = last ? 42 : 8;
            const facet = where ? { fx: { axis: null, padding: 0.06 }, fy: { axis: null, padding: words.padding(size) } } : {};
            chart.plot(area, { width, height: size * rows + top + bottom, marginTop: top, marginBottom: bottom, ...facet,
                x: { ...axis.scale, ...(last ? {} : { label: null, tickFormat: () => "" }) }, y,
                marks: [bands.length ? shade(y) : null, chart.grid(y), ...rules.flatMap(([value]) => chart.rule(value)), ...lineMarks(panel.lines, axis.place, where), ...(panel.marks ? panel.marks(axis.place, y) : []),
                    ...(where ? [] : rules.map(([value, text, left]) => chart.rule(value, text, left, above(value) * size < 16)[1])), words.mark, ...(i ? [] : flagMarks(named, pixel, size)), ...tops(axis.place, i),
                    where ? null : Plot.ruleX(all, Plot.pointerX({ x: axis.place, stroke: "var(--faint)" }))],
                tip: where ? null : (step) => [`step ${page.number(step)}`, ...panels.flatMap((other) => other.lines.slice(0, 10).map((line, k) => (k === 0 ? `${other.title} · ` : "") + said(line, step)))] });
        });
        return axis;
    };

    /* Names of bands {name, from, to}, in pixels, so that none lies on another: over the middle of a band as wide as its name,
     * else a flag on a pole over the band, towards the middle of the frame and in the lowest row with room. */
    const FLAG = 15, FLAG_WEIGHT = 600;
    function flags(bands, low, high) {
        const sized = bands.map((b) => ({ ...b, middle: (b.from + b.to) / 2, wide: chart.wordsWide(b.name, FLAG_WEIGHT) })), placed = [];
        const [over, beside] = [sized.filter((b) => b.to - b.from > b.wide), sized.filter((b) => b.to - b.from <= b.wide)];
        const inner = (b) => Math.abs(b.middle - (low + high) / 2), put = (b, start, pole) => {
            const crosses = (o) => start < o.start + o.wide + 8 && start + b.wide + 8 > o.start;
            let row = 0;
            while (placed.some((o) => o.row === row && crosses(o))) row++;
            placed.push({ name: b.name, wide: b.wide, start, pole, row });
        };
        over.forEach((b) => put(b, b.middle - b.wide / 2, null));
        beside.sort((a, b) => inner(a) - inner(b)).forEach((b) => put(b, b.middle < (low + high) / 2 ? Math.max(low, b.middle - 3) : Math.min(high, b.middle + 3) - b.wide, b.middle));
        return placed;
    }
    const flagMarks = (named, pixel, size) => [...d3.group(named, (flag) => flag.row)].flatMap(([row, some]) => [
        Plot.ruleX(some.filter((flag) => flag.pole !== null), { x: (flag) => pixel.invert(flag.pole), insetTop: -12 - FLAG * row, insetBottom: size, stroke: "var(--soft)" }),
        Plot.text(some, { x: (flag) => pixel.invert(flag.start + flag.wide / 2), frameAnchor: "top", dy: -19 - FLAG * row, text: "name", fontWeight: FLAG_WEIGHT, fill: "var(--ink)" }),
    ]);

    /* Names above small multiples, each in as many lines as its parts need; `more` is the height of lines after the first, and
     * `padding(size)` what the facets of rows `size` high take. */
    chart.panelWords = (names, room, where) => {
        const line = 14, fits = (text) => chart.wordsWide(text, 500) <= room;
        const wrapped = names.map((name) => name.split(/(?<=,) /).reduce((done, part) => {
            const longer = done.length ? `${done[done.length - 1]} ${part}` : part;
            return done.length && fits(longer) ? [...done.slice(0, -1), longer] : [...done, part];
        }, []));
        const all = wrapped.flat(), most = Math.floor(room / (d3.max(all, (text) => chart.wordsWide(text, 500) / (text.length || 1)) || 1));
        const short = chart.cutter(all, most), text = (name) => wrapped[names.indexOf(name)].map((part) => (short(part).length > most ? part.slice(0, most - 1) + "…" : short(part))).join("\n");
        const more = line * ((d3.max(wrapped, (lines) => lines.length) || 1) - 1);
        return { more, padding: (size) => (0.24 * (size - more) + more) / size,
            mark: names.length ? Plot.text(names, { fx: (d) => where(d)[0], fy: (d) => where(d)[1], frameAnchor: "top-left", lineAnchor: "bottom", lineHeight: line / 12, text, dy: -5, fill: "var(--ink)", fontWeight: 500 }) : null };
    };

    function said(line, step) {
        const points = line.points.filter(known), i = Math.min(d3.bisector((p) => p.step).left(points, step), points.length - 1);
        if (i < 0) return `${line.name}: –`;
        const p = i > 0 && step - points[i - 1].step < points[i].step - step ? points[i - 1] : points[i];
        return `${line.name}: ${page.number(p.median)}` + (p.n > 1 ? ` (${page.number(p.low)} to ${page.number(p.high)})` : "");
    }

    /* A mark that points on, right or left. */
    chart.arrow = (way) => ({ draw(context, size) {
        const half = Math.sqrt(size / Math.PI);
        context.moveTo(-half * way, -half);
        context.lineTo(half * way, 0);
        context.lineTo(-half * way, half);
        context.closePath();
    } });

    /* ---- words ---- */

    /* How wide a word of a drawing is, in pixels. */
    const pen = page.element("canvas").getContext("2d");
    chart.wordsWide = (text, weight = 400) => {
        pen.font = `${weight} 12px ${getComputedStyle(document.body).fontFamily}`;
        return pen.measureText(text).width;
    };

    /* Labels cut to a number of letters: the end goes, or the middle, or the words before values that all of them have, or
     * nothing, so that no two look alike. */
    chart.cutter = (texts, most) => {
        const all = [...new Set(texts)], room = Math.max(2, most - 1), head = Math.floor(room / 2);
        const end = (text) => text.slice(0, room) + "…", middle = (text) => text.slice(0, head) + "…" + text.slice(head - room);
        /* "fraction 0.3, decay 1" is "0.3, 1" where all begin their parts with these words. */
        const parts = (text) => text.split(/(, |: )/), first = (part) => (/^\S+ (?=\S)/.exec(part || "") || [""])[0];
        const common = parts(all[0] || "").map(first).map((word, i) => (all.every((text) => first(parts(text)[i]) === word) ? word.length : 0));
        const own = (text) => parts(text).map((part, i) => part.slice(common[i] || 0)).join("");
        const of = (way) => (text) => (text.length > most ? way(text) : text);
        const way = [of(end), of(middle), own, (text) => of(middle)(own(text))]
            .find((way) => { const found = all.map(way); return new Set(found).size === all.length && found.every((text) => text.length <= most); });
        return way || ((text) => text);
    };

    /* Letters on a colour: dark or light, whichever reads better. */
    chart.inkOn = (color) => {
        const { r, g, b } = d3.rgb(color);
        const linear = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
        const luminance = 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
        return luminance > 0.179 ? "#0b0e12" : "#ffffff";
    };
})();
