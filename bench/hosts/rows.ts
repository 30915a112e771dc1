/** Requests whose cost must not depend on how many accounts a host has. */
import { type Call, XrpcFailure } from '../load/client.ts'
import type { Workload } from '../load/drive.ts'
import { sequence } from '../load/post.ts'
import { COLLECTION, creation } from '../load/repo.ts'
import type { ManyHost, Resident } from './host.ts'

export interface HostRow {
  name: string
  workload(host: ManyHost): Workload
  /** Accounts that a host must have for it. */
  atLeast?: number
  /** Whether it is the same work at each size, so that it must take the same time. */
  flat: boolean
}

/** Accounts whose objects are kept in memory by the rows that want warm ones. */
const WARM = 50

export const create = (account: Resident): Call => creation({ account })

export const get = ({ did, keys }: Resident, at: number): Call => ({
  method: 'com.atproto.repo.getRecord',
  params: { repo: did, collection: COLLECTION, rkey: keys[at % keys.length] ?? '' },
})

export const resolve = (handle: string): Call => ({
  method: 'com.atproto.identity.resolveHandle',
  params: { handle },
})

export const listRepos = (limit: number, cursor: string): Call => ({
  method: 'com.atproto.sync.listRepos',
  params: { limit, cursor },
})

/** Requests to accounts from all over the host, or to the first `most`. */
const toAny =
  (call: (resident: Resident, at: number) => Call, most = Number.POSITIVE_INFINITY) =>
  ({ client, residents }: ManyHost): Workload => {
    const pick = sequence(5)
    const among = Math.min(most, residents.length)
    return {
      next: () => async () => {
        const at = pick(among)
        const resident = residents[at]
        if (resident) await client.drain(call(resident, at))
        return 1
      },
    }
  }

/** The same on objects that are in memory and have written before. */
const toWarm =
  (call: (resident: Resident, at: number) => Call) =>
  (host: ManyHost): Workload => {
    let warm = false
    return {
      ...toAny(call, WARM)(host),
      async before() {
        if (warm) return
        for (const resident of host.residents.slice(0, WARM))
          await host.client.drain(create(resident))
        warm = true
      },
    }
  }

/** A name of this host that nobody has: what is not found is not remembered, so each asks the directory. */
function resolveUnknown({ client }: ManyHost): Workload {
  let count = 0
  return {
    next: () => async () => {
      count += 1
      await client.drain(resolve(`nobody${count}.test`)).catch((error) => {
        if (!(error instanceof XrpcFailure && error.status === 400)) throw error
      })
      return 1
    },
  }
}

/** Pages from anywhere; all of them are full. */
const page =
  (limit: number) =>
  ({ client, residents }: ManyHost): Workload => {
    const pick = sequence(5)
    const dids = residents.map(({ did }) => did).sort()
    const cursors = ['', ...dids].slice(0, residents.length - limit + 1)
    return {
      next: () => async () => {
        await client.drain(listRepos(limit, cursors[pick(cursors.length)] ?? ''))
        return 1
      },
    }
  }

export const hostRows: HostRow[] = [
  { name: 'createRecord, warm object', workload: toWarm(create), flat: true },
  { name: 'createRecord, any object', workload: toAny(create), flat: false },
  { name: 'getRecord, warm object', workload: toWarm(get), flat: true },
  { name: 'getRecord, any object', workload: toAny(get), flat: false },
  {
    name: 'resolveHandle, any',
    workload: toAny(({ handle }) => resolve(handle)),
    flat: false,
  },
  { name: 'resolveHandle, of nobody', workload: resolveUnknown, flat: true },
  { name: 'listRepos of 10', workload: page(10), atLeast: 10, flat: true },
  { name: 'listRepos of 500', workload: page(500), atLeast: 500, flat: false },
]
