// What can be done with an update: send it again, as it was or edited, and copy it, also as a test.

import { $, button, h, icon } from "./dom.js";
import { app, ask, kindOf } from "./state.js";

let draft = null; // the update that is edited: its id, and the card, which is kept while one writes

const resend = (update, bot, at) => {
  app.pinned = false;
  return ask("resend", { update, chat: app.chat, bot }, at);
};
async function copy(text, said) {
  try {
    await navigator.clipboard.writeText(text);
    app.toast(said);
  } catch {
    app.toast("The browser doesn’t let the page copy.");
  }
}

// A value of JSON as Python writes it.
function python(value, indent = "") {
  const inner = `${indent}    `,
    lines = (parts) => parts.map((part) => `${inner}${part},\n`).join("");
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "object" && !Object.keys(value).length)
    return Array.isArray(value) ? "[]" : "{}";
  if (Array.isArray(value))
    return `[\n${lines(value.map((each) => python(each, inner)))}${indent}]`;
  if (typeof value === "object")
    return `{\n${lines(Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${python(each, inner)}`))}${indent}}`;
  return JSON.stringify(value);
}
// A test for pytest, which expects the calls that were made. Files aren't known here, so then only the methods.
function test(trace) {
  const calls = trace.tries.at(-1)?.calls ?? [];
  const hasFiles = calls.some((call) => Object.keys(call.files).length);
  const [session] = Object.values(trace.tries.at(-1)?.details?.sessions ?? {});
  const remembers = session ? `    session = ${python(JSON.parse(session.before), "    ")}\n` : "";
  const asked = `bot.reply(update${session ? ", session" : ""})`;
  const check = hasFiles
    ? `[call["method"] for call in ${asked}] == ${python(
        calls.map((call) => call.method),
        "    ",
      )}`
    : `${asked} == ${python(
        calls.map((call) => ({ method: call.method, ...call.params })),
        "    ",
      )}`;
  return `import bot\n\n\ndef test_${kindOf(trace.update)}_${trace.update.update_id}():\n    update = ${python(trace.update, "    ")}\n${remembers}    assert ${check}\n`;
}

function drawDraft(trace) {
  const text = h("textarea", {
    "aria-label": "The update, as JSON",
    "data-name": "update",
    rows: 14,
    spellcheck: "false",
  });
  text.value = JSON.stringify(trace.update, null, 2);
  const send = async () => {
    if (await resend(text.value, trace.bot, "[data-name=send-update]")) draft = null;
  };
  return h(
    "section",
    { class: "card", "aria-label": "Edit and send" },
    h("div", { class: "top" }, h("h3", {}, "Edit and send")),
    h(
      "div",
      { class: "inside write" },
      text,
      h(
        "div",
        {},
        button({ class: "action main", "data-name": "send-update" }, send, icon("send"), "Send"),
      ),
    ),
  );
}
export function drawActions(trace) {
  const id = trace.update.update_id,
    json = JSON.stringify(trace.update, null, 2);
  if (draft?.id !== id) draft = null;
  const edit = () => {
    draft = draft ? null : { id, card: drawDraft(trace) };
    app.drawHops();
    $("hops").querySelector("[data-name=update]")?.focus();
  };
  return [
    draft?.card,
    h(
      "div",
      { class: "foot", role: "group", "aria-label": "This update" },
      button(
        { class: "action", "data-name": "resend" },
        () => resend(json, trace.bot, "[data-name=resend]"),
        icon("reload"),
        "Send again",
      ),
      button(
        { class: "action", "data-name": "edit-update", "aria-expanded": String(Boolean(draft)) },
        edit,
        icon("edit"),
        "Edit and send",
      ),
      button(
        { class: "action", "data-name": "copy" },
        () => copy(json, "The update is copied."),
        icon("copy"),
        "Copy as JSON",
      ),
      button(
        {
          class: "action",
          "data-name": "copy-test",
          title: "For pytest, with the calls that came",
        },
        () => copy(test(trace), "The test is copied: paste it into your tests."),
        icon("check"),
        "Copy as a test",
      ),
    ),
  ];
}
