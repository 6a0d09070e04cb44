import { WherryError } from "@wherry/base";

/** A refusal in the form of the OCI Distribution Specification; `errorCode` is one of the codes it lists. */
export class RegistryError extends WherryError {
  readonly httpCode: number;
  readonly errorCode: string;

  constructor(httpCode: number, errorCode: string, message: string) {
    super(`REGISTRY_${errorCode}`, message);
    this.httpCode = httpCode;
    this.errorCode = errorCode;
  }

  /** The body of the answer. */
  toBody(): string {
    return JSON.stringify({ errors: [{ code: this.errorCode, message: this.message }] });
  }
}
