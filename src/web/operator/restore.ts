/** What `cumulus restore` does, a step at a time: each can be asked for again. */
import { isValidDid, isValidHandle } from '@atproto/syntax'
import { InvalidRequestError } from '@atproto/xrpc-server'
import { Hono } from 'hono'
import { keySecrets } from '../../kernel/config/secret-settings.ts'
import { keyFingerprint } from '../../kernel/crypto/key-fingerprint.ts'
import { jsonBody, textOf } from '../account/form.ts'
import { asOperator, type CommandContext, type CommandEnv } from './command-context.ts'

/** Blobs that are named in one answer. */
const PAGE = 1_000

export const restoreCommands = new Hono<CommandEnv>()
  /**
   * `{id, seq}` in: a whole host is restored, whose events are numbered from above `seq`. Out: what is done already, and
   * fingerprints of its PDS_KEY_SECRET, two while one takes the place of the other.
   */
  .post('/operator/restore/host', async (c) => {
    const { id, seq } = await jsonBody(c)
    const { directory, sequencer, config, operator } = c.env.services
    // A number that is not taken would leave events below what the network has seen.
    if (!isCount(seq)) throw new InvalidRequestError('seq is a whole number')
    return asOperator(c, 'restore host', { note: textOf(id) }, async () => {
      const begun = await directory.restore.beginHost(textOf(id))
      if (!begun.finished) {
        const above = Math.max(seq, await operator.seenByRelays())
        // By the clock of the sequencer: this Worker's may be ahead of it.
        if (!(await sequencer.raiseSequence(above, 'as far as it goes'))) {
          throw new InvalidRequestError('The number of the last event is none')
        }
      }
      return c.json({ ...begun, keyFingerprints: keySecrets(config).map(keyFingerprint) })
    })
  })
  /** `{}` in: the host is restored, and may be signed up to again. */
  .post('/operator/restore/finish', (c) =>
    asOperator(c, 'host restored', {}, async () => {
      await c.env.services.directory.restore.finishHost()
      // They begin here: the index of this host knows nothing of them.
      const webhooks = await c.env.services.directory.webhooks.list()
      if (webhooks.length > 0) await c.env.services.hostIndex.webhooks.adopt()
      return c.json({})
    }),
  )
  /** `{object, id}` in: its rows are to come; `{size}`, how many bytes of them are here, out. */
  .post('/operator/restore/object', async (c) => {
    const { object, id } = await jsonBody(c)
    return c.json({ size: await (await objectOf(c, object)).restore.begin(textOf(id)) })
  })
  /** `?object=…&offset=…`, and bytes of its rows. */
  .post('/operator/restore/object/stage', async (c) => {
    const { restore } = await objectOf(c, c.req.query('object'))
    return c.json({ size: await restore.stage(Number(parameter(c, 'offset')), await bytesOf(c)) })
  })
  /** `{object, sessions}` in: its rows are replaced by those that have come. */
  .post('/operator/restore/object/apply', async (c) => {
    const { object, sessions } = await jsonBody(c)
    const { restore } = await objectOf(c, object)
    await restore.apply(sessions === true)
    return c.json({})
  })
  /** `{did, id, overwrite?}` in; what comes next (`RestoreState`), and whether keys are as they were, out. */
  .post('/operator/restore/account', async (c) => {
    const { did: typed, id, overwrite } = await jsonBody(c)
    const { services } = c.env
    const did = assertDid(textOf(typed))
    const state = await services.account(did).restore.begin(textOf(id), overwrite === true)
    const { config } = services
    return c.json({ ...state, keyFingerprint: keyFingerprint(config.keySecret) })
  })
  /** `?did=…&sessions=true`, and all rows of an account. */
  .post('/operator/restore/rows', async (c) => {
    const rows = await bytesOf(c)
    const { services } = c.env
    const did = assertDid(parameter(c, 'did'))
    const sessions = c.req.query('sessions') === 'true'
    return asOperator(c, 'restore account', { did }, async () => {
      await services.account(did).restore.rows(did, rows, sessions)
      return c.json({})
    })
  })
  /**
   * `?did=…&first=true`, and lines of a dump of the app's tables: with `first`, from its first line on, and everything is
   * replaced. Without a DID: those of the host.
   */
  .post('/operator/restore/app', async (c) => {
    const lines = await bytesOf(c)
    const { services } = c.env
    const typed = c.req.query('did')
    const did = typed === undefined ? undefined : assertDid(typed)
    if (did === undefined) await services.directory.restore.assertHost()
    const first = c.req.query('first') === 'true'
    await asOperator(c, 'restore app tables', { ...(did && { did }) }, () =>
      services.appTables(did).restore.add(did, lines, first),
    )
    return c.json({})
  })
  /** `?did=…&offset=…`, and bytes of the repository's CAR file. */
  .post('/operator/restore/stage', async (c) => {
    const { restore } = c.env.services.account(assertDid(parameter(c, 'did')))
    return c.json({ staged: await restore.stage(Number(parameter(c, 'offset')), await bytesOf(c)) })
  })
  /** `{did}` in: the CAR file is whole. `{head, rev, records}` out. */
  .post('/operator/restore/repository', async (c) => {
    const did = assertDid(textOf((await jsonBody(c)).did))
    return c.json(await c.env.services.account(did).restore.repository())
  })
  /** `{did, after?}` in; which blobs are here, out. */
  .post('/operator/restore/blobs', async (c) => {
    const { did, after } = await jsonBody(c)
    const { restore } = c.env.services.account(assertDid(textOf(did)))
    return c.json({ blobs: await restore.blobs(PAGE, textOf(after) || undefined) })
  })
  /** `?did=…&cid=…&type=…`, and the bytes of a blob. */
  .post('/operator/restore/blob', async (c) => {
    const { body, headers } = c.req.raw
    const did = assertDid(parameter(c, 'did'))
    const size = Number(headers.get('content-length'))
    if (!body || !Number.isSafeInteger(size) || size < 1) {
      throw new InvalidRequestError('The bytes of the blob, and Content-Length, are missing')
    }
    const blob = { cid: parameter(c, 'cid'), mimeType: parameter(c, 'type'), size }
    await c.env.services.blobs.restore(did, blob, body)
    return c.json({})
  })
  /**
   * `{did, announce, claim?}` in: the account is opened. With `claim`, `{handle, email}`, it is restored into a host that
   * lives: it gets its names there, and is deactivated if its identity is elsewhere. `{elsewhere?}` out: why it is.
   */
  .post('/operator/restore/open', async (c) => {
    const { did: typed, announce, claim } = await jsonBody(c)
    const did = assertDid(textOf(typed))
    const { operator, accounts } = c.env.services
    const names =
      claim && typeof claim === 'object' ? (claim as Record<string, unknown>) : undefined
    // It stands in a backup, into which somebody else may have written.
    if (names && !isValidHandle(textOf(names.handle))) {
      throw new InvalidRequestError('The account of the backup has no valid handle')
    }
    const elsewhere = await operator.openRestored(did, announce === true, {
      ...(names && { claim: { handle: textOf(names.handle), email: textOf(names.email) || null } }),
    })
    accounts.invalidate(did)
    return c.json({ elsewhere })
  })

/** @throws InvalidRequestError, also where no host is being restored */
async function objectOf(c: CommandContext, name: unknown) {
  const { directory, oauth } = c.env.services
  await directory.restore.assertHost()
  if (name === 'directory') return directory
  if (name === 'oauth') return oauth
  throw new InvalidRequestError('object is "directory" or "oauth"')
}

/** A parameter of the URL. @throws InvalidRequestError */
function parameter(c: CommandContext, name: string): string {
  const value = c.req.query(name)
  if (value) return value
  throw new InvalidRequestError(`The parameter ${name} is missing`)
}

const bytesOf = async (c: CommandContext): Promise<Uint8Array> =>
  new Uint8Array(await c.req.arrayBuffer())

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0

function assertDid(did: string): string {
  if (isValidDid(did)) return did
  throw new InvalidRequestError(`Not a DID: ${did.slice(0, 100)}`)
}
