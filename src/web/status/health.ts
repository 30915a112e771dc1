/** How the host is doing, as `/xrpc/_health` says it: nothing in here is secret. */
import { version } from '../../../package.json'
import type { FirehoseStatus } from '../../contracts/sequencer.ts'

export interface Health {
  version: string
  firehose: {
    /** Number of the newest event. */
    head: number
    /** Accounts that have had events and are not deleted. */
    accounts: number
    consumers: number
    /** Events that the slowest consumer has not been sent. */
    behind: number
    /** ISO 8601. */
    lastEventAt: string | null
    relays: {
      url: string
      /** ISO 8601; null: never. */
      askedAt: string | null
      /** What it said, in a few words. */
      outcome: string | null
    }[]
  }
}

export function health({ lastEventAt, relays, log: _, ...counts }: FirehoseStatus): Health {
  return {
    version,
    firehose: {
      ...counts,
      lastEventAt: isoTime(lastEventAt),
      relays: relays.map(({ url, askedAt, outcome }) => ({
        url: new URL(url).origin,
        askedAt: isoTime(askedAt),
        outcome: outcome ?? null,
      })),
    },
  }
}

const isoTime = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString())
