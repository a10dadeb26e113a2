// Between the chat and the page of a bot: it has the page's origin, and passes on what they tell each other.

// What the page asks its parent to get goes to the chat: some libraries tell it to nobody but web.telegram.org.
window.postMessage = message => parent.postMessage(message, "*");
const frame = document.querySelector("iframe");
addEventListener("message", event => { if (event.source === parent) frame.contentWindow.postMessage(event.data, "*"); });

// As in Telegram's apps, each launch begins without what the last one kept for its session.
sessionStorage.clear();
frame.src = decodeURIComponent(location.hash.slice(1));
frame.addEventListener("load", () => {
  frame.focus();
  // Where the page has no use for it, Escape does what it does in the chat.
  frame.contentWindow.addEventListener("keydown", event => {
    if (event.key === "Escape" && !event.defaultPrevented) parent.postMessage(JSON.stringify({ eventType: "escape" }), "*");
  });
});
