/**
 * The kind of a digest under the service's key. It takes the place of the first field's length: no length is as large.
 * A decision's key begins with the length of the service's name.
 */
export const OF_CREDENTIAL: u32 = 0xffffffff;
export const OF_CONFIGURATION: u32 = 0xfffffffe;
export const OF_CHUNK: u32 = 0xfffffffd;
export const OF_CLIENT: u32 = 0xfffffffc;
