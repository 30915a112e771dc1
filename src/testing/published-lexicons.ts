/** A lexicon authority made of canned answers, for tests: DNS, DID documents and a host. */
import type { LexValue } from '@atproto/lex-data'
import { cidOf } from '../kernel/cbor/cid.ts'
import { encode } from '../kernel/cbor/encode.ts'
import { SigningKey } from '../kernel/crypto/signing-key.ts'
import type { Fetch } from '../kernel/net/guarded-fetch.ts'
import type { DidDocument } from '../services/identity/did-document.ts'
import { SCHEMA_COLLECTION } from '../services/lexicons/document.ts'
import {
  LexiconCache,
  LexiconResolver,
  type LexiconResolverParts,
} from '../services/lexicons/resolver.ts'
import { signCommit } from '../storage/account/commit.ts'
import { carFile } from '../storage/car.ts'
import type { StoredLexicon } from '../storage/directory/lexicons.ts'
import { encodeNode } from '../storage/mst/codec.ts'

export const DID = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
export const PDS = 'https://pds.example.net'
export const NSID = 'com.example.book.entry'
const DOH = 'https://dns.example.net/query'

/** A record type with the given properties, `text` required. */
export const recordLexicon = (id: string, properties: object = {}) => ({
  $type: SCHEMA_COLLECTION,
  lexicon: 1,
  id,
  defs: {
    main: {
      type: 'record',
      key: 'tid',
      record: {
        type: 'object',
        required: ['text'],
        properties: { text: { type: 'string', maxLength: 10 }, ...properties },
      },
    },
  },
})

/** Shared definitions. */
export const defsLexicon = (id: string, defs: object) => ({
  $type: SCHEMA_COLLECTION,
  lexicon: 1,
  id,
  defs,
})

export interface ProofOptions {
  did?: string
  key?: SigningKey
  /** The record key it is stored under; the NSID asked for unless given. */
  rkey?: string
  /** Changes the parts before they are put together: commit, node, record. */
  keep?: (block: Uint8Array, index: number) => boolean
}

const key = SigningKey.generate()

/** The CAR file of a repository with one record. */
export function proofOf(nsid: string, record: unknown, options: ProofOptions = {}): Uint8Array {
  const block = encode(record as LexValue)
  const path = `${SCHEMA_COLLECTION}/${options.rkey ?? nsid}`
  const node = encodeNode({
    left: null,
    entries: [{ key: path, value: cidOf(block), right: null }],
  })
  const commit = signCommit(options.did ?? DID, options.key ?? key, cidOf(node), '3kaaaaaaaaaaa')
  const blocks = [commit.block, node, block].filter(options.keep ?? (() => true))
  return carFile(
    commit.cid,
    blocks.map((one) => [cidOf(one), one]),
  )
}

/** The network: what is answered by name, changed as tests like. */
export class TestNetwork {
  /** Requests so far: DNS names, and NSIDs asked of the host. */
  asked: string[] = []
  dns = new Map<string, string[]>()
  /** What the host answers by NSID. */
  host = new Map<string, (signal?: AbortSignal | null) => Response | Promise<Response>>()
  document: DidDocument = documentWith(key)

  /** Publishes a lexicon as it should be. */
  publish(record: { id: string }, options?: ProofOptions): void {
    const { id } = record
    this.dns.set(`_lexicon.${id.split('.').slice(0, -1).reverse().join('.')}`, [`did=${DID}`])
    this.host.set(id, () => new Response(proofOf(id, record, options)))
  }

  readonly fetch: Fetch = async (url, { signal }) => {
    const { searchParams, origin } = new URL(url)
    const name = searchParams.get('name') ?? searchParams.get('rkey') ?? url
    this.asked.push(name)
    if (origin === new URL(DOH).origin) {
      const found = this.dns.get(name)
      const Answer = found?.map((data) => ({ type: 16, data: `"${data}"` }))
      return Response.json({ Status: found ? 0 : 3, Answer })
    }
    const answer = this.host.get(name)
    return answer ? answer(signal) : Response.json({ error: 'RecordNotFound' }, { status: 400 })
  }
}

export const documentWith = (signingKey: SigningKey, pds = PDS): DidDocument => ({
  id: DID,
  verificationMethod: [
    {
      id: `${DID}#atproto`,
      type: 'Multikey',
      controller: DID,
      publicKeyMultibase: signingKey.did().slice('did:key:'.length),
    },
  ],
  service: [{ id: '#atproto_pds', type: 'AtprotoPersonalDataServer', serviceEndpoint: pds }],
})

export interface TestResolver {
  resolver: LexiconResolver
  network: TestNetwork
  rows: Map<string, StoredLexicon>
  /** What goes on after answers are given. */
  settled(): Promise<void>
  /** Another isolate: the same storage, an empty memory. */
  forget(): void
  clock: { now: number }
}

/** A resolver on that network, with a clock that stands still. */
export function makeResolver(changes: Partial<LexiconResolverParts> = {}): TestResolver {
  const network = new TestNetwork()
  const rows = new Map<string, StoredLexicon>()
  const clock = { now: 1_000_000 }
  const now = () => clock.now
  const config = { lexiconTtl: 1_000_000, dohUrl: DOH, reachPrivate: false }
  const background: Promise<unknown>[] = []
  const make = () =>
    new LexiconResolver({
      config,
      cache: new LexiconCache(config, now),
      store: {
        find: async (nsid) => rows.get(nsid),
        put: async (row) => void rows.set(row.nsid, row),
      },
      document: async () => network.document,
      waitUntil: (work) => void background.push(work),
      log: { info: () => {} },
      network: { public: network.fetch, operator: network.fetch },
      now,
      ...changes,
    })
  const made = {
    resolver: make(),
    network,
    rows,
    clock,
    async settled() {
      while (background.length > 0) await background.pop()
    },
    forget() {
      made.resolver = make()
    },
  }
  return made
}
