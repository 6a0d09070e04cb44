import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const conditions = ["@wherry/source"];

export default defineConfig({
  ssr: { resolve: { conditions } },
  test: {
    // Much of their time tests wait: two files at a time also on two processors, where the default is one.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    reporters: ["default", "./scripts/summary-reporter.ts"],
    projects: [
      {
        ssr: { resolve: { conditions } },
        test: {
          name: "unit",
          include: ["packages/*/test/**/*.test.ts"],
          exclude: ["**/*.integration.test.ts", "**/*.peer.test.ts", "**/node_modules/**"],
          isolate: false,
          // No test waits for a time; a loaded machine may be slow.
          testTimeout: 30_000,
          hookTimeout: 30_000,
          execArgv: ["--conditions=@wherry/source"],
        },
      },
      {
        ssr: { resolve: { conditions } },
        test: {
          name: "integration",
          include: ["packages/*/test/**/*.integration.test.ts", "examples/*/test/**/*.test.ts"],
          exclude: ["**/*.peer.test.ts", "**/node_modules/**"],
          // Longer than tests wait for any one thing, see the testkit's patience.
          testTimeout: 180_000,
          hookTimeout: 180_000,
          execArgv: ["--conditions=@wherry/source"],
        },
      },
      {
        ssr: { resolve: { conditions } },
        test: {
          name: "peer",
          include: ["packages/*/test/**/*.peer.test.ts", "examples/*/test/**/*.peer.test.ts"],
          testTimeout: 180_000,
          // Peers written in Go are built there, from an empty cache at first.
          hookTimeout: 600_000,
          fileParallelism: false,
          execArgv: ["--conditions=@wherry/source"],
        },
      },
    ],
  },
});
