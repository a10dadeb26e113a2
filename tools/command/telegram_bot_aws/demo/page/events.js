// The events that AWS's services send to the bot, those that wait for their time, and a box that sends one.

import { button, clock, h, icon, milliseconds } from "./dom.js";
import { drawCall, drawFunction, fold, hop, json, note } from "./hops.js";
import { app, ask, bot } from "./state.js";

const SAMPLES = {
  "A call, as a schedule sends it": () => ({
    method: "sendMessage",
    chat_id: app.state.people[app.person].id,
    text: "Good morning!",
  }),
  "S3: an object was created": () => ({
    Records: [
      {
        eventVersion: "2.1",
        eventSource: "aws:s3",
        awsRegion: app.state.region,
        eventTime: new Date().toISOString(),
        eventName: "ObjectCreated:Put",
        s3: {
          bucket: { name: "photos", arn: "arn:aws:s3:::photos" },
          object: { key: "lake.jpg", size: 48213 },
        },
      },
    ],
  }),
  "SNS: a message": () => ({
    Records: [
      {
        EventSource: "aws:sns",
        EventVersion: "1.0",
        Sns: {
          Type: "Notification",
          TopicArn: `arn:aws:sns:${app.state.region}:123456789012:news`,
          Subject: "News",
          Message: "The library is open again.",
          Timestamp: new Date().toISOString(),
          MessageAttributes: {},
        },
      },
    ],
  }),
  "EventBridge: a schedule": () => ({
    version: "0",
    id: crypto.randomUUID(),
    "detail-type": "Scheduled Event",
    source: "aws.events",
    account: "123456789012",
    time: new Date().toISOString(),
    region: app.state.region,
    resources: [`arn:aws:events:${app.state.region}:123456789012:rule/daily`],
    detail: {},
  }),
};

const boxes = new Map(); // by bot: kept, so that what is being written stays
function drawBox() {
  const text = h("textarea", {
    "aria-label": "The event, as JSON",
    "data-name": "event",
    rows: 7,
    spellcheck: "false",
  });
  const choice = h(
    "select",
    { "aria-label": "Sample", "data-name": "sample", onchange: () => fill() },
    Object.keys(SAMPLES).map((name) => h("option", {}, name)),
  );
  const fill = () => {
    text.value = JSON.stringify(SAMPLES[choice.value](), null, 2);
  };
  fill();
  const send = async () => {
    app.pinned = false;
    const sent = await ask(
      "send-event",
      { event: text.value, bot: app.bot },
      "[data-name=send-event]",
    );
    if (sent) app.select(sent.id);
  };
  return h(
    "section",
    { class: "card", "aria-label": "Send an event" },
    h("div", { class: "top" }, h("h3", {}, "Send an event"), choice),
    h(
      "div",
      { class: "inside write" },
      text,
      h(
        "div",
        {},
        button(
          { class: "action main", "data-name": "send-event" },
          send,
          icon("send"),
          `Send to ${bot().name}`,
        ),
      ),
    ),
  );
}
const source = ({ event }) => {
  const first = event?.Records?.[0] ?? event?.[0] ?? event;
  return first?.eventSource ?? first?.EventSource ?? first?.source ?? first?.method ?? "event";
};
// Return what became of an event, and its tone.
function outcome(e) {
  if (!e.over) return ["under way", "accent"];
  const logged = e.details.logs?.find((line) => line.outcome)?.outcome;
  if (e.details.error || e.failure)
    return [logged?.replace("bot_failed", "bot.py failed") ?? "failed", "bad"];
  return logged === "ignored"
    ? ["no call", ""]
    : [logged ?? "done", logged === "refused" ? "bad" : "good"];
}
function drawEvent(e, unfolded) {
  const [word, tone] = outcome(e);
  const hops = h(
    "ol",
    { class: "hop-list" },
    hop(
      "request",
      "Event",
      `${source(e)} → Lambda`,
      "",
      fold(`event ${e.id}`, "event", json(e.event)),
    ),
    e.over || e.calls.length ? drawFunction({ ...e, attempt: e.id }, "event") : null,
    e.calls.map((call) => drawCall({ ...e, attempt: e.id }, call)),
  );
  return h(
    "section",
    {
      class: "card" + (e.id === app.selected ? " selected" : ""),
      "aria-label": `Event ${e.id.slice(6)}`,
    },
    h(
      "div",
      { class: "top" },
      h("h3", {}, `Event ${e.id.slice(6)}: ${source(e)}`),
      h("time", {}, clock(e.at, true)),
      h("span", { class: "pill " + tone }, word),
      e.over ? h("span", { class: "pill" }, milliseconds(e.details.milliseconds)) : null,
    ),
    unfolded ? hops : h("div", { class: "folded" }, fold(`hops of ${e.id}`, "each step", hops)),
  );
}
// The newest first; the selected one, or else the newest, is unfolded.
export function drawEvents() {
  if (!boxes.has(app.bot)) boxes.set(app.bot, drawBox());
  const {
    entries,
    events,
    setup: { later, failed },
  } = app.state;
  const isKnown = entries.some((e) => e.bot === app.bot && e.side === "out");
  const shown = events.filter((e) => e.bot === app.bot).reverse();
  const unfolded = shown.find((e) => e.id === app.selected) ?? shown[0];
  const waiting = (w) =>
    h(
      "li",
      {},
      icon("clock"),
      h(
        "div",
        {},
        `${new Date(w.at * 1000).toLocaleString()} · ${w.name}`,
        fold(`later ${w.bot} ${w.name}`, "event", json(w.event)),
      ),
      button(
        { class: "action ms", "data-name": `run ${w.bot} ${w.name}` },
        () =>
          ask(
            "run-schedule",
            { bot: w.bot, name: w.name },
            `[data-name="${CSS.escape(`run ${w.bot} ${w.name}`)}"]`,
          ),
        "Run now",
      ),
    );
  const kept = failed.filter((f) => f.bot === app.bot);
  const failure = (f) =>
    h(
      "li",
      {},
      icon("bad"),
      h(
        "div",
        {},
        `${f.outcome}: ${f.error ?? "no error"}`,
        fold(`failed ${f.bot} ${f.id}`, "what it was", json(f.about)),
      ),
    );
  const replay = async () => {
    const said = await ask("replay", { bot: app.bot }, "[data-name=replay]");
    if (said)
      app.toast(
        said.failed
          ? `${said.done} answered, ${said.failed} failed again: ${said.error}`
          : `${said.done} answered`,
      );
  };
  return h(
    "div",
    { class: "cards", id: "events" },
    boxes.get(app.bot),
    isKnown ? null : note("nothing", "Write to the bot first: Telegram lets no bot begin a chat."),
    kept.length
      ? h(
          "section",
          { class: "card", "aria-label": "What failed" },
          h(
            "div",
            { class: "top" },
            h("h3", {}, "What failed, and is kept"),
            button({ class: "action", "data-name": "replay" }, replay, "Replay it"),
          ),
          h("ul", { class: "steps", id: "failed" }, kept.map(failure)),
        )
      : null,
    later.length
      ? h(
          "section",
          { class: "card", "aria-label": "Scheduled calls and events" },
          h("div", { class: "top" }, h("h3", {}, "Scheduled calls and events")),
          h("ul", { class: "steps", id: "later" }, later.map(waiting)),
        )
      : null,
    shown.map((e) => drawEvent(e, e === unfolded)),
    shown.length
      ? null
      : h(
          "p",
          { class: "note nothing" },
          "No event has come yet. S3, SNS, EventBridge and schedules send them.",
        ),
  );
}
