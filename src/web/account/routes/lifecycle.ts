/** An account is switched off and on, and deleted. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { Hono } from 'hono'
import { typedText } from '../../../kernel/typed-text.ts'
import { expiredSessionCookie } from '../../../server/session-cookie.ts'
import { SETTINGS } from '../../layout.ts'
import { accountOf, assertFresh, change, freshAccountOf } from '../change.ts'
import { field } from '../form.ts'
import { limitMails, limitSignIn } from '../limits.ts'
import type { PageEnv } from '../page-env.ts'
import { getsMail, movingCode } from '../sections/moving.ts'

/** How long a code for moving is good, in ms. */
const MOVING_CODE = 60 * 60 * 1000

export const lifecycle = new Hono<PageEnv>()
  .post('/deactivate', (c) =>
    change(c, 'data', async () => {
      await freshAccountOf(c).lifecycle.deactivate(null)
      // What is switched off, no app shall go on acting for.
      await c.env.services.accounts.revokeDelegations(c.var.session.did)
      return 'deactivated'
    }),
  )
  .post('/activate', (c) =>
    change(c, 'data', async () => {
      await c.env.services.accounts.assertIdentity(c.var.session.did)
      await accountOf(c).lifecycle.activate()
      return 'activated'
    }),
  )
  .post('/move/code', (c) =>
    change(c, 'data', async () => {
      await assertFresh(c)
      await limitMails(c)
      const { services, session } = { ...c.env, ...c.var }
      const { did } = session
      if (getsMail({ services, session })) {
        throw new InvalidRequestError('The code is mailed to you when the new host asks for it')
      }
      if (!did.startsWith('did:plc:')) {
        throw new InvalidRequestError('This account does not have a did:plc')
      }
      const { token } = await services.mail.handOutToken(did, 'plc_operation', MOVING_CODE)
      return { shownOnce: movingCode(token) }
    }),
  )
  .post('/delete/mail', (c) =>
    change(c, 'data', async () => {
      await assertFresh(c)
      await limitMails(c)
      await c.env.services.mail.sendToken(c.var.session.did, 'delete_account')
      return 'code-mailed'
    }),
  )
  .post('/delete', (c) =>
    change(c, 'data', async () => {
      await assertFresh(c)
      const { services } = c.env
      const { did, handle, email } = c.var.session
      await limitSignIn(c, did)
      const typed = typedText(await field(c, 'handle')).replace(/^@/, '')
      if (typed.toLowerCase() !== handle) {
        throw new InvalidRequestError(`Type ${handle} to say that you mean this account`)
      }
      // Where no mail comes, a password or passkey that was shown just now has to do.
      if (services.mail.sends && email !== null) {
        await services.mail.findToken('delete_account', await field(c, 'code'), did)
      }
      await services.accounts.delete(did)
      c.header('set-cookie', expiredSessionCookie(services.config))
      return c.redirect(`${SETTINGS}?done=deleted`, 303)
    }),
  )
