/** All commands of the program with their options, for completion in shells. */
import type { ArgDef, ArgsDef } from 'citty'
import type { AnyCommand, LoadCommand } from '../terminal/command.ts'

/** A word that may follow, and what it is. */
export interface Word {
  word: string
  description: string
}

/** What may follow behind a command. */
export interface Place {
  /** The words up to here, without the name of the program. */
  path: string[]
  commands: Word[]
  options: Word[]
}

const resolved = async <T>(value: T | Promise<T> | (() => T | Promise<T>)): Promise<T> =>
  typeof value === 'function' ? await (value as () => T | Promise<T>)() : await value

export async function placesOf(program: AnyCommand, path: string[] = []): Promise<Place[]> {
  const below = ((await resolved(program.subCommands)) ?? {}) as Record<string, LoadCommand>
  const args = ((await resolved(program.args)) ?? {}) as ArgsDef
  const commands: Word[] = []
  const places: Place[] = []
  for (const [word, load] of Object.entries(below)) {
    const command = await load()
    const meta = await resolved(command.meta)
    commands.push({ word, description: meta?.description ?? '' })
    places.push(...(await placesOf(command, [...path, word])))
  }
  const options = Object.entries(args).flatMap(([name, arg]) =>
    arg.type === 'positional' ? [] : [optionOf(name, arg)],
  )
  const help = { word: '--help', description: 'Says what it does' }
  return [{ path, commands, options: [...options, help] }, ...places]
}

const optionOf = (name: string, { description = '' }: ArgDef): Word => ({
  word: `--${name}`,
  description,
})
