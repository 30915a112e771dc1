/** The reverse proxies that people run in front of a server, as Debian installs them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './server.ts'

export interface ReverseProxy {
  origin: string
  stop(): Promise<void>
}

interface Kind {
  path: string
  /** Writes its configuration into `folder`, and says with what arguments it is started. */
  configure(folder: string, port: number, upstream: string): string[]
}

const KINDS = {
  nginx: {
    path: '/usr/sbin/nginx',
    configure: (folder, port, upstream) => {
      const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map((name) => `${name}_temp_path ${folder}/${name};`)
        .join('\n  ')
      const file = `daemon off;
pid ${folder}/pid;
error_log ${folder}/error.log;
events {}
http {
  access_log off;
  ${paths}
  server {
    listen 127.0.0.1:${port};
    client_max_body_size 600m;
    location / {
      proxy_pass ${upstream};
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $http_connection;
    }
  }
}
`
      writeFileSync(join(folder, 'nginx.conf'), file)
      return ['-p', folder, '-e', join(folder, 'error.log'), '-c', join(folder, 'nginx.conf')]
    },
  },
  caddy: {
    path: '/usr/bin/caddy',
    configure: (folder, port, upstream) => {
      const file = `{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  bind 127.0.0.1
  reverse_proxy ${upstream.replace('http://', '')}
}
`
      writeFileSync(join(folder, 'Caddyfile'), file)
      return ['run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile']
    },
  },
} satisfies Record<string, Kind>

export type ProxyKind = keyof typeof KINDS

export const PROXY_KINDS = Object.keys(KINDS) as ProxyKind[]

export const hasReverseProxy = (kind: ProxyKind): boolean => existsSync(KINDS[kind].path)

/** Starts one in front of `upstream`, an origin. */
export async function startReverseProxy(kind: ProxyKind, upstream: string): Promise<ReverseProxy> {
  const folder = mkdtempSync(join(tmpdir(), `cumulus-${kind}-`))
  // Started by root, nginx does its work as another user.
  chmodSync(folder, 0o711)
  const port = await freePort()
  const { path, configure } = KINDS[kind]
  const child = spawn(path, configure(folder, port, upstream), {
    env: { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const origin = `http://127.0.0.1:${port}`
  await untilItListens(child, origin)
  return {
    origin,
    async stop() {
      const exited = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function untilItListens(child: ChildProcess, origin: string): Promise<void> {
  let printed = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    printed = (printed + chunk.toString()).slice(-4_000)
  })
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) break
    const answer = await fetch(origin).catch(() => undefined)
    if (answer) return void (await answer.body?.cancel())
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`the proxy did not start:\n${printed}`)
}
