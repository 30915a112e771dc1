import { defineCommand } from 'citty'
import { UsageError } from '../errors.ts'

export default defineCommand({
  meta: { name: 'diff', description: 'Classify lexicon changes against a git ref' },
  run() {
    throw new UsageError('diff is not written yet')
  },
})
