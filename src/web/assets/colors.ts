/**
 * The colours that settings name, made fit for pages in light and dark: words can be read (WCAG 1.4.3) and buttons seen
 * (1.4.11) whatever colour was chosen.
 */
import { DAY, linkColors, NIGHT } from '../../kernel/brand-colors.ts'
import {
  distinctFrom,
  type HexColor,
  mix,
  readableOn,
  SHAPE_CONTRAST,
  TEXT_CONTRAST,
} from '../../kernel/color.ts'
import type { Branding } from '../../kernel/config/branding.ts'

/** A style sheet with the colours that are set; empty without any. */
export function brandColors(branding: Pick<Branding, 'colors'>): string {
  const { error, warning, info, success } = branding.colors
  const day = [...notes(DAY, { bad: error, warn: warning, info, good: success })]
  const night = [...notes(NIGHT, { bad: error, warn: warning, info, good: success })]
  const { primary } = branding.colors
  if (primary) {
    const links = linkColors(branding)
    day.push(...button(DAY, primary), ['link', links.day])
    night.push(...button(NIGHT, primary), ['link', links.night])
  }
  if (day.length === 0) return ''
  return `:root { ${declare(day)} }\n@media (prefers-color-scheme: dark) { :root { ${declare(night)} } }\n`
}

type Variable = readonly [name: string, color: HexColor]

function button({ card }: { card: HexColor }, primary: HexColor): Variable[] {
  const color = distinctFrom(card, primary, SHAPE_CONTRAST)
  return [
    ['primary', color],
    ['on-primary', readableOn(color)],
  ]
}

function* notes(
  { card }: { card: HexColor },
  colors: Readonly<Record<string, HexColor | undefined>>,
): Generator<Variable> {
  for (const [name, color] of Object.entries(colors)) {
    if (!color) continue
    const background = mix(card, color, 0.12)
    yield [name, distinctFrom(background, color, TEXT_CONTRAST)]
    yield [`${name}-page`, background]
  }
}

const declare = (variables: readonly Variable[]): string =>
  variables.map(([name, color]) => `--${name}: ${color};`).join(' ')
