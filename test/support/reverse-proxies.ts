/** The reverse proxies of `docs/self-hosting.md`, as Debian installs them, with the configurations that stand there. */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from './server.ts'

const PAGE = readFileSync(
  fileURLToPath(new URL('../../docs/self-hosting.md', import.meta.url)),
  'utf8',
)

export interface ReverseProxy {
  port: number
  origin: string
  stop(): Promise<void>
}

interface Kind {
  path: string
  /** Writes its configuration into `folder`, and says with what arguments it is started. */
  configure(folder: string, port: number, upstream: string, tls: boolean): string[]
}

/** The first block of code in a language, with other values for some of its text. */
function example(language: string, replacements: [string | RegExp, string][]): string {
  const [, block] = new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(PAGE) ?? []
  if (!block) throw new Error(`docs/self-hosting.md has no example for ${language}`)
  return replacements.reduce((text, [from, to]) => {
    const replaced = text.replaceAll(
      typeof from === 'string' ? from : new RegExp(from, 'g'),
      () => to,
    )
    if (replaced === text) throw new Error(`the example for ${language} has no ${from}`)
    return replaced
  }, block)
}

const UPSTREAM = '127.0.0.1:2583'

const KINDS = {
  nginx: {
    path: '/usr/sbin/nginx',
    configure(folder, port, upstream) {
      const server = example('nginx', [
        [UPSTREAM, upstream],
        ['listen 443 ssl;', `listen 127.0.0.1:${port};`],
        [/ *ssl_.*\n/, ''],
      ])
      const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      const paths = folders.map((name) => `${name}_temp_path ${folder}/${name};\n`).join('')
      const file = `daemon off;\npid ${folder}/pid;\nevents {}\nhttp {\naccess_log off;\n${paths}${server}}\n`
      writeFileSync(join(folder, 'nginx.conf'), file)
      return ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')]
    },
  },
  caddy: {
    path: '/usr/bin/caddy',
    configure(folder, port, upstream, tls) {
      // Its own authority in the place of a public one.
      const forTests = `{\n  admin off\n  http_port 0\n  https_port ${port}\n  default_bind 127.0.0.1\n  local_certs\n  skip_install_trust\n`
      const file = example('caddyfile', [
        [UPSTREAM, upstream],
        [/^\{\n/, forTests],
        ...(tls
          ? []
          : ([
              ['pds.example.com, *.pds.example.com {', `http://:${port} {`],
              [/ {2}tls \{[^}]*\}\n/, ''],
              [`https_port ${port}`, 'https_port 0'],
            ] as [string | RegExp, string][])),
      ])
      writeFileSync(join(folder, 'Caddyfile'), file)
      return ['run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile']
    },
  },
} satisfies Record<string, Kind>

export type ProxyKind = keyof typeof KINDS

export const PROXY_KINDS = Object.keys(KINDS) as ProxyKind[]

export const hasReverseProxy = (kind: ProxyKind): boolean => existsSync(KINDS[kind].path)

/** Starts one in front of `upstream`, an origin; on plain HTTP unless `tls`, which takes Caddy. */
export async function startReverseProxy(
  kind: ProxyKind,
  upstream: string,
  { tls = false } = {},
): Promise<ReverseProxy> {
  const folder = mkdtempSync(join(tmpdir(), `cumulus-${kind}-`))
  // Started by root, nginx does its work as another user.
  chmodSync(folder, 0o711)
  const port = await freePort()
  const { path, configure } = KINDS[kind]
  const child = spawn(path, configure(folder, port, new URL(upstream).host, tls), {
    env: { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  await untilItListens(child, port)
  return {
    port,
    origin: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    async stop() {
      const exited = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** ms */
const LONGEST_START = 30_000

async function untilItListens(child: ChildProcess, port: number): Promise<void> {
  let printed = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    printed = (printed + chunk.toString()).slice(-4_000)
  })
  const end = Date.now() + LONGEST_START
  while (child.exitCode === null && child.signalCode === null && Date.now() < end) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () =>
        resolve(false),
      )
      socket.once('connect', () => socket.destroy())
    })
    if (isOpen) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  child.kill('SIGKILL')
  throw new Error(`the proxy did not start:\n${printed}`)
}

/** What answers under a host name at an origin; `fetch` does not let one choose the name. */
export const getAs = (
  origin: string,
  host: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    request(`${origin}${path}`, { headers: { ...headers, host } }, async (message) => {
      let text = ''
      for await (const piece of message) text += piece
      resolve({ status: message.statusCode ?? 0, text })
    })
      .on('error', reject)
      .end()
  })
