import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { aborted } from "@wherry/base";
import type { PodCertificateRequest, PodCertificateRequestStatus } from "@wherry/kubernetes";
import type { CertificateRequests } from "../../src/certificates/pod-certificates.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

export interface IssueOptions {
  readonly nowMs: number;
  /** @default an hour */
  readonly lifetimeMs?: number;
  /** Text around the certificates of the chain. */
  readonly comment?: string;
}

/** Issues what a PodCertificateRequest asks for, as a signer does. */
export async function issuedStatus(
  request: PodCertificateRequest,
  { nowMs, lifetimeMs = 3_600_000, comment = "" }: IssueOptions,
): Promise<PodCertificateRequestStatus> {
  const stub = new x509.Pkcs10CertificateRequest(Buffer.from(request.spec.stubPKCS10Request, "base64"));
  if (!(await stub.verify())) throw new Error("The request does not prove possession of its key");
  const authority = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  // API times have no milliseconds.
  const notBefore = new Date(Math.floor(nowMs / 1000) * 1000);
  const notAfter = new Date(notBefore.getTime() + lifetimeMs);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${request.spec.podName}`,
    issuer: "CN=signer",
    notBefore,
    notAfter,
    signingAlgorithm: algorithm,
    publicKey: stub.publicKey,
    signingKey: authority.privateKey,
  });
  const time = (date: Date) => date.toISOString().replace(".000Z", "Z");
  return {
    certificateChain: `${comment}${certificate.toString("pem")}\n${comment}`,
    notBefore: time(notBefore),
    beginRefreshAt: time(new Date(notBefore.getTime() + lifetimeMs / 2)),
    notAfter: time(notAfter),
    conditions: [condition("Issued", "Issued")],
  };
}

export function condition(type: string, reason: string, message = "") {
  return { type, status: "True", reason, message, lastTransitionTime: "2026-01-01T00:00:00Z" };
}

/** An API server's PodCertificateRequests, of which a test decides what becomes of them. */
export class FakeCertificateRequests implements CertificateRequests {
  readonly created: PodCertificateRequest[] = [];
  readonly followed: Set<string> = new Set();
  /** Names that no watch shows. */
  readonly hidden: Set<string> = new Set();
  /** Thrown by the next creations, one each. */
  readonly failures: unknown[] = [];
  readonly #watchers: Map<string, (request: PodCertificateRequest | undefined) => void> = new Map();
  #waiting: (() => void)[] = [];

  async serviceAccountUid(_namespace: string, name: string): Promise<string> {
    return `uid-${name}`;
  }

  async create(request: PodCertificateRequest): Promise<PodCertificateRequest> {
    if (this.failures.length > 0) throw this.failures.shift();
    const name = `${request.metadata?.generateName}${this.created.length + 1}`;
    const created = { ...request, metadata: { ...request.metadata, name } };
    this.created.push(created);
    return created;
  }

  async follow(
    _namespace: string,
    name: string,
    onState: (request: PodCertificateRequest | undefined) => void,
    signal: AbortSignal,
  ): Promise<void> {
    this.followed.add(name);
    this.#watchers.set(name, onState);
    if (!this.hidden.has(name)) onState(this.created.find(({ metadata }) => metadata?.name === name));
    for (const wake of this.#waiting.splice(0)) wake();
    await aborted(signal);
    this.followed.delete(name);
    this.#watchers.delete(name);
  }

  /** The request of that name, once somebody waits for it. */
  async pending(name: string): Promise<PodCertificateRequest> {
    while (!this.followed.has(name)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.created.find(({ metadata }) => metadata?.name === name) as PodCertificateRequest;
  }

  async issue(name: string, options: IssueOptions): Promise<void> {
    this.tell(name, await issuedStatus(await this.pending(name), options));
  }

  async decide(name: string, status: PodCertificateRequestStatus): Promise<void> {
    await this.pending(name);
    this.tell(name, status);
  }

  async delete(name: string): Promise<void> {
    await this.pending(name);
    this.#watchers.get(name)?.(undefined);
  }

  tell(name: string, status: PodCertificateRequestStatus): void {
    const request = this.created.find(({ metadata }) => metadata?.name === name) as PodCertificateRequest;
    this.#watchers.get(name)?.({ ...request, status });
  }
}
