/**
 * What is in `deploy/`, as far as it can be tried without a machine of its own: each file is held against its reader, and
 * what installs without the packages for development is what the program imports.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { ts } from 'ts-morph'
import { afterAll, describe, expect, test } from 'vitest'
import { settings } from '../src/kernel/config/settings.ts'
import { PROJECT } from './support/project.ts'

const file = (path: string) => readFileSync(join(PROJECT, path), 'utf8')
const has = (program: string) =>
  (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program)))

const folder = mkdtempSync(join(tmpdir(), 'cumulus-deploy-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('packages', () => {
  const { dependencies } = JSON.parse(file('package.json')) as {
    dependencies: Record<string, string>
  }
  /**
   * Of a host on localhost, which says what is missing; and of the generator, which hosts do not run. Projects on the package
   * have all of them (`npm run package`).
   */
  const FOR_DEVELOPMENT = ['@did-plc/server', '@atproto/api', '@atproto/lex-builder', 'ts-morph']

  /** Packages that the program imports, statically or when it needs them, types aside. */
  function imported(): Map<string, string> {
    const packages = new Map<string, string>()
    const seen = new Set<string>()
    const visit = (path: string) => {
      if (seen.has(path)) return
      seen.add(path)
      const { outputText } = ts.transpileModule(readFileSync(path, 'utf8'), {
        compilerOptions: { module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
      })
      for (const { fileName } of ts.preProcessFile(outputText).importedFiles) {
        if (fileName.startsWith('.')) visit(resolve(dirname(path), fileName))
        else if (!fileName.startsWith('node:') && !builtinModules.includes(fileName)) {
          packages.set(/^(@[^/]+\/)?[^/]+/.exec(fileName)?.[0] ?? '', path)
        }
      }
    }
    visit(join(PROJECT, 'cli/cumulus.ts'))
    return packages
  }

  test('what the program imports is installed with it', () => {
    const packages = imported()
    expect(packages.size).toBeGreaterThan(10)
    const missing = [...packages].filter(
      ([name]) => !(name in dependencies) && !FOR_DEVELOPMENT.includes(name),
    )
    expect(missing).toEqual([])
  })
})

describe('Dockerfile', () => {
  const text = file('deploy/Dockerfile')
  const lines = text
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  const instructions = lines.map((line) => {
    const [, name = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? []
    return { name, rest: rest.trim() }
  })
  const last = instructions.map(({ name }) => name).lastIndexOf('FROM')
  const final = instructions.slice(last)

  test('has instructions that there are, and every path that it copies', () => {
    const known =
      /^(FROM|LABEL|ENV|WORKDIR|RUN|COPY|USER|VOLUME|EXPOSE|STOPSIGNAL|HEALTHCHECK|ENTRYPOINT|CMD)$/
    expect(lines.filter((_, index) => !known.test(instructions[index]?.name ?? ''))).toEqual([])
    for (const line of file('.dockerignore')
      .split('\n')
      .filter((one) => one.startsWith('!'))) {
      expect([line, existsSync(join(PROJECT, line.slice(1)))]).toEqual([line, true])
    }
  })

  test('its last stage runs as another user than root, says how it does, and listens for all', () => {
    const of = (name: string) => final.filter((one) => one.name === name).map(({ rest }) => rest)
    expect(of('USER')).toEqual(['node'])
    const user = final.findIndex(({ name }) => name === 'USER')
    expect(final.slice(user).filter(({ name }) => name === 'RUN' || name === 'COPY')).toEqual([])
    expect(of('HEALTHCHECK').join()).toContain('deploy/healthcheck.mjs')
    expect(of('ENV').join()).toContain('PDS_BIND=0.0.0.0')
    expect(of('STOPSIGNAL')).toEqual(['SIGTERM'])
  })

  test('nothing secret gets into it', () => {
    const ignored = file('.dockerignore').split('\n')
    expect(ignored.find((line) => !line.startsWith('#'))).toBe('*')
    expect(ignored.filter((line) => /env|data|secret|\.git\b/.test(line))).toEqual([])
  })
})

test('compose.yml sets what there is, and stops as slowly as the host may', () => {
  const text = file('deploy/compose.yml')
  for (const [name] of text.matchAll(/\bPDS_[A-Z_]+/g))
    expect(Object.keys(settings)).toContain(name)
  expect(text).toContain('stop_grace_period: 30s')
  expect(text).toContain('CUMULUS_UPSTREAM: cumulus:2583')
  // Caddy's environment.
  for (const name of ['PDS_HOSTNAME', 'CUMULUS_UPSTREAM']) {
    expect(file('deploy/Caddyfile')).toContain(`{$${name}`)
  }
})

test.runIf(has('caddy'))('Caddy takes its file, written as Caddy would', () => {
  const env = { PATH: process.env.PATH, HOME: folder, PDS_HOSTNAME: 'pds.example.com' }
  const path = join(PROJECT, 'deploy/Caddyfile')
  const validate = ['validate', '--adapter', 'caddyfile', '--config', path]
  const { status, stderr } = spawnSync('caddy', validate, { env, encoding: 'utf8' })
  expect([status, stderr]).toEqual([0, expect.anything()])
  expect(execFileSync('caddy', ['fmt', path], { env, encoding: 'utf8' })).toBe(
    file('deploy/Caddyfile'),
  )
})

describe.runIf(has('systemd-analyze'))('the unit', () => {
  const path = join(folder, 'cumulus.service')
  // The program is not installed here.
  writeFileSync(
    path,
    file('deploy/cumulus.service').replace('/opt/cumulus/node_modules/.bin/node', process.execPath),
  )

  test('systemd finds nothing wrong with it', () => {
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], {
      encoding: 'utf8',
    })
    expect([status, stderr]).toEqual([0, ''])
  })

  test('and little that it could do to the machine', () => {
    const args = ['security', '--offline=true', '--no-pager', '--threshold=20', path]
    const { status, stdout } = spawnSync('systemd-analyze', args, { encoding: 'utf8' })
    expect([status, stdout]).toEqual([0, expect.stringMatching(/exposure level for .*: [01]\.\d/)])
  })
})

describe('install.sh', () => {
  const script = join(PROJECT, 'deploy/install.sh')
  const run = (...args: string[]) => spawnSync('sh', [script, ...args], { encoding: 'utf8' })

  test('is plain shell', () => {
    expect(spawnSync('sh', ['-n', script]).status).toBe(0)
    if (!has('shellcheck')) return
    expect(spawnSync('shellcheck', [script], { encoding: 'utf8' }).stdout).toBe('')
  })

  test('says what it takes, and refuses what it does not know', () => {
    expect(run('--help')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('--hostname'),
    })
    expect(run('--hostnam', 'x').status).toBe(2)
    for (const name of ['https://pds.example.com', 'PDS.example.com', 'a b', 'x;y']) {
      expect(run('--hostname', name, '--root', folder)).toMatchObject({ status: 1 })
    }
    expect(run('--root', join(folder, 'none'))).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('--hostname is missing'),
    })
  })

  test('leaves settings alone that are there, and refuses another name for the data', () => {
    const root = join(folder, 'other')
    mkdirSync(join(root, 'etc/cumulus'), { recursive: true })
    const env = join(root, 'etc/cumulus/pds.env')
    writeFileSync(env, 'PDS_HOSTNAME=old.example.com\n')
    const { status, stderr } = run('--root', root, '--hostname', 'new.example.com')
    expect([status, stderr]).toEqual([1, expect.stringContaining('another PDS_HOSTNAME')])
    expect(readFileSync(env, 'utf8')).toBe('PDS_HOSTNAME=old.example.com\n')
    expect(existsSync(join(root, 'opt'))).toBe(false)
  })

  describe('the command "cumulus"', () => {
    const bin = join(folder, 'bin')
    const calls = join(folder, 'calls')
    const [, wrapper = ''] =
      /<<'WRAPPER'\n(.*?)\nWRAPPER\n/s.exec(readFileSync(script, 'utf8')) ?? []

    /** Runs it as root, with programs in the place of others that write down how they are called. */
    function cumulus(args: readonly string[], status = 0) {
      mkdirSync(bin, { recursive: true })
      const fake = (name: string, does: string) =>
        writeFileSync(join(bin, name), `#!/bin/sh\n${does}\n`, { mode: 0o755 })
      const note = (name: string) => `echo ${name} "$@" >> '${calls}'`
      fake('id', '[ "$1" = -u ] && echo 0 || echo root')
      fake('node', `shift\n${note('node')}\nexit ${status}`)
      fake('runuser', `shift 3\nshift 2\necho as cumulus: "$@" >> '${calls}'`)
      for (const name of ['chown', 'chmod']) fake(name, note(name))
      writeFileSync(calls, '')
      const path = join(bin, 'cumulus')
      const node = join(bin, 'node')
      writeFileSync(path, wrapper.replaceAll('/opt/cumulus/node_modules/.bin/node', node))
      const env = { PATH: `${bin}:${process.env.PATH}` }
      const ran = spawnSync('sh', [path, ...args], { env, encoding: 'utf8' })
      return { status: ran.status, calls: readFileSync(calls, 'utf8').trim().split('\n') }
    }

    test('runs as the user of the service, but for what that one may not do', () => {
      expect(cumulus(['account', 'create', 'alice.pds.example.com']).calls).toEqual([
        'as cumulus: account create alice.pds.example.com',
      ])
      // The service may neither read the journal nor change its own program.
      expect(cumulus(['logs', '--level', 'error']).calls).toEqual(['node logs --level error'])
      expect(cumulus(['upgrade']).calls).toEqual(['node upgrade'])
      expect(cumulus([]).calls).toEqual(['as cumulus:'])
    })

    test('sets up without a first account, whose password would be in the log', () => {
      const { status, calls: made } = cumulus(['init', '--registration', 'invite'])
      expect(status).toBe(0)
      expect(made[0]).toBe(
        'node init --target machine --data /var/lib/cumulus --no-start --identity none --registration invite',
      )
      expect(made).toContain('chown -R cumulus:cumulus /var/lib/cumulus')
    })

    test('gives the service its files back where that was broken off', () => {
      const { status, calls: made } = cumulus(['init'], 130)
      expect(status).toBe(130)
      expect(made).toContain('chown -R cumulus:cumulus /var/lib/cumulus')
      expect(made).toContain('chown root:cumulus /etc/cumulus/pds.env')
    })
  })
})
