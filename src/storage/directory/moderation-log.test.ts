import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { type ModerationSubject, moderationEntry } from '../moderation.ts'
import { countRows } from '../sql.ts'
import { type LogFilter, ModerationLog } from './moderation-log.ts'

const CID = 'bafkreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a'
const subjects = (n: number): ModerationSubject[] => [
  { kind: 'account', did: `did:web:a${n}.test` },
  { kind: 'record', did: `did:web:a${n}.test`, path: 'com.example.note/x' },
  { kind: 'blob', did: `did:web:a${n}.test`, cid: CID },
]

test('a page reads as many rows as it has, and an index entry for each, whatever is asked for', () =>
  runInDurableObject(env.DIRECTORY.get(env.DIRECTORY.idFromName('log pages')), (_, { storage }) => {
    const counter = countRows(storage.sql)
    const log = new ModerationLog(counter.sql)
    const note = { by: 'admin' }
    for (let n = 0; n < 100; n++) {
      log.append(subjects(n).map((subject) => moderationEntry('takedown', subject, note, `${n}`)))
      if (n >= 10) {
        log.append(subjects(n).map((subject) => moderationEntry('restore', subject, note)))
      }
    }
    const pages: [LogFilter | undefined, number][] = [
      [undefined, 5],
      [{ did: 'did:web:a50.test' }, 5],
      [{ subject: { kind: 'record', did: 'did:web:a50.test', path: 'com.example.note/x' } }, 2],
      [{ blob: CID }, 5],
      [{ inForce: 'blob' }, 5],
    ]
    for (const [filter, expected] of pages) {
      counter.take()
      const { entries } = log.list(5, undefined, filter)
      expect(entries).toHaveLength(expected)
      expect(counter.take().read, JSON.stringify(filter)).toBeLessThanOrEqual(2 * expected + 2)
    }
    const inForce = log.list(100, undefined, { inForce: 'record' }).entries
    expect(inForce.map(({ ref }) => ref)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map(String))
    expect(inForce[0]?.subject).toEqual(subjects(9)[1])
  }))
