// A bot without a library: /price 3 asks whether to buy, and a tap buys.
const { TELEGRAM_API_URL: url, TELEGRAM_BOT_TOKEN: token } = process.env;

async function call(method, params) {
  const body = JSON.stringify(params);
  const headers = { "Content-Type": "application/json" };
  const answer = await (await fetch(`${url}/bot${token}/${method}`, { method: "POST", headers, body })).json();
  if (!answer.ok) throw new Error(`${method}: ${answer.description}`);
  return answer.result;
}

const buy = { inline_keyboard: [[{ text: "Buy", callback_data: "buy" }]] };
for (let offset = 0; ; ) {
  for (const update of await call("getUpdates", { offset, timeout: 30 })) {
    offset = update.update_id + 1;
    const { message, callback_query: press } = update;
    if (press) {
      await call("answerCallbackQuery", { callback_query_id: press.id, text: "Thank you" });
    } else {
      const cups = Number(message.text.split(" ")[1]);
      await call("sendMessage", { chat_id: message.chat.id, text: `${cups} cups are ${4 * cups} €`, reply_markup: buy });
    }
  }
}
