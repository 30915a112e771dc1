/** The host as systemd runs it, if it does. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { CommandError } from '../terminal/errors.ts'

export interface Service {
  /** As people know it. */
  readonly name: string
  stop(): void
  start(): void
}

/** @param unit name of the unit @returns undefined: systemd does not run here, or knows no such unit */
export function systemdService(unit: string): Service | undefined {
  if (!existsSync('/run/systemd/system') || systemctl('cat', unit).status !== 0) return undefined
  const order = (verb: string) => {
    const { status, stderr } = systemctl(verb, unit)
    if (status !== 0) throw new CommandError(`systemctl ${verb} ${unit}: ${stderr.trim()}`)
  }
  return { name: unit, stop: () => order('stop'), start: () => order('start') }
}

const systemctl = (...args: string[]) => spawnSync('systemctl', args, { encoding: 'utf8' })
