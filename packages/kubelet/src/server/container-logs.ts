import { once } from "node:events";
import type { Clock } from "@wherry/base";
import { errorMessage } from "@wherry/base";
import type { LogOptions } from "../logs/log-options.ts";
import { logTimeFromMs, parseLogTime } from "../logs/log-time.ts";
import { readLog } from "../logs/read-log.ts";
import type { LogSource } from "../ports/log-source.ts";
import { HttpError } from "./http-error.ts";
import type { RequestContext, Route } from "./route.ts";

/** `GET /containerLogs/{namespace}/{pod}/{container}`: what `kubectl logs` shows. */
export function containerLogsRoute(source: Pick<LogSource, "containerLog">, clock: Clock): Route {
  return {
    path: "/containerLogs/{namespace}/{pod}/{container}",
    methods: ["GET"],
    handler: async (context) => {
      const { namespace = "", pod = "", container = "" } = context.parameters;
      const query = parseLogQuery(context.query, clock.now());
      const log = await source.containerLog(namespace, pod, container, { previous: query.previous });
      if ("status" in log) throw new HttpError(log.status, log.message);
      const chunks = readLog(log, { ...query.options, signal: context.signal, clock });
      await sendLog(context, chunks);
    },
  };
}

async function sendLog({ request, response, signal }: RequestContext, chunks: AsyncGenerator<Buffer>): Promise<void> {
  try {
    // The first chunk says that the log is open; from then on the answer is 200.
    await chunks.next();
  } catch (error) {
    throw new HttpError(400, errorMessage(error));
  }
  response.writeHead(200, { "Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff" });
  response.flushHeaders();
  if (request.method === "HEAD") {
    await chunks.return(undefined);
    response.end();
    return;
  }
  for await (const chunk of chunks) {
    if (chunk.length > 0 && !response.write(chunk)) await once(response, "drain", { signal });
  }
  response.end();
}

/** A query of the log endpoint. */
export interface LogQuery {
  readonly previous: boolean;
  readonly options: LogOptions;
}

/**
 * Reads the query parameters, which are those of `PodLogOptions`, with `tail` as the old name of `tailLines`.
 *
 * Throws `HttpError`: 400 for text that is no value of its type, 422 for values that the API forbids.
 */
export function parseLogQuery(query: URLSearchParams, nowMs: number): LogQuery {
  const tail = query.get("tail");
  const tailLines =
    tail === null || tail === "" ? integer(query, "tailLines") : tail === "all" ? undefined : integer(query, "tail");
  const sinceSeconds = integer(query, "sinceSeconds");
  const limitBytes = integer(query, "limitBytes");
  const sinceTime = query.get("sinceTime") || undefined;
  const parsedSince = sinceTime === undefined ? undefined : parseLogTime(sinceTime);
  if (sinceTime !== undefined && parsedSince === undefined)
    throw undecodable("sinceTime", sinceTime, "a time as RFC 3339 writes it");
  if (sinceTime !== undefined && sinceSeconds !== undefined)
    throw invalid("at most one of sinceTime and sinceSeconds may be given");
  if (tailLines !== undefined && tailLines < 0) throw invalid(`tailLines is ${tailLines}, it must be 0 or more`);
  if (limitBytes !== undefined && limitBytes < 1) throw invalid(`limitBytes is ${limitBytes}, it must be 1 or more`);
  if (sinceSeconds !== undefined && sinceSeconds < 1)
    throw invalid(`sinceSeconds is ${sinceSeconds}, it must be 1 or more`);
  const stream = streamOf(query.get("stream"));
  if (stream !== undefined && tailLines !== undefined)
    throw invalid("tailLines cannot be combined with one stream; leave out stream or tailLines");
  const since = parsedSince ?? (sinceSeconds === undefined ? undefined : logTimeFromMs(nowMs - sinceSeconds * 1000));
  return {
    previous: boolean(query, "previous"),
    options: {
      follow: boolean(query, "follow"),
      timestamps: boolean(query, "timestamps"),
      tailLines,
      limitBytes,
      since,
      stream,
    },
  };
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  if (!/^[+-]?\d{1,15}$/.test(text)) throw undecodable(name, text, "a whole number");
  return Number(text);
}

// As the API's parameter codec: false, "0" and nothing at all mean no, everything else yes.
function boolean(query: URLSearchParams, name: string): boolean {
  const text = query.get(name);
  return text !== null && text !== "0" && text.toLowerCase() !== "false";
}

function streamOf(text: string | null): "stdout" | "stderr" | undefined {
  if (text === null || text === "" || text === "All") return undefined;
  if (text === "Stdout") return "stdout";
  if (text === "Stderr") return "stderr";
  throw invalid(`stream is ${JSON.stringify(text)}, it must be All, Stdout or Stderr`);
}

function undecodable(name: string, text: string, wanted: string): HttpError {
  return message(400, `Unable to decode query: ${name} is ${JSON.stringify(text)}, it must be ${wanted}.`);
}

function invalid(what: string): HttpError {
  return message(422, `Invalid request: ${what}.`);
}

// Upstream sends these two as JSON although all other refusals are plain text.
function message(status: number, text: string): HttpError {
  return new HttpError(status, JSON.stringify({ message: text }));
}
