/** Every `npx cumulus …` that the documentation shows is a command with options that there are. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ArgsDef } from 'citty'
import { expect, test } from 'vitest'
import cumulus from '../cli/commands/cumulus.ts'
import { findCommand } from '../cli/terminal/program.ts'
import { PROJECT } from './support/project.ts'

const pages = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/*.md', { cwd: PROJECT })]

/** In blocks of shell commands, and in code within the text. */
const commands = pages.flatMap((page) => {
  const text = readFileSync(join(PROJECT, page), 'utf8')
  const shown = [...text.matchAll(/(?:^|`|\s)(?:npx|sudo) cumulus((?: +[^\s`#&|]+)*)/gm)]
  return shown.map(([, words = '']) => ({ page, line: words.trim() }))
})

test('there are such commands in the documentation', () => {
  expect(commands.length).toBeGreaterThan(30)
})

test.each(commands)('$page: npx cumulus $line', async ({ line }) => {
  const words = line.split(/\s+/).filter(Boolean)
  const { command, rest } = await findCommand(cumulus, words)
  const options = rest
    .filter((word) => word.startsWith('--'))
    .map((word) => word.slice(2).split('=')[0] ?? '')
  const args = (command.args ?? {}) as ArgsDef
  const known = ['help', ...Object.keys(args)]
  expect(options.filter((option) => !known.includes(option))).toEqual([])
})
