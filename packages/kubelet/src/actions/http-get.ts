import { ActionError } from "../errors.ts";
import type { ActionOptions } from "./container-actions.ts";
import { type HttpAnswer, httpExchange } from "./http-exchange.ts";
import type { HttpRequest, HttpResponse } from "./http-request.ts";

const maxRedirects = 10;

/**
 * One GET as Go's client does it for a kubelet: follows up to ten redirects as long as they stay on the host it was told to ask, and
 * answers with the redirect itself where it leads elsewhere.
 */
export async function httpGet(request: HttpRequest, { signal }: ActionOptions): Promise<HttpResponse> {
  let current = request;
  for (let followed = 0; ; followed++) {
    const answer = await exchange(current, signal);
    const next = redirected(request, current, answer);
    if (next === undefined) return { status: answer.status, body: answer.body };
    if (followed >= maxRedirects)
      throw new ActionError("Failed", `Get ${JSON.stringify(next.url.href)}: stopped after ${maxRedirects} redirects`);
    current = next;
  }
}

async function exchange(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  try {
    return await httpExchange(request, signal);
  } catch (error) {
    if (!(error instanceof ActionError)) throw error;
    throw new ActionError(error.code, `Get ${JSON.stringify(request.url.href)}: ${error.message}`, { cause: error });
  }
}

const redirectStatuses = new Set([301, 302, 303, 307, 308]);

/** The request that follows an answer; undefined for an answer that is not to be followed. */
function redirected(first: HttpRequest, current: HttpRequest, answer: HttpAnswer): HttpRequest | undefined {
  if (!redirectStatuses.has(answer.status) || answer.location === undefined) return undefined;
  let url: URL;
  try {
    url = new URL(answer.location, current.url);
  } catch (error) {
    throw new ActionError(
      "Failed",
      `Get ${JSON.stringify(current.url.href)}: failed to parse Location header ${JSON.stringify(answer.location)}`,
      { cause: error },
    );
  }
  if (url.hostname !== first.url.hostname || !/^https?:$/.test(url.protocol)) return undefined;
  url.hash = "";
  // A host that the pod's spec gave goes along only where the server spoke of a path.
  const relative = !/^(?:[a-z][a-z0-9+.-]*:)?\/\//i.test(answer.location);
  const headers = relative ? current.headers : current.headers.filter(([name]) => name.toLowerCase() !== "host");
  return { url, headers };
}
