/** Tables of definitions that are over go, whatever is being read from them. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { encode } from '@atproto/lex-cbor'
import { expect, test } from 'vitest'
import { cidOf } from '../kernel/cbor/cid.ts'
import { HostIndex } from '../storage/index/host-index.ts'
import { IndexQueries } from '../storage/index/query.ts'
import { migrations } from '../storage/index/schema.ts'
import { migrate } from '../storage/migrate.ts'

test('a page that ended early does not keep the old tables from being dropped', () =>
  runInDurableObject(
    env.INDEX.get(env.INDEX.idFromName('open reads')) as never,
    (_, { storage }: DurableObjectState) => {
      migrate(storage, migrations)
      const index = new HostIndex(storage)
      const spec = (path: string) => ({
        collection: 'a.b.c',
        columns: [{ path, kind: 'number' as const }],
        indexes: { x: [0] },
        search: [],
      })
      index.definitions.adopt([spec('n')], 1)
      const [old] = index.definitions.of('a.b.c')
      if (!old) throw new Error('none')
      const id = index.accounts.ensure('did:web:a.test')
      for (const n of [1, 2, 3]) {
        const block = encode({ n, m: n })
        index.records.put(
          old,
          { id, did: 'did:web:a.test' },
          { rkey: `k${n}`, cid: cidOf(block), rev: 'a', block },
          false,
        )
      }
      index.definitions.finish(old.id, 2)
      const queries = new IndexQueries(storage.sql, index.definitions, index.accounts)
      index.definitions.adopt(
        [
          {
            ...spec('n'),
            columns: [
              { path: 'n', kind: 'number' },
              { path: 'm', kind: 'number' },
            ],
            indexes: { x: [0], y: [1] },
          },
        ],
        3,
      )
      const page = queries.page({ collection: 'a.b.c', index: 'x', limit: 1 })
      expect(page.rows).toHaveLength(1)
      const next = index.definitions.of('a.b.c').at(-1)
      index.definitions.finish(next?.id ?? 0, 4)
      expect(index.definitions.of('a.b.c')).toHaveLength(1)
    },
  ))
