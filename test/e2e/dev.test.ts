/** `npm run dev` in a copy of the project: on the port that was asked for, with what apps need, and without noise. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { Agent } from '@atproto/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCommand } from '../support/command.ts'
import { consent, makeApp } from '../support/oauth.ts'
import { copyProject } from '../support/project.ts'
import { freePort } from '../support/server.ts'

const SCOPE = 'atproto transition:generic'

interface Dev {
  output(): string
  stop(): Promise<void>
}

let project: string
beforeAll(() => {
  project = copyProject()
})

async function startDev(args: string[], env: Record<string, string> = {}): Promise<Dev> {
  const child = spawn(process.execPath, [join(project, 'cli/cumulus.ts'), 'dev', ...args], {
    cwd: project,
    env: { PATH: process.env.PATH, HOME: project, WRANGLER_SEND_METRICS: 'false', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString()
        if (output.includes('Sign in at')) resolve()
      })
    }
    child.once('exit', () => reject(new Error(`it did not start:\n${output}`)))
  })
  return { output: () => output, stop: () => end(child) }
}

async function end(child: ChildProcess): Promise<void> {
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill()
  await exited
}

const endpointOf = async (port: number): Promise<unknown> => {
  const response = await fetch(`http://localhost:${port}/.well-known/did.json`)
  const { service } = (await response.json()) as { service: { serviceEndpoint: string }[] }
  return service[0]?.serviceEndpoint
}

let dev: Dev | undefined
afterAll(() => dev?.stop())

test('an app signs somebody in on the port of --port, and normal refusals make no noise', async () => {
  const port = await freePort()
  dev = await startDev(['--port', String(port)])
  const pds = `http://localhost:${port}`
  expect(await endpointOf(port)).toBe(pds)
  const plc = /PLC directory is (\S+);/.exec(dev.output())?.[1] ?? ''
  const made = await runCommand(
    join(project, 'cli/cumulus.ts'),
    ['account', 'create', 'bob.test', '--dev', '--json'],
    {
      PDS_PORT: String(port),
    },
  )
  expect(made).toMatchObject({ code: 0 })
  const { did, password } = JSON.parse(made.output) as { did: string; password: string }
  const { client } = makeApp(plc, SCOPE, undefined, pds)
  const user = { identifier: 'bob.test', did, password }
  const answer = await consent(await client.authorize('bob.test', { scope: SCOPE }), user)
  const { session } = await client.callback(answer.searchParams)
  const { data } = await new Agent(session).com.atproto.server.getSession()
  expect(data.handle).toBe('bob.test')
  // The first request of each app is refused for want of a nonce.
  expect(dev.output()).toContain('use_dpop_nonce')
  expect(dev.output()).not.toMatch(/^\s+at /m)
  expect(dev.output()).not.toMatch(/"level":"error"|ERROR/)
  await dev.stop()
  dev = undefined
}, 60_000)

test('PDS_PORT is the port as well, and the data are those of before', async () => {
  const port = await freePort()
  dev = await startDev([], { PDS_PORT: String(port) })
  expect(await endpointOf(port)).toBe(`http://localhost:${port}`)
  const vars = parseEnv(readFileSync(join(project, '.dev.vars'), 'utf8'))
  const session = await fetch(`http://localhost:${port}/xrpc/com.atproto.server.createSession`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ identifier: 'alice.test', password: vars.PDS_FIRST_PASSWORD }),
  })
  expect(session.status).toBe(200)
}, 60_000)

test('a port that is none is refused with a sentence', async () => {
  const { code, output } = await runCommand(
    join(project, 'cli/cumulus.ts'),
    ['dev', '--port', 'http'],
    {},
  )
  expect(code).toBe(1)
  expect(output).toContain('The port must be a number from 1 to 65535 (it is "http").')
})
