/** Encodes the parameters that have a value; with a leading `?`, or empty. */
export function encodeQuery(parameters: Readonly<Record<string, string | number | boolean | undefined>>): string {
  let query = "";
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined || value === "") continue;
    query += `${query === "" ? "?" : "&"}${name}=${encodeURIComponent(value)}`;
  }
  return query;
}
