/* Choosing a span in the table of a week or a month by dragging, or with Shift and the arrow keys, and moving one's own
   session. It only fills in addresses that the table's links lead to anyway; the server decides what can be booked. */
(() => {
  "use strict";
  const table = document.querySelector("table[data-pick]");
  if (!table) return;
  const said = document.querySelector("[data-pick-said]");
  const help = document.querySelector("[data-pick-help]");
  if (help) help.hidden = false;

  // What a cell leads to: the free time in it, else its first link.
  const link = cell => cell.querySelector("[data-take]") ?? cell.querySelector("a, button");
  const free = [...table.querySelectorAll("td[data-start]")].filter(cell => cell.querySelector("a"));
  free.sort((one, other) => (one.dataset.start < other.dataset.start ? -1 : 1));

  // Where each cell begins: a cell that reaches down over several rows takes their place too.
  const grid = [];
  const places = new Map();
  [...table.tBodies[0].rows].forEach((row, down) => {
    grid[down] ??= [];
    for (const cell of row.querySelectorAll("td")) {
      let across = 0;
      while (grid[down][across]) across += 1;
      places.set(cell, [down, across]);
      for (let n = 0; n < cell.rowSpan; n += 1) (grid[down + n] ??= [])[across] = cell;
    }
  });

  let anchor = null;
  let picked = [];
  let carried = null;
  let dragged = false;

  const when = cell => cell.dataset.when ?? (cell.querySelector(".spoken")?.textContent ?? "").trim();

  // One stop for the tabulator: the arrow keys go from cell to cell, and Tab through what is in one.
  const stops = cell => cell.querySelectorAll("a, button");
  function stopAt(cell) {
    for (const one of stops(table)) one.tabIndex = -1;
    for (const one of stops(cell)) one.tabIndex = 0;
  }
  const current = table.querySelector("[aria-current='true']")?.closest("td");
  const firstStop = current ?? free[0] ?? [...places.keys()].find(link);
  if (firstStop) stopAt(firstStop);
  table.addEventListener("focusin", event => {
    const cell = event.target.closest("td");
    if (cell) stopAt(cell);
  });

  function mark(cells, words) {
    for (const cell of table.querySelectorAll(".slot--picked")) cell.classList.remove("slot--picked");
    for (const cell of cells) cell.classList.add("slot--picked");
    if (said) said.textContent = words;
  }

  function clear() {
    anchor = null;
    carried = null;
    picked = [];
    mark([], "");
  }

  // The free cells from one to another, as far as they follow one another without a gap.
  function between(from, to) {
    const start = free.indexOf(from);
    const step = free.indexOf(to) >= start ? 1 : -1;
    let last = start;
    while (free[last] !== to) {
      const [one, other] = step > 0 ? [free[last], free[last + 1]] : [free[last - 1], free[last]];
      if (one.dataset.end !== other.dataset.start) break;
      last += step;
    }
    return free.slice(Math.min(start, last), Math.max(start, last) + 1);
  }

  function pick(to) {
    picked = between(anchor, to);
    const first = when(picked[0]);
    const last = when(picked[picked.length - 1]);
    mark(picked, `${said?.dataset.picked ?? ""} ${first.split("–")[0]}–${last.split("–").pop()}`);
  }

  function open() {
    const address = new URL(link(picked[0]).href);
    address.searchParams.set("end", picked[picked.length - 1].dataset.end);
    location.assign(address);
  }

  function carry(session) {
    clear();
    carried = session;
    mark([session], `${said?.dataset.carried ?? ""} ${when(session)}`);
  }

  function drop(cell) {
    const address = new URL(carried.dataset.move, location.href);
    // A day keeps the hour that the session has.
    if (cell.dataset.day) address.searchParams.set("on", cell.dataset.day);
    else address.searchParams.set("start", cell.dataset.start);
    location.assign(address);
  }

  table.addEventListener("dragstart", event => event.preventDefault());
  table.addEventListener("pointerdown", event => {
    const cell = event.target.closest("td");
    // A finger scrolls the page; it has the links.
    if (!cell || event.button !== 0 || event.pointerType === "touch") return;
    dragged = false;
    const session = event.target.closest("[data-move]");
    if (session) {
      carry(session);
    } else if (free.includes(cell)) {
      clear();
      anchor = cell;
      picked = [cell];
    }
  });
  table.addEventListener("pointerover", event => {
    const cell = event.target.closest("td");
    if (!cell || event.buttons !== 1) return;
    if (anchor && free.includes(cell) && (cell !== anchor || dragged)) {
      dragged = true;
      pick(cell);
    } else if (carried && !cell.contains(carried)) {
      dragged = true;
      mark(free.includes(cell) ? [carried, cell] : [carried], "");
    }
  });
  document.addEventListener("pointerup", event => {
    if (event.pointerType === "touch") return;
    const cell = event.target instanceof Element ? event.target.closest("td") : null;
    if (dragged && carried && free.includes(cell)) drop(cell);
    else if (dragged && anchor && picked.length > 1) open();
    else clear();
  });
  table.addEventListener("click", event => {
    if (dragged) event.preventDefault();
    dragged = false;
  }, true);

  const steps = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] };

  // The next cell that way which leads somewhere.
  function next(cell, [down, across]) {
    let [row, column] = places.get(cell);
    for (;;) {
      row += down;
      column += across;
      const found = grid[row]?.[column];
      if (!found) return null;
      if (found !== cell && link(found)) return found;
    }
  }

  table.addEventListener("keydown", event => {
    const cell = event.target.closest("td");
    if (!cell || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key in steps) {
      event.preventDefault();
      const to = next(cell, steps[event.key]);
      if (event.shiftKey && free.includes(cell)) {
        const start = anchor ?? cell;
        if (to && free.includes(to) && between(start, to).includes(to)) {
          anchor = start;
          link(to).focus();
          pick(to);
        }
      } else if (to) {
        if (!carried) clear();
        link(to).focus();
      }
    } else if (event.key === "Enter" && carried && free.includes(cell)) {
      event.preventDefault();
      drop(cell);
    } else if (event.key === "Enter" && picked.length > 1 && picked.includes(cell)) {
      event.preventDefault();
      open();
    } else if (event.key.toLowerCase() === "m" && event.target.closest("[data-move]")) {
      carry(event.target.closest("[data-move]"));
    } else if (event.key === "Escape") {
      clear();
    }
  });
})();
