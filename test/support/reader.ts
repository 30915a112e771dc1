/** Somebody who reads a page of the documentation and types what it says, in its order. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { commandsOf, filesOf, type PageCommand, writePageFile } from './page-commands.ts'
import { PROJECT } from './project.ts'

export interface Typed {
  status: number
  stdout: string
  stderr: string
}

/** For one that goes on until it is stopped. */
export interface Ending {
  /** It is interrupted, as by Ctrl-C, once it has printed this. */
  until?: RegExp
}

/** `npx`, for what is here anyway: the program of the folder or of this project, and the stand-in for wrangler. */
const NPX = `program=$1; shift
[ "$program" = wrangler ] && exec '${process.execPath}' "$CUMULUS_WRANGLER" "$@"
[ "$program" = cumulus ] || { echo "npx $program" >&2; exit 127; }
project='${PROJECT}'
[ -f cli/cumulus.ts ] && project=$PWD
echo $$ > "$READER_PID"
exec '${process.execPath}' "$project/cli/cumulus.ts" "$@"`

/** A home folder, programs of its own before those of the machine, and one shell, which remembers what was set in it. */
export class Reader {
  readonly home = mkdtempSync(join(tmpdir(), 'cumulus-reader-'))
  private readonly bin = join(this.home, '.bin')
  private readonly env: Record<string, string>
  private shell: Shell | undefined

  /** @param env what is set in the environment, besides what every shell has */
  constructor(env: Record<string, string> = {}) {
    this.env = env
    mkdirSync(this.bin)
    this.program('npx', NPX)
    this.program('sudo', 'exec env "$@"')
  }

  /** Puts a program in the place of one of the machine. */
  program(name: string, script: string): void {
    writeFileSync(join(this.bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  }

  /** Types it and waits for its end. */
  type(text: string, ending: Ending = {}): Promise<Typed> {
    this.shell ??= this.openShell()
    return this.shell.type(text, ending)
  }

  /** The same in another shell, beside others. */
  async typeElsewhere(text: string, ending: Ending = {}): Promise<Typed> {
    const shell = this.openShell()
    const typed = await shell.type(text, ending)
    shell.close()
    return typed
  }

  close(): void {
    this.shell?.close()
  }

  private openShell(): Shell {
    const path = [this.bin, dirname(process.execPath), process.env.PATH].join(':')
    return new Shell(this.home, { PATH: path, HOME: this.home, ...this.env })
  }
}

class Shell {
  private readonly folder = mkdtempSync(join(tmpdir(), 'cumulus-typed-'))
  private readonly process: ChildProcessByStdio<Writable, Readable, null>
  private readonly statuses: AsyncIterator<string>
  private count = 0
  private isBusy = false

  constructor(cwd: string, env: Record<string, string>) {
    this.process = spawn('bash', ['--norc'], {
      cwd,
      env: { ...env, READER_PID: join(this.folder, 'pid') },
      stdio: ['pipe', 'pipe', 'inherit'],
      // A process group of its own.
      detached: true,
    })
    this.statuses = createInterface(this.process.stdout)[Symbol.asyncIterator]()
  }

  async type(text: string, { until }: Ending): Promise<Typed> {
    const path = join(this.folder, String(this.count++))
    const [out, err] = [`${path}.out`, `${path}.err`]
    for (const file of [out, err]) writeFileSync(file, '')
    writeFileSync(path, `${text}\n`)
    this.process.stdin.write(`. '${path}' </dev/null >'${out}' 2>'${err}'; echo $?\n`)
    const read = () => ({ stdout: readFileSync(out, 'utf8'), stderr: readFileSync(err, 'utf8') })
    this.isBusy = true
    const ended = this.statuses.next()
    if (until) {
      await this.interrupt(ended, () => {
        const { stdout, stderr } = read()
        return until.test(stdout + stderr)
      })
    }
    const { value, done } = await ended
    this.isBusy = false
    if (done) throw new Error(`it has ended the shell: ${text}`)
    return { status: Number(value), ...read() }
  }

  /** Whatever it runs still is ended, too. */
  close(): void {
    this.process.stdin.end()
    if (this.isBusy) process.kill(-(this.process.pid ?? 0))
  }

  /** Interrupts what `npx` runs. */
  private async interrupt(ended: Promise<unknown>, when: () => boolean): Promise<void> {
    let isOver = false
    ended.then(() => {
      isOver = true
    })
    while (!isOver && !when()) await sleep(20)
    if (!isOver) process.kill(Number(readFileSync(join(this.folder, 'pid'), 'utf8')), 'SIGINT')
  }
}

/** Of what a page has, what is to be typed here. */
export type Instead = readonly (readonly [string, string])[]

/** What is particular about a command. */
export interface Step extends Ending {
  before?: () => unknown
  instead?: () => Instead
  /** Options that answer what it would ask, or say where things are here. */
  with?: () => string
  /** It is typed again as long as this is what it says. */
  again?: RegExp
  /** The exit code that the page speaks of; 0 unless it says so. */
  status?: number
  /** In what it prints. */
  shows?: RegExp
  after?: (typed: Typed) => unknown
}

export interface Following {
  reader: () => Reader
  /** Names, folders and codes that are others here. */
  instead?: () => Instead
  /** By name: why a command is not typed here, or what is particular about it. */
  steps?: Readonly<Record<string, string | Step>>
  /** Commands do not depend on each other, and are typed in several shells at once. */
  atOnce?: boolean
  /** Where blocks that name a file are written, each before the commands below it. Then what is said twice is typed twice. */
  project?: () => string
}

/** What a reader has to know by themselves. */
const LEFT_OUT = /…|\.\.\.|<\w[^>]*>/

/** Tests that each command of a page works, in its order. Of a command that the page has not got there is nothing to be said. */
export function follow(page: string, following: Following): void {
  const { steps = {}, atOnce = false, project } = following
  const all = commandsOf(page)
  const names = new Set(all.map(({ name }) => name))
  const commands = project ? all : firstOfEach(all)
  const files = project ? filesOf(page) : []
  const change = (text: string, pairs: Instead) =>
    pairs.reduce((so, [from, to]) => so.replaceAll(from, to), text)
  /** Writes what the page has up to a line. */
  const writeFiles = (line: number, pairs: Instead) => {
    while (project && files[0] && files[0].line < line) {
      const [file] = files.splice(0, 1)
      if (file) writePageFile({ ...file, code: change(file.code, pairs) }, project())
    }
  }
  describe(page, () => {
    test('has the commands that something is said of', () => {
      expect(Object.keys(steps).filter((name) => !names.has(name))).toEqual([])
    })

    const one = atOnce ? test.concurrent : test
    for (const command of commands) {
      const step = steps[command.name] ?? {}
      if (typeof step === 'string') continue
      one(`line ${command.line}: ${command.name}`, async () => {
        await step.before?.()
        const pairs = [...(step.instead?.() ?? []), ...(following.instead?.() ?? [])]
        const text = step.with ? `${command.name} ${step.with()}` : command.text
        const typed = change(text, pairs)
        writeFiles(command.line, pairs)
        expect(typed).not.toMatch(LEFT_OUT)
        const reader = following.reader()
        const type = () => (atOnce ? reader.typeElsewhere(typed, step) : reader.type(typed, step))
        let answer = await type()
        const says = () => answer.stdout + answer.stderr
        while (step.again?.test(says())) {
          await sleep(300)
          answer = await type()
        }
        const said = says()
        expect(answer.status, `${typed}\n${said}`).toBe(step.status ?? 0)
        if (step.shows) expect(said).toMatch(step.shows)
        await step.after?.(answer)
      })
    }
  })
}

function firstOfEach(commands: readonly PageCommand[]): PageCommand[] {
  const byName = new Map<string, PageCommand>()
  for (const command of commands) {
    if (!byName.has(command.name)) byName.set(command.name, command)
  }
  return [...byName.values()]
}
