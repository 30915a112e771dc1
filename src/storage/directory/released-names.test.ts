import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { countRows } from '../sql.ts'
import { ReleasedNames } from './released-names.ts'

const RULES = { cooldown: 60_000, domains: ['.test'], secret: 'x' }

test('names of before they were hashed are hashed at the start, which reads no others', () => {
  const stub = env.DIRECTORY.get(env.DIRECTORY.idFromName('released names'))
  return runInDurableObject(stub, (_, { storage: { sql } }) => {
    const names = new ReleasedNames(sql, RULES)
    for (let n = 0; n < 20; n++) {
      names.releaseHandle(`n${n}.test`, `did:web:n${n}.test`)
      names.retireDid(`did:web:n${n}.test`)
    }
    const counter = countRows(sql)
    new ReleasedNames(counter.sql, RULES)
    // Where the range ends, in both tables, it looks at the next row.
    expect(counter.take().read).toBeLessThanOrEqual(2)
    sql.exec(
      "INSERT INTO released_handle VALUES ('old.test', 'did:plc:old', ?)",
      Date.now() + 60_000,
    )
    sql.exec("INSERT INTO retired_did VALUES ('did:web:old.test', 1)")
    const after = new ReleasedNames(sql, RULES)
    expect(after.isKept('old.test')).toBe(true)
    expect(after.isKept('old.test', 'did:plc:old')).toBe(false)
    expect(after.isRetired('did:web:old.test')).toBe(true)
    const left = sql.exec(
      `SELECT handle AS name FROM released_handle WHERE instr(handle, '.') OR instr(did, ':')
       UNION SELECT did FROM retired_did WHERE instr(did, ':')`,
    )
    expect(left.toArray()).toEqual([])
  })
})
