/** `npm run dev` in a copy of the project: on the port that was asked for, with what apps need, and without noise. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { Agent, AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
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
  writeFileSync(
    join(project, 'src/seeds.ts'),
    `import { seeds } from 'cumulus/seeds'

export default seeds(async ({ account, record }) => {
  const alice = await account('alice')
  const carol = await account('carol')
  const createdAt = '2026-01-01T12:00:00Z'
  await record(carol, 'app.bsky.feed.post', { text: 'from the seeds', createdAt })
  await record(alice, 'app.bsky.graph.follow', { subject: carol.did, createdAt })
})
`,
  )
  const faulty = join(project, 'src/handlers/com/atproto/sync/getHead.ts')
  writeFileSync(
    faulty,
    `import { define } from '#lex/com/atproto/sync/getHead'
import { anyone } from 'cumulus'

const fail = (): never => {
  throw new RangeError('of the handler')
}

export default define({ auth: anyone, handler: () => fail() })
`,
  )
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
  expect(dev.output()).not.toMatch(/"level":|ERROR/)
})

test('the network around it: seeds, AppView, firehose, mail, and where an error is', async () => {
  const output = () => dev?.output() ?? ''
  const [, service = ''] = /Sign in at (\S+) as/.exec(output()) ?? []
  const [, network = ''] = /Mails: (\S+)\/mail/.exec(output()) ?? []
  expect(output()).toContain('src/seeds.ts: 2 accounts, 2 records')
  const vars = parseEnv(readFileSync(join(project, '.dev.vars'), 'utf8'))
  const agent = new AtpAgent({ service })
  await agent.login({ identifier: 'alice.test', password: vars.PDS_FIRST_PASSWORD ?? '' })

  const { data } = await agent.getTimeline()
  expect(data.feed.map(({ post }) => [post.author.handle, post.record.text])).toEqual([
    ['carol.test', 'from the seeds'],
  ])
  expect(output()).toMatch(
    /appview {3}app\.bsky\.feed\.getTimeline {2}alice\.test, token for did:web:localhost%3A\d+ app\.bsky\.feed\.getTimeline {2}200/,
  )
  await expect(agent.getActorLikes({ actor: agent.assertDid })).rejects.toMatchObject({
    status: 501,
  })
  // Without the host's token nobody has a timeline.
  expect((await fetch(`${network}/xrpc/app.bsky.feed.getTimeline`)).status).toBe(401)

  await agent.post({ text: 'seen by relays' })
  await vi.waitFor(() =>
    expect(output()).toMatch(/firehose {2}\d+ alice\.test create app\.bsky\.feed\.post\/\w{13}/),
  )

  const email = 'alice@example.com'
  const admin = Buffer.from(`admin:${vars.PDS_ADMIN_PASSWORD}`).toString('base64')
  await agent.com.atproto.admin.updateAccountEmail(
    { account: agent.assertDid, email },
    { headers: { authorization: `Basic ${admin}` }, encoding: 'application/json' },
  )
  await agent.com.atproto.server.requestPasswordReset({ email })
  await vi.waitFor(() =>
    expect(output()).toMatch(/mail {6}alice@example\.com {2}".*" {2}\w{5}-\w{5}/),
  )
  const page = await (await fetch(`${network}/mail`)).text()
  expect(page).toContain('to alice@example.com')

  expect(
    (await fetch(`${service}/xrpc/com.atproto.sync.getHead?did=${agent.assertDid}`)).status,
  ).toBe(500)
  await vi.waitFor(() => expect(output()).toContain('RangeError: of the handler'))
  expect(output()).toContain('(src/handlers/com/atproto/sync/getHead.ts:5:9)')
})

test('a change of a handler or lexicon is served, a fault is told with its place, and sessions stay', async () => {
  const [, service = ''] = /Sign in at (\S+) as/.exec(dev?.output() ?? '') ?? []
  const vars = parseEnv(readFileSync(join(project, '.dev.vars'), 'utf8'))
  const agent = new AtpAgent({ service })
  await agent.login({ identifier: 'alice.test', password: vars.PDS_FIRST_PASSWORD ?? '' })
  const ask = async () =>
    (await fetch(`${service}/xrpc/com.atproto.sync.getHead?did=${agent.assertDid}`)).text()
  const handler = join(project, 'src/handlers/com/atproto/sync/getHead.ts')
  const before = readFileSync(handler, 'utf8')
  const refusing = (message: string) =>
    before
      .replace('{ anyone }', '{ anyone, InvalidRequestError }')
      .replace("RangeError('of the handler')", `InvalidRequestError('${message}')`)
  const until = (wanted: string) =>
    vi.waitFor(async () => expect(await ask()).toContain(wanted), { interval: 50 })

  writeFileSync(handler, refusing('the second'))
  await until('the second')
  writeFileSync(handler, `${refusing('x')}\nconst = 1\n`)
  await vi.waitFor(() =>
    expect(dev?.output()).toContain('src/handlers/com/atproto/sync/getHead.ts:10:7 Expected'),
  )
  expect(await ask()).toContain('the second')
  // Handlers are loaded by the first request for them.
  writeFileSync(handler, `${refusing('y')}\nthrow new Error('at import')\n`)
  await until('InternalServerError')
  await vi.waitFor(() => expect(dev?.output()).toContain('Error: at import'))
  expect(dev?.output()).toContain('src/handlers/com/atproto/sync/getHead.ts:10:7)')
  writeFileSync(handler, refusing('the second'))
  await until('the second')
  const worker = join(project, 'src/worker.ts')
  const entry = readFileSync(worker, 'utf8')
  writeFileSync(worker, `${entry}\nthrow new Error('at the start')\n`)
  await vi.waitFor(() => expect(dev?.output()).toContain('Error: at the start'))
  await vi.waitFor(() => expect(dev?.output()).toContain('(src/worker.ts:8:7)'))
  await until('the second')
  writeFileSync(worker, entry)
  writeFileSync(handler, refusing('the third'))
  await until('the third')

  const lexicon = join(project, 'lexicons/com/atproto/sync/getHead.json')
  const text = readFileSync(lexicon, 'utf8')
  writeFileSync(lexicon, text.replace('"format": "did"', '"format": "dod"'))
  await vi.waitFor(() =>
    expect(dev?.output()).toMatch(/lexicons\/com\/atproto\/sync\/getHead\.json:\d+:\d+ /),
  )
  await until('the third')
  const asked = { required: ['did', 'why'], why: { type: 'string' } }
  const doc = JSON.parse(text)
  doc.defs.main.parameters.required = asked.required
  doc.defs.main.parameters.properties.why = asked.why
  writeFileSync(lexicon, JSON.stringify(doc, null, 2))
  await until('why')
  writeFileSync(lexicon, text)
  writeFileSync(handler, before)
  expect((await agent.com.atproto.server.getSession()).data.handle).toBe('alice.test')
  await dev?.stop()
  dev = undefined
}, 120_000)

test('two hosts: each knows the accounts of the other, and an account moves', async () => {
  const port = await freePort()
  dev = await startDev(['--two'], { PDS_PORT: String(port) })
  const second = `http://localhost:${port + 1}`
  const output = () => dev?.output() ?? ''
  await vi.waitFor(() => expect(output()).toMatch(/PLC directory is (\S+);/))
  expect(output()).toContain(`Sign in at ${second} as bob.test2`)
  const [, plc = ''] = /PLC directory is (\S+);/.exec(output()) ?? []
  const vars = parseEnv(readFileSync(join(project, '.dev.vars'), 'utf8'))
  const password = vars.PDS_FIRST_PASSWORD ?? ''
  const bob = new AtpAgent({ service: second })
  await bob.login({ identifier: 'bob.test2', password })
  const carol = await bob.resolveHandle({ handle: 'carol.test' })
  await bob.follow(carol.data.did)
  const { data } = await bob.getTimeline()
  expect(data.feed.map(({ post }) => post.record.text)).toEqual(['from the seeds'])
  await vi.waitFor(() =>
    expect(output()).toMatch(
      new RegExp(`${port + 1} firehose  \\d+ bob\\.test2 create app\\.bsky\\.graph\\.follow`),
    ),
  )
  const program = join(project, 'cli/cumulus.ts')
  const first = ['--dev', '--host', `http://localhost:${port}`]
  // Identities name the port that they were made on: this one is of now.
  const make = ['account', 'create', 'dora.test', ...first, '--json']
  const made = JSON.parse((await runCommand(program, make, {})).output) as { password: string }
  const dora = new AtpAgent({ service: `http://localhost:${port}` })
  await dora.login({ identifier: 'dora.test', password: made.password })
  const post = await dora.post({ text: 'before the move' })
  const token = await runCommand(program, ['migrate-token', 'dora.test', ...first], {})
  const code = /[A-Z2-7]{5}-[A-Z2-7]{5}/.exec(token.output)?.[0] ?? token.output
  const moved = await runCommand(
    program,
    ['migrate', 'dora.test', '--dev', '--host', second, '--yes'].concat(
      ...['--email', 'dora@example.com', '--plc-code', code, '--state', join(project, 'move')],
    ),
    { PDS_DID_PLC_URL: plc, CUMULUS_OLD_PASSWORD: made.password },
  )
  expect(moved.output).toContain('@dora.test2')
  expect(moved.code).toBe(0)
  // Found where it is now, by whoever looks from the other host.
  const { data: profile } = await bob.getProfile({ actor: dora.assertDid })
  expect(profile.handle).toBe('dora.test2')
  const { data: posts } = await bob.getPosts({ uris: [post.uri] })
  expect(posts.posts.map(({ record }) => record.text)).toEqual(['before the move'])
  await dev?.stop()
  dev = undefined
}, 120_000)

test('PDS_PORT is the port as well, and the data are those of before, seeds written again or not', async () => {
  const port = await freePort()
  dev = await startDev(['--seed'], { PDS_PORT: String(port) })
  expect(dev.output()).toContain('src/seeds.ts: 2 accounts, 2 records')
  const posts = `http://localhost:${port}/xrpc/com.atproto.repo.listRecords?repo=carol.test&collection=app.bsky.feed.post`
  expect(((await (await fetch(posts)).json()) as { records: object[] }).records).toHaveLength(1)
  expect(await endpointOf(port)).toBe(`http://localhost:${port}`)
  const vars = parseEnv(readFileSync(join(project, '.dev.vars'), 'utf8'))
  const session = await fetch(`http://localhost:${port}/xrpc/com.atproto.server.createSession`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ identifier: 'alice.test', password: vars.PDS_FIRST_PASSWORD }),
  })
  expect(session.status).toBe(200)
})

test('a port that is none is refused with a sentence', async () => {
  const { code, output } = await runCommand(
    join(project, 'cli/cumulus.ts'),
    ['dev', '--port', 'http'],
    {},
  )
  expect(code).toBe(1)
  expect(output).toContain('The port must be a number from 1 to 65535 (it is "http").')
})
