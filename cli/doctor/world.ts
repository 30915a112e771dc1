/** What checks look at: the host from inside and outside, its accounts, and everybody else. Asked once each. */

import type { AccountReport, HostReport } from '../../src/contracts/host-report.ts'
import type { DidDocument } from '../../src/services/identity/did-document.ts'
import { parseDocument } from '../../src/services/identity/did-document.ts'
import { fieldsOf, messageOf, orReason } from './answers.ts'
import { Skipped } from './finding.ts'
import { type FirehoseSample, readFirehose } from './firehose.ts'
import type { Answer, Outside } from './outside.ts'

/** An account that is looked at. */
export type Account = AccountReport

/** Asks the host as its operator. @throws Error, in words */
export type AskHost = (path: string, body: object) => Promise<Record<string, unknown>>

/** An operation in the log of a did:plc. */
export interface PlcEntry {
  operation: {
    type: string
    rotationKeys?: string[]
    verificationMethods?: Record<string, string>
    alsoKnownAs?: string[]
    services?: Record<string, { endpoint?: string }>
    signingKey?: string
  }
  nullified?: boolean
}

/** DNS records, as DNS over HTTPS numbers them. */
const TYPES = { A: 1, TXT: 16, AAAA: 28 } as const

/** Where a host says that it is up. */
export const HEALTH = '/xrpc/_health'

/** Whether it is the host itself that says that its disk is full, and no proxy for it. */
export const isOwnRefusal = ({ status, json }: Answer): boolean =>
  status === 503 && fieldsOf(json).error === 'InsufficientStorage'

/** ms */
const SETTLE_TIME = 4_000

type Query = Readonly<Record<string, string>>

/** What is known of a host before it has said anything. */
export interface Place {
  hostname: string
  publicUrl: string
  dohUrl: string
}

/** The report of the host as `/operator/status` gives it; or why there is none, in words. */
export type Reported = { report: HostReport; readAt: number } | { why: string }

export class World {
  readonly place: Place
  readonly reported: Reported
  readonly accounts: readonly Account[]
  readonly outside: Outside
  readonly askHost: AskHost
  /** Of the SMTP server, where the settings of the host are on this machine. */
  readonly smtpUrl: string | undefined
  readonly #settleTime: number
  readonly #known = new Map<string, Promise<unknown>>()
  /** What clocks of others say minus what this machine's says, ms. */
  readonly clocks: number[] = []

  constructor(parts: {
    place: Place
    /** `readAt` is by this machine's clock, in ms. */
    reported: Reported
    accounts: readonly Account[]
    askHost: AskHost
    outside: Outside
    smtpUrl?: string | undefined
    /** How long the network may take to see what was just written, in ms. */
    settleTime?: number
  }) {
    this.place = parts.place
    this.reported = parts.reported
    this.accounts = parts.accounts
    this.askHost = parts.askHost
    this.smtpUrl = parts.smtpUrl
    this.outside = parts.outside
    this.#settleTime = parts.settleTime ?? SETTLE_TIME
  }

  /** What the host says of itself. @throws Skipped where it does not */
  get status(): HostReport {
    if ('report' in this.reported) return this.reported.report
    throw new Skipped('the host does not say how it is (operator-access)')
  }

  /** What the host's clock says minus what this machine's says, ms. @throws Skipped */
  get hostClock(): number {
    const { now } = this.status
    return now - ('readAt' in this.reported ? this.reported.readAt : now)
  }

  /** Asks the host under its public name. @throws UnreachableError */
  get(path: string): Promise<Answer> {
    const url = `${this.place.publicUrl}${path}`
    return this.#once(`host ${path}`, () => this.outside.get(url))
  }

  /**
   * For what needs an answer of the host: that there is none is told once.
   *
   * @throws Skipped where the host cannot be reached at all
   */
  async assertHostAnswers(): Promise<void> {
    const answer = await orReason(this.get(HEALTH))
    const isUp = !('unreachable' in answer) && (answer.status < 500 || isOwnRefusal(answer))
    if (!isUp) throw new Skipped('the host cannot be reached (host-answers)')
  }

  /** Asks somebody else, with a query. @throws UnreachableError */
  ask(origin: string, path: string, query: Query = {}): Promise<Answer> {
    return this.#once(urlOf(origin, path, query), () => this.askAnew(origin, path, query))
  }

  /** The same, also where it was asked before. @throws UnreachableError */
  async askAnew(origin: string, path: string, query: Query): Promise<Answer> {
    const answer = await this.outside.ask(urlOf(origin, path, query))
    const date = Date.parse(answer.headers.get('date') ?? '')
    if (!Number.isNaN(date)) this.clocks.push(date - Date.now())
    return answer
  }

  /** Gives the network time to see what was just written. */
  settle(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.#settleTime))
  }

  /** Records of a name, from the resolver that the host asks. @throws Skipped */
  async dns(name: string, type: keyof typeof TYPES): Promise<string[]> {
    const url = new URL(this.place.dohUrl)
    url.searchParams.set('name', name)
    url.searchParams.set('type', type)
    const answer = await this.#once(url.href, () =>
      this.outside.ask(url.href, { accept: 'application/dns-json' }).catch((error: unknown) => {
        throw new Skipped(`the DNS resolver (PDS_DOH_URL) does not answer: ${messageOf(error)}`)
      }),
    )
    const { Status: code, Answer: records } = fieldsOf(answer.json)
    if (code !== 0 && code !== 3) {
      throw new Skipped(`the DNS resolver (PDS_DOH_URL) answered with ${code ?? answer.status}`)
    }
    const all = Array.isArray(records) ? records.map(fieldsOf) : []
    return all
      .filter((record) => record.type === TYPES[type])
      .map(({ data }) => String(data).replace(/^"|"$/g, ''))
  }

  /** The document of a DID, as the network sees it; undefined: there is none. @throws Skipped */
  async document(did: string): Promise<DidDocument | undefined> {
    const url = documentUrl(did, this.status.plcUrl)
    if (!url) throw new Skipped(`${did} is of no method that this network knows`)
    const isOurs = did.startsWith('did:web:') && this.isOurName(hostOf(did))
    const answer = await this.#once(`document ${did}`, async () => {
      try {
        return isOurs
          ? await this.outside.get(url)
          : await this.ask(new URL(url).origin, new URL(url).pathname)
      } catch (error) {
        throw new Skipped(`${new URL(url).origin} does not answer: ${messageOf(error)}`)
      }
    })
    if (answer.status >= 500 || answer.status === 429) {
      throw new Skipped(`${new URL(url).origin} answers ${answer.status}`)
    }
    return answer.status === 200 ? parseDocument(did, answer.json) : undefined
  }

  /** The operations of a did:plc that count, the oldest first. @throws Skipped */
  async plcLog(did: string): Promise<PlcEntry[]> {
    if (!did.startsWith('did:plc:')) throw new Skipped('its identity is a did:web')
    const { plcUrl } = this.status
    let answer: Answer
    try {
      answer = await this.ask(plcUrl, `/${encodeURIComponent(did)}/log/audit`)
    } catch (error) {
      throw new Skipped(`${plcUrl} does not answer: ${messageOf(error)}`)
    }
    if (!Array.isArray(answer.json)) throw new Skipped(`${plcUrl} answers ${answer.status}`)
    const entries = answer.json as PlcEntry[]
    return entries.filter((entry) => entry?.nullified !== true && Boolean(entry?.operation))
  }

  /** The last of the firehose, read once for all checks. */
  firehose(): Promise<FirehoseSample> {
    return this.#once('firehose', () => readFirehose(this.status, this.outside))
  }

  /** Whether a name is the host's, or a handle's that it serves. */
  isOurName(name: string): boolean {
    const { hostname, handleDomains } = this.status
    return name === hostname || handleDomains.some((domain) => name.endsWith(domain))
  }

  /** Whether others could reach the host at all. */
  get isPublic(): boolean {
    return this.place.publicUrl.startsWith('https:')
  }

  #once<T>(key: string, work: () => Promise<T>): Promise<T> {
    let known = this.#known.get(key)
    if (!known) {
      known = work()
      this.#known.set(key, known)
    }
    return known as Promise<T>
  }
}

function urlOf(origin: string, path: string, query: Query): string {
  const url = new URL(path, origin)
  for (const [name, value] of Object.entries(query)) url.searchParams.append(name, value)
  return url.href
}

/** Where the document of a DID is. */
function documentUrl(did: string, plcUrl: string): string | undefined {
  if (/^did:plc:[a-z2-7]{24}$/.test(did)) return `${plcUrl}/${encodeURIComponent(did)}`
  return did.startsWith('did:web:') ? `https://${hostOf(did)}/.well-known/did.json` : undefined
}

const hostOf = (did: string): string => decodeURIComponent(did.slice('did:web:'.length))
