/** App passwords, apps that were let in, and the browsers that are signed in. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { Hono } from 'hono'
import { hashToken } from '../../../kernel/crypto/random-token.ts'
import { accountOf, change, freshHolderOf, tell } from '../change.ts'
import { field } from '../form.ts'
import { limitAppPasswords } from '../limits.ts'
import type { PageEnv } from '../page-env.ts'
import { newAppPassword } from '../sections/app-passwords.ts'
import { signOut } from '../sign-out.ts'

export const apps = new Hono<PageEnv>()
  .post('/app-passwords', (c) =>
    change(c, 'apps', async () => {
      await limitAppPasswords(c)
      const privileged = (await field(c, 'privileged')) !== ''
      const { did } = c.var.session
      const name = await field(c, 'name')
      const made = await c.env.services.accounts.addAppPassword(
        did,
        { name, privileged },
        freshHolderOf(c),
      )
      tell(c, { kind: 'app password added', name: made.name })
      return { shownOnce: newAppPassword(made.name, made.password) }
    }),
  )
  .post('/app-passwords/revoke', (c) =>
    change(c, 'apps', async () => {
      await accountOf(c).passwords.removeAppPassword(await field(c, 'name'))
      return 'app-password-revoked'
    }),
  )
  .post('/apps/revoke', (c) =>
    change(c, 'apps', async () => {
      const { services } = c.env
      await services.oauth.accounts.removeClient(c.var.session.did, await field(c, 'client'))
      return 'app-removed'
    }),
  )
  .post('/apps/sign-out', (c) =>
    change(c, 'apps', async () => {
      await accountOf(c).sessions.closeFamily(await field(c, 'session'))
      return 'session-ended'
    }),
  )
  .post('/devices/end', (c) =>
    change(c, 'devices', async () => {
      const { services } = c.env
      const { did, token } = c.var.session
      const [device, hash] = [await field(c, 'device'), await field(c, 'session')]
      const { browserSessions } = accountOf(c)
      if (device === '' && hash === '') throw new InvalidRequestError('No browser was named')
      const isThis =
        hash === hashToken(token) ||
        (device !== '' && device === (await browserSessions.deviceOf(token)))
      if (isThis) return signOut(c, c.var.session)
      if (hash !== '') await browserSessions.closeByHash(hash)
      if (device !== '') {
        await services.oauth.devices.signOut(device, did)
        await browserSessions.closeOfDevice(device)
      }
      return 'session-ended'
    }),
  )
  .post('/review', (c) =>
    change(c, 'overview', async () => {
      const remove = (await field(c, 'remove')) !== ''
      await accountOf(c).passwords.endReview(remove, c.var.session.token)
      return remove ? 'access-removed' : 'access-kept'
    }),
  )
