/** What the commands say to somebody who gets their command line wrong, or asks for help. */
import { existsSync, mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { runCumulus } from '../../test/support/command.ts'

const run = (name: string, args: string[], env: Record<string, string> = {}) =>
  runCumulus([...name.split(' ').filter(Boolean), ...args], env)

test.each([
  '',
  'serve',
  'dev',
  'account',
  'account create',
  'mail test',
  'passkey',
  'lexicons pull',
])('the help of %s is plain text where it is no terminal that shows it', async (name) => {
  const { code, output } = await run(name, ['--help'])
  expect(code).toBe(0)
  expect(output).toContain('USAGE')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there
  expect(output).not.toMatch(/\u001b| +$/m)
})

test.each([
  ['serve', ['--port', '3000'], 'settings come from the environment'],
  ['account create', ['bob.test', '--hots', 'x'], 'unknown option --hots - did you mean "host"?'],
  ['mail test', ['a@example.com', 'b@example.com'], 'unexpected argument "b@example.com"'],
  ['account role', ['bob.test', 'operator', 'now'], 'unexpected argument "now"'],
  ['account role', ['bob.test'], 'Missing required positional argument: ROLE'],
  ['account create', [], 'Missing required positional argument: HANDLE'],
  ['account quota', ['bob.test', 'records=5', '--host-name', 'x'], 'unknown option'],
  ['passkey', ['bob.test', '--account', 'bob.test'], 'unexpected argument "bob.test"'],
])('%s does not pass over what it does not know (%s)', async (name, args, message) => {
  const { code, output } = await run(name, args)
  expect(code).toBe(2)
  expect(output).toContain(message)
})

test('it says which version it is', async () => {
  expect(await run('', ['--version'])).toEqual({ code: 0, output: `${manifest.version}\n` })
})

test('a command that there is not, or a group without one, gets a hint and exit code 2', async () => {
  const misspelt = await run('acount', [])
  expect(misspelt).toMatchObject({
    code: 2,
    output: expect.stringContaining('did you mean "account"?'),
  })
  const below = await run('account', ['crate', 'bob.test'])
  expect(below.output).toContain('there is no command "account crate" - did you mean "create"?')
  expect(await run('account', [])).toMatchObject({
    code: 2,
    output: expect.stringContaining('reset-link'),
  })
})

test('a handle without its domain gets a sentence that helps', async () => {
  const { code, output } = await run('account create', ['alice'])
  expect(code).toBe(1)
  expect(output).toContain('such as alice.test on localhost, or alice.pds.example.com')
})

test('an account is not made where no server has run, and no data folder either', async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'cumulus-')), 'data')
  const { code, output } = await run('account create', ['bob.test'], { PDS_DATA_DIRECTORY: folder })
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
