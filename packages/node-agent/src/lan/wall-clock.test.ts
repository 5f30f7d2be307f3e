import { WallClock } from './wall-clock.ts';

test('a moment is always the same text, though one clock counts whole milliseconds', () => {
  let now = 0;
  const clock = new WallClock({ steady: () => now, wall: () => Math.floor(1_700_000_000_000.7 + now) });
  const moments = new Set<number>();
  for (now = 0; now < 1_000; now += 0.3) {
    moments.add(clock.at(123.4));
  }
  expect(moments.size).toBe(1);
});

test('a clock that is set is followed', () => {
  let set = 0;
  const clock = new WallClock({ steady: () => 10, wall: () => 1_000 + set });
  expect(clock.at(5)).toBe(995);
  set = 3_600_000;
  expect(clock.at(5)).toBe(3_600_995);
});
