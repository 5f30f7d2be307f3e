const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Depth between the elements of `{"items": [ … ]}`: the object and the array are open. */
const BETWEEN_ITEMS = 2;

/**
 * Takes the elements out of a Kubernetes list (`{…, "items": [{…}, …]}`) while it arrives, so that of 10,000 objects
 * only one stands in memory at a time. Our own, because general streaming parsers build each value token by token, many
 * times slower than `JSON.parse` on the text of one element; finding where an element ends needs quotes and brackets
 * only. It does not check grammar: `JSON.parse` does, on each element and on what is left.
 */
export class ListItemSplitter {
  readonly #onItem: (text: string) => void;
  /** Bytes of the element that is open, from earlier chunks. */
  #item: Buffer[] = [];
  /** The list without its elements. */
  readonly #envelope: Buffer[] = [];
  #depth = 0;
  #inString = false;
  #escaped = false;
  #inItems = false;
  /** Bytes of the last string that began at depth 1: the key, once a colon follows. */
  #word: Buffer[] = [];
  #key = '';

  constructor(onItem: (text: string) => void) {
    this.#onItem = onItem;
  }

  push(chunk: Buffer): void {
    let from = 0; // what is not yet given to the element or the envelope begins here
    let at = 0;
    while (at < chunk.length) {
      if (this.#inString) {
        at = this.#skipString(chunk, at);
        continue;
      }
      const byte = chunk[at];
      at += 1;
      switch (byte) {
        case QUOTE:
          this.#inString = true;
          this.#word = [];
          break;
        case COLON:
          if (this.#depth === 1) {
            this.#key = Buffer.concat(this.#word).toString('utf8');
          }
          break;
        case COMMA:
          if (this.#inItems && this.#depth === BETWEEN_ITEMS) {
            this.#keep(chunk.subarray(from, at - 1));
            from = at; // what remains of the array must be `[]`
          }
          break;
        case OPEN_BRACE:
        case OPEN_BRACKET:
          if (this.#inItems && this.#depth === BETWEEN_ITEMS) {
            this.#keep(chunk.subarray(from, at - 1));
            from = at - 1;
          }
          this.#depth += 1;
          this.#inItems ||= this.#depth === BETWEEN_ITEMS && byte === OPEN_BRACKET && this.#key === 'items';
          break;
        case CLOSE_BRACE:
        case CLOSE_BRACKET:
          this.#depth -= 1;
          if (this.#inItems && this.#depth === BETWEEN_ITEMS) {
            this.#endItem(chunk.subarray(from, at));
            from = at;
          } else if (this.#inItems && this.#depth < BETWEEN_ITEMS) {
            this.#inItems = false;
            this.#key = '';
          }
          break;
        default:
          break;
      }
    }
    this.#keep(chunk.subarray(from));
  }

  /**
   * The list without its elements, when everything has arrived.
   * @throws {SyntaxError} when the text ended too early or is no JSON
   */
  end(): unknown {
    return JSON.parse(Buffer.concat(this.#envelope).toString('utf8'));
  }

  /** Returns where the string, in which `start` lies, ends in this chunk: after its closing quote, or at the chunk's end. */
  #skipString(chunk: Buffer, start: number): number {
    let at = start;
    let escaped = this.#escaped;
    let open = true;
    while (open && at < chunk.length) {
      const byte = chunk[at];
      at += 1;
      if (escaped) {
        escaped = false;
      } else if (byte === BACKSLASH) {
        escaped = true;
      } else if (byte === QUOTE) {
        open = false;
      }
    }
    this.#escaped = escaped;
    this.#inString = open;
    if (this.#depth === 1) {
      this.#word.push(Buffer.from(chunk.subarray(start, open ? at : at - 1)));
    }
    return at;
  }

  #keep(bytes: Buffer): void {
    if (bytes.length > 0) {
      const inItem = this.#inItems && this.#depth > BETWEEN_ITEMS;
      // Copies, because a few bytes would hold on to the whole chunk.
      (inItem ? this.#item : this.#envelope).push(Buffer.from(bytes));
    }
  }

  #endItem(tail: Buffer): void {
    const text = this.#item.length === 0 ? tail : Buffer.concat([...this.#item, tail]);
    this.#item = [];
    this.#onItem(text.toString('utf8'));
  }
}
