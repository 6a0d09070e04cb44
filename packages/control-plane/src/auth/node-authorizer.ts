import type { Pod, PodCertificateRequest } from "@wherry/kubernetes";
import type { Store } from "../storage/store.ts";
import type { RequestAttributes } from "./authorizer.ts";
import { referencesOf } from "./pod-references.ts";

/** Undefined when a node may do what it asks for, else why not; the empty reason is a plain no. */
export type NodeRefusal = string | undefined;

const readVerbs: readonly string[] = ["get", "list", "watch"];
const leaseNamespace = "kube-node-lease";

/** `RESOURCE.GROUP` that every node may read whole. */
const readable: ReadonlySet<string> = new Set([
  "services",
  "endpointslices.discovery.k8s.io",
  "runtimeclasses.node.k8s.io",
  "csidrivers.storage.k8s.io",
  "csinodes.storage.k8s.io",
  "priorityclasses.scheduling.k8s.io",
  "clustertrustbundles.certificates.k8s.io",
]);

const creatable: ReadonlySet<string> = new Set([
  "tokenreviews.authentication.k8s.io",
  "selfsubjectreviews.authentication.k8s.io",
  "subjectaccessreviews.authorization.k8s.io",
  "localsubjectaccessreviews.authorization.k8s.io",
  "selfsubjectaccessreviews.authorization.k8s.io",
  "certificatesigningrequests.certificates.k8s.io",
]);

/** What a node does to its own pods; above all it does not change what they ask for. */
const podWrites: ReadonlySet<string> = new Set(["delete", "update status", "patch status", "create eviction"]);

/**
 * What upstream's Node authorizer allows, together with those checks of NodeRestriction that need no body: a node reads what
 * its own pods refer to and writes its own Node, Lease, pods and events.
 */
export class NodeAuthorizer {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  check(nodeName: string, attributes: RequestAttributes): NodeRefusal {
    const { group, resource, verb } = attributes;
    const full = group === "" ? resource : `${resource}.${group}`;
    const isRead = readVerbs.includes(verb);
    switch (full) {
      case "nodes":
        return this.#checkNode(nodeName, attributes, isRead);
      case "pods":
        return this.#checkPod(nodeName, attributes, isRead);
      case "leases.coordination.k8s.io":
        return checkLease(nodeName, attributes);
      case "events":
      case "events.events.k8s.io":
        return ["create", "update", "patch"].includes(verb) ? undefined : "";
      case "serviceaccounts":
        if (attributes.subresource === "token" && verb === "create") return this.#checkRelation(nodeName, attributes);
        return verb === "get" ? this.#checkRelation(nodeName, attributes) : "";
      case "secrets":
      case "configmaps":
      case "persistentvolumeclaims":
        return isRead ? this.#checkRelation(nodeName, attributes) : "can only read resources of this type";
      case "podcertificaterequests.certificates.k8s.io":
        return this.#checkCertificateRequest(nodeName, attributes);
      case "csinodes.storage.k8s.io":
        return isRead || attributes.name === nodeName || verb === "create"
          ? undefined
          : "can only access CSINode with the same name as the requesting node";
      default:
        if (isRead && readable.has(full)) return undefined;
        return verb === "create" && creatable.has(full) ? undefined : "";
    }
  }

  #checkNode(nodeName: string, attributes: RequestAttributes, isRead: boolean): NodeRefusal {
    const { name, subresource, verb } = attributes;
    if (subresource !== "" && subresource !== "status") return "";
    if (isRead) {
      if (name === nodeName) return undefined;
      return `node '${nodeName}' cannot read '${name}', only its own Node object`;
    }
    if (verb === "create") return undefined;
    if (verb === "deletecollection" || verb === "delete") return "";
    return name === nodeName ? undefined : `node "${nodeName}" is not allowed to modify node "${name}"`;
  }

  #checkPod(nodeName: string, attributes: RequestAttributes, isRead: boolean): NodeRefusal {
    const { namespace, name, subresource, verb } = attributes;
    if (verb === "list" || verb === "watch") {
      if (attributes.fields?.get("spec.nodeName") === nodeName) return undefined;
      return "can only list/watch pods with spec.nodeName field selector";
    }
    if (verb === "create" && subresource === "") return undefined;
    if (isRead && subresource !== "") return "cannot get subresource";
    if (!isRead && !podWrites.has(subresource === "" ? verb : `${verb} ${subresource}`)) return "";
    const pod = this.#store.get("pods", `${namespace}/${name}`)?.object as Pod | undefined;
    // A pod that is not there answers 404 by itself.
    if (pod === undefined || pod.spec?.nodeName === nodeName) return undefined;
    if (isRead) return `no relationship found between node '${nodeName}' and this object`;
    const what = subresource === "status" ? "update pod status for" : verb === "delete" ? "delete" : "evict";
    return `node "${nodeName}" can only ${what} pods with spec.nodeName set to itself`;
  }

  #checkCertificateRequest(nodeName: string, attributes: RequestAttributes): NodeRefusal {
    const { namespace, name, subresource, verb } = attributes;
    if (subresource !== "") return `nodes may not access the ${subresource} subresource of PodCertificateRequests`;
    switch (verb) {
      case "create":
        return undefined;
      case "list":
      case "watch":
        if (attributes.fields?.get("spec.nodeName") === nodeName) return undefined;
        return "can only list/watch podcertificaterequests with nodeName field selector";
      case "get": {
        const key = `${namespace}/${name}`;
        const request = this.#store.get("podcertificaterequests.certificates.k8s.io", key)?.object;
        if ((request as PodCertificateRequest | undefined)?.spec.nodeName === nodeName) return undefined;
        return `no relationship found between node '${nodeName}' and this object`;
      }
      default:
        return `nodes may not ${verb} podcertificaterequests`;
    }
  }

  #checkRelation(nodeName: string, { namespace, name, resource }: RequestAttributes): NodeRefusal {
    if (name === "") return `No Object name found`;
    for (const record of this.#store.list("pods", namespace)) {
      const pod = record.object as Pod;
      if (pod.spec?.nodeName !== nodeName) continue;
      const references = referencesOf(pod);
      if (references[resource as keyof typeof references].has(name)) return undefined;
    }
    return `no relationship found between node '${nodeName}' and this object`;
  }
}

function checkLease(nodeName: string, { namespace, name, verb }: RequestAttributes): NodeRefusal {
  if (!["get", "create", "update", "patch", "delete"].includes(verb)) {
    return "can only get, create, update, patch, or delete a node lease";
  }
  if (namespace !== leaseNamespace) return `can only access leases in the "${leaseNamespace}" system namespace`;
  if (verb !== "create" && name !== nodeName)
    return "can only access node lease with the same name as the requesting node";
  return undefined;
}
