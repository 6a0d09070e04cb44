import { dnsSubdomainProblem, validateMetadata } from "@wherry/kubernetes";
import { ApiError, alreadyExists, badRequest, forbidden, invalid, notFound } from "../errors.ts";
import { type ApiObject, storageKey } from "../resources/api-object.ts";
import { type ResourceDefinition, storageName } from "../resources/resource-definition.ts";
import { trackCreate } from "./field-tracking.ts";
import {
  newUid,
  randomText,
  strategyContext,
  type Target,
  timestamp,
  type VerbServices,
  type WriteOptions,
  type WriteOutcome,
} from "./verb-services.ts";

const maxGeneratedBase = 58;
const generatedSuffix = 5;
const nameTries = 8;

/**
 * Creates `input`, which the call takes over: metadata, defaults, admission, validation, then the write.
 *
 * Throws ApiError: 404 for a missing namespace, 403 from admission, 422 for an invalid object, 409 when the name is taken.
 */
export function createObject(
  services: VerbServices,
  { definition, namespace }: Target,
  input: ApiObject,
  options: WriteOptions = {},
): WriteOutcome {
  const { strategy } = definition;
  const context = strategyContext(services, options);
  prepareMetadata(services, definition, namespace, input);
  checkNamespace(services, definition, namespace, input);
  strategy.setDefaults?.(input);
  // Before admission: what plug-ins put in is nobody's wish.
  trackCreate(services, definition, input, options);
  strategy.admit?.(input, context);
  strategy.prepareForCreate?.(input, context);
  options.admit?.(input, undefined);
  if (strategy.tracksGeneration) input.metadata.generation = 1;
  const errors = [
    ...validateMetadata(input.metadata, definition.namespaced, definition.nameProblem ?? dnsSubdomainProblem),
    ...(strategy.validate?.(input) ?? []),
    ...(strategy.validateCreate?.(input) ?? []),
  ];
  const name = input.metadata.name ?? "";
  if (errors.length > 0) throw invalid(definition, name, errors);
  const resource = storageName(definition);
  const key = storageKey(namespace, name);
  if (services.store.get(resource, key) !== undefined) throw alreadyExists(definition, name);
  const object = definition.view === undefined ? input : definition.view.toStorage(input);
  if (options.dryRun) return { object: input, created: true };
  const record = services.store.write(resource, key, "create", object);
  return {
    object: definition.view === undefined ? object : definition.view.fromStorage(object),
    record,
    created: true,
  };
}

function prepareMetadata(
  services: VerbServices,
  definition: ResourceDefinition,
  namespace: string,
  input: ApiObject,
): void {
  const { metadata } = input;
  if (metadata.resourceVersion) throw badRequest("resourceVersion should not be set on objects to be created");
  if (definition.namespaced) {
    if (metadata.namespace && metadata.namespace !== namespace) throw namespaceMismatch();
    metadata.namespace = namespace;
  }
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.selfLink;
  delete metadata.generation;
  delete metadata.managedFields;
  if (!metadata.name && metadata.generateName) metadata.name = generateName(services, definition, namespace, metadata);
  metadata.uid = newUid();
  metadata.creationTimestamp = timestamp(services.clock);
}

function generateName(
  services: VerbServices,
  definition: ResourceDefinition,
  namespace: string,
  metadata: ApiObject["metadata"],
): string {
  const base = (metadata.generateName ?? "").slice(0, maxGeneratedBase);
  const resource = storageName(definition);
  for (let tries = 0; tries < nameTries; tries++) {
    const name = base + randomText(generatedSuffix);
    if (services.store.get(resource, storageKey(namespace, name)) === undefined) return name;
  }
  throw alreadyExists(definition, base);
}

/** 400: the object names another namespace than the path. */
export function namespaceMismatch(): ApiError {
  return badRequest("the namespace of the provided object does not match the namespace sent on the request");
}

const namespaces: { readonly group: string; readonly resource: string } = { group: "", resource: "namespaces" };

/** What upstream's NamespaceLifecycle admission does. */
function checkNamespace(
  services: VerbServices,
  definition: ResourceDefinition,
  namespace: string,
  input: ApiObject,
): void {
  if (!definition.namespaced || definition.isVirtual) return;
  const record = services.store.get("namespaces", namespace);
  if (record === undefined) throw notFound(namespaces, namespace);
  if (record.object.metadata.deletionTimestamp === undefined) return;
  const refusal = forbidden(
    definition,
    input.metadata.name ?? "",
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  );
  throw new ApiError(403, "Forbidden", refusal.message, {
    details: {
      ...refusal.details,
      causes: [
        {
          reason: "NamespaceTerminating",
          message: `namespace ${namespace} is being terminated`,
          field: "metadata.namespace",
        },
      ],
    },
  });
}
