/**
 * Follows docs/self-hosting.md from the installation on, and what there is for the operator of the host that comes of it:
 * troubleshooting, operating, accounts, moderation, metrics, sign-in. The network around it is a fake one.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { Secp256k1Keypair } from '@atproto/crypto'
import { afterAll, beforeAll, describe, vi } from 'vitest'
import { passwordOf } from '../support/accounts.ts'
import { SettingsSession } from '../support/browser-session.ts'
import { hasOpenssl } from '../support/certificates.ts'
import { HOSTNAME, PASSWORD, type Patient, startPatient } from '../support/doctor.ts'
import { copyProject, PROJECT } from '../support/project.ts'
import { follow, type Instead, Reader } from '../support/reader.ts'
import { freePort } from '../support/server.ts'

// Each command is a process of its own; a slow machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const OTHER_HOST = 'needs Docker, and what it would fetch; test/deploy.test.ts reads the files'
const ASKS = 'asks on a terminal: wizard.test.ts'

/** Of whoever installs it: a machine below one folder. */
const installer = new Reader()
const root = join(installer.home, 'root')
const below = (path: string) => join(root, path)
const dataDirectory = below('var/lib/cumulus')
const settings = below('etc/cumulus/pds.env')

let patient: Patient
let operator: Reader
let port: number

beforeAll(async () => {
  port = await freePort()
  const project = copyProject()
  cpSync(join(PROJECT, 'deploy'), join(project, 'deploy'), { recursive: true })
  // A checkout of this project, whose packages are there.
  installer.program(
    'git',
    `if [ "$1" = clone ]; then for to; do :; done; cp -R '${project}' "$to"; mkdir "$to/.git"
else echo v0; fi`,
  )
  installer.program('npm', 'exit 0')
  // Everybody here is root, and the only one.
  installer.program('id', '[ "$1" = -u ] && echo 0 || echo root')
  installer.program('runuser', 'shift 3; exec "$@"')
  for (const name of ['chown', 'systemctl']) installer.program(name, 'exit 0')
})
afterAll(async () => {
  installer.close()
  operator?.close()
  await patient?.stop()
})

/** The command that the script has installed, and the settings, as they would be without --root. */
function moveBelowRoot(): void {
  const move = (text: string) => text.replaceAll(/(?<=[ =])\/(opt|etc|var)(?=\/)/g, `${root}/$1`)
  const wrapper = readFileSync(below('usr/local/bin/cumulus'), 'utf8')
  installer.program('cumulus', move(wrapper))
  const text = readFileSync(settings, 'utf8')
  writeFileSync(settings, `${move(text)}PDS_PORT=${port}\n`)
}

async function startHost(): Promise<void> {
  patient = await startPatient({
    dataDirectory,
    port,
    env: { PDS_REGISTRATION: 'approval' },
  })
  await patient.listen()
  const { front, authority, smtp, server, network } = patient
  operator = new Reader({
    PDS_HOSTNAME: HOSTNAME,
    PDS_PORT: String(port),
    PDS_DATA_DIRECTORY: dataDirectory,
    PDS_DID_PLC_URL: network.plc.url,
    PDS_EMAIL_SMTP_URL: smtp.url,
    PDS_ADMIN_PASSWORD: passwordOf(server),
    NODE_EXTRA_CA_CERTS: authority.caFile,
  })
  const curlrc = `silent\nfail\nconnect-to = "::127.0.0.1:${front.port}"\ncacert = "${authority.caFile}"\n`
  writeFileSync(join(operator.home, '.curlrc'), curlrc)
  // A unit of systemd that has logged an error.
  const entry = { level: 'error', message: 'request failed', account: patient.owner.assertDid }
  operator.program('systemctl', 'echo loaded')
  operator.program('journalctl', `echo '${JSON.stringify(entry)}'`)
  await installer.type(`export NODE_EXTRA_CA_CERTS='${authority.caFile}'`)
}

/** Where DNS would lead. */
const connect = () => `--connect-to 127.0.0.1:${patient.front.port}`

describe.runIf(hasOpenssl)('beside a host', () => {
  follow('docs/self-hosting.md', {
    reader: () => installer,
    instead: () => [
      ['<this repository>', 'https://git.example.com/cumulus.git'],
      ['deploy/install.sh', `deploy/install.sh --root ${root}`],
      ['/mnt/backup', below('mnt/backup')],
      ['/var/lib/', below('var/lib/')],
      ['-o cumulus ', ''],
      ['-g cumulus ', ''],
    ],
    steps: {
      'sudo apt install git': 'changes the machine',
      'sudo deploy/install.sh --hostname pds.example.com --caddy': { after: moveBelowRoot },
      'sudo cumulus init': { with: () => '--yes' },
      'sudo systemctl restart cumulus': { after: startHost },
      'sudo cumulus account create alice.pds.example.com': {
        // Alice is there, and has posted.
        instead: () => [['alice', 'carol']],
        shows: /did:plc:/,
      },
      'sudo cumulus doctor': { with: connect },
      'sudo cumulus account role alice.pds.example.com operator': {
        before: async () => {
          const { origin } = patient.server
          const session = await SettingsSession.open(origin, `alice.${HOSTNAME}`, PASSWORD)
          await session.setUpTotp()
        },
      },
      'docker compose up --detach --build': OTHER_HOST,
      'docker compose exec cumulus node cli/cumulus.ts account create alice.pds.example.com':
        OTHER_HOST,
      'npx cumulus init': ASKS,
      'npx cumulus serve': {
        // With the settings of the line before it, which are here.
        before: async () => {
          const folder = join(installer.home, 'by-hand')
          mkdirSync(folder)
          await installer.type(`export PDS_DATA_DIRECTORY='${folder}' PDS_PORT=${await freePort()}`)
        },
        until: /Ctrl-C stops the server/,
        after: () => installer.type('unset PDS_DATA_DIRECTORY PDS_PORT'),
      },
      'sudo cumulus upgrade --check': 'takes a repository with releases: upgrade.test.ts',
      'sudo cumulus upgrade': 'takes a repository with releases: upgrade.test.ts',
      'sudo cumulus backup --to /mnt/backup': {
        before: () => installer.type('export CUMULUS_BACKUP_PASSPHRASE=abcdefgh-ijklmnop'),
      },
      'sudo deploy/install.sh --hostname pds.example.com --caddy --no-start': {
        before: () => installer.type('cd ~/cumulus'),
      },
      'sudo systemctl stop cumulus': { after: () => patient.server.stop() },
      'sudo systemctl start cumulus': {
        after: async () => {
          await patient.restart()
          await patient.listen()
        },
      },
    },
  })

  follow('docs/troubleshooting.md', {
    reader: () => operator,
    atOnce: true,
    instead: () => [
      ['cumulus doctor', `cumulus doctor ${connect()}`],
      ['status --watch', 'status --watch --times 1'],
    ],
  })

  const alice = () => patient.owner.assertDid
  const people: Instead = [
    ['alice.example.com', `alice.${HOSTNAME}`],
    ['alice.example.org', `alicia.${HOSTNAME}`],
    ['bob.example.com', `bob.${HOSTNAME}`],
  ]
  let invite = ''
  let recoveryKey = ''

  /** Somebody who waits for approval. */
  const signUp = async (name: string) => {
    const agent = new AtpAgent({ service: patient.server.origin })
    await agent.createAccount({
      handle: `${name}.${HOSTNAME}`,
      email: `${name}@example.com`,
      password: PASSWORD,
    })
  }

  follow('docs/operating.md', {
    reader: () => operator,
    instead: () => [
      ...people,
      ['did:plc:…', alice()],
      ['did:key:zQ3sh...', recoveryKey],
      ['pds-example-com-abcde-fghij', invite],
    ],
    steps: {
      'npx cumulus invite create --count 5 --uses 1': {
        after: ({ stdout }) => {
          invite = /pds-example-com-\w+-\w+/.exec(stdout)?.[0] ?? ''
        },
      },
      'npx cumulus identity recovery-key add alice.example.com did:key:zQ3sh...': {
        before: async () => {
          recoveryKey = (await Secp256k1Keypair.create()).did()
        },
      },
      'npx cumulus identity sign alice.example.com change.json --submit': {
        before: () => {
          const alsoKnownAs = [`at://alice.${HOSTNAME}`, 'https://alice.example']
          const change = JSON.stringify({ alsoKnownAs })
          writeFileSync(join(operator.home, 'change.json'), change)
        },
      },
      'npx cumulus identity handle alice.example.com alice.example.org': {
        // She is called Alice elsewhere.
        after: async () => {
          const handle = `alice.${HOSTNAME}`
          await patient.askHost('/xrpc/com.atproto.admin.updateAccountHandle', {
            did: alice(),
            handle,
          })
        },
      },
      'npx cumulus account queue': {
        before: () => Promise.all(['waiting', 'bob'].map(signUp)),
        shows: /waiting/,
      },
      'npx cumulus account approve alice.example.com': {
        instead: () => [['alice.example.com', `waiting.${HOSTNAME}`]],
      },
    },
  })

  follow('docs/accounts.md', {
    reader: () => operator,
    instead: () => [
      ['--host https://pds.example.com', `--host ${patient.server.origin}`],
      ['did:plc:…', alice()],
    ],
    steps: {
      'npx cumulus account create alice.example.com --host https://pds.example.com': {
        instead: () => [['alice.example.com', `dora.${HOSTNAME}`]],
      },
    },
  })

  let wrongdoer = ''
  let record = { uri: '', cid: '' }
  let blob = ''
  follow('docs/moderation.md', {
    reader: () => operator,
    instead: () => [
      ['at://did:plc:…/app.bsky.feed.post/3n2s5…', record.uri],
      ['at://did:plc:…/…/…', record.uri],
      ['bafyrei…', record.cid],
      ['bafkrei…', blob],
      ['did:plc:…', wrongdoer],
    ],
    steps: {
      'host=https://pds.example.com/xrpc': {
        before: async () => {
          const agent = new AtpAgent({ service: patient.server.origin })
          await agent.login({ identifier: `waiting.${HOSTNAME}`, password: PASSWORD })
          wrongdoer = agent.assertDid
          const bytes = new TextEncoder().encode('a file')
          const { data } = await agent.uploadBlob(bytes, { encoding: 'text/plain' })
          blob = String(data.blob.ref)
          record = await agent.post({ text: 'to be taken down' })
        },
      },
    },
  })

  follow('docs/metrics.md', {
    // Not by the public name, as `curl` of the other one goes.
    reader: () => installer,
    instead: () => [['127.0.0.1:2583', `127.0.0.1:${port}`]],
    steps: { 'curl http://127.0.0.1:2583/metrics': { shows: /cumulus_/ } },
  })

  follow('docs/sign-in.md', {
    reader: () => operator,
    instead: () => [['alice.test', `alice.${HOSTNAME}`]],
  })
})
