import { errorMessage, isAbort, raceAbort } from "@wherry/base";
import { type Container, type EnvVarSource, type FileKeySelector, isStaticPod, type Pod } from "@wherry/kubernetes";
import { ConfigError } from "../errors.ts";
import type { EnvironmentFacts, EnvironmentResolver } from "../ports/environment.ts";
import type { EventRecorder } from "../ports/event-recorder.ts";
import type { ObjectCache, ObjectCallOptions } from "../ports/object-cache.ts";
import { EnvFileError, envFileValue } from "./env-file.ts";
import { expandVariables } from "./expand-variables.ts";
import { fieldValue } from "./field-path.ts";
import { resourceFieldValue } from "./resource-field.ts";
import type { ServiceSource } from "./service-source.ts";
import { serviceVariables } from "./service-variables.ts";
import { maxStringBytes, StartStrings } from "./start-strings.ts";
import { VariableSources } from "./variable-sources.ts";

/** Reads files that containers left in volumes of their pod, for `fileKeyRef`. */
export interface VolumeFileReader {
  /** Undefined when there is no such file; rejects for what is no regular file of the volume or too large. */
  readVolumeFile(
    podUid: string,
    volume: string,
    path: string,
    options?: ObjectCallOptions,
  ): Promise<Uint8Array | undefined>;
}

export interface EnvironmentResolverOptions {
  readonly objects: Pick<ObjectCache, "configMap" | "secret">;
  readonly events: EventRecorder;
  /** @default none: no service variables */
  readonly services?: ServiceSource | undefined;
  /** @default none: `fileKeyRef` is refused */
  readonly files?: VolumeFileReader | undefined;
}

/** Resolves the environment of containers as upstream's kubelet does; see {@link EnvironmentResolver}. */
export function createEnvironmentResolver(options: EnvironmentResolverOptions): EnvironmentResolver {
  return {
    async containerEnvironment(pod, container, facts, call = {}) {
      const namespace = pod.metadata?.namespace ?? "default";
      const strings = new StartStrings(container.name);
      if (options.services !== undefined) {
        // Static pods start without an API server, with the variables of the services known by then.
        if (!isStaticPod(pod)) await raceAbort(options.services.ready, call.signal);
        const services = options.services.forNamespace(namespace);
        const links = pod.spec?.enableServiceLinks ?? true;
        for (const { name, value } of serviceVariables(services, namespace, links)) strings.setVariable(name, value);
      }
      const sources = new VariableSources(options.objects, namespace, call);
      await sources.prefetch(container);
      const context: VariableContext = {
        pod,
        container,
        facts,
        sources,
        strings,
        events: options.events,
        files: options.files,
        call,
      };
      await importVariables(context);
      await declareVariables(context);
      return strings.variables;
    },
    expandCommand(container, environment) {
      const strings = new StartStrings(container.name, environment);
      const expand = (field: "command" | "args") =>
        (container[field] ?? []).map((word, index) => {
          const expanded = expandVariables(word, (name) => strings.variable(name), maxStringBytes);
          strings.addArgument(`${field}[${index}]`, expanded);
          return expanded;
        });
      return { command: expand("command"), args: expand("args") };
    },
  };
}

interface VariableContext {
  readonly pod: Pod;
  readonly container: Container;
  readonly facts: EnvironmentFacts;
  readonly sources: VariableSources;
  readonly strings: StartStrings;
  readonly events: EventRecorder;
  readonly files: VolumeFileReader | undefined;
  readonly call: ObjectCallOptions;
}

/** The variables of `envFrom`, in order. */
async function importVariables({ pod, container, sources, strings, events }: VariableContext): Promise<void> {
  const all = container.envFrom ?? [];
  // The same source twice gives nothing new, but could be named ten thousand times.
  const last = new Map(all.map((source, index) => [JSON.stringify(source), index]));
  for (const [index, source] of all.entries()) {
    if (last.get(JSON.stringify(source)) !== index) continue;
    const { prefix = "", configMapRef, secretRef } = source;
    const kind = configMapRef !== undefined ? "ConfigMap" : "Secret";
    const reference = configMapRef ?? secretRef;
    if (reference === undefined) {
      throw new ConfigError(
        `envFrom of container "${container.name}" has an entry with neither configMapRef nor secretRef`,
        {
          retryable: false,
        },
      );
    }
    const data = await sources.data(kind, reference.name ?? "", reference.optional ?? false);
    const invalid: string[] = [];
    for (const key of Object.keys(data ?? {}).sort()) {
      const name = prefix + key;
      if (isVariableName(name)) strings.setVariable(name, data?.[key] ?? "");
      else invalid.push(name);
    }
    if (invalid.length > 0)
      events.event(
        { kind: "Pod", pod },
        {
          type: "Warning",
          reason: "InvalidEnvironmentVariableNames",
          message: `Keys [${invalid.join(", ")}] from the EnvFrom ${kind === "ConfigMap" ? "configMap" : "secret"} ${sources.namespace}/${reference.name} were skipped since they are considered invalid environment variable names.`,
        },
      );
  }
}

/** The variables of `env`, in order; each may refer to the ones before it and to those of other sources. */
async function declareVariables(context: VariableContext): Promise<void> {
  const { container, strings } = context;
  for (const { name, value, valueFrom } of container.env ?? []) {
    if (!isVariableName(name))
      throw new ConfigError(
        `environment variable name ${JSON.stringify(name)} of container "${container.name}" is not printable ASCII without "="`,
        { retryable: false },
      );
    const resolved = value
      ? expandVariables(value, (other) => strings.variable(other), maxStringBytes)
      : await sourcedValue(context, name, valueFrom);
    if (resolved !== undefined) strings.addVariable(name, resolved);
  }
}

/** Undefined for what is missing and optional. */
async function sourcedValue(
  context: VariableContext,
  name: string,
  valueFrom: EnvVarSource | undefined,
): Promise<string | undefined> {
  if (valueFrom === undefined) return "";
  const { pod, container, facts, sources } = context;
  const where = `environment variable "${name}" of container "${container.name}"`;
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = valueFrom;
  if (fieldRef !== undefined) return fieldVariable(pod, fieldRef.fieldPath, facts, where);
  if (resourceFieldRef !== undefined)
    return resourceFieldValue(pod, container, resourceFieldRef, facts.nodeAllocatable, where);
  if (configMapKeyRef !== undefined) return sources.key("ConfigMap", configMapKeyRef);
  if (secretKeyRef !== undefined) return sources.key("Secret", secretKeyRef);
  if (fileKeyRef !== undefined && context.files !== undefined) return fileVariable(context, context.files, fileKeyRef);
  const kinds = Object.keys(valueFrom).join(", ");
  throw new ConfigError(
    `${where} has valueFrom "${kinds}"; this node knows fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef${context.files === undefined ? "" : " and fileKeyRef"}`,
    { retryable: false },
  );
}

async function fileVariable(
  { pod, call }: VariableContext,
  files: VolumeFileReader,
  { volumeName, path, key, optional = false }: FileKeySelector,
): Promise<string | undefined> {
  const file = `environment file "${path}" of volume "${volumeName}"`;
  let value: string | undefined;
  try {
    const content = await files.readVolumeFile(pod.metadata?.uid ?? "", volumeName, path, call);
    if (content === undefined) {
      if (optional) return undefined;
      throw new ConfigError(`${file} not found`);
    }
    // A byte order mark is part of the first name, as upstream has it.
    value = envFileValue(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content), key);
  } catch (error) {
    if (error instanceof ConfigError || isAbort(error, call.signal)) throw error;
    const problem = error instanceof TypeError ? "it is not UTF-8 text" : errorMessage(error);
    const verb = error instanceof EnvFileError || error instanceof TypeError ? "parse" : "read";
    throw new ConfigError(`couldn't ${verb} ${file}: ${problem}`, { cause: error });
  }
  if (value === undefined && !optional) throw new ConfigError(`couldn't find key ${key} in ${file}`);
  return value;
}

function fieldVariable(pod: Pod, fieldPath: string, facts: EnvironmentFacts, where: string): string {
  if (fieldPath === "metadata.labels" || fieldPath === "metadata.annotations")
    throw new ConfigError(`${where} has fieldPath "${fieldPath}"; expected one entry, as ${fieldPath}['<key>']`, {
      retryable: false,
    });
  return fieldValue(pod, fieldPath, facts, where);
}

/** The relaxed rule of KEP-4369: printable ASCII without `=`. */
function isVariableName(name: string): boolean {
  return /^[ -<>-~]+$/.test(name);
}
