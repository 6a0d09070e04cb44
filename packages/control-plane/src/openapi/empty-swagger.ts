/** A length-delimited field of a protobuf message. */
function field(number: number, content: Buffer): Buffer {
  if (content.length > 127)
    throw new Error(`Cannot encode field ${number}: has ${content.length} bytes, expected up to 127`);
  return Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content]);
}

/**
 * The OpenAPI v2 document in its protobuf form (`openapi.v2.Document` of gnostic), without definitions.
 *
 * kubectl asks for it, and takes no other form, for what OpenAPI v3 does not describe: a `List` in a file. What it finds no
 * definition of it leaves to the server, which checks every object of the list by itself.
 */
export function emptySwagger(version: string): Buffer {
  const info = Buffer.concat([field(1, Buffer.from("Kubernetes")), field(2, Buffer.from(version.slice(0, 64)))]);
  return Buffer.concat([field(1, Buffer.from("2.0")), field(2, info)]);
}
