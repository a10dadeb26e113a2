// What the machine did for an update, and how the demo was set up.

import { $, button, clock, count, h, icon, milliseconds, ring } from "./dom.js";
import { drawCall, drawFunction, fold, hop, json, note, output, parsed } from "./hops.js";
import { drawActions } from "./updates.js";
import { drawLaunch } from "./requests.js";
import { app, ask, kindOf, RETRIED, showProblem, total, verdict } from "./state.js";

// The attempts by the queue with their calls, and what still waits there.
function drawQueue(t) {
  const from = (i) => t.queue[i - 1]?.calls ?? 0;
  const tries = t.queue.map((q, i) => [
    hop("request", "Queue", i ? "SQS → Lambda, once more" : "SQS → Lambda", ""),
    drawFunction({ ...q, over: true, attempt: `${t.attempt} queue ${i}` }),
    t.calls.slice(from(i), q.calls).map((call) => drawCall(t, call)),
  ]);
  const rest = t.calls.slice(from(t.queue.length));
  const waits = !t.queue.length || RETRIED.includes(t.queue.at(-1).outcome);
  return [
    tries,
    waits
      ? hop(
          "waiting",
          "Queue",
          rest.length ? "SQS → Lambda, under way" : "waits to be answered",
          "",
        )
      : null,
    rest.map((call) => drawCall(t, call)),
  ];
}
function drawTry(trace, t) {
  const details = t.details ?? {};
  const bad = t.over && !(t.status >= 200 && t.status < 300);
  const status = !t.over
    ? h("span", { class: "pill accent" }, "under way")
    : h(
        "span",
        { class: "pill " + (bad ? "bad" : "good") },
        t.status ? `HTTP ${t.status}` : "no answer",
      );
  const temperature =
    details.cold === true
      ? h("span", { class: "pill warn" }, "cold")
      : details.cold === false
        ? h("span", { class: "pill" }, "warm")
        : null;
  const bytes = new TextEncoder().encode(JSON.stringify(trace.update)).length;
  const bars = () => [
    ["webhook", 0, t.milliseconds, "request"],
    ...t.calls
      .filter((c) => !c.delivery)
      .map((c) => [
        c.method,
        (c.at - t.at) * 1000,
        c.milliseconds,
        c.status === 200 ? "call" : "call failed",
      ]),
  ];
  const whole = t.over ? Math.max(...bars().map(([, from, length]) => from + length)) : 0; // a queue's calls come after the request
  const bar = ([name, from, length, kind]) =>
    h(
      "div",
      { class: kind },
      h("span", { class: "name" }, name),
      h(
        "span",
        { class: "track" },
        h("i", {
          style: `left:min(${((100 * from) / whole).toFixed(2)}%, 100% - 3px);width:${Math.min(100, (100 * length) / whole).toFixed(2)}%`,
        }),
      ),
      h("span", { class: "value" }, milliseconds(length)),
    );
  const hops = h(
    "ol",
    { class: "hop-list" },
    hop(
      "request",
      "Update",
      "Telegram → API Gateway, POST /telegram",
      `${bytes} bytes`,
      fold("update", kindOf(trace.update), json(trace.update)),
    ),
    details.event
      ? hop(
          "request",
          "Event",
          "API Gateway → Lambda",
          "",
          fold(
            "event",
            "payload 2.0",
            json({ ...details.event, body: parsed(details.event.body) }),
          ),
        )
      : null,
    t.over || t.calls.length ? drawFunction(t) : null,
    t.outcome === "queued" ? null : t.calls.map((call) => drawCall(t, call)),
    t.over
      ? hop(
          bad ? "failed" : "request",
          "Answer",
          "Lambda → API Gateway → Telegram",
          milliseconds(t.milliseconds),
          note(
            bad ? "bad" : "",
            t.status ? `HTTP ${t.status}${t.body ? ": " + t.body.slice(0, 200) : ""}` : t.error,
          ),
          t.status ? fold(`headers ${t.attempt}`, "headers", json(t.headers)) : null,
        )
      : hop("waiting", "Answer", "not there yet", ""),
    t.outcome === "queued" ? drawQueue(t) : null,
  );
  const isLast = t === trace.tries.at(-1);
  return h(
    "section",
    { class: "card", "aria-label": `Attempt ${t.attempt}` },
    h(
      "div",
      { class: "top" },
      h("h3", {}, `Attempt ${t.attempt}`),
      h("time", {}, clock(t.at, true)),
      temperature,
      status,
      t.over ? h("span", { class: "pill" }, milliseconds(t.milliseconds)) : null,
    ),
    t.over ? h("div", { class: "scale", "aria-hidden": "true" }, bars().map(bar)) : null,
    isLast
      ? hops
      : h(
          "div",
          { class: "folded" },
          fold(`try ${trace.update.update_id} ${t.attempt}`, "each step", hops),
        ),
  );
}
function drawPause(before, after) {
  const waited = after ? (after.at - before.at) * 1000 - before.milliseconds : null;
  if (after)
    return h(
      "div",
      { class: "pause" },
      icon("clock"),
      h(
        "span",
        {},
        waited < 100
          ? "Telegram redelivered the update at once."
          : `Telegram waited ${milliseconds(waited)}, and redelivered the update.`,
      ),
    );
  if (!before.retry_at) return null;
  const from = before.at + before.milliseconds / 1000;
  return h(
    "div",
    { class: "pause running", id: "redelivery", role: "timer" },
    ring(from, before.retry_at),
    h(
      "span",
      {},
      "Telegram keeps the update, and redelivers it in ",
      h("b", { "data-until": before.retry_at, "data-from": from }),
    ),
  );
}
// A button that is drawn again while it is pressed would miss its click.
let pressed = false,
  waiting = false;
$("hops").addEventListener("pointerdown", () => (pressed = true));
addEventListener("click", () => (pressed = false), true);
for (const end of ["pointerup", "pointercancel"])
  addEventListener(end, () =>
    // After the click, if there is one.
    setTimeout(() => {
      pressed = false;
      if (waiting) drawHops();
    }),
  );
export function drawHops() {
  waiting = pressed;
  if (pressed) return;
  const trace = app.state.traces[app.selected];
  const name = document.activeElement?.dataset?.name;
  const launch = app.state.launches[app.selected];
  const back = button(
    { class: "round back", "aria-label": "Back to the chat" },
    () => {
      document.body.dataset.view = "chat";
      $("text").focus({ preventScroll: true });
    },
    icon("back"),
  );
  const view = (id, word, shown) =>
    button(
      { "data-name": `view ${word}`, "aria-pressed": String(shown) },
      () => app.select(id, true),
      word,
    );
  const bar = (title, about, pill = "") =>
    h(
      "div",
      { class: "bar" },
      back,
      h("div", { class: "who" }, h("h2", {}, title), h("p", {}, about)),
      pill,
      h(
        "div",
        { class: "choice", role: "group", "aria-label": "What else there is" },
        view(null, "Set-up", app.selected === null),
      ),
    );
  if (launch) $("hops").replaceChildren(...drawLaunch(launch, bar));
  else if (!trace)
    $("hops").replaceChildren(
      bar("Set-up", "Send a message to see what the machine does for it"),
      drawSetup(),
    );
  else drawUpdate(trace, bar);
  showProblem();
  if (name) document.querySelector(`[data-name="${CSS.escape(name)}"]`)?.focus();
}
function drawUpdate(trace, bar) {
  const result = verdict(trace);
  const time = total(trace);
  $("hops").replaceChildren(
    bar(
      `Update ${trace.update.update_id}`,
      `${kindOf(trace.update)} · ${count(trace.tries.length, "attempt")}${time ? ` · ${milliseconds(time)} from sending to answer` : ""}`,
      h("span", { class: "pill " + result.tone, id: "verdict" }, result.word),
    ),
    h(
      "div",
      { class: "cards" },
      trace.wanted && !trace.kept_back
        ? null
        : h("div", { class: "pause" }, icon("bad"), h("span", {}, result.why)),
      trace.tries.flatMap((t, i) => [drawTry(trace, t), drawPause(t, trace.tries[i + 1])]),
      drawActions(trace),
    ),
  );
}
function drawSetup() {
  const { steps, calls, reloads } = app.state.setup;
  const card = (title, ...rest) =>
    h(
      "section",
      { class: "card", "aria-label": title },
      h("div", { class: "top" }, h("h3", {}, title)),
      ...rest,
    );
  return h(
    "div",
    { class: "cards" },
    card(
      "Set-up",
      h(
        "ul",
        { class: "steps" },
        steps.map((s) =>
          h(
            "li",
            {},
            icon("check"),
            s.name,
            h(
              "span",
              { class: "ms" },
              s.seconds >= 1 ? `${s.seconds.toFixed(1)} s` : milliseconds(s.seconds * 1000),
            ),
          ),
        ),
      ),
    ),
    app.state.emulator
      ? card(
          "The emulated AWS",
          h(
            "div",
            { class: "inside" },
            h(
              "p",
              { class: "note" },
              "It listens at ",
              h("code", { id: "emulator" }, app.state.emulator),
              ", and takes any credentials. In another terminal:",
            ),
            output(
              `export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test\naws --region ${app.state.region} --endpoint-url ${app.state.emulator} lambda list-functions`,
              "Commands",
            ),
          ),
        )
      : null,
    reloads.length
      ? card(
          "Changes to the code",
          h(
            "ul",
            { class: "steps" },
            reloads.map((r) =>
              h(
                "li",
                {},
                r.error ? h("span", { class: "pill bad" }, "broken") : icon("check"),
                `${r.files.join(", ")}, ${clock(r.at, true)}`,
                h("span", { class: "ms" }, milliseconds(r.milliseconds)),
              ),
            ),
          ),
        )
      : null,
    calls.length
      ? card(
          "Registration, and other calls",
          h(
            "ol",
            { class: "hop-list" },
            calls.map((c, i) =>
              hop(
                "call" + (c.status === 200 ? "" : " failed"),
                c.method,
                clock(c.at, true),
                milliseconds(c.milliseconds),
                (c.hints ?? []).map((hint) => note("warned", hint)),
                h(
                  "div",
                  { class: "folds" },
                  fold(`setup-params-${i}`, "parameters", json(c.params)),
                  fold(`setup-answer-${i}`, "answer", json(c.answer)),
                ),
              ),
            ),
          ),
        )
      : null,
  );
}
