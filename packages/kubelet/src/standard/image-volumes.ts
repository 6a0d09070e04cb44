import type { Container, Volume } from "@wherry/kubernetes";
import type { ImageSpec } from "@wherry/runtime";
import type { ImageOutcome } from "./image-puller.ts";
import type { PodContext } from "./pod-context.ts";
import type { StartDelay } from "./start-outcome.ts";

/** The images of a container's image volumes by the volumes' names, or why it must wait. */
export type ImageVolumesOutcome =
  | { readonly kind: "present"; readonly images: ReadonlyMap<string, ImageSpec> }
  | StartDelay;

/**
 * The images of a pod's image volumes for one round of starts.
 *
 * Each is made present by its pull policy once in a round, before the first container starts, so that containers that start
 * together see the same content. A container that starts again later asks anew, as upstream's does: what a moved tag stands for
 * then is what it gets.
 */
export class ImageVolumes {
  readonly #context: PodContext;
  #outcomes: ReadonlyMap<string, ImageOutcome> | undefined;

  constructor(context: PodContext) {
    this.#context = context;
  }

  /**
   * The images that the container mounts; one that cannot be had holds up only those that mount it. Of several the last in
   * `volumeMounts` is shown. Rejects only with the signal's reason.
   */
  async ensure(container: Container, signal: AbortSignal): Promise<ImageVolumesOutcome> {
    this.#outcomes ??= await this.#pullAll(signal);
    const images = new Map<string, ImageSpec>();
    let delay: StartDelay | undefined;
    for (const { name } of container.volumeMounts ?? []) {
      const outcome = this.#outcomes.get(name);
      if (outcome?.kind === "waiting") delay = outcome;
      else if (outcome !== undefined) images.set(name, { image: outcome.ref, runtimeHandler: this.#runtimeHandler });
    }
    return delay ?? { kind: "present", images };
  }

  async #pullAll(signal: AbortSignal): Promise<ReadonlyMap<string, ImageOutcome>> {
    const outcomes = new Map<string, ImageOutcome>();
    for (const { name, image } of this.#context.spec.volumes ?? [])
      if (image) outcomes.set(name, await this.#pull(image, signal));
    return outcomes;
  }

  #pull({ reference = "", pullPolicy }: NonNullable<Volume["image"]>, signal: AbortSignal): Promise<ImageOutcome> {
    const { shared, options, pod, pullBackOff, pullFailures } = this.#context;
    return shared.puller.ensure({
      image: reference,
      pullPolicy,
      runtimeHandler: this.#runtimeHandler,
      backOff: pullBackOff,
      failures: pullFailures,
      credentials: () => options.pullSecrets.pullCredentials(pod, reference, { signal }),
      event: (content) => this.#context.event(content),
      signal,
    });
  }

  get #runtimeHandler(): string {
    return this.#context.runtimeHandler ?? "";
  }
}
