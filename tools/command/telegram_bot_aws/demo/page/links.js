// Links. Those to Telegram open a chat here; those to a bot's page lead to where the demo serves it.

import { h } from "./dom.js";
import { app, send } from "./state.js";

export const isLink = (address) => /^https?:\/\//i.test(address ?? "");
const TELEGRAM = /^(?:https?:\/\/(?:t|telegram)\.me\/|tg:\/\/resolve\?domain=)(\w+)[?&]?([^#]*)/i;

// Open the chat of a link such as https://t.me/BOT?start=ID. Return whether an address is one to a bot here.
export function openTelegram(address) {
  const [, name, query] = TELEGRAM.exec(address ?? "") ?? [];
  const found = name && app.state.bots.find((b) => b.username.toLowerCase() === name.toLowerCase());
  if (!found) return false;
  const parameters = new URLSearchParams(query),
    start = parameters.get("start");
  app.bot = found.id;
  app.visit(app.person);
  if (start !== null && !/^[\w-]{0,64}$/.test(start))
    app.toast("Telegram ignores this link's start: it takes 64 letters, digits, _ and - at most.");
  else if (start !== null) send("text", `/start ${start}`.trim());
  else if (query) app.toast(`The demo opens the chat, and doesn't play ?${query}`);
  return true;
}

// Return where an address leads here: a bot knows its page by an emulated API's address.
export function here(address) {
  const known = app.state.bots.find((b) => b.page && address.startsWith(`${b.page_known_as}/app`));
  return known ? known.page + address.slice(known.page_known_as.length) : address;
}

export function link(address, attributes, ...inside) {
  const click = (event) => {
    event.stopPropagation();
    if (openTelegram(address)) event.preventDefault();
  };
  return h(
    "a",
    { ...attributes, href: here(address), rel: "noreferrer", target: "_blank", onclick: click },
    ...inside,
  );
}
