import { errorMessage } from "@wherry/base";

/** As upstream bounds it. */
const maxAnswerBytes = 10 * 1024 * 1024;
const timeoutMs = 10_000;

export interface ManifestRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, readonly string[]>>;
}

/**
 * Fetches manifests by one GET of at most ten seconds and 10 MiB; redirects are followed. Rejects with an error whose message says why
 * there is no answer, without the URL, which may hold credentials.
 */
export async function fetchManifests({ url, headers }: ManifestRequest, signal: AbortSignal): Promise<string> {
  const list = new Headers(
    Object.entries(headers).flatMap(([name, values]) => values.map((value): [string, string] => [name, value])),
  );
  const target = new URL(url);
  if (target.username !== "" && !list.has("authorization")) list.set("authorization", basic(target));
  [target.username, target.password] = ["", ""];
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(target, { headers: list, signal: AbortSignal.any([signal, timeout]) });
    const text = await readText(response);
    if (response.status !== 200)
      throw new Error(`the server answered ${response.status} ${response.statusText}`.trim());
    return text;
  } catch (error) {
    signal.throwIfAborted();
    if (timeout.aborted) throw new Error(`there was no whole answer within ${timeoutMs} ms`, { cause: error });
    // The reason of a failed connection is one level down.
    throw new Error(errorMessage(error instanceof TypeError && error.cause !== undefined ? error.cause : error), {
      cause: error,
    });
  }
}

function basic({ username, password }: URL): string {
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(credentials).toString("base64")}`;
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  // Leaving the loop early ends the connection.
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxAnswerBytes) throw new Error(`the answer has more than ${maxAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
