// Stands between the chat and a bot's page, with the page's origin, and passes on their messages.

// Messages from the page to its parent go on to the chat: some libraries post only to https://web.telegram.org.
window.postMessage = (message) => parent.postMessage(message, "*");
const frame = document.querySelector("iframe");
// As in Telegram, the methods work only from the page's origin: another site in its place is refused, and gets no event.
addEventListener("message", (event) => {
  if (event.source === parent) frame.contentWindow.postMessage(event.data, location.origin);
  else if (event.source === frame.contentWindow)
    parent.postMessage(
      JSON.stringify({ eventType: "refused", eventData: { origin: event.origin } }),
      "*",
    );
});

// As in Telegram's apps, each launch begins with an empty session storage.
sessionStorage.clear();
frame.src = decodeURIComponent(location.hash.slice(1));
frame.addEventListener("load", () => {
  frame.focus();
  if (!frame.contentDocument) return; // another site's
  // If the page doesn't handle Escape, it works as in the chat.
  frame.contentWindow.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented)
      parent.postMessage(JSON.stringify({ eventType: "escape" }), "*");
  });
});
