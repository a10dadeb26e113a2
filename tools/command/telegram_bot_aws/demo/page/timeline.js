// What the machine did for an update.

import { $, b, button, clock, count, div, fill, h, icon, milliseconds, p, span } from "./dom.js";
import { FAULTS, app, kindOf, RETRIED, total, verdict } from "./state.js";

const open = new Set(); // the names of the details that are unfolded

export const json = (value) =>
  h("pre", { class: "code", tabindex: 0 }, JSON.stringify(value, null, 2));
// A program's output: its columns are kept, and its end is in view. Of an error, the columns of code are kept, and its words are wrapped.
export function output(text, about, isError = false) {
  const lines = isError ? (text.match(/.+\n?|\n/g) ?? []) : [text];
  const parts = lines.map((line) => (isError && !/^\s/.test(line) ? span("wrapped", line) : line));
  const pre = h("pre", { class: "code columns", tabindex: 0, "aria-label": about }, parts);
  requestAnimationFrame(() => {
    pre.scrollTop = pre.scrollHeight;
  });
  return pre;
}
function fold(name, title, body) {
  // At the click: the toggle event comes later, when the page may have been drawn again without it.
  const onclick = () => (open.has(name) ? open.delete(name) : open.add(name));
  const shown = h("summary", { "data-name": name, onclick }, title);
  return h("details", { open: open.has(name) }, shown, body);
}
function step(kind, title, to, ms, ...rest) {
  const line = div("line", b(title), span("soft", to), ms ? span("ms", ms) : null);
  return h("li", { class: `step ${kind}` }, span("dot"), line, ...rest);
}
const note = (tone, ...text) => p(`soft ${tone}`, ...text);
const pill = (tone, ...text) => span(`pill ${tone}`, ...text);
const isGood = (status) => status >= 200 && status < 300;
function card(title, top, ...rest) {
  const head = div("top", h("h3", {}, title), top);
  return h("section", { class: "card", "aria-label": title }, head, ...rest);
}
function drawCall(t, call) {
  const failed = call.status !== 200 || call.fault;
  const fault = FAULTS[call.fault];
  const name = `${t.attempt} ${t.calls.indexOf(call)}`;
  const text = call.params.text === undefined ? "" : `“${String(call.params.text).slice(0, 80)}”`;
  const files = Object.entries(call.files ?? {}).map(
    ([field, file]) => `${file.name || field}, ${count(file.size, "byte")}`,
  );
  return step(
    failed ? "call failed" : "call",
    call.method,
    call.delivery ? "made by Telegram, from the answer" : "Lambda → Bot API",
    `at +${milliseconds(Math.max(0, (call.at - t.at) * 1000))}`,
    note(
      "",
      pill(failed ? "bad" : "good", fault?.called ?? `${call.status}`),
      " ",
      call.answer.description ?? text,
    ),
    fault ? note("", fault.leads) : null,
    (call.hints ?? []).map((hint) => note("warn", hint)),
    files.length ? note("", `Uploaded: ${files.join("; ")}`) : null,
    div(
      "folds",
      fold(`params ${name}`, "parameters", json(call.params)),
      call.fault === "silence" ? null : fold(`result ${name}`, "answer", json(call.answer)),
    ),
  );
}
function drawFunction(t) {
  const d = t.details ?? {};
  const problem = d.traceback || t.failure || d.error;
  const lines = d.logs ?? [];
  const log = () =>
    fold(`logs ${t.attempt}`, `log, ${count(lines.length, "line")}`, lines.map(json));
  return step(
    problem ? "function failed" : "function",
    "Function",
    d.cold ? "started for this update" : d.cold === false ? "was running already" : "",
    milliseconds(d.milliseconds),
    d.start_milliseconds ? note("", `Start: ${milliseconds(d.start_milliseconds)}`) : null,
    d.milliseconds
      ? note("", "Measured on this machine. AWS differs: less CPU, and a real network.")
      : null,
    problem ? note("bad", t.failure ? "bot.py failed:" : "The function failed:") : null,
    problem ? output(problem, "Traceback", true) : null,
    d.printed ? note("", "Printed:") : null,
    d.printed ? output(d.printed.trimEnd(), "What the function printed") : null,
    lines.length ? log() : t.over && !problem ? note("", "It wrote no log.") : null,
  );
}
// The attempts by the queue with their calls, and what still waits there.
function drawQueue(t) {
  const from = (i) => t.queue[i - 1]?.calls ?? 0;
  const tries = t.queue.map((q, i) => [
    step("request", "Queue", i ? "SQS → Lambda, once more" : "SQS → Lambda", ""),
    drawFunction({ ...q, over: true, attempt: `${t.attempt} queue ${i}` }),
    t.calls.slice(from(i), q.calls).map((call) => drawCall(t, call)),
  ]);
  const rest = t.calls.slice(from(t.queue.length));
  const waits = !t.queue.length || RETRIED.includes(t.queue.at(-1).outcome);
  const word = rest.length ? "SQS → Lambda, under way" : "waits to be answered";
  const waiting = waits ? step("waiting", "Queue", word, "") : null;
  return [tries, waiting, rest.map((call) => drawCall(t, call))];
}
// How long the request and each call took.
function drawScale(t) {
  const calls = t.calls.filter((c) => !c.delivery);
  const bars = [
    ["webhook", 0, t.milliseconds, "request"],
    ...calls.map((c) => [
      c.method,
      (c.at - t.at) * 1000,
      c.milliseconds,
      c.status === 200 ? "call" : "call failed",
    ]),
  ];
  const whole = Math.max(...bars.map(([, from, length]) => from + length)); // a queue's calls come after the request
  const bar = ([name, from, length, kind]) => {
    const left = `left:min(${((100 * from) / whole).toFixed(2)}%, 100% - 3px)`;
    const style = `${left};width:${Math.min(100, (100 * length) / whole).toFixed(2)}%`;
    const track = span("track", h("i", { style }));
    return div(kind, span("name", name), track, span("ms", milliseconds(length)));
  };
  return h("div", { class: "scale", "aria-hidden": "true" }, bars.map(bar));
}
const temperature = (details) =>
  details.cold === true ? pill("warn", "cold") : details.cold === false ? pill("", "warm") : null;
const status = (t) =>
  t.over
    ? pill(isGood(t.status) ? "good" : "bad", t.status ? `HTTP ${t.status}` : "no answer")
    : pill("accent", "under way");
const top = (t) => [
  h("time", { class: "soft" }, clock(t.at, "medium")),
  temperature(t.details ?? {}),
  status(t),
  t.over ? pill("", milliseconds(t.milliseconds)) : null,
];
function drawAnswer(t) {
  if (!t.over) return step("waiting", "Answer", "not there yet", "");
  const bad = !isGood(t.status);
  const said = t.status ? `HTTP ${t.status}${t.body ? `: ${t.body.slice(0, 200)}` : ""}` : t.error;
  return step(
    bad ? "failed" : "request",
    "Answer",
    "Lambda → API Gateway → Telegram",
    milliseconds(t.milliseconds),
    note(bad ? "bad" : "", said),
  );
}
function drawTry(trace, t) {
  const bytes = new TextEncoder().encode(JSON.stringify(trace.update)).length;
  const queued = t.outcome === "queued";
  const update = fold("update", kindOf(trace.update), json(trace.update));
  const steps = h(
    "ol",
    { class: "step-list" },
    step("request", "Update", "Telegram → API Gateway, POST /telegram", `${bytes} bytes`, update),
    t.over || t.calls.length ? drawFunction(t) : null,
    queued ? null : t.calls.map((call) => drawCall(t, call)),
    drawAnswer(t),
    queued ? drawQueue(t) : null,
  );
  const isLast = t === trace.tries.at(-1);
  const folded = () => fold(`try ${trace.update.update_id} ${t.attempt}`, "each step", steps);
  return card(
    `Attempt ${t.attempt}`,
    top(t),
    t.over ? drawScale(t) : null,
    isLast ? steps : div("folded", folded()),
  );
}
function drawPause(before, after) {
  if (after) {
    const waited = (after.at - before.at) * 1000 - before.milliseconds;
    const words =
      waited < 100
        ? "Telegram redelivered the update at once."
        : `Telegram waited ${milliseconds(waited)}, and redelivered the update.`;
    return div("pause", icon("clock"), span("", words));
  }
  if (!before.retry_at) return null;
  const left = h("b", { "data-until": before.retry_at });
  return h(
    "div",
    { class: "pause warn", id: "redelivery", role: "timer" },
    icon("clock"),
    span("", "Telegram keeps the update, and redelivers it in ", left),
  );
}

export function drawTimeline() {
  // A button that is drawn again while it is pressed would miss its click.
  if ($("timeline").matches(":active")) return setTimeout(drawTimeline, 100);
  const trace = app.state.traces[app.selected];
  const none = () => bar("No update yet", "Send a message to see what the machine does for it");
  fill($("timeline"), trace ? drawUpdate(trace) : none());
}
function bar(title, about, shown = null) {
  const back = button(
    { class: "round back", "aria-label": "Back to the chat" },
    () => {
      document.body.dataset.view = "chat";
      $("text").focus({ preventScroll: true });
    },
    icon("back"),
  );
  const who = div("who", h("h2", {}, title), p("soft", about));
  return div("bar", back, who, shown);
}
function drawUpdate(trace) {
  const result = verdict(trace);
  const time = total(trace);
  const attempts = count(trace.tries.length, "attempt");
  const took = time ? ` · ${milliseconds(time)} from sending to answer` : "";
  const isKept = !trace.wanted || trace.why_withheld;
  return [
    bar(
      `Update ${trace.update.update_id}`,
      `${kindOf(trace.update)} · ${attempts}${took}`,
      h("span", { class: `pill ${result.tone}`, id: "verdict" }, result.word),
    ),
    div(
      "cards",
      isKept ? div("pause", icon("bad"), span("", result.why)) : null,
      trace.tries.flatMap((t, i) => [drawTry(trace, t), drawPause(t, trace.tries[i + 1])]),
    ),
  ];
}
