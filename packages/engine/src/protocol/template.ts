import { stringField, uint32Field, type WireMessage, wireMessage } from "@wherry/rpc/ttrpc";

// The template's view of packages/rpc/proto/wherry/engine/v1/engine.proto; a test compares the two.

/** Full name of the service of the process that splits off hosts. */
export const templateServiceName = "wherry.engine.v1.Template";

export const forkRequest: WireMessage<{ socket: string; directory: string }> = wireMessage(
  "wherry.engine.v1.ForkRequest",
  {
    socket: stringField(1),
    directory: stringField(2),
  },
);

export const forkResponse: WireMessage<{ pid: number }> = wireMessage("wherry.engine.v1.ForkResponse", {
  pid: uint32Field(1),
});

export interface ReapResponse {
  pid: number;
  code: number;
  signal: number;
}

export const reapResponse: WireMessage<ReapResponse> = wireMessage("wherry.engine.v1.ReapResponse", {
  pid: uint32Field(1),
  code: uint32Field(2),
  signal: uint32Field(3),
});
