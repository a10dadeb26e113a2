// The requests of a bot's page since it was opened.

import { clock, count, h, icon, milliseconds } from "./dom.js";
import { drawCall, drawFunction, fold, hop, json, note, parsed } from "./hops.js";
import { bot } from "./state.js";

const HOW = {
  menu: "by the menu button",
  inline: "by a button of a message",
  keyboard: "by a button of the keyboard",
  link: "outside of Telegram",
};
const WHY = {
  menu: "Its initData says who opened it, and has a query_id, which answerWebAppQuery answers once.",
  keyboard:
    "Telegram tells such a page no user: it gets no initData, so its requests get 401. Only such a page can sendData.",
  link: "Nobody has signed who this is, so the page has no initData: this is what a stranger sees. Its requests get 401.",
};
WHY.inline = WHY.menu;

export function drawLaunch(launch, bar) {
  const asked = launch.requests.filter((r) => r.is_api);
  const who = launch.who ? `${launch.who} · ` : "";
  const initial = launch.init_data
    ? Object.fromEntries(
        [...new URLSearchParams(launch.init_data)].map(([name, value]) => [name, parsed(value)]),
      )
    : null;
  return [
    bar(
      launch.how === "link" ? "Page, outside of Telegram" : `Page of ${bot(launch.bot).name}`,
      `${who}${count(asked.length, "request")} · ${count(launch.requests.length - asked.length, "file")}`,
      h(
        "span",
        { class: "pill " + (launch.open ? "good" : "") },
        launch.open ? "open" : launch.how === "link" ? "elsewhere" : "closed",
      ),
    ),
    h(
      "div",
      { class: "cards" },
      h(
        "section",
        { class: "card", "aria-label": "Opened" },
        h(
          "div",
          { class: "top" },
          h("h3", {}, `Opened ${HOW[launch.how]}`),
          h("time", {}, clock(launch.at, true)),
        ),
        h(
          "div",
          { class: "inside" },
          note("", WHY[launch.how]),
          note(
            "",
            "The demo replaces one header, so that it can show the page: in Content-Security-Policy, frame-ancestors names the demo instead of Telegram's web clients. Telegram's script, if the page loads it, comes by the demo.",
          ),
          initial ? fold(`init ${launch.id}`, "initData", json(initial)) : null,
        ),
      ),
      grouped(launch.requests).map((part) =>
        Array.isArray(part) ? drawFiles(part) : drawRequest(part),
      ),
    ),
  ];
}
// Consecutive files share a card.
function grouped(requests) {
  const parts = [];
  for (const request of requests) {
    if (request.is_api) parts.push(request);
    else if (Array.isArray(parts.at(-1))) parts.at(-1).push(request);
    else parts.push([request]);
  }
  return parts;
}
const isBad = (r) => r.over && !(r.status >= 200 && r.status < 400);
const status = (r) =>
  !r.over
    ? h("span", { class: "pill accent" }, "under way")
    : h(
        "span",
        { class: "pill " + (isBad(r) ? "bad" : "good") },
        r.status ? `HTTP ${r.status}` : "no answer",
      );
function drawFiles(files) {
  return h(
    "section",
    { class: "card", "aria-label": "Files" },
    h("div", { class: "top" }, h("h3", {}, "Files"), h("time", {}, clock(files[0].at, true))),
    h(
      "ul",
      { class: "steps files" },
      files.map((r) =>
        h(
          "li",
          {},
          status(r),
          h("code", {}, `${r.method} ${r.target}`),
          h("span", { class: "ms" }, milliseconds(r.milliseconds)),
        ),
      ),
    ),
  );
}
function drawRequest(r) {
  const d = r.details ?? {};
  const bad = isBad(r);
  const path = r.target.split("?")[0];
  const temperature =
    d.cold === true
      ? h("span", { class: "pill warn" }, "cold")
      : d.cold === false
        ? h("span", { class: "pill" }, "warm")
        : null;
  return h(
    "section",
    { class: "card", "aria-label": `${r.method} ${path}` },
    h(
      "div",
      { class: "top" },
      h("h3", {}, `${r.method} ${path}`),
      h("time", {}, clock(r.at, true)),
      temperature,
      status(r),
      r.over ? h("span", { class: "pill" }, milliseconds(r.milliseconds)) : null,
    ),
    h(
      "ol",
      { class: "hop-list" },
      hop(
        "request",
        "Request",
        "page → API Gateway, ANY /app/{proxy+}",
        r.is_signed ? "with initData" : "without initData",
        r.target === path ? null : note("", h("code", {}, r.target)),
        r.body ? fold(`body ${r.attempt}`, "body", json(parsed(r.body))) : null,
      ),
      d.event
        ? hop(
            "request",
            "Event",
            "API Gateway → Lambda",
            "",
            fold(`event ${r.attempt}`, "payload 2.0", json(d.event)),
          )
        : null,
      drawFunction(r, "request"),
      r.calls.map((call) => drawCall(r, call)),
      r.over
        ? hop(
            bad ? "failed" : "request",
            "Answer",
            "Lambda → API Gateway → page",
            milliseconds(r.milliseconds),
            note(bad ? "bad" : "", r.status ? `HTTP ${r.status}` : r.error),
            h(
              "div",
              { class: "folds" },
              r.answer ? fold(`answer ${r.attempt}`, "body", json(parsed(r.answer))) : null,
              r.headers ? fold(`headers ${r.attempt}`, "headers", json(r.headers)) : null,
            ),
          )
        : hop("waiting", "Answer", "not there yet", ""),
    ),
  );
}
