/**
 * The cookie of a session on the operator's host. It opens the operator's pages, so no upstream and no filter gets a cookie of
 * this name, and no service may read its credential there.
 */
export const OPERATOR_COOKIE = "__Host-ebb-operator";
