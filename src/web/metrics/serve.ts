/** `/metrics`: how the host is doing, for Prometheus and its kin (docs/metrics.md). */
import { Hono } from 'hono'
import { counters } from '../../kernel/metrics/counters.ts'
import {
  acceptsOpenMetrics,
  expose,
  OPEN_METRICS,
  PLAIN_TEXT,
} from '../../kernel/metrics/exposition.ts'
import { errorResponse, isInternal } from '../../server/xrpc/answer.ts'
import type { PageBindings } from '../account/page-env.ts'
import { assertMayRead } from './access.ts'
import { Gauges } from './gauges.ts'

const gauges = new Gauges()

export const metrics = new Hono<{ Bindings: PageBindings }>()
  .get('/metrics', async (c) => {
    const { context, services } = c.env
    await assertMayRead(context, services)
    const read = await gauges.read(services)
    // What one isolate of many has counted says nothing, and would jump up and down.
    const counted = services.space.isWatched ? counters.families(Date.now()) : []
    const open = acceptsOpenMetrics(c.req.header('accept'))
    return c.body(expose([...read, ...counted], open), 200, {
      'content-type': open ? OPEN_METRICS : PLAIN_TEXT,
      'cache-control': 'no-store',
      vary: 'accept',
    })
  })
  .onError((error, c) => {
    if (isInternal(error)) c.env.services.log.error('request failed', error, { path: c.req.path })
    return errorResponse(error)
  })
