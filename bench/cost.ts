/**
 * What a host costs on Cloudflare per month: `node bench/cost.ts`. The rows are those that the benchmark
 * counts, the use of an account is assumed, the prices are Cloudflare's published ones. See
 * docs/scaling.md, which has the table that this prints.
 */
import { table } from './report/table.ts'

const DAYS = 30
const MILLION = 1_000_000

/** What an active account does each day. */
const A_DAY = { writes: 30, proxied: 500, reads: 50, sessions: 10, images: 1 }
/** After a year of this: GB in its object, GB of its blobs. */
const STORED = { object: 0.0075, blobs: 0.18 }

type Meter =
  | 'requests'
  | 'cpu'
  | 'objectRequests'
  | 'duration'
  | 'rowsWritten'
  | 'rowsRead'
  | 'storage'
  | 'blobStorage'
  | 'blobWrites'
  | 'blobReads'

type Usage = Record<Meter, number>

/** CPU and wall-clock ms are assumptions for Cloudflare, above what was measured here. */
const NOTHING: Usage = {
  requests: 1,
  cpu: 3,
  objectRequests: 0,
  duration: 0,
  rowsWritten: 0,
  rowsRead: 0,
  storage: 0,
  blobStorage: 0,
  blobWrites: 0,
  blobReads: 0,
}

/** What one request costs, all objects together; duration in ms of an object that is awake. */
const REQUEST: Record<keyof typeof A_DAY, Usage> = {
  // Account, sequencer, and the account's alarm; 12 rows, one for setting the alarm, one when the event goes.
  writes: { ...NOTHING, objectRequests: 3, duration: 30, rowsWritten: 14, rowsRead: 5 },
  // The account signs a service token.
  proxied: { ...NOTHING, objectRequests: 1, duration: 10, rowsRead: 2 },
  // Half of them a record, half a page of 50; directory and account.
  reads: { ...NOTHING, objectRequests: 2, duration: 20, rowsRead: 28 },
  // A refresh token takes the place of another in half of them.
  sessions: { ...NOTHING, objectRequests: 1, duration: 10, rowsWritten: 2, rowsRead: 3 },
  // One upload, three downloads by caches of AppViews.
  images: {
    ...NOTHING,
    requests: 4,
    cpu: 20,
    objectRequests: 9,
    duration: 100,
    rowsWritten: 6,
    rowsRead: 12,
    blobWrites: 1,
    blobReads: 3,
  },
}

interface Price {
  unit: string
  /** US dollars for a million, or for one GB-month. */
  price: number
  /** In the paid plan, per month. */
  included: number
  /** In the free plan, per day; of storage in all. */
  free: number
  /** From what is counted to what is billed. */
  scale: number
}

/** Workers, Durable Objects and R2 pricing pages, read in November 2026. */
const PRICES: Record<Meter, Price> = {
  requests: { unit: 'M requests', price: 0.3, included: 10, free: 0.1, scale: 1 / MILLION },
  cpu: {
    unit: 'M ms of CPU',
    price: 0.02,
    included: 30,
    free: Number.POSITIVE_INFINITY,
    scale: 1 / MILLION,
  },
  objectRequests: {
    unit: 'M object requests',
    price: 0.15,
    included: 1,
    free: 0.1,
    scale: 1 / MILLION,
  },
  // An object is billed as 128 MB.
  duration: {
    unit: 'M GB-s',
    price: 12.5,
    included: 0.4,
    free: 0.013,
    scale: 0.128 / 1000 / MILLION,
  },
  rowsWritten: { unit: 'M rows written', price: 1, included: 50, free: 0.1, scale: 1 / MILLION },
  rowsRead: { unit: 'M rows read', price: 0.001, included: 25_000, free: 5, scale: 1 / MILLION },
  storage: { unit: 'GB in objects', price: 0.2, included: 5, free: 5, scale: 1 },
  blobStorage: { unit: 'GB of blobs', price: 0.015, included: 10, free: 10, scale: 1 },
  blobWrites: {
    unit: 'M class A operations',
    price: 4.5,
    included: 1,
    free: 1 / DAYS,
    scale: 1 / MILLION,
  },
  blobReads: {
    unit: 'M class B operations',
    price: 0.36,
    included: 10,
    free: 10 / DAYS,
    scale: 1 / MILLION,
  },
}

const SUBSCRIPTION = 5
const HOSTS = [1, 100, 10_000, 100_000]

/** What one account uses in a month, in units that are billed. */
function usage(meter: Meter): number {
  if (meter === 'storage') return STORED.object
  if (meter === 'blobStorage') return STORED.blobs
  const kinds = Object.keys(A_DAY) as (keyof typeof A_DAY)[]
  const day = kinds.reduce((sum, kind) => sum + A_DAY[kind] * REQUEST[kind][meter], 0)
  return day * DAYS * PRICES[meter].scale
}

const isStored = (meter: Meter) => meter === 'storage' || meter === 'blobStorage'

const meters = Object.keys(PRICES) as Meter[]
const dollars = (value: number) => (value === 0 ? '–' : value.toFixed(2))
const cost = (meter: Meter, accounts: number) =>
  Math.max(0, usage(meter) * accounts - PRICES[meter].included) * PRICES[meter].price
const total = (accounts: number) =>
  meters.reduce((sum, meter) => sum + cost(meter, accounts), SUBSCRIPTION)

const lines = meters.map((meter) => [
  PRICES[meter].unit,
  usage(meter).toPrecision(3),
  (usage(meter) * PRICES[meter].price * 100).toFixed(3),
  ...HOSTS.map((accounts) => dollars(cost(meter, accounts))),
  Math.floor(PRICES[meter].free / (usage(meter) / (isStored(meter) ? 1 : DAYS))).toLocaleString(
    'en',
  ),
])
const cents = meters.reduce((sum, meter) => sum + usage(meter) * PRICES[meter].price * 100, 0)
lines.push(['subscription', '', '', ...HOSTS.map(() => dollars(SUBSCRIPTION)), ''])
lines.push([
  'total',
  '',
  cents.toFixed(2),
  ...HOSTS.map((accounts) => dollars(total(accounts))),
  '',
])
lines.push([
  'per account',
  '',
  '',
  ...HOSTS.map((accounts) => (total(accounts) / accounts).toFixed(3)),
  '',
])
const head = [
  'a month',
  'an account',
  'cents',
  ...HOSTS.map((n) => `${n.toLocaleString('en')} accounts, $`),
]
process.stdout.write(`${table([...head, 'accounts on the free plan'], lines)}\n`)
