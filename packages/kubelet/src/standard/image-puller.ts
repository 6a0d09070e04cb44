import { type Clock, errorMessage, isAbort } from "@wherry/base";
import type { WaitingReason } from "@wherry/kubernetes";
import { type ImageService, type ImageSpec, type ImageStatus, RuntimeError } from "@wherry/runtime";
import type { FinishedPull, ImageAccess } from "../images/image-access.ts";
import { authOf, type PullCredential } from "../images/pull-credential.ts";
import type { EventContent } from "../ports/event-recorder.ts";
import { type BackOffTable, formatDuration } from "./back-off-table.ts";
import { pullPolicy, tryParseImageName } from "./image-name.ts";
import { Semaphore } from "./semaphore.ts";
import type { StartDelay } from "./start-outcome.ts";

export interface ImagePullerOptions {
  readonly images: ImageService;
  readonly clock: Clock;
  /** Who may use what is present. @default everybody */
  readonly access?: Pick<ImageAccess, "mayUse" | "recordPull"> | undefined;
  /** Pulls under way at the same time on the node. @default 5 */
  readonly maxParallelPulls?: number | undefined;
}

/** An image that a container of a pod wants to be present. */
export interface ImageRequest {
  /** As the pod's author wrote it. */
  readonly image: string;
  /** @default by the image's tag */
  readonly pullPolicy?: string | undefined;
  readonly runtimeHandler: string;
  /** Failures of this pod's pulls, by image. */
  readonly backOff: BackOffTable;
  /** Reason and cause of the last of them, by image; kept by the puller and shown while it backs off. */
  readonly failures: Map<string, string>;
  /** Asked, at most once, when something has to be pulled or it depends on them who may use what is present. */
  readonly credentials: () => Promise<readonly PullCredential[]>;
  readonly event: (content: EventContent) => void;
  /** Of the container that the events are about; without it they are about the pod. */
  readonly fieldPath?: string | undefined;
  readonly signal: AbortSignal;
}

interface PulledImage extends FinishedPull {
  readonly ref: string;
  readonly size: number;
}

/** The image is there, or why and until when its container waits. */
export type ImageOutcome = { readonly kind: "present"; readonly ref: string } | StartDelay;

/** How long a container shows the error itself before it shows that it is backing off. */
const showErrorMs = 1000;
const syncRetryMs = 10_000;

/** Makes images present by their pull policy, a bounded number at a time, with back-off and upstream's events. */
export class ImagePuller {
  readonly #options: ImagePullerOptions;
  readonly #pulls: Semaphore;

  constructor(options: ImagePullerOptions) {
    this.#options = options;
    this.#pulls = new Semaphore(options.maxParallelPulls ?? 5);
  }

  /** Never rejects but with the signal's reason: failures are outcomes. */
  async ensure(given: ImageRequest): Promise<ImageOutcome> {
    const { image } = given;
    const request: ImageRequest = { ...given, credentials: once(given.credentials) };
    const name = tryParseImageName(image);
    if (name === undefined) {
      const message = `Failed to apply default image tag ${JSON.stringify(image)}: couldn't parse image name ${JSON.stringify(image)}: invalid reference format`;
      this.#warn(request, "InspectFailed", message);
      return this.#delay("InvalidImageName", message, syncRetryMs);
    }
    const policy = pullPolicy(request.pullPolicy, name);
    const spec: ImageSpec = { image, runtimeHandler: request.runtimeHandler };
    if (policy !== "Always") {
      const present = await this.#inspect(request, spec);
      if (present.kind === "waiting") return present;
      if (present.image !== undefined && (await this.#mayUse(request, present.image)))
        return this.#present(request, present.image);
      if (policy === "Never") {
        // The same where the pod may not use it: what other pods have here is not its business.
        const message = `Container image ${JSON.stringify(image)} is not present with pull policy of Never`;
        this.#warn(request, "ErrImageNeverPull", message);
        return this.#delay("ErrImageNeverPull", message, syncRetryMs);
      }
    }
    return this.#pullOrBackOff(request, spec, policy === "IfNotPresent");
  }

  #present(request: ImageRequest, image: ImageStatus): ImageOutcome {
    const name = JSON.stringify(request.image);
    this.#normal(
      request,
      "Pulled",
      `Container image ${name} already present on machine and can be accessed by the pod`,
    );
    return { kind: "present", ref: image.ref };
  }

  async #mayUse({ image, credentials, signal }: ImageRequest, { id }: ImageStatus): Promise<boolean> {
    try {
      return (await this.#options.access?.mayUse(image, id, credentials)) ?? true;
    } catch (error) {
      throwIfAborted(error, signal);
      // The pull meets the same failure and shows it.
      return false;
    }
  }

  async #inspect(
    request: ImageRequest,
    spec: ImageSpec,
  ): Promise<{ readonly kind: "answer"; readonly image: ImageStatus | undefined } | StartDelay> {
    const { signal } = request;
    try {
      return { kind: "answer", image: await this.#options.images.imageStatus(spec, { signal }) };
    } catch (error) {
      throwIfAborted(error, signal);
      const invalid = error instanceof RuntimeError && error.code === "InvalidArgument";
      const message = `Failed to inspect image ${JSON.stringify(spec.image)}: ${errorMessage(error)}`;
      this.#warn(request, "InspectFailed", message);
      return this.#delay(invalid ? "InvalidImageName" : "ImageInspectError", message, syncRetryMs);
    }
  }

  async #pullOrBackOff(request: ImageRequest, spec: ImageSpec, mayBePresent: boolean): Promise<ImageOutcome> {
    const { clock } = this.#options;
    const { backOff, failures, signal } = request;
    const retryAtMs = backOff.retryAtSinceUpdateMs(spec.image, clock.monotonic());
    if (retryAtMs !== undefined) {
      const backingOff = `Back-off pulling image ${JSON.stringify(spec.image)}`;
      this.#normal(request, "BackOff", backingOff);
      const failure = failures.get(spec.image);
      const message = failure === undefined ? backingOff : `${backingOff}: ${failure}`;
      return { kind: "waiting", reason: "ImagePullBackOff", message, retryAtMs };
    }
    failures.delete(spec.image);
    const queuedAtMs = clock.monotonic();
    return this.#pulls.hold(signal, async () => {
      if (mayBePresent && clock.monotonic() > queuedAtMs) {
        // Another pod may have pulled it while this one waited for its turn.
        const present = await this.#inspect(request, spec);
        if (present.kind === "answer" && present.image !== undefined && (await this.#mayUse(request, present.image)))
          return this.#present(request, present.image);
      }
      return this.#pull(request, spec, queuedAtMs);
    });
  }

  async #pull(request: ImageRequest, spec: ImageSpec, queuedAtMs: number): Promise<ImageOutcome> {
    const { clock, access } = this.#options;
    const { backOff, failures, signal } = request;
    const image = JSON.stringify(spec.image);
    this.#normal(request, "Pulling", `Pulling image ${image}`);
    const startedAtMs = clock.monotonic();
    try {
      const credentials = await request.credentials();
      const pull = () => this.#tryCredentials(spec, credentials, signal);
      const { ref, size } = await (access?.recordPull(spec.image, pull) ?? pull());
      backOff.forget(spec.image);
      const now = clock.monotonic();
      const took = `${goSeconds(now - startedAtMs)} (${goSeconds(now - queuedAtMs)} including waiting)`;
      this.#normal(request, "Pulled", `Successfully pulled image ${image} in ${took}. Image size: ${size} bytes.`);
      return { kind: "present", ref };
    } catch (error) {
      throwIfAborted(error, signal);
      this.#warn(request, "Failed", `Failed to pull image ${image}: ${errorMessage(error)}`);
      const now = clock.monotonic();
      backOff.next(spec.image, now, now);
      const { reason, message } = pullFailure(spec.image, error);
      failures.set(spec.image, `${reason}: ${message}`);
      return this.#delay(reason, message, Math.min(showErrorMs, backOff.delayMs(spec.image)));
    }
  }

  async #tryCredentials(
    spec: ImageSpec,
    credentials: readonly PullCredential[],
    signal: AbortSignal,
  ): Promise<PulledImage> {
    const { images } = this.#options;
    const failures = new Map<string, unknown>();
    for (const credential of credentials) {
      const auth = authOf(credential);
      const key = JSON.stringify(auth);
      if (failures.has(key)) continue;
      try {
        return await this.#pulled(spec, await images.pullImage(spec, { signal, auth }), credential, signal);
      } catch (error) {
        throwIfAborted(error, signal);
        failures.set(key, error);
      }
    }
    if (credentials.length === 0)
      return this.#pulled(spec, await images.pullImage(spec, { signal }), undefined, signal);
    throw [...failures.values()].at(-1);
  }

  async #pulled(
    spec: ImageSpec,
    ref: string,
    credential: PullCredential | undefined,
    signal: AbortSignal,
  ): Promise<PulledImage> {
    const { images } = this.#options;
    const status = await images.imageStatus({ ...spec, image: ref }, { signal }).catch(() => undefined);
    return { ref, imageId: status?.id, size: status?.sizeBytes ?? 0, credential };
  }

  #delay(reason: string, message: string, delayMs: number): StartDelay {
    return { kind: "waiting", reason, message, retryAtMs: this.#options.clock.monotonic() + delayMs };
  }

  #normal(request: ImageRequest, reason: string, message: string): void {
    this.#event(request, { type: "Normal", reason, message });
  }

  #warn(request: ImageRequest, reason: string, message: string): void {
    this.#event(request, { type: "Warning", reason, message });
  }

  #event({ event, fieldPath }: ImageRequest, content: EventContent): void {
    event(fieldPath === undefined ? content : { ...content, fieldPath });
  }
}

/** What of a pull's failure the status says, in upstream's words. */
function pullFailure(image: string, error: unknown): WaitingReason {
  const detail = errorMessage(error);
  const because = (what: string) => `image pull failed for ${image} because the ${what}: ${detail}`;
  const code = error instanceof RuntimeError ? error.code : "";
  if (code === "RegistryUnavailable") return { reason: code, message: because("registry is unavailable") };
  if (code === "SignatureValidationFailed") return { reason: code, message: because("signature validation failed") };
  return { reason: "ErrImagePull", message: detail };
}

function throwIfAborted(error: unknown, signal: AbortSignal): void {
  if (signal.aborted) signal.throwIfAborted();
  if (isAbort(error, signal)) throw error;
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => (answer ??= ask());
}

function goSeconds(durationMs: number): string {
  if (durationMs < 1000) return `${Math.round(durationMs)}ms`;
  return durationMs < 60_000
    ? `${(durationMs / 1000).toFixed(3).replace(/0+$/, "").replace(/\.$/, "")}s`
    : formatDuration(durationMs);
}
