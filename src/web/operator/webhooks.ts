/** What `cumulus webhooks` asks. */
import { ForbiddenError, InvalidRequestError } from '@atproto/xrpc-server'
import { Hono } from 'hono'
import { viewWebhookLetter } from '../../services/webhooks/letters.ts'
import {
  addWebhook,
  pauseWebhook,
  removeWebhook,
  reportWebhooks,
} from '../../services/webhooks/webhooks.ts'
import { jsonBody, textOf } from '../account/form.ts'
import { accountOf, asOperator, type CommandEnv } from './command-context.ts'

/** Given up writes in one answer. */
const PAGE = 100

/** Below `/operator/`, whose middleware has let the operator in. */
export const webhookCommands = new Hono<CommandEnv>()
  /** `{webhooks}` out: how each is doing. */
  .post('/operator/webhooks', async (c) =>
    c.json({ webhooks: await reportWebhooks(c.env.services) }),
  )
  /** `{url, collections, audience?, method?, private?}` in, `{id}` out. */
  .post('/operator/webhooks/add', async (c) => {
    const { services } = c.env
    const body = await jsonBody(c)
    const isPrivate = body.private === true
    const isOperator = c.var.actor === 'admin'
    // Whoever has the role may not look around in the operator's network.
    if (isPrivate && !isOperator) {
      throw new ForbiddenError('A private address takes the password of the operator')
    }
    const request = {
      url: textOf(body.url),
      collections: Array.isArray(body.collections) ? body.collections.map(textOf) : [],
      audience: textOf(body.audience),
      method: textOf(body.method),
      ...{ isPrivate, mayNameOthers: isOperator },
    }
    const about = { ref: URL.parse(request.url)?.host ?? '', note: request.collections.join(' ') }
    const id = await asOperator(c, 'add webhook', about, () =>
      addWebhook(request, services, services.config.reachPrivate),
    )
    return c.json({ id })
  })
  /** `{id}` in. */
  .post('/operator/webhooks/remove', async (c) => {
    const id = idOf((await jsonBody(c)).id)
    await asOperator(c, 'remove webhook', { ref: String(id) }, () =>
      removeWebhook(id, c.env.services),
    )
    return c.json({})
  })
  /** `{id}` in: nothing is sent until it goes on. */
  .post('/operator/webhooks/pause', async (c) => {
    const id = idOf((await jsonBody(c)).id)
    await asOperator(c, 'pause webhook', { ref: String(id) }, () =>
      pauseWebhook(id, 'by the operator', c.env.services),
    )
    return c.json({})
  })
  /** `{id}` in: it goes on where it was. */
  .post('/operator/webhooks/resume', async (c) => {
    const id = idOf((await jsonBody(c)).id)
    await asOperator(c, 'resume webhook', { ref: String(id) }, () =>
      pauseWebhook(id, null, c.env.services),
    )
    return c.json({})
  })
  /** `{id, account}` in; tells it that it is being tried, in the name of the account. `{status?, error?, ms}` out. */
  .post('/operator/webhooks/test', async (c) => {
    const body = await jsonBody(c)
    const id = idOf(body.id)
    const { did } = await accountOf(c, body.account)
    const trial = await asOperator(c, 'test webhook', { did, ref: String(id) }, () =>
      c.env.services.hostIndex.webhooks.test(id, did),
    )
    return c.json({ ...trial })
  })
  /** `{before?}` in; the next hundred writes that were given up, the newest first, out: `{letters}`. */
  .post('/operator/webhooks/given-up', async (c) => {
    const { before } = await jsonBody(c)
    const from = before === undefined ? undefined : idOf(before)
    const letters = await c.env.services.hostIndex.webhooks.letters(PAGE, from)
    return c.json({ letters: letters.map(viewWebhookLetter) })
  })
  /** `{id?}` in, without it the oldest hundred; sends them now. `{taken, left}` out. */
  .post('/operator/webhooks/retry', async (c) => {
    const { id } = await jsonBody(c)
    const one = id === undefined ? undefined : idOf(id)
    const result = await asOperator(c, 'retry webhooks', { ref: String(one ?? 'all') }, () =>
      c.env.services.hostIndex.webhooks.retry(one),
    )
    return c.json({ ...result })
  })
  /** `{id?}` in, without it all; forgets them. `{count}` out. */
  .post('/operator/webhooks/drop', async (c) => {
    const { id } = await jsonBody(c)
    const one = id === undefined ? undefined : idOf(id)
    const count = await asOperator(c, 'drop webhooks', { ref: String(one ?? 'all') }, () =>
      c.env.services.hostIndex.webhooks.drop(one),
    )
    return c.json({ count })
  })

/** @throws InvalidRequestError */
function idOf(id: unknown): number {
  if (typeof id === 'number' && Number.isSafeInteger(id) && id > 0) return id
  throw new InvalidRequestError('The number is one of those that are listed')
}
