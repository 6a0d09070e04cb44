import type { ApiObject } from "../resources/api-object.ts";
import { apiVersionOf, type ResourceDefinition } from "../resources/resource-definition.ts";
import { columnDefinitions, type IncludeObject, partialMetadata, tableObject, tableRow } from "../tables/table.ts";
import type { ListPage } from "../verbs/list-objects.ts";
import type { HttpExchange } from "./http-exchange.ts";
import type { AnswerForm } from "./media-type.ts";

const json = "application/json";
const comma = Buffer.from(",");
const listEnd = Buffer.from("]}\n");

/** How the objects of an answer are written. */
export interface AnswerOptions {
  readonly definition: ResourceDefinition;
  readonly form: AnswerForm;
  readonly include: IncludeObject;
  readonly nowMs: number;
}

/** Answers one object; `serialised` is used where the plain object is asked for. */
export function answerObject(
  exchange: HttpExchange,
  code: number,
  object: ApiObject,
  options: AnswerOptions,
  serialised?: Buffer,
): void {
  if (options.form === "object") exchange.send(code, json, serialised ?? JSON.stringify(object));
  else if (options.form === "metadata") exchange.send(code, json, JSON.stringify(partialMetadata(object)));
  else {
    const row = tableRow(options.definition, object, options.nowMs, options.include);
    const metadata = { resourceVersion: object.metadata.resourceVersion };
    exchange.send(code, json, JSON.stringify(tableObject(columnDefinitions(options.definition), [row], metadata)));
  }
}

/** Answers a list. */
export function answerList(exchange: HttpExchange, page: ListPage, options: AnswerOptions): void {
  const { definition, form, include, nowMs } = options;
  const metadata = {
    resourceVersion: String(page.revision),
    ...(page.continueToken === undefined ? {} : { continue: page.continueToken }),
    ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
  };
  if (form === "table") {
    const rows = page.objects.map((object) => tableRow(definition, object, nowMs, include));
    exchange.send(200, json, JSON.stringify(tableObject(columnDefinitions(definition), rows, metadata)));
    return;
  }
  if (form === "metadata") {
    const list = {
      kind: "PartialObjectMetadataList",
      apiVersion: "meta.k8s.io/v1",
      metadata,
      items: page.objects.map(partialMetadata),
    };
    exchange.send(200, json, JSON.stringify(list));
    return;
  }
  const head = { kind: `${definition.kind}List`, apiVersion: apiVersionOf(definition), metadata };
  const parts: Buffer[] = [Buffer.from(`${JSON.stringify(head).slice(0, -1)},"items":[`)];
  page.objects.forEach((object, index) => {
    if (index > 0) parts.push(comma);
    const record = page.records[index];
    parts.push(
      definition.view === undefined && record !== undefined ? record.json : Buffer.from(JSON.stringify(object)),
    );
  });
  parts.push(listEnd);
  exchange.send(200, json, Buffer.concat(parts));
}
