import { KubeletError } from "../errors.ts";

/** A refusal to answer a request: thrown by handlers, sent by the server as `status` with the message as plain text. */
export class HttpError extends KubeletError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super("HttpError", message);
    this.status = status;
    this.headers = headers;
  }
}
