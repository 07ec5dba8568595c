/** Calls under way, each for one request. */
@unmanaged
export class Call {
  key: u64;
  noise: u32;
  /** 0: the place is free. */
  callId: u32;
  contextId: u32;
}

const CALLS: u32 = 256;
const CALL_BYTES: usize = 24;
if (offsetof<Call>() > 24) ERROR("Call has outgrown its memory");
const TABLE: usize = memory.data(24 * 256, 8);

/** The call of this id, or with id 0 a free place; null if there is none. */
export function findCall(callId: u32): Call | null {
  for (let index: u32 = 0; index < CALLS; index++) {
    const call = changetype<Call>(TABLE + index * CALL_BYTES);
    if (call.callId == callId) return call;
  }
  return null;
}
