
// The events of a stage: unpacked when it is opened, and shown a page at a time, so that a hundred thousand open as fast as
// ten. The columns are those of event_log.rs.

const PAGE = 200;
const COLUMNS = [
  ["seq", "Event"],
  ["attempt", "Try"],
  ["at", "At"],
  ["took", "Took"],
  ["kind", "Kind"],
  ["tool", "Tool"],
  ["input", "In"],
  ["output", "Out"],
  ["cost", "Cost"],
  ["exit", "Exit"],
  ["status", "Status"],
  ["text", "Text"],
];
const NUMBERS = new Set(["seq", "attempt", "at", "took", "input", "cached", "output", "cost", "exit"]);
const NAMES = {
  seq: "event", stage: "stage", attempt: "attempt", kind: "kind", at: "since the start", took: "took",
  input: "input tokens", cached: "of them from a cache", output: "output tokens", cost: "cost", tool: "tool",
  exit: "exit code", status: "status", error: "error", arguments: "arguments", text: "text",
};
/** Words of the trace for what did not go well. */
const BAD = new Set(["error", "timeout", "denied", "cancelled", "failed", "no_tests", "infra"]);

const unpacked = new Map();
const timelines = new Map();

/** The columns of a run, unpacked once. */
function columnsOf(run) {
  if (!unpacked.has(run)) unpacked.set(run, unpack(run));
  return unpacked.get(run);
}

async function unpack(run) {
  if (!("DecompressionStream" in window)) throw new Error("this browser cannot unpack events (no DecompressionStream)");
  const block = document.querySelector(`script[data-run="${CSS.escape(run)}"]`);
  const bytes = Uint8Array.from(atob(block.textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).json();
}

/** Hours, minutes, seconds and tenths since the start of the run. */
function clock(micros) {
  const tenths = Math.floor(Math.abs(micros) / 100000);
  const pad = (n) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(tenths / 36000), Math.floor(tenths / 600) % 60];
  return `${micros < 0 ? "-" : ""}${hours}:${pad(minutes)}:${pad(Math.floor(tenths / 10) % 60)}.${tenths % 10}`;
}

/** A value of an event as people see it; null when it is unknown. */
function shown(columns, name, i) {
  const value = columns[name][i];
  if (value === null) return null;
  if (name === "at") return clock(value);
  if (name === "took") return value < 1000 ? `${Math.round(value)} ms` : `${digits.format(Math.round(value / 100) / 10)} s`;
  if (name === "kind") return value.replaceAll("_", " ");
  return typeof value === "number" && name !== "seq" ? digits.format(value) : String(value);
}

/** Whether a cell of an event tells of something that did not go well. */
function isOff(columns, name, i) {
  if (name === "exit") return (columns.exit[i] ?? 0) !== 0;
  return name === "status" && (columns.error[i] !== null || BAD.has(columns.status[i]));
}

function isBad(columns, i) {
  return isOff(columns, "exit", i) || isOff(columns, "status", i);
}

class Timeline {
  constructor(details, run, columns) {
    const stage = details.dataset.stage === "" ? null : Number(details.dataset.stage);
    this.run = run;
    this.columns = columns;
    this.events = [...columns.seq.keys()].filter((i) => columns.stage[i] === stage);
    this.names = COLUMNS.filter(([name]) => this.events.some((i) => this.cell(name, i) !== null));
    this.matching = this.events;
    this.first = 0;
    this.open = new Set();
    this.body = element("tbody");
    const heads = this.names.map(([name, label]) => element("th", { scope: "col", class: NUMBERS.has(name) && "n" }, label));
    const what = details.querySelector("summary").firstElementChild.textContent;
    const table = element("table", { "aria-label": `Events, ${what}` }, element("thead", {}, element("tr", {}, ...heads)), this.body);
    const region = { class: "scroll", role: "region", "aria-label": `Events, ${what}`, tabindex: "0" };
    this.pager = element("div", { class: "pager" });
    this.bad = element("input", { type: "checkbox" });
    const { field, update } = filterField(`${run}-${details.dataset.stage}-filter`, `events, ${what}`, (wanted) => this.filter(wanted));
    this.bad.addEventListener("change", update);
    const bad = element("label", { class: "only-bad" }, this.bad, " only what failed");
    const hint = element("span", { class: "hint" }, "↑ ↓ move, Enter opens an event");
    this.node = element("div", { class: "timeline" }, element("div", { class: "bar" }, field, bad, hint), element("div", region, table), this.pager);
    this.body.addEventListener("click", (event) => this.clicked(event));
    this.body.addEventListener("keydown", (event) => this.moved(event));
  }

  /** Takes the words typed, and gives the count that is shown. */
  filter(wanted) {
    const { columns } = this;
    const text = (i) => [columns.kind[i], columns.tool[i], columns.status[i], columns.error[i], columns.arguments[i], columns.text[i]].join(" ").toLowerCase();
    const keep = (i) => (!this.bad.checked || isBad(columns, i)) && (wanted.length === 0 || wanted.every((word) => text(i).includes(word)));
    this.matching = this.events.filter(keep);
    this.first = 0;
    this.render();
    return countOf(this.matching.length, this.events.length, "event");
  }

  render() {
    const page = this.matching.slice(this.first, this.first + PAGE);
    this.body.replaceChildren(...page.flatMap((i) => (this.open.has(i) ? [this.row(i), this.detail(i)] : [this.row(i)])));
    this.body.querySelector("button")?.setAttribute("tabindex", "0");
    this.renderPager(page.length);
  }

  row(i) {
    const cells = this.names.map(([name]) => {
      const text = this.cell(name, i);
      const attributes = { class: (NUMBERS.has(name) ? "n" : name) + (isOff(this.columns, name, i) ? " off" : "") };
      if (name !== "seq") return element("td", attributes, text ?? "");
      const expanded = String(this.open.has(i));
      return element("th", { scope: "row", class: "n" }, element("button", { type: "button", tabindex: "-1", "aria-expanded": expanded }, text));
    });
    const row = element("tr", { class: [this.columns.kind[i], isBad(this.columns, i) ? "failed" : ""].join(" ").trim() }, ...cells);
    row.dataset.event = i;
    return row;
  }

  /** What stands in a cell: errors beside the status; what a tool was asked to do rather than what it said. */
  cell(name, i) {
    const { columns } = this;
    if (name === "text") return columns.arguments[i] ?? columns.text[i];
    if (name !== "status") return shown(columns, name, i);
    return [columns.status[i], columns.error[i]].filter((word) => word !== null).join(": ") || null;
  }

  /** Everything that is known of an event. */
  detail(i) {
    const facts = Object.entries(NAMES).map(([name, label]) => [name, label, shown(this.columns, name, i)]);
    const known = facts.filter(([, , value]) => value !== null);
    const list = known.map(([name, label, value]) =>
      element("div", { class: name === "text" || name === "arguments" ? "long" : false }, element("dt", {}, label), element("dd", {}, value)));
    return element("tr", { class: "detail" }, element("td", { colspan: String(this.names.length) }, element("dl", { class: "facts" }, ...list)));
  }

  renderPager(count) {
    const all = this.matching.length;
    const last = Math.max(0, Math.floor((all - 1) / PAGE) * PAGE);
    if (last === 0) {
      this.pager.replaceChildren();
      return;
    }
    const step = (label, to, off) => {
      const button = element("button", { type: "button", disabled: off }, label);
      button.addEventListener("click", () => this.turn(to, label));
      return button;
    };
    const place = `${digits.format(this.first + 1)} to ${digits.format(this.first + count)} of ${digits.format(all)}`;
    this.pager.replaceChildren(
      step("First", 0, this.first === 0),
      step("Previous", Math.max(0, this.first - PAGE), this.first === 0),
      element("span", { role: "status" }, place),
      step("Next", Math.min(last, this.first + PAGE), this.first === last),
      step("Last", last, this.first === last),
    );
  }

  turn(to, label) {
    this.first = to;
    this.render();
    const buttons = [...this.pager.querySelectorAll("button")];
    const same = buttons.find((button) => button.textContent === label && !button.disabled);
    (same ?? buttons.find((button) => !button.disabled))?.focus();
  }

  clicked(event) {
    const row = event.target.closest("tr[data-event]");
    const marking = String(getSelection()) !== "";
    if (row && (!marking || event.target.closest("button"))) this.toggle(row);
  }

  toggle(row) {
    const i = Number(row.dataset.event);
    const button = row.querySelector("button");
    if (this.open.delete(i)) {
      row.nextElementSibling.remove();
    } else {
      this.open.add(i);
      row.after(this.detail(i));
      history.replaceState(null, "", `#${this.run}/${this.columns.seq[i]}`);
    }
    button.setAttribute("aria-expanded", String(this.open.has(i)));
    this.focus(button);
  }

  /** Arrows move from event to event; only one of them is a stop of the tab key. */
  moved(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !event.target.matches("button")) return;
    event.preventDefault();
    const buttons = [...this.body.querySelectorAll("button")];
    const next = buttons[buttons.indexOf(event.target) + step];
    if (next) this.focus(next);
  }

  focus(button) {
    for (const other of this.body.querySelectorAll('button[tabindex="0"]')) other.setAttribute("tabindex", "-1");
    button.setAttribute("tabindex", "0");
    button.focus();
  }

  /** Turns to an event, opens it and goes there. */
  show(i) {
    if (!this.matching.includes(i)) this.matching = this.events;
    this.first = Math.floor(this.matching.indexOf(i) / PAGE) * PAGE;
    this.open.add(i);
    this.render();
    const row = this.body.querySelector(`tr[data-event="${i}"]`);
    this.focus(row.querySelector("button"));
    row.scrollIntoView({ block: "center" });
  }
}

/** Puts the events into a stage that was opened; twice is once. */
function openStage(details) {
  if (!timelines.has(details)) timelines.set(details, fillStage(details));
  return timelines.get(details);
}

async function fillStage(details) {
  const status = element("p", { role: "status", class: "unpacking" }, "Unpacking the events …");
  details.append(status);
  try {
    const run = details.closest("details.run").id;
    const columns = await columnsOf(run);
    if (!status.isConnected) return null;
    const timeline = new Timeline(details, run, columns);
    status.replaceWith(timeline.node);
    return timeline;
  } catch (error) {
    status.textContent = `The events cannot be shown: ${error.message}`;
    return null;
  }
}

function closeStage(details) {
  details.querySelector(".timeline, .unpacking")?.remove();
  timelines.delete(details);
}

/** Opens what the address names: a place in the page, or an event of a run. */
async function reveal() {
  const [place, seq] = location.hash.slice(1).split("/");
  const target = place && document.getElementById(place);
  if (!target) return;
  for (let at = target.closest("details"); at; at = at.parentElement.closest("details")) at.open = true;
  if (seq === undefined) {
    target.scrollIntoView();
    return;
  }
  const columns = await columnsOf(place).catch(() => null);
  if (!columns) return;
  const i = columns.seq.indexOf(Number(seq));
  const stage = i < 0 ? null : target.querySelector(`details.stage[data-stage="${columns.stage[i] ?? ""}"]`);
  if (!stage) return;
  stage.open = true;
  (await openStage(stage))?.show(i);
}

document.addEventListener("toggle", ({ target }) => {
  if (!target.matches("details.stage") || "printing" in target.dataset) return;
  const run = target.closest("details.run").id;
  if (!document.querySelector(`script[data-run="${CSS.escape(run)}"]`)) return;
  if (target.open) openStage(target);
  else closeStage(target);
}, true);
// A link to where one already is says nothing to the address.
document.addEventListener("click", ({ target }) => {
  const link = target.closest('a[href^="#run-"]');
  if (link && link.hash === location.hash) reveal();
});
addEventListener("hashchange", reveal);
reveal();
