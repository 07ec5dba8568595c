import { STATUS_OK } from "./abi";
import { arenaMark } from "./arena";
import { configuration } from "./configuration";
import { OF_CLIENT } from "./digest-domains";
import { proxy_get_property } from "./env";
import { absorbField, absorbNumber, beginDigest, digestLow, finishDigest } from "./siphash";
import { putText } from "./text-writer";

/**
 * There are few places to wait, and a client can send any number of unknown tokens. So a client may take another place only
 * while it holds fewer places than are free (a dynamic threshold: Choudhury and Hahne, 1998). One client alone gets half of
 * them, and there are always places left for the next.
 */
export function mayTakePlace(held: i32, free: i32): bool {
  return held < free;
}

/** No client: a free place, or a call without a client's request, such as one from a handover. */
export const NO_CLIENT: u32 = 0;

const RESULT: usize = memory.data(8);

/**
 * The requesting client: a keyed digest of its group from the host, so a client cannot choose another's digest. All clients
 * without a group count as one.
 */
export function currentClient(): u32 {
  const path = arenaMark();
  putText("ebb\0client_group");
  const status = proxy_get_property(path, arenaMark() - path, RESULT, RESULT + 4);
  beginDigest(configuration.digestKeyLow, configuration.digestKeyHigh);
  absorbNumber(OF_CLIENT);
  if (status == STATUS_OK) absorbField(load<usize>(RESULT), load<usize>(RESULT + 4));
  finishDigest();
  return max(<u32>digestLow(), 1);
}
