import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { countRows } from '../sql.ts'
import { MAX_OPEN_BY_ACCOUNT, type NewReport, Reports } from './reports.ts'

const refused = (name: string, status: number) => expect.objectContaining({ name, status })

let used = 0
/** Works on the reports of a directory of its own. */
const withReports = (most: number, work: (reports: Reports, sql: SqlStorage) => void) =>
  runInDurableObject(
    env.DIRECTORY.get(env.DIRECTORY.idFromName(`reports ${used++}`)),
    (_, { storage }) => work(new Reports(storage.sql, most), storage.sql),
  )

const report = (reason: string, by = 'did:web:bob.test'): NewReport => ({
  reportedBy: by,
  reasonType: 'com.atproto.moderation.defs#reasonSpam',
  reason,
  did: 'did:web:alice.test',
  record: null,
})

const reasons = (reports: Reports, open = false) =>
  reports.list(100, undefined, { open }).reports.map(({ reason }) => reason)

test('reports are listed a page at a time, the newest first, all or those that are open', () =>
  withReports(10, (reports) => {
    const ids = ['a', 'b', 'c'].map((reason) => reports.add(report(reason)).id)
    expect(reasons(reports)).toEqual(['c', 'b', 'a'])
    expect(reports.resolve(ids[1] ?? 0, 'admin', 'done')).toBe(true)
    expect(reasons(reports, true)).toEqual(['c', 'a'])
    const first = reports.list(2)
    expect(first.reports.map(({ reason }) => reason)).toEqual(['c', 'b'])
    expect(reports.list(2, first.cursor).reports.map(({ reason }) => reason)).toEqual(['a'])
    expect(reports.list(2, undefined, { did: 'did:web:carol.test' })).toEqual({ reports: [] })
    expect(reports.find(ids[1] ?? 0)?.resolution).toMatchObject({ by: 'admin', note: 'done' })
  }))

test('a report is closed once, and what is not there cannot be', () =>
  withReports(10, (reports) => {
    const { id } = reports.add(report('a'))
    expect(reports.resolve(id, 'admin', 'first')).toBe(true)
    expect(reports.resolve(id, 'admin', 'second')).toBe(false)
    expect(reports.find(id)?.resolution?.note).toBe('first')
    expect(() => reports.resolve(id + 1, 'admin', null)).toThrow(refused('NotFound', 400))
  }))

test('the one that was closed longest ago makes room; where all are open, none is lost', () =>
  withReports(3, (reports) => {
    const ids = ['a', 'b', 'c'].map((reason) => reports.add(report(reason)).id)
    expect(() => reports.add(report('d'))).toThrow(refused('TooManyReports', 503))
    reports.resolve(ids[2] ?? 0, 'admin', null)
    const { id } = reports.add(report('d'))
    expect(reasons(reports)).toEqual(['d', 'b', 'a'])
    // An id is never given twice, the newest report's neither.
    expect(ids).not.toContain(id)
  }))

test('one account has so many open reports at most, and does not keep others from reporting', () =>
  withReports(1000, (reports) => {
    for (let n = 0; n < MAX_OPEN_BY_ACCOUNT; n++) reports.add(report(`${n}`))
    expect(() => reports.add(report('one more'))).toThrow(refused('TooManyReports', 429))
    const { id } = reports.add(report('of another', 'did:web:dan.test'))
    reports.resolve(id, 'admin', null)
    expect(() => reports.add(report('one more'))).toThrow(refused('TooManyReports', 429))
    reports.resolve(1, 'admin', null)
    reports.add(report('one more'))
  }))

test('a page of the open ones, and their number, read few rows, however many were closed', () =>
  withReports(1000, (_, sql) => {
    const counter = countRows(sql)
    const reports = new Reports(counter.sql)
    for (let n = 0; n < 60; n++) {
      const { id } = reports.add(report(`${n}`))
      if (n % 20 !== 0) reports.resolve(id, 'admin', null)
    }
    counter.take()
    expect(reasons(reports, true)).toEqual(['40', '20', '0'])
    expect(counter.take().read).toBeLessThanOrEqual(6)
    expect(reports.countOpen()).toBe(3)
    expect(counter.take().read).toBeLessThanOrEqual(6)
  }))
