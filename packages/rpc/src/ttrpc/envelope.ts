import {
  bytesField,
  int32Field,
  int64Field,
  messageField,
  repeatedField,
  stringField,
  type WireMessage,
  wireMessage,
} from "../wire/message.ts";

export interface WireAny {
  typeUrl: string;
  value: Uint8Array;
}

/** `google.protobuf.Any`. */
export const wireAny: WireMessage<WireAny> = wireMessage("google.protobuf.Any", {
  typeUrl: stringField(1),
  value: bytesField(2),
});

export interface WireStatus {
  code: number;
  message: string;
  details: (WireAny | undefined)[];
}

/** `google.rpc.Status`. */
export const wireStatus: WireMessage<WireStatus> = wireMessage("google.rpc.Status", {
  code: int32Field(1),
  message: stringField(2),
  details: repeatedField(messageField(3, () => wireAny)),
});

export interface KeyValue {
  key: string;
  value: string;
}

export interface RequestEnvelope {
  service: string;
  method: string;
  payload: Uint8Array;
  /** Nanoseconds left for the call, 0 for no limit. */
  timeoutNano: bigint;
  metadata: (KeyValue | undefined)[];
}

const keyValue: WireMessage<KeyValue> = wireMessage("ttrpc.KeyValue", { key: stringField(1), value: stringField(2) });

/** `ttrpc.Request`: the data of a request frame. */
export const requestEnvelope: WireMessage<RequestEnvelope> = wireMessage("ttrpc.Request", {
  service: stringField(1),
  method: stringField(2),
  payload: bytesField(3),
  timeoutNano: int64Field(4),
  metadata: repeatedField(messageField(5, () => keyValue)),
});

export interface ResponseEnvelope {
  status: WireStatus | undefined;
  payload: Uint8Array;
}

/** `ttrpc.Response`: the data of a response frame. */
export const responseEnvelope: WireMessage<ResponseEnvelope> = wireMessage("ttrpc.Response", {
  status: messageField(1, () => wireStatus),
  payload: bytesField(2),
});
