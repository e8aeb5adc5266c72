import type { Random } from '../support/random.js'

/** Members that go on for so many levels. */
function nested(levels: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = level % 2 ? [value] : { a: value }
  return value
}

const TEXTS: readonly string[] = [
  '',
  ' ',
  '\n',
  '\t x',
  '\0',
  'a\0b',
  '\ud800',
  'a\udc00b',
  '\ufeff',
  '\u202eabc',
  '😀',
  'ﬁ',
  'İ',
  '%00',
  '%',
  '%zz',
  '..',
  '../../etc/passwd',
  '/',
  '\\',
  '"',
  "'",
  "'; DROP TABLE deployments; --",
  '$1',
  '{{x}}',
  '${x}',
  '<script>',
  '-',
  '-rc1',
  'v1-rc0',
  'v1-rc01',
  'v1-rc1 ',
  'v1-rc99999999999999999999',
  'V1-RC1',
  '--upload-pack=x',
  '-c',
  'refs/heads/x',
  'HEAD',
  'null',
  'undefined',
  'true',
  'NaN',
  'Infinity',
  '0x10',
  '1e400',
  '-0',
  '9223372036854775808',
  '__proto__',
  'constructor',
  'toString',
  'acme',
  'acme/',
  '/acme',
  'a/b/c',
  'acme/shop.git',
  'http://',
  'http://127.0.0.1:1/x',
  'https://user:pass@localhost:1/',
  'file:///etc/passwd',
  'javascript:alert(1)',
  'git://127.0.0.1:1/x',
  'ssh://127.0.0.1:1/x',
  'http://[::1',
  'http://127.0.0.1:99999/',
  '2026-01-01',
  '2026-13-01T00:00:00Z',
  '2026-02-30T00:00:00Z',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999Z',
  '10000-01-01T00:00:00Z',
  '1969-12-31T23:59:59Z',
  '2026-01-01T00:00:60Z',
  '2026-01-01T00:00:00+99:99',
  '+275760-09-13T00:00:00.000Z',
  'P1D',
  'PT0S',
  'P-1D',
  'PT1e9H',
  'P99999999Y',
  'Mars/Base',
  'UTC',
  'Europe/Berlin',
  'FREQ=DAILY',
  'FREQ=DAILY;COUNT=x',
  'FREQ=SECONDLY',
  'FREQ=DAILY;BYHOUR=0,1,2,3;BYMINUTE=0,30',
  'FREQ=YEARLY;BYMONTHDAY=31;BYMONTH=2',
  'FREQ=WEEKLY;BYDAY=MO;INTERVAL=1000000000',
  'FREQ=MONTHLY;BYSETPOS=-1;BYDAY=FR',
  'FREQ=DAILY;UNTIL=99991231T235959Z',
  'project_00000000000000000000000000',
  'deployment_7zzzzzzzzzzzzzzzzzzzzzzzzz',
  'deployment_8zzzzzzzzzzzzzzzzzzzzzzzzz',
  'MTA=',
  'bnVsbA==',
]

const OTHERS: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  0.5,
  -0.1,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 53,
  1e21,
  1e308,
  [],
  {},
  [null],
  [[]],
  [1, 'a', null],
  { a: 1 },
  { id: null },
  JSON.parse('{"__proto__":{"x":1}}'),
  { constructor: { prototype: 1 } },
  { length: 1e9 },
  { toString: null },
]

/** Something that JSON can hold and that hardly anything expects. Seldom it is large. */
export function hostileValue(random: Random): unknown {
  if (random.chance(0.01)) return nested(random.pick([50, 70, 1_000, 2_000]))
  if (random.chance(0.01)) return Array.from({ length: random.pick([600, 20_000]) }, () => random.pick(TEXTS))
  if (random.chance(0.3)) return random.pick(OTHERS)
  return hostileText(random)
}

export function hostileText(random: Random): string {
  const text = random.pick(TEXTS)
  if (random.chance(0.03)) return (text || 'x').repeat(random.pick([100, 4_001, 100_000]))
  return random.chance(0.1) ? `${text}${random.pick(TEXTS)}` : text
}

/** As a part of a URL. Half of a surrogate pair cannot be said in one. */
export function encodeText(text: string): string {
  return encodeURIComponent(text.replaceAll(/[\ud800-\udfff]/gu, '\ufffd'))
}
