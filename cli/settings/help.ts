import { settings } from '../../src/kernel/config/settings.ts'

/** The settings as a table for `--help`. */
export function settingsHelp(): string {
  const entries = Object.entries(settings)
  const width = Math.max(...entries.map(([name]) => name.length))
  return entries
    .map(
      ([name, { doc, otherwise }]) =>
        `  ${name.padEnd(width)}  ${doc}\n  ${''.padEnd(width)}  Default: ${otherwise}.`,
    )
    .join('\n')
}

/** The settings as `docs/configuration.md`. */
export function settingsPage(): string {
  const rows = Object.entries(settings).map(
    ([name, { type, doc, otherwise }]) => `| \`${name}\` | ${type} | ${doc} | ${otherwise} |`,
  )
  return [
    '# Configuration',
    '',
    '<!-- Written by `npm run docs:configuration` from src/kernel/config/settings.ts. -->',
    '',
    'Settings come from the environment (`npm start`), from `.dev.vars` (`npm run dev`), or from',
    '`[vars]` in `wrangler.toml` and `wrangler secret put` (Cloudflare). An empty value counts as not',
    'set. Names are those of the reference PDS where the meaning is the same.',
    '',
    '| setting | type | meaning | default |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
}
