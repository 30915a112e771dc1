/** What somebody takes home: the account is theirs also while it is switched off. */
import { Hono } from 'hono'
import { carResponse } from '../../../server/car-response.ts'
import { SETTINGS } from '../../layout.ts'
import type { PageContext, PageEnv } from '../page-env.ts'
import { currentSession } from '../resume.ts'

export const data = new Hono<PageEnv>()
  .get('/repo.car', async (c) => {
    const session = await currentSession(c)
    if (!session) return c.redirect(SETTINGS, 303)
    const car = await c.env.services.account(session.did).repository.exportCar(undefined, true)
    return asFile(carResponse(car), `${session.handle}.car`)
  })
  .get('/preferences.json', async (c) => {
    const session = await currentSession(c)
    if (!session) return c.redirect(SETTINGS, 303)
    const stored = await c.env.services.account(session.did).preferences.get(true)
    const preferences = stored.map(({ value }) => JSON.parse(value) as unknown)
    return asFile(Response.json({ preferences }), `${session.handle}-preferences.json`)
  })
  .get('/blobs', async (c: PageContext) => {
    const session = await currentSession(c)
    if (!session) return c.redirect(SETTINGS, 303)
    const { did } = session
    return c.redirect(`/xrpc/com.atproto.sync.listBlobs?did=${encodeURIComponent(did)}`, 303)
  })

/** Handles have no characters that would need quoting. */
function asFile(response: Response, name: string): Response {
  response.headers.set('content-disposition', `attachment; filename="${name}"`)
  return response
}
