/** Where the secrets of a host are kept: in secrets.json on this machine, or at Cloudflare. */
import { existsSync, readFileSync, renameSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { writeFileSafely } from '../host/safe-file.ts'
import { runWrangler } from '../host/wrangler.ts'
import { secretsOnWorker } from '../setup/cloudflare.ts'
import { cloudflareFiles } from '../setup/cloudflare-files.ts'
import { CommandError } from '../terminal/errors.ts'

/** Where a host finds its secrets. */
export interface SecretPlace {
  /** In words, where whoever looks for a secret finds it. */
  readonly where: string
  /** The folder of the files in which they are. */
  readonly folder: string
  /** Whether a host that runs gets what is changed here by itself. */
  readonly isDeployed: boolean
  /** A value that was put away for a setting; undefined: there is none. */
  kept(setting: string): string | undefined
  /** Puts a value away so that it is not lost, before a host is given it. */
  keep(setting: string, value: string): void
  /** Gives the host a value. */
  give(setting: string, value: string): Promise<void>
  /** What took the place of a setting is its value from now on, and the other setting goes. */
  settle(setting: string, next: string, value: string): Promise<void>
  /** The same for what the host has got under the name of the setting itself. */
  settleKept(setting: string, next: string, value: string): void
}

/** The data folder of a host on this machine, which reads it when it starts. @throws CommandError */
export function localPlace(env: NodeJS.ProcessEnv): SecretPlace {
  const path = join(resolve(env.PDS_DATA_DIRECTORY ?? 'data'), 'secrets.json')
  if (!existsSync(path)) {
    throw new CommandError(
      `There is no ${path}: set PDS_DATA_DIRECTORY to the data folder of the host, or add --cloudflare.`,
    )
  }
  const file = jsonFile(path)
  return {
    ...file,
    folder: dirname(path),
    isDeployed: false,
    give: async (setting, value) => file.keep(setting, value),
    settle: async (setting, next, value) => file.settleKept(setting, next, value),
  }
}

/**
 * Cloudflare, which gives no secret back: each is kept in `cloudflare-secrets.json`, which `cumulus init` makes, or,
 * where there is none, in a file of its own.
 *
 * @param folder of these files
 */
export function cloudflarePlace(folder: string): SecretPlace {
  const { secrets: path } = cloudflareFiles(folder)
  const files = existsSync(path) ? jsonFile(path) : singleFiles(folder)
  const run = async (args: readonly string[], input: string) => {
    const { code, stderr, stdout } = await runWrangler(args, { input })
    if (code === 0) return
    const said = (stderr || stdout).trim().slice(-500)
    throw new CommandError(`\`wrangler ${args.join(' ')}\` failed: ${said}`)
  }
  return {
    ...files,
    folder,
    isDeployed: true,
    give: (setting, value) => run(['secret', 'put', setting], value),
    async settle(setting, next, value) {
      try {
        await run(['secret', 'delete', next], 'y\n')
      } catch (error) {
        // Gone already, where a run before was killed at this point.
        if ((await secretsOnWorker()).includes(next)) throw error
      }
      files.settleKept(setting, next, value)
    },
  }
}

type Files = Pick<SecretPlace, 'where' | 'kept' | 'keep' | 'settleKept'>

function jsonFile(path: string): Files {
  const read = (): Record<string, string> => {
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>
    } catch {
      throw new CommandError(`${path} is not valid JSON: restore it from a backup.`)
    }
  }
  const write = (secrets: Record<string, string>) =>
    writeFileSafely(path, `${JSON.stringify(secrets, null, 2)}\n`)
  return {
    where: path,
    kept: (setting) => read()[setting],
    keep: (setting, value) => write({ ...read(), [setting]: value }),
    settleKept(setting, next, value) {
      const { [next]: _, ...others } = read()
      write({ ...others, [setting]: value })
    },
  }
}

function singleFiles(folder: string): Files {
  const fileOf = (setting: string) => join(folder, `${setting}.secret`)
  return {
    where: folder,
    kept(setting) {
      const path = fileOf(setting)
      return existsSync(path) ? readFileSync(path, 'utf8').trim() || undefined : undefined
    },
    keep: (setting, value) => writeFileSafely(fileOf(setting), `${value}\n`),
    settleKept: (setting, next) => renameSync(fileOf(next), fileOf(setting)),
  }
}
