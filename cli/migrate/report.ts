/** Tells on stderr what a move does. */
import { stripVTControlCharacters } from 'node:util'
import { escapeControls } from '../../codegen/escape-controls.ts'
import { type Progress, progress } from '../terminal/progress.ts'
import type { Reporter } from './move.ts'

export function reporter(): Reporter & { end(): void } {
  let title = ''
  let shown: Progress | undefined
  let done = 0
  let last = ''
  const end = () => {
    // A line that is written says the counts by itself.
    shown?.done(process.stderr.isTTY ? last : '')
    shown = undefined
    done = 0
  }
  return {
    end,
    step(text) {
      end()
      title = text
      process.stderr.write(`${text}\n`)
    },
    note(line) {
      end()
      process.stderr.write(`  ${escapeControls(stripVTControlCharacters(line), '\n')}\n`)
    },
    progress({ done: now, total, unit, bytes }) {
      if (now < done) end()
      shown ??= progress(title, { ...(total !== undefined && { total }), unit })
      const size = bytes === undefined ? '' : `${(bytes / 1e6).toFixed(1)} MB`
      last = [`${now} ${unit}`, size].filter(Boolean).join(', ')
      shown.advance(now - done, size)
      done = now
    },
  }
}
