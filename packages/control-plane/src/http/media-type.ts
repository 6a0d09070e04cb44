import { ApiError } from "../errors.ts";

/** How an object is to be answered. */
export type AnswerForm = "object" | "table" | "metadata";

interface MediaRange {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Media ranges of an Accept header in the order of their quality. */
export function parseAccept(accept: string | undefined): readonly MediaRange[] {
  if (accept === undefined || accept === "") return [{ type: "*/*", parameters: new Map() }];
  const ranges = accept.split(",").map((part) => {
    const [type = "", ...rest] = part.split(";").map((text) => text.trim());
    const parameters = new Map<string, string>();
    for (const parameter of rest) {
      const [key = "", value = ""] = parameter.split("=");
      parameters.set(key.trim().toLowerCase(), value.trim());
    }
    return { type: type.toLowerCase(), parameters, quality: Number(parameters.get("q") ?? 1) };
  });
  return ranges.sort((left, right) => right.quality - left.quality);
}

/** The form a client asks for; throws a 406 ApiError when we have none of those it takes. */
export function negotiateAnswer(accept: string | undefined): AnswerForm {
  for (const { type, parameters } of parseAccept(accept)) {
    if (type !== "application/json" && type !== "*/*" && type !== "application/*") continue;
    const as = parameters.get("as");
    if (as === undefined) return "object";
    if (parameters.get("g") !== "meta.k8s.io" || !/^v1(beta1)?$/.test(parameters.get("v") ?? "")) continue;
    if (as === "Table") return "table";
    if (as === "PartialObjectMetadata" || as === "PartialObjectMetadataList") return "metadata";
  }
  throw new ApiError(
    406,
    "NotAcceptable",
    `only the following media types are accepted: application/json (met "${(accept ?? "").slice(0, 200)}")`,
  );
}

/** The media type of a Content-Type header without its parameters. */
export function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}
