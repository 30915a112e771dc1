/** Numbers as people read them. */

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB'] as const

/** 1234567 as `1.2 MB`: in the units in which limits are typed (`readQuantity`). */
export function bytesInWords(bytes: number): string {
  let unit = 0
  let value = bytes
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  const shown = unit === 0 || value >= 100 ? Math.round(value) : Math.round(value * 10) / 10
  return `${shown} ${shown === 1 && unit === 0 ? 'byte' : UNITS[unit]}`
}

/** 1234567 as `1,234,567`. */
export const inThousands = (value: number): string => value.toLocaleString('en')

/** `1 mail`, `2 mails`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${inThousands(count)} ${count === 1 ? one : many}`
