// One hop of an update or a request: what it was, how long it took, and details to unfold.

import { button, count, h, milliseconds } from "./dom.js";
import { summary } from "./messages.js";
import { app, ask, kindOf } from "./state.js";

const open = new Set(); // the names of the details that are unfolded

export function json(value) {
  const text = JSON.stringify(value, null, 2) ?? "";
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(
    /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\btrue\b|\bfalse\b|\bnull\b/g,
  )) {
    nodes.push(
      text.slice(at, match.index),
      h("span", { class: match[2] ? "k" : match[1] ? "s" : "n" }, match[1] ?? match[0]),
      match[2] ?? "",
    );
    at = match.index + match[0].length;
  }
  return h("pre", { class: "code", tabindex: 0 }, ...nodes, text.slice(at));
}
// A program's output: its columns are kept, and its end is in view. Of an error, the columns of code are kept, and its words are wrapped.
export function output(text, about, isError = false) {
  const lines = isError
    ? (text.match(/.+\n?|\n/g) ?? []).map((line) =>
        /^\s/.test(line) ? line : h("span", { class: "wrapped" }, line),
      )
    : text;
  const pre = h("pre", { class: "code columns", tabindex: 0, "aria-label": about }, lines);
  requestAnimationFrame(() => {
    pre.scrollTop = pre.scrollHeight;
  });
  return pre;
}
export function fold(name, title, body) {
  // At the click: the toggle event comes later, when the page may have been drawn again without it.
  const toggle = () => (open.has(name) ? open.delete(name) : open.add(name));
  return h(
    "details",
    { open: open.has(name) },
    h("summary", { "data-name": name, onclick: toggle }, title),
    body,
  );
}
export function hop(kind, title, to, ms, ...rest) {
  return h(
    "li",
    { class: "hop " + kind },
    h("span", { class: "dot" }),
    h(
      "div",
      { class: "line" },
      h("b", {}, title),
      h("span", { class: "to" }, to),
      ms ? h("span", { class: "ms" }, ms) : null,
    ),
    ...rest,
  );
}
export const note = (tone, ...text) => h("p", { class: "note " + tone }, ...text);
export const parsed = (body) => {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
};

const FAULTS = {
  silence: "Telegram said nothing until the function gave up.",
  lost: "Telegram did this, but its answer got lost. The function can't know that it was done, so it reports a failure, Telegram redelivers the update, and the chat shows the answer once more.",
};
export function drawCall(t, call) {
  const failed = call.status !== 200 || call.fault;
  const word =
    call.fault === "silence"
      ? "no answer"
      : call.fault === "lost"
        ? "answer lost"
        : `${call.status}`;
  const files = Object.entries(call.files ?? {});
  const name = `${t.attempt} ${t.calls.indexOf(call)}`;
  return hop(
    "call" + (failed ? " failed" : ""),
    call.method,
    call.delivery ? "made by Telegram, from the answer" : "Lambda → Bot API",
    `at +${milliseconds(Math.max(0, (call.at - t.at) * 1000))}`,
    note(
      "",
      h("span", { class: "pill " + (failed ? "bad" : "good") }, word),
      " ",
      call.answer.description ??
        (call.params.text !== undefined ? `“${String(call.params.text).slice(0, 80)}”` : ""),
    ),
    FAULTS[call.fault] ? note("", FAULTS[call.fault]) : null,
    (call.hints ?? []).map((hint) => note("warned", hint)),
    files.length
      ? note(
          "",
          "Uploaded: ",
          files
            .map(([field, file]) => `${file.name || field}, ${count(file.size, "byte")}`)
            .join("; "),
        )
      : null,
    h(
      "div",
      { class: "folds" },
      fold(`params ${name}`, "parameters", json(call.params)),
      call.fault === "silence"
        ? null
        : fold(
            `result ${name}`,
            call.fault === "lost" ? "answer, which the function didn't get" : "answer",
            json(call.answer),
          ),
    ),
  );
}
// A value of a session in words. It is a dialogue where botkit keeps one. Its JSON can be unfolded.
const short = (value) => {
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
};
function words(name, value) {
  if (value === undefined) return "—";
  if (name !== "conversation" || !(value?.of || value?.over)) return JSON.stringify(value);
  if (!value.of) return "is over, by an album";
  const steps = value.steps.map(([step, answer]) => `${step}: ${short(answer)}, `);
  return `${value.of.split(":")[1]}(): ${steps.join("")}asks ${value.question}`;
}
// What a session was, and what became of it: values that changed, with what they were before.
export function drawSessions(t) {
  return Object.entries(t.details?.sessions ?? {}).map(([key, { before, after }]) => {
    const was = parsed(before),
      is = after === undefined ? was : parsed(after);
    const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
    const names = [...new Set([...Object.keys(was), ...Object.keys(is)])];
    const rows = names.map((name) => {
      const [old, now] = [was, is].map((session) => words(name, session[name]));
      return h(
        "div",
        { class: same(was[name], is[name]) ? null : "changed" },
        h("dt", {}, name),
        h("dd", {}, old === now ? now : [h("s", {}, old), " → ", now]),
      );
    });
    const title = `Session ${key}`;
    return h(
      "section",
      { class: "session", "aria-label": title },
      h(
        "div",
        { class: "line" },
        h("b", {}, title),
        h(
          "span",
          { class: "to" },
          after === undefined
            ? "read, unchanged"
            : same(is, {})
              ? "forgotten by the bot"
              : "changed",
        ),
      ),
      names.length ? h("dl", {}, rows) : note("", "empty"),
      after === undefined
        ? null
        : h(
            "div",
            { class: "folds" },
            fold(`before ${t.attempt} ${key}`, "before", json(was)),
            fold(`after ${t.attempt} ${key}`, "after", json(is)),
          ),
    );
  });
}
export function drawFunction(t, cause = "update") {
  const d = t.details ?? {};
  const problem = d.traceback || t.failure || d.error;
  const lines = d.logs ?? [];
  const started = d.cold
    ? `started for this ${cause}`
    : d.cold === false
      ? "was running already"
      : "";
  return hop(
    "function" + (problem ? " failed" : ""),
    "Function",
    started,
    milliseconds(d.milliseconds),
    d.start_milliseconds ? note("", `Start: ${milliseconds(d.start_milliseconds)}`) : null,
    d.milliseconds
      ? note("", "Measured on this machine. AWS differs: less CPU, and a real network.")
      : null,
    problem
      ? [
          note("bad", t.failure ? "bot.py failed:" : "The function failed:"),
          output(problem, "Traceback", true),
        ]
      : null,
    d.printed
      ? [note("", "Printed:"), output(d.printed.trimEnd(), "What the function printed")]
      : null,
    drawSessions(t),
    d.logs
      ? lines.length
        ? fold(`logs ${t.attempt}`, `log, ${count(lines.length, "line")}`, lines.map(json))
        : null
      : t.over && !problem
        ? note("", "It wrote no log.")
        : null,
  );
}
