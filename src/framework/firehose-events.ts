/** Events of the firehose, each change of a record apart: for tests and for who watches a host in development. */
import { jsonToLex } from '@atproto/lexicon'
import { cidString } from '../kernel/cbor/cid.ts'
import { recordToJson } from '../kernel/cbor/to-json.ts'
import { CarReader } from '../storage/car-reader.ts'

/** One change of a record, or what happened to an account. */
export interface HostEvent {
  seq: number
  did: string
  /** `#commit`, `#identity`, `#account`, `#sync`. */
  type: string
  /** Of a commit: what was done to which record. */
  action?: 'create' | 'update' | 'delete'
  collection?: string
  rkey?: string
  uri?: string
  rev?: string
  cid?: string
  /** As it was written; undefined where it was deleted. */
  record?: unknown
  /** Of `#identity`. */
  handle?: string
  /** Of `#account`. */
  active?: boolean
  status?: string
}

interface Body {
  seq: number
  did?: string
  repo?: string
  rev?: string
  ops?: readonly { action: 'create' | 'update' | 'delete'; path: string; cid: unknown }[]
  blocks?: Uint8Array
  handle?: string
  active?: boolean
  status?: string
}

/** What a message of `subscribeRepos` tells, in its order; nothing for errors and notes. */
export function eventsOf(type: string, body: unknown): HostEvent[] {
  const { seq, did = '', repo = did, rev, ops, blocks, handle, active, status } = body as Body
  if (typeof seq !== 'number') return []
  if (type !== '#commit') return [{ seq, did: repo, type, handle, active, status }]
  const all = blocksOf(blocks ?? new Uint8Array())
  return (ops ?? []).map(({ action, path, cid: link }) => {
    const [collection = '', rkey = ''] = path.split('/')
    const cid = link ? String(link) : undefined
    const block = cid === undefined ? undefined : all.get(cid)
    const record = block && recordOf(block)
    const uri = `at://${repo}/${path}`
    return { seq, did: repo, type, action, collection, rkey, uri, rev, cid, record }
  })
}

/** undefined where there is no JSON for it. */
function recordOf(block: Uint8Array): unknown {
  const json = recordToJson(block)
  return json === undefined ? undefined : jsonToLex(JSON.parse(json))
}

function blocksOf(car: Uint8Array): Map<string, Uint8Array> {
  const reader = new CarReader({ needsRoot: false })
  return new Map([...reader.push(car)].map(({ cid, block }) => [cidString(cid), block]))
}

/** `1042 alice.test create com.example.guestbook.entry/3l2s…` @param name of the account, where it is known */
export function eventLine(event: HostEvent, name = event.did): string {
  const { seq, type, action, collection, rkey } = event
  if (type === '#commit') return `${seq} ${name} ${action} ${collection}/${rkey}`
  const { handle, active, status } = event
  const more = handle ?? status ?? (active === undefined ? '' : active ? 'active' : 'inactive')
  return `${seq} ${name} ${type.slice(1)} ${more}`.trimEnd()
}
