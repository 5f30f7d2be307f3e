/** For tests: frames that the kernel sent, and how tcpdump put them (testdata/capture-frames.ts records them). */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface RecordedFrame {
  readonly text: string;
  readonly bytes: Buffer;
}

const file = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'testdata', 'frames.json');

/** Every recorded frame. */
export function recordedFrames(): RecordedFrame[] {
  const { frames } = JSON.parse(readFileSync(file, 'utf8')) as { frames: { text: string; hex: string }[] };
  return frames.map(({ text, hex }) => ({ text, bytes: Buffer.from(hex, 'hex') }));
}

/** The first recorded frame whose description has this in it. */
export function recordedFrame(text: string): Buffer {
  const frame = recordedFrames().find((candidate) => candidate.text.includes(text));
  if (frame === undefined) {
    throw new Error(`testdata/frames.json has no ${text}`);
  }
  return frame.bytes;
}
