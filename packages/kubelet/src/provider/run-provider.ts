import { KubeletError } from "../errors.ts";
import type { Provider } from "./provider.ts";

/** Runs what a provider does beside single pods until `signal` aborts; that it ends before is a failure, which names the provider. */
export async function runProvider(
  provider: Pick<Provider<never, never>, "name" | "run">,
  signal: AbortSignal,
): Promise<void> {
  if (provider.run === undefined) return;
  await provider.run(signal);
  if (signal.aborted) return;
  throw new KubeletError(
    "ProviderEnded",
    `run() of provider ${JSON.stringify(provider.name)} ended while its signal had not aborted; it has to go on until then, ` +
      "and a provider with nothing to do beside single pods has no run()",
  );
}
