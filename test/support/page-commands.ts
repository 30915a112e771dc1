/** Commands that pages of the documentation tell their readers to type. */
import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PROJECT } from './project.ts'

export interface PageCommand {
  /** In the page, from 1. */
  line: number
  /** As somebody would paste it: several lines, where it takes some. */
  text: string
  /** On one line and without its comment, by which it is spoken of. */
  name: string
}

/** Pages that people read. */
export const PAGES = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/*.md', { cwd: PROJECT })]

export interface PageFile {
  /** Of the end of its block, in the page, from 1. */
  line: number
  /** Relative to the project. */
  path: string
  code: string
}

/** Blocks that say of which file they are, in the order of the page. */
export function filesOf(page: string): PageFile[] {
  const text = readFileSync(join(PROJECT, page), 'utf8')
  return [...text.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)].map((block) => {
    const [whole, path = '', code = ''] = block
    const line = text.slice(0, block.index + whole.length).split('\n').length
    return { line, path, code }
  })
}

/** Writes them into a project. */
export function writeFilesOf(page: string, project: string): void {
  for (const file of filesOf(page)) writePageFile(file, project)
}

export function writePageFile({ path, code }: PageFile, project: string): void {
  const to = join(project, path)
  mkdirSync(dirname(to), { recursive: true })
  writeFileSync(to, code)
}

/** Those in blocks of shell, of a crontab, and of units of systemd, in the order of the page. */
export function commandsOf(page: string): PageCommand[] {
  const commands: PageCommand[] = []
  let block: string | undefined
  let pasted = ''
  readFileSync(join(PROJECT, page), 'utf8')
    .split('\n')
    .forEach((line, index) => {
      const [, fence] = /^ *```(.*)$/.exec(line) ?? []
      if (fence !== undefined) {
        if (pasted) throw new Error(`${page}:${index + 1}: the command before has no end`)
        block = block === undefined ? fence : undefined
        return
      }
      const typed = typedOf(block, line)
      if (typed === undefined || (pasted === '' && /^\s*(#|$)/.test(typed))) return
      pasted += pasted === '' ? typed.trimStart() : `\n${typed}`
      if (!isWhole(pasted)) return
      const text = pasted
      pasted = ''
      commands.push({ line: index + 2 - text.split('\n').length, text, name: nameOf(text) })
    })
  return commands
}

/** What of a line is a command. */
function typedOf(block: string | undefined, line: string): string | undefined {
  if (block === 'sh') return line
  if (block === 'cron') return line.replace(/^(\S+ +){5}/, '')
  if (block === 'ini') return /^ExecStart=(.*)$/.exec(line)?.[1]
  return undefined
}

/** Whether a shell would not wait for more, such as the end of a here-document, of which it only warns. */
function isWhole(text: string): boolean {
  if (text.endsWith('\\')) return false
  const { status, stderr } = spawnSync('bash', ['-n', '-c', text], { encoding: 'utf8' })
  return status === 0 && stderr === ''
}

const nameOf = (text: string): string =>
  text
    .replaceAll(/\s+# .*$/gm, '')
    .replaceAll(/\\\n/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
