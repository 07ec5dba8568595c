/**
 * A call that cannot be sent as it must be, or whose reply must not be used. That says nothing about whether the server answers, so
 * it never opens a service. The message goes to the log: nothing in it comes from a client or from a secret.
 */
export class ImpossibleCall extends Error {}
