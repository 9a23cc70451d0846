// Talks to the chat API.

/** An answer that was not 2xx; its message is for the person. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new ApiError(0, "Ringback does not answer. Is it running?");
  }
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const fields = (body.fields ?? []).map((one) => one.message).join(" ");
    throw new ApiError(answer.status, fields || body.message || `Error ${answer.status}`);
  }
  return body;
}

/** Read a resource. */
export const get = (path) => ask(path, { headers: { Accept: "application/json" } });

/** Send JSON; `key` makes a repeat harmless. */
export function post(path, body = {}, key = "") {
  const headers = { "Content-Type": "application/json" };
  if (key) headers["Idempotency-Key"] = key;
  return ask(path, { method: "POST", headers, body: JSON.stringify(body) });
}
