/** Both text formats, as their readers want them. `test/e2e/metrics.test.ts` has Prometheus read them. */
import { expect, test } from 'vitest'
import { acceptsOpenMetrics, expose, type Family } from './exposition.ts'
import { RequestCounts } from './request-counts.ts'

const families: Family[] = [
  { name: 'x_build', type: 'info', help: 'What runs.', samples: [{ version: '1.2.3' }] },
  { name: 'x_free_bytes', type: 'gauge', help: 'A\nB \\ "C"', samples: [{ value: 5 }] },
  {
    name: 'x_asked',
    type: 'counter',
    help: 'Asked.',
    samples: [{ labels: { by: 'a "b"\n\\' }, value: 7 }],
  },
  { name: 'x_nothing', type: 'gauge', help: 'Nobody knows.', samples: [] },
]

test('OpenMetrics names the family, its unit, and ends with EOF', () => {
  expect(expose(families, true)).toBe(String.raw`# TYPE x_build info
# HELP x_build What runs.
x_build_info{version="1.2.3"} 1
# TYPE x_free_bytes gauge
# UNIT x_free_bytes bytes
# HELP x_free_bytes A\nB \\ \"C\"
x_free_bytes 5
# TYPE x_asked counter
# HELP x_asked Asked.
x_asked_total{by="a \"b\"\n\\"} 7
# EOF
`)
})

test('the older format names samples, knows no info and no units, and leaves quotes in help as they are', () => {
  expect(expose(families, false)).toBe(String.raw`# TYPE x_build_info gauge
# HELP x_build_info What runs.
x_build_info{version="1.2.3"} 1
# TYPE x_free_bytes gauge
# HELP x_free_bytes A\nB \\ "C"
x_free_bytes 5
# TYPE x_asked_total counter
# HELP x_asked_total Asked.
x_asked_total{by="a \"b\"\n\\"} 7
`)
})

test('whoever accepts OpenMetrics gets it', () => {
  expect(acceptsOpenMetrics('application/openmetrics-text;version=1.0.0,text/plain;q=0.5')).toBe(
    true,
  )
  for (const accept of [null, undefined, '*/*', 'text/plain'])
    expect(acceptsOpenMetrics(accept)).toBe(false)
})

test('requests are counted by status, and once in the first bucket that holds them', () => {
  const counts = new RequestCounts()
  for (const [status, ms] of [
    [200, 0],
    [204, 2],
    [404, 3],
    [503, 10_001],
    [101, 10_000],
  ] as const) {
    counts.note('m', status, ms)
  }
  counts.note('a', 200, 1)
  const [requests, durations] = counts.families()
  expect(requests?.samples).toEqual([
    { labels: { method: 'a', status: '2xx' }, value: 1 },
    { labels: { method: 'm', status: '1xx' }, value: 1 },
    { labels: { method: 'm', status: '2xx' }, value: 2 },
    { labels: { method: 'm', status: '4xx' }, value: 1 },
    { labels: { method: 'm', status: '5xx' }, value: 1 },
  ])
  expect(durations?.samples.at(1)).toEqual({
    labels: { method: 'm' },
    cumulative: [2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 5],
    count: 5,
    sum: 20.006,
  })
})
