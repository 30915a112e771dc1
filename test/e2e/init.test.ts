/** `cumulus init` and `cumulus deploy`: from an empty folder to a host that the network knows. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { parse } from '@decimalturn/toml-patch'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { takeLock } from '../../cli/host/folder-lock.ts'
import { SETTINGS_LOCK } from '../../cli/host/private-data.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { copyProject, PROJECT } from '../support/project.ts'
import { freePort, startServer } from '../support/server.ts'

interface Running {
  output(): string
  /** Resolves when it has printed that. */
  printed(text: string): Promise<void>
  end(): Promise<number | null>
  ended: Promise<number | null>
}

/** Runs `cumulus` in a folder, as a person would. */
function cumulus(
  folder: string,
  args: readonly string[],
  env: Record<string, string> = {},
  project = PROJECT,
): Running {
  const child = spawn(process.execPath, [join(project, 'cli/cumulus.ts'), ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  }
  return {
    output: () => output,
    ended,
    async printed(text) {
      const isOver = ended.then(() => {
        throw new Error(`it has ended:\n${output}`)
      })
      const looks = async () => {
        while (!output.includes(text)) await new Promise((resolve) => setTimeout(resolve, 50))
      }
      await Promise.race([looks(), isOver])
    },
    end() {
      child.kill()
      return ended
    },
  }
}

async function run(
  folder: string,
  args: readonly string[],
  env: Record<string, string> = {},
  project = PROJECT,
) {
  const running = cumulus(folder, args, env, project)
  return { code: await running.ended, output: running.output() }
}

const emptyFolder = () => mkdtempSync(join(tmpdir(), 'cumulus-'))
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)
const read = (...path: string[]) => readFileSync(join(...path), 'utf8')

/** A relay that notes whom it is asked to crawl. */
async function startRelay() {
  const asked: string[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      if (request.url === '/xrpc/com.atproto.sync.requestCrawl')
        asked.push(JSON.parse(body).hostname)
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, asked, stop: () => server.close() }
}

let plc: TestPlc
let relay: Awaited<ReturnType<typeof startRelay>>
let network: Record<string, string>
beforeAll(async () => {
  plc = await startPlc()
  relay = await startRelay()
  network = {
    PDS_DID_PLC_URL: plc.url,
    PDS_CRAWLERS: relay.url,
    PDS_DISABLE_SSRF_PROTECTION: 'true',
  }
})
afterAll(async () => {
  await plc.stop()
  relay.stop()
})

const HOST = ['--yes', '--hostname', 'pds.example.com', '--first', 'alice.pds.example.com']

/** On Cloudflare handles are one level higher, where the free certificate covers them. */
const ON_CLOUDFLARE = ['--yes', '--hostname', 'pds.example.com', '--first', 'alice.example.com']

const repos = async (origin: string) => {
  const response = await fetch(`${origin}/xrpc/com.atproto.sync.listRepos`)
  return ((await response.json()) as { repos: { did: string }[] }).repos
}

const rotationKeys = async (did: string): Promise<string[]> => {
  const response = await fetch(`${plc.url}/${did}/data`)
  return ((await response.json()) as { rotationKeys: string[] }).rotationKeys
}

test('one command leads to a host with an account whose owner has the highest key, and that relays know', async () => {
  const folder = emptyFolder()
  const port = await freePort()
  const host = cumulus(folder, ['init', ...HOST, '--start'], { ...network, PDS_PORT: String(port) })
  await host.printed('Cumulus is running')
  const settings = parseEnv(read(folder, 'pds.env'))
  expect(settings).toMatchObject({
    PDS_HOSTNAME: 'pds.example.com',
    PDS_SERVICE_HANDLE_DOMAINS: '.pds.example.com',
    PDS_REGISTRATION: 'closed',
  })
  const [repo] = await repos(`http://127.0.0.1:${port}`)
  expect(host.output()).toContain(`alice.pds.example.com (${repo?.did})`)
  const keys = await rotationKeys(repo?.did ?? '')
  expect(keys).toHaveLength(2)
  expect(keys[0]).toBe(settings.PDS_RECOVERY_DID_KEY)
  expect(read(folder, 'recovery-kit.txt')).toContain(keys[0])
  await expect.poll(() => relay.asked).toContain('pds.example.com')
  for (const file of ['pds.env', 'recovery-kit.txt', 'data/secrets.json']) {
    expect(modeOf(join(folder, file))).toBe('600')
  }
  await host.end()

  // With accounts in the folder, another name would leave them behind.
  const renamed = await run(folder, [
    'init',
    '--yes',
    '--target',
    'machine',
    '--hostname',
    'x.example.com',
  ])
  expect(renamed).toMatchObject({
    code: 1,
    output: expect.stringContaining('has accounts of pds.example.com'),
  })
})

describe('init on this machine', () => {
  test('changes answers when it is run again, and neither keys nor what somebody wrote', async () => {
    const folder = emptyFolder()
    expect(await run(folder, ['init', ...HOST])).toMatchObject({ code: 0 })
    const [secrets, kit] = [read(folder, 'data/secrets.json'), read(folder, 'recovery-kit.txt')]
    writeFileSync(
      join(folder, 'pds.env'),
      `${read(folder, 'pds.env')}# mine\nPDS_SERVICE_NAME="Our place"\n`,
    )
    const again = await run(folder, ['init', '--yes', '--registration', 'invite', '--json'])
    expect(again.code).toBe(0)
    const settings = read(folder, 'pds.env')
    expect(settings).toContain('# mine\nPDS_SERVICE_NAME="Our place"')
    expect(parseEnv(settings)).toMatchObject({
      PDS_HOSTNAME: 'pds.example.com',
      PDS_REGISTRATION: 'invite',
      PDS_FIRST_HANDLE: 'alice.pds.example.com',
    })
    expect(read(folder, 'data/secrets.json')).toBe(secrets)
    expect(read(folder, 'recovery-kit.txt')).toBe(kit)
    expect(again.output).not.toContain(JSON.parse(secrets).PDS_KEY_SECRET)
  })

  test('that was ended before the kit was there goes on with the same key', async () => {
    const folder = emptyFolder()
    writeFileSync(join(folder, 'notes.txt'), 'mine')
    const taken = await run(folder, ['init', ...HOST, '--recovery-kit', 'notes.txt'])
    expect(taken).toMatchObject({
      code: 1,
      output: expect.stringContaining('notes.txt is there already'),
    })
    expect(read(folder, 'notes.txt')).toBe('mine')
    const key = read(folder, 'data/recovery-key.pending').trim()
    expect(await run(folder, ['init', ...HOST, '--recovery-kit', 'kit.txt'])).toMatchObject({
      code: 0,
    })
    expect(read(folder, 'kit.txt')).toContain(key)
    expect(() => read(folder, 'data/recovery-key.pending')).toThrow('ENOENT')
  })

  test.each([
    [[], '--target is missing'],
    [['--target', 'moon'], '--target moon: one of machine, cloudflare'],
    [['--target', 'machine'], '--hostname is missing'],
    [['--yes', '--hostname', 'https://pds.example.com'], 'only the name'],
    [['--yes', '--handles', 'example.com'], 'has a dot in front'],
    [['--yes', '--mail', 'pigeon://x'], '--mail: must be resend'],
    [['--yes', '--target', 'cloudflare'], '--hostname is missing'],
    [
      ['--yes', '--target', 'cloudflare', '--hostname', 'a.example.com', '--location', 'moon'],
      'one of auto',
    ],
  ])('%j gets a sentence that helps', async (args, message) => {
    const { code, output } = await run(emptyFolder(), ['init', ...args])
    expect(code).toBe(2)
    expect(output).toContain(message)
  })
})

describe('a host on Cloudflare, whose place a stand-in takes', () => {
  const project = copyProject()
  const state = join(project, 'state.json')
  const env = {
    CUMULUS_WRANGLER: join(PROJECT, 'test/support/wrangler-stand-in.mjs'),
    STAND_IN_LOG: join(project, 'stand-in.log'),
    STAND_IN_STATE: state,
  }
  const put = (now: object) =>
    writeFileSync(
      state,
      JSON.stringify({ signedIn: true, r2: true, buckets: [], secrets: [], ...now }),
    )
  const asked = () =>
    read(env.STAND_IN_LOG)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { args: string[]; input: string })
  const here = (...args: string[]) => run(project, args, { ...network, ...env }, project)
  const secrets = () =>
    JSON.parse(read(project, 'cloudflare-secrets.json')) as Record<string, string>

  test('init writes settings and routes into wrangler.toml, and keeps what is there', async () => {
    put({})
    const before = read(project, 'wrangler.toml')
    const { code, output } = await here(
      'init',
      '--target',
      'cloudflare',
      ...ON_CLOUDFLARE,
      '--recovery-kit',
      'kit.txt',
      '--location',
      'eu',
    )
    expect({ code, output }).toMatchObject({ code: 0 })
    const text = read(project, 'wrangler.toml')
    expect(text.startsWith(before.trimEnd())).toBe(true)
    expect(parse(text)).toMatchObject({
      vars: {
        PDS_HOSTNAME: 'pds.example.com',
        PDS_DATA_LOCATION: 'eu',
        PDS_SERVICE_HANDLE_DOMAINS: '.example.com',
      },
      routes: [
        { pattern: 'pds.example.com', custom_domain: true },
        { pattern: '*.example.com/.well-known/atproto-did', zone_name: 'example.com' },
        { pattern: '*.example.com/.well-known/did.json', zone_name: 'example.com' },
      ],
    })
    expect(modeOf(join(project, 'cloudflare-secrets.json'))).toBe('600')
    expect(read(project, 'kit.txt')).toContain(secrets().PDS_KEY_SECRET)
    expect(Object.values(secrets()).some((secret) => text.includes(secret))).toBe(false)
    expect(
      await here('init', '--yes', '--target', 'cloudflare', '--registration', 'invite'),
    ).toMatchObject({ code: 0 })
    expect(read(project, 'wrangler.toml')).toBe(text.replace('"closed"', '"invite"'))
  })

  test('one command at a time changes what is there', async () => {
    put({})
    const free = await takeLock(project, SETTINGS_LOCK, 'taken')
    const text = read(project, 'wrangler.toml')
    const init = ['init', '--yes', '--target', 'cloudflare', '--registration', 'open']
    for (const ran of await Promise.all([here(...init), here('deploy', '--yes')])) {
      expect(ran).toMatchObject({
        code: 1,
        output: expect.stringContaining('Another command is changing the settings or secrets'),
      })
    }
    expect(read(project, 'wrangler.toml')).toBe(text)
    free()
  })

  test('deploy says all that is missing, and changes nothing', async () => {
    put({ signedIn: false })
    const unsigned = await here('deploy', '--yes')
    expect(unsigned).toMatchObject({
      code: 1,
      output: expect.stringContaining('npx wrangler login'),
    })
    put({ r2: false })
    const without = await here('deploy', '--yes')
    expect(without).toMatchObject({
      code: 1,
      output: expect.stringContaining('switch it on in the dashboard'),
    })
    put({})
    const dry = await here('deploy', '--dry-run')
    expect(dry.code).toBe(0)
    expect(dry.output).toMatch(/\+ blob store +makes the bucket cumulus-blobs/)
    expect(dry.output).toContain('2. upload the Worker with its secrets: wrangler deploy')
    expect(dry.output).not.toContain('backups')
    expect(
      asked().some(({ args }) => ['deploy', 'bulk', 'create'].some((word) => args.includes(word))),
    ).toBe(false)
  })

  test('backups by the Worker itself get a recipient, a bucket and a trigger', async () => {
    put({})
    const withRecipient = (recipient: string) =>
      here('init', '--yes', '--target', 'cloudflare', '--backup-recipient', recipient)
    const secret = `AGE-SECRET-KEY-1${'Q'.repeat(58)}`
    const refused = await withRecipient(secret)
    expect(refused).toMatchObject({ code: 2, output: expect.stringContaining('age-keygen') })
    expect(refused.output).not.toContain(secret)
    const recipient = `age1${'q'.repeat(58)}`
    expect(await withRecipient(recipient)).toMatchObject({ code: 0 })
    const text = read(project, 'wrangler.toml')
    const config = parse(text) as { r2_buckets: object[] }
    expect(config).toMatchObject({
      vars: { PDS_BACKUP_RECIPIENT: recipient },
      triggers: { crons: ['17 * * * *'] },
    })
    expect(config.r2_buckets).toEqual([
      { binding: 'BLOBS', bucket_name: 'cumulus-blobs' },
      { binding: 'BACKUPS', bucket_name: 'cumulus-backups' },
    ])
    expect(await here('init', '--yes', '--target', 'cloudflare')).toMatchObject({ code: 0 })
    expect(read(project, 'wrangler.toml')).toBe(text)
    const dry = await here('deploy', '--dry-run')
    expect(dry.output).toMatch(/\+ backups +makes the bucket cumulus-backups/)
    expect(dry.output).toContain('2. make the bucket cumulus-backups')
    expect(await withRecipient('none')).toMatchObject({ code: 0 })
    const left = await here('deploy', '--dry-run')
    expect(left).toMatchObject({
      code: 1,
      output: expect.stringContaining('no PDS_BACKUP_RECIPIENT'),
    })
    expect(await withRecipient(recipient)).toMatchObject({ code: 0 })
  })

  test('deploy uploads, waits, makes the first account and asks the relays; again, it goes on', async () => {
    put({})
    relay.asked.length = 0
    const server = await startServer({
      unset: true,
      env: {
        ...network,
        ...secrets(),
        PDS_HOSTNAME: 'pds.example.com',
        PDS_SERVICE_HANDLE_DOMAINS: '.example.com',
      },
    })
    try {
      await here('init', '--yes', '--target', 'cloudflare', '--first', 'alice.example.com')
      const unreachable = await here(
        'deploy',
        '--yes',
        '--url',
        'http://127.0.0.1:9',
        '--timeout',
        '0',
      )
      expect(unreachable).toMatchObject({
        code: 1,
        output: expect.stringContaining('which goes on from here'),
      })
      const { code, output } = await here('deploy', '--yes', '--url', server.origin)
      expect({ code, output }).toMatchObject({ code: 0 })
      const [repo] = await repos(server.origin)
      expect(output).toContain(`alice.example.com (${repo?.did}), password `)
      expect(relay.asked).toContain('pds.example.com')
      const bulk = asked().filter(({ args }) => args.includes('bulk'))
      const { RECOVERY_KIT_PROVEN: _, ...uploaded } = secrets()
      expect(bulk.map(({ input }) => JSON.parse(input))).toEqual([uploaded])
      expect(JSON.stringify(asked().map(({ args }) => args))).not.toContain(
        secrets().PDS_KEY_SECRET,
      )
    } finally {
      await server.stop()
    }
  })

  test('keys on the Worker are not replaced by new ones', async () => {
    const other = copyProject()
    put({ deployed: true, secrets: ['PDS_KEY_SECRET'] })
    const { code, output } = await run(
      other,
      ['init', '--target', 'cloudflare', ...ON_CLOUDFLARE],
      env,
      other,
    )
    expect({ code, output }).toMatchObject({
      code: 1,
      output: expect.stringContaining('has keys already'),
    })
  })
})
