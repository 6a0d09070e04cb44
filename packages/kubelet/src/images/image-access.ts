import { type Clock, errorMessage, type Logger } from "@wherry/base";
import { type CallOptions, type ImageService, RuntimeError } from "@wherry/runtime";
import { KubeletError } from "../errors.ts";
import type { Counter, MetricsRegistry } from "../server/metrics/metrics-registry.ts";
import { bareImageName } from "../standard/image-name.ts";
import { KeyedLock } from "../volumes/keyed-lock.ts";
import { type AccessDecision, decideAccess, matchPresented } from "./decide-access.ts";
import { type ImagePullCredentials, mergeCredentials, provenCredentials } from "./image-pulled-record.ts";
import type { PullCredential } from "./pull-credential.ts";
import type { PullRecords } from "./pull-records.ts";
import type { VerificationPolicy } from "./verification-policy.ts";

/** What a pull came to. */
export interface FinishedPull {
  /** The runtime's ID of the image; undefined where it could not be asked for it any more. */
  readonly imageId: string | undefined;
  /** Undefined for a pull without. */
  readonly credential: PullCredential | undefined;
}

/** Knows which pods may use images that are present (KEP-2535). */
export interface ImageAccess {
  /**
   * Whether a pod may use a present image without pulling it again; no where the record cannot be read. Rejects with what
   * `credentials` rejects with.
   *
   * @param image as the pod's author wrote it
   * @param imageId the runtime's
   * @param credentials of the pod; asked only if it depends on them
   */
  mayUse(image: string, imageId: string, credentials: () => Promise<readonly PullCredential[]>): Promise<boolean>;
  /**
   * Runs a pull such that its image is never taken for a preloaded one, whenever the kubelet dies. Rejects with what `pull` rejects
   * with, and with `KubeletError` where the disk does not take the intent.
   */
  recordPull<T extends FinishedPull>(image: string, pull: () => Promise<T>): Promise<T>;
  /** Puts on record what a life before pulled and did not note; before pods start. Rejects when the runtime cannot be asked. */
  recover(images: Pick<ImageService, "imageStatus">, call?: CallOptions): Promise<void>;
  /** Removes the records of images that are gone. */
  prune(images: Pick<ImageService, "imageStatus">, call?: CallOptions): Promise<void>;
}

export interface ImageAccessOptions {
  readonly records: PullRecords;
  readonly policy: VerificationPolicy;
  readonly metrics: MetricsRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function createImageAccess(options: ImageAccessOptions): ImageAccess {
  return new RecordedAccess(options);
}

/** Pulls of one name that are under way. */
interface PullsOfName {
  readonly count: number;
  /** Whether the last of them that brought an image could not be put on record. */
  readonly lacksRecord: boolean;
}

class RecordedAccess implements ImageAccess {
  readonly #options: ImageAccessOptions;
  readonly #checks: Counter;
  /** Of records by image ID, of intents by name. */
  readonly #lock: KeyedLock = new KeyedLock();
  readonly #pulls: Map<string, PullsOfName> = new Map();

  constructor(options: ImageAccessOptions) {
    this.#options = options;
    this.#checks = options.metrics.counter(
      "kubelet_imagemanager_image_mustpull_checks_total",
      "Counter for how many times kubelet checked whether credentials need to be re-verified to access an image",
    );
  }

  async mayUse(
    image: string,
    imageId: string,
    credentials: () => Promise<readonly PullCredential[]>,
  ): Promise<boolean> {
    const decision = await this.#decide(image, imageId);
    if (decision === undefined) return this.#checked("error", false);
    if (decision.kind !== "ask") {
      const allowed = decision.kind === "allowed";
      const result = allowed && decision.by === "policy" ? "credentialPolicyAllowed" : resultOf(allowed);
      return this.#checked(result, allowed);
    }
    const { allowed, learned } = matchPresented(decision.known, await credentials());
    if (learned !== undefined) await this.#learn(image, imageId, learned);
    return this.#checked(resultOf(allowed), allowed);
  }

  /** Undefined where the record cannot be read. */
  async #decide(image: string, imageId: string): Promise<AccessDecision | undefined> {
    const { records, policy, logger } = this.#options;
    // Before the record, which is there when the intent goes.
    const isPulling = records.isPulling(image);
    try {
      return decideAccess(image, { record: await records.record(imageId), isPulling }, policy);
    } catch (error) {
      logger.error("Cannot read who may use an image", { image, imageId, error: errorMessage(error) });
      return undefined;
    }
  }

  async recordPull<T extends FinishedPull>(image: string, pull: () => Promise<T>): Promise<T> {
    await this.#begin(image);
    let finished: T;
    try {
      finished = await pull();
    } catch (error) {
      await this.#end(image, undefined);
      throw error;
    }
    const { imageId, credential } = finished;
    let isRecorded = false;
    try {
      if (imageId !== undefined) {
        await this.#prove(image, imageId, provenCredentials(credential));
        isRecorded = true;
      }
    } catch (error) {
      this.#options.logger.error("Cannot record a pull", { image, imageId, error: errorMessage(error) });
    }
    // Without a record the intent stays: the image is not to count as preloaded, and the next life tries again.
    await this.#end(image, isRecorded);
    return finished;
  }

  async recover(images: Pick<ImageService, "imageStatus">, call?: CallOptions): Promise<void> {
    const { records, logger } = this.#options;
    for (const image of await records.intents()) {
      const present = await images.imageStatus({ image }, call).catch((error: unknown) => {
        if (!(error instanceof RuntimeError && error.code === "InvalidArgument")) throw error;
        logger.warn("Cannot look for an image whose pull was under way", { image, error: errorMessage(error) });
        return undefined;
      });
      if (present === undefined) continue;
      try {
        await this.#prove(image, present.id, undefined);
        await records.deleteIntent(image);
      } catch (error) {
        logger.error("Cannot record a pull", { image, imageId: present.id, error: errorMessage(error) });
      }
    }
  }

  async prune(images: Pick<ImageService, "imageStatus">, call?: CallOptions): Promise<void> {
    const { records, logger } = this.#options;
    try {
      for (const imageRef of await records.recorded())
        await this.#lock.run(imageRef, async () => {
          // Asked under the lock: a pull that has just brought it back waits to write its record.
          if ((await images.imageStatus({ image: imageRef }, call)) === undefined) await records.deleteRecord(imageRef);
        });
    } catch (error) {
      call?.signal?.throwIfAborted();
      logger.warn("Cannot remove records of images that are gone", { error: errorMessage(error) });
    }
  }

  /** @param proven undefined for an image that nobody is known to have credentials for */
  #prove(image: string, imageId: string, proven: ImagePullCredentials | undefined): Promise<void> {
    const { records, clock, logger } = this.#options;
    return this.#lock.run(imageId, async () => {
      const before = await records.record(imageId).catch((error: unknown) => {
        logger.warn("Replaces a record of an image that cannot be read", { imageId, error: errorMessage(error) });
        return undefined;
      });
      const mapping = new Map(before?.credentialMapping);
      const name = bareImageName(image);
      if (name !== undefined && proven !== undefined) {
        const known = mapping.get(name);
        const merged = mergeCredentials(known, proven);
        if (merged === known) return;
        mapping.set(name, merged);
      } else if (before !== undefined) return;
      const lastUpdatedTime = `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;
      await records.writeRecord({ lastUpdatedTime, imageRef: imageId, credentialMapping: mapping });
    });
  }

  async #learn(image: string, imageId: string, learned: PullCredential): Promise<void> {
    try {
      await this.#prove(image, imageId, provenCredentials(learned));
    } catch (error) {
      // Only the next look is dearer.
      this.#options.logger.warn("Cannot record a secret", { image, imageId, error: errorMessage(error) });
    }
  }

  #begin(image: string): Promise<void> {
    return this.#lock.run(image, async () => {
      const pulls = this.#pulls.get(image);
      try {
        if (pulls === undefined) await this.#options.records.writeIntent(image);
      } catch (error) {
        const message = `Failed to record image pull intent for container image ${JSON.stringify(image)}: ${errorMessage(error)}`;
        throw new KubeletError("RecordUnwritable", message, { cause: error });
      }
      this.#pulls.set(image, { count: (pulls?.count ?? 0) + 1, lacksRecord: pulls?.lacksRecord ?? false });
    });
  }

  /** @param isRecorded undefined for a pull that failed */
  #end(image: string, isRecorded: boolean | undefined): Promise<void> {
    return this.#lock.run(image, async () => {
      const pulls = this.#pulls.get(image);
      const count = (pulls?.count ?? 1) - 1;
      const lacksRecord = isRecorded === undefined ? pulls?.lacksRecord === true : !isRecorded;
      if (count > 0) {
        this.#pulls.set(image, { count, lacksRecord });
        return;
      }
      this.#pulls.delete(image);
      if (lacksRecord) return;
      try {
        await this.#options.records.deleteIntent(image);
      } catch (error) {
        this.#options.logger.warn("Cannot remove an image pull intent", { image, error: errorMessage(error) });
      }
    });
  }

  #checked(result: CheckResult, allowed: boolean): boolean {
    this.#checks.add({ result });
    return allowed;
  }
}

/** Values of the label that upstream's metric has. */
type CheckResult = "credentialPolicyAllowed" | "credentialRecordFound" | "mustAuthenticate" | "error";

function resultOf(allowed: boolean): CheckResult {
  return allowed ? "credentialRecordFound" : "mustAuthenticate";
}
