import { configuration, QuestionPiece } from "./configuration";
import { complain, openArray, readText, readWhole } from "./configuration-fields";
import { nextElement } from "./json-reader";
import { keepBytes } from "./kept-memory";
import { FIELDS_END } from "./question";

/** Reads the form of a question: texts and fields by turns. */
export function readQuestion(): void {
  if (!openArray("question")) return;
  let last: QuestionPiece | null = null;
  while (nextElement()) {
    const piece = changetype<QuestionPiece | null>(keepBytes(offsetof<QuestionPiece>()));
    if (piece === null) {
      complain("does not fit into memory (raise cache.maxBytes)");
      return;
    }
    piece.text = readText("question", true);
    const hasField = nextElement();
    piece.field = <u32>readWhole("question", 0, hasField ? FIELDS_END - 1 : -1, "must be texts and numbers by turns");
    if (last === null) configuration.question = piece;
    else last.next = piece;
    last = piece;
  }
}
