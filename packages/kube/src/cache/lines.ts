const NEWLINE = 0x0a;

/** Cuts a stream of bytes into lines: the frames of a watch. Bytes, because a chunk may end inside a character. */
export class LineSplitter {
  #rest: Buffer[] = [];

  /** Calls `onLine` for each line that this chunk completes; the newline and empty lines are left out. */
  push(chunk: Buffer, onLine: (line: string) => void): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = this.#take(chunk.subarray(start, end));
      start = end + 1;
      if (line !== '') {
        onLine(line);
      }
    }
    if (start < chunk.length) {
      this.#rest.push(chunk.subarray(start));
    }
  }

  #take(tail: Buffer): string {
    if (this.#rest.length === 0) {
      return tail.toString('utf8');
    }
    const line = Buffer.concat([...this.#rest, tail]).toString('utf8');
    this.#rest = [];
    return line;
  }
}
