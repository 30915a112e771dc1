/** What `cumulus status` and `cumulus doctor` ask, and what mends what they find. */
import { InvalidRequestError, XRPCError } from '@atproto/xrpc-server'
import { Hono } from 'hono'
import type { SequencerClient } from '../../services/objects/stubs.ts'
import type { RelayRow } from '../../storage/sequencer/relays.ts'
import { jsonBody, textOf } from '../account/form.ts'
import { accountOf, asOperator, type CommandEnv } from './command-context.ts'
import { readLive, readReport, reportAccount } from './report.ts'

/** Accounts in one answer. */
const MAX_REPORTS = 25

/** Below `/operator/`, whose middleware has let the operator in. */
export const hostCommands = new Hono<CommandEnv>()
  /** `{live?}` in; `HostReport` out, or with `live` a `LiveReport`. */
  .post('/operator/status', async (c) => {
    const { live } = await jsonBody(c)
    return c.json(live === true ? await readLive(c.env.services) : await readReport(c.env.services))
  })
  /** `{accounts}` in, at most 25; `{reports}` out, `AccountReport`s. One that is gone is left out, unless it is the only one. */
  .post('/operator/account-reports', async (c) => {
    const { accounts } = await jsonBody(c)
    if (!Array.isArray(accounts) || accounts.length > MAX_REPORTS) {
      throw new InvalidRequestError(`accounts must be a list of at most ${MAX_REPORTS}`)
    }
    const report = async (account: unknown) =>
      reportAccount(await accountOf(c, account), c.env.services)
    if (accounts.length === 1) return c.json({ reports: [await report(accounts[0])] })
    const reports = await Promise.all(accounts.map((one) => report(one).catch(() => undefined)))
    return c.json({ reports: reports.filter((one) => one !== undefined) })
  })
  /** `{}` in; `{error}` out, null where the blob store gives back what it is given. */
  .post('/operator/try-blobs', async (c) => {
    try {
      await c.env.services.blobs.tryStore()
      return c.json({ error: null })
    } catch (error) {
      return c.json({ error: error instanceof Error ? error.message : String(error) })
    }
  })
  /** `{relay}` in, an origin; asks it to crawl. `{askedAt, outcome}` out. */
  .post('/operator/request-crawl', async (c) => {
    const relay = textOf((await jsonBody(c)).relay)
    const { config, sequencer } = c.env.services
    const url = config.crawlers.find((crawler) => new URL(crawler).origin === relay) ?? relay
    const answer = await asOperator(c, 'request crawl', { uri: relay }, () =>
      askToCrawl(url, sequencer),
    )
    return c.json({ askedAt: answer.askedAt, outcome: answer.outcome })
  })
  /** `{account, what}` in, with `identity` or `sync`; tells the network to look again. */
  .post('/operator/announce', async (c) => {
    const { account, what } = await jsonBody(c)
    if (what !== 'identity' && what !== 'sync') {
      throw new InvalidRequestError('what must be "identity" or "sync"')
    }
    const { did, handle } = await accountOf(c, account)
    c.env.services.accounts.invalidate(did)
    const { profile } = c.env.services.account(did)
    await asOperator(c, `announce ${what}`, { did }, () =>
      what === 'identity' ? profile.announceIdentity() : profile.announceHead(),
    )
    return c.json({ did, handle })
  })
  /** `{above}` in: the next event of the firehose gets a higher number. */
  .post('/operator/raise-sequence', async (c) => {
    const { above } = await jsonBody(c)
    const { sequencer } = c.env.services
    await asOperator(c, 'raise sequence', { note: String(above) }, async () => {
      const isRaised = typeof above === 'number' && (await sequencer.raiseSequence(above))
      if (!isRaised) {
        throw new InvalidRequestError(
          'Numbers count from the microseconds since 1970: this one is in the future, or no number',
        )
      }
    })
    return c.json({})
  })

/** @throws XRPCError 429; InvalidRequestError */
async function askToCrawl(
  url: string,
  sequencer: Pick<SequencerClient, 'requestCrawl'>,
): Promise<RelayRow> {
  const answer = await sequencer.requestCrawl(url)
  if (answer === 'unknown') throw new InvalidRequestError('This relay is not in PDS_CRAWLERS')
  if (answer === 'soon') {
    throw new XRPCError(429, 'It was asked less than a minute ago', 'RateLimitExceeded')
  }
  return answer
}
