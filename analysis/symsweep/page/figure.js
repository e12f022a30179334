/* figure.js: what every figure has: a title, controls, a drawing with a spoken summary, its data as table and CSV. */
"use strict";

(() => {
    /* ---- elements ---- */

    /* element("p", {class: "note"}, "text", child, ...) */
    page.element = (name, attributes = {}, ...children) => {
        const made = document.createElement(name);
        for (const [key, value] of Object.entries(attributes)) {
            if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
            else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
        }
        made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
        return made;
    };
    const element = page.element;

    let names = 0;
    page.unique = (stem) => `${stem}-${++names}`;

    /* ---- controls ---- */

    /* A labelled list of choices: [{id, name}] or [{group, choices}]. `choose(id)` is called when the reader chooses. */
    page.select = (label, choices, chosen, choose) => {
        const id = page.unique("choice");
        const list = element("select", { id, onchange: (event) => choose(event.target.value) });
        const fill = (parent, items) => {
            for (const item of items) {
                if (item.choices) {
                    const group = element("optgroup", { label: item.group });
                    fill(group, item.choices);
                    parent.append(group);
                } else {
                    parent.append(element("option", { value: item.id, selected: item.id === chosen }, item.name));
                }
            }
        };
        fill(list, choices);
        return element("label", { class: "control", for: id }, element("span", {}, label), list);
    };

    /* The same for a choice that is kept in state[key]; what it cannot be becomes the first it can. */
    page.pick = (label, choices, state, key, then) => {
        const ids = choices.flatMap((item) => item.choices || [item]).map((item) => item.id);
        if (!ids.length) return null;
        if (!ids.includes(state[key])) state[key] = ids[0];
        return ids.length > 1 ? page.select(label, choices, state[key], (id) => { state[key] = typeof state[key] === "number" ? +id : id; then(); }) : null;
    };

    page.tick = (label, state, key, then) => {
        const id = page.unique("check");
        const box = element("input", { type: "checkbox", id, checked: state[key], onchange: (event) => { state[key] = event.target.checked; then(); } });
        return element("label", { class: "control check", for: id }, box, element("span", {}, label));
    };

    page.named = (list, name) => list.map((id) => ({ id, name: name(id) }));

    page.button = (label, press, attributes = {}) => element("button", { type: "button", onclick: press, ...attributes }, label);

    /* ---- tables ---- */

    page.cell = (value) => {
        if (value === null || value === undefined || (typeof value === "number" && Number.isNaN(value))) return "";
        if (typeof value === "number") return value === Infinity ? "inf" : value === -Infinity ? "-inf" : String(+value.toPrecision(6));
        return String(value);
    };

    function csvText({ columns, rows }) {
        const quote = (text) => (/[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);
        return [columns, ...rows].map((row) => row.map((value) => quote(page.cell(value))).join(",")).join("\r\n") + "\r\n";
    }

    const save = (name, blob) => {
        const link = element("a", { href: typeof blob === "string" ? blob : URL.createObjectURL(blob), download: name.replace(/[^\w.-]+/g, "_") });
        document.body.append(link);
        link.click();
        link.remove();
        if (typeof blob !== "string") setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    };
    page.save = (name, text, type) => save(name, new Blob([text], { type }));
    const saveCsv = (figure) => page.save(`${page.data.title}-${figure.id}.csv`, csvText(figure.table()), "text/csv");

    const MOST_ROWS = 500;

    page.table = ({ columns, rows }, caption) => {
        const shown = rows.slice(0, MOST_ROWS);
        const numeric = columns.map((_, c) => shown.every((row) => typeof row[c] !== "string" || row[c] === ""));
        const align = (c) => (numeric[c] ? "number" : null);
        const table = element("table", {},
            element("caption", {}, caption + (rows.length > MOST_ROWS ? ` (the first ${MOST_ROWS} of ${rows.length} rows; the CSV has all)` : "")),
            element("thead", {}, element("tr", {}, columns.map((name, c) => element("th", { scope: "col", class: align(c) }, name)))),
            element("tbody", {}, shown.map((row) => element("tr", {}, row.map((value, c) =>
                element("td", { class: align(c) }, typeof value === "number" ? page.number(value) : value === null || value === undefined ? "–" : String(value)))))));
        return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, table);
    };

    /* ---- pictures ---- */

    const LOOKS = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linejoin", "stroke-linecap", "opacity", "visibility",
        "paint-order", "font-family", "font-size", "font-weight", "text-anchor", "dominant-baseline", "font-variant-numeric"];
    const NS = "http://www.w3.org/2000/svg";
    const drawn = (name, attributes, text) => {
        const made = document.createElementNS(NS, name);
        for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
        if (text !== undefined) made.textContent = text;
        return made;
    };

    /* Mixed colours as every program reads them. */
    const pen = element("canvas").getContext("2d", { willReadFrequently: true });
    function plain(value) {
        if (!/^(oklab|oklch|color)\(/.test(value)) return value;
        pen.fillStyle = value;
        pen.fillRect(0, 0, 1, 1);
        return `rgb(${[...pen.getImageData(0, 0, 1, 1).data.subarray(0, 3)].join(", ")})`;
    }

    /* A copy of a drawing that keeps its looks without the style sheet of the page. */
    function stills(svg) {
        const copy = svg.cloneNode(true), from = [svg, ...svg.querySelectorAll("*")], to = [copy, ...copy.querySelectorAll("*")];
        from.forEach((node, i) => {
            if (node.closest("style")) return;
            const style = getComputedStyle(node);
            if (style.display === "none") return to[i].setAttribute("display", "none");
            for (const look of LOOKS) {
                to[i].removeAttribute(look);
                to[i].style.setProperty(look, plain(style.getPropertyValue(look)));
            }
        });
        copy.querySelectorAll("style, title").forEach((node) => node.remove());
        for (const name of ["class", "role", "aria-label"]) copy.removeAttribute(name);
        return copy;
    }

    /* The figure as one SVG: title, drawings, and what stands beside them in words and patches of colour. */
    page.picture = (figure) => {
        const frame = document.getElementById(figure.id), area = frame.querySelector(".area"), box = area.getBoundingClientRect(), head = 34;
        const page0 = getComputedStyle(frame), width = Math.ceil(box.width) + 24, height = Math.ceil(box.height) + head + 16;
        const root = drawn("svg", { xmlns: NS, width, height, viewBox: `0 0 ${width} ${height}`, "font-family": page0.fontFamily });
        root.append(drawn("rect", { width, height, fill: page0.backgroundColor }), drawn("text", { x: 12, y: 24, "font-size": 17, "font-weight": 600, fill: page0.color }, figure.title));
        const at = (rect) => ({ x: rect.x - box.x + 12, y: rect.y - box.y + head });
        const walk = (node) => {
            if (node.nodeType === Node.TEXT_NODE) {
                const text = node.textContent.trim(), range = document.createRange();
                range.selectNodeContents(node);
                const rect = range.getBoundingClientRect(), style = getComputedStyle(node.parentElement);
                if (text && rect.width) root.append(drawn("text", { x: at(rect).x, y: at(rect).y + rect.height * 0.78, fill: style.color, "font-size": style.fontSize, "font-weight": style.fontWeight }, text));
            } else if (node.nodeName === "svg") {
                const copy = stills(node), place = at(node.getBoundingClientRect());
                copy.setAttribute("x", place.x);
                copy.setAttribute("y", place.y);
                copy.setAttribute("overflow", "visible");
                root.append(copy);
            } else if (node.nodeType === Node.ELEMENT_NODE && !node.matches(".chip.plain, [hidden], select") && node.getClientRects().length) {
                const rect = node.getBoundingClientRect(), style = getComputedStyle(node);
                if (node.matches(".key")) root.append(drawn("rect", { ...at(rect), width: rect.width, height: rect.height, fill: style.backgroundColor, opacity: style.opacity }));
                node.childNodes.forEach(walk);
            }
        };
        area.childNodes.forEach(walk);
        return { text: new XMLSerializer().serializeToString(root), width, height };
    };

    page.savePicture = async (figure, kind) => {
        const { text, width, height } = page.picture(figure), name = `${page.data.title}-${figure.id}.${kind}`;
        if (kind === "svg") return page.save(name, text, "image/svg+xml");
        const image = new Image(), canvas = element("canvas", { width: 2 * width, height: 2 * height });
        image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(text);
        await image.decode();
        canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
        save(name, canvas.toDataURL("image/png"));
    };

    /* ---- figures ---- */

    page.figures = [];
    const opened = new Set();

    /* figure = {
     *   id, title, about,
     *   controls(refresh) -> elements,
     *   draw(area, width) -> {summary, note} or {empty: reason},
     *   table() -> {columns, rows},
     *   listed: there is no drawing, only a table
     * } */
    page.addFigure = (section, figure) => {
        const area = element("div", { class: "area" });
        const note = element("p", { class: "note", "aria-live": "polite" });
        const controls = element("div", { class: "controls" });
        const data = element("details", { class: "data", open: opened.has(figure.id) }, element("summary", {}, "Data"));
        const place = element("div");
        data.append(place);
        const title = element("h2", { id: figure.id + "-title" }, figure.title);
        const keep = (kind, press, what) => page.button(kind, press, { class: kind.toLowerCase(), "aria-label": `Save ${what}“${figure.title}” as ${kind}` });
        const buttons = element("div", { class: "downloads" }, figure.listed ? null : ["SVG", "PNG"].map((kind) => keep(kind, () => page.savePicture(figure, kind.toLowerCase()), "")),
            keep("CSV", () => saveCsv(figure), "the data of "));
        const frame = element("figure", { id: figure.id, "aria-labelledby": title.id },
            element("div", { class: "head" }, title, buttons),
            figure.about ? element("p", { class: "about" }, figure.about) : null, controls, area, note, data);
        section.append(frame);

        const fillTable = () => place.replaceChildren(figure.empty ? "" : page.table(figure.table(), `Data of “${figure.title}”`));
        data.addEventListener("toggle", () => {
            if (!data.open) place.replaceChildren();
            else if (!place.childElementCount) fillTable();
            opened[data.open ? "add" : "delete"](figure.id);
        });

        figure.refresh = () => {
            const width = Math.max(280, Math.floor(area.getBoundingClientRect().width || 600));
            figure.width = width;
            page.hideTip();
            area.replaceChildren();
            const result = figure.draw(area, width) || {};
            figure.empty = Boolean(result.empty);
            frame.classList.toggle("empty", figure.empty);
            buttons.hidden = data.hidden = figure.empty;
            if (figure.empty) area.append(element("p", { class: "nothing" }, result.empty));
            for (const drawing of area.querySelectorAll("svg:not(.swatch):not([role])")) {
                drawing.setAttribute("role", "img");
                if (!drawing.hasAttribute("aria-label")) drawing.setAttribute("aria-label", `${figure.title}. ${result.summary || ""}`);
            }
            note.replaceChildren(...[result.note || ""].flat());
            if (data.open) fillTable();
            page.remember();
        };
        figure.rebuild = () => {
            controls.replaceChildren(...(figure.controls ? figure.controls(figure.refresh) : []).filter(Boolean));
            figure.refresh();
        };
        const before = page.figures.findIndex((other) => other.id === figure.id);
        page.figures.splice(before < 0 ? page.figures.length : before, before < 0 ? 0 : 1, figure);
        figure.rebuild();
        return figure;
    };

    page.refreshAll = (rebuild) => page.figures.forEach((figure) => (rebuild ? figure.rebuild() : figure.refresh()));

    /* ---- what the pointer is on ---- */

    const tip = element("div", { class: "tip", hidden: true, "aria-hidden": "true" });
    document.addEventListener("DOMContentLoaded", () => document.body.append(tip));

    page.showTip = (event, lines) => {
        tip.replaceChildren(...lines.filter(Boolean).map((line) => element("div", {}, line)));
        tip.hidden = false;
        const box = tip.getBoundingClientRect();
        const beside = event.clientX + 14 + box.width > window.innerWidth ? event.clientX - box.width - 14 : event.clientX + 14;
        const within = (at, size, room) => Math.max(4, Math.min(at, room - size - 4));
        tip.style.transform = `translate(${within(beside, box.width, window.innerWidth)}px, ${within(event.clientY + 12, box.height, window.innerHeight)}px)`;
    };
    page.hideTip = () => (tip.hidden = true);
    page.tipOn = (selection, lines) => selection.each(function (datum) {
        this.addEventListener("pointermove", (event) => page.showTip(event, lines(datum)));
        this.addEventListener("pointerleave", page.hideTip);
    });

    /* ---- which groups are drawn ---- */

    /* Buttons that show and hide the groups of a colour; the same choice for every figure. */
    page.legend = () => {
        const { groups, grouping } = page.selection(), key = page.groups().colorKey;
        const levels = page.levels(groups);
        if (levels.length < 2) return null;
        const chips = levels.map((group) => {
            const shown = !page.state.hidden.has(group.level);
            const press = () => {
                if (shown) page.state.hidden.add(group.level);
                else page.state.hidden.delete(group.level);
                const figure = chip.closest("figure").id;
                page.changed();
                const again = [...document.querySelectorAll(`#${figure} .chip`)].find((c) => c.dataset.level === group.level);
                if (again) again.focus();
            };
            const chip = page.button("", press, { class: "chip", "aria-pressed": String(shown), "data-level": group.level });
            chip.append(page.swatch(group), group.level);
            return chip;
        });
        const all = page.button("all", () => { page.state.hidden.clear(); page.changed(); }, { class: "chip plain" });
        const none = page.button("none", () => { levels.forEach((group) => page.state.hidden.add(group.level)); page.changed(); }, { class: "chip plain" });
        const name = key ? key.name : grouping.name;
        if (levels.length > MOST_CHIPS) return ramp(name, levels);
        return element("div", { class: "legend", role: "group", "aria-label": `Groups by ${name}` },
            element("span", { class: "legend-name" }, name), chips, levels.length > 2 ? [all, none] : null);
    };
    const MOST_CHIPS = 40;

    /* Many ordered values: their colours from the least to the greatest. */
    function ramp(name, levels) {
        return element("div", { class: "legend" }, element("span", { class: "legend-name" }, name), levels[0].level, page.ramp(d3.range(24).map((i) => levels[Math.round((i / 23) * (levels.length - 1))].color)),
            levels[levels.length - 1].level);
    }
    page.ramp = (colors) => {
        const svg = d3.create("svg").attr("class", "swatch").attr("width", 168).attr("height", 12).attr("aria-hidden", "true");
        colors.forEach((color, i) => svg.append("rect").attr("x", (168 / colors.length) * i).attr("width", 168 / colors.length + 0.5).attr("height", 12).attr("fill", color));
        return svg.node();
    };

    page.swatch = (style) => {
        const svg = d3.create("svg").attr("class", "swatch").attr("width", 26).attr("height", 12).attr("aria-hidden", "true");
        svg.append("line").attr("x1", 1).attr("x2", 25).attr("y1", 6).attr("y2", 6).attr("stroke", style.color)
            .attr("stroke-width", 2).attr("stroke-dasharray", style.dash || null);
        if (style.symbol) svg.append("path").attr("transform", "translate(13,6)").attr("d", d3.symbol().type(style.symbol).size(40)()).attr("fill", style.color);
        return svg.node();
    };

    /* What lines and marks of a figure mean: styles with names. */
    page.keysOf = (styles, ...more) => element("ul", { class: "keys row" }, styles.map((style) => element("li", {}, page.swatch(style), style.name)), ...more);
})();
