import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { errorCode } from "@wherry/base";
import { invalidValue, type Pod } from "@wherry/kubernetes";
import { badRequest, conflict, invalid, notFound } from "../errors.ts";
import { writePrivateFile } from "../pki/write-private-file.ts";
import type { ApiObject } from "../resources/api-object.ts";
import { serviceAccounts } from "../resources/service-accounts.ts";
import { readObject } from "../verbs/update-object.ts";
import { timestamp, type VerbServices } from "../verbs/verb-services.ts";
import type { VerifiedToken } from "./authenticator.ts";
import { keyIdOf, signJwt, verifyJwt } from "./jwt.ts";
import type { BoundObjectReference, TokenRequest } from "./token-request.ts";
import { authenticatedGroup } from "./user.ts";

/** Who issues tokens, and whom a token without audiences is for. */
export const tokenIssuer = "https://kubernetes.default.svc.cluster.local";

const defaultSeconds = 3600;
const minSeconds = 600;
const maxSeconds = 2 ** 32;
const tokenRequestKind = { group: "authentication.k8s.io", kind: "TokenRequest" };
const userPrefix = "system:serviceaccount:";
// A deleted object's tokens stay good for a moment, so that its last requests go through.
const deletedLeewayMs = 60_000;

interface NamedObject {
  readonly name: string;
  readonly uid: string;
}

interface PrivateClaims {
  readonly namespace: string;
  readonly serviceaccount: NamedObject;
  readonly pod?: NamedObject;
  readonly node?: NamedObject;
  readonly secret?: NamedObject;
}

interface Claims {
  readonly aud: readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly iss: string;
  readonly jti: string;
  readonly nbf: number;
  readonly sub: string;
  readonly "kubernetes.io": PrivateClaims;
}

/** Issues and verifies service account tokens, bound to the objects they were requested for (KEP-1205). */
export class ServiceAccountTokens {
  readonly #services: VerbServices;
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  readonly #keyId: string;

  /** Reads the signing key at `keyPath`, making it first where there is none. */
  constructor(services: VerbServices, keyPath: string) {
    this.#services = services;
    this.#privateKey = loadKey(keyPath);
    this.#publicKey = createPublicKey(this.#privateKey);
    this.#keyId = keyIdOf(this.#publicKey);
  }

  /** The public keys as a JSON Web Key Set. */
  get keySet(): { keys: readonly Record<string, unknown>[] } {
    return { keys: [{ use: "sig", kid: this.#keyId, alg: "ES256", ...this.#publicKey.export({ format: "jwk" }) }] };
  }

  /** Answers a TokenRequest for a service account; throws ApiError. */
  issue(namespace: string, name: string, request: TokenRequest): TokenRequest {
    const { clock } = this.#services;
    const account = readObject(this.#services, { definition: serviceAccounts, namespace, name }).object;
    const { uid = "" } = account.metadata;
    checkUid(name, uid, request.metadata?.uid);
    const seconds = request.spec.expirationSeconds ?? defaultSeconds;
    checkDuration(seconds);
    const audiences = request.spec.audiences?.length ? request.spec.audiences : [tokenIssuer];
    const bound = request.spec.boundObjectRef;
    const nowSeconds = Math.floor(clock.now() / 1000);
    const claims: Claims = {
      aud: audiences,
      exp: nowSeconds + seconds,
      iat: nowSeconds,
      iss: tokenIssuer,
      jti: randomUUID(),
      nbf: nowSeconds,
      sub: `${userPrefix}${namespace}:${name}`,
      "kubernetes.io": {
        namespace,
        serviceaccount: { name, uid },
        ...(bound === undefined ? {} : this.#bind(namespace, name, bound)),
      },
    };
    const token = signJwt({ ...claims }, this.#privateKey, this.#keyId);
    const expirationTimestamp = timestamp({ ...clock, now: () => claims.exp * 1000 });
    return {
      ...request,
      metadata: { name, namespace, uid, creationTimestamp: timestamp(clock) },
      spec: { ...request.spec, audiences, expirationSeconds: seconds },
      status: { token, expirationTimestamp },
    };
  }

  /** Whose token this is and for which audiences; undefined when it is not ours, expired, or its objects are gone. */
  verify(token: string): VerifiedToken | undefined {
    const claims = verifyJwt(token, this.#publicKey) as unknown as Claims | undefined;
    if (claims === undefined || claims.iss !== tokenIssuer) return undefined;
    const nowSeconds = this.#services.clock.now() / 1000;
    if (!(nowSeconds < claims.exp) || nowSeconds + 1 < claims.nbf) return undefined;
    const { namespace, serviceaccount, pod, node, secret } = claims["kubernetes.io"];
    if (!this.#isAlive("serviceaccounts", namespace, serviceaccount)) return undefined;
    if (pod !== undefined && !this.#isAlive("pods", namespace, pod)) return undefined;
    if (secret !== undefined && !this.#isAlive("secrets", namespace, secret)) return undefined;
    if (node !== undefined && pod === undefined && !this.#isAlive("nodes", "", node)) return undefined;
    return {
      audiences: claims.aud,
      user: {
        name: claims.sub,
        uid: serviceaccount.uid,
        groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, authenticatedGroup],
        extra: {
          "authentication.kubernetes.io/credential-id": [`JTI=${claims.jti}`],
          ...(node === undefined
            ? {}
            : {
                "authentication.kubernetes.io/node-name": [node.name],
                "authentication.kubernetes.io/node-uid": [node.uid],
              }),
          ...(pod === undefined
            ? {}
            : {
                "authentication.kubernetes.io/pod-name": [pod.name],
                "authentication.kubernetes.io/pod-uid": [pod.uid],
              }),
        },
      },
    };
  }

  #isAlive(resource: string, namespace: string, { name, uid }: NamedObject): boolean {
    const { store, clock } = this.#services;
    const object = store.get(resource, namespace === "" ? name : `${namespace}/${name}`)?.object;
    if (object?.metadata.uid !== uid) return false;
    const { deletionTimestamp } = object.metadata;
    return deletionTimestamp === undefined || clock.now() < Date.parse(deletionTimestamp) + deletedLeewayMs;
  }

  #bind(namespace: string, account: string, bound: BoundObjectReference): Partial<PrivateClaims> {
    const { store } = this.#services;
    const resources: Readonly<Record<string, string>> = { Pod: "pods", Secret: "secrets", Node: "nodes" };
    const resource = resources[bound.kind ?? ""];
    if (resource === undefined) {
      throw badRequest(`cannot bind token to object of type ${bound.apiVersion ?? ""}, Kind=${bound.kind ?? ""}`);
    }
    const key = resource === "nodes" ? (bound.name ?? "") : `${namespace}/${bound.name}`;
    const object = store.get(resource, key)?.object;
    const reference = { group: "", resource };
    if (object === undefined) throw notFound(reference, bound.name ?? "");
    const { uid = "", name = "" } = object.metadata;
    if (bound.uid && bound.uid !== uid) {
      throw conflict(
        reference,
        name,
        `the UID in the bound object reference (${bound.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
      );
    }
    const claim = { name, uid };
    if (resource === "secrets") return { secret: claim };
    if (resource === "nodes") return { node: claim };
    return { pod: claim, ...this.#nodeOf(object, account) };
  }

  #nodeOf(object: ApiObject, account: string): Partial<PrivateClaims> {
    const { spec } = object as Pod;
    if (spec?.serviceAccountName !== account) {
      throw badRequest(
        `cannot bind token for serviceaccount "${account}" to pod running with different serviceaccount name.`,
      );
    }
    const name = spec.nodeName;
    if (!name) return {};
    const uid = this.#services.store.get("nodes", name)?.object.metadata.uid;
    return uid === undefined ? {} : { node: { name, uid } };
  }
}

/** Who names the account's UID wants no token of another that has its name since. */
function checkUid(name: string, uid: string, wanted: string | undefined): void {
  if (!wanted || wanted === uid) return;
  throw conflict(
    { group: tokenRequestKind.group, resource: tokenRequestKind.kind },
    name,
    `the UID in the token request (${wanted}) does not match the UID of the service account (${uid})`,
  );
}

function checkDuration(seconds: number): void {
  const field = "spec.expirationSeconds";
  if (seconds < minSeconds) {
    throw invalid(tokenRequestKind, "", [
      invalidValue(field, seconds, "may not specify a duration less than 10 minutes"),
    ]);
  }
  if (seconds > maxSeconds) {
    throw invalid(tokenRequestKind, "", [
      invalidValue(field, seconds, "may not specify a duration larger than 2^32 seconds"),
    ]);
  }
}

function loadKey(path: string): KeyObject {
  try {
    return createPrivateKey(readFileSync(path, "utf8"));
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  writePrivateFile(path, privateKey.export({ type: "pkcs8", format: "pem" }) as string);
  return privateKey;
}
