/** What `cumulus hooks` asks. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { Hono } from 'hono'
import { hasCollectionFiles } from '../../kernel/collection-files.ts'
import { viewLetter } from '../../services/collections/letters.ts'
import { jsonBody } from '../account/form.ts'
import { asOperator, type CommandEnv } from './command-context.ts'

/** Given up writes in one answer. */
const PAGE = 100

/** Below `/operator/`, whose middleware has let the operator in. */
export const hookCommands = new Hono<CommandEnv>()
  /** `{before?}` in; `{hooks, letters}` out: how hooks are doing, and the next hundred writes that were given up. */
  .post('/operator/hooks', async (c) => {
    const { before } = await jsonBody(c)
    if (!hasCollectionFiles()) return c.json({ hooks: [], letters: [] })
    const { operator, hooks } = c.env.services.hostIndex
    const [report, letters] = await Promise.all([
      operator.report(),
      hooks.letters(PAGE, idOf(before)),
    ])
    return c.json({ hooks: report.hooks, letters: letters.map(viewLetter) })
  })
  /** `{id?}` in, without it all; tells hooks again. `{count}` out. */
  .post('/operator/hooks/retry', async (c) => {
    const id = idOf((await jsonBody(c)).id)
    const count = await asOperator(c, 'retry hooks', { ref: String(id ?? 'all') }, () =>
      c.env.services.hostIndex.hooks.replay(id),
    )
    return c.json({ count })
  })
  /** `{id?}` in, without it all; forgets them. `{count}` out. */
  .post('/operator/hooks/drop', async (c) => {
    const id = idOf((await jsonBody(c)).id)
    const count = await asOperator(c, 'drop hooks', { ref: String(id ?? 'all') }, () =>
      c.env.services.hostIndex.hooks.drop(id),
    )
    return c.json({ count })
  })

/** @throws InvalidRequestError */
function idOf(id: unknown): number | undefined {
  if (id === undefined) return undefined
  if (typeof id === 'number' && Number.isSafeInteger(id) && id > 0) return id
  throw new InvalidRequestError('The number is one of those that are listed')
}
