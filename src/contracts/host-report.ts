/**
 * What the host answers its operator's commands about itself, as JSON. Commands run on Node, where the types of objects are
 * not known: so this needs none of them.
 */
import type { Risk } from '../kernel/config/risks.ts'
import type { HostFacts } from '../kernel/host-facts.ts'
import type { Totals } from '../kernel/metrics/counters.ts'
import type { Quota } from '../kernel/quota.ts'
import type { RecentError } from '../kernel/recent-errors.ts'

/** Events that a relay may be behind. */
export const MANY_EVENTS = 1_000

/** Times are in ms since the epoch. */
export interface LiveReport {
  /** The host's clock. */
  now: number
  firehose: {
    /** Number of the newest event. */
    head: number
    consumers: number
    /** Events that the slowest consumer has not been sent. */
    behind: number
    lastEventAt?: number | undefined
    relays: {
      url: string
      askedAt?: number | undefined
      outcome?: string | undefined
      failures: number
    }[]
    accounts: number
    /** The objects that share the log; undefined: there is one, or it is a release that had no others. */
    log?:
      | {
          shards: { bytes: number; waiting: number; answers: boolean; accounts?: number }[]
          changes: boolean
          change?: { shards: number; left: number; since?: number | undefined } | undefined
        }
      | undefined
  }
  consumers: {
    id: string
    network?: string | undefined
    since?: number | undefined
    cursor: number
    behind: number
    sent: number
  }[]
  mails: { waiting: number; failed: number; dropped: number; lastError?: string | undefined }
  /** Undefined on Cloudflare, where an isolate of many counts. */
  totals?: Totals | undefined
  machine?: HostFacts | undefined
  /** The newest first, of this process. */
  errors: readonly RecentError[]
}

export interface HostReport extends LiveReport {
  /** Cursor after which there are the last hundred events. */
  lastEventsAfter: number
  /** Cursor after which there are `MANY_EVENTS`, or as many as are kept; undefined: by a release that did not say. */
  manyEventsAfter?: number
  version: string
  /** Whether anybody is asked for the newest version, and which that is. */
  asksVersion: boolean
  newest?: string | undefined
  hostname: string
  publicUrl: string
  serviceDid: string
  handleDomains: readonly string[]
  plcUrl: string
  dohUrl: string
  appview?: { url: string; did: string } | undefined
  /** did:key of this host's rotation key. */
  rotationKey: string
  registration: string
  devMode: boolean
  /** How mails leave, in words, and whether they do. */
  mailWay: string
  sendsMail: boolean
  accounts: {
    all: number
    attention: number
    takenDown: number
    fresh: number
    storedBytes: number
  }
  activity: {
    events: { hour: number; day: number }
    active: { day: number; month: number }
    bytes: number
  }
  /** What collection files ask for; undefined: there are none. */
  index?:
    | {
        collections: {
          collection: string
          serves: boolean
          filling?: { accounts: number; records: number; startedAt: number } | undefined
          filled?: { accounts: number; records: number; ms: number } | undefined
        }[]
        hooks: {
          collection: string
          waiting: number
          failed: number
          letters: number
          /** Undefined: by a release that had no bound. */
          behind?: number
          lost?: number
        }[]
        /** Files that cannot be loaded; undefined: by a release that did not say. */
        failed?: { file: string; message: string }[]
        /** The objects that share it; undefined: by a release that had one, and did not say how large it is. */
        shards?: { bytes: number }[]
        /** What it is being divided into. */
        change?: { shards: number; accounts: number; records: number; filled: number } | undefined
      }
    | undefined
  /** The app's jobs; undefined: by a release that had none. */
  jobs?: { name: string; failures: number; error: string | null }[]
  /** Services outside that are told of writes; undefined: by a release that had none. */
  webhooks?: {
    id: number
    /** Why nothing is sent; null: it is. */
    paused: string | null
    /** Attempts in a row that failed, and why. */
    attempts: number
    error?: string | undefined
    /** Writes that were given up. */
    letters: number
  }[]
  /** The directory, and the objects that share in it; undefined: by a release that did not say. */
  directory?: {
    bytes: number
    shards: {
      names: number
      bytes: number
      answers: boolean
      /** Whether all accounts are copied; while they are being, how many were looked through, and when. */
      complete: boolean
      copying?: { looked: number; at: number } | undefined
      /** Changes that it has not taken over, and when the oldest was made. */
      lag?: { changes: number; since?: number | undefined } | undefined
    }[]
  }
  /** Sign-ups that wait for approval. */
  waiting: number
  openReports: number
  /** When a backup of the whole host was last begun; undefined: not of late. */
  lastBackupAt?: number | undefined
  /** Of backups that the Worker makes of itself; undefined: it is not set up to. */
  scheduledBackup?: ScheduledBackup | undefined
  /** Of the disk; undefined: nobody knows. */
  freeBytes?: number | undefined
  /** PDS_FIREHOSE_MAX_LOG, bytes. */
  logLimit: number
  quota: Quota
  risks: readonly Risk[]
  /** What somebody should do something about. */
  alerts: { what: string; help: string; grave: boolean }[]
  /** Names that are set and look like settings, but are none. */
  unknownSettings: readonly string[]
}

/** Backups that the Worker makes of itself (docs/backup.md). Times are ms since 1970. */
export interface ScheduledBackup {
  /** ms between two runs. */
  interval: number
  /** The run that is under way: it may take several triggers. */
  run: { at: string; triggers: number; accounts: number } | null
  /** The last run that was finished. */
  last: {
    startedAt: number
    finishedAt: number
    accounts: number
    /** Accounts that could not be backed up, and why not the first of them. */
    failed: number
    why: string | null
    manifest: string
    /** Why nothing was removed, if something should have been. */
    notRemoved: string | null
  } | null
  /** What the last trigger failed with; null: it did not. */
  error: { at: number; message: string } | null
}

/** One account, for what looks at it from outside. */
export interface AccountReport {
  did: string
  handle: string
  status: string
  rev: string
  /** did:key that signs its repository. */
  signingKey: string
  usage: Quota & { limits: Quota; blobs: number }
  /** Blobs that records refer to and nobody has uploaded: at most 500 are counted. */
  missingBlobs: number
}
