// Words of the server in which code stands between backticks. It may be of an event, so it
// is only ever text.
import { EventText } from "./EventText";

export function Coded({ text }: { text: string }) {
  return piecesOf(text).map((piece, index) =>
    index % 2 === 1 ? (
      <code key={index}>
        <EventText text={piece} />
      </code>
    ) : (
      piece !== "" && <EventText key={index} text={piece} />
    ),
  );
}

/** What stands before, within and behind each pair; one that is left over is a backtick. */
function piecesOf(text: string): string[] {
  const pieces = text.split("`");
  if (pieces.length % 2 === 1) return pieces;
  const rest = pieces.splice(-2).join("`");
  return [...pieces, rest];
}
