// The lower bound on Node: a function that does nothing.

export async function handler() {
  return { statusCode: 200 };
}
