import { ApiError, badRequest, expired, tooLargeResourceVersion } from "../errors.ts";
import type { ApiObject } from "../resources/api-object.ts";
import { storageName } from "../resources/resource-definition.ts";
import type { StoredRecord } from "../storage/stored-record.ts";
import type { Selection } from "./selection.ts";
import type { Target, VerbServices } from "./verb-services.ts";

export interface ListOptions {
  readonly selection: Selection;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: string;
  /** Largest number of items; 0 for all. */
  readonly limit?: number;
  readonly continueToken?: string;
}

/** A page of a list. */
export interface ListPage {
  /** Absent for kinds shown through a view, whose records hold another form. */
  readonly records: readonly StoredRecord[];
  readonly objects: readonly ApiObject[];
  readonly revision: number;
  readonly continueToken?: string;
  readonly remaining?: number;
}

interface Continuation {
  readonly revision: number;
  /** Key of the last item answered. */
  readonly after: string;
}

/**
 * One page of the objects that `options.selection` matches, from the revision asked for.
 *
 * Pages after the first come from the revision of the first. Throws ApiError: 400 for options that make no sense together,
 * 410 for a revision beyond history, 504 for one that is yet to come.
 */
export function listObjects(services: VerbServices, target: Target, options: ListOptions): ListPage {
  const { store } = services;
  const { definition, namespace } = target;
  const resource = storageName(definition);
  checkMatch(options);
  const continuation = options.continueToken ? readToken(options.continueToken) : undefined;
  const wanted = continuation?.revision ?? readRevision(options.resourceVersion);
  if (wanted > store.revision) throw tooLargeResourceVersion(wanted, store.revision);
  const isExact = options.resourceVersionMatch === "Exact" || (continuation !== undefined && wanted > 0);
  let records = store.list(resource, namespace);
  let revision = store.revision;
  if (isExact && wanted !== store.revision) {
    if (wanted < store.compactedRevision) throw compacted(continuation, store.revision);
    records = store.listAt(resource, namespace, wanted);
    revision = wanted;
  }
  const page = takePage(records, target, options, continuation?.after);
  if (page.more === 0) return { records: page.records, objects: page.objects, revision };
  const last = page.records.at(-1)?.key ?? "";
  return {
    records: page.records,
    objects: page.objects,
    revision,
    continueToken: writeToken({ revision, after: last }),
    // A selector makes the count a guess, so upstream leaves it out.
    ...(options.selection.isAll ? { remaining: page.more } : {}),
  };
}

function takePage(
  all: readonly StoredRecord[],
  { definition }: Target,
  { selection, limit = 0 }: ListOptions,
  after: string | undefined,
): { records: StoredRecord[]; objects: ApiObject[]; more: number } {
  const records: StoredRecord[] = [];
  const objects: ApiObject[] = [];
  let more = 0;
  for (const record of all) {
    if (after !== undefined && record.key <= after) continue;
    const object = definition.view?.fromStorage(record.object) ?? record.object;
    if (!selection.matches(object)) continue;
    if (limit > 0 && records.length === limit) {
      more++;
      continue;
    }
    records.push(record);
    objects.push(object);
  }
  return { records, objects, more };
}

function checkMatch({ resourceVersion, resourceVersionMatch, continueToken }: ListOptions): void {
  if (!resourceVersionMatch) {
    if (continueToken && resourceVersion && resourceVersion !== "0") {
      throw badRequest("specifying resource version is not allowed when using continue");
    }
    return;
  }
  if (continueToken) throw badRequest("resourceVersionMatch is forbidden when continue is provided");
  if (!resourceVersion) throw badRequest("resourceVersionMatch is forbidden unless resourceVersion is provided");
  if (resourceVersionMatch === "Exact") {
    if (resourceVersion === "0") throw badRequest('resourceVersionMatch "Exact" is forbidden for resourceVersion "0"');
  } else if (resourceVersionMatch !== "NotOlderThan") {
    throw badRequest(
      `resourceVersionMatch: Unsupported value: "${resourceVersionMatch}": supported values: "Exact", "NotOlderThan"`,
    );
  }
}

/** The number of a resourceVersion parameter; 0 for none. Throws a 400 ApiError. */
export function readRevision(text: string | undefined): number {
  if (!text) return 0;
  const revision = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(revision))
    throw badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(text)}: must be a decimal number`,
    );
  return revision;
}

function compacted(continuation: Continuation | undefined, revision: number): ApiError {
  if (continuation === undefined) return expired("The resourceVersion for the provided list is too old.");
  return expired(
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
    writeToken({ revision, after: continuation.after }),
  );
}

function writeToken({ revision, after }: Continuation): string {
  return Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: revision, start: after })).toString("base64url");
}

function readToken(token: string): Continuation {
  try {
    const { v, rv, start } = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
    if (v === "meta.k8s.io/v1" && Number.isSafeInteger(rv) && typeof start === "string") {
      return { revision: rv, after: start };
    }
  } catch {
    // Answered below, like a token of another form.
  }
  throw new ApiError(400, "BadRequest", "invalid continue token: continue key is not valid");
}
