"use strict";
const D = JSON.parse(document.getElementById("data").textContent);
const $ = id => document.getElementById(id);
const make = (tag, props = {}, ...inside) => { const e = Object.assign(document.createElement(tag), props); e.append(...inside); return e; };
const INK = {"changed": "changed", "satisfied": "satisfied", "native": "native", "not needed": "idle", "blocked": "blocked"};
const WORDS = Object.keys(D.words), STATES = Object.keys(D.states);
const key = (name, ink, letter) => make("span", {className: `key ${ink}`, textContent: letter, ariaHidden: "true"});
const stateKey = name => key(name, name, D.letters[name]), wordKey = word => key(word, INK[word], D.marks[word]);
const told = v => v.why ? (v.where && !v.why.startsWith(v.where) ? `${v.where}: ${v.why}` : v.why) : "";
const many = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;

// What the page is about: architectures, each with its rules and its verdicts, over one list of revisions.
const ARCHS = D.architectures.map(a => {
  const rules = a.rules.map(i => ({rule: D.rules[i][0], makes: D.rules[i][1], required: D.rules[i][2]}));
  const verdicts = a.verdicts.map(v => ({...v, rules: v.rules.map(([w, t]) => [WORDS[w], D.texts[t]])}));
  const said = a.revisions.map(i => verdicts[i]), count = {};
  for (const v of said) count[v.state] = (count[v.state] || 0) + 1;
  const text = [a.arch, a.pack, ...verdicts.flatMap(v => [v.state, told(v), ...v.rules.flatMap((c, i) => c[0] === "blocked" ? [rules[i].rule, c[1]] : [])])].join("\n").toLowerCase();
  return {...a, rules, said, count, text};
});
const UNDRAFTED = D.undrafted.map(u => ({...u, said: null, count: {}, text: [u.arch, u.why, u.where, "not drafted"].join("\n").toLowerCase()}));
const off = {states: new Set(), words: new Set()};
let arch = null, revisions = [], view = [], lines = [], sort = ["at", 1], query = "";
const asked = () => new URLSearchParams(location.hash.slice(1));

// What an architecture's revisions are, with what was said of each.
function read(a) {
  const number = (v, ...words) => v.rules.filter(cell => words.includes(cell[0])).length;
  return D.revisions.map((r, at) => {
    const v = a.said[at];
    return {...r, at, v, state: v.state, changed: number(v, "changed"), satisfied: number(v, "satisfied", "native"), idle: number(v, "not needed"),
      blocked: number(v, "blocked"), said: told(v), text: [r.revision, r.date, r.subject, v.state, told(v), ...v.rules.flatMap((c, i) => c[0] === "blocked" ? [a.rules[i].rule, c[1]] : [])].join("\n").toLowerCase()};
  });
}

// The map: lines of cells by revision. Equal neighbours are one cell where there are many revisions.
function lineOf(name, cells, more) { return {name, cells, ...more}; }
function archLines() {
  const matches = a => query.split(/\s+/).every(word => a.text.includes(word));
  const shown = ARCHS.filter(a => matches(a) && Object.keys(a.count).some(s => !off.states.has(s)));
  const order = $("order").value, like = {ports: ["ports", "partly"], native: ["native", "partial"], blocked: ["blocked", "conflict", "unsound", "broken", "foreign"]}[order] || [];
  const rank = a => -like.reduce((sum, s) => sum + (a.count[s] || 0), 0);
  shown.sort((a, b) => rank(a) - rank(b) || (a.arch < b.arch ? -1 : 1));
  const undrafted = off.states.size ? [] : UNDRAFTED.filter(matches);
  return [...shown.map(a => lineOf(a.arch, a.said.map(v => ({ink: v.state, mark: D.letters[v.state], word: v.state, note: told(v), dim: off.states.has(v.state)})), {arch: a})),
    ...undrafted.map(u => lineOf(u.arch, null, {why: `not drafted: ${u.why}${u.where ? ` (${u.where})` : ""}`}))];
}
function ruleLines() {
  const family = name => name.includes(".") ? name.split(".")[0] : "";
  const first = lineOf("state", view.map(r => ({ink: r.state, mark: D.letters[r.state], word: r.state, note: r.said})), {});
  return [first, ...arch.rules.map((rule, i) => lineOf(rule.rule, view.map(r => {
    const said = r.v.rules[i];
    return said ? {ink: INK[said[0]], mark: D.marks[said[0]], word: said[0], note: said[1], dim: off.words.has(said[0])} : {ink: "nothing", mark: "", word: `nothing: ${r.state}`, note: r.said};
  }), {rule, gap: !i || family(rule.rule) !== family(arch.rules[i - 1].rule)}))];
}
function columns() { return arch ? view : D.revisions; }
function draw() {
  lines = arch ? ruleLines() : archLines();
  const cols = columns(), n = Math.max(cols.length, 1), zoom = +$("zoom").value, phone = innerWidth <= 760;
  const longest = Math.max(4, ...lines.map(line => line.name.length));
  $("grid").style.setProperty("--name", `${Math.min(Math.max(longest * 7.1 + 26, 90), 250)}px`);
  $("scroll").classList.toggle("zoomed", zoom > 0);
  const room = Math.max($("scroll").clientWidth - (phone ? 0 : parseFloat($("grid").style.getPropertyValue("--name"))), 60);
  const step = zoom || room / n, wide = `${step * n}px`, merged = n > 60 || step < 7;
  $("grid").setAttribute("aria-colcount", n); $("grid").setAttribute("aria-rowcount", lines.length);
  $("grid").setAttribute("aria-label", `${arch ? "rules" : "architectures"} by revisions, the oldest at the left`);
  $("grid").replaceChildren(axis(cols, step, wide, zoom), ...lines.map((line, y) => row(line, y, step, n, merged, zoom ? wide : "")));
  const one = $("grid").querySelector(".c"); if (one) one.tabIndex = 0;
  $("none").hidden = (arch ? view.length : lines.length) > 0; $("grid").hidden = !$("none").hidden;
}
function row(line, y, step, n, merged, wide) {
  const name = make("div", {className: "name mono"}); name.setAttribute("role", "rowheader");
  const [stem, ...rest] = line.rule ? line.name.split(".") : [line.name];
  if (line.arch) name.append(make("button", {textContent: line.name, title: `${line.arch.pack}: open its rules`, tabIndex: -1}));
  else name.append(make("em", {textContent: rest.length ? `${stem}.` : ""}), rest.join(".") || stem);
  if (line.rule) name.title = line.rule.makes + (line.rule.required ? "" : " (optional)");
  const cells = make("div", {className: line.cells ? "cells" : "undrafted soft"}); if (wide) cells.style.width = wide;
  if (!line.cells) cells.textContent = line.why;
  else for (let x = 0; x < line.cells.length;) {
    const cell = line.cells[x]; let end = x + 1;
    while (merged && end < line.cells.length && line.cells[end].word === cell.word && line.cells[end].note === cell.note) end++;
    const span = end - x, px = span * step;
    const e = make("div", {className: `c ${cell.ink}${cell.dim ? " dim" : ""}${px < 7 ? " thin" : ""}`, tabIndex: -1});
    if (px >= cell.word.length * 7 + 8 && !arch) e.textContent = cell.word; else if (px >= 11) e.textContent = cell.mark;
    e.style.left = `${100 * x / n}%`; e.style.width = `${100 * span / n}%`;
    e.dataset.x = x; e.dataset.n = span; e.setAttribute("role", "gridcell"); e.setAttribute("aria-colindex", x + 1);
    const r = columns()[x];
    e.setAttribute("aria-label", `${line.name}, ${r.date || r.revision.slice(0, 12)}${span > 1 ? ` and ${many(span - 1, "revision")} more` : ""}: ${cell.word}${cell.note ? `, ${cell.note}` : ""}`);
    cells.append(e); x = end;
  }
  const e = make("div", {className: `row${line.gap ? " gap" : ""}`}, name, cells);
  e.setAttribute("role", "row"); e.setAttribute("aria-rowindex", y + 1); e.dataset.y = y;
  return e;
}
function axis(cols, step, wide, zoom) {
  const box = make("div", {className: "cells"}); if (zoom) box.style.width = wide;
  let free = 0;
  if (!arch || sort[0] === "at") cols.forEach((r, i) => {
    const x = i * step;
    if (!r.date || x < free || x + 70 > step * cols.length) return;
    const e = make("span", {textContent: r.date, title: r.revision.slice(0, 12)}); e.style.left = `${x}px`; box.append(e);
    free = x + (step >= 74 ? 70 : 86);
  });
  const e = make("div", {className: "row axis", ariaHidden: "true"}, make("div", {className: "name soft", textContent: arch ? "rule" : "architecture"}), box);
  return e;
}

// What is under the pointer or the focus.
function tip(line, x, left, top) {
  const r = columns()[x], cell = line.cells[x], box = $("tip");
  box.replaceChildren(make("div", {}, make("b", {className: "mono", textContent: r.revision.slice(0, 12)}), make("span", {className: "soft", textContent: `  ${r.date}`})));
  if (r.subject) box.append(make("div", {className: "soft", textContent: r.subject}));
  box.append(make("p", {}, key(cell.word, cell.ink, cell.mark), make("b", {textContent: line.name}), `: ${cell.word}`));
  if (cell.note) box.append(make("div", {textContent: cell.note}));
  if (line.rule) box.append(make("div", {className: "soft", textContent: line.rule.makes}));
  box.hidden = false;
  const b = box.getBoundingClientRect();
  box.style.left = `${Math.max(8, left + 16 + b.width > innerWidth ? left - b.width - 16 : left + 16)}px`;
  box.style.top = `${top + 18 + b.height > innerHeight ? Math.max(8, top - b.height - 14) : top + 18}px`;
}
function mark(x) {
  document.querySelectorAll("#rows .on").forEach(e => e.classList.remove("on"));
  const row = arch && x >= 0 && view[x] && document.querySelector(`#rows [data-at="${view[x].at}"]`);
  if (row) row.classList.add("on");
  return row;
}
const lineFor = e => lines[+e.closest(".row").dataset.y];
$("grid").addEventListener("mousemove", e => {
  const cell = e.target.closest(".c"); if (!cell) { $("tip").hidden = true; return; }
  const b = cell.getBoundingClientRect(), n = +cell.dataset.n;
  const x = +cell.dataset.x + Math.max(0, Math.min(n - 1, Math.floor((e.clientX - b.left) / b.width * n)));
  tip(lineFor(cell), x, e.clientX, e.clientY); mark(x);
});
$("grid").addEventListener("mouseleave", () => { $("tip").hidden = true; mark(-1); });
$("grid").addEventListener("focusin", e => {
  const cell = e.target.closest(".c"); if (!cell || !cell.matches(":focus-visible")) return;
  const b = cell.getBoundingClientRect(); tip(lineFor(cell), +cell.dataset.x, b.left, b.bottom - 14); mark(+cell.dataset.x);
});
$("grid").addEventListener("focusout", () => { $("tip").hidden = true; mark(-1); });
$("grid").addEventListener("click", e => act(e.target));
function act(target) {
  const row = target.closest(".row"); if (!row || !row.dataset.y) return;
  const line = lines[+row.dataset.y], cell = target.closest(".c");
  if (line.arch) { if (cell || target.closest("button")) go(line.arch.arch); }
  else if (cell) { const found = mark(+cell.dataset.x); if (found) found.scrollIntoView({block: "center"}); }
}
function focus(cell) {
  if (!cell) return;
  const before = $("grid").querySelector('.c[tabindex="0"]'); if (before) before.tabIndex = -1;
  cell.tabIndex = 0; cell.focus();
}
$("grid").addEventListener("keydown", e => {
  const cell = e.target.closest(".c"); if (!cell) return;
  if (e.key === "Enter" || e.key === " ") { e.preventDefault(); act(cell); return; }
  const row = cell.closest(".row"), x = +cell.dataset.x, beside = [...row.querySelectorAll(".c")], at = beside.indexOf(cell);
  const over = (from, way) => {
    for (let next = from[way]; next; next = next[way]) {
      const found = [...next.querySelectorAll(".c")].find(c => x >= +c.dataset.x && x < +c.dataset.x + +c.dataset.n);
      if (found) return found;
    }
    return null;
  };
  const to = {ArrowLeft: () => beside[at - 1], ArrowRight: () => beside[at + 1], Home: () => beside[0], End: () => beside[beside.length - 1],
    ArrowUp: () => over(row, "previousElementSibling"), ArrowDown: () => over(row, "nextElementSibling")}[e.key];
  if (to) { e.preventDefault(); focus(to()); }
});

// The table of one architecture's revisions.
const COLUMNS = [["at", "revision"], ["date", "date"], ["state", "state"], ["changed", "changed", "n"], ["satisfied", "satisfied", "n"], ["idle", "not needed", "n"], ["blocked", "blocked", "n"], ["said", "what was said"]];
for (const [name, text, kind] of COLUMNS) {
  const button = make("button", {textContent: text});
  button.addEventListener("click", () => { sort = [name, sort[0] === name ? -sort[1] : kind ? -1 : 1]; show(); });
  const head = make("th", {className: kind || ""}, button); head.dataset.key = name; $("head").append(head);
}
function show() {
  if (arch) table();
  draw();
  document.body.dataset.ready = String(arch ? view.length : lines.length);
}
function table() {
  view = revisions.filter(r => !off.states.has(r.state) && query.split(/\s+/).every(word => r.text.includes(word)));
  const value = r => sort[0] === "state" ? STATES.indexOf(r.state) : r[sort[0]];
  view.sort((a, b) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0) * sort[1] || a.at - b.at);
  for (const head of $("head").children) head.dataset.key === sort[0] ? head.setAttribute("aria-sort", sort[1] > 0 ? "ascending" : "descending") : head.removeAttribute("aria-sort");
  $("rows").replaceChildren(...view.map(r => {
    const number = n => make("td", {className: n ? "n" : "n zero", textContent: n});
    const row = make("tr", {}, make("td", {className: "mono", textContent: r.revision.slice(0, 12), title: r.subject}), make("td", {className: "mono soft", textContent: r.date}),
      make("td", {}, stateKey(r.state), r.state), number(r.changed), number(r.satisfied), number(r.idle), number(r.blocked),
      make("td", {className: "said", textContent: r.said || r.subject}));
    row.dataset.at = r.at; return row;
  }));
  $("shown").textContent = view.length === revisions.length ? `${view.length}` : `${view.length} of ${revisions.length}`;
}

function toggles(box, names, set, build, again) {
  box.replaceChildren(...names.map(name => {
    const button = build(name); button.setAttribute("aria-pressed", String(!set.has(name)));
    button.addEventListener("click", () => {
      const others = names.filter(n => n !== name), alone = others.every(n => set.has(n)) && !set.has(name);
      set.clear(); if (!alone) others.forEach(n => set.add(n)); // one click: only this; again: all
      [...box.children].forEach((b, i) => b.setAttribute("aria-pressed", String(!set.has(names[i])))); again();
    });
    return button;
  }));
}
function head() {
  const dates = D.revisions.map(r => r.date).filter(Boolean).sort();
  const range = D.range.replace(/\b([0-9a-f]{12})[0-9a-f]{28,}/g, "$1"), when = dates.length ? `${dates[0]} to ${dates[dates.length - 1]}` : "no dates";
  $("title").textContent = !arch || D.alone ? document.title : `${arch.arch} over ${many(D.revisions.length, "revision")} of ${D.repository}`;
  const what = arch ? `${arch.rules.length} rules` : D.donor ? `drafted from ${D.donor}` : `${many(ARCHS.length, "pack")}`;
  $("under").replaceChildren(make("code", {textContent: range}), ` · ${when} · ${what} · verified: ${D.verified}`);
  $("nav").hidden = !arch || D.alone; $("sorting").hidden = Boolean(arch); $("table").hidden = !arch;
  $("find").placeholder = arch ? "revision, date, subject, rule, reason" : "architecture, state, rule, reason";
  $("hint").textContent = arch ? "A column is a revision, a line a rule. Arrow keys move; Enter goes to the revision below."
    : "A line is an architecture, a column a revision. A click, or Enter, opens its rules; arrow keys move.";
}
function counted() {
  const found = {}; let total = 0;
  for (const a of arch ? [arch] : ARCHS) for (const [state, n] of Object.entries(a.count)) { found[state] = (found[state] || 0) + n; total += n; }
  return STATES.filter(s => found[s]).map(state => ({state, n: found[state], percent: Math.round(10000 * found[state] / total) / 100}));
}
function obstacles() {
  if (!arch) return D.obstacles.map(o => [many(o.architectures.length, "arch"), o.rule, o.why, `${o.architectures.slice(0, 12).join(", ")}${o.architectures.length > 12 ? ` and ${o.architectures.length - 12} more` : ""}; ${many(o.pairs, "pair")}`]);
  const found = new Map();
  const add = (rule, why) => { const k = JSON.stringify([rule, why]); found.set(k, (found.get(k) || 0) + 1); };
  for (const v of arch.said) {
    v.rules.forEach((c, i) => { if (c[0] === "blocked") add(arch.rules[i].rule, c[1]); });
    if (["broken", "conflict", "unsound"].includes(v.state)) add(v.state, v.why);
  }
  return [...found].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([k, n]) => [`${n} ×`, ...JSON.parse(k), ""]);
}
function open(name) {
  arch = D.alone ? ARCHS[0] : ARCHS.find(a => a.arch === name) || null;
  revisions = arch ? read(arch) : []; off.states.clear(); off.words.clear(); sort = ["at", 1];
  const wish = asked(), counts = counted();
  if (wish.get("state")) counts.forEach(s => { if (s.state !== wish.get("state")) off.states.add(s.state); });
  if (wish.get("sort") && arch) sort = [wish.get("sort"), wish.get("down") ? -1 : 1];
  if (wish.get("sort") && !arch) $("order").value = wish.get("sort");
  query = ($("find").value = wish.get("q") || "").toLowerCase().trim();
  head();
  $("share").replaceChildren(...counts.map(s => { const i = make("i", {className: s.state, title: `${s.state}: ${s.n}`}); i.style.flex = `${s.n} 0 0`; return i; }));
  toggles($("tiles"), counts.map(s => s.state), off.states, state => {
    const s = counts.find(each => each.state === state);
    return make("button", {className: "tile", title: D.states[state]}, make("b", {textContent: `${s.percent} %`}), stateKey(state), `${state} `, make("span", {className: "soft", textContent: s.n}));
  }, show);
  const used = arch ? WORDS.filter(word => arch.said.some(v => v.rules.some(cell => cell[0] === word))) : [];
  toggles($("legend"), used, off.words, word => make("button", {title: D.words[word]}, wordKey(word), word), draw);
  const why = obstacles();
  $("obstacles").hidden = !why.length;
  $("why").replaceChildren(...why.map(([n, rule, text, archs]) => make("li", {}, make("b", {textContent: n}), make("span", {className: "mono", textContent: rule}), make("span", {textContent: text}, ...(archs ? [make("small", {textContent: archs})] : [])))));
  $("tip").hidden = true;
  show();
  const [revision, rule] = (wish.get("at") || "").split("/"), x = revision ? columns().findIndex(each => each.revision.startsWith(revision)) : -1;
  const y = Math.max(lines.findIndex(line => line.name === (rule || "state")), 0);
  if (x >= 0 && lines[y] && lines[y].cells) { const b = $("grid").children[y + 1].getBoundingClientRect(); tip(lines[y], x, b.left + b.width / 2, b.bottom); mark(x); }
}
function go(name) {
  const wish = new URLSearchParams(); if (name) wish.set("arch", name);
  if (asked().get("theme")) wish.set("theme", document.documentElement.dataset.theme);
  location.hash = wish.toString();
}
function beside(way) {
  const all = ARCHS.map(a => a.arch).sort(), to = all[all.indexOf(arch.arch) + way]; if (to) go(to);
}
addEventListener("hashchange", () => {
  const was = arch; open(asked().get("arch"));
  if (arch) { scrollTo(0, 0); $("title").focus(); }
  else if (was) { const y = lines.findIndex(line => line.name === was.arch); if (y >= 0) { const row = $("grid").children[y + 1]; row.scrollIntoView({block: "center"}); focus(row.querySelector(".c")); } }
});
$("back").addEventListener("click", () => go(null));
$("before").addEventListener("click", () => beside(-1));
$("after").addEventListener("click", () => beside(1));
$("find").addEventListener("input", e => { query = e.target.value.toLowerCase().trim(); show(); });
for (const id of ["zoom", "order"]) $(id).addEventListener("change", show);
const dark = matchMedia("(prefers-color-scheme: dark)");
const theme = name => { document.documentElement.dataset.theme = name; };
$("theme").addEventListener("click", () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
dark.addEventListener("change", e => theme(e.matches ? "dark" : "light"));
theme(asked().get("theme") || (dark.matches ? "dark" : "light"));
open(asked().get("arch"));
let width = innerWidth;
addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; draw(); } });
