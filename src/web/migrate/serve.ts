/** `/migrate`: moving in, for people without a terminal. Loaded when it is first asked for. */
import { XRPCError } from '@atproto/xrpc-server'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { enforceLimits } from '../../context/limits/enforce.ts'
import { importRepoLimits, mailLimits, type RateLimit } from '../../context/limits/policy.ts'
import type { Services } from '../../context/services.ts'
import { errorResponse, isInternal } from '../../server/xrpc/answer.ts'
import type { LostBlob } from '../../services/move-in/copy-blobs.ts'
import { MoveIn } from '../../services/move-in/move-in.ts'
import { MoveStart } from '../../services/move-in/move-start.ts'
import { SourceError } from '../../services/move-in/source.ts'
import type { MoveState } from '../../services/move-in/state.ts'
import {
  type BrowserSession,
  browserSessionOf,
  csrfTokenOf,
  isCsrfToken,
} from '../account/browser-session.ts'
import { failureOf } from '../account/failure.ts'
import { field } from '../account/form.ts'
import { sameOriginOnly, setPageHeaders } from '../account/guard.ts'
import type { PageBindings, PageContext } from '../account/page-env.ts'
import { begin } from './begin.ts'
import { MIGRATE } from './paths.ts'
import { progressPage, stageOf } from './progress-page.ts'
import { startPage } from './start-page.ts'
import { expiredMoveCookie, moveCookie, readMove } from './state-cookie.ts'

/** How long one request copies blobs, in ms: then the page says how far it is. */
const COPY_TIME = 10_000

/** What is shown again where something was wrong. */
const TYPED = ['account', 'invite', 'handle', 'email', 'recovery-key']

interface MigrateEnv {
  Bindings: PageBindings
  Variables: {
    session: BrowserSession
    /** Of whoever is signed in; its tokens may be renewed on the way. */
    move: MoveState
    moveIn: MoveIn
  }
}

type MigrateContext = Context<MigrateEnv>

/** Lets through who is signed in here and in the middle of a move of that account. */
const moversOnly: MiddlewareHandler<MigrateEnv> = async (c, next) => {
  const { services } = c.env
  const session = await browserSessionOf(c.req.raw, services)
  const move = await readMove(c.req.raw, services.config)
  const isMover = session && move?.did === session.did && session.status !== 'takendown'
  if (!isMover || !isCsrfToken(session, await field(c as unknown as PageContext, 'form'))) {
    return c.redirect(MIGRATE, 303)
  }
  c.set('session', session)
  c.set('move', move)
  c.set('moveIn', moveInOf(services))
  return next()
}

export const movingIn = new Hono<MigrateEnv>()
  .basePath(MIGRATE)
  .use(setPageHeaders as unknown as MiddlewareHandler<MigrateEnv>)
  .use(sameOriginOnly as unknown as MiddlewareHandler<MigrateEnv>)
  .get('/', async (c) => {
    const { services } = c.env
    const session = await browserSessionOf(c.req.raw, services)
    const move = await readMove(c.req.raw, services.config)
    if (!session || move?.did !== session.did) {
      return c.html(startPage(services.config, { handle: session?.handle }))
    }
    c.set('session', session)
    c.set('move', move)
    c.set('moveIn', moveInOf(services))
    return show(c, { after: c.req.query('after'), goes: c.req.query('goes') !== undefined })
  })
  .post('/start', async (c) => {
    try {
      return await begin(c as unknown as PageContext)
    } catch (error) {
      const { message: alert, status } = inWords(error)
      const isAsked = error instanceof SourceError && error.error === 'AuthFactorTokenRequired'
      const wantsCode = isAsked ? 'first' : (await typedIn(c, 'code')) ? 'again' : undefined
      const session = await browserSessionOf(c.req.raw, c.env.services)
      const typed = Object.fromEntries(
        await Promise.all(TYPED.map(async (name) => [name, await typedIn(c, name)])),
      )
      return c.html(
        startPage(c.env.services.config, { alert, typed, wantsCode, handle: session?.handle }),
        status,
      )
    }
  })
  .use(moversOnly)
  .post('/records', (c) =>
    trying(c, async ({ moveIn, move }) => {
      await limit(c, importRepoLimits)
      await moveIn.copyRecords(move)
      return `${MIGRATE}?goes`
    }),
  )
  .post('/blobs', (c) =>
    trying(c, async ({ moveIn, move }) => {
      const after = (await typedIn(c, 'after')) || undefined
      const { next, lost } = await moveIn.copyBlobs(move, after, COPY_TIME)
      if (next !== undefined)
        return `${MIGRATE}?${new URLSearchParams({ goes: '', after: next }).toString()}`
      return lost.length > 0 ? { lost } : MIGRATE
    }),
  )
  .post('/code', (c) =>
    trying(c, async ({ moveIn, move }) => {
      await limit(c, mailLimits)
      await moveIn.askForCode(move)
      return MIGRATE
    }),
  )
  .post('/identity', (c) =>
    trying(c, async ({ moveIn, move }) => {
      const facts = await moveIn.facts(move)
      const stage = stageOf(facts)
      const without = stage === 'blobs' && (await typedIn(c, 'without')) === 'yes'
      // Records may have been written at the old host since.
      if (stage !== 'identity' && stage !== 'activate' && !without) return MIGRATE
      await moveIn.copyPreferences(move)
      if (move.did.startsWith('did:plc:'))
        await moveIn.switchIdentity(move, await typedIn(c, 'code'))
      return finish(c, without)
    }),
  )
  .post('/finish', (c) => trying(c, () => finish(c, false)))
  .notFound((c) => c.text('There is nothing here.', 404))
  .onError((error, c) => {
    if (isInternal(error)) c.env.services.log.error('request failed', error, { path: c.req.path })
    return errorResponse(error)
  })

const moveInOf = (services: Services): MoveIn => {
  const { config, accounts, blobs, identity, plc, network, space } = services
  return new MoveIn({ config, objects: services, accounts, blobs, identity, plc, network, space })
}

/** Counts a step together with those that apps ask for. @throws RateLimitError */
const limit = ({ env, var: { session } }: MigrateContext, limits: readonly RateLimit[]) =>
  enforceLimits(limits, { auth: session }, env.context, env.services)

const typedIn = (c: MigrateContext, name: string): Promise<string> =>
  field(c as unknown as PageContext, name)

/**
 * Switches on here first, then off there: at no time is the account nowhere. What is missing still, such as records
 * written there meanwhile, comes first: the page says so.
 *
 * @param without whether it was agreed to leave files behind
 */
async function finish(c: MigrateContext, without: boolean): Promise<Led> {
  const { move, moveIn } = c.var
  const before = await moveIn.headThere(move)
  const stage = stageOf(await moveIn.facts(move))
  if (stage === 'records' || (stage === 'blobs' && !without)) return MIGRATE
  await moveIn.activate(move.did)
  await moveIn.leave(move)
  const after = await moveIn.headThere(move)
  if (before === undefined || after === undefined || before === after) return MIGRATE
  return {
    alert: `Something was written at ${move.source} while it was switched off, and is not here: your last post or like perhaps.`,
  }
}

/** Where a browser is led after a step, or what it is shown instead. */
type Led = string | { lost: LostBlob[] } | { alert: string }

/**
 * Does a step. The browser is then led to where it says, or shown what was lost; what went wrong is shown on the page.
 */
async function trying(
  c: MigrateContext,
  work: (parts: { move: MoveState; moveIn: MoveIn }) => Promise<Led>,
): Promise<Response> {
  const { move, moveIn } = c.var
  const before = JSON.stringify(move)
  try {
    const led = await work({ move, moveIn })
    if (typeof led === 'object') return await show(c, led)
    if (JSON.stringify(move) !== before) await keep(c)
    return c.redirect(led, 303)
  } catch (error) {
    const { message: alert, status } = inWords(error)
    return show(c, { alert }, status)
  }
}

/** The page, with what is so now. */
async function show(
  c: MigrateContext,
  view: { alert?: string; after?: string | undefined; goes?: boolean; lost?: LostBlob[] },
  status: 200 | 400 | 401 | 429 = 200,
): Promise<Response> {
  const { session, move, moveIn } = c.var
  const { config } = c.env.services
  const before = JSON.stringify(move)
  try {
    const facts = await moveIn.facts(move)
    if (JSON.stringify(move) !== before || view.alert) await keep(c)
    const stage = stageOf(facts)
    const isWeb = !move.did.startsWith('did:plc:')
    const wanted =
      isWeb && !facts.isIdentityHere ? await moveIn.wantedDocument(move.did) : undefined
    if (stage === 'done') {
      if (facts.isActiveThere === false) await new MoveStart(c.env.services).signOut(move)
      c.header('set-cookie', expiredMoveCookie(config), { append: true })
    }
    const csrfToken = csrfTokenOf(session)
    return c.html(
      progressPage(config, {
        handle: session.handle,
        csrfToken,
        state: move,
        facts,
        wanted,
        ...view,
      }),
      status,
    )
  } catch (error) {
    const { message: alert, status: failed } = inWords(error)
    // The old host does not know the browser any more: its password is asked for once more.
    return c.html(startPage(config, { alert, handle: session.handle }), failed)
  }
}

/** Keeps the state as it has become. */
async function keep(c: MigrateContext): Promise<void> {
  const cookie = await moveCookie(c.env.services.config, c.var.move)
  if (cookie !== undefined) c.header('set-cookie', cookie, { append: true })
}

/** What went wrong, for who moves. @throws what is no fault of theirs or the old host's */
function inWords(error: unknown): { message: string; status: 400 | 401 | 429 } {
  if (error instanceof SourceError) return { message: error.message, status: 400 }
  if (error instanceof XRPCError && error.statusCode === 503)
    return { message: error.message, status: 400 }
  return failureOf(error)
}
