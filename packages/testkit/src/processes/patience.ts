/**
 * How long tests wait for what must come, unless they say otherwise.
 *
 * No bound of the product is meant by it: a test that passes does not wait any longer for it, and an overloaded machine is
 * slow. Tests have a somewhat longer time limit, so that what did not come is named.
 */
export const patienceMs = 120_000;

/** Time limit of tests that wait with this patience: for suites that run under other people's settings. */
export const testTimeoutMs = 180_000;
