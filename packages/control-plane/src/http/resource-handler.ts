import type { Status } from "@wherry/kubernetes";
import { restrictNode } from "../auth/node-restriction.ts";
import { nodeNameOf, type User } from "../auth/user.ts";
import { applyFieldValidation, decodeInput } from "../decoding/decode-input.ts";
import type { DecodeFindings } from "../decoding/decode-object.ts";
import { ApiError, invalid, methodNotAllowed, tooLargeResourceVersion, unsupportedMediaType } from "../errors.ts";
import type { ApiObject } from "../resources/api-object.ts";
import type {
  ResourceDefinition,
  ResourceStrategy,
  SubresourceDefinition,
  Verb,
} from "../resources/resource-definition.ts";
import { applyObject } from "../verbs/apply-object.ts";
import { createObject } from "../verbs/create-object.ts";
import { deleteObject } from "../verbs/delete-object.ts";
import { listObjects, readRevision } from "../verbs/list-objects.ts";
import { ObjectWatch } from "../verbs/object-watch.ts";
import { applyPatch, type PlainPatchType, patchObject, patchTypes } from "../verbs/patch-object.ts";
import { scaleKind, scaleOf, updateScale } from "../verbs/scale-object.ts";
import { Selection } from "../verbs/selection.ts";
import { readObject, type UpdateOptions, updateObject } from "../verbs/update-object.ts";
import type { ObjectTarget, VerbServices, WriteOptions, WriteOutcome } from "../verbs/verb-services.ts";
import { type AnswerOptions, answerList, answerObject } from "./answers.ts";
import type { HttpExchange } from "./http-exchange.ts";
import { mediaTypeOf, negotiateAnswer } from "./media-type.ts";
import { parseJson, readObjectBody } from "./request-body.ts";
import {
  readCount,
  readDeleteOptions,
  readDryRun,
  readFieldManager,
  readFieldValidation,
  readFlag,
  readIncludeObject,
} from "./request-options.ts";
import type { ResourcePath } from "./request-path.ts";
import { WatchStream } from "./watch-stream.ts";

/** What answers the creation of a virtual object or of a create subresource, such as a binding or a token request. */
export type CreateHandler = (
  input: ApiObject,
  request: { readonly target: ObjectTarget; readonly user: User; readonly options: WriteOptions },
) => ApiObject | Status | Promise<ApiObject | Status>;

/** What answers `log`, `exec` and their like. */
export type ConnectHandler = (
  exchange: HttpExchange,
  request: { readonly definition: ResourceDefinition; readonly path: ResourcePath; readonly user: User },
) => Promise<void>;

export interface ResourceHandlerOptions {
  readonly services: VerbServices;
  /** By `RESOURCE`, `RESOURCE.GROUP` or those with `/SUBRESOURCE`. */
  readonly createHandlers: ReadonlyMap<string, CreateHandler>;
  readonly connect: ConnectHandler;
  /** Streams under way, for those who must end or disturb them. */
  readonly streams: Set<WatchStream>;
  /** Milliseconds between bookmarks. @default 60 000 */
  readonly bookmarkIntervalMs?: number;
  /** @default Math.random */
  readonly random?: () => number;
}

interface ResourceRequest {
  readonly exchange: HttpExchange;
  readonly definition: ResourceDefinition;
  readonly path: ResourcePath;
  readonly user: User;
}

const minWatchSeconds = 1800;
const deleteOptionsSchema = "meta/v1.DeleteOptions";
const success: Status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" };

/** Carries out the verbs on resources. */
export class ResourceHandler {
  readonly #options: ResourceHandlerOptions;
  readonly #services: VerbServices;

  constructor(options: ResourceHandlerOptions) {
    this.#options = options;
    this.#services = options.services;
  }

  /** Answers a request, or throws the ApiError to answer with. */
  async handle(request: ResourceRequest, verb: Verb): Promise<void> {
    const { definition, path } = request;
    if (definition.namespaced && path.namespace === "" && (path.name !== "" || verb === "create")) {
      throw methodNotAllowed(definition, request.exchange.method);
    }
    if (path.subresource !== "") return this.#handleSubresource(request, verb);
    if (definition.verbs !== undefined && !definition.verbs.includes(verb)) throw methodNotAllowed(definition, verb);
    switch (verb) {
      case "get":
        return this.#get(request);
      case "list":
        return this.#list(request);
      case "watch":
        return this.#watch(request);
      case "create":
        return this.#create(request);
      case "update":
        return this.#update(request, {});
      case "patch":
        return this.#patch(request, {});
      case "delete":
        return this.#delete(request);
      default:
        return this.#deleteCollection(request);
    }
  }

  async #handleSubresource(request: ResourceRequest, verb: Verb): Promise<void> {
    const { definition, path, exchange } = request;
    const subresource = definition.subresources?.find((item) => item.name === path.subresource);
    if (subresource === undefined)
      throw new ApiError(404, "NotFound", "the server could not find the requested resource");
    const { handling } = subresource;
    if (handling.kind === "connect") return this.#options.connect(exchange, request);
    if (!subresource.verbs.includes(verb)) throw methodNotAllowed(definition, verb);
    if (handling.kind === "create") return this.#createSubresource(request, subresource, handling.schema);
    if (handling.kind === "scale") return this.#scale(request, verb);
    const strategy =
      handling.kind === "update" ? (handling.strategy as unknown as ResourceStrategy<ApiObject>) : undefined;
    const options: UpdateOptions = { subresource: subresource.name, strategy };
    if (verb === "get") return this.#get(request);
    return verb === "update" ? this.#update(request, options) : this.#patch(request, options);
  }

  #answerOptions({ exchange, definition }: ResourceRequest): AnswerOptions {
    return {
      definition,
      form: negotiateAnswer(exchange.header("accept")),
      include: readIncludeObject(exchange.query),
      nowMs: this.#services.clock.now(),
    };
  }

  #target({ definition, path }: ResourceRequest): ObjectTarget {
    return { definition, namespace: path.namespace, name: path.name };
  }

  #writeOptions({ exchange, user, definition, path }: ResourceRequest, optionsKind: string): WriteOptions {
    const nodeName = nodeNameOf(user);
    return {
      ...(nodeName === undefined
        ? {}
        : {
            admit: (object, old) =>
              restrictNode(
                nodeName,
                definition,
                object,
                old,
                path.subresource,
                (resource, key) => this.#services.store.get(resource, key)?.object,
              ),
          }),
      dryRun: readDryRun(exchange.query, optionsKind),
      fieldManager: readFieldManager(exchange.query),
      userAgent: exchange.header("user-agent")?.split("/")[0]?.slice(0, 128),
      warn: (message) => void exchange.warnings.push(message),
    };
  }

  #answerWrite(request: ResourceRequest, code: number, outcome: WriteOutcome): void {
    const serialised = request.definition.view === undefined ? outcome.record?.json : undefined;
    answerObject(request.exchange, code, outcome.object, this.#answerOptions(request), serialised);
  }

  #get(request: ResourceRequest): void {
    const wanted = readRevision(request.exchange.query.get("resourceVersion") ?? undefined);
    checkNotFuture(wanted, this.#services);
    const { record, object } = readObject(this.#services, this.#target(request));
    const serialised = request.definition.view === undefined ? record.json : undefined;
    answerObject(request.exchange, 200, object, this.#answerOptions(request), serialised);
  }

  #selection({ exchange, definition, path }: ResourceRequest): Selection {
    const { query } = exchange;
    return new Selection(
      definition,
      path.namespace,
      query.get("labelSelector") ?? "",
      query.get("fieldSelector") ?? "",
    );
  }

  #list(request: ResourceRequest): void {
    const { query } = request.exchange;
    const page = listObjects(this.#services, this.#target(request), {
      selection: this.#selection(request),
      resourceVersion: query.get("resourceVersion") ?? "",
      resourceVersionMatch: query.get("resourceVersionMatch") ?? "",
      limit: readCount(query, "limit") ?? 0,
      continueToken: query.get("continue") ?? "",
    });
    answerList(request.exchange, page, this.#answerOptions(request));
  }

  async #watch(request: ResourceRequest): Promise<void> {
    const { exchange, definition } = request;
    const { query } = exchange;
    const { clock } = this.#services;
    const form = negotiateAnswer(exchange.header("accept"));
    const bookmarks = readFlag(query, "allowWatchBookmarks");
    const sendInitialEvents = readInitialEvents(query, bookmarks);
    const revision = readRevision(query.get("resourceVersion") ?? undefined);
    const selection = this.#selection(request);
    const random = this.#options.random ?? Math.random;
    const timeoutSeconds = readCount(query, "timeoutSeconds") || minWatchSeconds * (1 + random());
    const include = readIncludeObject(query);
    const stream = new WatchStream(exchange, { definition, form, include, bookmarks, clock });
    const watched = { selection, revision, sendInitialEvents };
    // Refuses what cannot be watched, as long as the status code can still be set.
    const watch = new ObjectWatch(this.#services.store, this.#target(request), watched, stream);
    exchange.startStream(200, { "content-type": "application/json" });
    const over = new AbortController();
    const end = () => over.abort();
    const cancelTimeout = clock.setTimer(timeoutSeconds * 1000, end);
    if (exchange.closed.aborted) end();
    else exchange.closed.addEventListener("abort", end, { once: true });
    const cancelBookmarks = this.#scheduleBookmarks(watch, bookmarks);
    this.#options.streams.add(stream);
    try {
      await watch.run(over.signal);
    } finally {
      this.#options.streams.delete(stream);
      cancelBookmarks();
      cancelTimeout();
    }
    exchange.end();
  }

  #scheduleBookmarks(watch: ObjectWatch, wanted: boolean): () => void {
    if (!wanted) return () => undefined;
    const intervalMs = this.#options.bookmarkIntervalMs ?? 60_000;
    const { clock } = this.#services;
    let cancel = () => {};
    const schedule = () => {
      cancel = clock.setTimer(intervalMs, () => {
        watch.bookmark();
        schedule();
      });
    };
    schedule();
    return () => cancel();
  }

  async #create(request: ResourceRequest): Promise<void> {
    const { exchange, definition, path, user } = request;
    if (path.name !== "") throw methodNotAllowed(definition, "create");
    const options = this.#writeOptions(request, "CreateOptions");
    const input = await this.#readInput(request, definition, "CreateOptions");
    if (!definition.isVirtual) {
      this.#answerWrite(request, 201, createObject(this.#services, this.#target(request), input, options));
      return;
    }
    const key = `${definition.resource}.${definition.group}`;
    const answer = await this.#createHandler(key)(input, { target: this.#target(request), user, options });
    exchange.send(201, "application/json", JSON.stringify(answer));
  }

  async #createSubresource(
    request: ResourceRequest,
    subresource: SubresourceDefinition,
    schema: string,
  ): Promise<void> {
    const { exchange, definition, path, user } = request;
    const expected = {
      group: subresource.group ?? definition.group,
      version: subresource.version ?? definition.version,
      kind: subresource.kind,
      schema,
    };
    const options = this.#writeOptions(request, "CreateOptions");
    const input = await this.#readInput(request, expected, "CreateOptions");
    const handler = this.#createHandler(`${definition.resource}/${path.subresource}`);
    const answer = await handler(input, { target: this.#target(request), user, options });
    exchange.send(201, "application/json", JSON.stringify(answer));
  }

  async #scale(request: ResourceRequest, verb: Verb): Promise<void> {
    const { exchange } = request;
    const target = this.#target(request);
    const { object } = readObject(this.#services, target);
    if (verb === "get") return exchange.send(200, "application/json", JSON.stringify(scaleOf(object)));
    const options = { ...this.#writeOptions(request, "UpdateOptions"), subresource: "scale" };
    let input: ApiObject;
    if (verb === "update") input = await this.#readInput(request, scaleKind, "UpdateOptions");
    else {
      const type = mediaTypeOf(exchange.header("content-type"));
      const plain = Object.values<string>(patchTypes).filter((known) => known !== patchTypes.apply);
      if (!plain.includes(type)) throw unsupportedMediaType(type, plain);
      const patch = parseJson(await exchange.readBody(), []);
      const { schema } = scaleKind;
      const warn = (message: string) => void exchange.warnings.push(message);
      const patched = applyPatch(schema, type as PlainPatchType, scaleOf(object), patch, warn);
      input = decodeInput(this.#services.schemas, patched, scaleKind, { problems: [] });
    }
    const scale = updateScale(this.#services, target, input, options);
    exchange.send(200, "application/json", JSON.stringify(scale));
  }

  #createHandler(key: string): CreateHandler {
    const handler = this.#options.createHandlers.get(key);
    if (handler === undefined) throw new Error(`No handler for the creation of "${key}"`);
    return handler;
  }

  async #update(request: ResourceRequest, options: UpdateOptions): Promise<void> {
    const writeOptions = this.#writeOptions(request, "UpdateOptions");
    const input = await this.#readInput(request, request.definition, "UpdateOptions");
    const outcome = updateObject(this.#services, this.#target(request), input, { ...writeOptions, ...options });
    this.#answerWrite(request, outcome.created ? 201 : 200, outcome);
  }

  async #patch(request: ResourceRequest, options: UpdateOptions): Promise<void> {
    const { exchange } = request;
    const type = mediaTypeOf(exchange.header("content-type"));
    if (!Object.values<string>(patchTypes).includes(type)) {
      throw unsupportedMediaType(type, Object.values(patchTypes));
    }
    const writeOptions = this.#writeOptions(request, "PatchOptions");
    const fieldValidation = readFieldValidation(exchange.query, "PatchOptions");
    const duplicates: string[] = [];
    const patch = parseJson(await exchange.readBody(), duplicates);
    const target = this.#target(request);
    const all = { ...writeOptions, ...options };
    const outcome =
      type === patchTypes.apply
        ? applyObject(this.#services, target, patch, { ...all, force: readFlag(exchange.query, "force") })
        : patchObject(this.#services, target, type as PlainPatchType, patch, { ...all, fieldValidation, duplicates });
    this.#answerWrite(request, outcome.created ? 201 : 200, outcome);
  }

  async #delete(request: ResourceRequest): Promise<void> {
    const { exchange, definition, path } = request;
    const body = await readObjectBody(exchange, deleteOptionsSchema, this.#services.schemas);
    const options = readDeleteOptions(exchange.query, body);
    const dryRun = (options.dryRun?.length ?? 0) > 0;
    const { object, removed } = deleteObject(this.#services, this.#target(request), options, { dryRun });
    const isOfKindThatStays =
      definition.strategy.grace !== undefined || definition.strategy.holdsDeletion !== undefined;
    if (!removed || isOfKindThatStays) {
      answerObject(exchange, 200, object, this.#answerOptions(request));
      return;
    }
    const status: Status = {
      ...success,
      details: {
        name: path.name,
        ...(definition.group === "" ? {} : { group: definition.group }),
        kind: definition.resource,
        uid: object.metadata.uid,
      },
    };
    exchange.send(200, "application/json", JSON.stringify(status));
  }

  async #deleteCollection(request: ResourceRequest): Promise<void> {
    const { exchange, definition, path } = request;
    if (definition.namespaced && path.namespace === "") throw methodNotAllowed(definition, "deletecollection");
    const body = await readObjectBody(exchange, deleteOptionsSchema, this.#services.schemas);
    const options = readDeleteOptions(exchange.query, body);
    const dryRun = (options.dryRun?.length ?? 0) > 0;
    const page = listObjects(this.#services, this.#target(request), { selection: this.#selection(request) });
    for (const { metadata } of page.objects) {
      const target = { ...this.#target(request), name: metadata.name ?? "" };
      try {
        deleteObject(this.#services, target, options, { dryRun });
      } catch (error) {
        // The deletion of one may take others of the page with it.
        if (!(error instanceof ApiError && error.httpCode === 404)) throw error;
      }
    }
    answerList(exchange, page, this.#answerOptions(request));
  }

  async #readInput(
    { exchange }: ResourceRequest,
    expected: { group: string; version: string; kind: string; schema: string },
    optionsKind: string,
  ): Promise<ApiObject> {
    const validation = readFieldValidation(exchange.query, optionsKind);
    const findings: DecodeFindings = { problems: [] };
    const body = await readObjectBody(exchange, expected.schema, this.#services.schemas, findings.problems);
    const input = decodeInput(this.#services.schemas, body, expected, findings);
    applyFieldValidation(findings, validation, expected, (message) => void exchange.warnings.push(message));
    return input;
  }
}

function checkNotFuture(wanted: number, { store }: VerbServices): void {
  if (wanted > store.revision) throw tooLargeResourceVersion(wanted, store.revision);
}

function readInitialEvents(query: URLSearchParams, bookmarks: boolean): boolean {
  const match = query.get("resourceVersionMatch") ?? "";
  if (!query.has("sendInitialEvents")) {
    if (match !== "") {
      throw forbiddenOption(
        "resourceVersionMatch",
        "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
      );
    }
    return false;
  }
  if (match !== "NotOlderThan") {
    throw forbiddenOption(
      "resourceVersionMatch",
      "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
    );
  }
  const wanted = readFlag(query, "sendInitialEvents");
  if (wanted && !bookmarks) {
    throw forbiddenOption("allowWatchBookmarks", "sendInitialEvents requires setting allowWatchBookmarks to true");
  }
  return wanted;
}

function forbiddenOption(field: string, detail: string): ApiError {
  return invalid({ group: "meta.k8s.io", kind: "ListOptions" }, "", [
    { reason: "FieldValueForbidden", message: `Forbidden: ${detail}`, field },
  ]);
}
