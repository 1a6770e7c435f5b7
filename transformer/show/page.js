"use strict";
(() => {
  const root = document.documentElement;
  const main = document.getElementById("hunks");
  const filter = document.getElementById("filter");
  const hunks = [...main.querySelectorAll("article")];
  const boxes = [...document.querySelectorAll("input[data-rule]")];
  const byName = new Map(boxes.map(box => [box.dataset.rule, box]));
  const left = new Set(); // rules that were left out by name; what needs one of them is out with it
  const words = text => text.split(" ").filter(Boolean);
  let current = -1;

  const keysOf = (hunk, by) =>
    by === "file" ? [hunk.dataset.file] : by === "rule" ? words(hunk.dataset.rules).slice(0, 1) : [hunk.dataset.effects];

  function group(by) {
    const order = by === "rule" ? boxes.map(box => box.dataset.rule) : [];
    const groups = new Map(order.map(name => [name, []]));
    for (const hunk of hunks)
      for (const key of keysOf(hunk, by)) groups.set(key, [...(groups.get(key) || []), hunk]);
    const parts = [...groups].filter(([, own]) => own.length);
    if (by === "effect") parts.sort(([a], [b]) => (a === "this architecture only") - (b === "this architecture only"));
    main.replaceChildren();
    for (const [title, own] of parts) {
      const head = document.createElement("h2");
      head.textContent = title;
      main.append(head, ...own);
    }
    root.classList.toggle("by-file", by === "file");
    current = -1;
    narrow();
  }

  function narrow() {
    const wanted = filter.value.toLowerCase();
    let shown = 0;
    for (const hunk of hunks) {
      const there = !wanted || `${hunk.dataset.file} ${hunk.textContent}`.toLowerCase().includes(wanted);
      hunk.hidden = !there;
      shown += there;
    }
    for (const head of main.querySelectorAll("h2")) {
      let next = head.nextElementSibling;
      let any = false;
      for (; next && next.tagName === "ARTICLE"; next = next.nextElementSibling) any ||= !next.hidden;
      head.hidden = !any;
    }
    document.getElementById("shown").textContent = `${shown} of ${hunks.length} hunks`;
  }

  function take(names, wanted) {
    for (const name of names)
      if (wanted) for (const each of [name, ...words(byName.get(name).dataset.needs)]) left.delete(each);
      else left.add(name);
    settle();
  }

  function settle() {
    for (const box of boxes) box.checked = ![box.dataset.rule, ...words(box.dataset.needs)].some(name => left.has(name));
    const off = boxes.filter(box => !box.checked).map(box => box.dataset.rule);
    const on = boxes.filter(box => box.checked).map(box => box.dataset.rule);
    const command = document.getElementById("command");
    const needs = name => words(byName.get(name).dataset.needs);
    const implied = name => needs(name).some(other => off.includes(other) && !needs(other).includes(name));
    const part = on.length < off.length ? on.map(name => ` --only ${name}`) : off.filter(name => !implied(name)).map(name => ` --skip ${name}`);
    command.value = on.length ? `python -m transformer run REPO --arch ${command.dataset.words}${part.join("")}` : "nothing is chosen";
    for (const hunk of hunks) hunk.classList.toggle("left", words(hunk.dataset.rules).every(name => off.includes(name)));
  }

  function go(step) {
    const seen = [...main.querySelectorAll("article")].filter(hunk => !hunk.hidden);
    if (!seen.length) return;
    current = Math.min(Math.max(current + step, 0), seen.length - 1);
    seen[current].focus({ preventScroll: true });
    seen[current].scrollIntoView({ block: "start" });
  }

  const chosen = (name, value) => {
    const radio = document.querySelector(`input[name=${name}][value=${value}]`);
    radio.checked = true;
    radio.dispatchEvent(new Event("change", { bubbles: true }));
  };

  const here = () => document.activeElement.closest("article");
  const keys = {
    j: () => go(1), k: () => go(-1), f: () => chosen("by", "file"), r: () => chosen("by", "rule"), e: () => chosen("by", "effect"),
    u: () => chosen("view", "unified"), s: () => chosen("view", "side"), "/": () => filter.focus(), "?": () => document.getElementById("keys").click(),
    o: () => { const hunk = here(); if (hunk) hunk.querySelector("details").open ^= true; },
    x: () => {
      const hunk = here();
      if (hunk) take(words(hunk.dataset.rules), words(hunk.dataset.rules).every(name => !byName.get(name).checked));
    },
  };

  document.addEventListener("keydown", event => {
    if (event.target === filter && event.key === "Escape") { filter.value = ""; narrow(); filter.blur(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || /INPUT|TEXTAREA/.test(event.target.tagName) && event.target.type !== "checkbox" && event.target.type !== "radio") return;
    if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
  });
  document.addEventListener("change", event => {
    if (event.target.name === "by") group(event.target.value);
    if (event.target.name === "view") root.className = root.className.replace(/\b(unified|side)\b/, event.target.value);
    if (event.target.dataset.rule) take([event.target.dataset.rule], event.target.checked);
  });
  filter.addEventListener("input", narrow);
  document.getElementById("theme").addEventListener("click", () => {
    const dark = root.classList.contains("dark") || !root.classList.contains("light") && matchMedia("(prefers-color-scheme: dark)").matches;
    root.classList.toggle("dark", !dark);
    root.classList.toggle("light", dark);
  });
  document.getElementById("keys").addEventListener("click", event => {
    const help = document.getElementById("help");
    help.hidden = !help.hidden;
    event.target.setAttribute("aria-expanded", String(!help.hidden));
  });
  const asked = new URLSearchParams(location.hash.slice(1));
  for (const [name, value] of asked)
    if (["by", "view"].includes(name) && document.querySelector(`input[name=${name}][value=${CSS.escape(value)}]`)) chosen(name, CSS.escape(value));
  if (!asked.has("by")) group("file");
  if (!asked.has("view") && innerWidth >= 1500) chosen("view", "side");
  if (["dark", "light"].includes(asked.get("theme"))) root.classList.add(asked.get("theme"));
  if (innerWidth <= 900) document.getElementById("choose").open = false;
  settle();
})();
