/** What `cumulus backup` reads: rows as lines of JSON (`src/storage/dump.ts`). CAR files and blobs it gets by XRPC. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { Hono } from 'hono'
import { keyFingerprint } from '../../kernel/crypto/key-fingerprint.ts'
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
  /** `{did}` in; the rows of an account, with hashes of passwords and encrypted keys, out. */
  .post('/operator/backup/account', async (c) => {
    const { services } = c.env
    const { did } = await services.accounts.get(textOf((await jsonBody(c)).did))
    return c.body(await services.account(did).backup.dump(), 200, LINES)
  })
  /** `{object}` in: `directory`, `oauth` or `sequencer`; its rows out. */
  .post('/operator/backup/object', async (c) => {
    const { object } = await jsonBody(c)
    const { directory, oauth, sequencer } = c.env.services
    if (object === 'directory') return c.body(await directory.backup.dump(), 200, LINES)
    if (object === 'oauth') return c.body(await oauth.backup.dump(), 200, LINES)
    if (object === 'sequencer') return c.body(await sequencer.dump(), 200, LINES)
    throw new InvalidRequestError('object is "directory", "oauth" or "sequencer"')
  })
