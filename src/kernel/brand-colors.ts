/** The host's colour where it stands on pages and in mails, by day and by night: words in it can be read. */
import { distinctFrom, type HexColor, TEXT_CONTRAST } from './color.ts'

const PRIMARY: HexColor = '#8338ec'

/** What words and buttons stand on: cards and, a little darker, the page itself. */
export const DAY = { card: '#ffffff', page: '#f6f6f9' } as const
export const NIGHT = { card: '#1d1d24', page: '#131318' } as const

export interface Brand {
  colors: { readonly primary: HexColor | undefined }
}

export const primaryOf = ({ colors }: Brand): HexColor => colors.primary ?? PRIMARY

/** Colours of links by day and by night. */
export function linkColors({ colors: { primary } }: Brand): { day: HexColor; night: HexColor } {
  if (!primary) return { day: '#6a1fd0', night: '#c4a1ff' }
  return {
    day: distinctFrom(DAY.page, primary, TEXT_CONTRAST),
    night: distinctFrom(NIGHT.card, primary, TEXT_CONTRAST),
  }
}
