/** `cumulus status`, once and all the time, beside a real host. */

import { join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { runCumulus } from '../support/command.ts'
import { FirehoseReader } from '../support/firehose.ts'
import { PROJECT } from '../support/project.ts'
import { HANDLE, PASSWORD, startServer, type TestServer } from '../support/server.ts'
import { lacksTmux, Terminal } from '../support/terminal.ts'

let server: TestServer
let agent: AtpAgent
let reader: FirehoseReader
let terminal: Terminal | undefined

beforeAll(async () => {
  server = await startServer()
  agent = new AtpAgent({ service: server.origin })
  await agent.login({ identifier: HANDLE, password: PASSWORD })
  await agent.post({ text: 'a post' })
  reader = await new FirehoseReader(server.origin).opened()
})
afterEach(() => terminal?.end())
afterAll(async () => {
  reader?.close()
  await server?.stop()
})

const settings = () => ({
  PDS_PORT: new URL(server.origin).port,
  PDS_DATA_DIRECTORY: server.dataDirectory,
})
const status = (...args: string[]) => runCumulus(['status', ...args], settings())

test('once, in words', async () => {
  const { code, output } = await status()
  expect(code).toBe(0)
  expect(output).toMatch(/^http:\/\/localhost:\d+ {2}Cumulus \d+\.\d+\.\d+, up \d+ s$/m)
  expect(output).toMatch(/^accounts +1 account, 1 active today, 1 in 30 days/m)
  expect(output).toMatch(/^writes +5 events in the last hour/m)
  expect(output).toMatch(/^firehose +event 5, \d+ s ago, 1 consumer$/m)
  expect(output).toMatch(/has everything/)
  expect(output).toMatch(/^mail +none waits$/m)
  expect(output).toMatch(/^storage .* free of .* of memory$/m)
  expect(output).toMatch(/^backup +none was begun of late/m)
  expect(output).toMatch(/^errors +none since the start$/m)
  // What the console says needs attention: the host is in development.
  expect(output).toMatch(/^- 1 thing in the settings should be looked at/m)
})

test('once, as JSON, without any secret', async () => {
  const { code, output } = await status('--json')
  expect(code).toBe(0)
  expect(JSON.parse(output)).toMatchObject({
    firehose: { head: 5, consumers: 1, behind: 0 },
    accounts: { all: 1 },
    totals: { writes: 1, undelivered: 0 },
    mails: { waiting: 0 },
  })
  expect(output).not.toMatch(/password|secret/i)
})

test('all the time, without a terminal: a line each time', async () => {
  const { code, output } = await status('--watch', '--times', '2')
  expect(code).toBe(0)
  const lines = output.trim().split('\n')
  expect(lines).toHaveLength(2)
  expect(lines[0]).toMatch(
    /^\S+Z {2}event=\d+ {2}events=- .* consumers=1 {2}behind=0 {2}mails=0 {2}errors=0$/,
  )
  expect(lines[1]).toMatch(/events=[\d.]+\/s {2}writes=[\d.]+\/s {2}requests=[\d.]+\/s/)
})

test('a host that does not answer is a sentence, and so is what makes no sense', async () => {
  const away = await runCumulus(['status'], { ...settings(), PDS_PORT: '9' })
  expect(away).toEqual({
    code: 1,
    output: 'No server answers at http://127.0.0.1:9: start it, or name it with --host.\n',
  })
  expect(await status('--interval', '0')).toMatchObject({ code: 2 })
  expect(await status('--json', '--watch')).toMatchObject({ code: 2 })
})

test.skipIf(lacksTmux)(
  'all the time, on a terminal: drawn in place, until q gives the screen back',
  async () => {
    const { PDS_PORT: port, PDS_DATA_DIRECTORY: folder } = settings()
    const command = `PDS_PORT=${port} PDS_DATA_DIRECTORY='${folder}' '${process.execPath}' '${join(PROJECT, 'cli/cumulus.ts')}' status --watch`
    terminal = new Terminal(folder, `echo before; ${command}`)
    await terminal.shows(/events +-/)
    for (let n = 0; n < 20; n++) await agent.post({ text: `post ${n}` })
    const drawn = await terminal.shows(/events +[1-9][\d.]*\/s +[▁▂▃▄▅▆▇█]+/)
    expect(drawn).toMatch(/^http:\/\/localhost:\d+ {2}Cumulus .* every 2 s, q ends$/m)
    expect(drawn).toMatch(/writes +[\d.]+\/s, \d+ since the start/)
    expect(drawn.match(/^firehose/gm)).toHaveLength(1)
    expect(drawn).not.toContain('before')
    terminal.press('q')
    expect(await terminal.shows('exit code 0')).toContain('before')
  },
  30_000,
)
