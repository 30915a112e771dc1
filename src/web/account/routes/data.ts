/** What somebody takes home: the account is theirs also while it is switched off. */
import { Hono } from 'hono'
import { carResponse } from '../../../server/car-response.ts'
import { unwrap } from '../../../services/objects/result.ts'
import { SETTINGS } from '../../layout.ts'
import { visitorOf } from '../browser-session.ts'
import type { PageContext, PageEnv } from '../page-env.ts'

export const data = new Hono<PageEnv>()
  .get('/repo.car', async (c) => {
    const visitor = await visitorOf(c.req.raw, c.env.app)
    if (!visitor) return c.redirect(SETTINGS, 303)
    const car = unwrap(await c.env.app.account(visitor.did).exportRepo(undefined, true))
    return asFile(carResponse(car), `${visitor.handle}.car`)
  })
  .get('/preferences.json', async (c) => {
    const visitor = await visitorOf(c.req.raw, c.env.app)
    if (!visitor) return c.redirect(SETTINGS, 303)
    const stored = unwrap(await c.env.app.account(visitor.did).getPreferences(true))
    const preferences = stored.map(({ value }) => JSON.parse(value) as unknown)
    return asFile(Response.json({ preferences }), `${visitor.handle}-preferences.json`)
  })
  .get('/blobs', async (c: PageContext) => {
    const visitor = await visitorOf(c.req.raw, c.env.app)
    if (!visitor) return c.redirect(SETTINGS, 303)
    const { did } = visitor
    return c.redirect(`/xrpc/com.atproto.sync.listBlobs?did=${encodeURIComponent(did)}`, 303)
  })

/** Handles have no characters that would need quoting. */
function asFile(response: Response, name: string): Response {
  response.headers.set('content-disposition', `attachment; filename="${name}"`)
  return response
}
