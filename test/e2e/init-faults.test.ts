/** What goes wrong while a host is set up: nothing is lost, nothing is left half done, and nobody goes on without a kit. */
import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseEnv } from 'node:util'
import { describe, expect, test } from 'vitest'
import { PROJECT } from '../support/project.ts'

interface Ran {
  code: number | null
  stdout: string
  stderr: string
}

interface RunOptions {
  env?: Record<string, string>
  /** ms, after which it is killed */
  killAfter?: number
}

const init = (folder: string, args: readonly string[], options?: RunOptions) =>
  cumulus(folder, ['init', ...args], options)

/** Runs `cumulus` in a folder. */
function cumulus(
  folder: string,
  args: readonly string[],
  { env = {}, killAfter }: RunOptions = {},
): Promise<Ran> {
  const child = spawn(process.execPath, [join(PROJECT, 'cli/cumulus.ts'), ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ran: Ran = { code: null, stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    ran.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    ran.stderr += chunk
  })
  if (killAfter !== undefined) void sleep(killAfter).then(() => child.kill('SIGKILL'))
  return new Promise((resolve) => child.once('close', (code) => resolve({ ...ran, code })))
}

const HOST = ['--yes', '--hostname', 'pds.example.com', '--first', 'alice.pds.example.com']
const emptyFolder = () => mkdtempSync(join(tmpdir(), 'cumulus-'))
const read = (...path: string[]) => readFileSync(join(...path), 'utf8')
const secretsIn = (folder: string, data = 'data') =>
  JSON.parse(read(folder, data, 'secrets.json')) as Record<string, string>
const settingsIn = (folder: string) => parseEnv(read(folder, 'pds.env')) as Record<string, string>

/** The kit has the keys that the host has, and its recovery key is that of the settings and nowhere else. */
function expectWhole(folder: string, kitFile = 'recovery-kit.txt'): void {
  const [kit, secrets] = [read(folder, kitFile), secretsIn(folder)]
  expect(kit).toContain(secrets.PDS_KEY_SECRET)
  expect(kit).toContain(secrets.PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX)
  expect(kit).toContain(settingsIn(folder).PDS_RECOVERY_DID_KEY)
  const [recoveryKey = ''] = /^ {2}[0-9a-f]{64}$/m.exec(kit) ?? []
  const others = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== kitFile)
    .map((entry) => join(entry.parentPath, entry.name))
  for (const file of others) {
    expect(readFileSync(file, 'utf8'), file).not.toContain(recoveryKey.trim())
    expect(statSync(file).mode & 0o077, file).toBe(0)
  }
}

/** A host whose data folder a server has run with. */
function pretendData(folder: string, data = 'data'): void {
  mkdirSync(join(folder, data, 'objects', 'DirectoryObject'), { recursive: true })
  writeFileSync(join(folder, data, 'objects', 'DirectoryObject', 'x.sqlite'), '')
}

test('killed at any moment and run again, it has the same keys and a kit that is whole', async () => {
  const runs = process.env.CUMULUS_LONG ? 80 : 2
  const whole = await timeOf(() => init(emptyFolder(), HOST))
  for (let run = 0; run < runs; run++) {
    const folder = emptyFolder()
    const kills = 1 + (run % 3)
    let before: Record<string, string> | undefined
    for (let kill = 0; kill < kills; kill++) {
      // Most happens towards the end: node has to start first.
      await init(folder, HOST, { killAfter: whole * (0.5 + Math.random() * 0.6) })
      if (!existsSync(join(folder, 'data/secrets.json'))) continue
      before ??= secretsIn(folder)
      expect(secretsIn(folder)).toEqual(before)
    }
    const last = await init(folder, HOST)
    expect(last, last.stderr).toMatchObject({ code: 0 })
    if (before) expect(secretsIn(folder)).toEqual(before)
    expectWhole(folder)
  }
}, 600_000)

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

test('of two at once, each that gets to its end has a kit of what the host has', async () => {
  const folder = emptyFolder()
  const kits = ['a.txt', 'b.txt']
  const both = await Promise.all(kits.map((kit) => init(folder, [...HOST, '--recovery-kit', kit])))
  const failed = both.filter(({ code }) => code !== 0)
  expect(failed.length).toBeLessThan(2)
  for (const { code, stderr } of failed) {
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Another command is changing the settings'),
    })
  }
  for (const kit of kits.filter((file) => existsSync(join(folder, file)))) {
    expectWhole(folder, kit)
  }
})

describe('nobody goes on without a kit of the keys that the host has', () => {
  test('ended once settings were there, it still takes the recovery key off the machine', async () => {
    const folder = emptyFolder()
    await init(folder, HOST)
    const [key = ''] = /^ {2}[0-9a-f]{64}$/m.exec(read(folder, 'recovery-kit.txt')) ?? []
    writeFileSync(join(folder, 'data/recovery-key.pending'), `${key.trim()}\n`, { mode: 0o600 })
    expect(await init(folder, HOST)).toMatchObject({ code: 0 })
    expectWhole(folder)
  })

  test.each([
    ['a folder with other keys', ['--data', 'other']],
    ['keys that were lost', []],
  ])('%s takes another kit', async (_, more) => {
    const folder = emptyFolder()
    await init(folder, HOST)
    if (more.length === 0) {
      rmSync(join(folder, 'data'), { recursive: true })
      // The owner says that they are lost, and no disk is missing.
      const settings = read(folder, 'pds.env').replace(/^PDS_KEYS_EXIST=.*\n/m, '')
      writeFileSync(join(folder, 'pds.env'), settings)
    }
    const again = await init(folder, [...HOST, ...more])
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('is there already') })
    expect(await init(folder, [...HOST, ...more, '--recovery-kit', 'second.txt'])).toMatchObject({
      code: 0,
    })
    const second = read(folder, 'second.txt')
    expect(second).toContain(secretsIn(folder, more[1]).PDS_KEY_SECRET)
    // The private half is in the first kit, and only there.
    expect(second).toContain(settingsIn(folder).PDS_RECOVERY_DID_KEY)
    expect(second).toContain('yours already')
  })

  test('with a recovery key of one’s own, there is a kit of the other keys', async () => {
    const folder = emptyFolder()
    const own = 'did:key:zQ3shXjHeiBuRCKmM36cuYnm7YEMzhGnCmCyW92sRJ9pribSF'
    writeFileSync(join(folder, 'pds.env'), `PDS_RECOVERY_DID_KEY=${own}\n`)
    expect(await init(folder, HOST)).toMatchObject({ code: 0 })
    expect(settingsIn(folder).PDS_RECOVERY_DID_KEY).toBe(own)
    expect(read(folder, 'recovery-kit.txt')).toContain(secretsIn(folder).PDS_KEY_SECRET)
  })

  test.each(['data/recovery-key.pending', 'data/kit.txt', 'pds.env', '.', '/dev/null'])(
    'a kit does not go to %s',
    async (file) => {
      const folder = emptyFolder()
      await init(folder, [...HOST, '--recovery-kit', '/nowhere/kit.txt'])
      const secrets = secretsIn(folder)
      const { code, stderr } = await init(folder, [...HOST, '--recovery-kit', file])
      expect({ code, stderr }).toMatchObject({ code: 1 })
      expect(stderr).toMatch(/own files|is there already/)
      expect(stderr).not.toContain('    at ')
      expect(existsSync(join(folder, 'pds.env'))).toBe(false)
      expect(secretsIn(folder)).toEqual(secrets)
    },
  )

  test.each(['clipboard', 'qr'])(
    '%s is not for a place where nobody can show to have it',
    async (way) => {
      const folder = emptyFolder()
      const { code, stdout, stderr } = await init(folder, [...HOST, '--recovery-kit', way])
      expect({ code, stderr }).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('needs somebody at a terminal'),
      })
      expect(stdout + stderr).not.toContain(secretsIn(folder).PDS_KEY_SECRET)
      expect(existsSync(join(folder, 'pds.env'))).toBe(false)
    },
  )

  test('what somebody wrote into the kit stays', async () => {
    const folder = emptyFolder()
    await init(folder, HOST)
    rmSync(join(folder, 'data/recovery-kit.proven'))
    writeFileSync(join(folder, 'recovery-kit.txt'), `${read(folder, 'recovery-kit.txt')}mine\n`)
    expect(await init(folder, HOST)).toMatchObject({ code: 0 })
    expect(read(folder, 'recovery-kit.txt')).toContain('mine')
  })
})

describe('the environment goes before pds.env', () => {
  test('keys that are set there are those of the kit', async () => {
    const folder = emptyFolder()
    const env = { PDS_KEY_SECRET: 'a secret that this service is started with' }
    expect(await init(folder, HOST, { env })).toMatchObject({ code: 0 })
    expect(read(folder, 'recovery-kit.txt')).toContain(env.PDS_KEY_SECRET)
    expect(read(folder, 'pds.env')).not.toContain(env.PDS_KEY_SECRET)
  })

  test('what would not take effect is refused, and what is set there is the default', async () => {
    const folder = emptyFolder()
    const env = { PDS_DATA_DIRECTORY: join(folder, 'elsewhere'), PDS_REGISTRATION: 'invite' }
    expect(await init(folder, [...HOST, '--registration', 'open'], { env })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('PDS_REGISTRATION is set in the environment'),
    })
    expect(await init(folder, HOST, { env })).toMatchObject({ code: 0 })
    expect(existsSync(join(folder, 'elsewhere/secrets.json'))).toBe(true)
    expect(existsSync(join(folder, 'data'))).toBe(false)
  })
})

describe('a data folder', () => {
  test('with accounts of a host that was tried out here does not become that of a public one', async () => {
    const folder = emptyFolder()
    pretendData(folder)
    writeFileSync(join(folder, 'data/plc.jsonl'), '')
    const { code, stderr } = await init(folder, HOST)
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('has accounts of localhost'),
    })
    expect(existsSync(join(folder, 'pds.env'))).toBe(false)
  })

  test('with accounts and without settings is that of no host until somebody names it', async () => {
    const folder = emptyFolder()
    await init(folder, HOST)
    pretendData(folder)
    rmSync(join(folder, 'pds.env'))
    const secrets = secretsIn(folder)
    expect(await init(folder, ['--yes'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('name it with --hostname'),
    })
    expect(await init(folder, [...HOST, '--recovery-kit', 'new.txt'])).toMatchObject({ code: 0 })
    expect(secretsIn(folder)).toEqual(secrets)
  })

  test('on a disk that is not mounted gets no other keys, and is not written into', async () => {
    const folder = emptyFolder()
    await init(folder, [...HOST, '--data', 'disk/data'])
    renameSync(join(folder, 'disk'), join(folder, 'unmounted'))
    mkdirSync(join(folder, 'disk'))
    for (const command of [['serve'], ['init', ...HOST, '--recovery-kit', 'other.txt']]) {
      const { code, stderr } = await cumulus(folder, command)
      expect({ code, stderr }).toMatchObject({ code: 1 })
      expect(stderr).toContain('does not have the keys of this host')
      expect(stderr).toContain('not mounted')
    }
    expect(readdirSync(join(folder, 'disk'))).toEqual([])
    expect(existsSync(join(folder, 'other.txt'))).toBe(false)
    // Another folder is a choice.
    const elsewhere = ['--data', 'other', '--recovery-kit', 'other.txt']
    expect(await init(folder, [...HOST, ...elsewhere])).toMatchObject({ code: 0 })
  })

  test('is none that has other things in it, and those stay open to whom they are', async () => {
    const folder = emptyFolder()
    const shared = join(folder, 'shared')
    mkdirSync(shared, { mode: 0o755 })
    writeFileSync(join(shared, 'photo.jpg'), '')
    for (const data of ['shared', '/', '', 'shared/photo.jpg']) {
      expect(await init(folder, [...HOST, '--data', data])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('--data'),
      })
    }
    expect(statSync(shared).mode & 0o777).toBe(0o755)
    expect(readdirSync(shared)).toEqual(['photo.jpg'])
  })

  test.each(['null', '{"PDS_KEY_SECRET": 5}'])(
    'whose secrets.json holds %j is not given new keys',
    async (text) => {
      const folder = emptyFolder()
      mkdirSync(join(folder, 'data'))
      writeFileSync(join(folder, 'data/secrets.json'), text)
      const { code, stderr } = await init(folder, HOST)
      expect({ code, stderr }).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('is damaged'),
      })
      expect(stderr).not.toContain('    at ')
      expect(read(folder, 'data/secrets.json')).toBe(text)
    },
  )
})

describe('answers', () => {
  test.each([
    [['--contact', 'a@b.c\nPDS_X=1'], 'a line break'],
    [['--mail', 'smtps://user:hidden@'], '--mail: not a URL'],
    [['--json', '--start'], '--json prints one value'],
  ])('%j get a sentence before anything is made', async (more, message) => {
    const folder = emptyFolder()
    const { code, stdout, stderr } = await init(folder, [...HOST, ...more])
    expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr).not.toContain('hidden')
    expect(readdirSync(folder)).toEqual([])
  })

  test('in capitals and with spaces are understood', async () => {
    const folder = emptyFolder()
    const { code, stdout } = await init(folder, [
      ...['--yes', '--json', '--hostname', 'PDS.Example.COM'],
      ...['--handles', '.Example.com, .example.org', '--first', 'Alice.Example.com'],
    ])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ hostname: 'pds.example.com' })
    expect(settingsIn(folder)).toMatchObject({
      PDS_SERVICE_HANDLE_DOMAINS: '.example.com,.example.org',
      PDS_FIRST_HANDLE: 'alice.example.com',
    })
  })

  test('of before are kept: a way for mails, whose password is not shown, too', async () => {
    const folder = emptyFolder()
    const url = 'smtps://user:pa$s*word@mail.example.com'
    await init(folder, [...HOST, '--mail', url])
    const again = await init(folder, ['--yes', '--registration', 'open', '--json'])
    expect(again).toMatchObject({ code: 0 })
    expect(again.stdout + again.stderr).not.toContain('s*word')
    expect(settingsIn(folder).PDS_EMAIL_SMTP_URL).toBe(url)
    await init(folder, ['--yes', '--mail', 'none'])
    expect(settingsIn(folder).PDS_EMAIL_SMTP_URL).toBeUndefined()
  })
})

describe('files that are in the way', () => {
  test('a settings file that is a link stays one', async () => {
    const [folder, etc] = [emptyFolder(), emptyFolder()]
    symlinkSync(join(etc, 'pds.env'), join(folder, 'pds.env'))
    expect(await init(folder, HOST)).toMatchObject({ code: 0 })
    expect(read(etc, 'pds.env')).toContain('PDS_HOSTNAME=pds.example.com')
  })

  test.each([
    ['a settings file that is a folder', (folder: string) => mkdirSync(join(folder, 'pds.env'))],
    [
      'secrets in a link that leads nowhere',
      (folder: string) => {
        mkdirSync(join(folder, 'data'))
        symlinkSync('/nowhere/secrets.json', join(folder, 'data/secrets.json'))
      },
    ],
  ])('%s gets a sentence', async (_, prepare) => {
    const folder = emptyFolder()
    prepare(folder)
    const { code, stderr } = await init(folder, HOST)
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^E[A-Z]+: /m),
    })
    expect(stderr).not.toContain('    at ')
    expect(existsSync(join(folder, 'recovery-kit.txt'))).toBe(false)
  })
})
