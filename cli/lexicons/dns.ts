/** Whether DNS leads from a namespace to the account that publishes it. */
import type { ResolutionSettings } from '../../src/services/identity/resolve-did.ts'
import { LexiconError } from '../../src/services/lexicons/lexicon-error.ts'
import { authorityName, publishersAt } from '../../src/services/lexicons/resolve-authority.ts'

/** One name, and what DNS has there. */
export interface DnsEntry {
  name: string
  /** What the TXT record is to say. */
  wanted: string
  /** The DIDs that are there; undefined when DNS could not be asked. */
  found: string[] | undefined
  ok: boolean
}

/** Checks the name of each authority: lexicons of one namespace can have several. */
export async function checkDns(
  did: string,
  nsids: readonly string[],
  settings: Pick<ResolutionSettings, 'dohUrl' | 'network'>,
): Promise<DnsEntry[]> {
  const names = [...new Set(nsids.map(authorityName))]
  return Promise.all(
    names.map(async (name) => {
      const found = await publishersAt(name, settings).catch((error: unknown) => {
        if (error instanceof LexiconError) return undefined
        throw error
      })
      const ok = found?.length === 1 && found[0] === did
      return { name, wanted: `did=${did}`, found, ok }
    }),
  )
}

/** What is to be done about an entry that is not right. */
export function adviceFor({ name, wanted, found }: DnsEntry): string {
  const now =
    found === undefined
      ? 'DNS could not be asked'
      : found.length === 0
        ? 'there is none now'
        : `now it says ${found.map((did) => `did=${did}`).join(' and ')}`
  return `DNS: set ${name} TXT "${wanted}" (${now})`
}
