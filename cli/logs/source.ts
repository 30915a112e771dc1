/** Where the log of a host is: it keeps none itself, but writes to whoever has started it. */
import { spawnSync } from 'node:child_process'
import { CommandError } from '../terminal/errors.ts'

/** A program whose output is the log. */
export interface LogSource {
  program: string
  args: string[]
  /** In words. */
  what: string
}

export interface Wanted {
  follow: boolean
  /** How many of the last ones. */
  lines: number
  /** A file to which somebody has the log written. */
  file: string | undefined
  /** Names of the systemd unit and of the container. */
  unit: string
  container: string
}

/** Whether a program is there and says yes. */
function says(program: string, args: readonly string[], yes: RegExp): boolean {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8', timeout: 5_000 })
  return status === 0 && yes.test(stdout)
}

/** @throws CommandError that says how the log can be kept */
export function findLog({ follow, lines, file, unit, container }: Wanted): LogSource {
  if (file !== undefined) {
    // Also when somebody rotates it.
    const args = ['-n', String(lines), ...(follow ? ['-F'] : []), '--', file]
    return { program: 'tail', args, what: `the file ${file}` }
  }
  if (says('systemctl', ['show', '-p', 'LoadState', '--value', '--', unit], /^loaded/)) {
    const args = [
      '-u',
      unit,
      '-o',
      'cat',
      '--no-pager',
      '-n',
      String(lines),
      ...(follow ? ['-f'] : []),
    ]
    return { program: 'journalctl', args, what: `the unit ${unit} (journalctl)` }
  }
  if (says('docker', ['inspect', '--type', 'container', '-f', '{{.Id}}', container], /./)) {
    const args = ['logs', '--tail', String(lines), ...(follow ? ['--follow'] : []), container]
    return { program: 'docker', args, what: `the container ${container} (docker logs)` }
  }
  throw new CommandError(
    `No log was found: there is no systemd unit "${unit}" (--unit) and no container "${container}" (--container). ` +
      'The host writes its log to where it was started. To keep it without either: ' +
      '`npx cumulus serve 2>&1 | tee -a pds.log`, then `npx cumulus logs --file pds.log`. On Cloudflare: --cloudflare.',
  )
}
