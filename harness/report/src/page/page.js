// Sorting of tables, and the origin of a cell on demand. Everything that comes from a study enters as text, never as
// markup. The data block holds each digest, id and word once; cells refer to runs by ranges of indices.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const dialog = document.getElementById("origin");

  // --- small tools ---

  /** An element with attributes and children; strings become text. */
  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children.filter((child) => child !== null));
    return element;
  };

  /** Ids are either a list, or so many bytes each in base64. */
  const ids = (packed, size) => {
    if (Array.isArray(packed)) return (index) => packed[index];
    const bytes = atob(packed);
    return (index) => {
      let hex = "";
      for (let i = size * index; i < size * (index + 1); i += 1) hex += bytes.charCodeAt(i).toString(16).padStart(2, "0");
      return hex;
    };
  };
  const runId = ids(data.runs.ids, 32);
  const nodeId = ids(data.nodes, 8);

  /** "0-2,7" to [0, 1, 2, 7]. */
  const members = (ranges) => ranges === "" ? [] : ranges.split(",").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });

  const short = (id) => id.length > 24 ? id.slice(0, 16) : id;

  // --- sorting ---

  const key = (row, column) => {
    const cell = row.cells[column];
    if (!cell) return null;
    if (cell.tagName === "TH") return cell.textContent;
    return cell.dataset.v === undefined ? null : Number(cell.dataset.v);
  };

  const sort = (table, column) => {
    const headers = [...table.tHead.rows[0].cells];
    const direction = headers[column].getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
    for (const header of headers) header.removeAttribute("aria-sort");
    headers[column].setAttribute("aria-sort", direction);
    const sign = direction === "ascending" ? 1 : -1;
    const rows = [...table.tBodies[0].rows].map((row) => ({ row, key: key(row, column) }));
    rows.sort((a, b) => {
      // Holes stay last in both directions.
      if (a.key === null || b.key === null) return (a.key === null) - (b.key === null);
      return sign * (typeof a.key === "number" ? a.key - b.key : a.key.localeCompare(b.key, "en", { numeric: true }));
    });
    table.tBodies[0].append(...rows.map((entry) => entry.row));
  };

  for (const table of document.querySelectorAll("table.comparison")) {
    if (table.tBodies[0].rows.length < 2) continue;
    [...table.tHead.rows[0].cells].forEach((header, column) => {
      const button = make("button", { type: "button", class: "sort", title: "Sort by this column" }, header.textContent);
      button.addEventListener("click", () => sort(table, column));
      header.replaceChildren(button);
    });
  }

  // --- the origin of a cell ---

  const facts = (pairs) => {
    const list = make("dl", { class: "facts" });
    for (const [name, value] of pairs) if (value !== null && value !== "") list.append(make("dt", {}, name), make("dd", {}, value));
    return list;
  };

  /** What the runs' sources have under a key: lines of one or two texts, each once, in order of appearance. */
  const gather = (runs, pick) => {
    const found = new Map();
    for (const run of runs) {
      const source = data.sources[data.runs.source[run]];
      if (source) for (const line of pick(source)) found.set(line.join("\n"), line);
    }
    return [...found.values()];
  };

  const code = (lines) => {
    const list = make("div", {});
    for (const [first, second = null] of lines) {
      const digest = second === null ? null : make("code", { class: "digest" }, second);
      list.append(make("div", {}, make("code", {}, first), ...(digest ? [digest] : [])));
    }
    return lines.length === 0 ? null : list;
  };
  const named = (pairs) => pairs.map(([name, value]) => [data.texts[name], data.texts[value]]);

  const label = (button) => {
    const cell = button.closest("td");
    const table = cell.closest("table");
    const heads = [...table.tHead.rows].at(-1).cells;
    const column = heads[cell.cellIndex] ? heads[cell.cellIndex].textContent : "";
    const row = cell.parentElement.cells[0].textContent;
    const across = table.dataset.x ? `${table.dataset.x} = ${column}` : column;
    const down = table.dataset.y ? `${table.dataset.y} = ${row}` : row;
    return { title: `${down} · ${across}`, caption: table.caption.textContent, command: table.closest("[data-command]") };
  };

  const runTable = (runs) => {
    const body = make("tbody", {});
    const text = (run) => data.texts[data.runs.benchmark[run]] || "";
    const ordered = [...runs].sort((a, b) => text(a).localeCompare(text(b), "en", { numeric: true }) || data.runs.seed[a] - data.runs.seed[b]);
    for (const run of ordered) {
      const behind = data.runs.nodes[run] || [];
      const stages = [];
      for (let i = 0; i < behind.length; i += 2) stages.push(`${data.texts[behind[i]]} ${short(nodeId(behind[i + 1]))}`);
      body.append(make("tr", {},
        make("td", {}, String(data.runs.seed[run])),
        make("td", {}, text(run)),
        make("td", {}, make("code", { title: runId(run) }, short(runId(run)))),
        make("td", {}, make("code", {}, stages.join(", ")))));
    }
    const head = make("tr", {}, ...["seed", "benchmark", "run", "computed from"].map((h) => make("th", { scope: "col" }, h)));
    return make("div", { class: "scroll" }, make("table", {}, make("thead", {}, head), body));
  };

  const statistics = (cell) => {
    const [, n, units, iqm, low, high, mean, sd, mark, seeds] = cell;
    const trust = ["", "fewer than 10 seeds", "fewer than 5 seeds: the interval may cover much less than 95 %"][mark];
    return facts([
      ["interquartile mean", String(iqm)],
      ["95 % interval", low === null ? "none: one resampling unit" : `${low} to ${high}`],
      ["mean", String(mean)],
      ["standard deviation", sd === null ? "none: one value" : String(sd)],
      ["n", `${n} evaluations in ${units} resampling units`],
      ["seeds", data.texts[seeds]],
      ["caution", trust],
    ]);
  };

  const origins = (runs) => {
    const libraries = gather(runs, (s) => named(s.libraries));
    return [
      make("h3", {}, "Digests"),
      facts([
        ["datasets", code(gather(runs, (s) => named(s.datasets)))],
        ["plugins and runtimes", code(libraries)],
        ["environment", code(gather(runs, (s) => [[data.texts[s.environment]]]))],
        ["protocol", gather(runs, (s) => [[data.texts[s.protocol]]]).join("; ")],
        ["stages", code(gather(runs, (s) => s.stages.map((t) => [data.texts[t]])))],
        ["harness sources", code(gather(runs, (s) => named(s.code)))],
        ["made by", code(gather(runs, (s) => s.made_by.map((t) => [data.texts[t]])))],
      ]),
    ];
  };

  const commands = (runs, where) => {
    const list = [];
    const add = (what, text) => list.push(make("p", { class: "note" }, what), make("pre", { class: "command" }, text));
    if (where) add("This table with all digits:", where.dataset.command);
    if (runs.length > 0 && data.manifest) {
      add("The first of these runs in full:", `assay show ${short(runId(runs[0]))}`);
      add("All of it computed again, in an empty folder; equal ids are equal inputs:", `assay run ${data.manifest} --results again`);
    }
    return list;
  };

  const open = (button) => {
    const cell = data.cells[Number(button.dataset.c)];
    const runs = members(data.sets[cell[0]] || "");
    const { title, caption, command } = label(button);
    const measured = runs.length > 0;
    const body = make("div", { class: "body" }, make("p", { class: "note" }, caption));
    if (measured) {
      const shown = [...button.childNodes].filter((node) => node.nodeName !== "SUP").map((node) => node.textContent).join("");
      body.append(make("p", { class: "value" }, shown.replace("†", "")), statistics(cell));
    } else {
      body.append(make("p", { class: "value" }, button.firstChild.textContent));
    }
    const missing = cell.at(-1).map((index) => make("li", {}, data.reasons[index]));
    if (missing.length > 0) body.append(make("h3", {}, "Without a value"), make("ul", {}, ...missing));
    if (measured) {
      body.append(make("h3", {}, "Runs"), runTable(runs));
      if (runs.some((run) => data.sources[data.runs.source[run]])) body.append(...origins(runs));
      else body.append(make("p", {}, data.foreign));
    }
    body.append(make("h3", {}, "Commands"), ...commands(runs, command));
    const close = make("button", { type: "button", class: "close" }, "Close");
    close.addEventListener("click", () => dialog.close());
    dialog.replaceChildren(make("header", {}, make("h2", { id: "origin-title" }, title), close), body);
    dialog.showModal();
    dialog.scrollTop = 0;
  };

  document.addEventListener("click", (event) => {
    // A click beside the open dialog closes it, as Escape does by itself.
    if (event.target === dialog) dialog.close();
    const button = event.target.closest("button[data-c]");
    if (button) open(button);
  });

  // A glance without opening: n and seeds as the button's title.
  document.addEventListener("pointerover", (event) => {
    const button = event.target.closest("button[data-c]");
    if (!button || button.title) return;
    const cell = data.cells[Number(button.dataset.c)];
    button.title = cell[1] > 0 ? `n = ${cell[1]}, seeds ${data.texts[cell[9]]}` : "nothing measured";
  });
})();
