import {
  create,
  type DescMessage,
  type DescMethodUnary,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { RpcError } from "./errors.ts";
import type { CallContext, Handler } from "./ttrpc/server.ts";

/** Implementation of (some of) a service's unary methods; those left out are answered `Unimplemented`. */
export type ServiceImplementation<Service extends DescService> = {
  readonly [Name in keyof Service["method"]]?: Service["method"][Name] extends DescMethodUnary<
    infer Input,
    infer Output
  >
    ? (
        request: MessageShape<Input>,
        context: CallContext,
      ) => Promise<MessageInitShape<Output>> | MessageInitShape<Output>
    : never;
};

/** Handlers of a service for `TtrpcServerOptions.handlers`, made from its generated descriptor. */
export function serviceHandlers<Service extends DescService>(
  service: Service,
  implementation: ServiceImplementation<Service>,
): Readonly<Record<string, Readonly<Record<string, Handler>>>> {
  const methods: Record<string, Handler> = {};
  const implemented = implementation as Record<
    string,
    ((request: unknown, context: CallContext) => Promise<Record<string, unknown>>) | undefined
  >;
  for (const method of service.methods) {
    const implement = implemented[method.localName];
    if (implement === undefined || method.methodKind !== "unary") continue;
    const { input, output, parent, name } = method;
    methods[name] = async (payload, context) =>
      toBinary(output, create(output, await implement(decode(input, payload, `${parent.typeName}/${name}`), context)));
  }
  return { [service.typeName]: methods };
}

function decode(type: DescMessage, payload: Uint8Array, call: string): unknown {
  try {
    return fromBinary(type, payload);
  } catch (error) {
    throw new RpcError("InvalidArgument", `Cannot decode request of ${call}`, { cause: error });
  }
}
