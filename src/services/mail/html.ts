/** Mails as simple HTML, without anything that is loaded from elsewhere. */

export const document = (...parts: readonly string[]): string =>
  ['<!doctype html><meta charset="utf-8">', ...parts, ''].join('\n')

export const paragraph = (text: string): string => `<p>${escapeHtml(text)}</p>`

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '')
