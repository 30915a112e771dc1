/** Begins a move: signs in at the old host, makes the account here, and signs the browser in to it. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { enforceLimits } from '../../context/limits/enforce.ts'
import { accountTryLimits, createAccountLimits } from '../../context/limits/policy.ts'
import type { Config } from '../../kernel/config/config.ts'
import { isKey } from '../../kernel/crypto/did-key.ts'
import { verifyServiceToken } from '../../server/auth/service-token.ts'
import { sessionCookie } from '../../server/session-cookie.ts'
import { CREATE_ACCOUNT, MoveStart } from '../../services/move-in/move-start.ts'
import type { MoveState } from '../../services/move-in/state.ts'
import { browserSessionOf } from '../account/browser-session.ts'
import { field } from '../account/form.ts'
import { welcomeBrowser } from '../account/known-browser.ts'
import { limitSignIn } from '../account/limits.ts'
import type { PageContext } from '../account/page-env.ts'
import { MIGRATE } from './paths.ts'
import { moveCookie } from './state-cookie.ts'

/** Signs in at the old host, makes the account here unless it is, and signs the browser in to it. */
export async function begin(c: PageContext): Promise<Response> {
  const { services, context } = c.env
  const { config } = services
  const account = await field(c, 'account')
  // As for a sign-in: somebody could try passwords of another host by this one.
  await limitSignIn(c, account)
  const recoveryKey = (await field(c, 'recovery-key')).trim()
  if (recoveryKey && !isKey(recoveryKey)) {
    throw new InvalidRequestError('The recovery key must be a did:key of secp256k1 or P-256')
  }
  const start = new MoveStart(services)
  const mover = await start.find(account)
  // Anybody may have many names for one account.
  const guessed = { input: { identifier: mover.did } }
  await enforceLimits(accountTryLimits, guessed, context, services)
  const session = await browserSessionOf(c.req.raw, services)
  const isHere = (await services.accounts.find(mover.did)) !== undefined
  if (!isHere && session) {
    throw new InvalidRequestError(
      `You are signed in as @${session.handle}: sign out of that account to move another one`,
    )
  }
  if (isHere && session?.did !== mover.did) {
    throw new InvalidRequestError(
      'This account is here already: sign in to it, then come back to this page',
    )
  }
  const state = await start.signIn(mover, {
    password: await field(c, 'old-password'),
    code: (await field(c, 'code')) || undefined,
  })
  if (recoveryKey) state.recoveryKey = recoveryKey
  try {
    await enforceLimits(createAccountLimits, {}, context, services)
    // Known before an account is made that this page could not move.
    await cookieOf(config, state)
    if (!isHere) await createAccount(c, start, state)
    const cookie = await cookieOf(config, state)
    c.header('set-cookie', cookie, { append: true })
  } catch (error) {
    await start.signOut(state)
    throw error
  }
  return c.redirect(MIGRATE, 303)
}

async function cookieOf(config: Config, state: MoveState): Promise<string> {
  const cookie = await moveCookie(config, state)
  if (cookie !== undefined) return cookie
  throw new InvalidRequestError(
    'The old host has tokens that are too long for this page: move with the program cumulus',
  )
}

async function createAccount(c: PageContext, start: MoveStart, state: MoveState): Promise<void> {
  const { services } = c.env
  const { did } = state
  const password = await field(c, 'password')
  const wanted = (await field(c, 'handle')).trim().replace(/^@/, '')
  const handle = wanted || (await start.handleHere(state, services.config.handleDomains[0] ?? ''))
  const email = (await field(c, 'email')).trim() || state.email
  const inviteCode = (await field(c, 'invite')).trim()
  const token = await start.proof(state)
  const expected = {
    nsid: CREATE_ACCOUNT,
    by: 'account',
    repeatable: false,
    mustBeHere: false,
  } as const
  const creator = await verifyServiceToken(token, expected, services)
  await services.accounts.create(
    { did, handle, password, ...(email && { email }), ...(inviteCode && { inviteCode }) },
    creator,
  )
  const userAgent = c.req.header('user-agent')
  const opened = await services.account(did).browserSessions.open(password, { userAgent })
  if (!opened || !('token' in opened))
    throw new InvalidRequestError('Sign in, then come back to this page')
  welcomeBrowser(c, did)
  c.header('set-cookie', sessionCookie(services.config, { did, token: opened.token }), {
    append: true,
  })
}
