import type { Reporter, TestCase, TestModule } from "vitest/node";

/**
 * Ends a run with one plain line of counts, and lists what was skipped and why, so that a skip is never silent.
 *
 * With `WHERRY_NO_SKIPS=1` a skipped test fails the run: where all peers are installed, nothing has a reason to be skipped but what a
 * compliance suite asks of an ability that its subject does not have.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    const skipped = tests.filter((test) => test.result().state === "skipped");
    for (const test of skipped) console.log(`skipped: ${test.fullName}${reason(test)}`);
    const broken = modules.filter((module) => module.state() === "failed" && module.errors().length > 0).length;
    console.log(`\nTests: ${count("passed")} passed, ${count("failed") + broken} failed, ${skipped.length} skipped`);
    const missed = skipped.filter((test) => !reason(test).startsWith(": not applicable: "));
    if (process.env["WHERRY_NO_SKIPS"] === "1" && missed.length > 0) {
      console.error(`WHERRY_NO_SKIPS is set, but ${missed.length} tests were skipped`);
      process.exitCode = 1;
    }
  }
}

function reason(test: TestCase): string {
  const result = test.result();
  const note = result.state === "skipped" ? result.note : undefined;
  return note === undefined ? "" : `: ${note}`;
}
