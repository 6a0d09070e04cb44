import type { Container, Pod, Service } from "@wherry/kubernetes";
import { ConfigError } from "../errors.ts";
import type { EnvironmentFacts, EnvironmentResolver, EnvironmentVariable } from "../ports/environment.ts";
import type { EventRecorder } from "../ports/event-recorder.ts";
import type { ObjectCache } from "../ports/object-cache.ts";
import { expandVariables } from "./expand-variables.ts";
import { fieldValue } from "./field-path.ts";
import { resourceFieldValue } from "./resource-field.ts";
import { serviceVariables } from "./service-variables.ts";
import { VariableSources } from "./variable-sources.ts";

export interface EnvironmentResolverOptions {
  readonly objects: Pick<ObjectCache, "configMap" | "secret">;
  readonly events: EventRecorder;
  /** The services of the cluster as known now. @default none: no service variables */
  readonly services?: () => readonly Service[];
}

/** Resolves the environment of containers as upstream's kubelet does; see {@link EnvironmentResolver}. */
export function createEnvironmentResolver(options: EnvironmentResolverOptions): EnvironmentResolver {
  return {
    async containerEnvironment(pod, container, facts, call = {}) {
      const namespace = pod.metadata?.namespace ?? "default";
      const result = new Map<string, string>();
      const services = serviceVariables(options.services?.() ?? [], namespace, pod.spec?.enableServiceLinks ?? true);
      for (const { name, value } of services) result.set(name, value);
      const sources = new VariableSources(options.objects, namespace, call);
      await sources.prefetch(container);
      for (const { name, value } of await importedVariables(options.events, sources, pod, container))
        result.set(name, value);
      for (const { name, value } of await declaredVariables(sources, pod, container, facts, result))
        result.set(name, value);
      return [...result].map(([name, value]) => ({ name, value }));
    },
    expandCommand(words, environment) {
      const values = new Map(environment.map(({ name, value }) => [name, value]));
      return words.map((word) => expandVariables(word, (name) => values.get(name)));
    },
  };
}

/** The variables of `envFrom`, in order. */
async function importedVariables(
  events: EventRecorder,
  sources: VariableSources,
  pod: Pod,
  container: Container,
): Promise<EnvironmentVariable[]> {
  const result: EnvironmentVariable[] = [];
  for (const { prefix = "", configMapRef, secretRef } of container.envFrom ?? []) {
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
      if (isVariableName(name)) result.push({ name, value: data?.[key] ?? "" });
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
  return result;
}

/** The variables of `env`, in order; each may refer to the ones before it and to `known`. */
async function declaredVariables(
  sources: VariableSources,
  pod: Pod,
  container: Container,
  facts: EnvironmentFacts,
  known: ReadonlyMap<string, string>,
): Promise<EnvironmentVariable[]> {
  const own = new Map<string, string>();
  for (const { name, value, valueFrom } of container.env ?? []) {
    if (!isVariableName(name))
      throw new ConfigError(
        `environment variable name ${JSON.stringify(name)} of container "${container.name}" is not printable ASCII without "="`,
        {
          retryable: false,
        },
      );
    const where = `environment variable "${name}" of container "${container.name}"`;
    let resolved: string | undefined = "";
    if (value !== undefined && value !== "")
      resolved = expandVariables(value, (other) => own.get(other) ?? known.get(other));
    else if (valueFrom?.fieldRef !== undefined)
      resolved = fieldVariable(pod, valueFrom.fieldRef.fieldPath, facts, where);
    else if (valueFrom?.resourceFieldRef !== undefined)
      resolved = resourceFieldValue(pod, container, valueFrom.resourceFieldRef, facts.nodeAllocatable, where);
    else if (valueFrom?.configMapKeyRef !== undefined)
      resolved = await sources.key("ConfigMap", valueFrom.configMapKeyRef);
    else if (valueFrom?.secretKeyRef !== undefined) resolved = await sources.key("Secret", valueFrom.secretKeyRef);
    else if (valueFrom !== undefined) throw unknownSource(where, valueFrom);
    if (resolved !== undefined) own.set(name, resolved);
  }
  return [...own].map(([name, value]) => ({ name, value }));
}

function fieldVariable(pod: Pod, fieldPath: string, facts: EnvironmentFacts, where: string): string {
  if (fieldPath === "metadata.labels" || fieldPath === "metadata.annotations")
    throw new ConfigError(`${where} has fieldPath "${fieldPath}"; expected one entry, as ${fieldPath}['<key>']`, {
      retryable: false,
    });
  return fieldValue(pod, fieldPath, facts, where);
}

function unknownSource(where: string, valueFrom: object): ConfigError {
  const kinds = Object.keys(valueFrom).join(", ");
  return new ConfigError(
    `${where} has valueFrom "${kinds}"; this node knows fieldRef, resourceFieldRef, configMapKeyRef and secretKeyRef`,
    { retryable: false },
  );
}

/** The relaxed rule of KEP-4369: printable ASCII without `=`. */
function isVariableName(name: string): boolean {
  return /^[ -<>-~]+$/.test(name);
}
