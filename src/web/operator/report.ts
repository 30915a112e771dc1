/** The host as `cumulus status` and `cumulus doctor` see it. */
import type { Services } from '../../context/services.ts'
import {
  type AccountReport,
  type HostReport,
  type LiveReport,
  MANY_EVENTS,
} from '../../contracts/host-report.ts'
import { hasJobs } from '../../kernel/job-files.ts'
import { counters } from '../../kernel/metrics/counters.ts'
import { recentErrors } from '../../kernel/recent-errors.ts'
import { alerts } from '../admin/overview/alerts.ts'
import { readHost } from '../admin/overview/read.ts'
import { wayOfMails } from '../admin/sections/mail-way.ts'

/** Missing blobs that are counted. */
const MISSING_COUNTED = 500

/** Events that a reader from outside verifies. */
const LAST_EVENTS = 100

/** What changes from moment to moment, and costs little to read. */
export async function readLive(services: Services): Promise<LiveReport> {
  const { directory, sequencer, space } = services
  const [firehose, consumers, mails, machine] = await Promise.all([
    sequencer.status(),
    sequencer.consumers(),
    directory.mails.counts(),
    space.facts(),
  ])
  const totals = space.isWatched ? counters.totals() : undefined
  return { now: Date.now(), firehose, consumers, mails, totals, machine, errors: recentErrors() }
}

/** All of it; reads a row for each account. */
export async function readReport(services: Services): Promise<HostReport> {
  const { config, mail, plc, unknownSettings } = services
  const [state, live, lastBackupAt, lastEventsAfter, manyEventsAfter, jobs] = await Promise.all([
    readHost(services),
    readLive(services),
    services.directory.audit.lastOf('command.backup'),
    services.sequencer.cursorBefore(LAST_EVENTS),
    services.sequencer.cursorBefore(MANY_EVENTS),
    hasJobs() ? services.hostIndex.jobs.list() : [],
  ])
  const { version, asksVersion, newest, accounts, activity, waiting, openReports } = state
  const { freeBytes, logLimit, risks } = state
  const { hostname, publicUrl, serviceDid, handleDomains, plcUrl, dohUrl, registration } = config
  const { devMode, quota, appview } = config
  return {
    ...live,
    lastEventsAfter,
    manyEventsAfter,
    lastBackupAt,
    scheduledBackup: state.scheduledBackup,
    ...{ version, asksVersion, newest, accounts, activity, waiting, openReports },
    ...{ freeBytes, logLimit, risks },
    index: state.index,
    ...(state.divisions && { directory: state.divisions }),
    webhooks: state.webhooks.map(({ id, paused, attempts, letters, error }) => ({
      ...{ id, paused, attempts, letters, error },
    })),
    jobs,
    alerts: alerts(state).map(({ what, help, grave }) => ({ what, help, grave })),
    ...{ hostname, publicUrl, serviceDid, handleDomains, plcUrl, dohUrl, registration },
    ...{ devMode, quota, unknownSettings },
    appview: appview && { url: appview.url, did: appview.did },
    rotationKey: plc.rotationDidKey(),
    mailWay: wayOfMails(services),
    sendsMail: mail.sends,
  }
}

/** @throws XRPCError */
export async function reportAccount(
  { did, handle }: { did: string; handle: string },
  services: Services,
): Promise<AccountReport> {
  const { repository, keys, profile, blobs } = services.account(did)
  const [{ rev, status }, signingKey, usage, missing] = await Promise.all([
    repository.status(),
    keys.publicKey(),
    profile.usage(),
    blobs.listMissing(MISSING_COUNTED),
  ])
  return { did, handle, status, rev, signingKey, usage, missingBlobs: missing.length }
}
