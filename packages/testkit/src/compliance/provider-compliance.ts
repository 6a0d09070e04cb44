import { type Logger, silentLogger } from "@wherry/base";
import type { EdgeTable } from "@wherry/machine";
import { afterAll, afterEach, beforeAll, describe } from "vitest";
import { testTimeoutMs } from "../processes/patience.ts";
import { eventually } from "../processes/peer-process.ts";
import { ProviderBench } from "./provider-bench.ts";
import { machineTests } from "./provider-machine.ts";
import { podTests } from "./provider-pods.ts";
import { restartTests } from "./provider-restarts.ts";
import type { ProviderSubject, ProviderSurroundings } from "./provider-subject.ts";

export interface ProviderComplianceOptions {
  /** Log of the kubelets. @default none */
  readonly logger?: Logger | undefined;
}

/**
 * The documented contract of `Provider` as tests: to be called in a test file, once for each provider.
 *
 * The provider is put into a whole kubelet on an embedded control plane, both in real time; what is asserted is what users see
 * through the API, what `Provider` answers, and that nothing is left behind after each test. The suite has time limits of its own,
 * whatever vitest's settings are.
 */
export function providerCompliance<E extends EdgeTable, Context>(
  name: string,
  open: (surroundings: ProviderSurroundings) => Promise<ProviderSubject<E, Context>>,
  options: ProviderComplianceOptions = {},
): void {
  describe(`${name} as a Provider`, { timeout: testTimeoutMs }, () => {
    let bench: ProviderBench<E, Context>;
    beforeAll(async () => {
      bench = await ProviderBench.open(open, options.logger ?? silentLogger);
    }, testTimeoutMs);
    afterEach(async () => {
      await bench.clear();
      await eventually("Nothing left behind", async () => {
        const left = [...((await bench.provider.listPods?.()) ?? []), ...((await bench.subject.leftovers?.()) ?? [])];
        if (left.length > 0) throw new Error(`Left behind: ${left.join(", ")}`);
        return true;
      });
    }, testTimeoutMs);
    afterAll(() => bench?.[Symbol.asyncDispose](), testTimeoutMs);

    machineTests(() => bench);
    podTests(() => bench);
    restartTests(() => bench);
  });
}
