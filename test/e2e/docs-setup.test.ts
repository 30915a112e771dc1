/** Follows docs/setup.md and docs/deploy.md, from a checkout to a host; Cloudflare is a stand-in for wrangler and a host here. */
import { cpSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, vi } from 'vitest'
import { passwordOf } from '../support/accounts.ts'
import { hasOpenssl } from '../support/certificates.ts'
import { type Patient, startPatient } from '../support/doctor.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { copyProject } from '../support/project.ts'
import { follow, Reader } from '../support/reader.ts'
import { freePort } from '../support/server.ts'
import { standInForWrangler } from '../support/wrangler.ts'

// Each command is a process of its own; a slow machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const REPOSITORY = [['<this repository>', 'https://git.example.com/cumulus.git']] as const
const readers: Reader[] = []

/** Somebody who has git and npm. @param clone makes the folder `$to` */
function begin(clone: string, env: Record<string, string>): Reader {
  const reader = new Reader(env)
  reader.program('git', `for to; do :; done; ${clone}`)
  // The packages are there.
  reader.program('npm', '[ "$1" = ci ]')
  readers.push(reader)
  return reader
}

afterAll(() => {
  for (const reader of readers) reader.close()
})

describe('on this machine', () => {
  let plc: TestPlc
  let reader: Reader
  beforeAll(async () => {
    plc = await startPlc()
    // The program is that of this project, which is built already.
    reader = begin('mkdir "$to"', {
      PDS_DID_PLC_URL: plc.url,
      PDS_CRAWLERS: 'none',
      PDS_PORT: String(await freePort()),
    })
  })
  afterAll(() => plc.stop())

  follow('docs/setup.md', {
    reader: () => reader,
    instead: () => REPOSITORY,
    steps: {
      'npx cumulus init': 'asks on a terminal: wizard.test.ts',
      'npx cumulus init --yes --hostname pds.example.com --first alice.pds.example.com --recovery-kit kit.txt --start':
        {
          until: /Ctrl-C stops the server/,
          shows: /alice\.pds\.example\.com \(did:plc:/,
        },
    },
  })
})

describe.runIf(hasOpenssl)('on Cloudflare', () => {
  let reader: Reader
  let patient: Patient | undefined
  beforeAll(() => {
    // Settings are written into the checkout.
    const checkout = `mv '${copyProject()}' "$to"`
    reader = begin(checkout, standInForWrangler({ signedIn: false }))
  })
  afterAll(() => patient?.stop())

  /** What is deployed, and the network around it. */
  async function deploy(): Promise<void> {
    const file = join(reader.home, 'cumulus/cloudflare-secrets.json')
    const dataDirectory = mkdtempSync(join(tmpdir(), 'cumulus-'))
    cpSync(file, join(dataDirectory, 'secrets.json'))
    const handles = '.example.com,.pds.example.com'
    patient = await startPatient({ dataDirectory, env: { PDS_SERVICE_HANDLE_DOMAINS: handles } })
    const { front, network, authority } = patient
    const names = ['pds.example.com', '*.pds.example.com', '*.example.com']
    front.certificate = () => ({ names, days: 60 })
    network.dns.alter = (_, query, said) => {
      const name = query.get('name') ?? ''
      if (!/^[^_].*\.example\.com$/.test(name) || query.get('type') !== 'A') return said
      return { status: 200, body: { Status: 0, Answer: [{ name, type: 1, data: '127.0.0.1' }] } }
    }
    await patient.listen()
    const settings = {
      NODE_EXTRA_CA_CERTS: authority.caFile,
      PDS_DID_PLC_URL: network.plc.url,
      PDS_CRAWLERS: network.relay.url,
      // By its own name the host would be one whose secrets are here.
      PDS_ADMIN_PASSWORD: passwordOf(patient.server),
    }
    for (const [name, value] of Object.entries(settings)) {
      await reader.type(`export ${name}='${value}'`)
    }
  }

  const origin = () => patient?.server.origin ?? ''

  follow('docs/deploy.md', {
    reader: () => reader,
    instead: () => [...REPOSITORY, ['--host https://pds.example.com', `--host ${origin()}`]],
    steps: {
      // What it would ask.
      'npx cumulus init --target cloudflare': {
        with: () => '--yes --hostname pds.example.com --first bob.example.com',
      },
      'npx cumulus deploy': {
        before: deploy,
        with: () => `--yes --url ${origin()}`,
        // Of a host that has accounts already; init.test.ts deploys one without.
        shows: /4\/5 .*bob\.example\.com/,
      },
      'npx cumulus doctor --host https://pds.example.com': {
        with: () => `--connect-to 127.0.0.1:${patient?.front.port}`,
      },
      'age-keygen -o key.txt': 'as in docs/backup.md: docs-moving.test.ts',
      'npx cumulus init --target cloudflare --backup-recipient age1…': 'init.test.ts has it',
      'npx cumulus deploy --yes': { with: () => `--url ${origin()}` },
      'npx cumulus account create bob.example.com --host https://pds.example.com': {
        instead: () => [['bob', 'carol']],
      },
    },
  })
})
