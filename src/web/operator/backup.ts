/** What `cumulus backup` reads: rows as lines of JSON (`src/storage/dump.ts`). CAR files and blobs it gets by XRPC. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { Hono } from 'hono'
import { keyFingerprint } from '../../kernel/crypto/key-fingerprint.ts'
import { accountRows } from '../../services/backup/rows.ts'
import { jsonBody, textOf } from '../account/form.ts'
import { asOperator, type CommandEnv } from './command-context.ts'

/** Accounts in one answer. */
const PAGE = 500

const LINES = { 'content-type': 'application/jsonl', 'cache-control': 'no-store' }

export const backupCommands = new Hono<CommandEnv>()
  /** `{}` in; of which host a backup is, out. The audit log says that one was begun. */
  .post('/operator/backup/begin', async (c) => {
    const { account } = await jsonBody(c)
    const { config } = c.env.services
    return asOperator(c, 'backup', { ...(textOf(account) && { account }) }, async () =>
      c.json({
        hostname: config.hostname,
        publicUrl: config.publicUrl,
        keyFingerprint: keyFingerprint(config.keySecret),
      }),
    )
  })
  /** `{after?}` in; the next accounts in the order of their DIDs, out. */
  .post('/operator/backup/accounts', async (c) => {
    const { after } = await jsonBody(c)
    const { directory } = c.env.services
    const found = await directory.accounts.list(PAGE, textOf(after) || undefined)
    return c.json({ accounts: found.map(({ did, handle }) => ({ did, handle })) })
  })
  /** `{did}` in; the rows of an account, with hashes of passwords and encrypted keys, out; then those of the app's tables. */
  .post('/operator/backup/account', async (c) => {
    const { services } = c.env
    const { did } = await services.accounts.get(textOf((await jsonBody(c)).did))
    return c.body(await accountRows(services, did), 200, LINES)
  })
  /** `{object}` in: `directory`, `oauth`, `sequencer` or `app`; its rows out. None of `app`: the app has no tables. */
  .post('/operator/backup/object', async (c) => {
    const { object } = await jsonBody(c)
    const { services } = c.env
    const { directory, oauth, sequencer } = services
    if (object === 'directory') return c.body(await directory.backup.dump(), 200, LINES)
    if (object === 'oauth') return c.body(await oauth.backup.dump(), 200, LINES)
    if (object === 'sequencer') return c.body(await sequencer.dump(), 200, LINES)
    if (object === 'app')
      return c.body(await services.appTables(undefined).backup.dump(), 200, LINES)
    throw new InvalidRequestError('object is "app", "directory", "oauth" or "sequencer"')
  })
