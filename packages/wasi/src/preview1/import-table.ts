import { type WasmModuleImports, wasm } from "../web-assembly.ts";
import type { CallArgument, Preview1Call } from "./calls/call.ts";
import type { Errno } from "./errno.ts";
import { waitingFunctions } from "./functions.ts";
import type { Guest } from "./guest.ts";

/**
 * The import object of one module name for one guest.
 *
 * A function is bound when the instantiation asks for it: a guest imports a dozen of them, and with thousands of guests in a
 * thread the others would be most of an instance's cost. Listing or spreading the object works, and binds all of them.
 */
export function importTable(guest: Guest, functions: Readonly<Record<string, Preview1Call>>): WasmModuleImports {
  return new Proxy<WasmModuleImports>(
    {},
    {
      get: (bound, name) => {
        if (typeof name !== "string") return undefined;
        const call = Object.hasOwn(functions, name) ? functions[name] : undefined;
        if (call === undefined) return undefined;
        bound[name] ??= bind(guest, name, call);
        return bound[name];
      },
      has: (_bound, name) => typeof name === "string" && Object.hasOwn(functions, name),
      ownKeys: () => Object.keys(functions),
      getOwnPropertyDescriptor: (bound, name) => {
        if (typeof name !== "string" || !Object.hasOwn(functions, name)) return undefined;
        bound[name] ??= bind(guest, name, functions[name] as Preview1Call);
        return Object.getOwnPropertyDescriptor(bound, name);
      },
    },
  );
}

function bind(guest: Guest, name: string, call: Preview1Call): unknown {
  const bound = withArity(guest, name, call);
  return waitingFunctions.has(name) ? new wasm.Suspending(bound) : bound;
}

type A = CallArgument;

/** Fixed parameters instead of a rest array, which each call would allocate. */
function withArity(guest: Guest, name: string, call: Preview1Call): (...args: never[]) => Errno | Promise<Errno> {
  const settle = (run: Errno | Promise<Errno>) =>
    typeof run === "number" ? run : run.catch((error: unknown) => guest.errnoOf(error, name));
  const fail = (error: unknown) => guest.errnoOf(error, name);
  switch (call.length - 1) {
    case -1:
    case 0:
      return () => {
        try {
          guest.checkAlive();
          return settle(call(guest));
        } catch (error) {
          return fail(error);
        }
      };
    case 1:
      return (a: A) => {
        try {
          guest.checkAlive();
          return settle(call(guest, a));
        } catch (error) {
          return fail(error);
        }
      };
    case 2:
      return (a: A, b: A) => {
        try {
          guest.checkAlive();
          return settle(call(guest, a, b));
        } catch (error) {
          return fail(error);
        }
      };
    case 3:
      return (a: A, b: A, c: A) => {
        try {
          guest.checkAlive();
          return settle(call(guest, a, b, c));
        } catch (error) {
          return fail(error);
        }
      };
    case 4:
      return (a: A, b: A, c: A, d: A) => {
        try {
          guest.checkAlive();
          return settle(call(guest, a, b, c, d));
        } catch (error) {
          return fail(error);
        }
      };
    case 5:
      return (a: A, b: A, c: A, d: A, e: A) => {
        try {
          guest.checkAlive();
          return settle(call(guest, a, b, c, d, e));
        } catch (error) {
          return fail(error);
        }
      };
    default:
      return (a: A, b: A, c: A, d: A, e: A, f: A, g: A, h: A, i: A) => {
        try {
          guest.checkAlive();
          return settle(call(guest, a, b, c, d, e, f, g, h, i));
        } catch (error) {
          return fail(error);
        }
      };
  }
}
