import {
  create,
  type DescMethodUnary,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { CallOptions, TtrpcClient } from "./ttrpc/client.ts";

/** The unary methods of a service as async functions from request initialiser to response message. */
export type ServiceClient<Service extends DescService> = {
  readonly [Name in keyof Service["method"]]: Service["method"][Name] extends DescMethodUnary<infer Input, infer Output>
    ? (request: MessageInitShape<Input>, options?: CallOptions) => Promise<MessageShape<Output>>
    : never;
};

/** A typed view of a service behind a ttRPC connection, made from its generated descriptor. */
export function createServiceClient<Service extends DescService>(
  service: Service,
  connection: TtrpcClient,
): ServiceClient<Service> {
  const client: Record<string, unknown> = {};
  for (const method of service.methods) {
    if (method.methodKind !== "unary") continue;
    client[method.localName] = async (request: MessageInitShape<typeof method.input>, options?: CallOptions) => {
      const payload = toBinary(method.input, create(method.input, request));
      return fromBinary(method.output, await connection.call(service.typeName, method.name, payload, options));
    };
  }
  return client as ServiceClient<Service>;
}
