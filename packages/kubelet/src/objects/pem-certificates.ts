const begin = "-----BEGIN CERTIFICATE-----";
const end = "-----END CERTIFICATE-----";
const base64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * The certificates of a PEM text as they stand in it, each as one line of base64.
 *
 * What is no block of that type, headers of blocks and whatever is between blocks are left out, and so are blocks that are not
 * base64; whether one is a certificate is not looked at. Takes time in proportion to the text, whatever is in it.
 */
export function certificatesIn(text: string): string[] {
  const found: string[] = [];
  let from = 0;
  for (let stop = text.indexOf(end); stop !== -1; stop = text.indexOf(end, from)) {
    const before = text.slice(from, stop);
    from = stop + end.length;
    // Of several beginnings the last: what is before belongs to no block.
    const start = before.lastIndexOf(begin);
    if (start === -1) continue;
    const body = withoutHeaders(before.slice(start + begin.length)).replace(/\s+/g, "");
    if (body.length % 4 === 0 && base64.test(body)) found.push(body);
  }
  return found;
}

/** PEM blocks one after the other, with nothing between them. */
export function pemOf(certificates: Iterable<string>): string {
  let text = "";
  for (const certificate of certificates) text += `${begin}\n${certificate.replace(/.{1,64}/g, "$&\n")}${end}\n`;
  return text;
}

/** Headers, as RFC 1421 has them, end with an empty line. */
function withoutHeaders(body: string): string {
  if (!body.includes(":")) return body;
  const blank = /\n[ \t\r]*\n/.exec(body);
  return blank === null ? "" : body.slice(blank.index + blank[0].length);
}
