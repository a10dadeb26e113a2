// Without a library: the launch parameters, the events and the requests as they are.

const launch = new URLSearchParams(location.hash.slice(1));
const data = launch.get("tgWebAppData");
const $ = id => document.getElementById(id);
const post = (eventType, eventData) => parent.postMessage(JSON.stringify({ eventType, eventData }), "*");
addEventListener("message", event => {
  const { eventType, eventData } = JSON.parse(event.data);
  $("events").textContent += `${eventType} ${JSON.stringify(eventData)}\n`;
  if (eventType === "theme_changed") paint(eventData.theme_params);
});
function paint(theme) {
  for (const [name, key] of [["bg", "bg_color"], ["text", "text_color"], ["button", "button_color"], ["button-text", "button_text_color"]]) document.documentElement.style.setProperty(`--${name}`, theme[key]);
}
async function ask(path, body) {
  const answer = await fetch(`api/${path}`, {
    method: body ? "POST" : "GET",
    headers: { ...(data ? { Authorization: `tma ${data}` } : {}), ...(body ? { "Content-Type": "application/json" } : {}) },
    body: body && JSON.stringify(body),
  });
  return { status: answer.status, ...(await answer.json()) };
}
const DOES = {
  order: () => ask("order", { what: "soup" }),
  fail: () => ask("fail"),
  send: () => post("web_app_data_send", { data: "soup" }),
  button: () => post("web_app_setup_main_button", { is_visible: true, text: "Pay" }),
  popup: () => post("web_app_open_popup", { title: "Sure?", message: "It costs 9.", buttons: [{ id: "yes", type: "ok" }, { id: "no", type: "cancel" }] }),
  unplayed: () => { post("web_app_request_phone"); post("web_app_trigger_haptic_feedback", { type: "impact" }); },
  close: () => post("web_app_close"),
};
for (const [name, act] of Object.entries(DOES)) {
  const button = document.createElement("button");
  button.textContent = name;
  button.addEventListener("click", act);
  $("buttons").append(button, " ");
}
if (launch.has("tgWebAppThemeParams")) paint(JSON.parse(launch.get("tgWebAppThemeParams")));
const { status, name } = await ask("me");
$("who").textContent = name ?? `a stranger: ${status}`;
post("web_app_ready");
