/** `cumulus init` on a real terminal (tmux): the questions, and the proof that the recovery kit is kept. */
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { PROJECT } from '../support/project.ts'
import { lacksTmux, Terminal } from '../support/terminal.ts'

/** The screen that docs/setup.md shows. */
const SHOWN = /```text\n(┌[^`]*)```/.exec(readFileSync(join(PROJECT, 'docs/setup.md'), 'utf8'))?.[1]

/** Without what is different each time. */
const asInDocs = (screen: string, folder: string): string =>
  screen
    .replaceAll(folder, '/srv/cumulus')
    .replace(/characters \d+ to \d+/, 'characters 13 to 16')
    .replace(/begins [0-9a-f]{4}…(.*\n.*)[0-9a-f]{4}/, 'begins e862…$19fe2')
    .replace(/\n*exit code 0$/, '\n')

let terminal: Terminal | undefined
afterEach(() => terminal?.end())

const start = (folder: string): Terminal => {
  terminal = new Terminal(folder, `'${process.execPath}' '${join(PROJECT, 'cli/cumulus.ts')}' init`)
  return terminal
}

test.skipIf(lacksTmux)(
  'the wizard asks one thing after the other, and does not go on without the kit',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cumulus-'))
    const wizard = start(folder)
    await wizard.shows('Where will the host run?')
    wizard.type('')
    await wizard.shows('Host name, such as pds.example.com')
    wizard.type('not a name')
    await wizard.shows('not the name of a host')
    for (const _ of 'not a name') wizard.press('BSpace')
    wizard.type('pds.example.com')
    await wizard.shows('Under which domain do people get handles?')
    wizard.type('')
    await wizard.shows('Who may make an account?')
    wizard.press('Down')
    wizard.type('')
    await wizard.shows('How do mails leave?')
    wizard.type('')
    await wizard.shows('In which folder are the data kept?')
    wizard.type('')
    await wizard.shows('The first account')
    wizard.type('')
    await wizard.shows('Its handle')
    wizard.type('')
    await wizard.shows('Where do you keep the recovery kit?')
    wizard.type('')
    const asks = await wizard.shows(/characters \d+ to \d+ of the recovery key/)
    const [, first = '', last = ''] =
      /characters (\d+) to (\d+) of the recovery key/.exec(asks) ?? []
    const kit = readFileSync(join(folder, 'recovery-kit.txt'), 'utf8')
    const [key = ''] = /^ {2}[0-9a-f]{64}$/m.exec(kit) ?? []
    expect(() => readFileSync(join(folder, 'pds.env'))).toThrow('ENOENT')
    wizard.type('zzzz')
    await wizard.shows('not what is in the kit')
    for (const _ of 'zzzz') wizard.press('BSpace')
    wizard.type(key.trim().slice(Number(first) - 1, Number(last)))
    await wizard.shows('Start the host now?')
    wizard.press('Right')
    wizard.type('')
    const screen = await wizard.shows('exit code 0')
    expect(asInDocs(screen, folder)).toBe(SHOWN)
    expect(parseEnv(readFileSync(join(folder, 'pds.env'), 'utf8'))).toMatchObject({
      PDS_HOSTNAME: 'pds.example.com',
      PDS_REGISTRATION: 'invite',
    })
  },
  60_000,
)

test.skipIf(lacksTmux)(
  'Ctrl-C at a question leaves nothing behind',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cumulus-'))
    const wizard = start(folder)
    await wizard.shows('Where will the host run?')
    wizard.type('')
    await wizard.shows('Host name')
    wizard.press('C-c')
    await wizard.shows('exit code 130')
    expect(() => readFileSync(join(folder, 'pds.env'))).toThrow('ENOENT')
    expect(() => readFileSync(join(folder, 'data/secrets.json'))).toThrow('ENOENT')
  },
  60_000,
)
