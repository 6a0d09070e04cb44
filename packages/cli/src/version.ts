/** Version of this program; the root package.json says the same. */
export const version = "0.1.0";
