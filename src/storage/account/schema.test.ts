import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { migrate } from '../migrate.ts'
import { migrations } from './schema.ts'

/** Migrations of the release before the tables were renamed. */
const BEFORE = migrations.slice(0, 3)

/** A row of each renamed table, under its old and its new name. */
const RENAMED: [string, string, Record<string, SqlStorageValue>][] = [
  [
    'retired_node',
    'snapshot_node',
    { layer: 1, lo: 'a.b.c/d', cid: 'n', rev: '3a', block: 'x', until: '3b' },
  ],
  [
    'retired_record',
    'snapshot_record',
    { path: 'a.b.c/d', cid: 'r', rev: '3a', block: 'y', until: '3b' },
  ],
  ['visit', 'browser_session', { hash: 'h', opened_at: 1, seen_at: 2 }],
  ['unwanted_blob', 'blob_to_delete', { key: 'did_3Aweb_3Aa.test/1' }],
]

test('tables that got another name keep their rows', () =>
  runInDurableObject(
    env.DIRECTORY.get(env.DIRECTORY.idFromName('renamed tables')),
    async (_, { storage }) => {
      const { sql } = storage
      await storage.deleteAll()
      migrate(storage, BEFORE)
      for (const [table, , row] of RENAMED) {
        const columns = Object.keys(row)
        sql.exec(
          `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
          ...Object.values(row),
        )
      }
      expect(migrate(storage, migrations)).toBe(BEFORE.length)
      for (const [before, after, row] of RENAMED) {
        expect(sql.exec(`SELECT * FROM ${after}`).toArray()).toMatchObject([row])
        expect(sql.exec('SELECT 1 FROM sqlite_schema WHERE name = ?', before).toArray()).toEqual([])
      }
      expect(sql.exec('SELECT * FROM job').toArray()).toEqual([])
    },
  ))
