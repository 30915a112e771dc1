/** The rows that are about hosts rather than repositories: on servers of their own, after all others. */
import { join } from 'node:path'
import { fanOut } from '../firehose/fanout.ts'
import { replay } from '../firehose/replay.ts'
import { type RowName, wants } from '../options.ts'
import { say } from '../progress.ts'
import type { Run } from '../run-context.ts'
import { Cumulus } from '../servers/cumulus.ts'
import { Reference } from '../servers/reference.ts'
import { openClones, openReal } from './host.ts'
import { measureHosts } from './measure.ts'
import { measureObjects } from './objects.ts'
import { makeTemplate } from './template.ts'

export const HOST_ROWS: RowName[] = ['accounts', 'fanout', 'replay', 'coldStart', 'liveObjects']

/** Events in the log, of which 64 MiB go over one connection; the reference takes 10 ms to make each. */
const EVENTS = 20_000
const REFERENCE_EVENTS = 2_000
/** Accounts that write them. */
const WRITERS = 10

export async function runHosts({
  options,
  folder,
  plcUrl,
  result,
  attempt,
  cleanup,
}: Run): Promise<void> {
  const reference = async (stage: string) =>
    options.oursOnly
      ? undefined
      : await Reference.create(join(folder, `reference-${stage}`), plcUrl)
  say('making a host to be copied ...')
  const template = await makeTemplate(cleanup)
  const [cold, live] = [wants(options, 'coldStart'), wants(options, 'liveObjects')]

  if (wants(options, 'accounts')) {
    await attempt('accounts', async () => {
      const measured = await measureHosts(template, await reference('accounts'), options, cleanup)
      Object.assign(result, measured)
    })
  }
  if (wants(options, 'fanout')) {
    await attempt('fanout', async () => {
      const theirs = await reference('fanout')
      const hosts = [new Cumulus({ dataDirectory: cleanup.folder() }), ...(theirs ? [theirs] : [])]
      result.fanout = await fanOut(hosts, options.seconds, cleanup)
    })
  }
  if (wants(options, 'replay')) {
    await attempt('replay', async () => {
      result.replay = await replay(await openClones(template, WRITERS, cleanup), EVENTS, cleanup)
      const theirs = await reference('replay')
      if (!theirs) return
      const host = await openReal(theirs, WRITERS, cleanup)
      result.replay.push(...(await replay(host, REFERENCE_EVENTS, cleanup)))
    })
  }
  if (cold || live) {
    await attempt('coldStart, liveObjects', async () => {
      Object.assign(result, await measureObjects(template, { cold, live }, cleanup))
    })
  }
}
