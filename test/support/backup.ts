/** Backups of test servers. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Ran, runCumulus } from './command.ts'
import type { TestServer } from './server.ts'

/** A place for a backup. */
export const backupFolder = (): string => join(mkdtempSync(join(tmpdir(), 'cumulus-')), 'backup')

/** What a command finds a server by. */
export const envOf = ({ origin, dataDirectory }: TestServer): Record<string, string> => ({
  PDS_PORT: new URL(origin).port,
  PDS_DATA_DIRECTORY: dataDirectory,
})

/** Runs a command that is to succeed, and gives its JSON. */
export async function runJson<T>(args: string[], env: Record<string, string>): Promise<T> {
  const { code, output } = await runCumulus([...args, '--json'], env)
  if (code !== 0) throw new Error(`cumulus ${args.join(' ')} ended with ${code}:\n${output}`)
  const line = output.split('\n').find((text) => text.startsWith('{'))
  return JSON.parse(line ?? 'null') as T
}

export const backUp = <T = Record<string, unknown>>(
  server: TestServer,
  to: string,
  ...more: string[]
): Promise<T> => runJson<T>(['backup', '--to', to, ...more], envOf(server))

/** All files below a folder, without those of runs that are under way, and what goes while it is looked at. */
export function filesIn(folder: string, below = ''): string[] {
  return readdirSync(join(folder, below))
    .filter((name) => name !== '.partial' && name !== 'running')
    .flatMap((name) => {
      const path = join(below, name)
      const stats = statSync(join(folder, path), { throwIfNoEntry: false })
      if (!stats) return []
      return stats.isDirectory() ? filesIn(folder, path) : [path]
    })
}

/** Runs a command and kills it once `when` holds; a host that it has started goes on, and is in the way of the next run. */
export async function runAndKill(
  args: string[],
  env: Record<string, string>,
  when: () => boolean,
  signal: NodeJS.Signals = 'SIGKILL',
): Promise<Ran> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, '../../cli/cumulus.ts'), ...args],
    {
      env: { PATH: process.env.PATH, CUMULUS_ENV_FILE: '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  }
  let isOver = false
  const ended = new Promise<Ran>((resolve) =>
    child.once('close', (code) => {
      isOver = true
      resolve({ code, output })
    }),
  )
  while (!isOver && !when()) await new Promise((resolve) => setTimeout(resolve, 2))
  if (!isOver) child.kill(signal)
  return ended
}

/** 0 where there is no such folder. */
export function countFiles(folder: string): number {
  try {
    return filesIn(folder).length
  } catch {
    return 0
  }
}
