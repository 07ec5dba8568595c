import { STATUS_OK, proxy_get_property } from "./abi";
import { arenaMark } from "./arena";
import { configuration } from "./configuration";
import { OF_CLIENT } from "./digest-domains";
import { absorbField, absorbNumber, beginDigest, digestLow, finishDigest } from "./siphash";
import { putText } from "./text-writer";

/**
 * Places to wait are few, and a client can send any number of unknown tokens. So a client may take one more place only while
 * it holds fewer than are free (a dynamic threshold: Choudhury and Hahne, 1998). One client alone gets half of them, and there are always
 * places left for the next.
 */
export function mayTakePlace(held: i32, free: i32): bool {
  return held < free;
}

/** What is left of a client's place in whose name nobody asked: a handed-over call, for one. */
export const NO_CLIENT: u32 = 0;

const RESULT: usize = memory.data(8);

/**
 * The client that asks: a keyed digest of its group as the host tells it, so that no client chooses another's. Clients of which
 * the host tells nothing are one.
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
