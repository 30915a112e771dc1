import { defineCommand } from 'citty'
import { generate } from '../generate.ts'
import { projectRoot } from '../layout.ts'
export default defineCommand({
  meta: { name: 'generate', description: 'Generate src/generated/' },
  args: { check: { type: 'boolean', description: 'Compare only' }, fresh: { type: 'boolean' } },
  async run({ args }) {
    const t = performance.now()
    const r = await generate(projectRoot, { check: args.check, fresh: args.fresh })
    for (const c of r.changes) console.log(c.change, c.path)
    console.log(r.changes.length, Math.round(performance.now() - t), 'ms')
  },
})
