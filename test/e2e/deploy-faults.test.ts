/** What goes wrong while a host is brought to Cloudflare: live keys stay, the password goes to nobody else, it ends. */
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { copyProject, PROJECT } from '../support/project.ts'

const project = copyProject()
const files = { log: join(project, 'stand-in.log'), state: join(project, 'state.json') }
const HOST = ['--yes', '--target', 'cloudflare', '--hostname', 'pds.example.com']
const KEYS = ['PDS_ADMIN_PASSWORD', 'PDS_JWT_SECRET', 'PDS_KEY_SECRET']
const ALL_KEYS = [...KEYS, 'PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX']

interface Ran {
  code: number | null
  stdout: string
  stderr: string
}

function cumulus(args: readonly string[], folder = project): Promise<Ran> {
  const child = spawn(process.execPath, [join(folder, 'cli/cumulus.ts'), ...args], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      PDS_CRAWLERS: 'none',
      CUMULUS_WRANGLER: join(PROJECT, 'test/support/wrangler-stand-in.mjs'),
      STAND_IN_LOG: files.log,
      STAND_IN_STATE: files.state,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ran: Ran = { code: null, stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    ran.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    ran.stderr += chunk
  })
  return new Promise((resolve) => child.once('close', (code) => resolve({ ...ran, code })))
}

/** What Cloudflare has, and says instead of what it would (`says`: command → what). */
const put = (now: object) => {
  writeFileSync(files.log, '')
  const state = { signedIn: true, r2: true, buckets: ['cumulus-blobs'], secrets: [], ...now }
  writeFileSync(files.state, JSON.stringify(state))
}
const asked = () =>
  readFileSync(files.log, 'utf8')
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { args: string[]; input: string })
const uploads = () => asked().filter(({ args }) => args.includes('bulk'))
const secrets = () =>
  JSON.parse(readFileSync(join(project, 'cloudflare-secrets.json'), 'utf8')) as Record<
    string,
    string
  >

let stop = () => {}
afterEach(() => stop())

/** Takes the place of the host. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  stop = () => {
    server.closeAllConnections()
    server.close()
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

beforeAll(async () => {
  put({})
  const { code, stderr } = await cumulus([
    'init',
    ...HOST,
    '--first',
    'alice.example.com',
    '--recovery-kit',
    'kit.txt',
  ])
  expect({ code, stderr }).toMatchObject({ code: 0 })
})

const FAILURES = {
  'no network': { code: 1, stderr: '✘ [ERROR] Unable to resolve Cloudflare’s API hostname' },
  'no answer that is one': { code: 0, stdout: '<html>502 Bad Gateway</html>' },
}

test.each(Object.entries(FAILURES))(
  '%s is not taken for "no keys on the Worker", neither by init nor by deploy',
  async (_, says) => {
    put({ deployed: true, secrets: ALL_KEYS, says: { 'secret list json': says } })
    const other = copyProject()
    const made = await cumulus(['init', ...HOST], other)
    expect(made).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('does not say whether the Worker has keys'),
    })
    const deployed = await cumulus(['deploy', '--yes', '--url', 'http://127.0.0.1:9'])
    expect(deployed).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('does not say whether the Worker has keys'),
    })
    expect(asked().some(({ args }) => args[0] === 'deploy')).toBe(false)
    expect(uploads()).toEqual([])
  },
)

test('keys that the Worker has are not uploaded again, whatever is here', async () => {
  put({ deployed: true, secrets: KEYS })
  const { code } = await cumulus([
    'deploy',
    '--yes',
    '--url',
    'http://127.0.0.1:9',
    '--timeout',
    '0',
  ])
  expect(code).toBe(1)
  expect(uploads().map(({ input }) => Object.keys(JSON.parse(input)))).toEqual([
    ['PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX'],
  ])
})

test.each([
  ['r2 bucket create cumulus-blobs', { code: 1, stderr: '✘ [ERROR] not now \u001b]0;x\u0007' }],
  ['deploy', { code: 1, stdout: 'building', stderr: '✘ [ERROR] A request failed' }],
  ['secret bulk', { code: 1, stderr: '✘ [ERROR] A request failed' }],
  ['secret bulk', { code: 1, stderr: '✘ [ERROR] A request failed', applied: true }],
])('where %s fails, a second run goes on', async (command, says) => {
  put({ buckets: [], says: { [command]: says } })
  const origin = await serve((_, response) => response.writeHead(503).end())
  const args = ['deploy', '--yes', '--json', '--url', origin, '--timeout', '0']
  const failed = await cumulus(args)
  expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('goes on from here') })
  expect(failed.stderr).not.toContain('\u001b')
  const { steps } = JSON.parse(failed.stdout) as { steps: { error?: string }[] }
  expect(steps.at(-1)?.error).toContain(command.split(' ')[0])
  const { says: _, ...state } = JSON.parse(readFileSync(files.state, 'utf8'))
  writeFileSync(files.state, JSON.stringify(state))
  const again = await cumulus(args)
  expect(again.stderr).toContain('does not answer (status 503)')
  const now = JSON.parse(readFileSync(files.state, 'utf8'))
  expect(now.buckets).toEqual(['cumulus-blobs'])
  expect(now.secrets).toEqual(expect.arrayContaining(ALL_KEYS))
  expect(failed.stderr + again.stderr + failed.stdout).not.toContain(secrets().PDS_KEY_SECRET)
})

test('a bucket that wrangler lists in another way is no obstacle', async () => {
  put({
    buckets: [],
    says: {
      'r2 bucket create cumulus-blobs': {
        code: 1,
        stderr:
          '✘ [ERROR] The bucket you tried to create already exists, and you own it. [code: 10004]',
        applied: true,
      },
    },
  })
  const { stderr } = await cumulus([
    'deploy',
    '--yes',
    '--url',
    'http://127.0.0.1:9',
    '--timeout',
    '0',
  ])
  expect(stderr).toContain('bucket cumulus-blobs is there')
})

const HEALTHY = '{"version":"1"}'
const described = (did: string) => JSON.stringify({ did, availableUserDomains: ['.example.com'] })

test.each<[string, RequestListener, string]>([
  [
    'the page of a registrar',
    (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Parked'),
    'something else has the name',
  ],
  [
    'another host',
    (request, response) =>
      response.end(request.url?.includes('_health') ? HEALTHY : described('did:web:other.example')),
    'something else has the name',
  ],
  [
    'a redirect',
    (_, response) => response.writeHead(302, { location: 'https://example.com/' }).end(),
    'status 302',
  ],
])('%s is not given the operator’s password', async (_, listener, message) => {
  put({ deployed: true, secrets: ALL_KEYS })
  const authorizations: unknown[] = []
  const origin = await serve((request, response) => {
    authorizations.push(request.headers.authorization)
    listener(request, response)
  })
  const { code, stderr } = await cumulus(['deploy', '--yes', '--url', origin, '--timeout', '0'])
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining(message) })
  expect(authorizations.filter(Boolean)).toEqual([])
})

test('a host that answers with a page in the place of JSON gets a sentence', async () => {
  put({ deployed: true, secrets: ALL_KEYS })
  const origin = await serve((request, response) => {
    if (request.url?.includes('_health')) response.end(HEALTHY)
    else if (request.url?.includes('describeServer'))
      response.end(described('did:web:pds.example.com'))
    else response.writeHead(522, { 'content-type': 'text/html' }).end('<h1>Error 522')
  })
  const { code, stderr } = await cumulus(['deploy', '--yes', '--url', origin])
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('status 522') })
  expect(stderr).not.toContain('    at ')
})

test('wrangler.toml that is none gets a sentence', async () => {
  const other = copyProject()
  writeFileSync(join(other, 'wrangler.toml'), 'name = \n')
  for (const args of [
    ['deploy', '--dry-run'],
    ['init', ...HOST],
  ]) {
    const { code, stderr } = await cumulus(args, other)
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('wrangler.toml'),
    })
    expect(stderr).not.toContain('    at ')
  }
})

test('the password of the host here goes to that host only', async () => {
  const authorizations: (string | undefined)[] = []
  const origin = await serve((request, response) => {
    authorizations.push(request.headers.authorization)
    response.writeHead(302, { location: 'https://example.com/' }).end()
  })
  const run = (host: string) => cumulus(['account', 'queue', '--host', host])
  // Whoever is on the way could answer.
  for (const host of ['http://pds.example.com', 'https://pds.example.com:8443']) {
    expect(await run(host)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is not the host of this folder'),
    })
  }
  expect(await run('https://other.example.org')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is not the host of this folder'),
  })
  expect(await run('https://other.example.org/x')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is no URL of a server'),
  })
  // Of this machine, but no host has run in this folder.
  expect(await run(origin)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('No server has run here'),
  })
  expect(authorizations).toEqual([])
})
