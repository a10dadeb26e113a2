// An echo bot on Node with its own fetch.

const { TELEGRAM_BOT_TOKEN, TELEGRAM_WEBHOOK_SECRET, TELEGRAM_API_URL } = process.env;

export async function handler(event) {
  if (event.headers["x-telegram-bot-api-secret-token"] !== TELEGRAM_WEBHOOK_SECRET) {
    return { statusCode: 401 };
  }
  const { message } = JSON.parse(event.body);
  if (message?.text !== undefined) {
    const response = await fetch(`${TELEGRAM_API_URL}/bot${TELEGRAM_BOT_TOKEN}/sendMessage`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ chat_id: message.chat.id, text: "You said: " + message.text }),
    });
    await response.json();
  }
  return { statusCode: 200 };
}
