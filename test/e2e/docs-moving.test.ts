/** Follows docs/migrate.md, docs/backup.md and docs/secrets.md: what they tell their readers to type is typed, beside two hosts. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { AtpAgent } from '@atproto/api'
import S3rver from 's3rver'
import { afterAll, beforeAll, expect, vi } from 'vitest'
import { SigningKey } from '../../src/kernel/crypto/signing-key.ts'
import { operatorOf, passwordOf } from '../support/accounts.ts'
import { SettingsSession } from '../support/browser-session.ts'
import { startDns, type TestDns } from '../support/dns.ts'
import { mailTo } from '../support/mail.ts'
import { fillAccount, NEW_PASSWORD, OLD_PASSWORD } from '../support/migrate.ts'
import { startNamedHost } from '../support/move.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { PROJECT } from '../support/project.ts'
import { follow, Reader } from '../support/reader.ts'
import { freePort, startServer, type TestServer } from '../support/server.ts'
import { standInForWrangler } from '../support/wrangler.ts'

// Each command is a process of its own; a slow machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const OWN_KEY = SigningKey.generate('p256')
const PASSPHRASE = 'a passphrase of a backup'
const BUCKET = 'bucket'

let plc: TestPlc
let dns: TestDns
/** The host that accounts leave, and which is backed up. */
let old: TestServer
/** pds.example.org. */
let here: TestServer
/** Who moves, and whoever runs the old host. */
let mover: Reader
let operator: Reader
let s3: S3rver
let s3Url: string

/** Settings in somebody's folder, as `cumulus init` writes them. */
const settle = (reader: Reader, more: Record<string, string> = {}) => {
  const settings = {
    PDS_PORT: new URL(old.origin).port,
    PDS_DATA_DIRECTORY: old.dataDirectory,
    PDS_DID_PLC_URL: plc.url,
    PDS_DOH_URL: dns.url,
    PDS_CRAWLERS: 'none',
    PDS_DEV_MODE: 'true',
    ...more,
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
  writeFileSync(join(reader.home, 'pds.env'), lines.join(''))
}

beforeAll(async () => {
  ;[plc, dns] = await Promise.all([startPlc(), startDns()])
  const host = (name: string, domain: string) =>
    startNamedHost(plc, name, {
      PDS_DOH_URL: dns.url,
      PDS_SERVICE_HANDLE_DOMAINS: domain,
      PDS_FIRST_HANDLE: `somebody${domain}`,
    })
  ;[old, here] = await Promise.all([host('old', '.example.com'), host('here', '.pds.example.org')])
  // With what somebody would be asked for.
  mover = new Reader({ CUMULUS_OLD_PASSWORD: OLD_PASSWORD, CUMULUS_NEW_PASSWORD: NEW_PASSWORD })
  operator = new Reader({
    CUMULUS_BACKUP_PASSPHRASE: PASSPHRASE,
    ...standInForWrangler({ buckets: ['cumulus-blobs'] }),
  })
  for (const handle of ['alice.example.com', 'lost.example.com']) {
    const recoveryKey = OWN_KEY.did()
    const content = { records: 12, blobs: 2 }
    const { assertDid } = await fillAccount(old.origin, handle, content, { recoveryKey })
    dns.records.set(`_atproto.${handle}`, [`did=${assertDid}`])
  }
  for (const reader of [mover, operator]) settle(reader)
  const port = await freePort()
  const directory = mkdtempSync(join(tmpdir(), 's3-'))
  const configureBuckets = [{ name: BUCKET, configs: [] }]
  s3 = new S3rver({ port, address: '127.0.0.1', silent: true, directory, configureBuckets })
  await s3.run()
  s3Url = `http://127.0.0.1:${port}`
})
afterAll(async () => {
  mover.close()
  operator.close()
  await Promise.all([old.stop(), here.stop(), plc.stop(), dns.stop(), s3.close()])
})

const whoAnswersFor = async (handle: string, at: TestServer) => {
  const agent = new AtpAgent({ service: at.origin })
  const { data } = await agent.login({ identifier: handle, password: NEW_PASSWORD })
  return data
}

let code = ''
follow('docs/migrate.md', {
  reader: () => mover,
  instead: () => [
    ['https://pds.example.org', here.origin],
    ['CUMULUS_OLD_PASSWORD=…', `CUMULUS_OLD_PASSWORD='${OLD_PASSWORD}'`],
    ['CUMULUS_NEW_PASSWORD=…', `CUMULUS_NEW_PASSWORD='${NEW_PASSWORD}'`],
    ['ABCDE-23456', code],
  ],
  steps: {
    'npx cumulus migrate alice.example.com --host https://pds.example.org --dry-run': {
      shows: /12 records/,
    },
    // Where there is no terminal it cannot ask for the code.
    'npx cumulus migrate alice.example.com --host https://pds.example.org': {
      status: 1,
      shows: /mailed a code/,
    },
    'CUMULUS_OLD_PASSWORD=… CUMULUS_NEW_PASSWORD=… npx cumulus migrate alice.example.com --host https://pds.example.org --json':
      { status: 1 },
    'CUMULUS_OLD_PASSWORD=… CUMULUS_NEW_PASSWORD=… npx cumulus migrate alice.example.com --host https://pds.example.org --json --plc-code ABCDE-23456':
      {
        before: async () => {
          code = (await mailTo(old.origin, 'alice.example.com@example.com', /./)).token
        },
        after: async () => {
          expect(await whoAnswersFor('alice.pds.example.org', here)).toMatchObject({ active: true })
        },
      },
    'unzip alice.zip -d alice': {
      before: async () => {
        const { origin } = old
        const session = await SettingsSession.open(origin, 'lost.example.com', OLD_PASSWORD)
        const archive = await session.get('/settings/archive.zip')
        const bytes = Buffer.from(await archive.arrayBuffer())
        writeFileSync(join(mover.home, 'alice.zip'), bytes)
        const key = Buffer.from(OWN_KEY.toBytes().slice(1)).toString('hex')
        writeFileSync(join(mover.home, 'key.txt'), `${key}\n`)
      },
    },
    'npx cumulus migrate alice.example.com --host https://pds.example.org --new-handle alice.pds.example.org --email alice@example.com --offline --car alice/repository.car --blobs alice/blobs --preferences alice/preferences.json --rotation-key key.txt':
      {
        // Alice has moved already.
        instead: () => [
          ['alice.example.com', 'lost.example.com'],
          ['alice.pds.example.org', 'lost.pds.example.org'],
        ],
        after: async () => {
          expect(await whoAnswersFor('lost.pds.example.org', here)).toMatchObject({ active: true })
        },
      },
    'npx cumulus move-out alice.example.com': { shows: /12 records/ },
    'npx cumulus migrate-token alice.example.com': { shows: /[A-Z2-7]{5}-[A-Z2-7]{5}/ },
  },
})

let recipient = ''
/** Another host, which is to be what the old one was. */
let restored: TestServer | undefined
let restoredSecrets: NodeJS.Dict<string> = {}
const EVERY_NIGHT =
  'npx cumulus backup --to /mnt/backup --keep-daily 7 --keep-weekly 4 --keep-monthly 12'

/** Miniflare has a Cron trigger and R2, workerd alone has not. */
const OF_A_WORKER = 'takes a bucket that a Worker wrote: backup-scheduled.test.ts, init.test.ts'

follow('docs/backup.md', {
  reader: () => operator,
  instead: () => [
    ['/mnt/backup', join(operator.home, 'backup')],
    ['/srv/cumulus', operator.home],
    ['/etc/cumulus/backup-passphrase', join(operator.home, 'passphrase')],
    ['/usr/bin/npx', 'npx'],
    ['age1…', recipient],
    [
      'AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…',
      'AWS_ACCESS_KEY_ID=S3RVER AWS_SECRET_ACCESS_KEY=S3RVER',
    ],
    ['AWS_REGION=eu-central-1', `AWS_REGION=us-east-1 AWS_ENDPOINT_URL=${s3Url}`],
    ['https://<account>.r2.cloudflarestorage.com', s3Url],
  ],
  steps: {
    'npx cumulus backup --to /mnt/backup': { shows: /backed up +3 accounts/ },
    'npx cumulus drill --from /mnt/backup': { shows: /3 accounts/ },
    'age-keygen -o key.txt': {
      // What Debian's package "age" does.
      before: () =>
        operator.program(
          'age-keygen',
          `exec '${process.execPath}' '${join(PROJECT, 'test/support/age-keygen.mjs')}' "$@"`,
        ),
      after: ({ stderr }) => {
        recipient = /Public key: (\S+)/.exec(stderr)?.[1] ?? ''
      },
    },
    // Each backup is encrypted for one.
    'npx cumulus backup --to /mnt/backup --recipient age1…': {
      instead: () => [['/mnt/backup', '/mnt/backup-for-a-key']],
    },
    'npx cumulus restore --from /mnt/backup --identity key.txt …': {
      instead: () => [
        ['/mnt/backup', '/mnt/backup-for-a-key'],
        ['…', '--into data-of-a-key'],
      ],
    },
    [`${EVERY_NIGHT} --every 24h`]: { until: /manifest +\S+/, status: 130 },
    'cd /srv/cumulus && npx cumulus drill --from /mnt/backup --passphrase-file /etc/cumulus/backup-passphrase --max-age 2d':
      { before: () => writeFileSync(join(operator.home, 'passphrase'), `${PASSPHRASE}\n`) },
    'npx cumulus init --target cloudflare --backup-recipient age1…': OF_A_WORKER,
    'npx cumulus deploy': OF_A_WORKER,
    'npx cumulus drill --from s3://cumulus-backups --identity key.txt': OF_A_WORKER,
    'npx cumulus restore --from s3://cumulus-backups --identity key.txt --into data': OF_A_WORKER,
    'npx cumulus serve': {
      before: async () =>
        settle(operator, { PDS_DATA_DIRECTORY: 'data', PDS_PORT: String(await freePort()) }),
      until: /Ctrl-C stops the server/,
      after: () => settle(operator),
    },
    'npx wrangler deploy && npx wrangler secret bulk secrets.vars': {
      before: () => {
        restoredSecrets = parseEnv(readFileSync(join(operator.home, 'secrets.vars'), 'utf8'))
      },
      after: async () => {
        const env = restoredSecrets as Record<string, string>
        restored = await startServer({
          unset: true,
          env: {
            ...env,
            PDS_HOSTNAME: 'pds.example.com',
            PDS_DID_PLC_URL: plc.url,
            PDS_CRAWLERS: 'none',
          },
        })
      },
    },
    'PDS_ADMIN_PASSWORD=… npx cumulus restore --from s3://bucket/pds --host https://pds.example.com':
      {
        instead: () => [
          ['PDS_ADMIN_PASSWORD=…', `PDS_ADMIN_PASSWORD='${restoredSecrets.PDS_ADMIN_PASSWORD}'`],
          ['https://pds.example.com', restored?.origin ?? ''],
        ],
        after: () => restored?.stop(),
      },
    'npx cumulus restore alice.example.com --from /mnt/backup': {
      before: async () => {
        const did = dns.records.get('_atproto.alice.example.com')?.[0]?.replace('did=', '')
        const response = await fetch(`${old.origin}/xrpc/com.atproto.admin.deleteAccount`, {
          method: 'POST',
          headers: { authorization: operatorOf(old), 'content-type': 'application/json' },
          body: JSON.stringify({ did }),
        })
        expect(response.status).toBe(200)
      },
      again: /being deleted/,
    },
  },
})

follow('docs/secrets.md', {
  reader: () => operator,
  steps: {
    'npx cumulus secret rotate key': {
      after: async () => {
        await old.stop()
        const { port } = new URL(old.origin)
        old = await startServer({
          dataDirectory: old.dataDirectory,
          port: Number(port),
          env: { PDS_DID_PLC_URL: plc.url },
        })
        // The page says: run the same again.
        await expect
          .poll(async () => (await operator.type('npx cumulus secret rotate key')).stdout, {
            timeout: 30_000,
          })
          .toMatch(/done|not needed any more/)
      },
    },
    'export PDS_ADMIN_PASSWORD=...': {
      instead: () => [['...', `'${passwordOf(old)}'`]],
    },
    'npx cumulus secret rotate key --cloudflare --host https://pds.example.com':
      'takes a host that gets its secrets from wrangler: secret-rotation-deployed.test.ts',
  },
})
