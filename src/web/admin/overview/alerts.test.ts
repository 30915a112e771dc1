/** Each thing that is wrong is said, with a page where it is mended. */
import { expect, test } from 'vitest'
import { consolePages } from '../pages.ts'
import { alerts } from './alerts.ts'
import type { HostState } from './read.ts'

const WELL: HostState = {
  version: '1.2.3',
  asksVersion: true,
  newest: '1.2.3',
  accounts: { all: 3, attention: 0, takenDown: 1, fresh: 0, storedBytes: 0 },
  activity: { events: { hour: 0, day: 0 }, active: { day: 0, month: 0 }, bytes: 4096 },
  firehose: { head: 9, consumers: 1, behind: 0, lastEventAt: 5, relays: [], accounts: 3 },
  said: [{ kind: 'known', status: 'active', seq: 9, accounts: 3 }],
  behind: new Map(),
  divisions: { bytes: 1e6, shards: [] },
  index: undefined,
  jobs: [],
  webhooks: [],
  mails: { waiting: 3, failed: 0, lastError: 'an old one' },
  waiting: 0,
  burst: { lastHour: 0, episode: null },
  openReports: 0,
  freeBytes: undefined,
  logLimit: 4096,
  quotaWords: '',
  risks: [],
  scheduledBackup: undefined,
}

const LARGE = {
  ...{ position: 9, collections: [], hooks: [], failed: [] },
  shards: [
    { position: 9, bytes: 1e9 },
    { position: 9, bytes: 7.5e9 },
  ],
}

const DIVISION = {
  ...{ names: 9, bytes: 1e6, copying: undefined, answers: true, complete: true },
  lag: { changes: 0, since: undefined },
}

const SCHEDULED = { interval: 1, run: null, last: null, error: { at: 1, message: 'no recipient' } }

const JOB = {
  ...{ name: 'forget', schedule: 'every 1 hour', nextAt: 1, startedAt: null },
  ...{ lastRun: null, lastMs: null, failures: 0, error: null },
}

const WEBHOOK = {
  ...{ id: 1, url: 'https://a.example.com/', audience: 'did:web:a', method: 'a.b.c' },
  ...{ collections: ['a.b.*'], isPrivate: false, createdAt: 1, paused: null, position: 9 },
  ...{ behind: 0, delivered: 1, skipped: 0, lost: 0, letters: 0, waiting: 0, attempts: 0 },
}

const episode = {
  since: 0,
  last: 0,
  count: 40,
  networks: 2,
  limit: 20,
  domain: null,
  told: true,
}

test('nothing is said of a host that is well', () => {
  expect(alerts(WELL)).toEqual([])
  // A relay that does not have the method says nothing.
  expect(alerts({ ...WELL, said: [{ kind: 'failed', why: 'status 404' }] })).toEqual([])
})

test.each<[Partial<HostState>, string, string]>([
  [{ freeBytes: 5e8 }, 'settings', 'left on the disk'],
  [{ divisions: { bytes: 8e9, shards: [] } }, 'settings', 'The directory has 8 GB, 80 % of 10 GB'],
  [
    { divisions: { bytes: 1e6, shards: [{ ...DIVISION, answers: false }] } },
    'settings',
    'Object 1 of 1 of the directory does not answer',
  ],
  [{ firehose: { ...WELL.firehose, consumers: 0 } }, 'relays', 'Nobody listens'],
  [{ firehose: { ...WELL.firehose, behind: 5000 } }, 'relays', '5,000 events behind'],
  [{ said: [{ kind: 'stranger' }] }, 'relays', '1 relay does not'],
  [
    { said: [{ kind: 'known', status: 'banned', seq: 1, accounts: 1 }] },
    'relays',
    '1 relay does not',
  ],
  [{ mails: { ...WELL.mails, failed: 2 } }, 'mail', '2 mails were given up'],
  [{ mails: { ...WELL.mails, waiting: 500 } }, 'mail', '500 mails wait'],
  [{ burst: { lastHour: 40, episode } }, 'sign-ups', 'burst'],
  [{ freeBytes: undefined, index: LARGE }, 'collections', 'An object of the index has 7.5 GB'],
  [{ jobs: [{ ...JOB, failures: 2, error: 'x' }, JOB] }, 'jobs', '1 job fails: forget'],
  [{ webhooks: [{ ...WEBHOOK, paused: 'It answered 410' }] }, 'webhooks', '1 webhook is paused'],
  [{ webhooks: [{ ...WEBHOOK, attempts: 7 }, WEBHOOK] }, 'webhooks', 'or failing for a while'],
  [{ webhooks: [{ ...WEBHOOK, letters: 2 }] }, 'webhooks', 'did not take 2 writes'],
  [{ waiting: 1 }, 'sign-ups', '1 sign-up waits'],
  [{ openReports: 100 }, 'moderation/reports', '100 reports are open'],
  [{ accounts: { ...WELL.accounts, attention: 2 } }, 'accounts?show=attention', '2 accounts'],
  [{ risks: [{ what: 'a', help: 'b', settings: [] }] }, 'settings', '1 thing'],
  [{ scheduledBackup: SCHEDULED }, 'settings', 'backup by the Cron trigger failed'],
  [{ newest: '1.3.0' }, 'settings', 'Version 1.3.0 is out'],
])('%o leads to %s', (wrong, path, what) => {
  const [alert, ...others] = alerts({ ...WELL, ...wrong })
  expect(others).toEqual([])
  expect(alert).toMatchObject({ path, what: expect.stringContaining(what) })
  expect(alert?.help).not.toBe('')
  const [page = ''] = (alert?.path ?? '').split(/[/?]/)
  expect(consolePages.map((one) => one.path)).toContain(page)
})
