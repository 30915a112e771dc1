/** Every command of docs/troubleshooting.md "By symptom" is run, beside a public host; its table is that of the checks. */
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checks } from '../../cli/doctor/checks.ts'
import { checksTable } from '../../cli/doctor/page.ts'
import { hasOpenssl } from '../support/certificates.ts'
import { HOSTNAME, type Patient, startPatient } from '../support/doctor.ts'
import { PROJECT } from '../support/project.ts'

const page = readFileSync(join(PROJECT, 'docs/troubleshooting.md'), 'utf8')
const symptoms = page.slice(0, page.indexOf('## Checks'))
const commands = [
  ...new Set(
    [...symptoms.matchAll(/```sh\n([^`]*)```/g)].flatMap(([, block = '']) =>
      block.trim().split('\n'),
    ),
  ),
]

/** The host's network is in this process, which must not wait. */
async function shell(command: string, cwd: string, env: NodeJS.ProcessEnv) {
  const child = spawn('sh', ['-c', command], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr, status] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once('close', resolve)),
  ])
  return { status, stdout, stderr }
}

test('the table of the page is that of the checks', () => {
  expect(page).toContain(checksTable())
})

test('each check has its place at a symptom', () => {
  const missing = checks.filter(({ id }) => !symptoms.includes(`\`${id}\``)).map(({ id }) => id)
  // What is said of the host as a whole, and leads to no symptom of its own.
  expect(missing).toEqual([
    'well-known-did',
    'firehose-order',
    'relay-answers',
    'relay-behind',
    'appview-answers',
    'errors',
    'version',
  ])
})

describe.runIf(hasOpenssl)('beside a host', () => {
  let patient: Patient
  let home: string
  let bin: string

  beforeAll(async () => {
    patient = await startPatient()
    await patient.listen()
    home = mkdtempSync(join(tmpdir(), 'cumulus-home-'))
    bin = mkdtempSync(join(tmpdir(), 'cumulus-bin-'))
    const { front, authority } = patient
    // Where DNS would lead.
    writeFileSync(
      join(home, '.curlrc'),
      `silent\nfail\nconnect-to = "::127.0.0.1:${front.port}"\ncacert = "${authority.caFile}"\n`,
    )
    const program = (name: string, script: string) => {
      writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
      chmodSync(join(bin, name), 0o755)
    }
    const cumulus = `exec '${process.execPath}' '${join(PROJECT, 'cli')}'/"$@"`
    program(
      'npx',
      `[ "$2" = doctor ] && set -- "$@" --connect-to 127.0.0.1:${front.port}\n` +
        `[ "$3" = --watch ] && set -- "$@" --times 1\nshift\nset -- cumulus.ts "$@"\n${cumulus}`,
    )
    // A unit of systemd that has logged an error.
    const entry = { level: 'error', message: 'request failed', account: patient.owner.assertDid }
    program('systemctl', 'echo loaded')
    program('journalctl', `echo '${JSON.stringify(entry)}'`)
  })
  afterAll(() => patient?.stop())

  test.concurrent.for(commands)('%s', async (command, { expect }) => {
    const { smtp, server, authority } = patient
    const { status, stdout, stderr } = await shell(command, home, {
      PATH: [bin, dirname(process.execPath), process.env.PATH].join(':'),
      HOME: home,
      PDS_HOSTNAME: HOSTNAME,
      PDS_PORT: new URL(server.origin).port,
      PDS_DATA_DIRECTORY: server.dataDirectory,
      PDS_EMAIL_SMTP_URL: smtp.url,
      NODE_EXTRA_CA_CERTS: authority.caFile,
    })
    expect({ status, stderr }).toMatchObject({ status: 0 })
    expect(stdout).not.toBe('')
    if (command.startsWith('curl') && !command.includes('_health')) {
      expect(stdout).toMatch(/did:plc:|https:\/\/pds\.example\.com/)
    }
  })
})
