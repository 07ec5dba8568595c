/** The outbound calls of an object. */
export interface CallLoad {
  /** Mean duration of an answered call, in ms; 0 while unknown. */
  readonly meanMs: number;
  /** Most calls at once. */
  readonly concurrency: number;
}
