/** Prometheus as Debian installs it, with the rules of `deploy/prometheus/`. */
import { execFileSync, spawn } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from './server.ts'

const RULES = fileURLToPath(new URL('../../deploy/prometheus', import.meta.url))

const find = (name: string): string | undefined =>
  (process.env.PATH ?? '')
    .split(':')
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path))

export const hasPrometheus = find('prometheus') !== undefined && find('promtool') !== undefined

/** What promtool says of something; throws where that is a complaint. */
export const promtool = (args: string[], input?: string): string =>
  execFileSync('promtool', args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] })

export interface Prometheus {
  /** The result of an instant query, by the values of one label. */
  query(expression: string, label: string): Promise<Record<string, number>>
  /** Why it could not read what it was to read; empty: it could, or has not tried yet. */
  lastError(): Promise<string>
  stop(): Promise<void>
}

/** Starts one that reads from `target`, a host and port, every half second. */
export async function startPrometheus(target: string): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'cumulus-prometheus-'))
  const port = await freePort()
  copyFileSync(join(RULES, 'alerts.yml'), join(folder, 'alerts.yml'))
  const settings = readFileSync(join(RULES, 'prometheus.yml'), 'utf8')
  const faster = settings.replaceAll('30s', '500ms').replace('127.0.0.1:2583', target)
  writeFileSync(join(folder, 'prometheus.yml'), faster)
  const child = spawn(
    'prometheus',
    [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  )
  const ask = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)
    return ((await response.json()) as { data: unknown }).data
  }
  return {
    async query(expression, label) {
      const query = new URLSearchParams({ query: expression })
      const { result } = (await ask(`query?${query}`)) as {
        result: { metric: Record<string, string>; value: [number, string] }[]
      }
      const pairs = result.map(({ metric, value }) => [metric[label] ?? '', Number(value[1])])
      return Object.fromEntries(pairs)
    },
    async lastError() {
      const { activeTargets } = (await ask('targets')) as { activeTargets: { lastError: string }[] }
      return activeTargets.map(({ lastError }) => lastError).join('\n')
    },
    async stop() {
      const exited = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
