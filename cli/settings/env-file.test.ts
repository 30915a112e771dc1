/** `pds.env` means the same to everybody who reads it, and what a person wrote into it stays. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { envValueProblem, loadEnvFile, readEnvFile, setOutside, writeEnvFile } from './env-file.ts'

const newPath = () => join(mkdtempSync(join(tmpdir(), 'cumulus-')), 'pds.env')
const write = (text: string) => {
  const path = newPath()
  writeFileSync(path, text)
  return path
}

/** A shell, as in `set -a; . ./pds.env`. */
const asShell = (path: string, name: string): string =>
  execFileSync('sh', ['-c', `. "${path}"; printf %s "$${name}"`], { encoding: 'utf8' })

/** As systemd.exec(5) has it for EnvironmentFile. */
function asSystemd(path: string, name: string): string | undefined {
  for (const line of readFileSync(path, 'utf8').split(/[\n\r]/)) {
    const [, key, rest = ''] = /^\s*([A-Za-z_]\w*)=(.*)$/.exec(line) ?? []
    if (key !== name) continue
    const [, single, double, plain = ''] = /^'([^']*)'$|^"([^"]*)"$|^(.*)$/.exec(rest) ?? []
    return single ?? (double ?? plain.trimEnd()).replace(/\\(.)/g, '$1')
  }
  return undefined
}

test('what can be written is read alike by Node, a shell and systemd; what cannot, is refused', () => {
  const character = fc.constantFrom(...'ab1 #$`\\"\'=&;%!~{}*?é\t\n'.split(''))
  fc.assert(
    fc.property(fc.string({ unit: character, maxLength: 8 }), (value) => {
      const path = newPath()
      if (envValueProblem(value) !== undefined) {
        expect(() => writeEnvFile(path, { PDS_CONTACT_EMAIL_ADDRESS: value })).toThrow(
          'PDS_CONTACT_EMAIL_ADDRESS has',
        )
        return
      }
      writeEnvFile(path, { PDS_CONTACT_EMAIL_ADDRESS: value })
      expect(readEnvFile(path)).toEqual({ PDS_CONTACT_EMAIL_ADDRESS: value })
      expect(asSystemd(path, 'PDS_CONTACT_EMAIL_ADDRESS')).toBe(value)
      expect(asShell(path, 'PDS_CONTACT_EMAIL_ADDRESS')).toBe(value)
    }),
    { numRuns: 60, examples: [['pa$word'], ['a # b'], ["it's"], ['C:\\x'], ['`id`'], ['']] },
  )
})

test.each([
  ['a comment behind a value', 'PDS_PORT=2600 # mine\n'],
  ['export, quotes and spaces', 'export PDS_PORT = "2600"\n'],
  ['Windows line ends', 'PDS_PORT=2600\r\nPDS_BIND=::1\r\n'],
  ['a value of several lines', 'PDS_PORT=2600\nMOTD="one\nPDS_BIND=two\nthree"\n'],
  ['a name in small letters', 'http_proxy=http://proxy:3128\n'],
  ['an empty value', 'PDS_BIND=\n'],
])('%s stays as it is, however often another setting changes', (_, text) => {
  const path = write(text)
  const before = parseEnv(text)
  for (const PDS_REGISTRATION of ['open', 'invite', 'closed']) {
    writeEnvFile(path, { ...readEnvFile(path), PDS_REGISTRATION })
    expect(parseEnv(readFileSync(path, 'utf8'))).toEqual({ ...before, PDS_REGISTRATION })
  }
  expect(readFileSync(path, 'utf8')).toBe(`${text.trimEnd()}\nPDS_REGISTRATION=closed\n`)
})

test('a setting that is there twice is there once when it is changed', () => {
  const path = write('PDS_PORT=1\nPDS_PORT=2\n')
  writeEnvFile(path, { PDS_PORT: '3' })
  expect(readFileSync(path, 'utf8')).toBe('PDS_PORT=3\n')
})

test('a file that cannot be changed safely is left alone', () => {
  const text = 'PDS_HOSTNAME="a\nb"\n'
  const path = write(text)
  expect(() => writeEnvFile(path, { PDS_HOSTNAME: 'pds.example.com' })).toThrow('by hand')
  expect(readFileSync(path, 'utf8')).toBe(text)
})

test('the mark that editors on Windows write is no part of the first name', () => {
  expect(readEnvFile(write('\uFEFFPDS_PORT=2600\n'))).toEqual({ PDS_PORT: '2600' })
})

test('the environment goes before, an empty value counts as not set, and a second look sees what changed', () => {
  const path = write('PDS_PORT=1\nPDS_BIND=::1\nPDS_EMAIL_SMTP_URL=smtp://x\n')
  const env: NodeJS.ProcessEnv = { CUMULUS_ENV_FILE: path, PDS_PORT: '2', PDS_BIND: '' }
  loadEnvFile(env)
  expect(env).toMatchObject({ PDS_PORT: '2', PDS_BIND: '::1', PDS_EMAIL_SMTP_URL: 'smtp://x' })
  writeFileSync(path, 'PDS_PORT=1\nPDS_BIND=127.0.0.1\n')
  loadEnvFile(env)
  expect(env).toMatchObject({ PDS_PORT: '2', PDS_BIND: '127.0.0.1' })
  expect(env.PDS_EMAIL_SMTP_URL).toBeUndefined()
  expect(setOutside(env)).toEqual({ PDS_PORT: '2' })
})
