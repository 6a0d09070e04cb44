import { errorMessage, type Logger } from "@wherry/base";
import { HttpError } from "./http-error.ts";
import type { RequestContext, Route } from "./route.ts";

/** One thing `/healthz` looks at; rejects or throws while it is not well. */
export interface HealthCheck {
  readonly name: string;
  check(): void | Promise<void>;
}

/** `/healthz` for all checks (with `?verbose` one line for each, with `?exclude=` without some) and `/healthz/{name}` for one. */
export function healthRoutes(checks: readonly HealthCheck[], logger: Logger): Route[] {
  return [
    {
      path: "/healthz",
      methods: ["GET"],
      handler: async (context) => {
        const excluded = new Set(context.query.getAll("exclude"));
        await answer(
          context,
          checks.filter(({ name }) => !excluded.has(name)),
          logger,
        );
      },
    },
    ...checks.map(
      (check): Route => ({
        path: `/healthz/${check.name}`,
        methods: ["GET"],
        handler: (context) => answer(context, [check], logger),
      }),
    ),
  ];
}

async function answer(context: RequestContext, checks: readonly HealthCheck[], logger: Logger): Promise<void> {
  const outcomes = await Promise.all(checks.map((check) => failureOf(check)));
  const lines = checks.map(({ name }, index) =>
    outcomes[index] === undefined ? `[+]${name} ok\n` : `[-]${name} failed: reason withheld\n`,
  );
  const failed = checks.filter((_, index) => outcomes[index] !== undefined);
  if (failed.length > 0) {
    // Anybody on the machine may ask, so the reasons are for the log only.
    logger.warn("Health check failed", {
      checks: failed.map(({ name }) => name).join(","),
      error: outcomes.find((failure) => failure !== undefined),
    });
    throw new HttpError(500, `${lines.join("")}healthz check failed`);
  }
  const text = context.query.has("verbose") ? `${lines.join("")}healthz check passed\n` : "ok";
  context.response.writeHead(200, {
    "Content-Type": "text/plain; charset=utf-8",
    "X-Content-Type-Options": "nosniff",
  });
  context.response.end(text);
}

async function failureOf(check: HealthCheck): Promise<string | undefined> {
  try {
    await check.check();
    return undefined;
  } catch (error) {
    return errorMessage(error);
  }
}

/** Always well: the server answers. */
export const pingCheck: HealthCheck = { name: "ping", check: () => undefined };
