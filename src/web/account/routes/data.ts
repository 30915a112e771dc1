/** What somebody takes home: the account is theirs also while it is switched off. */
import { Hono } from 'hono'
import { carResponse } from '../../../server/car-response.ts'
import { SETTINGS } from '../../layout.ts'
import type { BrowserSession } from '../browser-session.ts'
import { tell, viewOf } from '../change.ts'
import { failureOf } from '../failure.ts'
import { limitArchives } from '../limits.ts'
import type { PageContext, PageEnv } from '../page-env.ts'
import { currentSession } from '../resume.ts'
import { settingsPage } from '../settings-page.ts'

export const data = new Hono<PageEnv>()
  .get('/archive.zip', async (c) => {
    const session = await currentSession(c)
    if (!session) return c.redirect(SETTINGS, 303)
    const refused = await refusedDownload(c, session)
    if (refused) return refused
    const { did, token, handle } = session
    const account = c.env.services.account(did, { browser: token, evenTakendown: true })
    const part = partOf(c.req.query('part'))
    const zip = await c.env.services.archives.stream({ did, account, part })
    if (part === 1) tell(c, { kind: 'data downloaded' })
    const name = `${handle}${part === 1 ? '' : `-part-${part}`}.zip`
    return asFile(new Response(zip, { headers: { 'content-type': 'application/zip' } }), name)
  })
  .get('/repo.car', async (c) => {
    const session = await currentSession(c)
    if (!session) return c.redirect(SETTINGS, 303)
    const refused = await refusedDownload(c, session)
    if (refused) return refused
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

/** The answer to whoever downloads more often than an account may. */
async function refusedDownload(
  c: PageContext,
  session: BrowserSession,
): Promise<Response | undefined> {
  c.set('session', session)
  try {
    await limitArchives(c)
    return undefined
  } catch (error) {
    const { message: alert, status } = failureOf(error)
    return c.html(await settingsPage(viewOf(c), 'data', { alert }), status)
  }
}

/** Which part of an archive is asked for: from 1. */
function partOf(input: string | undefined): number {
  const part = Number(input ?? 1)
  return Number.isSafeInteger(part) && part > 0 && part < 1000 ? part : 1
}

/** Handles have no characters that would need quoting. */
function asFile(response: Response, name: string): Response {
  response.headers.set('content-disposition', `attachment; filename="${name}"`)
  return response
}
