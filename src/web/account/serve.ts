/** The account page and what belongs to it, below `/settings`. Loaded when it is first asked for. */
import { Hono } from 'hono'
import { errorResponse, isInternal } from '../../server/xrpc/answer.ts'
import { KEY_SCRIPT } from '../assets/key-script.ts'
import { PASSKEY_SCRIPT } from '../assets/script.ts'
import { styleSheet } from '../assets/style.ts'
import { SETTINGS } from '../layout.ts'
import { showPage } from './change.ts'
import { sameOriginOnly, setPageHeaders, signedInOnly } from './guard.ts'
import { PAGE_NAMES, pathOf } from './navigation.ts'
import type { PageEnv } from './page-env.ts'
import { currentSession, knownAccounts } from './resume.ts'
import { appSignIn } from './routes/app-sign-in.ts'
import { apps } from './routes/apps.ts'
import { confirm } from './routes/confirm.ts'
import { data } from './routes/data.ts'
import { identity } from './routes/identity.ts'
import { join } from './routes/join.ts'
import { lifecycle } from './routes/lifecycle.ts'
import { passkeyLink } from './routes/passkey-link.ts'
import { resetPassword } from './routes/reset-password.ts'
import { security } from './routes/security.ts'
import { signIn } from './routes/sign-in.ts'
import { signInPage } from './sign-in-page.ts'

/** How long browsers may keep style and script, in seconds: an update of the host shows soon. */
const KEEP = 'public, max-age=300'

/** What just happened to somebody who is signed out. */
const SIGNED_OUT_NOTICES: Readonly<Record<string, string>> = {
  'password-changed': 'The password was changed. Sign in with the new one.',
  deleted: 'The account was deleted.',
}

export const pages = new Hono<PageEnv>()
  .basePath(SETTINGS)
  .use(setPageHeaders, sameOriginOnly)
  .get('/style.css', (c) =>
    c.body(styleSheet(c.env.services.config.branding), 200, {
      'content-type': 'text/css; charset=utf-8',
      'cache-control': KEEP,
    }),
  )
  .get('/passkeys.js', (c) =>
    c.body(PASSKEY_SCRIPT, 200, {
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': KEEP,
    }),
  )
  .get('/recovery-key.js', (c) =>
    c.body(KEY_SCRIPT, 200, {
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': KEEP,
    }),
  )
  .get('/', async (c) => {
    const session = await currentSession(c)
    if (!session) {
      const notice = SIGNED_OUT_NOTICES[c.req.query('done') ?? '']
      const known = await knownAccounts(c)
      return c.html(signInPage(c.env.services.config, { notice, known }))
    }
    if (session.status === 'takendown') return c.redirect(pathOf('data'), 303)
    c.set('session', session)
    return showPage(c, 'overview', { done: c.req.query('done') })
  })
  .route('/', signIn)
  .route('/', appSignIn)
  .route('/', passkeyLink)
  .route('/', resetPassword)
  .route('/', join)
  .route('/', data)
  .use(signedInOnly)
  .get('/:page', async (c, next) => {
    const name = PAGE_NAMES.find((known) => known === c.req.param('page'))
    return name === undefined ? next() : showPage(c, name, { done: c.req.query('done') })
  })
  .route('/', confirm)
  .route('/', security)
  .route('/', apps)
  .route('/', identity)
  .route('/', lifecycle)
  .notFound((c) => c.text('There is nothing here.', 404))
  .onError((error, c) => {
    if (isInternal(error)) c.env.services.log.error('request failed', error, { path: c.req.path })
    return errorResponse(error)
  })
