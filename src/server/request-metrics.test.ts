/** Requests are counted by what this host knows, and never by what strangers make up. */
import { expect, test } from 'vitest'
import { routes } from '../generated/routes.ts'
import { counters } from '../kernel/metrics/counters.ts'
import { methodLabel, noteRequest } from './request-metrics.ts'
import { useRoutes } from './xrpc/routes.ts'

useRoutes(routes)

test.each([
  ['com.atproto.repo.createRecord', 'com.atproto.repo.createRecord'],
  // One that is forwarded.
  ['app.bsky.feed.getTimeline', 'app.bsky.feed.getTimeline'],
  ['com.example.unheard.of', 'other'],
  ['COM.atproto.repo.createRecord', 'other'],
  ['constructor', 'other'],
  ['__proto__', 'other'],
  ['', 'other'],
])('%j counts as %s', (nsid, label) => {
  expect(methodLabel(nsid)).toBe(label)
})

test('Analytics Engine, where it is bound, has a point for each request', () => {
  const points: unknown[] = []
  const METRICS = { writeDataPoint: (point: unknown) => points.push(point) }
  noteRequest({ METRICS: METRICS as never }, 'a.b.c', 404, 12)
  noteRequest({}, 'a.b.c', 200, 1)
  expect(points).toEqual([{ indexes: ['a.b.c'], blobs: ['a.b.c', '4xx'], doubles: [12] }])
  const samples = counters.requests.families()[0]?.samples
  expect(samples).toContainEqual({ labels: { method: 'a.b.c', status: '4xx' }, value: 1 })
})
