/** Colours of pages and mails, and whether they can be read (WCAG 2.2, contrast ratio). */

/** `#rrggbb`, in small letters. */
export type HexColor = `#${string}`

/** What WCAG asks of text (1.4.3, level AA), and of what else must be seen (1.4.11). */
export const TEXT_CONTRAST = 4.5
export const SHAPE_CONTRAST = 3

/** `#rgb` or `#rrggbb` as `#rrggbb`; undefined: it is no such colour. */
export function parseHexColor(text: string): HexColor | undefined {
  const [, digits] = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(text) ?? []
  if (digits === undefined) return undefined
  const six = digits.length === 3 ? [...digits].map((digit) => digit + digit).join('') : digits
  return `#${six.toLowerCase()}`
}

/** Between 1, the same lightness, and 21, black on white. */
export function contrast(a: HexColor, b: HexColor): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((one, other) => one - other)
  return (light + 0.05) / (dark + 0.05)
}

/** Black or white, whichever is easier to read on a colour. */
export const readableOn = (background: HexColor): HexColor =>
  contrast('#000000', background) > contrast('#ffffff', background) ? '#000000' : '#ffffff'

/** A colour as it is, or as little lighter or darker as makes it stand out from a background. */
export function distinctFrom(background: HexColor, color: HexColor, ratio: number): HexColor {
  const towards = readableOn(background)
  for (let share = 0; share < 1; share += 0.05) {
    const mixed = mix(color, towards, share)
    if (contrast(mixed, background) >= ratio) return mixed
  }
  return towards
}

/** @param share of the other colour, 0 to 1 */
export function mix(color: HexColor, other: HexColor, share: number): HexColor {
  const others = channels(other)
  const mixed = channels(color).map((value, i) =>
    Math.round(value + ((others[i] ?? 0) - value) * share),
  )
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`
}

const channels = (color: HexColor): number[] =>
  [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16))

function luminance(color: HexColor): number {
  const [red = 0, green = 0, blue = 0] = channels(color).map((value) => {
    const share = value / 255
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
