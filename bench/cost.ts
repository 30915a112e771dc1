/**
 * What a host costs on Cloudflare per month: `npm run bench:cost`. The rows are those that the
 * benchmark counts, the use of an account is assumed, the prices are Cloudflare's published ones.
 * See docs/scaling.md, which has the table that this prints.
 */
import { readCounts } from './counts.ts'
import { table } from './report/text.ts'

readCounts(
  'npm run bench:cost',
  'What a host costs on Cloudflare in a month, of an assumed day of an account (docs/scaling.md). Nothing is measured or asked.',
  {},
)

const DAYS = 30
/** Of the paid plan, in US dollars a month. */
const SUBSCRIPTION = 5
const HOSTS = [1, 100, 10_000, 100_000]

/** What an active account does each day, and what each request takes, all objects together. */
const DAY: { times: number; takes: Usage }[] = [
  // Writes: account, sequencer, and the account's alarm; 12 rows, one to set the alarm, one when
  // the event goes.
  { times: 30, takes: [1, 3, 3, 30, 14, 5, 0, 0] },
  // Forwarded requests: the account signs a service token.
  { times: 500, takes: [1, 3, 1, 10, 0, 2, 0, 0] },
  // Reads: half of them a record, half a page of 50; directory and account.
  { times: 50, takes: [1, 3, 2, 20, 0, 28, 0, 0] },
  // Sessions: a refresh token takes the place of another in half of them.
  { times: 10, takes: [1, 3, 1, 10, 2, 3, 0, 0] },
  // Images: one upload, three downloads by caches of AppViews.
  { times: 1, takes: [4, 20, 9, 100, 6, 12, 1, 3] },
]

/** Milliseconds are assumptions for Cloudflare, above what was measured here. */
type Usage = [
  requests: number,
  cpuMs: number,
  objectRequests: number,
  /** Of an object that is awake. */
  objectMs: number,
  rowsWritten: number,
  rowsRead: number,
  blobWrites: number,
  blobReads: number,
]

/** Millions in a month of what requests take. */
const millions = (at: number): number =>
  (DAYS * DAY.reduce((sum, { times, takes }) => sum + times * (takes[at] ?? 0), 0)) / 1_000_000

/**
 * Unit; what an account uses in a month; US dollars for a million or one GB-month; what the paid
 * plan includes per month, and the free one, of storage in all.
 */
type Meter = [unit: string, usage: number, price: number, included: number, free: number]

/** Cloudflare's pricing pages, read in November 2026. An object is billed as 128 MB. */
const METERS: Meter[] = [
  ['M requests', millions(0), 0.3, 10, 0.1 * DAYS],
  ['M ms of CPU', millions(1), 0.02, 30, Number.POSITIVE_INFINITY],
  ['M object requests', millions(2), 0.15, 1, 0.1 * DAYS],
  ['M GB-s', millions(3) * 0.128e-3, 12.5, 0.4, 0.013 * DAYS],
  ['M rows written', millions(4), 1, 50, 0.1 * DAYS],
  ['M rows read', millions(5), 0.001, 25_000, 5 * DAYS],
  // Stored after a year of this.
  ['GB in objects', 0.0075, 0.2, 5, 5],
  ['GB of blobs', 0.18, 0.015, 10, 10],
  ['M class A operations', millions(6), 4.5, 1, 1],
  ['M class B operations', millions(7), 0.36, 10, 10],
]

const cost = ([, usage, price, included]: Meter, accounts: number): number =>
  Math.max(0, usage * accounts - included) * price
const total = (accounts: number): number =>
  METERS.reduce((sum, meter) => sum + cost(meter, accounts), SUBSCRIPTION)
const dollars = (value: number): string => (value === 0 ? '–' : value.toFixed(2))
const cents = METERS.reduce((sum, [, usage, price]) => sum + usage * price * 100, 0)
const columns = HOSTS.map((n) => `${n.toLocaleString('en')} accounts, $`)

const text = table(
  ['a month', 'an account', 'cents', ...columns, 'accounts on the free plan'],
  [
    ...METERS.map((meter) => {
      const [unit, usage, price, , free] = meter
      const dollarsOfHosts = HOSTS.map((accounts) => dollars(cost(meter, accounts)))
      const onFreePlan = Math.floor(free / usage).toLocaleString('en')
      const cents = (usage * price * 100).toFixed(3)
      return [unit, usage.toPrecision(3), cents, ...dollarsOfHosts, onFreePlan]
    }),
    ['subscription', '', '', ...HOSTS.map(() => dollars(SUBSCRIPTION)), ''],
    ['total', '', cents.toFixed(2), ...HOSTS.map((accounts) => dollars(total(accounts))), ''],
    ['per account', '', '', ...HOSTS.map((n) => (total(n) / n).toFixed(3)), ''],
  ],
)
process.stdout.write(`${text}\n`)
