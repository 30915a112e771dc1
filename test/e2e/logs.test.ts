/** `cumulus logs`, from a file and from programs that stand in for those of the platform. */
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { runCumulus } from '../support/command.ts'

const did = 'did:plc:abcdefghijklmnopqrstuvwx'
const lines = [
  { level: 'info', message: 'request', path: '/xrpc/_health', status: 200 },
  { level: 'error', message: 'request failed', error: 'Error: \u202e' },
  { level: 'info', message: 'sign-in', account: did },
].map((line) => JSON.stringify(line))

let folder: string
let file: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cumulus-logs-'))
  file = join(folder, 'pds.log')
  writeFileSync(file, `${lines.join('\n')}\n`)
})

/** A folder with programs that do what the script says. */
function programs(scripts: Record<string, string>): string {
  const bin = mkdtempSync(join(tmpdir(), 'cumulus-bin-'))
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  return bin
}

const missing = { systemctl: 'echo not-found', docker: 'exit 1' }
const logs = (args: string[], scripts: Record<string, string> = missing) =>
  runCumulus(['logs', ...args], {
    PATH: [programs(scripts), dirname(process.execPath), '/usr/bin', '/bin'].join(':'),
  })

test('a file, all of it, what went wrong, and what is about one account', async () => {
  expect(await logs(['--file', file])).toEqual({ code: 0, output: `${lines.join('\n')}\n` })
  expect(await logs(['--file', file, '--level', 'error'])).toEqual({
    code: 0,
    output: `${lines[1]}\n`,
  })
  expect(await logs(['--file', file, '--account', did])).toEqual({
    code: 0,
    output: `${lines[2]}\n`,
  })
  expect(await logs(['--file', file, '--lines', '1'])).toEqual({ code: 0, output: `${lines[2]}\n` })
})

test('systemd is asked first, and its unit may have another name', async () => {
  const scripts = { systemctl: 'echo loaded', journalctl: 'echo "$@"', docker: 'exit 1' }
  const { output } = await logs(['--unit', 'pds', '--follow'], scripts)
  expect(output).toBe('-u pds -o cat --no-pager -n 1000 -f\n')
})

test('then Docker', async () => {
  const docker = `case "$1" in inspect) echo 1234;; logs) cat '${file}' >&2; echo "$@";; esac`
  const { code, output } = await logs(['--level', 'info'], { ...missing, docker })
  expect(code).toBe(0)
  expect(output).toContain('logs --tail 1000 cumulus\n')
  expect(output).toContain(`${lines[0]}\n`)
})

test('where there is no log, it is said how to keep one; and why one cannot be read', async () => {
  const { code, output } = await logs([])
  expect(code).toBe(1)
  expect(output).toContain('no systemd unit "cumulus"')
  expect(output).toContain('npx cumulus logs --file pds.log')
  const lost = await logs(['--file', join(folder, 'none')])
  expect(lost.code).toBe(1)
  expect(lost.output).toMatch(/cannot be read: .*No such file/)
  expect(await logs(['--level', 'debug'])).toMatchObject({ code: 2 })
})
