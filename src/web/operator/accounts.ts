/** What `cumulus account` and `cumulus app-password` ask of a running host, beside the methods of XRPC. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { Hono } from 'hono'
import { makeAppPassword } from '../../kernel/crypto/app-password.ts'
import {
  accountFilters,
  type SearchPage,
  type SearchPlace,
} from '../../storage/directory/account-list.ts'
import { jsonBody, textOf } from '../account/form.ts'
import { accountOf, asOperator, type CommandContext, type CommandEnv } from './command-context.ts'

/** Accounts in one answer. */
const MAX_PAGE = 100

/** Characters of a reason. */
const MAX_REASON = 200
/** Characters of an app password's name. */
const MAX_NAME = 100

export const accountCommands = new Hono<CommandEnv>()
  /** `{prefix?, filter?, limit?, cursor?}` in: accounts whose DID, handle or address begins so, out: `{accounts, cursor?}`. */
  .post('/operator/accounts/search', async (c) => {
    const { prefix, filter, limit, cursor } = await jsonBody(c)
    const known = accountFilters.find((name) => name === filter)
    if (filter !== undefined && !known) {
      throw new InvalidRequestError(`filter must be one of ${accountFilters.join(', ')}`)
    }
    const most =
      typeof limit === 'number' && limit >= 1 ? Math.min(Math.floor(limit), MAX_PAGE) : MAX_PAGE
    const { accounts: list } = c.env.services.directory
    const page = await list.search(textOf(prefix), most, readPlace(cursor), known)
    return c.json(withCursor(page))
  })
  /** `{account}` in; all that an operator may know of it out. */
  .post('/operator/accounts/show', async (c) => {
    const { did } = await accountOf(c, (await jsonBody(c)).account)
    const { services } = c.env
    const { profile, quota, passwords, factors, passkeys, sessions } = services.account(did)
    const [found, account, usage, set, appPasswords, factorsOn, keys, open, apps, invited] =
      await Promise.all([
        services.directory.accounts.administered(did),
        profile.get(),
        profile.usage(),
        quota.override(),
        passwords.listAppPasswords(),
        factors.get(),
        passkeys.list(),
        sessions.list(),
        services.oauth.tokens.ofAccount(did),
        services.directory.invites.usedBy(did),
      ])
    return c.json({
      ...account,
      role: found?.role ?? null,
      attention: found?.attention ?? null,
      usage,
      quota: set,
      factors: { ...factorsOn, passkeys: keys.length },
      appPasswords,
      sessions: open.length,
      apps: apps.map(({ clientId, createdAt, updatedAt }) => ({ clientId, createdAt, updatedAt })),
      invitedBy: invited?.forAccount ?? null,
    })
  })
  /** `{account}` in. */
  .post('/operator/accounts/activate', (c) =>
    act(c, 'activate', (did, by) => c.env.services.operator.activate(did, by)),
  )
  .post('/operator/accounts/deactivate', (c) =>
    act(c, 'deactivate', (did, by) => c.env.services.operator.deactivate(did, by)),
  )
  /** `{account, reason}` in. */
  .post('/operator/accounts/takedown', (c) =>
    act(c, 'takedown', async (did, by, { reason }) => {
      const why = textOf(reason).trim()
      if (!why) throw new InvalidRequestError('Say why: a reason is needed')
      const subject = { kind: 'account', did } as const
      await c.env.services.moderation.setTakedown(subject, why.slice(0, MAX_REASON), { by })
    }),
  )
  .post('/operator/accounts/restore', (c) =>
    act(c, 'restore', async (did, by) => {
      await c.env.services.moderation.setTakedown({ kind: 'account', did }, null, { by })
    }),
  )
  /** `{account}` in; its app passwords, without the passwords, out. */
  .post('/operator/app-passwords', async (c) => {
    const { did, handle } = await accountOf(c, (await jsonBody(c)).account)
    const appPasswords = await c.env.services.account(did).passwords.listAppPasswords()
    return c.json({ did, handle, appPasswords })
  })
  /** `{account, name, privileged?}` in; the password, which is told this once, out. */
  .post('/operator/app-passwords/create', async (c) => {
    const { account, name, privileged } = await jsonBody(c)
    const { did, handle } = await accountOf(c, account)
    const typed = nameOf(name)
    const { services } = c.env
    const password = makeAppPassword()
    const made = await asOperator(c, 'create app password', { did, appPassword: typed }, () =>
      services.account(did).passwords.addAppPassword(typed, password, privileged === true),
    )
    services.mail.tell(did, { kind: 'app password added', name: typed })
    return c.json({ did, handle, ...made, password })
  })
  /** `{account, name}` in. */
  .post('/operator/app-passwords/revoke', async (c) => {
    const { account, name } = await jsonBody(c)
    const { did, handle } = await accountOf(c, account)
    const typed = nameOf(name)
    const { passwords } = c.env.services.account(did)
    const isThere = (await passwords.listAppPasswords()).some((known) => known.name === typed)
    if (!isThere) throw new InvalidRequestError(`@${handle} has no app password "${typed}"`)
    await asOperator(c, 'revoke app password', { did, appPassword: typed }, () =>
      passwords.removeAppPassword(typed),
    )
    return c.json({ did, handle, name: typed })
  })

/** Does something with the account of the body. */
async function act(
  c: CommandContext,
  action: string,
  work: (did: string, by: string, body: Readonly<Record<string, unknown>>) => Promise<void>,
) {
  const body = await jsonBody(c)
  const { did, handle } = await accountOf(c, body.account)
  const input = { did, ...(body.reason !== undefined && { reason: textOf(body.reason) }) }
  await asOperator(c, action, input, () => work(did, c.var.actor, body))
  c.env.services.accounts.invalidate(did)
  return c.json({ did, handle })
}

/** @throws InvalidRequestError */
function nameOf(name: unknown): string {
  const typed = textOf(name).trim()
  if (typed !== '' && typed.length <= MAX_NAME) return typed
  throw new InvalidRequestError(`The name of an app password has 1 to ${MAX_NAME} characters`)
}

const withCursor = ({ accounts, next }: SearchPage) => ({
  accounts,
  ...(next && { cursor: `${next.by}::${next.name}` }),
})

/** @throws InvalidRequestError */
function readPlace(cursor: unknown): SearchPlace | undefined {
  if (cursor === undefined) return undefined
  const [, by, name] = /^(did|handle|email|created)::(.+)$/.exec(textOf(cursor)) ?? []
  if (!by || !name) throw new InvalidRequestError('Malformed cursor')
  return { by: by as SearchPlace['by'], name }
}
