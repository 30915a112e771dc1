/** The table of checks in `docs/troubleshooting.md`. */
import { checks } from './checks.ts'

/** What is no code must not be taken for HTML. */
const cell = (text: string): string =>
  text.replaceAll('|', '\\|').replace(/`[^`]*`|</g, (found) => (found === '<' ? '&lt;' : found))

export const checksTable = (): string =>
  [
    '| check | | what it looks at, and what it means | what helps | |',
    '| --- | --- | --- | --- | --- |',
    ...checks.map(({ id, severity, title, means, mend, canFix }) => {
      const cells = [
        `\`${id}\``,
        severity,
        `${title}. Otherwise: ${means}`,
        mend,
        canFix ? '✓' : '',
      ]
      return `| ${cells.map(cell).join(' | ')} |`
    }),
    '',
  ].join('\n')
