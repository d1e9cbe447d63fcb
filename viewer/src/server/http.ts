/** How the pages ask the server, and what its errors are in words. Nothing else in the viewer calls `fetch`. */

export class ServerError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly hint?: string,
  ) {
    super(message);
  }
}

/** What went wrong in the page itself, and what can be done. */
export class PageError extends Error {
  constructor(
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

export interface Asked extends RequestInit {
  accept?: string;
}

/** Asks; an answer that is an error is thrown as the server put it. */
export async function ask(url: string, { accept, ...options }: Asked = {}): Promise<Response> {
  const headers = new Headers(options.headers);
  if (accept) headers.set("Accept", accept);
  let answer: Response;
  try {
    answer = await fetch(url, { ...options, headers, credentials: "same-origin" });
  } catch (error) {
    if (error instanceof DOMException) throw error;
    throw new ServerError("the server does not answer", 0, "is `filmless` still running?");
  }
  if (answer.ok) return answer;
  throw await errorOf(answer);
}

export const askJson = async <T>(url: string, options: Asked = {}): Promise<T> =>
  (await (await ask(url, { accept: "application/json", ...options })).json()) as T;

async function errorOf(answer: Response): Promise<ServerError> {
  try {
    const body: unknown = await answer.json();
    if (body && typeof body === "object" && "error" in body) {
      const hint = "hint" in body ? String(body.hint) : undefined;
      return new ServerError(String(body.error), answer.status, hint);
    }
  } catch {
    // Not JSON: what stands between may have answered.
  }
  return new ServerError(`the server answered ${answer.status} ${answer.statusText}`.trim(), answer.status);
}

/** Puts any error in words for the user. */
export function inWords(error: unknown): { text: string; hint?: string | undefined } {
  if (error instanceof Error)
    return { text: error.message, hint: "hint" in error && error.hint ? String(error.hint) : undefined };
  return { text: "something failed that should not have", hint: "load the page anew" };
}
