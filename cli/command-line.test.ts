/** What the commands say to somebody who gets their command line wrong, or asks for help. */
import { existsSync, mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runCommand } from '../test/support/command.ts'

const run = (name: string, args: string[], env: Record<string, string> = {}) =>
  runCommand(fileURLToPath(new URL(`${name}.ts`, import.meta.url)), args, env)

test.each(['start', 'dev', 'account', 'mail', 'passkey-link'])(
  'the help of %s is plain text where it is no terminal that shows it',
  async (name) => {
    const { code, output } = await run(name, ['--help'])
    expect(code).toBe(0)
    expect(output).toContain('npm ')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there
    expect(output).not.toMatch(/\u001b| +$/m)
  },
)

test.each([
  ['start', ['--port', '3000'], 'settings come from the environment'],
  ['account', ['bob.test', '--hots', 'x'], 'unknown option --hots - did you mean "host"?'],
  ['mail', ['a@example.com', 'b@example.com'], 'unexpected argument "b@example.com"'],
  ['account', ['role', 'bob.test', 'operator', 'now'], 'unexpected argument "now"'],
  ['account', ['role', 'bob.test'], 'Missing required positional argument: ROLE'],
  ['account', [], 'Missing required positional argument: HANDLE'],
  ['account', ['quota', 'bob.test', 'records=5', '--host-name', 'x'], 'unknown option'],
  ['passkey-link', ['bob.test', '--account', 'bob.test'], 'unexpected argument "bob.test"'],
])('%s does not pass over what it does not know (%s)', async (name, args, message) => {
  const { code, output } = await run(name, args)
  expect(code).toBe(2)
  expect(output).toContain(message)
})

test('a handle without its domain, or a command that there is not, gets a sentence that helps', async () => {
  const { code, output } = await run('account', ['alice'])
  expect(code).toBe(1)
  expect(output).toContain('such as alice.test on localhost, or alice.pds.example.com')
})

test('an account is not made where no server has run, and no data folder either', async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'cumulus-')), 'data')
  const { code, output } = await run('account', ['bob.test'], { PDS_DATA_DIRECTORY: folder })
  expect(code).toBe(1)
  expect(output).toContain('No server has run here')
  expect(existsSync(folder)).toBe(false)
})

test('npm run dev does not take whoever has its port for the server that it starts', async () => {
  const other = createServer()
  const port = await new Promise<number>((resolve) =>
    other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port)),
  )
  const { code, output } = await run('dev', ['--port', String(port)])
  other.close()
  expect(code).toBe(1)
  expect(output).toContain(`Port ${port} is in use`)
})
