/**
 * How long tests wait for what must come, unless they say otherwise.
 *
 * No bound of the product is meant by it: a test that passes does not wait any longer for it, and an overloaded machine is
 * slow. Tests have a somewhat longer time limit, so that what did not come is named.
 */
export const patienceMs = 120_000;
