// The menu, what the person chooses of it, and what the group has ordered. What may be ordered, and by whom, the bot decides.

const telegram = window.Telegram?.WebApp;
// Without Telegram's script: what Telegram signed is in the address, too.
const launch = new URLSearchParams(location.hash.slice(1));
const initData = telegram?.initData || launch.get("tgWebAppData") || "";
const lunch = new URLSearchParams(location.search).get("lunch") ?? "";

const $ = id => document.getElementById(id);
const price = cents => `€${(cents / 100).toFixed(2)}`;
let menu = [], most = 0;
let saved = { dishes: {} };  // as the bot has it
let chosen = {};                       // how many of each dish
let busy = false;

async function ask(method, path, body) {
  const response = await fetch(`api/${path}?lunch=${encodeURIComponent(lunch)}`, {
    method,
    headers: { Authorization: `tma ${initData}`, ...(body ? { "Content-Type": "application/json" } : {}) },
    body: body && JSON.stringify(body),
  }).catch(() => { throw new Error("There is no connection. Try again."); });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  if (answer.error === "expired") throw new Error("This page is a day old. Close it, and open it again.");
  throw new Error(answer.message ?? "Something went wrong. Try again.");
}

function h(tag, attributes, ...inside) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...inside);
  return node;
}

function row(dish) {
  const less = h("button", { type: "button", class: "less", "aria-label": `One ${dish.name} less` }, "−");
  const more = h("button", { type: "button", class: "more", "aria-label": `One ${dish.name} more` }, "+");
  const number = h("output", { "aria-label": `${dish.name}, how many` });
  const count = h("div", { class: "count", "data-dish": dish.id }, less, number, more);
  const change = by => {
    chosen[dish.id] = (chosen[dish.id] ?? 0) + by;
    draw();
    if (document.activeElement === document.body || !chosen[dish.id]) more.focus();
    if (chosen[dish.id] === most) less.focus();
  };
  less.addEventListener("click", () => change(-1));
  more.addEventListener("click", () => change(1));
  const cost = h("span", { class: "price" }, price(dish.price), ...(dish.kind ? [h("span", { class: "kind" }, dish.kind)] : []));
  const icon = h("span", { class: "icon", "aria-hidden": "true" }, dish.icon);
  return h("li", {}, icon, h("div", { class: "about" }, h("b", {}, dish.name), h("small", {}, dish.about), cost), count);
}

const total = dishes => menu.reduce((sum, dish) => sum + dish.price * (dishes[dish.id] ?? 0), 0);
const words = dishes => menu.filter(dish => dishes[dish.id]).map(dish => `${dishes[dish.id]}× ${dish.name}`).join(", ");
const isEmpty = dishes => !Object.values(dishes).some(Boolean);
const isChanged = () => words(chosen) !== words(saved.dishes);

// Draw what the person has chosen.
function draw() {
  for (const dish of menu) {
    const count = document.querySelector(`[data-dish="${dish.id}"]`), n = chosen[dish.id] ?? 0;
    count.classList.toggle("none", !n);
    count.querySelector("output").textContent = n;
    count.querySelector(".more").disabled = n >= most;
  }
  const changed = isChanged(), before = !isEmpty(saved.dishes);
  const word = isEmpty(chosen) ? (before ? "Take my order back" : "Choose something") : before ? (changed ? "Change my order" : "Ordered") : "Order";
  $("send").textContent = isEmpty(chosen) ? word : `${word} · ${price(total(chosen))}`;
  $("send").disabled = !changed || busy;
  if (changed) say("");
  telegram?.[changed ? "enableClosingConfirmation" : "disableClosingConfirmation"]();
}

// Draw what the bot answers.
function show(answer) {
  ({ menu, most, mine: saved } = answer);
  $("group").textContent = `For ${answer.group}. What would you like?`;
  $("list").replaceChildren(...answer.orders.map(order => h("li", {},
    h("div", { class: "about" }, h("b", {}, order.name), h("small", {}, words(order.dishes))),
    h("span", { class: "sum" }, price(total(order.dishes))))));
  if (!answer.orders.length) $("list").append(h("li", {}, h("span", { class: "about" }, "Nobody has ordered yet.")));
}

function say(text, isBad = false) {
  $("said").textContent = text;
  $("said").classList.toggle("bad", isBad);
}

$("order").addEventListener("submit", async event => {
  event.preventDefault();
  if (busy || !isChanged()) return;
  busy = true;
  try {
    $("send").setAttribute("aria-busy", "true");
    const answer = await ask("POST", "order", chosen);
    show(answer);
    chosen = { ...saved.dishes };
    const done = isEmpty(chosen) ? "Your order is taken back." : "Ordered.";
    say(answer.listed ? `${done} The list in the group is up to date.` : `${done} The list in the group will show it with the next order.`);
  } catch (error) {
    say(error.message, true);
  } finally {
    busy = false;
    $("send").removeAttribute("aria-busy");
    const text = $("said").textContent, isBad = $("said").classList.contains("bad");
    draw();
    say(text, isBad);
  }
});

telegram?.ready();
telegram?.expand();
telegram?.setHeaderColor("secondary_bg_color");
try {
  if (!initData) throw new Error("Open this page in Telegram: press “Order” below the list in your group.");
  show(await ask("GET", "menu"));
  chosen = { ...saved.dishes };
  $("menu").replaceChildren(...menu.map(row));
  $("order").hidden = false;
  draw();
} catch (error) {
  $("problem").textContent = error.message;
  $("problem").hidden = false;
}
