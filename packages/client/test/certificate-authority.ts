import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...parts: Buffer[]) => der(0x30, ...parts);
const oid = (hex: string) => der(0x06, Buffer.from(hex, "hex"));
const ecdsaWithSha256 = sequence(oid("2a8648ce3d040302"));

function name(commonName: string): Buffer {
  return sequence(der(0x31, sequence(oid("550403"), der(0x0c, Buffer.from(commonName)))));
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(oid(id), der(0x01, Buffer.from([0xff])), der(0x04, value));
}

function pem(label: string, data: Buffer): string {
  const lines = data.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

export interface Issued {
  readonly certificate: string;
  readonly key: string;
}

/** An authority that lives for one test and issues X.509 certificates for 127.0.0.1, localhost and `server.test`. */
export class CertificateAuthority {
  readonly certificate: string;
  readonly #key: KeyObject;

  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.#key = privateKey;
    this.certificate = this.#sign("test authority", publicKey, [
      extension("551d13", sequence(der(0x01, Buffer.from([0xff])))),
    ]);
  }

  issue(commonName: string): Issued {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const names = sequence(
      der(0x87, Buffer.from([127, 0, 0, 1])),
      der(0x82, Buffer.from("localhost")),
      der(0x82, Buffer.from("server.test")),
    );
    return {
      certificate: this.#sign(commonName, publicKey, [extension("551d11", names)]),
      key: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    };
  }

  #sign(commonName: string, publicKey: KeyObject, extensions: Buffer[]): string {
    const time = (text: string) => der(0x18, Buffer.from(text));
    const serial = randomBytes(8);
    serial[0] = 1;
    const body = sequence(
      der(0xa0, der(0x02, Buffer.from([2]))),
      der(0x02, serial),
      ecdsaWithSha256,
      name("test authority"),
      sequence(time("20200101000000Z"), time("20991231235959Z")),
      name(commonName),
      publicKey.export({ type: "spki", format: "der" }) as Buffer,
      der(0xa3, sequence(...extensions)),
    );
    const signature = sign("sha256", body, this.#key);
    return pem("CERTIFICATE", sequence(body, ecdsaWithSha256, der(0x03, Buffer.from([0]), signature)));
  }
}
