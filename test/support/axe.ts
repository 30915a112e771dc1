/** Faults of pages that keep people out, as axe-core finds them. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What is serious or critical on the page that is open, by day and by night; one line for each. */
export async function findFaults(page: Page): Promise<string[]> {
  const faults: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    // Through the debugger: the policies of the pages let no such script in.
    await page.evaluate(source)
    const { violations } = (await page.evaluate('axe.run(document)')) as AxeResults
    for (const { id, impact, nodes } of violations) {
      if (impact !== 'serious' && impact !== 'critical') continue
      const where = nodes.map(
        ({ target, failureSummary }) => `${target.join(' ')}: ${failureSummary}`,
      )
      faults.push(`${colorScheme} ${id}: ${where.join('; ')}`)
    }
  }
  await page.emulateMedia({ colorScheme: 'light' })
  return faults
}
