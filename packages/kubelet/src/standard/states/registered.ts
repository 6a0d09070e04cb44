import { describePod } from "../describe-pod.ts";
import type { PodState } from "../pod-machine.ts";

const retryInitialMs = 200;
const retryMaxMs = 10_000;

export const registered: PodState<"registered"> = {
  name: "registered",
  retry: { backoff: { initialMs: retryInitialMs, maxMs: retryMaxMs } },

  async next(context, signal) {
    context.options.objects.registerPod(context.pod);
    await context.refresh(signal);
    const description = describePod(context);
    // What runs since an earlier life of the kubelet is shown at once; a new pod has nothing to show yet.
    if (description !== undefined && context.facts.instances.length > 0) context.handle.describe(description);
    const found = await findHandler(context, signal);
    if (found !== undefined) {
      context.refusal = found;
      return "refused";
    }
    return "mounting";
  },
};

/** Resolves the pod's runtime class; answers a refusal where the node cannot offer it. */
async function findHandler(
  context: Parameters<typeof registered.next>[0],
  signal: AbortSignal,
): Promise<{ readonly reason: string; readonly message: string } | undefined> {
  const className = context.spec.runtimeClassName;
  const known = context.shared.handlers();
  if (className === undefined || className === "") {
    context.runtimeHandler = "";
    return undefined;
  }
  const handler = await context.options.runtimeClasses.handler(className, { signal });
  if (handler === undefined) {
    const message = `Failed to create pod sandbox: failed to get sandbox runtime: RuntimeClass ${JSON.stringify(className)} not found`;
    context.event({ type: "Warning", reason: "FailedCreatePodSandBox", message });
    throw new Error(message);
  }
  if (known.size > 0 && !known.has(handler))
    return {
      reason: "RuntimeHandlerNotSupported",
      message: `RuntimeClass ${JSON.stringify(className)} asks for handler ${JSON.stringify(handler)}, this node has ${listOf(known)}`,
    };
  context.runtimeHandler = handler;
  return undefined;
}

function listOf(names: ReadonlySet<string>): string {
  // The empty name is the default handler's second one.
  return [...names]
    .filter((name) => name !== "")
    .sort()
    .map((name) => JSON.stringify(name))
    .join(", ");
}
