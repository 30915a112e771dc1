import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { command, group } from '../terminal/command.ts'
import { completionScript } from './scripts.ts'
import { placesOf } from './tree.ts'

const leaf = (name: string, description: string) =>
  command({
    name,
    description,
    args: {
      account: { type: 'positional', description: 'Whose' },
      reason: { type: 'string', description: "Why, in somebody's words: all of them" },
    },
    run: () => undefined,
  })

const program = group('cumulus', 'All', {
  account: async () =>
    group('account', "Somebody's accounts", {
      show: async () => leaf('show', 'Shows it.'),
      takedown: async () => leaf('takedown', 'Takes it down.'),
    }),
  serve: async () => leaf('serve', 'Serves.'),
})

test('bash completes commands and options where they belong', async () => {
  const script = join(mkdtempSync(join(tmpdir(), 'completion-')), 'cumulus.bash')
  writeFileSync(script, completionScript('bash', await placesOf(program)))
  const run = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cumulus; echo "\${COMPREPLY[@]}"`
  const complete = (...words: string[]) =>
    execFileSync('bash', ['-c', run, 'bash', script, 'cumulus', ...words])
      .toString()
      .trim()
  expect(complete('')).toBe('account serve --help')
  expect(complete('account', 'sh')).toBe('show')
  expect(complete('account', 'takedown', 'show', '--')).toBe('--reason --help')
})

test('zsh and fish show what each is, whatever stands in it', async () => {
  const places = await placesOf(program)
  const zsh = completionScript('zsh', places)
  expect(zsh).toContain(`'account:Somebody'\\''s accounts'`)
  expect(zsh).toContain("'cumulus account takedown') choices=(")
  const fish = completionScript('fish', places)
  expect(fish).toContain(
    `complete -c cumulus -n 'test (__cumulus_at) = "account show"' -l 'reason' -d 'Why, in somebody'\\''s words: all of them'`,
  )
})
